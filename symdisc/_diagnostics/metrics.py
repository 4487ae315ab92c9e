"""Distances between algebras, and errors of symmetries and forecasts."""

import numpy as np
from scipy import linalg
from scipy.spatial.distance import cdist
from sklearn.utils.validation import check_is_fitted

from symdisc._data.validation import check_snapshots
from symdisc._lie.algebra import LieAlgebra, check_basis

# Rows compared with each other: distances of all pairs are taken.
MAX_ROWS = 2000
# Values that differ by less than this part of the largest are the same.
ROUNDING = 1e-12


def orbit_drift(values_moved, values):
    """How much a symmetry changes a quantity that it should conserve.

    With an invariant H such as the energy, ``values`` are ``H(x)`` and
    ``values_moved`` are ``H(decode(g z))``. The drift is 0 if H is conserved, and
    ``sqrt(2)`` for shuffled samples.

    Parameters
    ----------
    values_moved : array-like of shape (n,) or (n_elements, n)
        Values after the group has acted.
    values : array-like of shape (n,)
        Values of the same samples before.

    Returns
    -------
    drift : float
        Root mean square of the change, over the standard deviation of `values`.

    Examples
    --------
    >>> from symdisc.metrics import orbit_drift
    >>> orbit_drift([1.1, 2.1, 3.1, 3.9], [1.0, 2.0, 3.0, 4.0])
    0.0894
    """
    values = check_array("values", values, 1)
    moved = check_array("values_moved", values_moved, 1, 2)
    if moved.shape[-1] != len(values):
        raise ValueError(
            f"values_moved has shape {moved.shape}; give one column for each of the "
            f"{len(values)} values."
        )
    deviation = values.std()
    if not deviation > ROUNDING * np.abs(values).max():
        raise ValueError(
            f"values are all {values[0]:g}, so that no drift is large or small; give "
            "samples that differ in the invariant."
        )
    return float(np.sqrt(np.mean((moved - values) ** 2)) / deviation)


def forecast_error(X_true, X_predicted, *, relative_to="deviation"):
    """Relative mean squared error of a forecast at each time step.

    Squared errors are averaged over features, and over trajectories where there are
    several. They are divided by the mean squared deviation of the true values from
    their mean over time, that of each trajectory: 0 is a perfect forecast, 1 is no
    better than predicting this mean. The divisor is the same at all steps, so that
    the error has no peaks where a trajectory crosses zero.

    Parameters
    ----------
    X_true, X_predicted : array-like of shape ([n_trajectories,] n_steps, n_features)
    relative_to : {"deviation", "size"}, default="deviation"
        "size" divides by the average of the squared true values at each step, as in
        Yang et al. (2024).

    Returns
    -------
    errors : ndarray of shape (n_steps,)

    Raises
    ------
    ValueError
        If the shapes do not fit, or the divisor is zero.

    References
    ----------
    J. Yang, N. Dehmamy, R. Walters and R. Yu, "Latent space symmetry discovery",
    ICML (2024), on long-term forecasts.

    Examples
    --------
    >>> from symdisc.metrics import forecast_error
    >>> forecast_error([[3.0, 4.0], [1.0, 2.0]], [[3.0, 4.0], [2.0, 2.0]])
    array([0. , 0.5])
    """
    X_true = check_array("X_true", X_true, 2, 3)
    X_predicted = check_array("X_predicted", X_predicted, 2, 3)
    if X_true.shape != X_predicted.shape:
        raise ValueError(
            f"X_true has shape {X_true.shape} and X_predicted has {X_predicted.shape}; "
            "give the same snapshots in both."
        )
    axes = (-1,) if X_true.ndim == 2 else (0, -1)
    errors = np.mean((X_predicted - X_true) ** 2, axis=axes)
    return errors / _divisor(X_true, axes, relative_to)


