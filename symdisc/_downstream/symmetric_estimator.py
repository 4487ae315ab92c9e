"""What estimators that are given a symmetry have in common."""

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from symdisc._data.tables import as_table
from symdisc._data.user_warning import warn_user
from symdisc._data.validation import check_snapshots
from symdisc._downstream.group_action import (
    check_not_trivial,
    is_fitted,
    resolve_action,
    warn_of_doubts,
)
from symdisc._estimators.action import ActingEstimator

# Rows that the check of the data looks at.
MEASURED = 2048
# Rows spread half as far have four times the share of the same noise.
HALF_AS_FAR = 4
# Of the mean and standard deviation that a scaler leaves.
ROUNDING = 1e-4
ELSEWHERE = (
    "X is not like the rows that symmetry was found in: {found}. Its latents are then "
    "not those that the group acts on. Pass X in the units and with the origin of "
    "those rows. A scaler belongs in front of both: fit symmetry to scaled rows, and "
    "scale X by the same scaler."
)


class SymmetricEstimator:
    """Mixin of estimators with the parameter `symmetry`."""

    def __sklearn_clone__(self):
        """Clone, but leave a discoverer fitted that is."""
        copied = super().__sklearn_clone__()
        if is_fitted(self.symmetry):
            copied.symmetry = self.symmetry
        return copied

    def _snapshots(self, X):
        """Return validated snapshots, whose columns are those of the discoverer."""
        check_names(self.symmetry, X)
        return check_snapshots(self, X)

    def _find_action(self, X, y, remedy, rng, finite=False):
        """Set what is known of the symmetry; return the action of the group."""
        rates = isinstance(self.labels, str) and self.labels == "rates"
        action = resolve_action(self.symmetry, X, y, rates=rates, random_state=rng)
        if remedy is not None:
            check_not_trivial(action, remedy, finite)
        warn_of_doubts(action, finite, self.labels)
        if is_fitted(discoverer_of(self.symmetry)):
            warn_of_other_rows(action, X)
        self.symmetry_, self.lie_algebra_ = action.discoverer, action.algebra
        self.generators_ = action.generators
        return action


def discoverer_of(symmetry):
    """Return the discoverer that is frozen, or what is given."""
    return symmetry.estimator if isinstance(symmetry, FrozenEstimator) else symmetry


def check_names(symmetry, X):
    """Raise where columns have other names than those a discoverer was fitted to.

    Where one of both has no names, scikit-learn warns.
    """
    est = discoverer_of(symmetry)
    if not (isinstance(est, ActingEstimator) and is_fitted(est)):
        return
    X, _ = as_table(X, "X", getattr(est, "snapshot_shape_", None))
    # Arrays of another width have a message of their own.
    if hasattr(X, "columns") or np.shape(X)[1:] == (est.n_features_in_,):
        validate_data(est, X, reset=False, skip_check_array=True)


def warn_of_other_rows(action, X):
    """Warn where X has other units or another origin than what the symmetry is of.

    Rows in a small part of what the discoverer saw are no reason to warn: a symmetry
    is of most use there.

    Parameters
    ----------
    action : GroupAction
    X : ndarray of shape (n_samples, n_features)
    """
    est = action.discoverer
    spread = getattr(est, "_spread", None)
    if spread is None or len(X) < 2:
        return
    X = X[:: -(-len(X) // MEASURED)]
    lost = X - action.decode(action.encode(X))
    X, mean = X.astype(float), est.decoder_.mean.cpu().numpy().astype(float)
    found = (
        _more_is_lost(est, X - mean, lost.astype(float))
        or _is_elsewhere(est, X - mean)
        or _is_scaled(X, mean, spread)
    )
    if found:
        warn_user(ELSEWHERE.format(found=found))


def _more_is_lost(est, centred, lost):
    """Say so where the latents lose more of the rows, beyond noise, than of their own.

    Noise of rows spread half as far, and the tolerance of the symmetry, are allowed:
    networks lose more of rows that they were not trained on.
    """
    variance = np.square(centred).sum(axis=1).mean()
    if variance == 0:
        return ""
    shares = np.square(lost).sum(axis=1) / variance
    own = est.reconstruction_error_
    limit = HALF_AS_FAR * own + est.max_defect
    share, error = shares.mean(), shares.std(ddof=1) / np.sqrt(len(shares))
    if share - 3 * error <= limit:
        return ""
    return f"the latents lose {share:.2g} of its variance, and {own:.2g} of theirs"


def _is_elsewhere(est, centred):
    """Say so where most rows are outside of the range of all that were seen.

    As many more as chance puts there: of N + 1 rows that are alike, one of each column
    is the largest, and one the least.
    """
    encoder = est.encoder_
    modes, scale = encoder.modes, encoder.scale.cpu().numpy().astype(float)
    if modes is not None:
        centred = centred @ modes.cpu().numpy().astype(float).T
    least, largest = est._limits
    # Faint modes drift.
    wide = (largest - least) * scale
    counts = wide > est.max_defect * wide.max()
    coordinates = centred / scale
    outside = (coordinates < least) | (coordinates > largest)
    share = outside[:, counts].any(axis=1).mean()
    if share <= 1 / 2 + 2 * counts.sum() / (est._n_seen + 1):
        return ""
    return f"{share:.0%} of its rows are outside of their range"


def _is_scaled(X, mean, spread):
    """Say so where columns are standardised, to rounding, and those seen were not."""
    deviation = X.std(axis=0)
    moves = deviation > 0
    if len(X) < 5 or not moves.any():
        return ""
    here = np.abs(X.mean(axis=0)).max(), np.abs(deviation[moves] - 1).max()
    there = np.abs(mean).max(), np.abs(spread[moves] - 1).max()
    # Means of part of the rows, and standard deviations, err by about this.
    chance = 5 / np.sqrt(len(X))
    if max(here) > ROUNDING or max(there) <= chance:
        return ""
    return "its columns have mean 0 and standard deviation 1, and theirs had not"


def check_numbers(est, X, y):
    """Return labels that are numbers, one or several a row."""
    _check_given(est, y)
    y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y", estimator=est)
    if y.ndim not in (1, 2):
        raise ValueError(f"y has shape {y.shape}; give one row for each row of X.")
    check_consistent_length(X, y)
    return y


def check_classes(est, X, y):
    """Return labels that are classes."""
    _check_given(est, y)
    y = column_or_1d(y, warn=True)
    check_array(y, ensure_2d=False, dtype=None, input_name="y", estimator=est)
    check_consistent_length(X, y)
    check_classification_targets(y)
    return y


def _check_given(est, y):
    if y is None:
        raise ValueError(
            f"{type(est).__name__} requires y to be passed, but the target y is None."
        )
