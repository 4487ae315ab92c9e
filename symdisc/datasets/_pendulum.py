"""The pendulum, as angle and velocity or as a movie."""

from numbers import Integral

import numpy as np
import sympy
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc.datasets._ode import (
    CONSTRAINTS,
    add_noise,
    draw,
    latent_equations,
    simulate,
)

_HIGHEST = 0.99  # energy of a trajectory; with 1 the pendulum turns over
_CORNER = np.array([np.pi, 2.1])
_SHARPNESS = 20.0  # of the image of the bob

_DESCR = """\
Pendulum
--------
The angle z obeys z'' = -sin(z), and the energy z'^2 / 2 - cos(z) is constant along
each trajectory. Trajectories start with angle and velocity uniform in
[-pi, pi] x [-2.1, 2.1] where the energy is between -0.99 and 0.99: none turns over.
They are closed: the motion along them is a symmetry, SO(2), but does not act
linearly on angle and velocity.

The movie shows the bob on a grid of [-1.5, 1.5]^2, as
exp(-20 ((y1 - sin(z))^2 + (y2 + cos(z))^2)), row by row from top to bottom.

K. Champion, B. Lusch, J. N. Kutz, S. L. Brunton. Data-driven discovery of
coordinates and governing equations. PNAS 116 (2019), 22445-22451.
J. Yang, N. Dehmamy, R. Walters, R. Yu. Latent space symmetry discovery.
arXiv:2310.00105 (2023).
"""


