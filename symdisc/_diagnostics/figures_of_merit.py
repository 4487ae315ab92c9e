"""Figures of merit of a fitted estimator."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted

from symdisc._data.out_of_core import split_columns
from symdisc._data.trajectories import check_time
from symdisc._data.validation import check_snapshots
from symdisc._diagnostics.metrics import energy_distance
from symdisc._lie.discovered import DiscoveredAlgebra
from symdisc._lie.orbits import latent_orbits, orbit_range
from symdisc._numerics.jvp import push_tangent
from symdisc._sindy.misfit import sampling_of

# Parts of the range of an orbit at which moved data are compared. None is a simple
# fraction, so that a symmetry of quarter turns alone is not taken for more.
PARTS = (0.13, 0.29, 0.41, 0.62)
# A latent coordinate that is below this part of the largest is empty.
EMPTY = 1e-6

MEANINGS = {
    "reconstruction_error": "variance that the latent space loses",
    "pod_error": "variance that as many POD modes lose",
    "n_components": "latent coordinates",
    "rank": "latent coordinates that carry information",
    "n_generators": "generators of the symmetry",
    "agreement": "agreement of generators found independently",
    "n_refuted": "generators that the data refute",
    "n_undecided": "generators that the data do not decide",
    "defect": "largest defect of a generator",
    "defect_upper": "upper limit of all defects, 95 %",
    "worst_restart": "agreement of the worst adversary with the result",
    "bracket_residual": "part of the brackets that is not in the algebra",
    "energy_distance": "energy distance of moved latents from latents",
    "equivariance_error": "part of the motion that the symmetry breaks",
    "equation_score": "R2 of the latent rates",
    "training_score": "R2 of the latent rates of the training data",
    "dense_score": "R2 of the latter with all candidates",
    "held_out_rate_error": "part of the rates not explained on other rows",
    "n_terms": "terms of the equations",
    "n_candidates": "candidates of the equations",
    "independence": "how far terms of an equation are from dependent on the data",
}


def quality_figures(est, X, X_dot=None):
    """Measure a fitted estimator on data.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Snapshots, those of the fit or better others; at most 2000, evenly spaced, are
        used.
    X_dot : array-like, default=None
        Their time derivatives as in `est.fit`. Without them, `equation_score` is that
        of the fit.

    Returns
    -------
    dict of float
        Those of `MEANINGS` that make sense for `est`.
    """
    X, curve = sample_curve(est, X, X_dot)
    return {
        **_space_figures(est, X, curve[0]),
        **_symmetry_figures(est),
        **_orbit_figures(est, curve),
        **_equation_figures(est, curve),
    }


def _space_figures(est, X, latent):
    n_components = latent.shape[1]
    total = np.square(X - X.mean(axis=0)).sum(dtype=float)
    decoded = est._apply(est.decoder_, latent)
    lost = float(np.square(X - decoded).sum(dtype=float) / total) if total else 0.0
    sizes = np.abs(latent).max(axis=0)
    rank = getattr(est, "rank_", int((sizes > EMPTY * sizes.max()).sum()))
    figures = {"reconstruction_error": lost, "n_components": n_components, "rank": rank}
    if n_components < min(X.shape) and total:
        modes = PCA(n_components, svd_solver="randomized", random_state=0).fit(X)
        figures["pod_error"] = max(1 - float(modes.explained_variance_ratio_.sum()), 0)
    return figures


def _symmetry_figures(est):
    algebra = est.lie_algebra_
    if algebra is None:
        return {}
    figures = {"n_generators": len(algebra)}
    if not algebra:
        return figures
    figures["bracket_residual"] = float(algebra.bracket_residual)
    if est.agreement_ is not None:
        figures["agreement"] = float(est.agreement_)
    restarts = getattr(est, "restart_agreement_", None)
    if restarts is not None:
        figures["worst_restart"] = float(min(restarts))
    if isinstance(algebra, DiscoveredAlgebra):
        figures["defect"] = float(algebra.defect.max())
        figures["defect_upper"] = float(algebra.defect_upper.max())
        figures["n_refuted"] = algebra.verdict.count("refuted")
        figures["n_undecided"] = algebra.verdict.count("undecided")
    return figures


def _orbit_figures(est, curve):
    """Compare moved states with states, and moved motions with motions."""
    algebra = est.lie_algebra_
    if not algebra:
        return {}
    figures, latent = {}, curve[0].astype(float)
    if _moves_states(est):
        moved = _moved(algebra, latent)
        # The estimate is without bias, and so may be below 0.
        distances = [energy_distance(latent, each) for each in moved]
        figures["energy_distance"] = max(0.0, *distances)
    if est.equations_ is not None and est.equations_.order == 1:
        figures["equivariance_error"] = _equivariance_error(est, latent)
    return figures


def _moves_states(est):
    """Whether the symmetry was found, and as one of the distribution of states."""
    question = getattr(est.lie_algebra_, "question", None)
    if question is None:  # of equations, whose adversaries see states
        return getattr(est, "agreement_", None) is not None
    return question not in ("motion", "labels")


def _moved(algebra, latent):
    """Yield the latents moved by some group elements of each generator."""
    for index, generator in enumerate(algebra.matrices):
        first, last = orbit_range(generator)
        theta = first + (last - first) * np.array(PARTS)
        yield from latent_orbits(algebra, latent, index, theta).swapaxes(0, 1)


def _equivariance_error(est, latent):
    """Root mean square of L F(z) - DF(z) L z, over that of F(z), the worst L."""
    gaps = []
    rates = est.equations_(latent)
    for generator in est.lie_algebra_.matrices:
        generator = generator / np.linalg.norm(generator, 2)
        (change,) = push_tangent(est.equations_, latent, latent @ generator.T)
        gaps.append(rates @ generator.T - change)
    size = np.linalg.norm(rates)
    return float(max(map(np.linalg.norm, gaps)) / size) if size else 0.0


def _equation_figures(est, curve):
    equations = est.equations_
    if equations is None:
        return {}
    figures = {
        "n_terms": equations.n_terms,
        "n_candidates": equations.coefficients.size,
    }
    if len(curve) >= equations.order:
        figures["independence"] = _independence(equations, curve)
    score = _r2(est, curve) if len(curve) > equations.order else None
    if score is not None:
        figures["equation_score"] = score
    figures["training_score"] = float(est.equation_score_)
    figures["dense_score"] = float(est.dense_score_)
    if "x_dot" in est.errors_:
        figures["held_out_rate_error"] = float(est.errors_["x_dot"])
    return figures


def _independence(equations, curve):
    """Least singular value of the terms of an equation, of unit size on the data."""
    state = np.hstack(curve[: equations.order]).astype(float)
    features = equations.library.evaluate(state)
    least = 1.0
    for row in equations.coefficients:
        terms = features[:, row != 0]
        sizes = np.linalg.norm(terms, axis=0)
        if len(sizes) and sizes.all():
            least = min(least, np.linalg.svd(terms / sizes, compute_uv=False)[-1])
    return float(least)


def _r2(est, curve):
    """R2 of the highest derivative, each coordinate in its own unit."""
    *state, rates = (c.astype(float) for c in curve)
    deviation = rates.std(axis=0)
    used = deviation > EMPTY * deviation.max()
    if not used.any():
        return None
    gap = (rates - est.equations_(np.hstack(state)))[:, used] / deviation[used]
    return 1 - float(np.square(gap).sum(axis=1).mean() / used.sum())


def sample_curve(est, X, X_dot=None, n_rows=2000):
    """Encode some rows of the data, evenly spaced.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    X_dot : array-like, default=None
        Their derivatives, as `est.fit` takes them.
    n_rows : int, default=2000
        How many rows at most.

    Returns
    -------
    X : ndarray of shape (n, n_features)
        The rows.
    curve : list of ndarray of shape (n, n_components)
        Their latents and, with `X_dot`, the derivatives of these.

    Raises
    ------
    TypeError
        If `est` is not an estimator of this package.
    """
    if not hasattr(est, "_push"):
        raise TypeError(
            f"est is a {type(est).__name__}; give a LatentSymmetryDiscoverer or a "
            "LatentSINDy, of a pipeline the last step and the data that reach it."
        )
    check_is_fitted(est)
    X = check_snapshots(est, X, reset=False)
    order = getattr(est, "order", 1)
    rates = est._check_rates(X, X_dot, order, name="X_dot")
    rows = slice(None, None, -(-len(X) // n_rows))
    X = X[rows]
    if rates is None:
        return X, [est._apply(est.encoder_, X)]
    return X, est._push(est.encoder_, X, *split_columns(rates[rows], order))


def latent_noise(est, X, t, groups=None, n_rows=2000):
    """Estimate the noise on latents from the first rows of the data.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    t : array-like of shape (n_samples,), float or None
        Their times, or the step between them.
    groups : array-like of shape (n_samples,), default=None
        Trajectory of each.
    n_rows : int, default=2000
        How many rows at most.

    Returns
    -------
    noise : ndarray of shape (n_components,) or None
        Standard deviations; None without times.
    """
    data = est._take_in(X, None, t, groups)
    X = check_snapshots(est, data.X, reset=False)
    times = check_time(data.t, data.groups, len(X))
    if times is None:
        return None
    points = est._apply(est.encoder_, X[:n_rows]).astype(float)
    groups = None if data.groups is None else np.asarray(data.groups)[:n_rows]
    return sampling_of(points, times[:n_rows], groups).noise
