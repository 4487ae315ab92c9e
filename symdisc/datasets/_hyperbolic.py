"""A flow along hyperbolas, whose symmetry is a boost."""

from numbers import Real

import numpy as np
import sympy
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc._lie.known import known_algebra
from symdisc.datasets._lift import LIFTED, lifted_system, polynomial_lift
from symdisc.datasets._ode import latent_equations

_RADII = (0.5, 1.5)

_DESCR = """\
Flow along hyperbolas
---------------------
With N = z0^2 - z1^2,

    dz0/dt = omega z1 + relaxation (1 - N) z0
    dz1/dt = omega z0 + relaxation (1 - N) z1

In z = r (cosh s, sinh s) this is ds/dt = omega and dr/dt = relaxation (1 - r^2) r:
the state moves along hyperbolas, which slowly approach N = 1. Trajectories start
with r uniform in [0.5, 1.5] and s in [-max_rapidity, max_rapidity].

The boosts exp(theta K) with K = [[0, 1], [1, 0]] keep N, and so the equations. No
other generator L does: the terms of each degree must be kept by themselves. Those of
degree 1, relaxation I + omega K, commute only with L = a I + b K, and under I those
of degree 3 change by twice themselves, so that a = 0. A boost also shifts s, which
the range of s does not allow to any length: the data show the symmetry near the
identity, SO(1,1), away from the ends of that range.

In other, nonlinear coordinates, such as (s, r), the same motion of these states may
be a translation or a scaling.
"""


@validate_params(
    {
        **LIFTED,
        "omega": [Interval(Real, 0, None, closed="neither")],
        "relaxation": [Interval(Real, 0, None, closed="neither")],
        "max_rapidity": [Interval(Real, 0, 10, closed="right")],
    },
    prefer_skip_nested_validation=True,
)
def make_hyperbolic(
    n_trajectories=100,
    n_steps=50,
    dt=0.02,
    *,
    n_features=100,
    omega=0.5,
    relaxation=0.5,
    max_rapidity=1.0,
    noise=0.0,
    random_state=None,
):
    r"""Simulate a flow along hyperbolas and lift it to many dimensions.

    With :math:`N = z_0^2 - z_1^2`,

    .. math:: \dot z = \omega \begin{pmatrix} 0 & 1 \\ 1 & 0 \end{pmatrix} z
        + \epsilon (1 - N) z

    Boosts keep these equations, and no other group of linear maps does. Without the
    slow part all multiples :math:`c z` of a solution would be solutions too.

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

    omega : float, default=0.5
        Speed of the boost, positive.

    relaxation : float, default=0.5
        Rate :math:`\epsilon` at which the hyperbola changes, positive.

    max_rapidity : float, default=1.0
        Trajectories start at up to so large a hyperbolic angle, to either side. At
        most 10: farther out, rounding hides the hyperbola.

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
            ``"so(1,1)"``.
        algebra : ndarray of shape (1, 2, 2)
            Its generator, which acts on ``Z``.
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
    >>> from symdisc.datasets import make_hyperbolic
    >>> data = make_hyperbolic(n_trajectories=4, random_state=0)
    >>> data.X.shape
    (200, 100)
    >>> print(data.equations)
    dz0/dt = -0.5*z0**3 + 0.5*z0*z1**2 + 0.5*z0 + 0.5*z1
    dz1/dt = -0.5*z0**2*z1 + 0.5*z0 + 0.5*z1**3 + 0.5*z1
    """
    rng = check_random_state(random_state)
    lift = polynomial_lift(2, n_features, rng, size=2.0)
    low, high = zip(_RADII, (-max_rapidity, max_rapidity), strict=True)
    r, s = rng.uniform(low, high, size=(n_trajectories, 2)).T
    return lifted_system(
        _equations(omega, relaxation),
        np.stack([r * np.cosh(s), r * np.sinh(s)], axis=1),
        lift,
        n_steps=n_steps,
        dt=dt,
        noise=noise,
        rng=rng,
        symmetry="so(1,1)",
        algebra=known_algebra("so(1,1)", 2).basis,
        energy=None,
        DESCR=_DESCR,
    )


def _equations(omega, relaxation):
    z0, z1 = sympy.symbols("z:2")
    slow = relaxation * (1 - z0**2 + z1**2)
    return latent_equations(omega * z1 + slow * z0, omega * z0 + slow * z1)
