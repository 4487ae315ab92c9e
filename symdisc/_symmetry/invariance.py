"""Which linear maps change a distribution least, for a first look at many modes.

`symdisc._symmetry.distribution_residuals` bounds the change; this ranks maps of many
candidates quickly: the mean change of test functions, a quadratic form of the map.
"""

from typing import NamedTuple

import numpy as np
from scipy import linalg

# Random test functions cos(w . u + b), whose phases w . u have these scales on white
# data; the noise of their means is averaged over fewer.
N_TESTS = 512
SCALES = (1.0, 2.0)
N_NOISE_TESTS = 64
MAX_ROWS = 4000
FLOOR = 1e-12
# Errors that do not differ: of exact symmetries, of n_samples independent states.
CHANCE = 0.2
# Largest error of a symmetry, as a fraction of the median error, and smallest ratio of
# the next error to it. On data of known symmetry: at most 0.03 and at least 8; without:
# at least 0.09 or at most 4.
MAX_FRACTION = 0.05
MIN_GAP = 5.0


class Symmetries(NamedTuple):
    """Linear maps in the order of how much they change the data.

    Parameters
    ----------
    errors : ndarray of shape (n_maps,)
        Ascending. For a distribution, the squared mean over the mean square of the
        change of test functions: 1 / n_samples by chance, up to 1. For a motion, the
        squared commutator over the mean of both of its terms, from 0 to 2.
    maps : ndarray of shape (n_maps, k, k)
        Of unit norm.
    chance : float
        Errors below this do not differ.
    """

    errors: np.ndarray
    maps: np.ndarray
    chance: float


def distribution_symmetries(slots, seed=0, *, allowed=None):
    """Find the maps that leave the distribution of white data unchanged.

    Parameters
    ----------
    slots : sequence of ndarray of shape (n_samples, k)
        Vectors that one map moves together, for example latents and their rates, each
        of about unit variance.
    seed : int
        Draws rows and test functions.
    allowed : ndarray of shape (n_allowed, k, k), optional
        Linearly independent maps in whose span to look.

    Returns
    -------
    Symmetries

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.invariance import distribution_symmetries
    >>> z = np.random.default_rng(0).standard_normal((4000, 2))
    >>> found = distribution_symmetries([z])
    >>> (found.errors < 0.01).tolist()
    [True, False, False, False]
    >>> np.abs(found.maps[0]).round(1)
    array([[0. , 0.7],
           [0.7, 0. ]])
    >>> shears = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
    >>> (distribution_symmetries([z], allowed=shears).errors < 0.01).tolist()
    [True, False]
    """
    random = np.random.default_rng(seed)
    rows = random.permutation(len(slots[0]))[:MAX_ROWS]
    stacked = np.stack([slot[rows] for slot in slots], axis=1)
    n, n_slots, k = stacked.shape
    frequencies = random.standard_normal((N_TESTS, n_slots, k)) / np.sqrt(n_slots * k)
    frequencies *= random.choice(SCALES, (N_TESTS, 1, 1))
    phases = np.einsum("nsk,tsk->nt", stacked, frequencies)
    slopes = np.sin(phases + random.uniform(0, 2 * np.pi, N_TESTS))
    # Mean change of each test function along each elementary map E_ab, z_b to a.
    moments = np.einsum("nt,nsb->tsb", slopes, stacked) / n
    means = np.einsum("tsa,tsb->tab", frequencies, moments).reshape(N_TESTS, -1)
    size = np.zeros((means.shape[1],) * 2)
    for frequency, slope in zip(frequencies[:N_NOISE_TESTS], slopes.T, strict=False):
        changes = np.einsum("n,sa,nsb->nab", slope, frequency, stacked).reshape(n, -1)
        size += changes.T @ changes / n
    change = means.T @ means / N_TESTS
    return _solved(change, size / N_NOISE_TESTS, k, CHANCE / n, allowed)


def _solved(change, size, k, chance, allowed):
    span = np.eye(k * k) if allowed is None else allowed.reshape(len(allowed), k * k)
    size = size + FLOOR * np.trace(size) * np.eye(k * k)
    errors, vectors = np.zeros(0), np.zeros((0, 0))
    if len(span):  # scipy 1.11 refuses matrices without entries
        errors, vectors = linalg.eigh(*(span @ q @ span.T for q in (change, size)))
    maps = (vectors.T @ span).reshape(-1, k, k)
    maps /= np.linalg.norm(maps, axis=(1, 2), keepdims=True)
    return Symmetries(np.maximum(errors, 0.0), maps, chance)


def count_symmetries(found):
    """Count the maps whose errors have a gap to the others.

    Their errors are a small fraction of the median, and the next one is several times
    larger. The median is large because most maps are no symmetries of a compact group.

    Parameters
    ----------
    found : Symmetries

    Returns
    -------
    int

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.invariance import Symmetries, count_symmetries
    >>> errors, maps = np.array([1e-5, 2e-4, 0.2, 0.3]), np.zeros((4, 2, 2))
    >>> count_symmetries(Symmetries(errors, maps, 1e-4))
    2
    >>> count_symmetries(Symmetries(errors + 0.05, maps, 1e-4))
    0
    """
    errors = np.maximum(found.errors, found.chance)
    small = errors[:-1] <= MAX_FRACTION * np.median(errors)
    apart = np.flatnonzero(small & (errors[1:] >= MIN_GAP * errors[:-1]))
    return int(apart[0]) + 1 if len(apart) else 0
