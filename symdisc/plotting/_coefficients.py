"""Picture of equations: their coefficients with error bars."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from symdisc._diagnostics.caveats import N_ERRORS
from symdisc.plotting._figures import COLORS, MARKERS, Display, plain, write_in


class CoefficientDisplay(Display):
    """Coefficients of equations, with error bars of two standard errors.

    There is a row for each candidate that is in an equation. Coefficients within their
    error bar of zero have hollow markers. Without known errors there are no bars.

    Parameters
    ----------
    equations : EquationSystem
        Equations.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from symdisc import CandidateLibrary, EquationSystem
    >>> from symdisc.plotting import CoefficientDisplay
    >>> library = CandidateLibrary.polynomial(2, 1)
    >>> equations = EquationSystem([[0, 0, 0.9], [0, -0.9, 0]], library)
    >>> display = CoefficientDisplay(equations).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['z0', 'z1']
    >>> plt.close(display.figure_)
    """

    def __init__(self, equations):
        self.equations = equations

    @classmethod
    def from_estimator(cls, est, *, ax=None):
        """Draw `equations_` of a fitted estimator.

        Parameters
        ----------
        est : LatentSymmetryDiscoverer or LatentSINDy
            Fitted, with time derivatives. ``LatentSINDy(n_bootstrap=50)`` has errors.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : CoefficientDisplay

        Raises
        ------
        ValueError
            If there are no equations.
        """
        check_is_fitted(est)
        if est.equations_ is None:
            raise ValueError(
                "est has equations_=None: it was fitted without time derivatives. Pass "
                "X_dot or t to fit."
            )
        return cls(est.equations_).plot(ax)

    def _draw(self, ax):
        ax.set_title("coefficients of the equations")
        table, errors = self.equations.to_table(), self.equations.errors
        terms = np.flatnonzero(self.equations.coefficients.any(axis=0))
        if not len(terms):
            write_in(ax, "All coefficients are zero:\nthe equations say no motion.")
            return
        for equation in range(len(self.equations)):
            name = plain(table.equations[equation])
            self._mark(ax, equation, self.equations._own[equation], terms, name)
        ax.axvline(0, color="0.5", linewidth=0.8)
        ax.set_yticks(range(len(terms)), [plain(table.terms[term]) for term in terms])
        ax.set_ylim(len(terms) - 0.5, -0.5)
        bars = "" if errors is None else f", bars: {N_ERRORS} standard errors"
        ax.set(xlabel=f"coefficient{bars}", ylabel="term")
        ax.grid(axis="y", color="0.9")
        ax.set_axisbelow(True)
        # Room for the legend beside the markers.
        ax.margins(x=0.25)
        ax.legend(fontsize="small")

    def _mark(self, ax, equation, variable, terms, label):
        """Draw the coefficients of one equation, each row a little below the last."""
        values = self.equations.coefficients[variable, terms]
        errors = self.equations.errors
        errors = np.zeros_like(values) if errors is None else errors[variable, terms]
        shift = (equation + 0.5) / len(self.equations) - 0.5
        rows = np.arange(len(terms)) + 0.6 * shift
        color = COLORS[equation % len(COLORS)]
        style = {"marker": MARKERS[equation % len(MARKERS)], "linestyle": "none"}
        style |= {"color": color, "capsize": 3, "markersize": 5}
        for sure in (True, False):
            shown = (values != 0) & ((np.abs(values) > N_ERRORS * errors) == sure)
            if shown.any():
                ax.errorbar(
                    values[shown],
                    rows[shown],
                    xerr=N_ERRORS * errors[shown]
                    if self.equations.errors is not None
                    else None,
                    label=label + ("" if sure else ", not sure"),
                    markerfacecolor=color if sure else "white",
                    **style,
                )
