"""Which linear maps leave data unchanged: an eigenvalue problem, without adversaries.

LieGAN (Yang, Walters, Dehmamy and Yu, ICML 2023, arXiv:2302.00236) looks for generators
L such that no discriminator separates data moved by exp(wL) from the data. For small w
and discriminators from a space of functions this condition is linear in L: the mean of
every test function must not change along the flow, E[grad f(z) . L z] = 0. For the
functions of a Gaussian kernel that is the derivative of the maximum mean discrepancy
(Gretton, Borgwardt, Rasch, Schölkopf and Smola, JMLR 13 (2012), 723-773).

Where the motion z_dot = F(z) is known, the condition on its symmetries is linear in L
as well: DF(z) L z = L F(z).

Both give a quadratic form of L, relative to its size. Its eigenvectors are all
generators at once, its eigenvalues their errors, and there is no seed.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy import linalg

from symdisc._numerics.features import (
    Monomials,
    RadialMap,
    farthest_point_rows,
    solve_radial,
)

# Random test functions cos(w . u + b), whose phases w . u have these scales on white
# data; the noise of their means is averaged over fewer.
N_TESTS = 512
SCALES = (1.0, 2.0)
N_NOISE_TESTS = 64
MAX_ROWS = 4000
# The field F is fitted by a polynomial and Gaussians around centres.
DEGREE = 3
N_CENTRES = 150
WIDTH = 5.0
RIDGE = 1e-9
FLOOR = 1e-12
# Errors that do not differ: of exact symmetries, of n_samples independent states,
# and of a field that is fitted.
CHANCE = 0.2
FIELD_ERROR = 1e-3
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
    limit : float
        Errors above this are not those of symmetries.
    """

    errors: np.ndarray
    maps: np.ndarray
    chance: float
    limit: float = np.inf


class Forms(NamedTuple):
    """Two quadratic forms of linear maps: how much they change, and how large they are.

    Parameters
    ----------
    change, size : ndarray of shape (n_maps, n_maps)
        Of maps whose entries are written in one row.
    shape : tuple of int
        Of a map, (k, k) or (k, k + 1): the last column is then a translation.
    chance : float
        Relative changes below this do not differ.
    limit : float
        Relative changes above this are not those of symmetries.
    """

    change: np.ndarray
    size: np.ndarray
    shape: tuple
    chance: float
    limit: float = np.inf

    def solve(self, allowed=None):
        """Return all maps, or those in the span of others, by how much they change.

        Parameters
        ----------
        allowed : ndarray of shape (n_allowed, *shape), optional
            Linearly independent.

        Returns
        -------
        Symmetries
        """
        n = len(self.change)
        span = np.eye(n) if allowed is None else allowed.reshape(len(allowed), n)
        size = self.size + FLOOR * np.trace(self.size) * np.eye(n)
        errors, vectors = np.zeros(0), np.zeros((0, 0))
        if len(span):  # scipy 1.11 refuses matrices without entries
            errors, vectors = linalg.eigh(
                *(span @ q @ span.T for q in (self.change, size))
            )
        maps = (vectors.T @ span).reshape(-1, *self.shape)
        maps /= np.linalg.norm(maps, axis=(1, 2), keepdims=True)
        return Symmetries(np.maximum(errors, 0.0), maps, self.chance, self.limit)


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
    return distribution_forms(slots, seed).solve(allowed)


def distribution_forms(slots, seed=0, *, constants=None):
    """Measure how much each linear map changes the distribution of white data.

    Parameters
    ----------
    slots, seed
        See `distribution_symmetries`.
    constants : sequence of float, optional
        For affine maps: the constant coordinate of each slot, 1 for points and 0 for
        rates, which no translation changes.

    Returns
    -------
    Forms
    """
    random = np.random.default_rng(seed)
    rows = random.permutation(len(slots[0]))[:MAX_ROWS]
    stacked = np.stack([slot[rows] for slot in slots], axis=1)
    n, n_slots, k = stacked.shape
    frequencies = random.standard_normal((N_TESTS, n_slots, k)) / np.sqrt(n_slots * k)
    frequencies *= random.choice(SCALES, (N_TESTS, 1, 1))
    phases = np.einsum("nsk,tsk->nt", stacked, frequencies)
    slopes = np.sin(phases + random.uniform(0, 2 * np.pi, N_TESTS))
    if constants is not None:
        column = np.broadcast_to(np.reshape(constants, (n_slots, 1)), (n, n_slots, 1))
        stacked = np.concatenate([stacked, column], axis=2)
    # Mean change of each test function along each elementary map E_ab, z_b to a.
    moments = np.einsum("nt,nsb->tsb", slopes, stacked) / n
    means = np.einsum("tsa,tsb->tab", frequencies, moments).reshape(N_TESTS, -1)
    size = np.zeros((means.shape[1],) * 2)
    for frequency, slope in zip(frequencies[:N_NOISE_TESTS], slopes.T, strict=False):
        changes = np.einsum("n,sa,nsb->nab", slope, frequency, stacked).reshape(n, -1)
        size += changes.T @ changes / n
    shape = k, stacked.shape[2]
    return Forms(means.T @ means / N_TESTS, size / N_NOISE_TESTS, shape, CHANCE / n)


