"""Whether a LatentSINDy fits states along with its equations, and what it says."""

import numpy as np

from symdisc._data.user_warning import warn_user
from symdisc._errors_in_variables.refinement import EXACT, Noisy, refine
from symdisc._sindy.misfit import sampling_of

# Correlation of neighbouring residuals, in standard errors: of white noise it is larger
# in one fit of a thousand.
MAX_CORRELATION = 3.3
# The noise may be larger than it looks in differences by this.
MAX_EXCESS = 1.5
# States that stay where they are explain nothing: noise is at most this part of the
# variance.
MAX_LEFT = 0.5


def noisy_rows(est, latents, t, groups):
    """Look at the noise of latents; None where states are not to be fitted.

    Parameters
    ----------
    est : LatentSINDy
    latents : ndarray of shape (n_samples, k) or None
        As encoded; None where their rates are given.
    t : ndarray of shape (n_samples,)
    groups : array-like of shape (n_samples,) or None

    Returns
    -------
    Noisy or None
    """
    asked = est.refine == "states"
    reason = _not_possible(est, latents)
    if reason and asked:
        warn_user(f'refine="states" cannot be: coefficients are those {reason}')
    usual = asked or est.differentiation == "auto"
    if reason or est.refine == "none" or not usual:
        return None
    rows = Noisy.of(latents, t, groups, est.order)
    if asked or _noise_matters(rows, sampling_of(rows.points, t, groups).noise):
        return rows
    return None


def _not_possible(est, latents):
    """Say why states cannot be fitted; empty where they can."""
    if latents is None:
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


def refined(est, rows, library, fields, offset, start):
    """Fit states and equations; None where no equations fit.

    Parameters
    ----------
    est : LatentSINDy
    rows : Noisy
    library, fields, offset, start
        As of `symdisc._errors_in_variables.refinement.refine`.

    Returns
    -------
    Refined or None
    """
    search = est.threshold == "auto"
    found = refine(rows, library, fields, offset, start, search=search)
    if found is not None and _fits(found, rows):
        return found
    if est.refine == "states":
        warn_user(
            'refine="states" found no states that obey equations of these candidates '
            "and differ from the rows by white noise alone. Coefficients are those of "
            "least squares."
        )
    return None


def _fits(found, rows):
    """Check that rows differ from states that move by white noise alone."""
    correlation = found.correlation * np.sqrt(len(rows.points))
    left = found.noise**2 / np.var(rows.points, axis=0)
    bad = (correlation > MAX_CORRELATION) | (found.excess > MAX_EXCESS)
    return not np.any(bad | (left > MAX_LEFT))
