"""Base of the estimators that fit another one to augmented data."""

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    has_fit_parameter,
)

from symdisc._data.validation import check_snapshots
from symdisc._downstream.augmentation import (
    CONSTRAINTS,
    NOT_TRIVIAL,
    draws_finite,
    moved_copies,
)
from symdisc._downstream.group_action import SYMMETRY
from symdisc._downstream.symmetric_estimator import SymmetricEstimator

AUGMENTED_CONSTRAINTS = {
    "estimator": [HasMethods(["fit", "predict"])],
    "symmetry": SYMMETRY,
    **CONSTRAINTS,
}


class AugmentedEstimator(SymmetricEstimator, MetaEstimatorMixin, BaseEstimator):
    """Fits `estimator` to snapshots and their moved copies."""

    def _fit_copies(self, X, y, sample_weight):
        """Fit a clone of `estimator`, to validated data."""
        weight = self._check_weight(X, sample_weight)
        rng = check_random_state(self.random_state)
        finite = draws_finite(self.labels, self.finite_group)
        action = self._find_action(X, y, NOT_TRIVIAL, rng, finite)
        how = self.n_copies, self.labels, self.max_coefficient, self.keep_residual
        drawn = finite, rng, _numbers(X, weight)
        X_more, y_more = moved_copies(action, X, y, *how, *drawn)
        passed = {}
        if weight is not None:
            passed["sample_weight"] = np.tile(weight, self.n_copies + 1)
        self.estimator_ = clone(self.estimator).fit(X_more, y_more, **passed)
        return self

    def _check_weight(self, X, sample_weight):
        """Return weights of rows, or None."""
        if sample_weight is None:
            return None
        if not has_fit_parameter(self.estimator, "sample_weight"):
            raise ValueError(
                f"sample_weight is given, but fit of estimator={self.estimator!r} "
                "takes none. Leave it out, or choose an estimator that takes weights."
            )
        weight = _check_sample_weight(sample_weight, X)
        if not weight.any():
            raise ValueError(
                "sample_weight is 0 for all rows. Give a positive weight to some."
            )
        return weight

    def predict(self, X):
        """Predict labels of snapshots.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        check_is_fitted(self)
        return self.estimator_.predict(check_snapshots(self, X, reset=False))


def _numbers(X, weight):
    """Return numbers of snapshots that differ, whatever the order of the rows.

    Equal ones have equal copies: a weight of 2 is then the same as the row twice, and
    a row without weight the same as none.
    """
    numbers = np.zeros(len(X), dtype=int)
    rows = slice(None) if weight is None else weight != 0
    numbers[rows] = np.unique(X[rows], axis=0, return_inverse=True)[1].ravel()
    return numbers
