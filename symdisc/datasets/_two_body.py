"""Two bodies that attract each other in the plane."""

from numbers import Real

import numpy as np
import sympy
from scipy.special import ndtri
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc.datasets._lift import lifted_system
from symdisc.datasets._ode import CONSTRAINTS

_RADII = (0.5, 1.5)
_ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])

_DESCR = """\
Two bodies in the plane
-----------------------
Two bodies of mass 1 at q1 and q2 with momenta p1 and p2 attract each other by gravity:

    dq1/dt = p1    dp1/dt = -(q1 - q2) / |q1 - q2|^3
    dq2/dt = p2    dp2/dt = -dp1/dt

The state is (q1x, q1y, q2x, q2y, p1x, p1y, p2x, p2y). Trajectories start with the
bodies opposite each other at a distance uniform in [0.5, 1.5] from the origin and in
any direction, with the momenta of a circular orbit times 1 + orbit_noise e, with a
normal e for each body. The source has one e for both: then the centre of mass rests,
and states fill only four dimensions, outside which no generator is determined.

Turning all four vectors together is the symmetry, SO(2). The equations alone are
kept by more linear maps, nine dimensions of them: the centre of mass moves by
itself, d(q1 + q2)/dt = p1 + p2 and d(p1 + p2)/dt = 0, and may be turned, stretched
and pushed by itself. The states are not kept by those: at the start q1 + q2 = 0, and
p1 + p2 is parallel to p1 - p2 and of a size of its own.

J. Yang, R. Walters, N. Dehmamy, R. Yu. Generative adversarial symmetry discovery.
arXiv:2302.00236 (2023).
S. Greydanus, M. Dzamba, J. Yosinski. Hamiltonian neural networks. NeurIPS (2019),
from which come the orbits.
"""


@validate_params(
    {**CONSTRAINTS, "orbit_noise": [Interval(Real, 0, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def make_two_body(
    n_trajectories=200,
    n_steps=50,
    dt=0.4,
    *,
    orbit_noise=0.05,
    noise=0.0,
    random_state=None,
):
    r"""Simulate two bodies of equal mass on nearly circular orbits.

    .. math:: \dot q_i = p_i, \quad \dot p_1 = -\dot p_2
        = -\frac{q_1 - q_2}{|q_1 - q_2|^3}

    Parameters
    ----------
    n_trajectories : int, default=200
        Number of trajectories.

    n_steps : int, default=50
        Number of snapshots of each trajectory.

    dt : float, default=0.4
        Time between snapshots. The integrator chooses its own steps.

    orbit_noise : float, default=0.05
        Standard deviation of the factor by which the momentum of each body at the
        start differs from that of a circular orbit.

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

        X, X_dot : ndarray of shape (n, 8)
            States with noise, and rates without, trajectory after trajectory:
            positions of the first and the second body, then their momenta.
        t : ndarray of shape (n,)
            Times of the snapshots, from 0 in each trajectory.
        groups : ndarray of shape (n,)
            Trajectory of each snapshot.
        Z, Z_dot : ndarray of shape (n, 8)
            States and rates without noise.
        equations : EquationSystem
            Equations of ``Z``, exact.
        symmetry : str
            ``"so(2)"``.
        algebra : ndarray of shape (1, 8, 8)
            Its generator, which acts on ``Z``.
        energy : callable
            Maps states (n, 8) to the conserved energy (n,).
        DESCR : str
            Description with sources.

    Raises
    ------
    ValueError
        If a trajectory cannot be followed to the end.

    References
    ----------
    .. [1] J. Yang, R. Walters, N. Dehmamy, R. Yu. "Generative adversarial symmetry
       discovery". arXiv:2302.00236 (2023).
    .. [2] S. Greydanus, M. Dzamba, J. Yosinski. "Hamiltonian neural networks".
       NeurIPS (2019).

    Examples
    --------
    >>> from symdisc.datasets import make_two_body
    >>> data = make_two_body(n_trajectories=4, random_state=0)
    >>> data.X.shape
    (200, 8)
    >>> print(data.equations[0])
    Eq(Derivative(z0(t), t), z4(t))
    """
    rng = check_random_state(random_state)
    return lifted_system(
        _equations(),
        _initial_states(n_trajectories, orbit_noise, rng),
        np.copy,
        n_steps=n_steps,
        dt=dt,
        noise=noise,
        rng=rng,
        symmetry="so(2)",
        algebra=np.kron(np.eye(4), _ROTATION)[None],
        energy=_energy,
        DESCR=_DESCR,
    )


def _equations():
    z = sympy.symbols("z:8")
    x, y = z[0] - z[2], z[1] - z[3]
    cubed = sympy.sqrt(x**2 + y**2) ** 3
    coefficients = np.zeros((8, 6))
    coefficients[:4, :4] = np.eye(4)
    coefficients[4:, 4:] = np.vstack([-np.eye(2), np.eye(2)])
    return EquationSystem(
        coefficients, CandidateLibrary([*z[4:], x / cubed, y / cubed], z)
    )


def _initial_states(n, orbit_noise, rng):
    low, high = _RADII
    # All in one draw, so that more trajectories begin with the same ones.
    draws = rng.uniform([low, 0, 0, 0], [high, 2 * np.pi, 1, 1], size=(n, 4))
    radii, angles = draws[:, :2].T
    factors = 1 + orbit_noise * ndtri(draws[:, 2:])
    across = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    along = across @ _ROTATION.T / (2 * np.sqrt(radii))[:, None]
    across = radii[:, None] * across
    return np.hstack([across, -across, factors[:, :1] * along, -factors[:, 1:] * along])


def _energy(Z):
    q1, q2, p1, p2 = np.split(np.asarray(Z), 4, axis=1)
    kinetic = (p1**2 + p2**2).sum(axis=1) / 2
    return kinetic - 1 / np.linalg.norm(q1 - q2, axis=1)
