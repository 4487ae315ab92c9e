"""What estimators that are given a symmetry have in common."""

from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from symdisc._downstream.group_action import (
    check_not_trivial,
    is_fitted,
    resolve_action,
    warn_of_doubts,
)


class SymmetricEstimator:
    """Mixin of estimators with the parameter `symmetry`."""

    def __sklearn_clone__(self):
        """Clone, but leave a discoverer fitted that is."""
        copied = super().__sklearn_clone__()
        if is_fitted(self.symmetry):
            copied.symmetry = self.symmetry
        return copied

    def _find_action(self, X, y, remedy, rng):
        """Set what is known of the symmetry; return the action of the group."""
        rates = isinstance(self.labels, str) and self.labels == "rates"
        action = resolve_action(self.symmetry, X, y, rates=rates, random_state=rng)
        if remedy is not None:
            check_not_trivial(action.algebra, remedy)
        warn_of_doubts(action.algebra)
        self.symmetry_, self.lie_algebra_ = action.discoverer, action.algebra
        self.generators_ = action.generators
        return action


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
