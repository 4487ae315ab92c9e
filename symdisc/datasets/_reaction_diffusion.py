"""The lambda-omega reaction-diffusion system: a rotating spiral wave."""

from itertools import islice
from numbers import Integral, Real

import numpy as np
from scipy.fft import fft2, fftfreq, ifft2
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, validate_params
from sympy import Eq, Function, Symbol
from tqdm import tqdm

_LENGTH = 20.0  # of the periodic square [-10, 10)^2

_DESCR = """\
Lambda-omega reaction-diffusion system (spiral wave)
----------------------------------------------------
The complex amplitude A = u + iv on the periodic square [-10, 10)^2 obeys

    dA/dt = (1 - |A|^2) A - i beta |A|^2 A + diffusion * Laplacian(A)

from A = tanh(r) exp(i (n_arms * theta - r)). One row of X is u exp(-r^2 / 100)
on the grid, row by row: the mask hides the seams of the periodic square.

The system is equivariant under A -> exp(i alpha) A. The spiral turns at a nearly
constant rate omega, so in suitable latent coordinates, up to their scale and
orientation, dz0/dt = omega z1 and dz1/dt = -omega z0. Exchanging the coordinates
or reflecting one of them changes the sign of both terms: compare |omega|.
While it turns, the spiral drifts slowly, for as long as it is followed.

K. Champion, B. Lusch, J. N. Kutz, S. L. Brunton. Data-driven discovery of
coordinates and governing equations. PNAS 116 (2019), 22445-22451.
J. Yang, N. Dehmamy, R. Walters, R. Yu. Latent space symmetry discovery.
arXiv:2310.00105 (2023).
"""


def _spiral(grid, n_arms):
    """Return the initial amplitude of a spiral wave, (n_grid, n_grid) complex."""
    x, y = np.meshgrid(grid, grid)
    r = np.hypot(x, y)
    return np.tanh(r) * np.exp(1j * (n_arms * np.arctan2(y, x) - r))


def _integrate(amplitude, *, dt, diffusion, beta):
    """Yield (A, dA/dt) at t = 0, dt, 2 dt, ... without end.

    Fourier in space, fourth-order Runge-Kutta in time with the linear terms as
    an integrating factor, so that diffusion never limits dt.
    """
    n_grid = len(amplitude)
    k = 2 * np.pi * fftfreq(n_grid, _LENGTH / n_grid)
    linear = 1 - diffusion * (k[:, None] ** 2 + k**2)
    half = np.exp(linear * dt / 2)
    full = half * half

    def reaction(a):
        A = ifft2(a)
        return fft2(-(1 + 1j * beta) * (A.real**2 + A.imag**2) * A)

    a = fft2(amplitude)
    while True:
        k1 = reaction(a)
        yield ifft2(a), ifft2(linear * a + k1)
        k2 = reaction(half * (a + dt / 2 * k1))
        k3 = reaction(half * a + dt / 2 * k2)
        k4 = reaction(full * a + dt * half * k3)
        a = full * a + dt / 6 * (full * k1 + 2 * half * (k2 + k3) + k4)


def _record(steps, mask, *, n_steps, burn_in, verbose):
    """Return the masked u and du/dt of ``n_steps`` snapshots, and their phases."""
    X = np.empty((n_steps, mask.size))
    X_dot = np.empty_like(X)
    turns = np.zeros(n_steps)
    previous = None
    # A step too long for RK4 ends in inf and nan: the caller finds them in the phase.
    with np.errstate(over="ignore", invalid="ignore"):
        snapshots = islice(steps, burn_in, burn_in + n_steps)
        bar = tqdm(snapshots, "simulating", n_steps, disable=not verbose)
        for i, (A, A_dot) in enumerate(bar):
            field = A * mask
            X[i] = field.real.ravel()
            X_dot[i] = (A_dot.real * mask).ravel()
            turns[i] = 0 if previous is None else np.angle(np.vdot(previous, field))
            previous = field
    return X, X_dot, np.cumsum(turns)