def _divisor(X_true, axes, relative_to):
    """Return what squared errors of a forecast are divided by."""
    if relative_to == "deviation":
        largest = np.abs(X_true).max()
        square = np.mean(X_true.var(axis=-2))
        if not square > (ROUNDING * largest) ** 2:
            raise ValueError(
                "X_true does not change over time, so that no error is large or small "
                "in comparison; give more steps, or trajectories that move."
            )
        return square
    if relative_to != "size":
        raise ValueError(
            f'relative_to={relative_to!r} is not known; pass "deviation" or "size".'
        )
    sizes = np.mean(X_true**2, axis=axes)
    if not sizes.all():
        raise ValueError(
            f"X_true is zero at step {int(np.argmin(sizes))}, where an error relative "
            'to its size means nothing; pass relative_to="deviation".'
        )
    return sizes


def energy_distance(X, Y, random_state=0):
    """Distance between the distributions of two sets of samples.

    ``2 E|x - y| - E|x - x'| - E|y - y'|`` over ``2 E|x - y|``: 0 for equal
    distributions, up to chance (about 1 over the number of samples), and at most 1. At
    most 2000 rows of each are used.

    Parameters
    ----------
    X, Y : array-like of shape (n_samples, n_features)
        Samples, for example snapshots and those that ``est.act`` moved.
    random_state : int, default=0
        Chooses the rows that are used.

    Returns
    -------
    float

    References
    ----------
    G. J. Székely and M. L. Rizzo, "Energy statistics: a class of statistics based on
    distances", Journal of Statistical Planning and Inference 143 (2013), 1249-1272.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.metrics import energy_distance
    >>> x, y = np.random.default_rng(0).standard_normal((2, 1000, 3))
    >>> energy_distance(x, y) < 0.01 < energy_distance(x, y + 1)
    True
    """
    X, Y = check_array("X", X, 2), check_array("Y", Y, 2)
    if X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} columns and Y has {Y.shape[1]}; give the same "
            "features in both."
        )
    random = np.random.default_rng(random_state)
    X, Y = (A[random.permutation(len(A))[:MAX_ROWS]] for A in (X, Y))
    between = cdist(X, Y).mean()
    within = [cdist(A, A).sum() / max(len(A) * (len(A) - 1), 1) for A in (X, Y)]
    if between == 0:
        return 0.0
    return float((2 * between - sum(within)) / (2 * between))


def equivariance_error(est, X, X_dot, theta):
    """How much a symmetry fails to map motions to motions.

    Snapshots are moved by a group element, and so are their velocities; the equations
    say what velocity a moved snapshot should have.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Fitted, with `lie_algebra_` and `equations_`.
    X, X_dot : array-like of shape (n_samples, n_features)
        Snapshots and their velocities.
    theta : float or array-like of shape (c,)
        Coefficients of the group element, see `LieAlgebra.group_element`.

    Returns
    -------
    float
        Root mean square of ``g F(z) - F(g z)`` over that of ``F(z)``, latents z.

    Raises
    ------
    ValueError
        If `X` or `X_dot` has a bad shape, or `est` has no symmetry or no equations.

    Examples
    --------
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.datasets import make_spiral
    >>> from symdisc.metrics import equivariance_error
    >>> data = make_spiral(10, random_state=0)
    >>> est = LatentSymmetryDiscoverer(symmetry_of="motion")
    >>> est = est.fit(data.X, data.X_dot)
    >>> equivariance_error(est, data.X, data.X_dot, 0.3) < 1e-3
    True
    """
    check_is_fitted(est)
    if est.equations_ is None or not est.lie_algebra_:
        raise ValueError(
            "est has no equations_ or no generators in lie_algebra_; fit it on data "
            "with derivatives and a symmetry."
        )
    X = check_snapshots(est, X, reset=False)
    X_dot = est._check_rates(X, X_dot, name="X_dot")
    if X_dot is None:
        raise ValueError(f"X_dot has no velocities; pass them in the shape {X.shape}.")
    latent, rates = est._push(est.encoder_, X, X_dot)
    element = est.lie_algebra_.group_element(np.asarray(theta, dtype=float))
    gap = rates @ element.T - est.equations_(latent @ element.T)
    return float(np.linalg.norm(gap) / np.linalg.norm(rates))


