"""How well generators are known: their spread over independent findings."""

import numpy as np


def projector(basis):
    """Projector on the span of matrices (c, k, k), of shape (k * k, k * k)."""
    frame = np.linalg.qr(basis.reshape(len(basis), basis.shape[1] ** 2).T)[0]
    return frame @ frame.T


def generator_spread(matrices, projectors):
    """Return the standard deviation of generators over several findings of their span.

    Others span the same algebra by other generators. Each is therefore represented by
    the element of its span that is nearest to a given generator, at the length at which
    it agrees with it along its own direction.

    Parameters
    ----------
    matrices : ndarray of shape (c, k, k)
        Generators.
    projectors : ndarray of shape (n, k * k, k * k)
        On the span that each of n findings has.

    Returns
    -------
    ndarray of shape (c, k, k)
        nan for fewer than two findings.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._spread import generator_spread, projector
    >>> found = [np.array([[[0.0, -1.0], [x, 0.0]]]) for x in (0.9, 1.0, 1.1)]
    >>> spread = generator_spread(found[1], np.array([projector(b) for b in found]))
    >>> spread.round(2)
    array([[[0.  , 0.05],
            [0.05, 0.  ]]])
    """
    if len(projectors) < 2:
        return np.full(matrices.shape, np.nan)
    flat = matrices.reshape(len(matrices), matrices.shape[1] ** 2)
    images = flat @ projectors
    along = (images * flat).sum(axis=-1, keepdims=True)
    images *= (flat**2).sum(axis=-1, keepdims=True) / along
    return images.std(axis=0, ddof=1).reshape(matrices.shape)
