"""Which terms equations need, where the latents may change with them."""

import math
from dataclasses import replace
from typing import NamedTuple

import torch

from symdisc._sparse_latents.objective import LEAST_ERROR

# Part of E_v by which two are alike.
CLOSE = 0.1
# Shares of the terms that are tried first.
CUTS = 0.1, 0.03, 0.01
# Most steps of a descent, and where so many times the tolerance is not exceeded.
N_STEPS, NEAR, TO_THE_END = 60, 100, 600


class Limits(NamedTuple):
    """What fewer terms may leave.

    Parameters
    ----------
    left : tensor of shape (n_blocks,)
        What equations with all terms leave of the rates, by blocks of other rows.
    lost : float
        Part of the snapshots that may be lost.
    tolerance : float
        E_v may grow by this, or by a standard error, above the least so far.
    negligible : float
        It may grow by this where it falls again as further terms are dropped.
    own : float
        What may be left of the rates of the rows fitted to. Others are few, and may be
        where an encoder is less exact than equations.
    """

    left: torch.Tensor
    lost: float
    tolerance: float
    negligible: float
    own: float = math.inf

    def allow(self, left, first):
        """Say whether rates are left as well as by what was first.

        What several steps leave, each within a standard error, adds up: together it is
        within one of what all terms leave, or negligible.
        """
        if left.mean() <= first.mean():
            return True
        near = is_as_good(left, self.left, self.negligible)
        # Of most blocks less may be left, and of one a negligible part more.
        less = bool((_logs(left) - _logs(first)).mean() <= 0)
        less = less and is_as_good(left, first, self.negligible)
        return near and (less or is_as_good(left, first, self.tolerance))

    @torch.no_grad()
    def keep(self, fitted, encoder, shift, support):
        """Say whether an encoder keeps the snapshots, and terms the rates fitted to."""
        if fitted.left_of_rates(encoder, shift, support)[0] > self.own:
            return False
        if fitted.max_x_error == 1:
            return True
        return bool(fitted.left_of_snapshots(encoder, shift) <= self.lost)


def eliminate_terms(fitted, held, encoder, shift, limits, refused=None):
    """Drop terms, least share first, while rates and snapshots are left no worse.

    The encoder descends again without each: another one may do without a term that this
    one needs. One that loses a part of the state may do with fewer still, and does not
    count.

    Parameters
    ----------
    fitted, held : SparseMotion
        Rows that are fitted to, and others that errors are of.
    encoder, shift : tensor
    limits : Limits
    refused : dict, optional
        Takes what is left without a term that is needed, by its number.

    Returns
    -------
    encoder, shift : tensor
    support : tensor of bool, of shape (n_terms, k)
    """
    found = _largest(fitted, held, encoder, shift, limits)
    if not limits.keep(fitted, *found):
        return found
    refused = {} if refused is None else refused
    for _, fewer in _dropped(fitted, held, found, limits, limits.tolerance, refused):
        found = fewer
    return found


def eliminate_past_worse(fitted, held, found, limits, refused=None):
    """Drop further terms, where only steps in between leave more of the rates.

    Of several terms that make up for each other each may be needed until the last is
    dropped.

    Parameters
    ----------
    fitted, held : SparseMotion
        Rows that are fitted to, and others that errors are of.
    found : tuple of tensor
        Encoder, shift and terms.
    limits : Limits
    refused : dict, optional
        As of `eliminate_terms`.

    Returns
    -------
    encoder, shift : tensor
    support : tensor of bool, of shape (n_terms, k)
    """
    first = what_is_left(fitted, held, *found)
    limits = limits._replace(tolerance=0.0)
    loose = limits._replace(own=max(limits.own, limits.negligible))
    known = loose, limits.negligible, refused or {}, True
    for left, fewer in _dropped(fitted, held, found, *known):
        if limits.allow(left, first) and limits.keep(fitted, *fewer):
            found = fewer
    return found


