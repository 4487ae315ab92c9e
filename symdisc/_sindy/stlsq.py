"""Sparse regression of time derivatives on candidate functions."""

import numpy as np

from symdisc._sindy.dependence import distinct, sparsest_of_dependent


def sparse_regression(
    features,
    targets,
    *,
    threshold=0.1,
    max_iter=20,
    floor=1e-12,
    penalty=None,
    rcond=None,
):
    """Sequentially thresholded least squares with scale-free thresholds.

    A term is dropped where its fraction of the target is small,
    ``abs(coefficient) * rms(feature) < threshold * rms(target)``, and the
    others are fitted again, until nothing changes. Neither the units of the
    latent variables nor those of time change which terms remain. Where features
    depend on each other on the samples, the fewest that explain as much come first.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_terms)
        Candidate functions at the samples.
    targets : array-like of shape (n_samples, n_targets)
        Time derivatives at the samples.
    threshold : float, default=0.1
        Smallest fraction of the target, in root mean square, of a term that stays.
    max_iter : int, default=20
        Largest number of fits a target.
    floor : float, default=1e-12
        A target whose root mean square is at most this fraction of the largest is
        constant zero, and gets no terms.
    penalty : None or array-like of shape (n_rows, n_terms), default=None
        Adds ``sum((penalty @ coefficients) ** 2)`` of each target to the mean
        squared error that the fits minimise.
    rcond : float, default=None
        Singular values of the features, scaled, below this fraction of the largest are
        taken for rounding, see `numpy.linalg.lstsq`; None is for double precision.

    Returns
    -------
    coefficients : ndarray of shape (n_targets, n_terms)
        In float64, 0 for dropped terms.

    References
    ----------
    S. L. Brunton, J. L. Proctor and J. N. Kutz, "Discovering governing
    equations from data by sparse identification of nonlinear dynamical
    systems", PNAS 113 (2016), 3932-3937.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.stlsq import sparse_regression
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> features = np.hstack([np.ones_like(x), x, x**2])
    >>> sparse_regression(features, 3 * x + 0.01).round(6)
    array([[0., 3., 0.]])
    """
    features, targets = check_tables(features, targets)
    if not threshold >= 0:
        raise ValueError(f"threshold must be >= 0; got {threshold!r}.")
    if not max_iter >= 1:
        raise ValueError(f"max_iter must be >= 1; got {max_iter!r}.")
    sizes = _rms(features)
    scales = np.where(sizes > 0, sizes, 1.0)
    scaled, padding = features / scales, 0
    if penalty is not None:
        penalty = np.sqrt(len(features)) * np.asarray(penalty, dtype=float)
        scaled = np.concatenate([scaled, penalty / scales])
        padding = len(penalty)
    else:
        sizes = np.where(distinct(scaled), sizes, 0.0)
    rows = []
    largest = _rms(targets).max(initial=0.0)
    for target in targets.T:
        size = _rms(target)
        # Scaled by its size, so that the threshold is dimensionless.
        active = (sizes > 0) & (size > floor * largest)
        unit = np.pad(target / size if size > 0 else target, (0, padding))
        if penalty is None and threshold > 0:
            active = _without_dependent(scaled, unit, active, threshold)
        row = _threshold_fit(scaled, unit, active, threshold, max_iter, rcond)
        rows.append(row * size / scales)
    return np.array(rows).reshape(targets.shape[1], features.shape[1])


def _without_dependent(features, target, active, threshold):
    """Leave out columns that are needless, if some depend on others."""
    places = np.flatnonzero(active)
    if len(places) < 2:
        return active
    kept = sparsest_of_dependent(features[:, places], target, threshold)
    if kept is not None:
        active = np.zeros_like(active)
        active[places[kept]] = True
    return active


def r2(features, targets, coefficients):
    """Fraction of the variance of each target that a fit explains.

    ``1 - sum (y - y_fit)^2 / sum (y - mean(y))^2`` with sums over samples. A target
    that does not vary has the score 1 for a perfect fit and 0 for any other.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_terms)
        Candidate functions at the samples.
    targets : array-like of shape (n_samples, n_targets)
        Time derivatives at the samples.
    coefficients : array-like of shape (n_targets, n_terms)
        Coefficients of the fit.

    Returns
    -------
    scores : ndarray of shape (n_targets,)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.stlsq import r2
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> r2(x, np.hstack([3 * x, 2 * x]), [[3.0], [1.0]])
    array([1.  , 0.75])
    """
    features, targets = check_tables(features, targets)
    coefficients = np.asarray(coefficients, dtype=float)
    expected = (targets.shape[1], features.shape[1])
    if coefficients.shape != expected:
        raise ValueError(
            f"coefficients has shape {coefficients.shape}; it must be (n_targets, "
            f"n_terms) = {expected}."
        )
    residual = np.sum((targets - features @ coefficients.T) ** 2, axis=0)
    total = np.sum((targets - targets.mean(axis=0)) ** 2, axis=0)
    varies = total > 0
    return np.where(varies, 1 - residual / np.where(varies, total, 1), residual == 0)


def adjusted_r2(score, n_samples, n_terms, otherwise):
    """R2 adjusted for the number of terms fitted, which also fit noise.

    Parameters
    ----------
    score : float
        R2 on the samples of the fit.
    n_samples, n_terms : int
    otherwise : float
        What is returned where samples are no more than terms, which fit anything.

    Returns
    -------
    float

    Examples
    --------
    >>> from symdisc._sindy.stlsq import adjusted_r2
    >>> adjusted_r2(0.9, 100, 50, 0.5), adjusted_r2(1.0, 50, 50, 0.5)
    (0.8, 0.5)
    """
    if n_samples <= n_terms:
        return otherwise
    return 1 - (1 - score) * n_samples / (n_samples - n_terms)


def _threshold_fit(features, target, active, threshold, max_iter, rcond):
    """Fit of one target of unit size on columns of unit size."""
    coefficients = np.zeros(features.shape[1])
    for _ in range(max_iter):
        coefficients[:] = 0.0
        if not active.any():
            break
        solution = np.linalg.lstsq(features[:, active], target, rcond=rcond)[0]
        coefficients[active] = solution
        kept = active & (np.abs(coefficients) >= threshold)
        if np.array_equal(kept, active):
            break
        active = kept
    return np.where(active, coefficients, 0.0)


def _rms(values):
    return np.sqrt(np.mean(values**2, axis=0))


def check_tables(features, targets):
    """Check that both are finite tables in float64 with the same rows."""
    tables = []
    for name, values in [("features", features), ("targets", targets)]:
        values = np.asarray(values, dtype=float)
        if values.ndim != 2 or 0 in values.shape:
            raise ValueError(
                f"{name} has shape {values.shape}; give a non-empty 2-D array with one "
                "sample a row."
            )
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} contains NaN or infinity; drop the samples concerned."
            )
        tables.append(values)
    if len(tables[0]) != len(tables[1]):
        raise ValueError(
            f"features has {len(tables[0])} rows and targets has {len(tables[1])}; "
            "give the same samples in both."
        )
    return tables
