"""A system without symmetry, against which methods that find one are tested."""

from numbers import Real

import numpy as np
import sympy
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc.datasets._lift import LIFTED, lifted_system, polynomial_lift
from symdisc.datasets._ode import latent_equations

_CORNERS = np.array([[-1.5, -1.0], [2.0, -0.5], [0.0, 1.5]])

_DESCR = """\
Oscillator in a lopsided double well, without symmetry
------------------------------------------------------
    dz0/dt = z1
    dz1/dt = z0 + tilt z0^2 - z0^3 - damping z1

Trajectories start uniformly in a triangle around the bottoms of both wells.

No one-parameter group of linear maps keeps these equations, in any smooth coordinates
of the plane: the bottoms of the wells are foci, fixed points where the derivative of
the right-hand side has complex eigenvalues, which are the same in all coordinates.
Fixed points that lie isolated are mapped to themselves by a group that is connected
to the identity, so that L p = 0 at either focus. One of them is not at the origin,
hence L has no inverse. At that p the condition DF(z) L z = L F(z) has the derivative
DF(p) L = L DF(p), so that L = a I + b DF(p), whose eigenvalues are not 0 unless
a = b = 0. Therefore L = 0.

The states alone have no symmetry in these coordinates either: a linear group that
keeps their covariance is a rotation once they are centred and whitened, and their
third moments, which would then be 0, are not. But that means little: nonlinear
coordinates can make any density in the plane a round one. Only together with their
rates are the states free of symmetry in all coordinates.
"""


@validate_params(
    {
        **LIFTED,
        "damping": [Interval(Real, 0, 2, closed="neither")],
        "tilt": [Interval(Real, None, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def make_no_symmetry(
    n_trajectories=100,
    n_steps=50,
    dt=0.02,
    *,
    n_features=100,
    damping=0.3,
    tilt=0.5,
    noise=0.0,
    random_state=None,
):
    r"""Simulate a system without symmetry and lift it to many dimensions.

    A damped oscillator in a lopsided double well,

    .. math:: \dot z_0 = z_1, \quad \dot z_1 = z_0 + q z_0^2 - z_0^3 - d z_1

    has two foci. No one-parameter group of maps that are linear in some smooth
    coordinates of the plane keeps its equations: it would keep both foci, and turn
    the states around each. The description has the proof.

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

    damping : float, default=0.3
        Friction :math:`d`, between 0 and 2: with less than 2 both wells have foci
        for any ``tilt``.

    tilt : float, default=0.5
        How much one well differs from the other, :math:`q`. With 0 there is a
        discrete symmetry, :math:`z \to -z`.

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
        symmetry : None
            No continuous group of linear maps keeps the equations.
        algebra : ndarray of shape (0, 2, 2)
            No generators.
        energy : None
            The system is dissipative.
        DESCR : str
            Description with the proof.

    Raises
    ------
    ValueError
        If ``n_features`` is too small, or if a trajectory cannot be followed to the
        end.

    Examples
    --------
    >>> from symdisc.datasets import make_no_symmetry
    >>> data = make_no_symmetry(n_trajectories=4, random_state=0)
    >>> data.X.shape
    (200, 100)
    >>> print(data.equations)
    dz0/dt = z1
    dz1/dt = -z0**3 + 0.5*z0**2 + z0 - 0.3*z1
    """
    rng = check_random_state(random_state)
    lift = polynomial_lift(2, n_features, rng, size=1.5)
    z0, z1 = sympy.symbols("z:2")
    return lifted_system(
        latent_equations(z1, z0 + tilt * z0**2 - z0**3 - damping * z1),
        rng.dirichlet(np.ones(3), n_trajectories) @ _CORNERS,
        lift,
        n_steps=n_steps,
        dt=dt,
        noise=noise,
        rng=rng,
        symmetry=None,
        algebra=np.empty((0, 2, 2)),
        energy=None,
        DESCR=_DESCR,
    )
