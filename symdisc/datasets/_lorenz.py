"""The Lorenz system, seen through six Legendre polynomials."""

from numbers import Integral, Real

import numpy as np
import sympy
from numpy.polynomial.legendre import legvander
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc.datasets._ode import (
    CONSTRAINTS,
    add_noise,
    draw,
    latent_equations,
    simulate,
)

_SCALE = 1 / 40  # of the latent variables, so that they are of order 1
_CENTRE = np.array([0.0, 0.0, 25.0])
_HALF_WIDTHS = np.array([36.0, 48.0, 41.0])

_DESCR = """\
Lorenz system in Legendre polynomials
-------------------------------------
The Lorenz variables, divided by 40, obey

    dz0/dt = sigma (z1 - z0)
    dz1/dt = rho z0 - z1 - 40 z0 z2
    dz2/dt = 40 z0 z1 - beta z2

One row of X is, on a grid of [-1, 1] and with the Legendre polynomials P,

    z0 P_0 + z1 P_1 + z2 P_2 + z0^3 P_3 + z1^3 P_4 + z2^3 P_5

Trajectories start uniformly in the box |40 z0| < 36, |40 z1| < 48,
|40 z2 - 25| < 41. The equations keep their form under (z0, z1) -> (-z0, -z1) but
under no continuous group of linear maps. The motion is chaotic: the smallest
differences grow about as exp(0.9 t).

K. Champion, B. Lusch, J. N. Kutz, S. L. Brunton. Data-driven discovery of
coordinates and governing equations. PNAS 116 (2019), 22445-22451.
"""


@validate_params(
    {
        **CONSTRAINTS,
        "n_features": [Interval(Integral, 6, None, closed="left")],
        "sigma": [Interval(Real, 0, None, closed="neither")],
        "rho": [Interval(Real, 0, None, closed="neither")],
        "beta": [Interval(Real, 0, None, closed="neither")],
        "initial_scale": [Interval(Real, 0, None, closed="neither")],
        "excluded_scale": [Interval(Real, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def make_lorenz(
    n_trajectories=64,
    n_steps=250,
    dt=0.02,
    *,
    n_features=128,
    sigma=10.0,
    rho=28.0,
    beta=8 / 3,
    initial_scale=1.0,
    excluded_scale=0.0,
    noise=0.0,
    random_state=None,
):
    r"""Simulate the Lorenz system and lift it to many dimensions.

    With the Lorenz variables divided by 40 as :math:`z`, a snapshot is

    .. math:: x = \sum_{i=0}^{2} z_i P_i + z_i^3 P_{i+3}

    on a grid of :math:`[-1, 1]`, where :math:`P_i` are Legendre polynomials.

    Parameters
    ----------
    n_trajectories : int, default=64
        Number of trajectories. The source trains on 2048.

    n_steps : int, default=250
        Number of snapshots of each trajectory.

    dt : float, default=0.02
        Time between snapshots. The integrator chooses its own steps.

    n_features : int, default=128
        Number of grid points.

    sigma, rho, beta : float, default=10, 28, 8/3
        Parameters of the Lorenz system, all positive.

    initial_scale : float, default=1.0
        Size of the box of initial states, relative to that of the source:
        36, 48 and 41 to each side of (0, 0, 25).

    excluded_scale : float, default=0.0
        Size, likewise, of a box about the same centre that is left out. With
        ``initial_scale=1.5, excluded_scale=1.0`` all trajectories start outside
        the range of those by default, as in the source's test of extrapolation.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column. ``X_dot`` stays exact.

    random_state : int, RandomState instance or None, default=None
        Determines the initial states and the noise. More trajectories with the
        same seed begin with the same ones.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes, where n is
        ``n_trajectories * n_steps``.

        X : ndarray of shape (n, n_features)
            Snapshots, one a row, trajectory after trajectory.
        X_dot : ndarray of shape (n, n_features)
            Time derivatives of the snapshots without noise.
        t : ndarray of shape (n,)
            Times of the snapshots, from 0 in each trajectory.
        groups : ndarray of shape (n,)
            Trajectory of each snapshot.
        Z, Z_dot : ndarray of shape (n, 3)
            Latent states and their rates.
        grid : ndarray of shape (n_features,)
            Grid points.
        equations : EquationSystem
            Equations of ``Z``, exact.
        symmetry : None
            No continuous group of linear maps keeps the equations.
        energy : None
            The system is dissipative.
        DESCR : str
            Description with sources.

    Raises
    ------
    ValueError
        If ``excluded_scale`` is not below ``initial_scale``, or if a trajectory
        cannot be followed to the end.

    References
    ----------
    .. [1] K. Champion, B. Lusch, J. N. Kutz, S. L. Brunton. "Data-driven
       discovery of coordinates and governing equations". PNAS 116 (2019),
       22445-22451.

    Examples
    --------
    >>> from symdisc.datasets import make_lorenz
    >>> data = make_lorenz(n_trajectories=4, n_steps=50, random_state=0)
    >>> data.X.shape
    (200, 128)
    >>> print(data.equations)
    dz0/dt = -10*z0 + 10*z1
    dz1/dt = -40*z0*z2 + 28*z0 - z1
    dz2/dt = 40*z0*z1 - 2.667*z2
    """
    rng = check_random_state(random_state)
    equations = _equations(sigma, rho, beta)
    start = _initial_states(rng, n_trajectories, initial_scale, excluded_scale)
    latent = simulate(equations, start, dt=dt, n_steps=n_steps)
    grid = np.linspace(-1, 1, n_features)
    modes = legvander(grid, 5).T
    Z, Z_dot = latent["Z"], latent["Z_dot"]
    X = np.hstack([Z, Z**3]) @ modes
    add_noise(X, noise, rng)
    return Bunch(
        X=X,
        X_dot=np.hstack([Z_dot, 3 * Z**2 * Z_dot]) @ modes,
        **latent,
        grid=grid,
        equations=equations,
        symmetry=None,
        energy=None,
        DESCR=_DESCR,
    )


def _equations(sigma, rho, beta):
    z0, z1, z2 = sympy.symbols("z:3")
    return latent_equations(
        sigma * (z1 - z0),
        rho * z0 - z1 - z0 * z2 / _SCALE,
        z0 * z1 / _SCALE - beta * z2,
    )


def _initial_states(rng, n, initial_scale, excluded_scale):
    if excluded_scale >= initial_scale:
        raise ValueError(
            f"excluded_scale={excluded_scale} leaves no room in the box of "
            f"initial_scale={initial_scale}; exclude a smaller box."
        )
    widths = initial_scale * _HALF_WIDTHS
    excluded = excluded_scale * _HALF_WIDTHS
    start = draw(
        rng,
        _CENTRE - widths,
        _CENTRE + widths,
        n,
        accept=lambda z: (np.abs(z - _CENTRE) >= excluded).any(axis=1),
    )
    return _SCALE * start
