"""Which terms equations need, where the latents may change with them."""

import torch

N_STEPS = 40
# Where so many times the tolerance is not exceeded, so many times longer a descent may
# do without a term.
NEAR, LONGER = 10, 3
# Shares of the terms that are tried first.
CUTS = 0.1, 0.03, 0.01
# Most steps of the first descent, which others are compared with.
TO_THE_END = 600


def eliminate_terms(fitted, held, encoder, shift, dense, tolerance):
    """Drop terms, least share first, while the rates are left no worse.

    The encoder descends again without each: another one may do without a term that this
    one needs.

    Parameters
    ----------
    fitted, held : SparseMotion
        Rows that are fitted to, and others that errors are of.
    encoder, shift : tensor
    dense : tensor of shape (n_blocks,)
        What equations with all terms leave of blocks of other rows.
    tolerance : float
        E_v may grow by this, or by a standard error, above the least so far.

    Returns
    -------
    encoder, shift : tensor
    support : tensor of bool, of shape (n_terms, k)
    """
    encoder, shift, support = _largest(fitted, held, encoder, shift, dense, tolerance)
    best = fitted.left_of_others(held, encoder, shift, support)
    needed = torch.zeros_like(support)
    n_dropped = int(support.sum()) // 2
    while bool((support & ~needed).any()):
        with torch.no_grad():
            _, share = fitted.left_of_rates(encoder, shift, support)
        share = torch.where(support & ~needed, share, torch.inf)
        least = share.flatten().argsort()[: min(n_dropped, int(share.isfinite().sum()))]
        fewer = _without(support, least)
        if fewer.any(dim=0).all():
            moved, left = _descended(fitted, held, (encoder, shift), fewer)
            if is_as_good(left, best, NEAR * tolerance):
                moved, left = _descended(fitted, held, moved, fewer, LONGER)
            if is_as_good(left, best, tolerance):
                (encoder, shift), support = moved, fewer
                best = min(best, left, key=torch.mean)
                continue
        if len(least) == 1:
            needed = ~_without(~needed, least)
        n_dropped = max(len(least) // 2, 1)
    return encoder, shift, support


def fewest_possible(fitted, held, encoder, shift, dense, tolerance):
    """Return what `eliminate_terms` does, if one term for each rate is enough.

    Parameters are the same. It is None where one is not.
    """
    with torch.no_grad():
        _, share = fitted.left_of_rates(encoder, shift)
    support = share == share.max(dim=0).values
    return _with(support, fitted, held, encoder, shift, dense, tolerance)


def _largest(fitted, held, encoder, shift, dense, tolerance):
    """Return encoder, shift and the terms of the largest shares, if these may be all.

    With more terms than equations need, many axes do, and those with few are lost.
    """
    with torch.no_grad():
        _, share = fitted.left_of_rates(encoder, shift)
    support = torch.zeros_like(share, dtype=torch.bool)
    for cut in CUTS:
        last, support = support, share > cut
        if not support.any(dim=0).all() or torch.equal(support, last):
            continue
        found = _with(support, fitted, held, encoder, shift, dense, tolerance)
        if found is not None:
            return found
    support = share > tolerance**0.5
    return *fitted.descend(encoder, shift, TO_THE_END, support=support), support


def _with(support, fitted, held, encoder, shift, dense, tolerance):
    """Return encoder, shift and terms after a descent, if these leave no more."""
    moved, left = _descended(fitted, held, (encoder, shift), support, LONGER)
    good = is_as_good(left, dense, tolerance)
    if not good and is_as_good(left, dense, NEAR * tolerance):
        moved = fitted.descend(*moved, TO_THE_END, support=support)
        left = fitted.left_of_others(held, *moved, support)
        good = is_as_good(left, dense, tolerance)
    return (*moved, support) if good else None


def _without(table, entries):
    """Return a table of bool with some entries, counted row by row, set to False."""
    kept = torch.ones(table.numel(), dtype=torch.bool)
    kept[entries] = False
    return table & kept.reshape(table.shape)


def is_as_good(left, best, tolerance):
    """Say whether something leaves hardly more of other rows than the best.

    Parameters
    ----------
    left, best : tensor of shape (n_blocks,)
        What they leave of blocks of rows.
    tolerance : float
        Difference that does not count, nor does one standard error of the best.

    Returns
    -------
    bool
    """
    error = float(best.std()) / len(best) ** 0.5 if len(best) > 1 else 0.0
    return bool(left.mean() <= best.mean() + max(tolerance, error))


def _descended(fitted, held, start, support, longer=1):
    """Return encoder and shift after a descent, and what they leave of other rows."""
    moved = fitted.descend(*start, longer * N_STEPS, support=support)
    return moved, fitted.left_of_others(held, *moved, support)
