"""How far the span of some generators is from that of others."""

import numpy as np
from scipy import linalg

from symdisc._lie import LieAlgebra, check_basis


def algebra_distance(a, b):
    """Geodesic distance between two Lie algebras, as spaces of matrices.

    The root sum of squares of the principal angles between the spans of the
    generators in R^(k x k), with the Frobenius inner product. Where one side has
    more generators, each that is left over counts as an angle of ``pi / 2``: the
    metric of Ye and Lim on subspaces of all dimensions. Scale, sign and linear
    combination of generators do not matter. The latent coordinates do: map one
    algebra to the coordinates of the other first (see `align`).

    Parameters
    ----------
    a, b : LieAlgebra or array-like of shape (c, k, k) or (k, k)
        Generators, linearly independent, which act on the same number of dimensions;
        shape (0, k, k) for none.

    Returns
    -------
    distance : float
        In radians: 0 for equal spans, ``pi / 2 * sqrt(c)`` for orthogonal ones of
        c generators each.

    References
    ----------
    K. Ye and L.-H. Lim, "Schubert varieties and distances between subspaces of
    different dimensions", SIAM Journal on Matrix Analysis and Applications 37 (2016).

    Examples
    --------
    >>> from symdisc.metrics import algebra_distance
    >>> rotation, scaling = [[0, -1], [1, 0]], [[1, 0], [0, 1]]
    >>> algebra_distance(rotation, scaling)
    1.5708
    >>> algebra_distance([rotation, scaling], [[-1, 2], [-2, -1]])
    1.5708
    """
    a, b = _flat_generators(a, b)
    unmatched = abs(len(a) - len(b)) * (np.pi / 2) ** 2
    if not (len(a) and len(b)):
        return float(np.sqrt(unmatched))
    angles = linalg.subspace_angles(a.T, b.T)
    return float(np.sqrt(np.sum(angles**2) + unmatched))


def algebra_cosine(a, b):
    """Absolute cosine of the angle between two generators.

    Parameters
    ----------
    a, b : LieAlgebra or array-like of shape (1, k, k) or (k, k)
        One generator each, of which scale and sign do not matter.

    Returns
    -------
    cosine : float
        ``|tr(a.T b)| / (|a| |b|)``: 1 for the same one-parameter group, and the
        cosine of `algebra_distance`.

    Examples
    --------
    >>> from symdisc.metrics import algebra_cosine
    >>> algebra_cosine([[0, -2], [2, 0]], [[1, 1], [-1, 1]])
    0.7071
    """
    a, b = _flat_generators(a, b)
    if (len(a), len(b)) != (1, 1):
        raise ValueError(
            f"a has {len(a)} generators and b has {len(b)}; give one each, or use "
            "algebra_distance."
        )
    cosine = abs(a[0] @ b[0]) / (np.linalg.norm(a) * np.linalg.norm(b))
    # Rounding must not make an arccos of it NaN.
    return float(min(cosine, 1.0))


def _flat_generators(a, b):
    """Two sets of generators as rows."""
    a, b = (
        each.basis if isinstance(each, LieAlgebra) else check_basis(each, name)
        for name, each in [("a", a), ("b", b)]
    )
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(
            f"a acts on {a.shape[1]} dimensions and b on {b.shape[1]}; give algebras "
            "that act on the same space."
        )
    return a.reshape(len(a), a.shape[1] ** 2), b.reshape(len(b), b.shape[1] ** 2)
