"""Picture of a training: losses along epochs."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from symdisc.plotting._figures import Display, line_style, plain, write_in


class TrainingDisplay(Display):
    """Training curves.

    Parameters
    ----------
    history : dict of array-like of shape (n_epochs,)
        Losses by name, nan where one did not count yet.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.
    lines_ : dict of matplotlib Line2D
        The curves, by the name of the loss.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from symdisc.plotting import TrainingDisplay
    >>> display = TrainingDisplay({"reconstruction": [0.1, 0.01]}).plot()
    >>> display.ax_.get_yscale()
    'log'
    >>> plt.close(display.figure_)
    """

    def __init__(self, history):
        self.history = history

    @classmethod
    def from_estimator(cls, est, *, ax=None):
        """Draw `history_` of a fitted estimator.

        Parameters
        ----------
        est : LatentSymmetryDiscoverer or LatentSINDy
            Fitted.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : TrainingDisplay
        """
        check_is_fitted(est)
        return cls(est.history_).plot(ax)

    def _draw(self, ax):
        self.lines_ = {}
        ax.set_title("training")
        if not self.history:
            write_in(ax, "Nothing was trained:\nthe solution is in closed form.")
            return
        for index, (name, losses) in enumerate(self.history.items()):
            style = line_style(index, len(losses))
            epochs = np.arange(1, len(losses) + 1)
            (self.lines_[name],) = ax.plot(epochs, losses, label=plain(name), **style)
        ax.set(yscale="log", xlabel="epoch", ylabel="loss (dimensionless)")
        ax.legend()
