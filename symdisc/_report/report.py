"""The whole result as one page of HTML."""

from html import escape

import sympy

from symdisc._data.tables import n_snapshots
from symdisc._diagnostics.caveats import find_caveats
from symdisc._diagnostics.figures_of_merit import (
    MEANINGS,
    latent_noise,
    quality_figures,
    sample_curve,
)
from symdisc._report.equations import equations_section, simulation_section
from symdisc._report.html import (
    page,
    paragraph,
    picture,
    section,
    table,
    write_atomically,
)
from symdisc._report.mathml import matrix_mathml
from symdisc.plotting._figures import pyplot
from symdisc.plotting._generators import GeneratorDisplay
from symdisc.plotting._latent import LatentDisplay
from symdisc.plotting._orbit import OrbitDisplay, check_image_shape, frame_shape
from symdisc.plotting._training import TrainingDisplay

PAPER = "https://arxiv.org/abs/2310.00105"
# A page with more names than this would be a list of names.
MAX_NAMES = 12
# More generators than this are shown as a picture alone.
MAX_MATRICES = 6

UNSEEN = (
    "Do other values of random_state give the same algebra and the same terms?",
    "Does the result hold on data that the fit did not see? This page can be made "
    "from such data.",
    "Is it there in every second snapshot, and with trajectories left out?",
    "Does a simulation follow a trajectory that was left out?",
    "Do the data cover enough of an orbit? A generator that turns what was seen by a "
    "few degrees is not tested.",
    "What do the same settings make of data without symmetry, such as those of "
    "symdisc.datasets.make_no_symmetry?",
)


class Report(str):
    """A page of HTML as text, which notebooks show in a frame."""

    __slots__ = ()

    def _repr_html_(self):
        # A frame of its own, so that its style does not reach the notebook.
        return (
            '<iframe title="Report of symdisc" width="100%" height="800" '
            f'srcdoc="{escape(self)}"></iframe>'
        )


def report(
    est,
    X,
    X_dot=None,
    *,
    t=None,
    groups=None,
    path=None,
    image_shape=None,
    title="Symmetry and equations",
):
    """Report the results of a fitted estimator on one page of HTML.

    The page has the algebra, the equations with their errors and scores, pictures,
    figures of quality, and the reasons to doubt the result that follow from these. It
    needs no network and no other file.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Snapshots, those of the fit or better others; at most 2000, evenly spaced, are
        looked at.
    X_dot : array-like, default=None
        Their time derivatives, as in ``est.fit``.
    t : array-like of shape (n_samples,) or float, default=None
        Their times, or the step between them. With them the page has simulations from
        the first snapshots of trajectories, and knows the noise of the data.
    groups : array-like of shape (n_samples,), default=None
        Trajectory that each snapshot belongs to.
    path : str or path-like, default=None
        Where to write the page. It is there whole or not at all.
    image_shape : tuple of (int, int), default=None
        Shape of snapshots that are images; by default that of the frames that `est`
        was fitted to, if it was.
    title : str, default="Symmetry and equations"
        Title of the page.

    Returns
    -------
    page : str
        The page, which notebooks show as such.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    TypeError
        If `est` is not an estimator of this package.
    ValueError
        If an argument has a bad shape or value; the message names it.

    See Also
    --------
    symdisc.plotting.discovery_report : The same as one figure.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import LatentSINDy, report
    >>> t = np.linspace(0, 10, 500)
    >>> X = np.column_stack([np.cos(t), -np.sin(t)])
    >>> est = LatentSINDy(autoencoder="none", degree=1).fit(X, t=t)
    >>> page = report(est, X, t=t, title="A circle")
    >>> page.startswith("<!DOCTYPE html>"), "Data and simulation" in page
    (True, True)
    """
    pyplot()
    rows, curve = sample_curve(est, X, X_dot)
    image_shape = frame_shape(est) if image_shape is None else image_shape
    image_shape = check_image_shape(image_shape, rows.shape[1])
    figures = quality_figures(est, X, X_dot)
    noise = latent_noise(est, X, t, groups)
    caveats = find_caveats(est, figures, len(rows), curve=curve, noise=noise)
    sections = [
        _lead(est),
        _doubts(caveats),
        _symmetry(est),
        equations_section(est),
        simulation_section(est, X, X_dot, t, groups),
        _latent_space(est, X, X_dot),
        _orbits(est, rows, image_shape),
        _training(est),
        _quality(figures),
        section("What this page cannot know", _bullets(UNSEEN)),
        _settings(est, X),
    ]
    result = Report(page(title, "\n".join(sections)))
    if path is not None:
        write_atomically(result, path)
    return result


def _bullets(texts):
    items = "\n".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>\n{items}\n</ul>"


def _lead(est):
    """Return the result in one sentence."""
    n_latent = len(est.get_feature_names_out())
    found = []
    if est.lie_algebra_ is not None:
        name = est.lie_algebra_.name
        found.append(f"the symmetry {name}" if est.lie_algebra_ else "no symmetry")
    if est.equations_ is not None:
        found.append(f"equations with {_count(est.equations_.n_terms, 'term')}")
    text = " and ".join(found) if found else "neither symmetry nor equations"
    where = _count(n_latent, "latent coordinate")
    return paragraph(f"In {where}, {type(est).__name__} found {text}.")


