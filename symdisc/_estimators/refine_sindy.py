"""Whether a LatentSINDy fits states along with its equations, and what it says."""

import numpy as np

from symdisc._data.user_warning import warn_user
from symdisc._errors_in_variables.refinement import (
    EXACT,
    MAX_PRODUCTS,
    Noisy,
    refine,
)
from symdisc._sindy.misfit import sampling_of

# Level of the test of what rows differ from the states by for white noise.
LEVEL = 0.001
# What is no more than this many roundings is no noise.
ROUNDINGS = 8
# States that stay where they are explain nothing: noise is at most this part of the
# variance.
MAX_LEFT = 0.5


def noisy_rows(est, latents, t, groups, inputs=()):
    """Look at the noise of latents; None where states are not to be fitted.

    Parameters
    ----------
    est : LatentSINDy
    latents : ndarray of shape (n_samples, k) or None
        As encoded; None where their rates are given.
    t : ndarray of shape (n_samples,)
    groups : array-like of shape (n_samples,) or None
    inputs : tuple of int, default=()
        Columns that have no equation.

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
    # What stays where it is has no noise, and no equation but rest.
    still = np.flatnonzero(np.ptp(latents, axis=0) == 0)
    columns = tuple(sorted({*inputs, *map(int, still)}))
    if len(columns) == latents.shape[1]:
        return None
    rows = Noisy.of(latents, t, groups, est.order, columns)
    rounding = ROUNDINGS * np.finfo(latents.dtype).eps * np.abs(rows.points).max(axis=0)
    white = sampling_of(rows.points, t, groups).noise > rounding
    return rows if asked or _noise_matters(rows, white) else None


def _not_possible(est, latents):
    """Say why states cannot be fitted; empty where they can."""
    if est.discrete:
        return "of single steps of a map."
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
    """Whether noise is above the errors of integrals, and a fit takes seconds."""
    if rows.products(0) > MAX_PRODUCTS:
        # Least squares has to do.
        return False
    errors = np.sqrt(np.mean(rows.errors**2, axis=0))
    least = np.maximum(errors, EXACT * rows.points.std(axis=0))
    return bool(np.any(white & (rows.noise > least)))


def refined(est, rows, governing, library, fields, offset, start):
    """Fit states and equations; None where no equations fit.

    Parameters
    ----------
    est : LatentSINDy
    rows : Noisy
    governing : Governing
    library, fields, offset, start
        As of `symdisc._errors_in_variables.refinement.refine`.

    Returns
    -------
    Refined or None
    """
    options = {"search": est.threshold == "auto"}
    if governing.free:
        library, _ = governing.candidates(len(offset))
        options["constants"] = [governing.values[name] for name in governing.free]
    found = refine(rows, library, fields, offset, start, **options)
    if found is not None and _fits(found, rows):
        return found
    if est.refine == "states":
        warn_user(
            'refine="states" found no states that obey equations of these candidates '
            "and differ from the rows by white noise alone. Coefficients are those of "
            "least squares."
        )
    return None


def fits_with(governing, est, rows):
    """Check whether other candidates have a motion that fits noisy rows.

    Parameters
    ----------
    governing : Governing
    est : LatentSINDy
    rows : Noisy

    Returns
    -------
    bool
        False where there are too many of them to try.
    """
    known = governing.algebra or governing.fix or governing.free
    known = known or governing.denominators
    if est.threshold != "auto" or known:
        return False
    n_columns = rows.points.shape[1] + len(rows.columns)
    library = governing.library(n_columns)
    shape = n_columns, len(library)
    every = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    every = every[np.any(every[:, rows.own] != 0, axis=(1, 2))]
    if rows.products(len(every)) > MAX_PRODUCTS:
        return False
    with np.errstate(all="ignore"):
        found = refine(rows, library, every, np.zeros(shape), np.zeros(shape))
    return found is not None and _fits(found, rows)


def _fits(found, rows):
    """Check that rows differ from states that move by white noise alone."""
    noise = found.noise[rows.own]
    left = noise**2 / np.var(rows.points, axis=0)
    # A column without noise stays where it is, and its residuals say nothing.
    noisy = noise > 2 * EXACT * rows.points.std(axis=0)
    coloured = noisy & (found.p_white < LEVEL / len(noisy))
    return not np.any(coloured | (left > MAX_LEFT))
