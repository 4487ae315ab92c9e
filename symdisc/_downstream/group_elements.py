"""Random elements of a matrix Lie group, in any of its representations."""

from typing import NamedTuple

import numpy as np
from scipy import linalg

from symdisc._lie.compact import nearest_compact
from symdisc._lie.one_parameter import is_rotation

# Products of random elements: each irreducible representation but the trivial one keeps
# at most 1/3 of its mean a factor, that of spin 1, and 3^-24 is below 1e-11.
N_FACTORS = 24


class Drawn(NamedTuple):
    """Group elements, one for each row of latents z: z -> linear z + shift.

    Parameters
    ----------
    coefficients : ndarray of shape (n, n_factors, c)
        Of the part that is connected to the identity.
    linear : ndarray of shape (n, k, k)
    shift : ndarray of shape (n, k)
    """

    coefficients: np.ndarray
    linear: np.ndarray
    shift: np.ndarray

    def moved(self, Z):
        """Return the images of latents (n, k)."""
        return self.turned(Z) + self.shift.astype(Z.dtype)

    def turned(self, Z_dot):
        """Return the images of rates of latents (n, k)."""
        return np.einsum("nij,nj->ni", self.linear, Z_dot).astype(Z_dot.dtype)


class GroupSampler:
    """Draws elements: by the Haar measure where the group is compact.

    Elements are products of exponentials, whose coefficients are what is drawn, so that
    one element can act in several representations. Of a torus angles are uniform, of
    so(3) and su(2) Euler angles are drawn as Haar's measure has them; of other compact
    groups products of random elements are taken, whose distribution converges to Haar's
    exponentially. Of a group that is not compact, generators that are no rotations have
    coefficients uniform up to `max_coefficient`, and rotations follow by the Haar
    measure of the group that they span: g = exp(P) k, as in the Cartan decomposition.

    Parameters
    ----------
    generators : ndarray of shape (c, k, k)
        Those of `symdisc._lie.weights.Weights` where `group` is given.
    group : str or None
        "so(2)+so(2)", "so(3)", ...; None for a group that has no such name.
    max_coefficient : float

    Attributes
    ----------
    compact : bool
        Whether the measure is Haar's.

    References
    ----------
    A. Haar, "Der Massbegriff in der Theorie der kontinuierlichen Gruppen", Annals of
    Mathematics 34 (1933). P. Diaconis and M. Shahshahani, "On the eigenvalues of random
    matrices", Journal of Applied Probability 31 (1994).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._downstream.group_elements import GroupSampler
    >>> turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    >>> sampler = GroupSampler(turn, "so(2)", 0.3)
    >>> sampler.compact, sampler.draw(5, np.random.RandomState(0)).shape
    (True, (5, 1, 1))
    """

    def __init__(self, generators, group, max_coefficient):
        self.generators, self.group = generators, group
        self.max_coefficient = float(max_coefficient)
        self.compact = (
            group is not None or not len(generators) or is_compact(generators)
        )

    def draw(self, n, rng):
        """Return coefficients of n elements, (n, n_factors, c)."""
        c = len(self.generators)
        if not c:
            return np.zeros((n, 0, 0))
        if self.group is not None:
            return _haar(self.group, c, n, rng)
        if self.compact:
            return _walk(c, np.arange(c), n, rng)
        turns = np.array([is_rotation(m) for m in self.generators])
        if turns.any() and not is_compact(self.generators[turns]):
            turns[:] = False
        push = np.zeros((n, 1, c))
        push[:, 0, ~turns] = rng.uniform(-1, 1, (n, (~turns).sum()))
        push *= self.max_coefficient
        if not turns.any():
            return push
        return np.concatenate([push, _walk(c, np.flatnonzero(turns), n, rng)], axis=1)

    def scaled(self, drawn):
        """Say which coefficients are used, in words."""
        if self.compact:
            return "Haar measure"
        return f"coefficients up to {drawn:g}"


def elements(coefficients, generators):
    """Multiply exponentials: one matrix for each row of coefficients.

    Parameters
    ----------
    coefficients : ndarray of shape (n, n_factors, c)
    generators : ndarray of shape (c, d, d)
        Of any representation.

    Returns
    -------
    ndarray of shape (n, d, d)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._downstream.group_elements import elements
    >>> turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    >>> elements(np.full((1, 2, 1), np.pi / 2), turn).round(6)[0] + 0.0
    array([[-1.,  0.],
           [ 0., -1.]])
    """
    n, n_factors, _ = coefficients.shape
    product = np.broadcast_to(np.eye(generators.shape[1]), (n, *generators.shape[1:]))
    for factor in range(n_factors):
        exponents = np.tensordot(coefficients[:, factor], generators, axes=1)
        product = product @ linalg.expm(exponents)
    return product


def is_compact(generators):
    """Check whether generators keep a positive quadratic form.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._downstream.group_elements import is_compact
    >>> turn = np.array([[[0.0, -2.0], [1.0, 0.0]]])
    >>> is_compact(turn), is_compact(np.abs(turn))
    (True, False)
    """
    # A new array is returned where there is such a form.
    return nearest_compact(generators, 0.01) is not generators


def _haar(group, c, n, rng):
    if group not in ("so(3)", "su(2)"):
        return rng.uniform(0, 2 * np.pi, (n, 1, c))
    # exp(a A) exp(b B) exp(c A), with a full turn of su(2) for either group.
    angles = np.zeros((n, 3, c))
    angles[:, 0, 0] = rng.uniform(0, 4 * np.pi, n)
    angles[:, 1, 1] = np.arccos(rng.uniform(-1, 1, n))
    angles[:, 2, 0] = rng.uniform(0, 4 * np.pi, n)
    return angles


def _walk(c, columns, n, rng):
    steps = np.zeros((n, N_FACTORS, c))
    steps[:, :, columns] = 2 * np.pi * rng.normal(size=(n, N_FACTORS, len(columns)))
    return steps
