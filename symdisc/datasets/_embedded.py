"""A smooth map that lifts a few variables into many."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, validate_params

from symdisc.datasets._lift import random_frame
from symdisc.datasets._ode import CONSTRAINTS, add_noise

_KEPT = ("t", "groups", "equations", "symmetry", "algebra", "energy")

_DESCR = """\
Embedding in many dimensions
----------------------------
One row of X is

    x = A z + nonlinearity * B sin(C z + b)

with random C and b and orthonormal columns of A and B together. Hence x has an
inverse whatever the nonlinearity: no two states come closer than they were, and
A' x = z. Close to the origin the period of the sine is 2 pi, so z should be
of order 1.
"""


@validate_params(
    {
        "system": [HasMethods(["keys"])],
        "n_features": [Interval(Integral, 2, None, closed="left")],
        "nonlinearity": [Interval(Real, 0, None, closed="left")],
        "noise": CONSTRAINTS["noise"],
        "random_state": CONSTRAINTS["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_embedded(
    system, n_features=100, *, nonlinearity=1.0, noise=0.0, random_state=None
):
    r"""Lift the latent states of a system into many dimensions.

    A snapshot is

    .. math:: x = A z + s B \sin(C z + b)

    with :math:`s` the ``nonlinearity``, normal random :math:`C`, uniform random
    :math:`b`, and random :math:`A` and :math:`B` whose columns together are
    orthonormal. The map has an inverse, and no singular value of its Jacobian is
    below 1, for any ``nonlinearity``.

    Parameters
    ----------
    system : :class:`~sklearn.utils.Bunch` or dict
        Latent states and rates ``Z`` and ``Z_dot``, both of shape (n, k), as a
        generator of this package returns them. Scale them to order 1.

    n_features : int, default=100
        Number of features, more than k.

    nonlinearity : float, default=1.0
        Amplitude :math:`s` of the nonlinear part.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column. ``X_dot`` stays exact.

    random_state : int, RandomState instance or None, default=None
        Determines the map and the noise. The same seed lifts other states of the
        same system, for example test data, by the same map.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n, n_features)
            Snapshots, one a row.
        X_dot : ndarray of shape (n, n_features)
            Time derivatives of the snapshots without noise.
        Z, Z_dot : ndarray of shape (n, k)
            As in ``system``.
        t, groups, equations, symmetry, algebra, energy : object or None
            As in ``system``, None where it has no such key.
        A : ndarray of shape (n_features, k)
            Linear part of the map.
        DESCR : str
            Description of the system and of the map.

    Raises
    ------
    ValueError
        If ``system`` has no ``Z`` or ``Z_dot``, if they are not finite arrays of
        one shape, or if ``n_features`` is too small.

    Examples
    --------
    >>> from symdisc.datasets import make_embedded, make_pendulum
    >>> pendulum = make_pendulum(n_trajectories=4, n_steps=50, random_state=0)
    >>> data = make_embedded(pendulum, random_state=0)
    >>> data.X.shape
    (200, 100)
    >>> print(data.equations)
    dz0/dt = z1
    dz1/dt = -sin(z0)
    """
    Z, Z_dot = _check_states(system)
    rng = check_random_state(random_state)
    A, B = random_frame(Z.shape[1], n_features, rng)
    B = nonlinearity * B
    C = rng.normal(size=(B.shape[1], Z.shape[1]))
    phase = Z @ C.T + rng.uniform(0, 2 * np.pi, len(C))
    X = Z @ A.T + np.sin(phase) @ B.T
    X_dot = Z_dot @ A.T + (np.cos(phase) * (Z_dot @ C.T)) @ B.T
    add_noise(X, noise, rng)
    return Bunch(
        X=X,
        X_dot=X_dot,
        Z=Z,
        Z_dot=Z_dot,
        A=A,
        **{key: system.get(key) for key in _KEPT},
        DESCR="\n".join([*filter(None, [system.get("DESCR")]), _DESCR]),
    )


def _check_states(system):
    for name in ("Z", "Z_dot"):
        if name not in system:
            raise ValueError(
                f"system has the keys {sorted(system)} but not {name!r}; give the "
                "latent states 'Z' and their rates 'Z_dot'."
            )
    Z, Z_dot = (np.asarray(system[name], dtype=float) for name in ("Z", "Z_dot"))
    if Z.ndim != 2 or Z.shape != Z_dot.shape:
        raise ValueError(
            f"system has Z of shape {Z.shape} and Z_dot of shape {Z_dot.shape}; give "
            "two arrays of one shape (n, k)."
        )
    if not (np.isfinite(Z).all() and np.isfinite(Z_dot).all()):
        raise ValueError(
            "system has NaN or infinity in Z or Z_dot; drop the rows concerned."
        )
    return Z, Z_dot
