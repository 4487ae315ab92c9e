"""A canonical basis of a matrix Lie algebra, and generators in small integers.

Discovered generators are defined only up to scale, sign and, for several of
them, linear combination. The functions here choose one representative that
depends on the span alone. The latent coordinates are never changed.
"""

import numpy as np
from scipy import linalg

from symdisc._lie.structure import (
    balance,
    bracket_residual,
    is_abelian,
    killing_form,
    orthonormal_basis,
    rank_tolerance,
    structure_constants,
)

MULTIPLES = 1, 2, 3
# Entries below this fraction of the largest are noise, multiples closer to integers are
# theirs.
NOISE = 0.1
NEAR = 0.2


def spectral_radius(matrix, tol):
    """Largest absolute eigenvalue, or 0 for a nilpotent matrix.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Generator.
    tol : float
        The matrix counts as nilpotent where its largest absolute eigenvalue
        is at most ``tol`` times its Frobenius norm: noise of size e moves the
        eigenvalues of a nilpotent matrix by as much as ``e ** (1 / k)``.

    Returns
    -------
    radius : float

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.canonical_basis import spectral_radius
    >>> spectral_radius(np.diag([-3.0, 1.0]), tol=0.05)
    3.0
    >>> spectral_radius(np.array([[0.0, 1.0], [0.0, 0.0]]), tol=0.05)
    0.0
    """
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    return float(radius) if radius > tol * np.linalg.norm(matrix) else 0.0


