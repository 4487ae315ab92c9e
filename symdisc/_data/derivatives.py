"""Smoothed snapshots and their time derivatives along each trajectory."""

import numpy as np

from symdisc._data.local_polynomial import local_polynomial
from symdisc._data.smoothing_spline import smoothing_spline
from symdisc._data.stretches import check_curve, stretches
from symdisc._data.trajectories import differentiate


def smooth_derivatives(X, t, groups=None, *, method="central", order=1):
    """Snapshots and time derivatives along each trajectory, smoothed or not.

    Steps may differ. Neither differences nor smoothing cross the end of a trajectory or
    a gap, see `symdisc._data.stretches.stretches`. A stretch between these that has too
    few rows for a method, 7 or 8, is differentiated by "central".

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    t : float or array-like of shape (n_samples,)
        Times or step, see `symdisc._data.trajectories.check_time`.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row.
    method : {"central", "savgol", "spline"}, default="central"
        - "central": second-order differences of X as it is, exact for quadratics
          (second derivatives for cubics); for data without noise.
        - "savgol": local polynomials of degree 4 (Savitzky and Golay [1]_), in
          windows chosen for each column.
        - "spline": smoothing spline that penalises the fourth derivative. The most
          accurate on noisy data.

        Windows and penalties minimise the generalised cross-validation score with
        degrees of freedom counted 1.2 times [2]_, separately for each column;
        derivatives are smoothed a little less than `X`.
    order : {1, 2}, default=1
        Highest derivative.

    Returns
    -------
    X_smooth, X_dot : ndarray of shape (n_samples, n_features)
        In the dtype of ``X``; followed by ``X_ddot`` where `order` is 2.

    References
    ----------
    .. [1] A. Savitzky, M. J. E. Golay. "Smoothing and differentiation of data by
       simplified least squares procedures". Analytical Chemistry 36 (1964),
       1627-1639.
    .. [2] Y.-J. Kim, C. Gu. "Smoothing spline Gaussian regression: more scalable
       computation via efficient approximation". Journal of the Royal Statistical
       Society B 66 (2004), 337-356.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.derivatives import smooth_derivatives
    >>> t = np.linspace(0, 10, 201)
    >>> noise = 0.05 * np.random.default_rng(0).standard_normal((201, 1))
    >>> X = np.sin(t)[:, None] + noise
    >>> _, X_dot = smooth_derivatives(X, t, method="spline")
    >>> bool(abs(X_dot[:, 0] - np.cos(t)).max() < 0.2)
    True
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)}; got {method!r}.")
    if order not in (1, 2):
        raise ValueError(
            f"order must be 1 or 2; got {order!r}. It is the highest derivative."
        )
    X, times = check_curve(X, t, groups)
    fit, shortest = METHODS[method]
    results = tuple(np.empty_like(X) for _ in range(order + 1))
    for rows in stretches(times, groups, X):
        if len(rows) <= order:
            where = "" if groups is None else f" of group {np.asarray(groups)[rows[0]]}"
            raise ValueError(
                f"X has a stretch of {len(rows)} rows{where} (from row {rows[0]}) "
                f"between ends and gaps of t, and derivatives of order={order} need "
                f"{order + 1}. Drop these rows, or pass derivatives as y."
            )
        in_stretch = fit if len(rows) >= shortest + order else _central
        values = in_stretch(X[rows].astype(float, copy=False), times[rows], order)
        for result, value in zip(results, values, strict=True):
            result[rows] = value
    return results


def _central(X, times, order):
    results = [X, differentiate(X, times)]
    return results if order == 1 else [*results, _second_differences(X, times)]


def _second_differences(X, times):
    slopes = np.diff(X, axis=0) / np.diff(times)[:, None]
    spans = (times[2:] - times[:-2])[:, None]
    curvatures = 2 * np.diff(slopes, axis=0) / spans
    if len(curvatures) == 1:
        return np.repeat(curvatures, 3, axis=0)
    # Exact for cubics at the mean of the three times, and so is a line through two.
    centres = (times[:-2] + times[1:-1] + times[2:]) / 3
    left = np.clip(np.searchsorted(centres, times) - 1, 0, len(centres) - 2)
    fraction = (times - centres[left]) / (centres[left + 1] - centres[left])
    return curvatures[left] + fraction[:, None] * np.diff(curvatures, axis=0)[left]


# How to fit a stretch, and the rows needed besides one for each derivative.
METHODS = {
    "central": (_central, 1),
    "savgol": (local_polynomial, 6),
    "spline": (smoothing_spline, 7),
}