@validate_params(
    {
        **CONSTRAINTS,
        "n_trajectories": [*CONSTRAINTS["n_trajectories"], None],
        "as_movie": ["boolean"],
        "n_grid": [Interval(Integral, 2, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def make_pendulum(
    n_trajectories=None,
    n_steps=500,
    dt=0.02,
    *,
    as_movie=False,
    n_grid=51,
    noise=0.0,
    random_state=None,
):
    r"""Simulate the pendulum, as angle and velocity or as a movie.

    The angle obeys :math:`\ddot z = -\sin z`. The pendulum swings but never turns
    over.

    Parameters
    ----------
    n_trajectories : int, default=None
        Number of trajectories. None is 100, as in the source, and 20 for the movie,
        whose three arrays are then of 208 MB each.

    n_steps : int, default=500
        Number of snapshots of each trajectory.

    dt : float, default=0.02
        Time between snapshots. The integrator chooses its own steps.

    as_movie : bool, default=False
        Whether a snapshot is an image of the bob, which does not determine the
        velocity. Otherwise it is the state itself, angle and velocity.

    n_grid : int, default=51
        Number of pixels along each side of the image.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column. ``X_dot`` and ``X_ddot`` stay exact.

    random_state : int, RandomState instance or None, default=None
        Determines the initial states and the noise. More trajectories with the
        same seed begin with the same ones.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes, where n is
        ``n_trajectories * n_steps``, and k is 1 for the movie and 2 otherwise.

        X : ndarray of shape (n, n_grid ** 2) or (n, 2)
            Images or states, one a row, trajectory after trajectory.
        X_dot : ndarray of the shape of ``X``
            Time derivatives of the snapshots without noise.
        X_ddot : ndarray of the shape of ``X``
            Second time derivatives. Movie only.
        t : ndarray of shape (n,)
            Times of the snapshots, from 0 in each trajectory.
        groups : ndarray of shape (n,)
            Trajectory of each snapshot.
        Z, Z_dot : ndarray of shape (n, k)
            Latent states and their rates: angle and velocity, or for the movie the
            angle alone.
        Z_ddot : ndarray of shape (n, 1)
            Second time derivative of the angle. Movie only.
        grid : ndarray of shape (n_grid,)
            Coordinates of the pixels along either axis. Movie only.
        equations : EquationSystem
            Equations of ``Z``, exact: of first order for angle and velocity, of
            second order for the movie.
        rhs : tuple of two sympy.Expr
            Rates of angle ``z0`` and velocity ``z0_dot``. Movie only.
        symmetry : None
            No continuous group of linear maps keeps the equations; see ``energy``.
        energy : callable
            Maps the states (n, 2), or for the movie ``Z`` and ``Z_dot``, to the
            conserved energy (n,).
        DESCR : str
            Description with sources.

    References
    ----------
    .. [1] K. Champion, B. Lusch, J. N. Kutz, S. L. Brunton. "Data-driven
       discovery of coordinates and governing equations". PNAS 116 (2019),
       22445-22451.
    .. [2] J. Yang, N. Dehmamy, R. Walters, R. Yu. "Latent space symmetry
       discovery". arXiv:2310.00105 (2023).

    Examples
    --------
    >>> from symdisc.datasets import make_pendulum
    >>> data = make_pendulum(n_trajectories=4, n_steps=50, random_state=0)
    >>> data.X.shape
    (200, 2)
    >>> print(data.equations)
    dz0/dt = z1
    dz1/dt = -sin(z0)
    >>> movie = make_pendulum(4, 50, as_movie=True, n_grid=11, random_state=0)
    >>> movie.X.shape, movie.Z.shape
    ((200, 121), (200, 1))
    """
    rng = check_random_state(random_state)
    if n_trajectories is None:
        n_trajectories = 20 if as_movie else 100
    start = draw(rng, -_CORNER, _CORNER, n_trajectories, accept=_swings)
    angle, velocity = sympy.symbols("z:2")
    equations = latent_equations(velocity, -sympy.sin(angle))
    latent = simulate(equations, start, dt=dt, n_steps=n_steps)
    if as_movie:
        data = _movie(latent, n_grid)
    else:
        data = Bunch(
            X=latent["Z"].copy(),
            X_dot=latent["Z_dot"].copy(),
            **latent,
            equations=equations,
            energy=_state_energy,
        )
    add_noise(data.X, noise, rng)
    return Bunch(**data, symmetry=None, DESCR=_DESCR)


def _movie(latent, n_grid):
    angle, velocity = np.hsplit(latent["Z"], 2)
    acceleration = latent["Z_dot"][:, 1:]
    grid = np.linspace(-1.5, 1.5, n_grid)
    X, X_dot, X_ddot = _film(angle, velocity, acceleration, grid)
    z0, z0_dot = sympy.symbols("z0 z0_dot")
    library = CandidateLibrary([sympy.sin(z0)], [z0, z0_dot])
    return Bunch(
        X=X,
        X_dot=X_dot,
        X_ddot=X_ddot,
        Z=angle,
        Z_dot=velocity,
        Z_ddot=acceleration,
        t=latent["t"],
        groups=latent["groups"],
        grid=grid,
        equations=EquationSystem([[-1.0]], library, order=2),
        rhs=(z0_dot, -sympy.sin(z0)),
        energy=_energy,
    )


def _film(angle, velocity, acceleration, grid):
    """Return the images and their first and second time derivatives."""
    y1, y2 = (y.ravel() for y in np.meshgrid(grid, grid[::-1]))
    X, X_dot, X_ddot = (np.empty((len(angle), y1.size)) for _ in range(3))
    # Image by image: whole arrays of what is in between would double the memory.
    for i, (z, v, a) in enumerate(zip(angle, velocity, acceleration, strict=True)):
        # log X = s (2 radial - |y|^2 - 1), with the parts of y towards the bob and
        # along its path: the one is the derivative of the other by the angle.
        radial = y1 * np.sin(z) - y2 * np.cos(z)
        along = y1 * np.cos(z) + y2 * np.sin(z)
        rate = 2 * _SHARPNESS * along * v
        X[i] = np.exp(_SHARPNESS * (2 * radial - y1**2 - y2**2 - 1))
        X_dot[i] = X[i] * rate
        X_ddot[i] = X[i] * (rate**2 + 2 * _SHARPNESS * (along * a - radial * v**2))
    return X, X_dot, X_ddot


def _energy(Z, Z_dot):
    angle, velocity = np.ravel(Z), np.ravel(Z_dot)
    return velocity**2 / 2 - np.cos(angle)


def _state_energy(Z):
    return _energy(*np.transpose(Z))


def _swings(states):
    return np.abs(_state_energy(states)) <= _HIGHEST
