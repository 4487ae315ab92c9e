"""Regression on data that a symmetry multiplies."""

from sklearn.base import RegressorMixin, _fit_context

from symdisc._downstream.augmented import AUGMENTED_CONSTRAINTS, AugmentedEstimator
from symdisc._downstream.symmetric_estimator import check_numbers


class AugmentedRegressor(RegressorMixin, AugmentedEstimator):
    """Fit a regressor to snapshots and to copies moved by a symmetry.

    A step of a pipeline cannot add rows; this estimator does, in `fit` alone.
    Parameters of the inner one are searched as ``estimator__...``.

    Parameters
    ----------
    estimator : regressor
        Any regressor of scikit-learn; a clone is fitted.
    symmetry : LatentSymmetryDiscoverer, LieAlgebra, str or sequence of Block and \
Scalars, default=None
        The symmetry. A discoverer that is fitted is used as it is, also by clones of
        this estimator; one that is not is fitted to `X` (and to `y` with
        ``symmetry_of="labels"`` or ``labels="rates"``). None is
        ``LatentSymmetryDiscoverer()``. Others act on the columns of `X`: an algebra, a
        name such as "so(3)" (of the first columns), weights such as "so(2): 1, 2", or
        blocks.
    n_copies : int, default=5
        Number of moved copies of each snapshot; 0 is the inner estimator alone.
    labels : str, sequence of Block and Scalars or ndarray, default="kept"
        What a group element does to labels: "kept", "moved", "both", "rates", weights
        such as "so(2): 1", blocks, or generators; see `augment`.
    max_coefficient : float, default=0.3
        Range of coefficients of generators that are no rotations, see `augment`.
    keep_residual : bool, default=True
        Whether copies keep what the autoencoder loses, see `augment`.
    finite_group : bool, default=True
        Whether elements of ``symmetry_.finite_group_`` are drawn, too, where one was
        found, see `augment`.
    random_state : int, RandomState instance or None, default=None
        Seed of the group elements.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone.
    symmetry_ : LatentSymmetryDiscoverer or None
        The fitted discoverer; None where the symmetry acts on the columns.
    lie_algebra_ : LieAlgebra
        The symmetry.
    generators_ : ndarray of shape (c, k, k)
        Generators of the group that is used: those of `lie_algebra_`, but as printed
        or as their weights have them, where noise can be taken out so.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen in `fit`, where `X` has string names.

    References
    ----------
    G. Benton, M. Finzi, P. Izmailov and A. G. Wilson, "Learning invariances in neural
    networks", NeurIPS (2020).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from symdisc import AugmentedRegressor
    >>> rng = np.random.default_rng(0)
    >>> X, X_new = rng.normal(size=(50, 2)), rng.normal(size=(500, 2))
    >>> y, y_new = (np.linalg.norm(x, axis=1) for x in (X, X_new))
    >>> plain = KNeighborsRegressor(3)
    >>> more = AugmentedRegressor(plain, symmetry="so(2)", random_state=0)
    >>> bool(more.fit(X, y).score(X_new, y_new) > plain.fit(X, y).score(X_new, y_new))
    True
    """

    _parameter_constraints: dict = AUGMENTED_CONSTRAINTS

    def __init__(
        self,
        estimator,
        *,
        symmetry=None,
        n_copies=5,
        labels="kept",
        max_coefficient=0.3,
        keep_residual=True,
        finite_group=True,
        random_state=None,
    ):
        self.estimator = estimator
        self.symmetry = symmetry
        self.n_copies = n_copies
        self.labels = labels
        self.max_coefficient = max_coefficient
        self.keep_residual = keep_residual
        self.finite_group = finite_group
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Move copies of the snapshots, and fit the regressor to all.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each snapshot, and of its copies; for estimators that take it.

        Returns
        -------
        self : object

        Warns
        -----
        UserWarning
            If `X` is not like the rows that `symmetry` was found in.

        Raises
        ------
        ValueError
            If there is no symmetry, or an argument has a bad shape or value.
            If columns of `X` have other names, or another order, than `symmetry` was
            fitted to.
        """
        X = self._snapshots(X)
        return self._fit_copies(X, check_numbers(self, X, y), sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
