"""Base of the estimators that fit another one to augmented data."""

from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_is_fitted

from symdisc._data.validation import check_snapshots
from symdisc._downstream.augmentation import CONSTRAINTS, NOT_TRIVIAL, moved_copies
from symdisc._downstream.group_action import SYMMETRY
from symdisc._downstream.symmetric_estimator import SymmetricEstimator

AUGMENTED_CONSTRAINTS = {
    "estimator": [HasMethods(["fit", "predict"])],
    "symmetry": SYMMETRY,
    **CONSTRAINTS,
}


class AugmentedEstimator(SymmetricEstimator, MetaEstimatorMixin, BaseEstimator):
    """Fits `estimator` to snapshots and their moved copies."""

    def _fit_copies(self, X, y):
        """Fit a clone of `estimator`, to validated data."""
        rng = check_random_state(self.random_state)
        action = self._find_action(X, y, NOT_TRIVIAL, rng)
        how = self.n_copies, self.labels, self.max_coefficient, self.keep_residual
        X_more, y_more = moved_copies(action, X, y, *how, rng)
        self.estimator_ = clone(self.estimator).fit(X_more, y_more)
        return self

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
