"""Rates of rows that carry no noise, away from the ends of trajectories."""

import numpy as np

from symdisc._data.stencils import inner_derivatives
from symdisc._data.stretches import stretches
from symdisc._sindy.differentiation import Motion


def is_exact(est, space):
    """Check whether rates may be taken anew, from rows whose noise does not matter.

    Parameters
    ----------
    est : LatentSINDy
    space : Space

    Returns
    -------
    bool
    """
    usual = est.differentiation == "auto" and space.points is not None
    return usual and space.noisy is None


def rates_within(est, governing, motion, space, t, groups):
    """Take the most accurate rates that rows without noise have.

    Parameters
    ----------
    est : LatentSINDy
    governing : Governing
    motion : Motion
        Rates that are returned where rows carry noise or are too few.
    space : Space
    t, groups
        Times and trajectories.

    Returns
    -------
    motion : Motion
        Of the rows that are away from the ends of stretches.
    groups : ndarray of shape (n_rows,) or None
    errors : ndarray of shape (k,) or None
        What the rates are off by, in the mean square, relative to that of the rates.
    """
    if not is_exact(est, space):
        return motion, groups, None
    points = space.points.astype(float)
    parts = stretches(t, groups, points)
    rows, curve, errors = inner_derivatives(points, t, parts, est.order)
    if len(rows) < len(t) / 2:
        return motion, groups, None
    for rate in curve[1:]:
        rate[:, list(governing.inputs)] = 0.0
    kept = None if groups is None else np.asarray(groups)[rows]
    return Motion(curve), kept, errors
