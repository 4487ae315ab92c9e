"""A smooth map that lifts a few variables into many."""

from numbers import Integral, Real

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)

from symdisc.datasets._lift_families import FAMILIES, draw_lift
from symdisc.datasets._ode import CONSTRAINTS, add_noise

_KEPT = ("t", "groups", "equations", "symmetry", "algebra", "energy")
_MAX_ROWS = 2000  # from which the linearity is estimated, or images take long
_NOISE = 1e-3  # that a linear inverse has to bear, relative to the rms of X
_N_BLOCKS = 20  # of rows without groups, which go by turns to either half

_DESCR = """\
Embedding in many dimensions
----------------------------
The rows of X are smooth functions of u, the latents less their mean over all rows,
divided by their rms: the lift {lift!r} of strength {strength:g}.

Linearity: {linearity:.6g}. That is the share of the variance of the latents, each of
variance 1, that an affine map of X explains. The map is fitted to one half of the
rows and judged on the other, and the other way round. At 1, the latents can be read
off linearly. The fit is a ridge regression that allows for noise in X of 0.001 of its
rms: by small differences of large numbers, which any noise drowns, many smooth
functions give the latents linearly however they bend. Even so, as many features as
"fourier", "radial" and "pixels" have come close to 1.
"""


@validate_params(
    {
        "system": [HasMethods(["keys"])],
        "n_features": [Interval(Integral, 2, None, closed="left")],
        "lift": [StrOptions(set(FAMILIES))],
        "strength": [Interval(Real, 0, None, closed="left")],
        "n_dimensions": [Interval(Integral, 2, None, closed="left"), None],
        "noise": CONSTRAINTS["noise"],
        "random_state": CONSTRAINTS["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_embedded(
    system,
    n_features=100,
    *,
    lift="sine",
    strength=1.0,
    n_dimensions=None,
    noise=0.0,
    random_state=None,
):
    r"""Lift the latent states of a system into many dimensions.

    Let :math:`u` be the latents less their mean, divided by their rms over all rows
    and columns. A snapshot is, with random :math:`A`, :math:`B`, :math:`C`, :math:`b`,

    .. math:: x = A u + B f(u) \quad \text{or} \quad x = f(u).

    In the first form the columns of :math:`A` are orthonormal, and what
    :math:`B f(u)` has of an affine map of :math:`u` on the given rows is taken away.

    - ``"linear"``: :math:`A u` alone.
    - ``"sine"``: :math:`f = \sin(C u + b)`, up to 8 functions, with columns of
      :math:`B` orthogonal to those of :math:`A`: :math:`A' x = u` at any strength.
    - ``"polynomial3"``, ``"polynomial5"``: polynomials of degree 3 or 5.
    - ``"tanh_quadratic"``: squares, and tanh, of random projections.
    - ``"perceptron2"``, ``"perceptron4"``: a random network of 2 or 4 layers of tanh.
    - ``"fourier"``: :math:`x = \cos(C u + b)`, one frequency for each feature.
    - ``"radial"``: Gaussian bumps with centres all over the box of the latents, as
      neurons code a place.
    - ``"pixels"``: a blob in a square image. The first two latents are its position,
      the third its width, the fourth its amplitude; each four more do so for one more
      blob, dark and bright by turns and broader each time.

    From the polynomials to the networks, :math:`A` and :math:`B` share
    ``n_dimensions``, for as many functions, at least 32. A generic map into 2 k + 1
    dimensions has an inverse [1]_, and the fewer there are, the less linear it is. The
    inverse is not checked for the states at hand: the larger ``strength``, the closer
    come distant states.

    Parameters
    ----------
    system : :class:`~sklearn.utils.Bunch` or dict
        Latent states ``Z`` of shape (n, k), as a generator of this package returns
        them, and if they move their rates ``Z_dot``, of the same shape.

    n_features : int, default=100
        Number of features, more than k. A square number for ``"pixels"``. The columns
        have only k + 8 independent directions for ``"sine"``, and as many as there
        are monomials for polynomials.

    lift : str, default="sine"
        Family of the map, one of the list above.

    strength : float, default=1.0
        How nonlinear the map is; 0.3 to 1 is moderate. For ``"sine"`` to
        ``"perceptron4"``, the rms of the nonlinear part relative to that of
        :math:`A u`, over the given rows. For ``"fourier"`` the frequencies, whose
        standard deviation is 0.6 ``strength``. For ``"radial"`` the inverse width:
        it is :math:`0.7 \sqrt{k}` / ``strength``. For ``"pixels"`` the displacement of
        the blob, which moves up to 0.5 ``strength`` of half an image off its centre
        with a width of 0.35. ``"linear"`` ignores it.

    n_dimensions : int, default=None
        Number of independent directions that the columns have for polynomials,
        ``"tanh_quadratic"`` and networks, from k + 1 to ``n_features``, the default.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column. ``X_dot`` stays exact.

    random_state : int, RandomState instance or None, default=None
        Determines the random numbers of the map, and the noise. The units of the
        latents and the size of the nonlinear part come from the given rows: to lift
        training and test data by one map, lift them in one call and split by
        ``groups``, or use ``lift`` of the result.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n, n_features)
            Snapshots, one a row.
        X_dot : ndarray of shape (n, n_features) or None
            Time derivatives of the snapshots without noise, exact; None where the
            system has no rates.
        Z, Z_dot : ndarray of shape (n, k)
            As in ``system``; ``Z_dot`` may be None.
        t, groups, equations, symmetry, algebra, energy : object or None
            As in ``system``, None where it has no such key.
        A : ndarray of shape (n_features, k) or None
            Orthonormal columns of the linear part, if there is one.
        lift : callable
            The map itself: ``lift(Z)`` gives the snapshots of any states, without
            noise, and ``lift(Z, Z_dot)`` snapshots and rates. Its ``center`` and
            ``scale`` are what the latents are measured by.
        linearity : float
            How well an affine map of ``X`` gives the latents: the share of their
            variance that it explains on rows that it was not fitted to, at most 1.
            Latents are scaled to variance 1; halves are every other group or block;
            the fit is a ridge regression that allows for noise of 0.001 of the rms of
            ``X``. Not a number with fewer than two rows in a half; too low where
            ``X`` is noisy and has hardly more rows than columns.
        DESCR : str
            Description of the system and of the map.

    Raises
    ------
    ValueError
        If ``system`` has no ``Z``; if ``Z`` and ``Z_dot`` are not finite arrays of
        one shape; if the rows of ``Z`` are all the same or too few for a nonlinear
        map; if ``n_features`` is too small, or not a square number for ``"pixels"``;
        or if ``strength`` is 0 for ``"fourier"``, ``"radial"`` or ``"pixels"``.

    References
    ----------
    .. [1] H. Whitney. "Differentiable manifolds". Annals of Mathematics 37 (1936),
       645-680.

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
    >>> images = make_embedded(pendulum, 144, lift="pixels", random_state=0)
    >>> bool(abs(images.lift(images.Z[:5]) - images.X[:5]).max() < 1e-12)
    True
    """
    Z, Z_dot = _check_states(system)
    rng = check_random_state(random_state)
    embed, A = draw_lift(lift, Z, n_features, strength, rng, n_dimensions)
    X, X_dot = (embed(Z), None) if Z_dot is None else embed(Z, Z_dot)
    add_noise(X, noise, rng)
    linearity = _linearity(X, Z, system.get("groups"))
    DESCR = _DESCR.format(lift=lift, strength=strength, linearity=linearity)
    return Bunch(
        X=X,
        X_dot=X_dot,
        Z=Z,
        Z_dot=Z_dot,
        A=A,
        lift=embed,
        linearity=linearity,
        **{key: system.get(key) for key in _KEPT},
        DESCR="\n".join([*filter(None, [system.get("DESCR")]), DESCR]),
    )


def _check_states(system):
    if "Z" not in system:
        raise ValueError(
            f"system has the keys {sorted(system)} but not 'Z'; give the latent states "
            "'Z' and, if they move, their rates 'Z_dot'."
        )
    Z = np.asarray(system["Z"], dtype=float)
    Z_dot = system.get("Z_dot")
    Z_dot = None if Z_dot is None else np.asarray(Z_dot, dtype=float)
    if Z.ndim != 2 or 0 in Z.shape:
        raise ValueError(
            f"system has Z of shape {Z.shape}; give an array of shape (n, k)."
        )
    if Z_dot is not None and Z_dot.shape != Z.shape:
        raise ValueError(
            f"system has Z of shape {Z.shape} and Z_dot of shape {Z_dot.shape}; give "
            "two arrays of one shape (n, k)."
        )
    if not all(np.isfinite(array).all() for array in (Z, Z_dot) if array is not None):
        raise ValueError(
            "system has NaN or infinity in Z or Z_dot; drop the rows concerned."
        )
    return Z, Z_dot


def _linearity(X, Z, groups):
    """Share of the variance of Z that an affine map of X explains, held out."""
    half = _halves(groups, len(Z))
    rows = np.unique(np.linspace(0, len(Z) - 1, min(_MAX_ROWS, len(Z))).astype(int))
    X, Z, half = X[rows], Z[rows], half[rows]
    if min(half.sum(), (~half).sum()) < 2:
        return np.nan
    spread = Z.std(axis=0)
    moving = spread > 1e-12 * spread.max()
    Z = (Z[:, moving] - Z[:, moving].mean(axis=0)) / spread[moving]
    residual, k = np.empty_like(Z), Z.shape[1]
    noise = max(_NOISE**2 * X.var(axis=0).mean(), np.finfo(float).tiny)
    for fitted in (half, ~half):
        inverse = Ridge(noise * fitted.sum()).fit(X[fitted], Z[fitted])
        residual[~fitted] = Z[~fitted] - inverse.predict(X[~fitted]).reshape(-1, k)
    return float(1 - np.mean(residual**2))


def _halves(groups, n):
    """Every other group; without at least two of them, every other block of rows."""
    if groups is not None:
        numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
        if numbers.max() > 0:
            return numbers % 2 == 0
    return np.arange(n) * _N_BLOCKS // n % 2 == 0