def normalise_generator(matrix, tol=0.05):
    """Fix scale and sign of one generator.

    The largest absolute eigenvalue becomes 1 (the Frobenius norm, where the
    matrix is nilpotent), and the first nonzero entry below the diagonal, in
    row order, becomes positive. Where nothing lies below the diagonal the
    trace, and where that is zero as well the first nonzero entry, is positive.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Generator.
    tol : float, default=0.05
        Entries up to ``tol`` times the largest count as zero.

    Returns
    -------
    normalised : ndarray of shape (k, k)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.canonical_basis import normalise_generator
    >>> normalise_generator(np.array([[0.0, 2.5], [-2.5, 0.0]]))
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    scaled = matrix / (spectral_radius(matrix, tol) or np.linalg.norm(matrix))
    cutoff = tol * np.abs(scaled).max()
    below = scaled[np.tril_indices(len(scaled), -1)]
    candidates = np.concatenate([below, [np.trace(scaled)], scaled.ravel()])
    sign = np.sign(candidates[np.abs(candidates) > cutoff][0])
    # Adding zero turns -0.0 into 0.0, which would print a sign.
    return sign * scaled + 0.0


def canonical_basis(basis, tol=0.05):
    """Choose a canonical basis of the span of the generators.

    * Commuting generators that can be diagonalised together become those that
      act on one joint eigenspace each: for a torus, one rotation per plane.
      Rotations come first.
    * In other algebras compact generators come first, then those on which the
      Killing form is positive, such as boosts, and last those on which it is zero,
      such as translations and the centre. The first two are each made orthonormal
      in the Killing form and turned as near as possible to sparse matrices: in
      R^3, so(3) gets the standard triple up to order and sign.
    * Generators that do not form an algebra get the Frobenius-orthonormal basis
      nearest to the sparse one.

    Except for compact generators, the sparse basis itself is taken where it has
    fewer nonzero entries. Each generator is then normalised by `normalise_generator`,
    those that may be nilpotent with four times the tolerance.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.
    tol : float, default=0.05
        Relative tolerance of every decision.

    Returns
    -------
    canonical : ndarray of shape (c, k, k)
        Generators with the same span.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.canonical_basis import canonical_basis
    >>> turn, still = np.array([[0.0, -1.0], [1.0, 0.0]]), np.zeros((2, 2))
    >>> first = np.block([[turn, still], [still, still]])
    >>> second = np.block([[still, still], [still, turn]])
    >>> mixed = np.array([first + second, first - second])
    >>> np.allclose(canonical_basis(mixed), [first, second])
    True
    """
    if len(basis) == 0:
        return basis.copy()
    if len(basis) == 1:
        return normalise_generator(basis[0], tol)[None]
    frame = orthonormal_basis(basis)
    if is_abelian(frame, tol) or bracket_residual(frame) > tol:
        return _separate(frame, tol)
    compact, noncompact, null = _killing_blocks(frame, tol)
    return np.concatenate(
        [
            _tidy(compact, tol, orthonormal=True),
            _tidy(noncompact, tol),
            _separate(null, tol),
        ]
    )


def weight_basis(frame, tol):
    """Combine commuting generators so that each has one weight 1 and others 0.

    Parameters
    ----------
    frame : ndarray of shape (c, k, k)
        Orthonormal generators that commute.
    tol : float
        Relative tolerance.

    Returns
    -------
    canonical : ndarray of shape (c, k, k) or None
        Normalised generators, those without real parts in their eigenvalues first.
        None where the generators cannot be diagonalised together, or where their
        joint eigenvalues (weights) do not distinguish all of them.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.canonical_basis import weight_basis
    >>> frame = np.array([np.eye(2), np.diag([1.0, -1.0])]) / np.sqrt(2)
    >>> weight_basis(frame, tol=0.05)
    array([[[1., 0.],
            [0., 0.]],
           [[0., 0.],
            [0., 1.]]])
    """
    if len(frame) == 0:
        return frame
    weights = _joint_eigenvalues(frame, tol)
    if weights is None:
        return None
    # Growth rates and frequencies, each a linear function of the coefficients.
    functions = np.concatenate([weights.real, weights.imag])
    _, r, pivots = linalg.qr(functions.T, mode="economic", pivoting=True)
    if np.abs(np.diag(r)).min() <= tol:
        return None
    dual = np.linalg.inv(functions[pivots[: len(frame)]])
    grows = np.abs(weights.real @ dual).max(axis=0) > 2 * tol
    combined = np.tensordot(dual.T, frame, axes=1)
    return _sort([normalise_generator(matrix, tol) for matrix in combined], grows)


def _joint_eigenvalues(frame, tol):
    """Eigenvalues (k, c) of commuting generators on their common eigenvectors."""
    # The eigenvectors of a generic combination diagonalise every generator. A
    # combination may come close to a degenerate one, so the best of a few counts.
    combinations = np.random.default_rng(0).normal(size=(8, len(frame)))
    best, best_error = None, np.inf
    for combination in combinations:
        _, vectors = np.linalg.eig(np.tensordot(combination, frame, axes=1))
        if np.linalg.cond(vectors) > 1 / tol:
            continue
        diagonalised = np.linalg.inv(vectors) @ frame @ vectors
        weights = np.einsum("iaa->ai", diagonalised)
        error = np.linalg.norm(diagonalised) ** 2 - np.linalg.norm(weights) ** 2
        if error < best_error:
            best, best_error = weights, error
    return best


def _sparse_basis(frame):
    """Basis of the span that has an identity block at the pivots.

    A reduced row echelon form whose pivots are chosen by column-pivoted QR of
    an orthonormal basis, hence a function of the span alone.
    """
    flat = frame.reshape(len(frame), -1)
    rest, pivots = flat.copy(), []
    for _ in flat:
        sizes = np.sum(rest**2, axis=0)
        # Ties within rounding go to the first entry.
        pivots.append(np.flatnonzero(sizes >= (1 - 1e-6) * sizes.max())[0])
        direction = rest[:, pivots[-1]] / np.sqrt(sizes[pivots[-1]])
        rest -= np.outer(direction, direction @ rest)
    rows = np.linalg.solve(flat[:, pivots], flat)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.reshape(frame.shape)


def _killing_blocks(frame, tol):
    """Split generators by the sign of the Killing form: negative, positive, zero.

    In balanced coordinates its eigenvectors are skew and symmetric matrices, which
    are the compact generators and the others.
    """
    c, k, _ = frame.shape
    change = balance(frame, tol)
    moved = (change @ frame @ np.linalg.inv(change)).reshape(c, k * k)
    form = killing_form(structure_constants(frame))
    values, vectors = linalg.eigh(form, moved @ moved.T)
    # The whole form of a nilpotent algebra is noise.
    cut = rank_tolerance(frame, tol) * max(np.abs(values).max(), 1.0)
    scales = np.where(np.abs(values) > cut, np.sqrt(np.abs(values)), 1.0)
    combined = np.tensordot((vectors / scales).T, frame, axes=1)
    null = orthonormal_basis(combined[np.abs(values) <= cut])
    return combined[values < -cut], combined[values > cut], null


def _separate(frame, tol):
    """Choose one generator for each weight, or where that fails sparse ones."""
    weights = weight_basis(frame, tol) if is_abelian(frame, tol) else None
    # Likely to contain nilpotent generators (translations), whose noisy
    # eigenvalues are no measure of size. At 1, no entry would count as nonzero.
    return _tidy(frame, min(4 * tol, 0.5)) if weights is None else weights


def _tidy(frame, tol, orthonormal=False):
    """Turn generators nearest to sparse ones, or take those; normalise and sort."""
    if len(frame) == 0:
        return frame
    sparse = _sparse_basis(orthonormal_basis(frame))
    chosen = _nearest_rotation(frame, sparse)
    if not orthonormal and _n_nonzero(sparse, tol) < _n_nonzero(chosen, tol):
        chosen = sparse
    return _sort([normalise_generator(matrix, tol) for matrix in chosen])


def _n_nonzero(matrices, tol):
    sizes = np.abs(matrices)
    return np.sum(sizes > tol * sizes.max(axis=(1, 2), keepdims=True))


def _nearest_rotation(frame, reference):
    """Turn the frame by the orthogonal matrix that brings it nearest to reference."""
    c = len(frame)
    u, _, vt = np.linalg.svd(reference.reshape(c, -1) @ frame.reshape(c, -1).T)
    return np.tensordot(u @ vt, frame, axes=1)


def _sort(matrices, last=False):
    """Order generators by where their entries lie, first rows first."""
    matrices = np.array(matrices)
    energy = matrices.reshape(len(matrices), -1) ** 2
    # The square avoids ties such as the planes (0, 3) and (1, 2) of so(4).
    position = energy @ np.arange(energy.shape[1]) ** 2 / energy.sum(axis=1)
    return matrices[np.lexsort([position, np.broadcast_to(last, len(matrices))])]


def integer_generator(matrix):
    """Return the integer matrix of which a generator is a multiple.

    The scale of a generator carries no meaning. With its smallest entry that is not
    noise set to 1, 2 or 3, whichever is the first to bring all entries near integers,
    they are rounded; where none does, with 1.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Generator, not zero.

    Returns
    -------
    ndarray of shape (k, k)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.canonical_basis import integer_generator
    >>> integer_generator(np.array([[0.67, 0.01], [0.0, -0.99]]))
    array([[ 2.,  0.],
           [ 0., -3.]])
    """
    sizes = np.abs(matrix)
    unit = matrix / sizes[sizes >= NOISE * sizes.max()].min()
    rounded = [_nearest(unit, multiple) for multiple in MULTIPLES]
    for integers, distance in rounded:
        if distance <= NEAR:
            return integers
    return rounded[0][0]


def _nearest(unit, multiple):
    """Return a rounded multiple and its distance, at the best scale, from being one."""
    integers = np.round(multiple * unit) + 0.0
    scale = (integers * unit).sum() / (unit**2).sum()
    return integers, np.abs(scale * unit - integers).max()
