"""Which terms equations need, where the latents may change with them."""

import torch

N_STEPS = 40
# The first descent, which others are compared with, ends where so many steps change the
# loss, a logarithm, by less than this, or after so many times these.
CHUNK, LITTLE, MAX_CHUNKS = 100, 0.05, 6


def eliminate_terms(fitted, held, encoder, shift, tolerance):
    """Drop terms, least share first, while the rates are left no worse.

    The encoder descends again without each: another one may do without a term that this
    one needs.

    Parameters
    ----------
    fitted, held : SparseMotion
        Rows that are fitted to, and others that errors are of.
    encoder, shift : tensor
    tolerance : float
        E_v may grow by this above the least so far. Terms whose shares are below
        its root do not count from the beginning.

    Returns
    -------
    encoder, shift : tensor
    support : tensor of bool, of shape (n_terms, k)
    """
    with torch.no_grad():
        _, share = fitted.left_of_rates(encoder, shift)
    support = share > tolerance**0.5
    encoder, shift = _to_the_end(fitted, encoder, shift, support)
    best = fitted.left_of_others(held, encoder, shift, support)
    needed = torch.zeros_like(support)
    while bool((support & ~needed).any()):
        with torch.no_grad():
            _, share = fitted.left_of_rates(encoder, shift, support)
        share = torch.where(support & ~needed, share, torch.inf)
        least = divmod(int(share.argmin()), share.shape[1])
        fewer = support.clone()
        fewer[least] = False
        if not fewer.any(dim=0).all():
            needed[least] = True
            continue
        moved = fitted.descend(encoder, shift, N_STEPS, support=fewer)
        left = fitted.left_of_others(held, *moved, fewer)
        if left <= best + tolerance:
            (encoder, shift), support = moved, fewer
            best = min(best, left)
        else:
            needed[least] = True
    return encoder, shift, support


def _to_the_end(motion, encoder, shift, support):
    """Descend until little changes."""
    with torch.no_grad():
        loss = float(motion.loss(encoder, shift, support=support))
    for _ in range(MAX_CHUNKS):
        encoder, shift = motion.descend(encoder, shift, CHUNK, support=support)
        with torch.no_grad():
            last, loss = loss, float(motion.loss(encoder, shift, support=support))
        if last - loss < LITTLE:
            break
    return encoder, shift
