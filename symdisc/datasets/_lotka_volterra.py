"""The Lotka-Volterra system of predators and prey."""

import numpy as np
import sympy
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import StrOptions, validate_params

from symdisc.datasets._ode import (
    CONSTRAINTS,
    add_noise,
    draw,
    latent_equations,
    simulate,
)

_A, _B, _C, _D = sympy.Rational(2, 3), sympy.Rational(4, 3), 1, 1
_LOWEST, _HIGHEST = 3.0, 4.5  # energies of the trajectories

_DESCR = """\
Lotka-Volterra system
---------------------
Prey x and predators y obey

    dx/dt = a x - b x y
    dy/dt = -c y + d x y

with a = 2/3, b = 4/3, c = d = 1. In the canonical coordinates q = log x, p = log y
these are Hamilton's equations dq/dt = -dH/dp, dp/dt = dH/dq of

    H = d exp(q) - c q + b exp(p) - a p

which is constant along each trajectory. Trajectories start with x and y uniform in
[0, 1] where 3 <= H <= 4.5. They are closed: the motion along them is a symmetry,
SO(2), but acts linearly in neither set of coordinates.

J. Yang, N. Dehmamy, R. Walters, R. Yu. Latent space symmetry discovery.
arXiv:2310.00105 (2023), whose code has these parameters and initial states.
"""


@validate_params(
    {**CONSTRAINTS, "coordinates": [StrOptions({"canonical", "population"})]},
    prefer_skip_nested_validation=True,
)
def make_lotka_volterra(
    n_trajectories=100,
    n_steps=1000,
    dt=0.02,
    *,
    coordinates="canonical",
    noise=0.0,
    random_state=None,
):
    r"""Simulate the Lotka-Volterra system of predators and prey.

    In the logarithms :math:`q` of the number of prey and :math:`p` of that of
    predators,

    .. math:: \dot q = a - b e^p, \quad \dot p = d e^q - c

    with :math:`a = 2/3`, :math:`b = 4/3`, :math:`c = d = 1`. Along each trajectory
    :math:`H = d e^q - c q + b e^p - a p` is constant.

    Parameters
    ----------
    n_trajectories : int, default=100
        Number of trajectories.

    n_steps : int, default=1000
        Number of snapshots of each trajectory.

    dt : float, default=0.02
        Time between snapshots. The integrator chooses its own steps.

    coordinates : {"canonical", "population"}, default="canonical"
        Whether the state is (q, p) or its exponential, the populations.

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

        X, X_dot : ndarray of shape (n, 2)
            States with noise, and rates without, trajectory after trajectory.
        t : ndarray of shape (n,)
            Times of the snapshots, from 0 in each trajectory.
        groups : ndarray of shape (n,)
            Trajectory of each snapshot.
        Z, Z_dot : ndarray of shape (n, 2)
            States and rates without noise.
        equations : EquationSystem
            Equations of ``Z``, exact.
        symmetry : None
            No continuous group of linear maps keeps the equations; see ``energy``.
        energy : callable
            Maps states (n, 2) to the conserved :math:`H` (n,).
        DESCR : str
            Description with sources.

    References
    ----------
    .. [1] J. Yang, N. Dehmamy, R. Walters, R. Yu. "Latent space symmetry
       discovery". arXiv:2310.00105 (2023).

    Examples
    --------
    >>> from symdisc.datasets import make_lotka_volterra
    >>> data = make_lotka_volterra(n_trajectories=4, n_steps=50, random_state=0)
    >>> data.X.shape
    (200, 2)
    >>> print(data.equations)
    dz0/dt = 0.6667 - 1.333*exp(z1)
    dz1/dt = exp(z0) - 1
    """
    rng = check_random_state(random_state)
    populations = draw(rng, [0, 0], [1, 1], n_trajectories, accept=_is_in_range)
    if coordinates == "canonical":
        start, equations, energy = np.log(populations), _canonical(), _canonical_energy
    else:
        start, equations, energy = populations, _population(), _population_energy
    latent = simulate(equations, start, dt=dt, n_steps=n_steps)
    X = latent["Z"].copy()
    add_noise(X, noise, rng)
    return Bunch(
        X=X,
        X_dot=latent["Z_dot"].copy(),
        **latent,
        equations=equations,
        symmetry=None,
        energy=energy,
        DESCR=_DESCR,
    )


def _canonical():
    q, p = sympy.symbols("z:2")
    return latent_equations(_A - _B * sympy.exp(p), _D * sympy.exp(q) - _C)


def _population():
    x, y = sympy.symbols("z:2")
    return latent_equations(_A * x - _B * x * y, -_C * y + _D * x * y)


def _canonical_energy(Z):
    q, p = np.transpose(Z)
    return _D * np.exp(q) - _C * q + float(_B) * np.exp(p) - float(_A) * p


def _population_energy(Z):
    return _canonical_energy(np.log(Z))


def _is_in_range(populations):
    H = _population_energy(populations)
    return (_LOWEST <= H) & (H <= _HIGHEST)
