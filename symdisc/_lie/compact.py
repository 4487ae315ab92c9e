"""The compact algebra nearest to generators that are nearly one.

A compact group leaves a positive quadratic form unchanged (average any form over the
group): L^T Q + Q L = 0 for all its generators. Noise breaks this, so that a full turn
does not close. Generators that keep a form up to noise are moved to the nearest ones
that keep it exactly.
"""

import numpy as np

# Smallest over largest eigenvalue of a form that counts as positive.
MIN_ASPECT = 1e-3


def nearest_compact(basis, tol):
    """Return generators that keep a positive form exactly, where they nearly do.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Generators, in coordinates in which the data are about as wide in all
        directions.
    tol : float
        Largest fraction of noise in a generator.

    Returns
    -------
    ndarray of shape (c, k, k)
        The nearest generators that keep a positive quadratic form; `basis` itself
        where there is no such form nearby, as for boosts and scalings.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.compact import nearest_compact
    >>> nearest_compact(np.array([[[0.02, -1.0], [1.0, 0.0]]]), tol=0.05).round(2)
    array([[[ 0.01, -1.  ],
            [ 1.  , -0.01]]])
    >>> boost = np.array([[[0.0, 1.0], [1.0, 0.0]]])
    >>> nearest_compact(boost, tol=0.05) is boost
    True
    """
    form = _invariant_form(basis, tol) if len(basis) else None
    if form is None:
        return basis
    turned = np.linalg.solve(form, basis.transpose(0, 2, 1) @ form)
    nearest = (basis - turned) / 2
    moved = np.linalg.norm(basis - nearest, axis=(1, 2))
    small = moved <= tol * np.linalg.norm(basis, axis=(1, 2))
    return nearest if small.all() else basis


def compact_part(basis, tol):
    """Return a basis of the skew matrices in a span, up to a tolerance.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators, in coordinates in which compact ones are skew.
    tol : float
        Largest symmetric part of a matrix of norm 1.

    Returns
    -------
    ndarray of shape (c', k, k)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.compact import compact_part
    >>> turn, grow = np.array([[0.0, -1.0], [1.0, 0.0]]), np.eye(2)
    >>> len(compact_part(np.array([turn + grow, grow]), 0.1))
    1
    """
    frame = np.linalg.svd(basis.reshape(len(basis), -1), full_matrices=False)[2]
    frame = frame.reshape(basis.shape)
    symmetric = (frame + frame.transpose(0, 2, 1)) / 2
    u, sizes, _ = np.linalg.svd(symmetric.reshape(len(basis), -1))
    sizes = np.pad(sizes, (0, len(u) - len(sizes)))
    return np.tensordot(u.T[sizes <= tol], frame, axes=1)


def skew_in_blocks(basis, blocks, tol):
    """Return the nearest skew generators that do not mix blocks, where they are near.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
    blocks : sequence of int
        Sizes of blocks of the first coordinates, one after the other.
    tol : float
        Largest fraction of noise in a generator.

    Returns
    -------
    ndarray of shape (c, k, k) or None
        None where one of the generators is too far from such.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.compact import skew_in_blocks
    >>> basis = np.array([[[0.0, -1.02, 0.02], [0.98, 0.0, 0.0], [0.0, 0.01, 0.0]]])
    >>> skew_in_blocks(basis, [2], tol=0.05)
    array([[[ 0., -1.,  0.],
            [ 1.,  0.,  0.],
            [ 0.,  0.,  0.]]])
    """
    labels = np.full(basis.shape[1], -1)
    labels[: sum(blocks)] = np.repeat(np.arange(len(blocks)), blocks)
    same = (labels[:, None] == labels) & (labels >= 0)
    nearest = np.where(same, (basis - basis.transpose(0, 2, 1)) / 2, 0.0)
    moved = np.linalg.norm(basis - nearest, axis=(1, 2))
    small = moved <= tol * np.linalg.norm(basis, axis=(1, 2))
    return nearest if small.all() else None


def centre_of_turns(points, parts):
    """Return the point about which a compact group turns a distribution.

    Of each part it is the mean, or the point whose squared distance is not correlated
    with the position, whichever is better known: the latter for points on a thin ring.

    Parameters
    ----------
    points : ndarray of shape (n, k)
    parts : list of ndarray of shape (m, k)
        Rows map points to coordinates that the group turns and that have no vector
        that stays in place.

    Returns
    -------
    ndarray of shape (k,)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.compact import centre_of_turns
    >>> angle = np.array([0.0, 0.3, 0.5, 1.5, 4.0])
    >>> ring = np.column_stack([2 + np.cos(angle), np.sin(angle)])
    >>> bool(np.allclose(centre_of_turns(ring, [np.eye(2)]), [2, 0]))
    True
    """
    centres = []
    for part in parts:
        moved = points @ part.T
        mean = moved.mean(axis=0)
        moved = moved - mean
        squares = np.sum(moved**2, axis=1)
        squares -= squares.mean()
        slope = np.linalg.lstsq(moved, squares, rcond=None)[0]
        left = np.mean((squares - moved @ slope) ** 2)
        # Standard errors of both, squared, times the number of points.
        spread = np.mean(moved**2)
        better = left < 4 * spread**2
        centres.append(mean + slope / 2 if better else mean)
    return np.linalg.lstsq(np.vstack(parts), np.concatenate(centres), rcond=None)[0]


def invariant_forms(basis, tol):
    """Return the quadratic forms that generators leave unchanged.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Generators, not zero.
    tol : float
        Largest change of a form of norm 1 by a generator of norm 1.

    Returns
    -------
    ndarray of shape (r, k, k)
        Orthonormal.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.compact import invariant_forms
    >>> boost = np.array([[[0.0, 1.0], [1.0, 0.0]]])
    >>> np.abs(invariant_forms(boost, 0.05)).round(2)
    array([[[0.71, 0.  ],
            [0.  , 0.71]]])
    """
    k = basis.shape[1]
    units = basis / np.linalg.norm(basis, axis=(1, 2), keepdims=True)
    rows, columns = np.triu_indices(k)
    forms = np.zeros((len(rows), k, k))
    forms[range(len(rows)), rows, columns] += 1.0
    forms[range(len(rows)), columns, rows] += 1.0
    forms /= np.linalg.norm(forms, axis=(1, 2), keepdims=True)
    changes = np.einsum("cji,fjk->fcik", units, forms)
    changes = changes + changes.transpose(0, 1, 3, 2)
    _, sizes, right = np.linalg.svd(changes.reshape(len(forms), -1).T)
    sizes = np.pad(sizes, (0, len(forms) - len(sizes)))
    kept = right[sizes <= tol * np.sqrt(len(basis))]
    return np.einsum("rf,fij->rij", kept, forms)


def _invariant_form(basis, tol):
    """Positive form that the generators keep, nearest to the identity, or None."""
    kept = invariant_forms(basis, tol)
    # The form nearest to the identity, among those that are kept.
    form = np.einsum("r,rij->ij", kept.trace(axis1=1, axis2=2), kept)
    eigenvalues = np.linalg.eigvalsh(form)
    return form if eigenvalues[0] > MIN_ASPECT * max(eigenvalues[-1], 1e-300) else None
