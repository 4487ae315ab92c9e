"""Whether a LatentSINDy fits states along with its equations, and what it says."""

from functools import partial

import numpy as np

from symdisc._data.user_warning import warn_user
from symdisc._errors_in_variables.refinement import EXACT, Noisy, refine
from symdisc._sindy.misfit import sampling_of

# Correlation of neighbouring residuals, in standard errors: of white noise it is larger
# in one fit of a thousand.
MAX_CORRELATION = 3.3
# The noise may be larger than it looks in differences by this.
MAX_EXCESS = 1.5


def refinement(est, space, t, groups):
    """Return what fits states along with equations, or None.

    Parameters
    ----------
    est : LatentSINDy
    space : Space
        Latents with their rates.
    t : ndarray of shape (n_samples,) or None
    groups : array-like of shape (n_samples,) or None

    Returns
    -------
    callable or None
        As `symdisc._sindy.problem.Governing.find` takes it.
    """
    asked = est.refine == "states"
    reason = _not_possible(est, space)
    if est.refine == "none" or (reason and not asked):
        return None
    if reason:
        warn_user(
            f'refine="states" is not possible, and coefficients are those {reason}'
        )
        return None
    if not asked and est.differentiation != "auto":
        return None
    points = space.latents
    rows = Noisy.of(points, t, groups, est.order)
    if not asked and not _noise_matters(rows, sampling_of(points, t, groups).noise):
        return None
    return partial(_refined, est, rows, asked)


def _not_possible(est, space):
    """Say why states cannot be fitted; empty where they can."""
    if est.autoencoder == "residual":
        return "in a latent space that is learned from all rows."
    if space.latents is None:
        return "of the rates given as y. Pass t and leave out y."
    if est.optimizer is not None:
        return "of the optimizer. Leave it out."
    if est.symmetry is not None and np.isfinite(est.equivariance_weight):
        return "of a penalty. Pass equivariance_weight=inf."
    if est.n_bootstrap:
        return "whose errors are bootstrapped. Pass n_bootstrap=0."
    return ""


def _noise_matters(rows, white):
    """Whether noise is larger than what integrals of the rates are off by."""
    least = np.maximum(rows.errors, EXACT * rows.points.std(axis=0))
    return bool(np.any((white > 0) & (rows.noise > least)))


def _refined(est, rows, asked, library, fields, offset, start):
    """Fit states and equations; None where no equations are left that fit."""
    search = est.threshold == "auto"
    found = refine(rows, library, fields, offset, start, search=search)
    if found is not None and fits(found, len(rows.points)):
        return found
    if asked:
        warn_user(
            'refine="states" found no states that obey equations of these candidates '
            "and differ from the rows by white noise alone. Coefficients are those of "
            "least squares."
        )
    return None


def fits(found, n_rows):
    """Check that rows differ from the states by white noise alone.

    Parameters
    ----------
    found : Refined
    n_rows : int

    Returns
    -------
    bool
    """
    correlated = found.correlation * np.sqrt(n_rows) > MAX_CORRELATION
    return not np.any(correlated | (found.excess > MAX_EXCESS))