def check_array(name, values, *n_axes):
    """Return finite values as an array with one of these numbers of axes, or raise."""
    values = np.asarray(values, dtype=float)
    if values.ndim not in n_axes or values.size == 0:
        shapes = " or ".join(f"{n}-D" for n in n_axes)
        raise ValueError(
            f"{name} has shape {values.shape}; give a non-empty {shapes} array."
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{name} contains NaN or infinity; drop those samples.")
    return values


def algebra_distance(a, b):
    """Geodesic distance between two Lie algebras, as spaces of matrices.

    The root sum of squares of the principal angles between the spans of the
    generators in R^(k x k), with the Frobenius inner product. Where one side has
    more generators, each that is left over counts as an angle of ``pi / 2``: the
    metric of Ye and Lim on subspaces of all dimensions. Scale, sign and linear
    combination of generators do not matter. The latent coordinates do: map one
    algebra to the coordinates of the other first (see `align`).

    Parameters
    ----------
    a, b : LieAlgebra or array-like of shape (c, k, k) or (k, k)
        Generators, linearly independent, which act on the same number of dimensions;
        shape (0, k, k) for none.

    Returns
    -------
    distance : float
        In radians: 0 for equal spans, ``pi / 2 * sqrt(c)`` for orthogonal ones of
        c generators each.

    References
    ----------
    K. Ye and L.-H. Lim, "Schubert varieties and distances between subspaces of
    different dimensions", SIAM Journal on Matrix Analysis and Applications 37 (2016).

    Examples
    --------
    >>> from symdisc.metrics import algebra_distance
    >>> rotation, scaling = [[0, -1], [1, 0]], [[1, 0], [0, 1]]
    >>> algebra_distance(rotation, scaling)
    1.5708
    >>> algebra_distance([rotation, scaling], [[-1, 2], [-2, -1]])
    1.5708
    """
    a, b = _flat_generators(a, b)
    unmatched = abs(len(a) - len(b)) * (np.pi / 2) ** 2
    if not (len(a) and len(b)):
        return float(np.sqrt(unmatched))
    angles = linalg.subspace_angles(a.T, b.T)
    return float(np.sqrt(np.sum(angles**2) + unmatched))


def algebra_cosine(a, b):
    """Absolute cosine of the angle between two generators.

    Parameters
    ----------
    a, b : LieAlgebra or array-like of shape (1, k, k) or (k, k)
        One generator each, of which scale and sign do not matter.

    Returns
    -------
    cosine : float
        ``|tr(a.T b)| / (|a| |b|)``: 1 for the same one-parameter group, and the
        cosine of `algebra_distance`.

    Examples
    --------
    >>> from symdisc.metrics import algebra_cosine
    >>> algebra_cosine([[0, -2], [2, 0]], [[1, 1], [-1, 1]])
    0.7071
    """
    a, b = _flat_generators(a, b)
    if (len(a), len(b)) != (1, 1):
        raise ValueError(
            f"a has {len(a)} generators and b has {len(b)}; give one each, or use "
            "algebra_distance."
        )
    cosine = abs(a[0] @ b[0]) / (np.linalg.norm(a) * np.linalg.norm(b))
    # Rounding must not make an arccos of it NaN.
    return float(min(cosine, 1.0))


def _flat_generators(a, b):
    """Two sets of generators as rows."""
    a, b = (
        each.basis if isinstance(each, LieAlgebra) else check_basis(each, name)
        for name, each in [("a", a), ("b", b)]
    )
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(
            f"a acts on {a.shape[1]} dimensions and b on {b.shape[1]}; give algebras "
            "that act on the same space."
        )
    return a.reshape(len(a), a.shape[1] ** 2), b.reshape(len(b), b.shape[1] ** 2)
