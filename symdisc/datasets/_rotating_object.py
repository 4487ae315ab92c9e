"""Images of an object that turns in space."""

from numbers import Integral

import numpy as np
from scipy.spatial.transform import Rotation
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc._lie.known import known_algebra
from symdisc.datasets._lift import N_SAMPLES, push_forward
from symdisc.datasets._ode import CONSTRAINTS, add_noise
from symdisc.datasets._rendering import HALF_WIDTH, look_around, render

_SPINS = np.array([1.0, 0.6, 0.3])  # standard deviations about the object's axes

_DESCR = """\
Turning object
--------------
Images of a rigid object of seven Gaussian blobs, without any symmetry of its own, in
uniformly random orientations R, all of which look different. It is seen along
parallel lines by cameras at equal angles on half a circle, and what is nearer is
brighter.

The object turns at an angular velocity w that is constant in its own axes and
normal, with standard deviations 1, 0.6 and 0.3 about them: dR/dt = R W with the
skew matrix W of w. Turning space, R -> Q R, is a symmetry of orientations and rates
together, SO(3), which acts linearly on the entries of R. Turning the object in its
own axes, R -> R Q, keeps the distribution of the orientations alone, which hence is
of symmetry SO(3) x SO(3), but not that of w.

J. Yang, N. Dehmamy, R. Walters, R. Yu. Latent space symmetry discovery.
arXiv:2310.00105 (2023), who use images of furniture.
"""


@validate_params(
    {
        "n_samples": N_SAMPLES,
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "dt": CONSTRAINTS["dt"],
        "n_pixels": [Interval(Integral, 4, None, closed="left")],
        "n_views": [Interval(Integral, 1, None, closed="left")],
        "noise": CONSTRAINTS["noise"],
        "random_state": CONSTRAINTS["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_rotating_object(
    n_samples=2000,
    n_steps=1,
    dt=0.1,
    *,
    n_pixels=32,
    n_views=1,
    noise=0.0,
    random_state=None,
):
    r"""Render an object in random orientations, or while it turns.

    Turning space, :math:`R \to Q R` of the orientation :math:`R`, is a symmetry of
    images and rates together, SO(3).

    Parameters
    ----------
    n_samples : int, default=2000
        Number of snapshots, a multiple of ``n_steps``.

    n_steps : int, default=1
        Number of snapshots of each trajectory. With 1 all orientations are
        independent.

    dt : float, default=0.1
        Time between the snapshots of a trajectory.

    n_pixels : int, default=32
        Number of pixels along each side of an image.

    n_views : int, default=1
        Number of cameras whose images make up a snapshot.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column. ``X_dot`` stays exact.

    random_state : int, RandomState instance or None, default=None
        Determines the orientations, the angular velocities and the noise. More
        trajectories with the same seed begin with the same ones.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, n_views * n_pixels ** 2)
            Snapshots, one a row, trajectory after trajectory.
        X_dot : ndarray of the shape of ``X``
            Time derivatives of the snapshots without noise, exact to rounding.
        t : ndarray of shape (n_samples,)
            Times of the snapshots, from 0 in each trajectory.
        groups : ndarray of shape (n_samples,)
            Trajectory of each snapshot.
        rotations : ndarray of shape (n_samples, 3, 3)
            Orientations of the object.
        Z, Z_dot : ndarray of shape (n_samples, 9)
            Entries of the orientations, row by row, and their rates.
        grid : ndarray of shape (n_pixels,)
            Coordinates of the pixels along either axis of an image.
        symmetry : str
            ``"so(3)"``.
        algebra : ndarray of shape (3, 9, 9)
            Its generators, which act on ``Z``.
        DESCR : str
            Description with sources.

    Raises
    ------
    ValueError
        If ``n_samples`` is not a multiple of ``n_steps``.

    References
    ----------
    .. [1] J. Yang, N. Dehmamy, R. Walters, R. Yu. "Latent space symmetry
       discovery". arXiv:2310.00105 (2023).

    Examples
    --------
    >>> from symdisc.datasets import make_rotating_object
    >>> data = make_rotating_object(n_samples=10, n_views=2, random_state=0)
    >>> data.X.shape, data.rotations.shape
    ((10, 2048), (10, 3, 3))
    """
    rng = check_random_state(random_state)
    if n_samples % n_steps:
        raise ValueError(
            f"n_samples={n_samples} is not a multiple of n_steps={n_steps}; give whole "
            f"trajectories, for example {n_steps * (n_samples // n_steps + 1)} samples."
        )
    t = np.tile(dt * np.arange(n_steps), n_samples // n_steps)
    rotations, rates = _turn(t, n_steps, rng)
    cameras = look_around(n_views)
    grid = np.linspace(-HALF_WIDTH, HALF_WIDTH, n_pixels)
    X, X_dot = push_forward(lambda R: render(R, cameras, grid), rotations, rates)
    add_noise(X, noise, rng)
    so3 = known_algebra("so(3)", 3).basis
    return Bunch(
        X=X,
        X_dot=X_dot,
        t=t,
        groups=np.repeat(np.arange(n_samples // n_steps), n_steps),
        rotations=rotations,
        Z=rotations.reshape(-1, 9),
        Z_dot=rates.reshape(-1, 9),
        grid=grid,
        symmetry="so(3)",
        algebra=np.stack([np.kron(L, np.eye(3)) for L in so3]),
        DESCR=_DESCR,
    )


def _turn(t, n_steps, rng):
    """Return the orientations at all times and their rates, both (n_samples, 3, 3)."""
    draws = rng.normal(size=(len(t) // n_steps, 7))
    # A normal quaternion, once scaled, is uniform on the group.
    start = Rotation.from_quat(np.repeat(draws[:, :4], n_steps, axis=0))
    velocities = np.repeat(_SPINS * draws[:, 4:], n_steps, axis=0)
    rotations = (start * Rotation.from_rotvec(t[:, None] * velocities)).as_matrix()
    # Row i of the cross products is the i-th column of the skew matrix.
    skew = np.cross(velocities[:, None], np.eye(3)).swapaxes(1, 2)
    return rotations, rotations @ skew