def motion_symmetries(slots, *, allowed=None):
    """Find the affine maps that commute with the motion z_dot = F(z).

    Parameters
    ----------
    slots : (z, z_dot), ndarray of shape (n_samples, k) each
        Data of about unit variance and their rates.
    allowed : ndarray of shape (n_allowed, k, k + 1), optional
        Linearly independent maps in whose span to look.

    Returns
    -------
    Symmetries
        Maps of shape (k * k + k, k, k + 1): the last column is a translation.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.invariance import motion_symmetries
    >>> z = np.random.default_rng(0).standard_normal((2000, 2))
    >>> hopf = (1 - (z**2).sum(1, keepdims=True)) * z
    >>> found = motion_symmetries([z, hopf])
    >>> (found.errors < 0.01).tolist()
    [True, False, False, False, False, False]
    """
    return motion_forms(slots).solve(allowed)


def motion_forms(slots):
    """Measure how much each affine map fails to commute with the motion z_dot = F(z).

    Parameters
    ----------
    slots : (z, z_dot), ndarray of shape (n_samples, k) each

    Returns
    -------
    Forms
    """
    points, rates, slopes = _field(*slots)
    n, k = points.shape
    extended = np.hstack([points, np.ones((n, 1))])
    pushed = np.einsum("nia,nb->niab", slopes, extended)
    turned = np.zeros_like(pushed)
    turned[..., :k] = np.einsum("ia,nb->niab", np.eye(k), rates)
    pushed, turned = (part.reshape(n * k, -1) for part in (pushed, turned))
    change = pushed - turned
    size = pushed.T @ pushed + turned.T @ turned
    return Forms(change.T @ change, size, (k, k + 1), FIELD_ERROR)


@torch.no_grad()
def _field(z, z_dot):
    """Points, and the field fitted to the rates there with its Jacobians (n, i, a).

    A polynomial is fitted first, and Gaussians to its residual.
    """
    points, velocity = torch.tensor(z), torch.tensor(z_dot)
    monomials = Monomials(z.shape[1], DEGREE)
    smooth = torch.linalg.lstsq(monomials(points), velocity).solution
    rows, radius = farthest_point_rows(z, N_CENTRES)
    rough = RadialMap(points[rows], WIDTH * max(radius, FLOOR), z.shape[1])
    solve_radial(rough, [points], [velocity - monomials(points) @ smooth], RIDGE)
    points = points[:: -(-len(z) // MAX_ROWS)]
    values, slopes = monomials(points) @ smooth + rough(points), []
    for axis in torch.eye(z.shape[1], dtype=points.dtype):
        jet = points, axis.expand_as(points)
        slope = monomials.push_forward(*jet)[1] @ smooth + rough.push_forward(*jet)[1]
        slopes.append(slope)
    return points.numpy(), values.numpy(), torch.stack(slopes, dim=2).numpy()


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
    small = errors[:-1] <= min(MAX_FRACTION * np.median(errors), found.limit)
    apart = np.flatnonzero(small & (errors[1:] >= MIN_GAP * errors[:-1]))
    return int(apart[0]) + 1 if len(apart) else 0


def are_replicated(maps, forms, among=None):
    """Check whether maps found in some data are symmetries of other data as well.

    Parameters
    ----------
    maps : ndarray of shape (c, *shape)
        Found without the data of `forms`.
    forms : Forms
        Of the other data.
    among : ndarray of shape (n_maps, *shape), optional
        Linearly independent maps to compare with, instead of all.

    Returns
    -------
    bool
        Whether the errors of all their combinations are a small fraction of the median
        error, or of the next one.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.invariance import are_replicated, distribution_forms
    >>> z = np.random.default_rng(0).standard_normal((4000, 2))
    >>> maps = np.array([[[0.0, -1.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]])
    >>> forms = distribution_forms([z])
    >>> are_replicated(maps[:1], forms), are_replicated(maps, forms)
    (True, False)
    """
    if not len(maps):
        return True
    errors = np.maximum(forms.solve(among).errors, forms.chance)
    # Half of the data has larger errors: a gap to the next one is enough.
    limit = max(MAX_FRACTION * np.median(errors), errors[len(maps)] / MIN_GAP)
    return bool(forms.solve(maps).errors[-1] <= limit)
