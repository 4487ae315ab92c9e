"""A linear spiral, which commutes with rotation and scaling."""

from numbers import Real

import numpy as np
import sympy
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc.datasets._lift import LIFTED, lifted_system, polynomial_lift
from symdisc.datasets._ode import latent_equations
from symdisc.datasets._scaling import scale_free_states

_DESCR = """\
Linear spiral
-------------
    dz0/dt = growth z0 - omega z1
    dz1/dt = omega z0 + growth z1

that is dz/dt = (growth I + omega J) z with J = [[0, -1], [1, 0]]. A linear group keeps
linear equations if its generator commutes with their matrix, which two complex
eigenvalues allow only to a I + b J: rotation and scaling, SO(2) x R. Trajectories
start with log r uniform in [log 0.25, 0] and any angle, so that the states have
this symmetry too, except for the ends of the range of r.
"""


@validate_params(
    {
        **LIFTED,
        "omega": [Interval(Real, 0, None, closed="neither")],
        "growth": [Interval(Real, None, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def make_spiral(
    n_trajectories=100,
    n_steps=50,
    dt=0.02,
    *,
    n_features=100,
    omega=1.0,
    growth=-0.3,
    noise=0.0,
    random_state=None,
):
    r"""Simulate a linear spiral and lift it to many dimensions.

    .. math:: \dot z = (a I + \omega J) z, \quad
        J = \begin{pmatrix} 0 & -1 \\ 1 & 0 \end{pmatrix}

    The linear maps that commute with it are rotations and scalings.

    Parameters
    ----------
    n_trajectories : int, default=100
        Number of trajectories.

    n_steps : int, default=50
        Number of snapshots of each trajectory.

    dt : float, default=0.02
        Time between snapshots. The integrator chooses its own steps.

    n_features : int or None, default=100
        Number of features, more than 2. None leaves the states in the plane.

    omega : float, default=1.0
        Angular frequency :math:`\omega`, positive.

    growth : float, default=-0.3
        Rate :math:`a` at which the radius grows, negative where it shrinks.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column. ``X_dot`` stays exact.

    random_state : int, RandomState instance or None, default=None
        Determines the map, the initial states and the noise. More trajectories with
        the same seed begin with the same ones, lifted by the same map.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes, where n is
        ``n_trajectories * n_steps``.

        X, X_dot : ndarray of shape (n, n_features) or (n, 2)
            Snapshots with noise and their time derivatives without, trajectory
            after trajectory.
        t : ndarray of shape (n,)
            Times of the snapshots, from 0 in each trajectory.
        groups : ndarray of shape (n,)
            Trajectory of each snapshot.
        Z, Z_dot : ndarray of shape (n, 2)
            Latent states and their rates.
        equations : EquationSystem
            Equations of ``Z``, exact.
        symmetry : str
            ``"so(2)+R"``.
        algebra : ndarray of shape (2, 2, 2)
            Its generators, which act on ``Z``: rotation and scaling.
        energy : None
            Nothing is conserved.
        DESCR : str
            Description.

    Raises
    ------
    ValueError
        If ``n_features`` is too small, or if a trajectory cannot be followed to the
        end.

    Examples
    --------
    >>> from symdisc.datasets import make_spiral
    >>> data = make_spiral(n_trajectories=4, random_state=0)
    >>> data.X.shape
    (200, 100)
    >>> print(data.equations)
    dz0/dt = -0.3*z0 - z1
    dz1/dt = z0 - 0.3*z1
    """
    rng = check_random_state(random_state)
    lift = polynomial_lift(2, n_features, rng)
    z0, z1 = sympy.symbols("z:2")
    return lifted_system(
        latent_equations(growth * z0 - omega * z1, omega * z0 + growth * z1),
        scale_free_states(n_trajectories, rng),
        lift,
        n_steps=n_steps,
        dt=dt,
        noise=noise,
        rng=rng,
        symmetry="so(2)+R",
        algebra=np.array([[[0.0, -1.0], [1.0, 0.0]], np.eye(2)]),
        energy=None,
        DESCR=_DESCR,
    )