def _dropped(fitted, held, found, limits, tolerance, refused, singly=False):
    """Drop terms, least share first, until none can be dropped; yield after each.

    Parameters
    ----------
    fitted, held : SparseMotion
    found : tuple of tensor
        Encoder, shift and terms.
    limits : Limits
    tolerance : float
        E_v may grow by this, or by a standard error, above the least so far.
    refused : dict
        What is left without a term that was needed: it is where that is too much.
    singly : bool, default=False
        Drop one at a time; by default half of the terms are tried first.

    Yields
    ------
    left : tensor of shape (n_blocks,)
        What is left of the rates.
    fewer : tuple of tensor
        Encoder, shift and terms.
    """
    encoder, shift, support = found
    best = what_is_left(fitted, held, *found)
    costly = [n for n, left in refused.items() if not is_as_good(left, best, tolerance)]
    needed = ~_without(torch.ones_like(support), costly)
    n_dropped = 1 if singly else int(support.sum()) // 2
    while bool((support & ~needed).any()):
        with torch.no_grad():
            _, share = fitted.left_of_rates(encoder, shift, support)
        share = torch.where(support & ~needed, share, torch.inf)
        least = share.flatten().argsort()[: min(n_dropped, int(share.isfinite().sum()))]
        fewer = _without(support, least)
        if fewer.any(dim=0).all():
            start = encoder, shift
            moved, left = _descended(fitted, held, start, fewer, best, tolerance)
            if not limits.keep(fitted, *moved, fewer):
                left = left + torch.inf
            if is_as_good(left, best, tolerance):
                (encoder, shift), support = moved, fewer
                best = min(best, left, key=torch.mean)
                yield left, (encoder, shift, support)
                continue
            if len(least) == 1:
                refused[int(least)] = left
        if len(least) == 1:
            needed = ~_without(~needed, least)
        n_dropped = max(len(least) // 2, 1)


def fewest_possible(fitted, held, encoder, shift, limits):
    """Return what `eliminate_terms` does, if one term for each rate is enough.

    Parameters are the same. It is None where one is not.
    """
    with torch.no_grad():
        _, share = fitted.left_of_rates(encoder, shift)
    support = share == share.max(dim=0).values
    return _with(support, fitted, held, encoder, shift, limits)


def _largest(fitted, held, encoder, shift, limits):
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
        found = _with(support, fitted, held, encoder, shift, limits)
        if found is not None:
            return found
    support = share > limits.tolerance**0.5
    return *fitted.descend(encoder, shift, N_STEPS, support=support), support


def _with(support, fitted, held, encoder, shift, limits):
    """Return encoder, shift and terms after a descent, if these leave no more."""
    tolerance = limits.tolerance
    moved = _along_axes(fitted, encoder, shift, support)
    left = what_is_left(fitted, held, *moved, support)
    if not is_as_good(left, limits.left, tolerance):
        known = limits.left, tolerance
        moved, left = _descended(fitted, held, moved, support, *known)
    good = is_as_good(left, limits.left, tolerance)
    return (*moved, support) if good and limits.keep(fitted, *moved, support) else None


def _along_axes(fitted, encoder, shift, support):
    """Return encoder and shift after a descent that changes no more than the axes."""
    unit = encoder / fitted.size(encoder)[:, None]
    curve = [part @ unit.mT for part in fitted.curve]
    inner = replace(fitted, curve=curve, max_x_error=1.0)
    start = torch.eye(len(unit)).to(unit), shift
    turn, shift = inner.descend(*start, N_STEPS, support=support)
    return turn @ unit, shift


def _without(table, entries):
    """Return a table of bool with some entries, counted row by row, set to False."""
    kept = torch.ones(table.numel(), dtype=torch.bool)
    kept[entries] = False
    return table & kept.reshape(table.shape)


@torch.no_grad()
def what_is_left(fitted, held, encoder, shift, support):
    """Return what blocks of other rows leave, or the rows fitted to if that is more.

    Few trajectories held out may be where a term does little.

    Parameters
    ----------
    fitted, held : SparseMotion
    encoder, shift, support : tensor

    Returns
    -------
    tensor of shape (n_blocks,)
    """
    left = fitted.left_of_others(held, encoder, shift, support)
    own, _ = fitted.left_of_rates(encoder, shift, support)
    return left + (own - left.mean()).clamp_min(0)


def is_as_good(left, best, tolerance):
    """Say whether something leaves hardly more of other rows than the best.

    Parameters
    ----------
    left, best : tensor of shape (n_blocks,)
        What they leave of blocks of rows.
    tolerance : float
        Difference that does not count, nor does one standard error of the best, of the
        blocks or of their logarithms, whichever is less, nor a tenth of it.

    Returns
    -------
    bool
    """
    return bool(left.mean() <= most_as_good(best, tolerance))


def most_as_good(best, tolerance):
    """Return what may be left by what is as good as the best, see `is_as_good`."""
    mean, error = float(best.mean()), 0.0
    if len(best) > 1:
        # One block with most of what is left does not make the others uncertain, nor
        # does one with nothing.
        own, of_logs = (float(b.std()) / len(b) ** 0.5 for b in (best, _logs(best)))
        error = min(own, math.expm1(of_logs) * mean)
    return mean + max(tolerance, error, CLOSE * mean)


def _logs(left):
    return left.clamp_min(LEAST_ERROR).log()


def _descended(fitted, held, start, support, best, tolerance):
    """Return encoder and shift after a descent, and what they leave of other rows.

    It is a long one where that may make it as good as the best, for as long as its pace
    is enough.
    """
    needed = 0.0
    for n_steps in (N_STEPS, TO_THE_END):
        start = fitted.descend(*start, n_steps, needed, support=support)
        left = what_is_left(fitted, held, *start, support)
        above = left.mean() / most_as_good(best, tolerance)
        needed = float(above.clamp_min(1).log())
        near = is_as_good(left, best, NEAR * tolerance)
        if not near or is_as_good(left, best, tolerance):
            break
    return start, left
