"""What is said where a user interrupts a training."""

import warnings

from sklearn.exceptions import ConvergenceWarning


def warn_of_interruption(n_iter, max_iter, game, checkpoint):
    """Warn that a training ended early, and say what its result is worth.

    Parameters
    ----------
    n_iter, max_iter : int
        Iterations that were run, and that were asked for.
    game : float or None
        Share of the adversaries' game that was played; not above 0 where they had not
        joined, and None where there are none.
    checkpoint : Checkpoint or None
    """
    text = (
        f"Training was interrupted after {n_iter} of {max_iter} iterations, and what "
        "was learned until then is kept."
    )
    if game is not None and game > 0:
        text += (
            f" The adversaries had played {game:.0%} of their game: the symmetry is "
            "provisional, see agreement_."
        )
    elif game is not None:
        text += (
            " The adversaries had not joined yet, and no symmetry was looked for: "
            "lie_algebra_ is empty or None."
        )
    if checkpoint is not None and checkpoint.path.exists():
        text += f" Fit again to go on from checkpoint={str(checkpoint.path)!r}."
    warnings.warn(text, ConvergenceWarning, stacklevel=7)
