"""One figure with all results of a fitted estimator."""

from textwrap import fill

from symdisc._diagnostics.caveats import find_caveats
from symdisc._diagnostics.figures_of_merit import (
    MEANINGS,
    quality_figures,
    sample_curve,
)
from symdisc.plotting._coefficients import CoefficientDisplay
from symdisc.plotting._figures import plain, pyplot, write_in
from symdisc.plotting._generators import GeneratorDisplay
from symdisc.plotting._latent import LatentDisplay
from symdisc.plotting._orbit import OrbitDisplay
from symdisc.plotting._training import TrainingDisplay

# Equations longer than this are shown by their coefficients alone.
MAX_LINE = 48


def discovery_report(est, X, X_dot=None, *, image_shape=None):
    """Draw the algebra, latent space, equations, training and quality in one figure.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Snapshots, those of the fit or better others.
    X_dot : array-like, default=None
        Their time derivatives, as in ``est.fit``.
    image_shape : tuple of (int, int), default=None
        Shape of snapshots that are images; by default that of the frames that `est`
        was fitted to, if it was.

    Returns
    -------
    figure : matplotlib Figure
        With six panels. What the estimator does not have is said in its panel.

    See Also
    --------
    symdisc.report : The same as a page of HTML, with more words.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from symdisc import LatentSINDy
    >>> from symdisc.plotting import discovery_report
    >>> t = np.linspace(0, 10, 500)
    >>> X = np.column_stack([np.cos(t), -np.sin(t)])
    >>> est = LatentSINDy(autoencoder="none", degree=1).fit(X, t=t)
    >>> figure = discovery_report(est, X)
    >>> len(figure.axes)
    6
    >>> plt.close(figure)
    """
    plt = pyplot()
    figures = quality_figures(est, X, X_dot)
    rows, curve = sample_curve(est, X, X_dot)
    caveats = find_caveats(est, figures, len(rows), curve=curve)
    figure, axes = plt.subplot_mosaic(
        [
            ["algebra", "latent", "equations"],
            ["training", "quality", "quality"],
            ["orbit", "orbit", "orbit"],
        ],
        height_ratios=[3, 3, 2],
        figsize=(14, 12),
        layout="constrained",
    )
    _draw_algebra(est, axes["algebra"])
    LatentDisplay.from_estimator(est, X, X_dot, ax=axes["latent"])
    _draw_equations(est, axes["equations"])
    TrainingDisplay.from_estimator(est, ax=axes["training"])
    _draw_orbit(est, X, axes["orbit"], image_shape)
    _write_quality(axes["quality"], figures, caveats)
    return figure


def _draw_algebra(est, ax):
    """Draw the generators, or say that none were asked for."""
    if est.lie_algebra_ is None:
        write_in(ax, "No symmetry was asked for.")
        ax.set_title("symmetry")
    else:
        GeneratorDisplay.from_estimator(est, ax=ax)


def _draw_equations(est, ax):
    """Draw coefficients, under the equations where these are short."""
    if est.equations_ is None:
        write_in(ax, "No equations: the data came\nwithout time derivatives.")
        ax.set_title("equations")
        return
    CoefficientDisplay.from_estimator(est, ax=ax)
    text = str(est.equations_)
    if max(map(len, text.splitlines())) <= MAX_LINE:
        ax.set_title(plain(text), fontsize="small", family="monospace")


def _draw_orbit(est, X, ax, image_shape):
    """Draw the orbit of one sample, or say that nothing moves it."""
    if not est.lie_algebra_:
        write_in(ax, "No orbits: nothing is known\nthat moves a sample.")
        ax.set_title("orbit of one sample")
        return
    rows, _ = sample_curve(est, X)
    OrbitDisplay.from_estimator(
        est, rows[len(rows) // 2], image_shape=image_shape, ax=ax
    )


def _write_quality(ax, figures, caveats):
    lines = [f"{value:9.3g}  {MEANINGS[name]}" for name, value in figures.items()]
    doubts = ["Reasons for doubt:" if caveats else "No reason for doubt was found."]
    doubts += [
        fill(each.text, 54, initial_indent="- ", subsequent_indent="  ")
        for each in caveats
    ]
    ax.axis("off")
    ax.set_title("quality and doubts")
    for left, text in ((0, lines), (0.5, doubts)):
        ax.text(
            *(left, 1, plain("\n".join(text))),
            transform=ax.transAxes,
            va="top",
            family="monospace",
            fontsize=8,
        )
