"""Picture of a training: losses along epochs."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from symdisc._figures import line_style, new_axes, plain, write_in


class TrainingDisplay:
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

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        self : TrainingDisplay
        """
        self.ax_ = ax = new_axes(ax)
        self.figure_, self.lines_ = ax.figure, {}
        ax.set_title("training")
        if not self.history:
            write_in(ax, "Nothing was trained:\nthe solution is in closed form.")
            return self
        for index, (name, losses) in enumerate(self.history.items()):
            style = line_style(index, len(losses))
            epochs = np.arange(1, len(losses) + 1)
            (self.lines_[name],) = ax.plot(epochs, losses, label=plain(name), **style)
        ax.set(yscale="log", xlabel="epoch", ylabel="loss (dimensionless)")
        ax.legend()
        return self
