"""Latents that move linearly: eigenvectors of the best linear motion of all modes.

Where ``dc/dt = M c``, each left eigenvector w of M is a latent ``z = w c`` with
``dz/dt = lambda z``, an eigenfunction of the Koopman operator [1]_. Products of
eigenfunctions are some, too, but do not tell as much of the snapshots.

References
----------
.. [1] M. O. Williams, I. G. Kevrekidis, C. W. Rowley, "A data-driven approximation of
   the Koopman operator", Journal of Nonlinear Science 25 (2015), 1307-1346.
"""

from itertools import combinations

import numpy as np
import torch

# Eigenvectors that combinations are made of: those with the least error.
N_EIGENVECTORS = 10


@torch.no_grad()
def linear_latents(motion, rank, support):
    """Return the encoder whose latents move linearly, and tell most of the snapshots.

    Parameters
    ----------
    motion : SparseMotion
    rank : int
        Number of latents.
    support : tensor of bool, of shape (n_terms, rank)
        The linear candidates.

    Returns
    -------
    encoder : tensor of shape (rank, n_modes) or None
        None where eigenvectors do not add up to that many latents.

    Examples
    --------
    >>> import torch
    >>> from symdisc import CandidateLibrary
    >>> from symdisc._sparse_latents.linear_motion import linear_latents
    >>> from symdisc._sparse_latents.objective import SparseMotion
    >>> z = torch.linspace(1, 2, 50, dtype=torch.float64)[:, None]
    >>> modes, rates = torch.hstack([z, z**2]), torch.hstack([-z, -2 * z**2])
    >>> library = CandidateLibrary.polynomial(1, 1)
    >>> motion = SparseMotion([modes, rates], library)
    >>> linear_latents(motion, 1, torch.tensor([[True], [True]])).shape
    torch.Size([1, 2])
    """
    points, rates = motion.curve[0], motion.curve[-1]
    if motion.average is not None:
        rates = torch.sparse.mm(motion.derivative, points)
        points = torch.sparse.mm(motion.average, points)
    points, rates = points - points.mean(dim=0), rates - rates.mean(dim=0)
    # Those of torch change with the addresses of arrays where modes nearly depend.
    points, rates = points.numpy(), rates.numpy()
    values, vectors = np.linalg.eig(np.linalg.lstsq(points, rates, rcond=None)[0])
    found = []
    for value, vector in zip(values, vectors.T, strict=True):
        if value.imag < 0:
            continue  # the other of a pair
        latent, rate = points @ vector, rates @ vector
        parts = [vector.real, vector.imag][: 1 + int(value.imag > 0)]
        if latent.any():
            size = max(np.vdot(rate, rate).real, 1e-300)
            left = np.sum(np.abs(rate - latent * value) ** 2) / size
            found.append((left, torch.from_numpy(np.array(parts))))
    found.sort(key=lambda each: each[0])
    tried = []
    for n in range(1, rank + 1):
        for chosen in combinations(found[:N_EIGENVECTORS], n):
            encoder = torch.cat([parts for _, parts in chosen])
            if len(encoder) == rank:
                encoder = encoder / motion.size(encoder)[:, None]
                shift = encoder.new_zeros(rank)
                tried.append(
                    (float(motion.loss(encoder, shift, support=support)), encoder)
                )
    return min(tried, key=lambda each: each[0])[1] if tried else None