@validate_params(
    {
        "n_steps": [Interval(Integral, 2, None, closed="left")],
        "n_grid": [Interval(Integral, 4, None, closed="left")],
        "dt": [Interval(Real, 0, None, closed="neither")],
        "diffusion": [Interval(Real, 0, None, closed="left")],
        "beta": [Interval(Real, None, None, closed="neither")],
        "n_arms": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "burn_in": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def make_reaction_diffusion(
    n_steps=5000,
    *,
    n_grid=100,
    dt=0.05,
    diffusion=0.1,
    beta=1.0,
    n_arms=1,
    noise=0.0,
    burn_in=200,
    random_state=None,
    verbose=0,
):
    r"""Simulate the lambda-omega reaction-diffusion system, a rotating spiral wave.

    The complex amplitude :math:`A = u + iv` obeys

    .. math:: \dot A = (1 - |A|^2) A - i \beta |A|^2 A + D \nabla^2 A

    on the periodic square :math:`[-10, 10)^2`. A snapshot is
    :math:`u \exp(-r^2 / 100)`. The dynamics is unchanged by a shift of the phase
    of :math:`A`, which is a rotation, SO(2), of a two-dimensional latent space.

    Parameters
    ----------
    n_steps : int, default=5000
        Number of snapshots returned.

    n_grid : int, default=100
        Number of grid points along each side of the square.

    dt : float, default=0.05
        Time between snapshots, which is also the step of the integrator.

    diffusion : float, default=0.1
        Diffusion coefficient :math:`D`.

    beta : float, default=1.0
        Speed of the local oscillation. Its sign is the sense of rotation.

    n_arms : int, default=1
        Number of arms of the spiral.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of ``X``. ``X_dot`` gets independent noise of the same
        relative size; it is not the derivative of the noisy ``X``.

    burn_in : int, default=200
        Number of steps dropped at the start. The first 100 or so are a fast
        transient that the slow motion on the spiral does not explain.

    random_state : int, RandomState instance or None, default=None
        Determines the noise. The simulation itself is deterministic.

    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_steps, n_grid ** 2)
            Snapshots, one a row.
        X_dot : ndarray of shape (n_steps, n_grid ** 2)
            Time derivatives of the snapshots, from the equation itself.
        t : ndarray of shape (n_steps,)
            Times of the snapshots, starting at 0 after the burn-in.
        grid : ndarray of shape (n_grid,)
            Coordinates of the grid points along either axis.
        omega : float
            Angular frequency: slope of a straight line through the phase of the
            amplitude over all snapshots. It drifts with the spiral: by default
            0.9096 over the first 500 snapshots and 0.9078 over all 5000.
        symmetry : str
            ``"so(2)"``.
        equations : list of two :class:`sympy.Eq`
            Latent equations, true up to the choice of latent coordinates:
            exchanging them or reflecting one changes the sign of both terms.
        DESCR : str
            Description with sources.

    Raises
    ------
    ValueError
        If the simulation diverges because ``dt`` is too long.

    References
    ----------
    .. [1] K. Champion, B. Lusch, J. N. Kutz, S. L. Brunton. "Data-driven
       discovery of coordinates and governing equations". PNAS 116 (2019),
       22445-22451.
    .. [2] J. Yang, N. Dehmamy, R. Walters, R. Yu. "Latent space symmetry
       discovery". arXiv:2310.00105 (2023).

    Examples
    --------
    >>> from symdisc.datasets import make_reaction_diffusion
    >>> data = make_reaction_diffusion(n_steps=50, n_grid=32)
    >>> data.X.shape
    (50, 1024)
    >>> round(data.omega, 2)
    0.91
    """
    grid = np.linspace(-_LENGTH / 2, _LENGTH / 2, n_grid, endpoint=False)
    mask = np.exp(-(grid[:, None] ** 2 + grid**2) / 100)
    steps = _integrate(_spiral(grid, n_arms), dt=dt, diffusion=diffusion, beta=beta)
    X, X_dot, phase = _record(
        steps, mask, n_steps=n_steps, burn_in=burn_in, verbose=verbose
    )
    if not np.isfinite(phase[-1]):
        raise ValueError(
            f"The simulation diverged with dt={dt} and beta={beta}; use a smaller dt."
        )
    if noise > 0:
        rng = check_random_state(random_state)
        for array in (X, X_dot):
            array += rng.normal(scale=noise * array.std(), size=array.shape)
    t = dt * np.arange(n_steps)
    omega = -float(np.polyfit(t, phase, 1)[0])
    return Bunch(
        X=X,
        X_dot=X_dot,
        t=t,
        grid=grid,
        omega=omega,
        symmetry="so(2)",
        equations=_rotation(omega),
        DESCR=_DESCR,
    )


def _rotation(omega):
    """Return the equations of a latent rotation at angular frequency ``omega``."""
    t = Symbol("t")
    z0, z1 = Function("z0")(t), Function("z1")(t)
    return [Eq(z0.diff(t), omega * z1), Eq(z1.diff(t), -omega * z0)]
