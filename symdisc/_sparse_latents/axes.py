"""The axes of a latent space in which its equations have the fewest terms.

Equations are known up to an affine map of the latents. Among axes that may be oblique,
and shifts, a smooth count of the terms is least where most coefficients vanish; it has
many minima, hence many starts.
"""

import numpy as np
import torch

from symdisc._sparse_latents.objective import SparseMotion

# The count becomes sharper, and each descent starts from the last.
DELTAS = 0.3, 0.1, 0.03, 0.01
N_STEPS, MU = 60, 0.5
# Losses, logarithms, nearer than this are of one minimum.
SAME = 0.01
MAX_ROWS = 600
# Fewer terms may leave so many times more, and so much of the rates; what is left of an
# exact motion is rounding.
WORSE, NEGLIGIBLE, ROUNDING = 0.1, 1e-10, 1e-26


def sparse_axes(curve, library, random, n_starts=8, weak=None):
    """Find axes and shifts with few terms.

    Parameters
    ----------
    curve : sequence of tensor of shape (n, k)
        White latents and their time derivatives.
    library : CandidateLibrary
    random : numpy.random.Generator
        Draws rotations to start from.
    n_starts : int, default=8
    weak : WeakForm, optional
        Windows over which the equations are integrated.

    Returns
    -------
    list of (float, tensor of shape (k, k), tensor of shape (k,))
        Loss, axes, and shift in units of the latents, the least loss first.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from symdisc import CandidateLibrary
    >>> from symdisc._sparse_latents.axes import sparse_axes
    >>> random = np.random.default_rng(0)
    >>> z = torch.from_numpy(random.standard_normal((300, 2)))
    >>> rates = torch.stack([z[:, 1], -z[:, 0] * z[:, 1]], dim=1)
    >>> turn = torch.tensor([[0.8, 0.6], [-0.6, 0.8]], dtype=z.dtype)
    >>> library = CandidateLibrary.polynomial(2, 2)
    >>> found = sparse_axes([z @ turn.mT, rates @ turn.mT], library, random)
    >>> axes = found[0][1] @ turn
    >>> axes = axes / axes.norm(dim=1, keepdim=True)
    >>> int((axes.abs() > 0.01).sum())
    2
    """
    k = curve[0].shape[1]
    n_starts = n_starts if k > 1 else 1  # the only other axis points the other way
    motion = SparseMotion.of_rows(curve, library, weak=weak, max_rows=MAX_ROWS)
    turns = [
        np.linalg.qr(random.standard_normal((k, k)))[0] for _ in range(1, n_starts)
    ]
    found = [
        (0.0, torch.from_numpy(turn), torch.zeros(k, dtype=torch.float64))
        for turn in (np.eye(k), *turns)
    ]
    for delta in DELTAS:
        tried = []
        for _, axes, shift in found:
            axes, shift = anneal(motion, axes, shift, [delta], N_STEPS)
            with torch.no_grad():
                loss = float(motion.loss(axes, shift, mu=MU, delta=delta))
                share = motion.left_of_rates(axes, shift)[1]
            if int((share > DELTAS[-1]).sum()) == k:
                # No axes have fewer terms than one for each rate.
                tried = [(loss, axes, shift)]
                break
            # Starts that came to the same minimum go on as one.
            known = any(abs(loss - other) < SAME for other, *_ in tried)
            if np.isfinite(loss) and not known:
                tried.append((loss, axes, shift))
        found = tried
    return sorted(found, key=lambda each: each[0])


def count_of_terms(curve, library, axes, shift, weak=None):
    """Return the loss of axes that are known, as `sparse_axes` has it.

    Parameters
    ----------
    curve, library, weak
        As of `sparse_axes`.
    axes, shift : tensor

    Returns
    -------
    float
    """
    motion = SparseMotion.of_rows(curve, library, weak=weak, max_rows=MAX_ROWS)
    with torch.no_grad():
        return float(motion.loss(axes, shift, mu=MU, delta=DELTAS[-1]))


def refined_axes(curve, library, axes, shift, weak=None):
    """Return a map to axes in which terms vanish that equations can do without.

    Parameters
    ----------
    curve, library, weak
        As of `sparse_axes`.
    axes, shift : tensor
        As found by it.

    Returns
    -------
    turn : tensor of shape (k, k)
    shift : tensor of shape (k,)
        The latents are ``turn @ z + shift``.
    """
    motion = SparseMotion.of_rows(curve, library, weak=weak, max_rows=MAX_ROWS)
    motion.least_error = ROUNDING
    with torch.no_grad():
        error, share = motion.left_of_rates(axes, shift)
    for cut in DELTAS:
        support = share > cut
        if support.any(dim=0).all():
            moved = motion.descend(axes, shift, 4 * N_STEPS, support=support)
            left = motion.left_of_rates(*moved, support)[0]
            if left <= (1 + WORSE) * error + NEGLIGIBLE:
                axes, shift = moved
                break
    size = (curve[0] @ axes.mT).std(dim=0, correction=0)
    return axes / size[:, None], shift * motion.size(axes) / size


def anneal(motion, encoder, shift, deltas, n_steps, mu=MU):
    """Descend on an ever sharper count of the terms.

    Parameters
    ----------
    motion : SparseMotion
    encoder, shift : tensor
        Start.
    deltas : sequence of float
        Shares that count half, largest first.
    n_steps : int
        Of each descent.
    mu : float, default=0.5
        Weight of the count; less where it is not only axes that are turned.

    Returns
    -------
    encoder, shift : tensor
    """
    for delta in deltas:
        encoder, shift = motion.descend(encoder, shift, n_steps, mu=mu, delta=delta)
    return encoder, shift


def whitened(curve, encoder):
    """Return the encoder with white latents, and their centre.

    Parameters
    ----------
    curve : list of tensor of shape (n, n_modes)
    encoder : tensor of shape (k, n_modes)

    Returns
    -------
    encoder : tensor of shape (k, n_modes)
    centre : tensor of shape (k,)
    """
    latents = curve[0] @ encoder.mT
    centre = latents.mean(dim=0)
    covariance = (latents - centre).mT @ (latents - centre) / len(latents)
    factor = torch.linalg.inv(torch.linalg.cholesky(covariance))
    return factor @ encoder, factor @ centre
