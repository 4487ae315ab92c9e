"""The latent space of LatentSINDy: learned, given, or the snapshots themselves."""

import copy
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from symdisc._data.out_of_core import split_columns
from symdisc._data.trajectories import check_agreement, check_time
from symdisc._equations.names import learns_latents
from symdisc._estimators.base import torch_dtype
from symdisc._estimators.learned_space import NONE, Space, learned_space
from symdisc._estimators.outcome import warn_of_unused
from symdisc._estimators.refine_sindy import noisy_rows
from symdisc._latent.coders import Identity
from symdisc._latent.torch_modules import check_columns, check_pair
from symdisc._numerics.threads import one_thread
from symdisc._sindy.differentiation import (
    Motion,
    best_rates,
    rates_along,
    take_rates,
)


def find_space(est, governing, X, rates, t, groups, random, checkpoint):
    """Find the latent space that the parameters of an estimator ask for.

    Parameters
    ----------
    est : LatentSINDy
        Its parameters are read, and it is not changed.
    governing : Governing
        What equations the latents are to obey.
    X : ndarray of shape (n_samples, n_features)
    rates : list of ndarray
        Time derivatives of X, or empty.
    t : ndarray or None
    groups : array-like or None
    random : numpy.random.RandomState
    checkpoint : Checkpoint or None

    Returns
    -------
    Space
    """
    warn_of_unused(est, learns_latents(est.autoencoder))
    if est.autoencoder == "none":
        return _identity(est, governing, X, rates, t, groups)
    if learns_latents(est.autoencoder):
        return learned_space(est, governing, X, rates, t, groups, random, checkpoint)
    return _given(est, governing, X, rates, t, groups)


@one_thread()
def _identity(est, governing, X, rates, t, groups):
    if est.symmetry == "discover":
        raise ValueError(
            'symmetry="discover" needs a latent space to be learned, but '
            'autoencoder="none". Fit a LatentSymmetryDiscoverer and pass its '
            "lie_algebra_ as symmetry."
        )
    if not isinstance(X, np.ndarray):
        raise ValueError(
            'autoencoder="none" takes the columns of X for the latent coordinates and '
            f"needs all of X, of shape {X.shape}, in memory. Pass numpy.asarray(X) "
            'where it fits, every n-th row, or autoencoder="residual".'
        )
    identity = Identity(X.shape[1], torch_dtype(X))
    if rates and t is not None:
        check_agreement(X, rates[0], t, groups)
    points = None if rates else X
    noisy = noisy_rows(est, points, t, groups, governing.inputs)
    motion = _motion(est, governing, X, rates, t, groups, noisy)
    return Space.of(identity, identity, motion, noisy=noisy, points=points)


def _given(est, governing, X, rates, t, groups):
    given = est.autoencoder
    if isinstance(given, tuple):
        (encoder, decoder), algebra = _pair(est, X), None
    else:
        given = _fitted(given, X, rates, t, groups)
        encoder, decoder = given.encoder_, given.decoder_
        algebra = given.lie_algebra_
    if est.symmetry == "discover" and algebra is None:
        raise ValueError(
            'symmetry="discover" needs an estimator with a lie_algebra_ as '
            "autoencoder. Pass a LatentSymmetryDiscoverer, or a LieAlgebra as symmetry."
        )
    latents = None if rates else est._apply(encoder, X)
    noisy = noisy_rows(est, latents, t, groups)
    if rates:
        motion = Motion(est._push(encoder, X, *rates))
    else:
        motion = _motion(est, governing, latents, [], t, groups, noisy)
    known = {"noisy": noisy, "points": latents}
    known["spaces"] = getattr(given, "spaces_", NONE)
    if est.symmetry == "discover":
        known["algebra"] = algebra
    return Space.of(encoder, decoder, motion, **known)


def _pair(est, X):
    """Return copies of the modules given, checked and in evaluation mode."""
    encoder, decoder = (copy.deepcopy(m).eval() for m in check_pair(est.autoencoder))
    encode, decode = partial(est._apply, encoder), partial(est._apply, decoder)
    latents = check_columns("encoder", encode, X[:2], None, "n_components")
    check_columns("decoder", decode, latents, X.shape[1], "n_features")
    return encoder, decoder


def _fitted(estimator, X, rates, t, groups):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        X_dot = rates[0] if rates else None
        return clone(estimator).fit(X, X_dot, t=t, groups=groups)
    if X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"autoencoder was fitted to {estimator.n_features_in_} features, but X has "
            f"{X.shape[1]}. Pass those it was fitted to, or sklearn.base.clone of it."
        )
    return estimator


def _motion(est, governing, points, rates, t, groups, noisy):
    """Points that are the latents with their rates, given or along time."""
    if rates:
        return Motion([points, *rates])
    if noisy is not None and est.differentiation == "auto":
        curve = [noisy.whole(c.T).T.astype(points.dtype) for c in noisy.curve]
        curve[0][:, list(noisy.columns)] = points[:, list(noisy.columns)]
        return Motion(curve, method="spline")
    options = {"order": est.order, "joint": est.symmetry is not None}
    if governing.unknown and est.differentiation == "auto":
        # Ways are not compared by candidates that are not known yet.
        options |= {"n_terms": 0, "inputs": governing.inputs}
        return take_rates("spline", points, t, groups, **options)
    options["n_terms"] = len(governing.library(points.shape[1]))
    options["inputs"] = governing.inputs
    if est.differentiation == "auto":
        governing.settle(est.symmetry, None)
        return best_rates(governing.equations, points, t, groups, **options)
    return rates_along(est.differentiation, points, t, groups, **options)


def take_best_rates(est, governing, space, t, groups):
    """Take rates in a given latent space along time, without states refined.

    Parameters
    ----------
    est : LatentSINDy
    governing : Governing
    space : Space
        What is set.
    t, groups
        Times and trajectories.
    """
    motion = _motion(est, governing, space.points, [], t, groups, None)
    space.curve, space.weak, space.method = motion.curve, motion.weak, motion.method


def motion_as_fitted(est, X, rates, t, groups):
    """Return latents of snapshots with their rates, given or taken as in `fit`.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    X : ndarray of shape (n_samples, n_features)
    rates : ndarray of shape (n_samples, order * n_features) or None
        Time derivatives of X, side by side.
    t : array-like of shape (n_samples,), float or None
        Without times, rows follow each other at the median step of the training data.
    groups : array-like of shape (n_samples,) or None

    Returns
    -------
    Motion
    """
    if rates is not None:
        return Motion(est._push(est.encoder_, X, *split_columns(rates, est.order)))
    return motion_along(est, est._apply(est.encoder_, X), t, groups)


def motion_along(est, points, t, groups):
    """Return points with their rates, taken along time as in `fit`.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    points : ndarray of shape (n_samples, n)
    t, groups
        As of `motion_as_fitted`.

    Returns
    -------
    Motion
    """
    t = check_time(est._median_step if t is None else t, groups, len(points))
    way = "spline" if est.differentiation_ == "given" else est.differentiation_
    options = {"order": est.order, "n_terms": 0, "joint": True}
    options["inputs"] = est.equations_.inputs
    return rates_along(way, points, t, groups, **options)