def _count(n, noun):
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _doubts(caveats):
    if caveats:
        listed = _bullets([caveat.text for caveat in caveats])
    else:
        listed = paragraph("None of the checks of this page found any.")
    return section("Reasons for doubt", f'<div class="doubts">{listed}</div>')


def _symmetry(est):
    algebra, title = est.lie_algebra_, "Symmetry"
    if algebra is None:
        return section(title, paragraph("No symmetry was asked for."))
    evidence = [paragraph(text) for text in _evidence(est)]
    if not algebra:
        return section(title, paragraph("No symmetry was found."), *evidence)
    name = (
        f"<p>Lie algebra <strong>{escape(algebra.name)}</strong>, "
        f"{_count(len(algebra), 'generator')}.</p>"
    )
    matrices = [matrix_mathml(f"L{i}", m) for i, m in enumerate(algebra)]
    shown = matrices if len(matrices) <= MAX_MATRICES else []
    drawn = picture(
        lambda ax: GeneratorDisplay.from_estimator(est, ax=ax),
        f"Heat maps of the generators of {algebra.name}: "
        + "; ".join(sympy.sstr(m.tolist(), full_prec=False) for m in algebra),
        "The generators. Blue is positive, hatched red negative. Scale, sign and "
        "linear combination of generators carry no meaning.",
        size=(7, 4),
    )
    return section(
        title,
        name,
        *evidence,
        f'<div class="algebra math">{"".join(shown)}</div>',
        drawn,
    )


def _evidence(est):
    """Return sentences on the symmetry, and on those that it was compared with."""
    others = (
        getattr(est, f"{name}_algebra_", None) for name in ("motion", "distribution")
    )
    algebras = [est.lie_algebra_, *(a for a in others if a is not est.lie_algebra_)]
    algebras.append(getattr(est, "finite_group_", None))
    return [
        f"{algebra.name}: {sentence}."
        for algebra in algebras
        for sentence in getattr(algebra, "evidence", ())
    ]


def _latent_space(est, X, X_dot):
    what = ["points are data"]
    what += ["lines orbits of the group"] if est.lie_algebra_ else []
    what += ["arrows velocities"] if est.equations_ is not None else []
    text = f"The latent space: {', '.join(what)}."
    drawn = picture(
        lambda ax: LatentDisplay.from_estimator(est, X, X_dot, ax=ax),
        text,
        text,
        size=(6.5, 6),
    )
    return section("Latent space", drawn, _spaces(est))


def _spaces(est):
    """Table of the latent spaces that were tried."""
    spaces = getattr(est, "spaces_", ())
    if len(spaces) < 2:
        return ""
    heads = ["Space", "x", "x_dot", "Terms", "Distortion", "Seconds", "Why"]
    return table("Spaces that were tried", heads, spaces.cells())


def _orbits(est, rows, image_shape):
    if not est.lie_algebra_:
        return ""
    x = rows[len(rows) // 2]
    size = (7, 4) if image_shape is None else (10, 2.2)
    drawn = [
        picture(
            lambda ax, i=i: OrbitDisplay.from_estimator(
                est, x, generator=i, image_shape=image_shape, ax=ax
            ),
            f"A sample, moved by generator {i} and decoded",
            f"A sample as it is, and moved by generator {i}.",
            size=size,
        )
        for i in range(len(est.lie_algebra_))[:MAX_MATRICES]
    ]
    return section("What the symmetry does to a sample", *drawn)


def _training(est):
    if not est.history_:
        return section(
            "Training",
            paragraph("Nothing was trained: the solution is in closed form."),
        )
    drawn = picture(
        lambda ax: TrainingDisplay.from_estimator(est, ax=ax),
        f"Training curves of {', '.join(est.history_)}",
        "Losses along epochs, on a logarithmic axis.",
        size=(7, 3.5),
    )
    return section("Training", drawn)


def _quality(figures):
    rows = [(MEANINGS[name], value) for name, value in figures.items()]
    return section("Quality", table("On the data given", ["Figure", "Value"], rows))


def _settings(est, X):
    shape = paragraph(
        f"{type(est).__name__} on {n_snapshots(X)} snapshots of {est.n_features_in_} "
        "features."
    )
    parts = [shape]
    if hasattr(est, "feature_names_in_"):
        names = list(map(str, est.feature_names_in_))
        more = ", ..." if len(names) > MAX_NAMES else ""
        parts.append(paragraph(f"Features: {', '.join(names[:MAX_NAMES])}{more}"))
    rows = [(name, repr(value)) for name, value in est.get_params(deep=False).items()]
    parts.append(table("Settings", ["Parameter", "Value"], rows))
    parts.append(
        f'<p>The method is that of <a href="{PAPER}">Yang et al. (2023)</a>.</p>'
    )
    return section("Data and settings", *parts)
