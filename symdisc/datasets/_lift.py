"""Random maps that lift a few variables into many."""

from itertools import combinations_with_replacement
from numbers import Integral

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval

from symdisc.datasets._ode import CONSTRAINTS, add_noise, simulate

N_FEATURES = [Interval(Integral, 2, None, closed="left"), None]
N_SAMPLES = [Interval(Integral, 1, None, closed="left")]
LIFTED = {**CONSTRAINTS, "n_features": N_FEATURES}

_N_NONLINEAR = 8  # at most; fewer where the features do not suffice
_STEP = 1e-50  # far from underflow, while its square is far below rounding


def random_frame(k, n_features, rng):
    """Draw orthonormal columns for the linear and the nonlinear part of a map.

    Parameters
    ----------
    k : int
        Number of variables.
    n_features : int
        Number of features, more than k.
    rng : numpy.random.RandomState
        Source of randomness.

    Returns
    -------
    A : ndarray of shape (n_features, k)
        Columns of the linear part.
    B : ndarray of shape (n_features, m)
        Columns of the nonlinear part, where m is 8 or what room there is. With
        ``x = A z + B q(z)`` no two points come closer than they were.

    Raises
    ------
    ValueError
        If ``n_features`` is too small.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._lift import random_frame
    >>> A, B = random_frame(2, 100, np.random.RandomState(0))
    >>> A.shape, B.shape, bool(np.allclose(A.T @ B, 0))
    ((100, 2), (100, 8), True)
    """
    if n_features <= k:
        raise ValueError(
            f"n_features={n_features} leaves no room for the nonlinear part of the map "
            f"from {k} latent variables; give at least {k + 1} features."
        )
    n_columns = k + min(_N_NONLINEAR, n_features - k)
    frame = np.linalg.qr(rng.normal(size=(n_features, n_columns)))[0]
    return frame[:, :k], frame[:, k:]


def polynomial_lift(k, n_features, rng, *, size=1.0):
    r"""Draw an invertible polynomial map of degree 3.

    .. math:: x = A z + s B q(z / s)

    with the columns of `random_frame` and polynomials :math:`q` of all monomials
    of degree 2 and 3, with normal random coefficients.

    Parameters
    ----------
    k : int
        Number of variables.
    n_features : int or None
        Number of features, more than k. None is the identity.
    rng : numpy.random.RandomState
        Source of randomness.
    size : float, default=1.0
        Size :math:`s` of the points, at which the nonlinear part is as large as the
        linear one.

    Returns
    -------
    lift : callable
        Maps points (n, k), real or complex, to features (n, n_features).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._lift import polynomial_lift
    >>> lift = polynomial_lift(2, 100, np.random.RandomState(0))
    >>> lift(np.ones((5, 2))).shape
    (5, 100)
    """
    if n_features is None:
        return np.copy
    A, B = random_frame(k, n_features, rng)
    # Index 0 is the constant 1: a product of three factors is of degree 2 with it.
    factors = combinations_with_replacement(range(k + 1), 3)
    factors = np.array([f for f in factors if np.count_nonzero(f) > 1])
    coefficients = rng.normal(size=(B.shape[1], len(factors)))

    def lift(Z):
        padded = np.pad(Z / size, ((0, 0), (1, 0)), constant_values=1.0)
        monomials = padded[:, factors].prod(axis=2)
        return Z @ A.T + size * monomials @ coefficients.T @ B.T

    return lift


def push_forward(function, Z, Z_dot):
    """Values of an analytic function along a curve, and their rates.

    The rates are the imaginary parts at a point with a tiny imaginary part, which
    are exact to rounding: nothing is subtracted.

    Parameters
    ----------
    function : callable
        Of complex arrays of the shape of ``Z``.
    Z, Z_dot : ndarray
        Points and velocities.

    Returns
    -------
    values, rates : ndarray
        Real parts of the function, and its derivatives along the velocities.

    References
    ----------
    W. Squire, G. Trapp. "Using complex variables to estimate derivatives of real
    functions". SIAM Review 40 (1998), 110-112.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._lift import push_forward
    >>> push_forward(np.exp, np.array([0.0]), np.array([3.0]))
    (array([1.]), array([3.]))
    """
    values = function(Z + 1j * _STEP * Z_dot)
    return values.real.copy(), values.imag / _STEP


def lifted_system(equations, start, lift, *, n_steps, dt, noise, rng, **known):
    """Follow all trajectories and lift them.

    Parameters
    ----------
    equations : EquationSystem
        First-order equations of k variables.
    start : ndarray of shape (n_trajectories, k)
        Initial states.
    lift : callable
        Analytic map of states, see `polynomial_lift`.
    n_steps, dt : int, float
        As in `symdisc.datasets._ode.simulate`.
    noise : float
        As in `symdisc.datasets._ode.add_noise`.
    rng : numpy.random.RandomState
        Source of the noise.
    **known : dict
        What else is known of the system.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With ``X``, ``X_dot``, ``t``, ``groups``, ``Z``, ``Z_dot``, ``equations`` and
        what is known.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> from symdisc.datasets._lift import lifted_system
    >>> from symdisc.datasets._ode import latent_equations
    >>> decay = latent_equations(-sympy.Symbol("z0"))
    >>> rng = np.random.RandomState(0)
    >>> start = np.ones((1, 1))
    >>> data = lifted_system(decay, start, np.exp, n_steps=2, dt=1, noise=0, rng=rng)
    >>> data.X.ravel(), data.X_dot.ravel()
    (array([2.718, 1.445]), array([-2.718, -0.532]))
    """
    latent = simulate(equations, start, dt=dt, n_steps=n_steps)
    X, X_dot = push_forward(lift, latent["Z"], latent["Z_dot"])
    add_noise(X, noise, rng)
    return Bunch(X=X, X_dot=X_dot, **latent, equations=equations, **known)
