"""Sparse equations whose terms are chosen from the data."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse.csgraph import connected_components

from symdisc._data.splits import row_blocks
from symdisc._numerics.triangular import triangle
from symdisc._sindy.best_subset import best_subsets, block_factors, fit_subset
from symdisc._sindy.block_bootstrap import check_basis, informative_rows, joint_rows
from symdisc._sindy.stlsq import (
    adjusted_r2,
    check_tables,
    distinct,
    r2,
    sparse_regression,
)

# The error of the model chosen, in blocks left out, may be above the least one by so
# many standard errors of the difference (but by no more than MOST_ERRORS times the
# least error, which counts where few blocks make standard errors large), plus fractions
# of the least error and of the mean square of the target; the latter not where a model
# is exact to rounding, and leaves so many times less, down to what solvers add.
STANDARD_ERRORS = 2.0
MOST_ERRORS = 1.0
FRACTION_OF_ERROR = 0.1
FRACTION_OF_TARGET = 1e-6
TIMES_EXACT, LEAST_FRACTION = 1e6, 1e-10
FOLDS = 10
# A target that all columns explain to this fraction gets at least one term.
EXPLAINED = 0.5
# Targets whose root mean square is at most this fraction of the largest are zero.
FLOOR = 1e-12


@dataclass(frozen=True)
class SparseFit:
    """Sparse equations fitted to data.

    Attributes
    ----------
    coefficients : ndarray of shape (k, n_terms)
        Coefficients, 0 for dropped terms.
    threshold : ndarray of shape (k,)
        The threshold given, or the smallest fraction of the target (in root mean
        square) of the terms kept; NaN where none is kept.
    n_free : int
        Number of values fitted: nonzero coefficients, or nonzero weights of the
        matrices of a basis.
    scores : ndarray of shape (k,)
        Fraction of the variance of each target that is explained.
    path : list of k lists of (float, ndarray), or None
        Of each target the models of every size that were compared: mean squared error
        held out, relative to the mean square of the target, and coefficients. None with
        a threshold, an optimizer, or constraints.
    """

    coefficients: np.ndarray
    threshold: np.ndarray
    n_free: int
    scores: np.ndarray
    path: list | None = None


def fit_equations(
    features,
    targets,
    *,
    threshold="auto",
    optimizer=None,
    groups=None,
    basis=None,
    penalty=None,
    rcond=None,
    least=LEAST_FRACTION,
):
    """Fit sparse equations to time derivatives.

    With ``threshold="auto"`` the terms are chosen from the data. Backward
    elimination, improved by exchanges of one term for another, gives a candidate
    for every number of terms. Blocked cross-validation chooses the smallest
    candidate whose error is above the best by no more than 2 standard errors of the
    difference (at most the best error itself), a tenth of the best error and 1e-6 of
    the mean square of the target (1e-10 where a model is exact): smaller terms are
    noise or negligible. Regressions are on integrals over time unless that makes the
    coefficients much less certain, see
    `symdisc._sindy.block_bootstrap.informative_rows`.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_terms)
        Candidate functions at the samples, in order of time within each group.
    targets : array-like of shape (n_samples, k)
        Time derivatives at the samples.
    threshold : "auto" or float, default="auto"
        Smallest fraction of the target of a term that stays, see
        `symdisc._sindy.stlsq.sparse_regression`; "auto" chooses the terms.
    optimizer : object, optional
        Regression used instead, with ``fit(features, targets)`` and ``coef_``, for
        example of scikit-learn or pysindy. A copy is fitted to columns scaled to
        root mean square 1. It must not fit an intercept: the constant is a term.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row; all rows are one trajectory without it.
    basis : None or array-like of shape (n_free, k, n_terms), default=None
        The coefficients are a combination of these matrices, whose weights are
        fitted to all targets that they connect at once (each divided by its root
        mean square) and are what is thresholded or chosen.
    penalty : None or array-like of shape (n_rows, k * n_terms), default=None
        Adds ``sum((penalty @ coefficients.ravel()) ** 2)`` to the mean over samples
        of the squared error summed over targets; the targets are then fitted and
        selected together. Multiply it by a weight for a stronger constraint.
    rcond : float, default=None
        With a number as `threshold`, see `symdisc._sindy.stlsq.sparse_regression`.
    least : float, default=1e-10
        What is negligible, as a part of the mean square, where a model is exact.

    Returns
    -------
    fit : SparseFit

    References
    ----------
    S. L. Brunton, J. L. Proctor, J. N. Kutz, "Discovering governing equations from data
    by sparse identification of nonlinear dynamical systems", PNAS 113 (2016),
    3932-3937. Integrals: H. Schaeffer, S. G. McCalla, Physical Review E 96 (2017),
    023302.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.model_selection import fit_equations
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((400, 5))
    >>> y = 3 * x[:, [1]] - 0.5 * x[:, [3]] + 0.1 * rng.standard_normal((400, 1))
    >>> fit_equations(x, y).coefficients.round(1) + 0.0
    array([[ 0. ,  3. ,  0. , -0.5,  0. ]])
    """
    features, targets = check_tables(features, targets)
    shape = (targets.shape[1], features.shape[1])
    basis, penalty = check_basis(basis, shape), _check_penalty(penalty, shape)
    _check_choice(threshold, optimizer, penalty)
    if penalty is not None and basis is not None:
        penalty = penalty @ basis.reshape(len(basis), -1).T
    blocks = row_blocks(groups, len(features))
    floor = FLOOR * np.sqrt(np.mean(targets**2, axis=0)).max(initial=0.0)

    way = threshold, optimizer, blocks, penalty, rcond, least
    path = []
    weigh = partial(_weigh, path=path, floor=floor, way=way)
    weights, coefficients = _fit_parts(weigh, features, targets, basis, penalty)
    free = basis is None and penalty is None
    return SparseFit(
        coefficients,
        _thresholds(coefficients, features, targets, threshold),
        int(np.count_nonzero(weights)),
        r2(features, targets, coefficients),
        path if free and threshold == "auto" and optimizer is None else None,
    )


def _weigh(design, target, path, floor, way):
    """Weights of one regression; adds what they were chosen from to the path."""
    threshold, optimizer, blocks, penalty, rcond, least = way
    size = np.sqrt(np.mean(np.sum(target**2, axis=1)))
    if optimizer is None and size <= floor:
        path.append([(0.0, np.zeros(design.shape[2]))])
        return np.zeros(design.shape[2])
    if optimizer is not None or not isinstance(threshold, str):
        return _given_way(design, target, threshold, optimizer, penalty, rcond)
    weights, models = _chosen(design, target, blocks, penalty, least)
    path.append(models)
    return weights


def _fit_parts(weigh, features, targets, basis, penalty):
    """Weights and coefficients, the targets apart where nothing connects them."""
    if basis is None and penalty is None:
        columns = features[:, None, :]
        weights = np.array([weigh(columns, y[:, None]) for y in targets.T])
        return weights, weights
    if basis is None:
        n_targets = targets.shape[1]
        # Not scaled, so that the objective is the documented one.
        weights = weigh(_separate_columns(features, n_targets), targets)
        return weights, weights.reshape(n_targets, -1)
    weights = np.zeros(len(basis))
    for used, rows in _connected(basis, penalty):
        parts = features, targets[:, rows], basis[used][:, rows]
        weights[used] = weigh(*_scaled_rows(*parts, penalty))
    return weights, np.tensordot(weights, basis, axes=1)


def _separate_columns(features, n_targets):
    n_samples, n_terms = features.shape
    columns = np.einsum("nt,kl->nklt", features, np.eye(n_targets))
    return columns.reshape(n_samples, n_targets, n_targets * n_terms)


def _connected(basis, penalty):
    """Matrices of a basis and targets that have to be fitted together, as masks.

    If targets are fitted together, the errors of all decide about weak terms of one.
    """
    touched = (basis != 0).any(axis=2)
    if penalty is not None:
        touched[:] = True
    n_parts, labels = connected_components(touched.T @ touched)
    for part in range(n_parts):
        used = touched[:, labels == part].any(axis=1)
        if used.any():
            yield used, labels == part


def _scaled_rows(features, targets, basis, penalty):
    if penalty is None:
        return joint_rows(features, targets, basis)
    return np.einsum("nt,fkt->nkf", features, basis), targets


def _given_way(design, target, threshold, optimizer, penalty, rcond):
    """Weights by a threshold, or by the optimizer of the user."""
    n_targets, n_columns = design.shape[1:]
    flat = design.reshape(-1, n_columns)
    if optimizer is not None:
        return _optimize(optimizer, flat, target.reshape(-1, 1))
    # Its error is a mean over rows and targets, ours a mean over rows.
    padding = None if penalty is None else penalty / np.sqrt(n_targets)
    options = {"threshold": threshold, "penalty": padding, "rcond": rcond}
    return sparse_regression(flat, target.reshape(-1, 1), **options)[0]


def _chosen(design, target, blocks, penalty, least):
    """Weights of the smallest subset that predicts well, and those of all sizes."""
    flat = design.reshape(-1, design.shape[2])
    sizes, weights = np.sqrt(np.mean(flat**2, axis=0)), np.zeros(design.shape[2])
    size = np.sqrt(np.mean(np.sum(target**2, axis=1)))
    used = sizes > 0
    if penalty is None:
        used &= distinct(flat / np.where(used, sizes, 1.0))
    used = np.flatnonzero(used)
    if not len(used):
        return weights, [(1.0, weights)]
    scales = sizes[used] / size
    padding = np.zeros((0, len(used))) if penalty is None else penalty[:, used]
    found, models = _choose(
        design[..., used] / sizes[used],
        target / size,
        blocks,
        padding / scales / size,
        least,
    )
    weights[used] = found / scales
    return weights, [(e, _placed(w / scales, used, len(sizes))) for e, w in models]


def _placed(values, places, length):
    placed = np.zeros(length)
    placed[places] = values
    return placed


def _choose(design, target, blocks, penalty, least):
    """Weights of the smallest subset that predicts well, for unit columns."""
    design, target = informative_rows(design, target, blocks)
    factors = block_factors(design, target, blocks)
    prior = np.pad(penalty, ((0, 0), (0, 1)))
    whole = triangle(*factors, prior)
    subsets = best_subsets(whole)
    losses = _losses(factors, prior, subsets)
    least = max(TIMES_EXACT * losses.sum(axis=1).min(), least)
    floor = min(FRACTION_OF_TARGET, least)
    chosen = smallest_adequate(losses, floor)
    if chosen == 0 and _explains(factors, subsets[-1], len(design)):
        chosen = 1 + smallest_adequate(losses[1:], floor)
    n_columns, subset = design.shape[2], subsets[chosen]
    models = [
        (float(loss.sum()), _placed(fit_subset(whole, each), each, n_columns))
        for loss, each in zip(losses, subsets, strict=True)
    ]
    if not subset:
        return np.zeros(n_columns), models
    rows = np.concatenate(
        [design.reshape(-1, n_columns), np.sqrt(len(design)) * penalty]
    )
    right = np.pad(target.ravel(), (0, len(penalty)))
    weights = np.linalg.lstsq(rows[:, subset], right, rcond=None)[0]
    return _placed(weights, subset, n_columns), models


def _explains(factors, subset, n_samples):
    """Whether all columns together explain a target, by adjusted R2."""
    factor = triangle(*factors)
    misfit = factor[:, [*subset, -1]] @ np.append(fit_subset(factor, subset), -1.0)
    score = 1 - misfit @ misfit / max(np.sum(factor[:, -1] ** 2), 1e-300)
    return adjusted_r2(score, n_samples, len(subset), otherwise=0.0) > EXPLAINED


def _losses(factors, prior, subsets):
    """Squared errors in each left-out block, (n_subsets, n_blocks)."""
    folds = np.arange(len(factors)) % FOLDS
    losses = np.empty((len(subsets), len(factors)))
    for fold in np.unique(folds):
        held = np.flatnonzero(folds == fold)
        others = [factors[i] for i in np.flatnonzero(folds != fold)]
        scale = np.sqrt(len(factors) / (len(factors) - len(held)))
        seen = triangle(scale * triangle(*others), prior)
        for row, subset in zip(losses, subsets, strict=True):
            weights = np.append(fit_subset(seen, subset), -1.0)
            for block in held:
                misfit = factors[block][:, [*subset, -1]] @ weights
                row[block] = misfit @ misfit
    return losses


def smallest_adequate(losses, floor=0.0, fraction=FRACTION_OF_ERROR):
    """Return which of several models is the first that predicts well enough.

    Parameters
    ----------
    losses : ndarray of shape (n_models, n_blocks)
        Errors in each block left out; of all blocks they add up to those of a target
        of mean square 1.
    floor : float, default=0.0
        What is negligible beside that.
    fraction : float, default=0.1
        And beside the least error.

    Returns
    -------
    int
    """
    means = losses.mean(axis=1)
    best = means.argmin()
    errors = (losses - losses[best]).std(axis=1, ddof=1) / np.sqrt(losses.shape[1])
    # The targets have mean square 1, and the blocks add up to it.
    chance = np.minimum(STANDARD_ERRORS * errors, MOST_ERRORS * means[best])
    margin = chance + fraction * means[best] + floor / losses.shape[1]
    return int(np.argmax(means - means[best] <= margin))


def _optimize(optimizer, columns, target):
    from sklearn.base import clone

    sizes = np.sqrt(np.mean(columns**2, axis=0))
    sizes[sizes == 0] = 1.0
    fitted = clone(optimizer, safe=False)
    fitted.fit(columns / sizes, target)
    intercept = np.any(getattr(fitted, "intercept_", 0.0))
    if getattr(fitted, "fit_intercept", False) or intercept:
        raise ValueError(
            f"optimizer={optimizer!r} fits an intercept, which the equations would "
            "lose; set fit_intercept=False and put the constant 1 in the library."
        )
    coefficients = np.asarray(fitted.coef_, dtype=float).ravel()
    if coefficients.shape != sizes.shape or not np.isfinite(coefficients).all():
        raise ValueError(
            f"optimizer={optimizer!r} found {coefficients.size} coefficients for "
            f"{len(sizes)} columns, or some that are not finite; give one whose coef_ "
            "holds a finite number for each column."
        )
    return coefficients / sizes


def _thresholds(coefficients, features, targets, threshold):
    if not isinstance(threshold, str):
        return np.full(len(coefficients), float(threshold))
    sizes = np.sqrt(np.mean(targets**2, axis=0))[:, None]
    fractions = np.abs(coefficients) * np.sqrt(np.mean(features**2, axis=0))
    fractions = fractions / np.where(sizes > 0, sizes, 1.0)
    smallest = np.where(coefficients != 0, fractions, np.inf).min(axis=1)
    return np.where(np.isfinite(smallest), smallest, np.nan)


def _check_penalty(penalty, shape):
    if penalty is None:
        return None
    penalty = np.asarray(penalty, dtype=float)
    if penalty.ndim != 2 or penalty.shape[1] != shape[0] * shape[1]:
        raise ValueError(
            f"penalty has shape {penalty.shape}; give rows of k * n_terms = "
            f"{shape[0] * shape[1]} numbers, one for each of coefficients.ravel()."
        )
    return penalty


def _check_choice(threshold, optimizer, penalty):
    valid = threshold == "auto" if isinstance(threshold, str) else threshold >= 0
    if not valid:
        raise ValueError(f'threshold must be "auto" or >= 0; got {threshold!r}.')
    if optimizer is not None and (threshold != "auto" or penalty is not None):
        raise ValueError(
            f"optimizer={optimizer!r} chooses the terms itself; leave threshold at "
            '"auto" and penalty at None with it.'
        )
