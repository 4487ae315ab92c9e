"""What data sets of ordinary differential equations have in common."""

from itertools import chain
from numbers import Integral, Real

import numpy as np
import sympy
from scipy.integrate import solve_ivp
from sklearn.utils._param_validation import Interval

from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary

# Solvers control the error of all trajectories together; a single one may be off by
# the root of their number, and chaos makes it grow.
_TOLERANCE = 1e-13

CONSTRAINTS = {
    "n_trajectories": [Interval(Integral, 1, None, closed="left")],
    "n_steps": [Interval(Integral, 2, None, closed="left")],
    "dt": [Interval(Real, 0, None, closed="neither")],
    "noise": [Interval(Real, 0, None, closed="left")],
    "random_state": ["random_state"],
}


def latent_equations(*rates):
    """Write exact right-hand sides as a system of equations.

    Parameters
    ----------
    *rates : sympy.Expr
        The right-hand sides in ``z0, z1, ...``, one for each variable.

    Returns
    -------
    equations : EquationSystem
        Its library holds the terms that occur.

    Examples
    --------
    >>> import sympy
    >>> from symdisc.datasets._ode import latent_equations
    >>> z0, z1 = sympy.symbols("z:2")
    >>> print(latent_equations(2 * (z1 - z0), -sympy.sin(z0)))
    dz0/dt = -2*z0 + 2*z1
    dz1/dt = -sin(z0)
    """
    rows = [sympy.expand(rate).as_coefficients_dict() for rate in rates]
    terms = sorted(set(chain.from_iterable(rows)), key=sympy.default_sort_key)
    coefficients = [[float(row.get(term, 0)) for term in terms] for row in rows]
    symbols = sympy.symbols(f"z:{len(rates)}")
    return EquationSystem(coefficients, CandidateLibrary(terms, symbols))


def simulate(equations, start, *, dt, n_steps):
    """Follow all trajectories at once.

    Parameters
    ----------
    equations : EquationSystem
        First-order equations of k variables.
    start : ndarray of shape (n_trajectories, k)
        Initial states.
    dt : float
        Time between samples. The integrator chooses its own steps.
    n_steps : int
        Number of samples of each trajectory, the first at time 0.

    Returns
    -------
    data : dict
        ``Z`` and ``Z_dot`` of shape (n_trajectories * n_steps, k), one trajectory
        after another, their times ``t`` and trajectories ``groups``.

    Raises
    ------
    ValueError
        If a trajectory cannot be followed to the end.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> from symdisc.datasets._ode import latent_equations, simulate
    >>> growth = latent_equations(sympy.Symbol("z0"))
    >>> simulate(growth, np.array([[1.0], [2.0]]), dt=0.5, n_steps=3)["Z"].ravel()
    array([1. , 1.6487, 2.7183, 2. , 3.2974, 5.4366])
    """
    n_trajectories, k = start.shape
    times = dt * np.arange(n_steps)
    # A trajectory that runs away ends in inf and nan, which the solver reports.
    with np.errstate(over="ignore", invalid="ignore"):
        solution = solve_ivp(
            lambda _, z: equations(z.reshape(-1, k)).ravel(),
            (0.0, times[-1]),
            start.ravel(),
            method="DOP853",
            t_eval=times,
            rtol=_TOLERANCE,
            atol=_TOLERANCE,
        )
    if not solution.success:
        raise ValueError(
            f"The simulation stopped before t={times[-1]:g}, the end of n_steps="
            f"{n_steps} steps of dt={dt}: {solution.message} Use fewer steps or less "
            "extreme parameters."
        )
    paths = solution.y.reshape(n_trajectories, k, n_steps)
    Z = paths.transpose(0, 2, 1).reshape(-1, k)
    return {
        "Z": Z,
        "Z_dot": equations(Z),
        "t": np.tile(times, n_trajectories),
        "groups": np.repeat(np.arange(n_trajectories), n_steps),
    }


def draw(rng, low, high, n, *, accept):
    """Draw points uniformly from the accepted part of a box.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Source of randomness.
    low, high : array-like of shape (k,)
        Corners of the box.
    n : int
        Number of points.
    accept : callable
        Maps points (m, k) to booleans (m,); true for a large fraction of the box.

    Returns
    -------
    points : ndarray of shape (n, k)
        With the same seed, a longer draw begins with the shorter one.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._ode import draw
    >>> rng = np.random.RandomState(0)
    >>> points = draw(rng, [-1.0], [1.0], 50, accept=lambda x: x[:, 0] > 0)
    >>> points.shape, bool((points > 0).all())
    ((50, 1), True)
    """
    points = np.empty((0, len(low)))
    while len(points) < n:
        proposals = rng.uniform(low, high, size=(n, len(low)))
        points = np.concatenate([points, proposals[accept(proposals)]])
    return points[:n]


def add_noise(X, noise, rng):
    """Add Gaussian noise to snapshots, in place.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        Snapshots, which are changed.
    noise : float
        Standard deviation relative to that of each column.
    rng : numpy.random.RandomState
        Source of randomness.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._ode import add_noise
    >>> X = np.array([[0.0, 5.0], [1.0, 5.0]])
    >>> add_noise(X, 0.1, np.random.RandomState(0))
    >>> X[:, 1]
    array([5., 5.])
    """
    if noise > 0:
        X += rng.normal(scale=noise * X.std(axis=0), size=X.shape)
