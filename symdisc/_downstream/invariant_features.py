"""Invariant polynomials of latents as features."""

from numbers import Integral

import numpy as np
import sympy
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from symdisc._data.validation import check_snapshots
from symdisc._downstream.group_action import SYMMETRY
from symdisc._downstream.symmetric_estimator import SymmetricEstimator
from symdisc._lie.algebra import LieAlgebra
from symdisc._persistence.serialize import save


class InvariantFeatures(SymmetricEstimator, TransformerMixin, BaseEstimator):
    """Polynomials of the latents that no group element changes, as columns.

    In front of any classifier or regressor they make its predictions invariant. All
    invariant polynomials up to `degree` are sums of products of these.

    Parameters
    ----------
    symmetry : LatentSymmetryDiscoverer, LieAlgebra, str or sequence of Block and \
Scalars, default=None
        The symmetry. A discoverer that is fitted is used as it is, also by clones of
        this estimator; one that is not is fitted to `X` (and to `y` with
        ``symmetry_of="labels"``). None is ``LatentSymmetryDiscoverer()``. Others act on
        the columns of `X`: an algebra, a name such as "so(3)" (of the first columns),
        weights such as "so(2): 1, 2", or blocks.
    degree : int, default=2
        Highest degree of the polynomials.
    random_state : int, RandomState instance or None, default=None
        Seed of the discoverer that None stands for.

    Attributes
    ----------
    invariants_ : InvariantPolynomials
        The polynomials; they print in ``z0, z1, ...``.
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
    H. Derksen and G. Kemper, "Computational Invariant Theory", Springer (2015).
    S. Villar, D. W. Hogg, K. Storey-Fisher, W. Yao and B. Blum-Smith, "Scalars are
    universal: equivariant machine learning, structured like classical physics", NeurIPS
    (2021).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import InvariantFeatures
    >>> X = np.array([[3.0, 4.0, 7.0], [5.0, 0.0, 7.0]])
    >>> features = InvariantFeatures("so(2)").fit(X)
    >>> features.transform(X)
    array([[ 7., 25.],
           [ 7., 25.]])
    >>> features.get_feature_names_out()
    array(['z2', 'z0**2 + z1**2'], dtype=object)
    """

    _parameter_constraints: dict = {
        "symmetry": SYMMETRY,
        "degree": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }
    labels = "kept"

    def __init__(self, symmetry=None, *, degree=2, random_state=None):
        self.symmetry = symmetry
        self.degree = degree
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Find the invariants.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        y : array-like, default=None
            Labels, for a discoverer of symmetries of labels.

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
            If there is no symmetry, or no invariant up to `degree`.
            If columns of `X` have other names, or another order, than `symmetry` was
            fitted to.
        """
        X = self._snapshots(X)
        rng = check_random_state(self.random_state)
        remedy = "Everything is invariant: use PolynomialFeatures."
        action = self._find_action(X, y, remedy, rng)
        # Of the exact generators: those with noise have few invariants.
        algebra = LieAlgebra(action.generators, tol=action.algebra.tol)
        self.invariants_ = algebra.invariants(self.degree)
        if not len(self.invariants_):
            raise ValueError(
                f"degree={self.degree}: no polynomial up to it is invariant under "
                f"{action.algebra.name}. Raise degree, if the group has invariants."
            )
        return self

    def transform(self, X):
        """Evaluate the invariants.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.

        Returns
        -------
        features : ndarray of shape (n_samples, n_invariants)
            In the dtype of `X`.
        """
        check_is_fitted(self)
        X = check_snapshots(self, X, reset=False)
        est = self.symmetry_
        Z = X if est is None else est._apply(est.encoder_, X)
        return self.invariants_(Z).astype(X.dtype, copy=False)

    def get_feature_names_out(self, input_features=None):
        """Return the polynomials as texts.

        Parameters
        ----------
        input_features : Ignored
            Present for the API.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        shown = [sympy.sstr(p, full_prec=False) for p in self.invariants_]
        return np.array(shown, dtype=object)

    def save(self, path):
        """Save the fitted estimator in one file without code; see `symdisc.load`.

        Parameters
        ----------
        path : str or os.PathLike
            Name of the file.

        Raises
        ------
        ValueError
            If a parameter is an object of another package; the message names it.
        """
        save(self, path)

    @property
    def _n_features_out(self):
        return len(self.invariants_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
