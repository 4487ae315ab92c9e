"""A flow that is the same at all sizes, and has no other symmetry."""

from functools import partial
from numbers import Real

import numpy as np
import sympy
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc._lie.known import known_algebra
from symdisc.datasets._lift import LIFTED, lifted_system, polynomial_lift
from symdisc.datasets._ode import latent_equations

_RADII = (0.25, 1.0)

_DESCR = """\
Flow with scaling symmetry
--------------------------
With |z| the Euclidean norm,

    dz0/dt = growth |z| - omega z1
    dz1/dt = omega z0

If z(t) is a solution then so is c z(t) for c > 0. In polar coordinates, r^2 = |z|^2,

    dr/dt = growth r cos(theta)
    dtheta/dt = omega - growth sin(theta)

and omega |z| - growth z1 is constant along each trajectory, which is hence a conic
section with one focus at the origin: by default, with growth > omega, a branch of a
hyperbola. Trajectories start with log r uniform in [log 0.25, 0] and any angle.

The symmetry is L = I alone. Let F(z) = B z + |z| c with any matrix B and c other
than 0. The condition DF(z) L z = L F(z) falls into its odd and even parts under
z -> -z:

    B L z = L B z
    (z' L z) c = |z|^2 L c

By the second c is an eigenvector, L c = lambda c, and z' L z = lambda |z|^2 for all z,
so that L = lambda I + S with S skew and S c = 0. In the plane then S = 0.

With growth < omega the trajectories are ellipses, all of one period, so that in
other, nonlinear coordinates the flow is a rotation and SO(2) a symmetry too. With
growth > omega one ray leads into the origin and one out of it. A symmetry keeps both,
so that none turns the states about the origin in any coordinates.
"""


@validate_params(
    {
        **LIFTED,
        "omega": [Interval(Real, None, None, closed="neither")],
        "growth": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def make_scaling(
    n_trajectories=100,
    n_steps=50,
    dt=0.02,
    *,
    n_features=100,
    omega=0.3,
    growth=0.6,
    noise=0.0,
    random_state=None,
):
    r"""Simulate a flow that is the same at all sizes, lifted to many dimensions.

    .. math:: \dot z_0 = a |z| - \omega z_1, \quad \dot z_1 = \omega z_0

    The right-hand side :math:`F` is homogeneous of degree 1, so that scaling,
    :math:`z \to c z`, is a symmetry. It is the only one among groups of linear maps:
    those commute with the odd part of :math:`F`, and with its even part,
    :math:`|z| (a, 0)`, only multiples of the identity do. The description has the
    derivation.

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

    omega : float, default=0.3
        Speed of the rotation :math:`\omega`.

    growth : float, default=0.6
        Speed of the growth :math:`a`, positive.

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
            ``"scaling"``.
        algebra : ndarray of shape (1, 2, 2)
            Its generator, which acts on ``Z``: the identity.
        energy : callable
            Maps states (n, 2) to the conserved :math:`\omega |z| - a z_1` (n,).
        DESCR : str
            Description with the derivation.

    Raises
    ------
    ValueError
        If ``n_features`` is too small, or if a trajectory cannot be followed to the
        end.

    Examples
    --------
    >>> from symdisc.datasets import make_scaling
    >>> data = make_scaling(n_trajectories=4, random_state=0)
    >>> data.X.shape
    (200, 100)
    >>> print(data.equations)
    dz0/dt = -0.3*z1 + 0.6*sqrt(z0**2 + z1**2)
    dz1/dt = 0.3*z0
    """
    rng = check_random_state(random_state)
    lift = polynomial_lift(2, n_features, rng)
    z0, z1 = sympy.symbols("z:2")
    return lifted_system(
        latent_equations(growth * sympy.sqrt(z0**2 + z1**2) - omega * z1, omega * z0),
        scale_free_states(n_trajectories, rng),
        lift,
        n_steps=n_steps,
        dt=dt,
        noise=noise,
        rng=rng,
        symmetry="scaling",
        algebra=known_algebra("scaling", 2).basis,
        energy=partial(_conserved, omega=omega, growth=growth),
        DESCR=_DESCR,
    )


def scale_free_states(n, rng):
    """Draw states of any direction, with radii log-uniform from 0.25 to 1.

    Parameters
    ----------
    n : int
        Number of states.
    rng : numpy.random.RandomState
        Source of randomness.

    Returns
    -------
    states : ndarray of shape (n, 2)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._scaling import scale_free_states
    >>> states = scale_free_states(100, np.random.RandomState(0))
    >>> radii = np.linalg.norm(states, axis=1)
    >>> bool(0.25 <= radii.min() and radii.max() <= 1)
    True
    """
    low, high = np.log(_RADII)
    logarithms, angles = rng.uniform([low, 0], [high, 2 * np.pi], size=(n, 2)).T
    return np.exp(logarithms)[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)


def _conserved(Z, *, omega, growth):
    return omega * np.linalg.norm(Z, axis=1) - growth * np.asarray(Z)[:, 1]
