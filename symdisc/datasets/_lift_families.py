"""Families of lifts: how a snapshot depends on a few standardised latents."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import isqrt

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy.linalg import lstsq

from symdisc.datasets._lift import push_forward, random_frame

_WIDTH = 32  # functions of the nonlinear part, at least
_GAIN = 1.5  # of a network's layers: enough for tanh to bend, too little to saturate
_FREQUENCY = 0.6  # of Fourier features at strength 1
_BUMP = 0.7  # width of a bump at strength 1, times the root of the number of latents
_REACH = 0.5  # of a blob at strength 1, where the image ends at 1
_BLOB = 0.35  # width of a blob, in the same unit
_BREATH = 0.4  # logarithm of the largest change of a blob's width or amplitude
_FLAT = 1e-9  # variation below this share of the size is taken for rounding


@dataclass(frozen=True)
class Lift:
    """A map of latent states to features, and of their rates.

    Parameters
    ----------
    function : callable
        Analytic map of standardised states (n, k) to features (n, n_features).
    center : ndarray of shape (k,)
        State that becomes 0.
    scale : float
        Size of the states, which becomes 1.
    """

    function: Callable
    center: np.ndarray
    scale: float

    def __call__(self, Z, Z_dot=None):
        """Lift states, without noise.

        Parameters
        ----------
        Z : array-like of shape (n, k)
            Latent states.
        Z_dot : array-like of shape (n, k), default=None
            Their rates.

        Returns
        -------
        X : ndarray of shape (n, n_features)
            Snapshots.
        X_dot : ndarray of shape (n, n_features)
            Their rates, where ``Z_dot`` is given.
        """
        U = (np.asarray(Z, dtype=float) - self.center) / self.scale
        if Z_dot is None:
            return self.function(U)
        return push_forward(self.function, U, np.asarray(Z_dot) / self.scale)


def draw_lift(family, Z, n_features, strength, rng, n_dimensions=None):
    """Draw a lift of one family for the given states.

    Parameters
    ----------
    family : str
        A key of ``BENT`` or ``CODES``, or "linear".
    Z : ndarray of shape (n, k)
        Latent states, which set the units. The random numbers do not depend on them.
    n_features : int
        Number of features, more than k.
    strength : float
        As in `symdisc.datasets.make_embedded`.
    rng : numpy.random.RandomState
        Source of randomness.
    n_dimensions : int, optional
        As in `symdisc.datasets.make_embedded`.

    Returns
    -------
    lift : Lift
        The map.
    A : ndarray of shape (n_features, k) or None
        Orthonormal columns of its linear part, if it has one.

    Raises
    ------
    ValueError
        If the states are all the same or too few, or if ``n_features`` or
        ``strength`` do not suit the family.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._lift_families import draw_lift
    >>> Z = np.linspace(-1, 1, 20).reshape(10, 2)
    >>> lift, A = draw_lift("fourier", Z, 30, 1.0, np.random.RandomState(0))
    >>> lift(Z).shape, A is None
    ((10, 30), True)
    """
    k = Z.shape[1]
    if n_features <= k:
        raise ValueError(
            f"n_features={n_features} are not more than the {k} latent variables of "
            f"system; give at least {k + 1} features."
        )
    center = Z.mean(axis=0)
    scale = float(np.sqrt(np.mean((Z - center) ** 2)))
    if not scale > _FLAT * np.abs(Z).max():
        raise ValueError(
            f"system has Z of shape {Z.shape} whose rows are all the same; give rows "
            "that differ."
        )
    U, A = (Z - center) / scale, None
    if family in CODES:
        if strength == 0:
            raise ValueError(
                f"strength=0 makes lift={family!r} constant; give a positive strength, "
                "for example 1."
            )
        function = CODES[family](U, n_features, strength, rng)
    else:
        if n_dimensions is not None and not k < n_dimensions <= n_features:
            raise ValueError(
                f"n_dimensions={n_dimensions} is not between {k + 1}, one more than "
                f"the latent variables of system, and n_features={n_features}."
            )
        n_dimensions = n_dimensions or n_features
        function, A = _linear_and_bent(
            family, U, n_features, strength, rng, n_dimensions
        )
    return Lift(function, center, scale), A


def _linear_and_bent(family, U, n_features, strength, rng, n_dimensions):
    """Return ``A u + N(u)`` where N has no affine part on the rows of ``U``."""
    k = U.shape[1]
    if family == "linear":
        A = np.linalg.qr(rng.normal(size=(n_features, k)))[0]
        return partial(_affine_and, slope=A, offset=0.0), A
    if family == "sine":
        A, B = random_frame(k, n_features, rng)
    else:
        A, B = _shared_frame(k, n_features, n_dimensions, rng)
    functions = BENT[family](U, B.shape[1], rng)
    values = functions(U)
    affine = np.pad(U, ((0, 0), (1, 0)), constant_values=1.0)
    fit = lstsq(affine, values)[0]
    size = np.linalg.norm((values - affine @ fit) @ B.T)
    if strength > 0 and not size > _FLAT * np.linalg.norm(values):
        raise ValueError(
            f"system has Z of shape {U.shape}, in which an affine map equals "
            f"lift={family!r}; give more rows than {k + 1}, all different."
        )
    if strength > 0:
        B = B / size
    B = strength * np.linalg.norm(U) * B
    bend = partial(
        _affine_and,
        slope=A - B @ fit[1:].T,
        offset=-B @ fit[0],
        functions=functions,
        B=B,
    )
    return bend, A


def _affine_and(U, slope, offset, functions=None, B=None):
    X = U @ slope.T + offset
    return X if functions is None else X + functions(U) @ B.T


def _shared_frame(k, n_features, n_dimensions, rng):
    """Draw columns of a linear and of a nonlinear part that share some dimensions.

    A generic map of k variables to 2 k + 1 has an inverse (Whitney), but with as many
    functions as dimensions no linear map separates the linear part from the others.
    """
    frame = np.linalg.qr(rng.normal(size=(n_features, n_dimensions)))[0]
    inner = np.linalg.qr(rng.normal(size=(n_dimensions, k)))[0]
    width = max(_WIDTH, n_dimensions)
    return frame @ inner, frame @ rng.normal(size=(n_dimensions, width))


def _directions(k, n, rng):
    W = rng.normal(size=(n, k))
    return W / np.linalg.norm(W, axis=1, keepdims=True)


def _sine(U, n, rng):
    C = rng.normal(size=(n, U.shape[1]))
    return partial(_sine_values, C=C, b=rng.uniform(0, 2 * np.pi, n))


def _sine_values(U, C, b):
    return np.sin(U @ C.T + b)


def _polynomial(U, n, rng, *, degree):
    W = _directions(U.shape[1], n, rng) / np.linalg.norm(U, axis=1).max()
    # Smaller coefficients of higher degrees: else distant states come close.
    c = rng.normal(size=(n, degree - 1)) / np.arange(1, degree)
    return partial(_legendre_values, W=W, c=c)


def _legendre_values(U, W, c):
    """Polynomials of degrees from 2 of projections that are in [-1, 1]."""
    return (legvander(U @ W.T, c.shape[1] + 1)[..., 2:] * c).sum(axis=2)


def _tanh_quadratic(U, n, rng):
    W = _directions(U.shape[1], n, rng)
    return partial(_tanh_quadratic_values, W=W, b=rng.normal(size=n - n // 2))


def _tanh_quadratic_values(U, W, b):
    n_squares = len(W) - len(b)
    V = U @ W.T
    bent = np.tanh(_GAIN * V[:, n_squares:] + b)
    return np.hstack([V[:, :n_squares] ** 2 / 2, bent])


def _perceptron(U, n, rng, *, n_layers):
    sizes = [U.shape[1], *[n] * n_layers]
    weights = [
        _GAIN * rng.normal(size=(after, before)) / np.sqrt(before)
        for before, after in pairwise(sizes)
    ]
    biases = [rng.normal(size=len(W)) for W in weights]
    return partial(_perceptron_values, weights=weights, biases=biases)


def _perceptron_values(U, weights, biases):
    for W, b in zip(weights, biases, strict=True):
        U = np.tanh(U @ W.T + b)
    return U


def _fourier(U, n_features, strength, rng):
    W = _FREQUENCY * strength * rng.normal(size=(n_features, U.shape[1]))
    return partial(_fourier_values, W=W, b=rng.uniform(0, 2 * np.pi, n_features))


def _fourier_values(U, W, b):
    return np.cos(U @ W.T + b)


def _radial(U, n_features, strength, rng):
    low, high = U.min(axis=0), U.max(axis=0)
    centers = low + (high - low) * rng.uniform(size=(n_features, len(low)))
    width = _BUMP * np.sqrt(len(low)) / strength
    return partial(_radial_values, centers=centers, width=width)


def _radial_values(U, centers, width):
    # Not abs(...)**2, which is not analytic.
    distances = sum((u[:, None] - c) ** 2 for u, c in zip(U.T, centers.T, strict=True))
    return np.exp(-distances / (2 * width**2))


def _pixels(U, n_features, strength, rng):
    side = isqrt(n_features)
    if side**2 != n_features:
        raise ValueError(
            f"n_features={n_features} is not the number of pixels of a square image; "
            f"give {side**2 or 4} or {(side + 1) ** 2} features with lift='pixels'."
        )
    return partial(
        _pixel_values, side=side, unit=np.abs(U).max(axis=0), reach=_REACH * strength
    )


def _pixel_values(U, side, unit, reach):
    """Bright and dark blobs by turns, each placed and shaped by four latents."""
    V = U / np.where(unit > 0, unit, 1.0)
    V = np.pad(V, ((0, 0), (0, -V.shape[1] % 4)))
    grid = np.linspace(-1, 1, side)
    image = 0.0
    for blob, latents in enumerate(np.split(V.T, V.shape[1] // 4)):
        x, y, breadth, brightness = latents[..., None]
        width = _BLOB * 1.5**blob * np.exp(_BREATH * breadth)
        height = (-1) ** blob * np.exp(_BREATH * brightness)
        across = np.exp(-(((grid - reach * x) / width) ** 2) / 2)
        down = np.exp(-(((grid - reach * y) / width) ** 2) / 2)
        image = image + (height * down)[:, :, None] * across[:, None, :]
    return image.reshape(len(V), side**2)


BENT = {
    "sine": _sine,
    "polynomial3": partial(_polynomial, degree=3),
    "polynomial5": partial(_polynomial, degree=5),
    "tanh_quadratic": _tanh_quadratic,
    "perceptron2": partial(_perceptron, n_layers=2),
    "perceptron4": partial(_perceptron, n_layers=4),
}
CODES = {"fourier": _fourier, "radial": _radial, "pixels": _pixels}
FAMILIES = ("linear", *BENT, *CODES)
