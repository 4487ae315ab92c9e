"""Picture of the models that terms were chosen from: errors against sizes."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from symdisc.plotting._figures import COLORS, MARKERS, Display, cut, line_style, plain

# Errors below rounding are drawn here.
LEAST_ERROR = 1e-16
# Sizes of the rings (points): those of several equations may be at one place.
RINGS = (9, 12, 15, 18)
# More equations than this have their names beside the picture, so many in a column.
MOST_INSIDE, IN_COLUMN = 5, 15
LONGEST = 24


class ModelPathDisplay(Display):
    """Held-out error of models against their number of terms, equation by equation.

    The error falls steeply down to the true number of terms, and hardly beyond. A
    ring marks the model that was chosen.

    Parameters
    ----------
    path : ModelPath
        Models of every number of terms.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.
    lines_ : dict of matplotlib Line2D
        The curves, by the name of the equation.
    chosen_ : dict of (int, float)
        Number of terms and error of the model chosen, by the name of the equation.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from symdisc import LatentSINDy
    >>> from symdisc.plotting import ModelPathDisplay
    >>> t = np.linspace(0, 10, 500)
    >>> X = np.exp(-0.1 * t)[:, None] * np.column_stack([np.cos(t), -np.sin(t)])
    >>> est = LatentSINDy(autoencoder="none", degree=1).fit(X, t=t)
    >>> display = ModelPathDisplay.from_estimator(est)
    >>> [n_terms for n_terms, error in display.chosen_.values()]
    [2, 2]
    >>> plt.close(display.figure_)
    """

    def __init__(self, path):
        self.path = path

    @classmethod
    def from_estimator(cls, est, *, ax=None):
        """Draw `path_` of a fitted estimator.

        Parameters
        ----------
        est : LatentSINDy
            Fitted with ``threshold="auto"``, without an optimizer or a symmetry.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : ModelPathDisplay

        Raises
        ------
        ValueError
            If terms were not chosen by their held-out error.
        """
        check_is_fitted(est)
        if getattr(est, "path_", None) is None:
            raise ValueError(
                "est has path_=None: its terms were not chosen by held-out error. Fit "
                'LatentSINDy with threshold="auto", and without optimizer or symmetry.'
            )
        return cls(est.path_).plot(ax)

    def _draw(self, ax):
        self.lines_, self.chosen_ = {}, {}
        system = self.path.equations
        names = system.to_table().equations
        for equation, name in zip(system._own, names, strict=True):
            rows = sorted(
                (row.n_terms, max(row.error, LEAST_ERROR), row.chosen)
                for row in self.path
                if row.equation == equation
            )
            if rows:
                self._draw_equation(ax, equation, name, rows)
        self._mark_chosen(ax)
        ax.set(
            title="models by number of terms",
            yscale="log",
            xlabel="number of terms",
            ylabel="held-out error (relative)",
        )
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="y", color="0.9")
        ax.set_axisbelow(True)
        outside = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        n_columns = -(-len(names) // IN_COLUMN)
        many = len(names) > MOST_INSIDE
        ax.legend(fontsize="small", **(outside | {"ncols": n_columns} if many else {}))

    def _draw_equation(self, ax, equation, name, rows):
        n_terms, errors, chosen = map(np.array, zip(*rows, strict=True))
        style = line_style(equation, len(rows)) | {"markevery": 1}
        # Where colours come again they have other markers.
        style["marker"] = MARKERS[(equation + equation // len(COLORS)) % len(MARKERS)]
        label = plain(cut(name, LONGEST))
        (line,) = ax.plot(n_terms, errors, label=label, **style)
        self.lines_[name] = line
        for place in np.flatnonzero(chosen):
            self.chosen_[name] = int(n_terms[place]), float(errors[place])

    def _mark_chosen(self, ax):
        for index, (name, point) in enumerate(self.chosen_.items()):
            ax.plot(
                *point,
                marker="o",
                markersize=RINGS[index % len(RINGS)],
                markerfacecolor="none",
                color=self.lines_[name].get_color(),
                linestyle="none",
                label=None if index else "chosen",
            )
