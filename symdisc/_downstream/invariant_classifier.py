"""Classification by a network of invariants of a group."""

import numpy as np
import torch
from sklearn.base import ClassifierMixin, _fit_context
from torch.nn import functional as F

from symdisc._data.validation import check_device
from symdisc._downstream.equivariant import NETWORK_CONSTRAINTS, EquivariantEstimator
from symdisc._downstream.parts import split
from symdisc._downstream.symmetric_estimator import check_classes


class InvariantClassifier(ClassifierMixin, EquivariantEstimator):
    """Classify snapshots by a network that no group element changes.

    Probabilities of the latents z and g z are equal to rounding, whatever the weights.
    Hidden layers are those of `EquivariantRegressor`.

    Parameters
    ----------
    symmetry : LatentSymmetryDiscoverer, LieAlgebra, str or sequence of Block and \
Scalars, default=None
        The symmetry. A discoverer that is fitted is used as it is, also by clones of
        this estimator; one that is not is fitted to `X` (and to `y` with
        ``symmetry_of="labels"``). None is ``LatentSymmetryDiscoverer()``. Others act on
        the columns of `X`: an algebra, a name such as "so(3)" (of the first columns),
        weights such as "so(2): 1, 2", or blocks. "trivial" is a plain network.
    n_channels : int, default=16
        Channels of each kind of part in hidden layers, beside twice as many scalars.
    n_layers : int, default=2
        Number of hidden layers. Each doubles the degree of what is multiplied.
    fit_centre : bool, default=False
        Whether the latent point that the group leaves in place is learned with the
        weights. In data it is known up to the error of a mean only, which a few
        thousand rows leave at some per cent of a standard deviation. The network then
        commutes with the group about that point, and not about the origin.
    max_iter : int, default=1000
        Number of minibatches.
    batch_size : int, default=200
        Snapshots in a minibatch.
    learning_rate : float, default=0.01
        Of Adam, at the start; it falls to zero.
    alpha : float, default=1e-4
        Decay of the weights.
    device : str or torch.device, default="cpu"
        Where to train.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights and minibatches.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    network_ : torch.nn.Module
        Maps latents to the logarithms of probabilities, up to a constant.
    n_weights_, n_iter_ : int
        Number of trained weights, and of minibatches.
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
    M. Finzi, M. Welling and A. G. Wilson, "A practical method for constructing
    equivariant multilayer perceptrons for arbitrary matrix groups", ICML (2021).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import InvariantClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> y = np.linalg.norm(X, axis=1) > 1
    >>> est = InvariantClassifier("so(2)", max_iter=50, random_state=0).fit(X, y)
    >>> turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    >>> change = est.predict_proba(X @ turn.T) - est.predict_proba(X)
    >>> bool(np.abs(change).max() < 1e-9)
    True
    """

    _parameter_constraints: dict = NETWORK_CONSTRAINTS
    labels = "kept"

    def __init__(
        self,
        symmetry=None,
        *,
        n_channels=16,
        n_layers=2,
        fit_centre=False,
        max_iter=1000,
        batch_size=200,
        learning_rate=0.01,
        alpha=1e-4,
        device="cpu",
        random_state=None,
    ):
        self.symmetry = symmetry
        self.n_channels = n_channels
        self.n_layers = n_layers
        self.fit_centre = fit_centre
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.device = device
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        y : array-like of shape (n_samples,)
            Classes.

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
        FloatingPointError
            If training diverges.
        """
        X = self._snapshots(X)
        y = check_classes(self, X, y)
        rng, draws = self._start()
        action = self._find_action(X, y, self._remedy, rng)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        n, Z = len(self.classes_), action.encode(X)
        outputs = split(np.zeros((len(action.generators), n, n)))
        network = self._build(action, outputs, Z, draws)
        wanted = torch.as_tensor(numbers, device=check_device(self.device))
        self._train(
            network,
            Z,
            lambda found, rows: F.cross_entropy(found[0], wanted[rows]),
            draws,
        )
        return self

    def predict_proba(self, X):
        """Predict probabilities of classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
        """
        logits = self._run(self._latents(X)[1])
        return torch.softmax(torch.from_numpy(logits), dim=1).numpy()

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        numbers = self.predict_proba(X).argmax(axis=1)
        return self.classes_[numbers]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Data without the symmetry are classified badly.
        tags.classifier_tags.poor_score = True
        return tags
