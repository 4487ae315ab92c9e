"""What a LatentSINDy takes of the data that it is given."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from symdisc._data.out_of_core import split_columns
from symdisc._data.trajectories import check_time, median_step, transition_pairs
from symdisc._data.user_warning import warn_user
from symdisc._data.validation import MIN_SAMPLES, check_snapshots
from symdisc._estimators.fit_sindy import motion_along, motion_as_fitted
from symdisc._implicit.denominators import check_denominators
from symdisc._intake.jumps import without_jumps
from symdisc._intake.rejected_rows import short_stretches
from symdisc._sindy.differentiation import Motion
from symdisc._sindy.problem import Governing
from symdisc._sindy.scoring import equation_scores, pooled_score

# Fourth powers of smaller numbers are zero in double precision.
TINY = 1e-80


@dataclass
class Given:
    """Rows that equations are fitted to.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    rates : list of ndarray
        Time derivatives of X, or the next rows of a map; empty where they are taken
        along `t`.
    t : ndarray of shape (n_samples,) or None
    groups : array-like of shape (n_samples,) or None
    step : float
        Median time between rows.
    governing : Governing
        What equations are looked for.
    """

    X: object
    rates: list
    t: np.ndarray | None
    groups: object
    step: float
    governing: Governing


def given_to_fit(est, X, y, t, groups, feature_names):
    """Take in what `fit` is given.

    Parameters
    ----------
    est : LatentSINDy
    X, y, t, groups, feature_names
        As of `LatentSINDy.fit`.

    Returns
    -------
    Given
    """
    way = None if est.discrete else est.differentiation
    along = {"differentiation": way, "order": est.order}
    data = est._take_in_fit(X, y, t, groups, step=1.0, **along)
    X = check_snapshots(est, data.X, ensure_min_samples=MIN_SAMPLES)
    rates, t, groups = est._check_rates(X, data.y, est.order), data.t, data.groups
    t = check_time(t, groups, len(X))
    _check_not_tiny(est, X)
    if rates is None and t is None:
        t = check_time(1.0, groups, len(X))
    check_denominators(est)
    governing = Governing.of(est, feature_names)
    if X.dtype == np.float32:
        governing.rcond = np.finfo(X.dtype).eps
    step = median_step(t, groups)
    if est.discrete:
        _check_map(est, rates)
        X, following, groups = _pairs(X, t, groups)
        return Given(X, [following], None, groups, step, governing)
    if rates is not None:
        rates = split_columns(rates, est.order)
        return Given(X, rates, t, groups, step, governing)
    if est.autoencoder == "none" and isinstance(X, np.ndarray):
        names, inputs = governing.names, governing.inputs
        X, t, groups = without_jumps(X, t, groups, names, inputs)
        X, t, groups = _without_remains(X, t, groups, 1 + est.order)
    return Given(X, [], t, groups, median_step(t, groups), governing)


def _without_remains(X, t, groups, needed):
    """Leave out what is too short between rows that were left out."""
    short = short_stretches(X, t, groups, needed)
    if not 0 < sum(map(len, short)) < len(X):
        return X, t, groups
    lost = np.concatenate(short)
    warn_user(
        f"{len(lost)} rows between outliers, jumps and gaps are left out: a derivative "
        f"along t needs {needed} rows that follow each other."
    )
    groups = None if groups is None else np.delete(np.asarray(groups), lost)
    return np.delete(X, lost, axis=0), np.delete(t, lost), groups


def _check_not_tiny(est, X):
    """Raise where products of the columns would be zero in double precision."""
    if est.autoencoder != "none" or not isinstance(X, np.ndarray):
        return
    largest = np.abs(X).max(axis=0)
    tiny = np.flatnonzero((largest > 0) & (largest < TINY))
    if len(tiny):
        raise ValueError(
            f"X has values of at most {largest[tiny[0]]:.1g} in column {tiny[0]}: "
            "products of them are zero in double precision. Multiply X, as by another "
            "unit."
        )


def _check_map(est, rates):
    if est.autoencoder != "none" or est.order != 1:
        raise ValueError(
            f"discrete={est.discrete} looks for a map of the columns of X, but "
            f"autoencoder={est.autoencoder!r} and order={est.order}. Pass "
            'autoencoder="none" and order=1.'
        )
    if rates is not None:
        raise ValueError(
            f"discrete={est.discrete} takes the next row of X, and y has derivatives. "
            "Leave out y."
        )


def _pairs(X, t, groups):
    """Return rows, those that follow them, and the trajectory of each."""
    X = np.asarray(X)
    before, after = transition_pairs(t, groups, len(X))
    if len(before) < MIN_SAMPLES:
        raise ValueError(
            f"X has {len(before)} rows that another one of the same trajectory "
            f"follows; a map needs {MIN_SAMPLES}. Pass longer trajectories."
        )
    groups = None if groups is None else np.asarray(groups)[before]
    return X[before], X[after], groups


def score_of(est, X, y, t, groups, sample_weight):
    """Return R2 of rates; parameters are those of `LatentSINDy.score`.

    Returns
    -------
    float
    """
    way = None if est.differentiation_ == "given" else est.differentiation_
    way = None if est.discrete else way or "spline"
    demands = {"differentiation": way, "order": est.order, "step": est._median_step}
    data = est._take_in(X, y, t, groups, sample_weight, **demands)
    X = check_snapshots(est, data.X, reset=False, ensure_min_samples=2)
    rates, weight = est._check_rates(X, data.y, est.order), data.weight
    if weight is not None:
        weight = _check_sample_weight(weight, X)
    along = data.t, data.groups
    if est.discrete:
        _check_map(est, rates)
        before, after = transition_pairs(check_time(*along, len(X)), along[1], len(X))
        weight = None if weight is None else weight[before]
        motion = Motion([X[before], X[after]])
    else:
        motion = motion_as_fitted(est, X, rates, *along)
        if est.autoencoder != "none":
            return _score_of_snapshots(est, X, rates, motion, along, weight)
    known = {"weak": motion.weak, "weight": weight}
    found = equation_scores(est.equations_, motion.curve, est._rate_scale, **known)
    return pooled_score(found)


def _score_of_snapshots(est, X, rates, motion, along, weight):
    """Return R2 of the rates of snapshots, all columns together."""
    state = motion.curve[:-1]
    found = est.equations_(np.hstack(state)).astype(state[0].dtype)
    predicted = est._push(est.decoder_, *state, found)[-1]
    if rates is not None:
        target, weak = split_columns(rates, est.order)[-1], None
    else:
        given = motion_along(est, np.asarray(X), *along)
        target, weak = given.curve[-1], given.weak
    if weak is not None:
        target, predicted = weak.derivative @ X, weak.average @ predicted
        weight = None if weight is None else weak.average @ weight
    mean = np.average(target, axis=0, weights=weight)
    total = np.average(np.sum((target - mean) ** 2, axis=1), weights=weight)
    left = np.average(np.sum((target - predicted) ** 2, axis=1), weights=weight)
    return float(1 - left / total) if total > 0 else float(left == 0)
