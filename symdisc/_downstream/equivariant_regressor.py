"""Regression by a network that commutes with a group."""

import numpy as np
import torch
from sklearn.base import RegressorMixin, _fit_context

from symdisc._data.validation import check_device
from symdisc._downstream.equivariant import NETWORK_CONSTRAINTS, EquivariantEstimator
from symdisc._downstream.label_rule import LabelRule
from symdisc._downstream.parts import split
from symdisc._downstream.symmetric_estimator import check_numbers


class EquivariantRegressor(RegressorMixin, EquivariantEstimator):
    r"""Predict numbers from snapshots by a network that commutes with a group.

    On latents :math:`z` the network obeys :math:`f(g z) = \rho(g) f(z)` to rounding,
    whatever its weights. Layers are linear and bilinear maps that satisfy
    :math:`L T = T L'` for all generators, the null space of linear conditions as in
    EMLP [1]_, and gates: vectors are multiplied by functions of invariant scalars.

    Parameters
    ----------
    symmetry : LatentSymmetryDiscoverer, LieAlgebra, str or list, default=None
        The symmetry. A discoverer that is fitted is used as it is, also by clones of
        this estimator; one that is not is fitted to `X` (and to `y` with
        ``symmetry_of="labels"`` or ``labels="rates"``). None is
        ``LatentSymmetryDiscoverer()``. Others act on the columns of `X`: an algebra, a
        name such as "so(3)" (of the first columns), weights such as "so(2): 1, 2", or
        blocks. "trivial" is a plain network.
    labels : str, sequence of Block and Scalars or ndarray, default="kept"
        How labels transform. "kept": they are invariant. "moved": they are snapshots,
        such as the next ones; their latents are predicted and decoded. "rates": they
        are time derivatives of the snapshots. Weights, "so(2): 1" for a vector in the
        plane; or blocks, ``[Block("so(2): 1"), Scalars(1)]``; or an array (c, m, m),
        one generator for each of ``lie_algebra_.matrices``. In latents that were
        learned it is arbitrary which sense of rotation is positive: "so(2): -1" is
        the other; for so(3) the axes of `y` must be those of the latents.
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
    network_ : torch.nn.Module
        Maps latents to labels, or to latents of labels.
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
    .. [1] M. Finzi, M. Welling and A. G. Wilson, "A practical method for constructing
       equivariant multilayer perceptrons for arbitrary matrix groups", ICML (2021).
    .. [2] M. Weiler, M. Geiger, M. Welling, W. Boomsma and T. Cohen, "3D steerable
       CNNs", NeurIPS (2018), on gates.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import EquivariantRegressor
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> y = X * np.linalg.norm(X, axis=1, keepdims=True)
    >>> est = EquivariantRegressor("so(2)", labels="moved", random_state=0)
    >>> est = est.set_params(max_iter=50).fit(X, y)
    >>> turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    >>> bool(np.abs(est.predict(X @ turn.T) - est.predict(X) @ turn.T).max() < 1e-9)
    True
    """

    _parameter_constraints: dict = {
        **NETWORK_CONSTRAINTS,
        "labels": [str, list, tuple, np.ndarray],
    }

    def __init__(
        self,
        symmetry=None,
        *,
        labels="kept",
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
        self.labels = labels
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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.

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
        y = check_numbers(self, X, y)
        rng, draws = self._start()
        action = self._find_action(X, y, self._remedy, rng)
        if isinstance(self.labels, str) and self.labels == "both":
            raise ValueError(
                "labels='both' is for augmentation. Predict what moves and what is "
                "kept by two estimators."
            )
        rule = LabelRule(self.labels, action)
        rule.check(y, X.shape[1])
        self._rule, self._flat = rule.name, y.ndim == 1
        Z, targets = self._targets(action, X, y.astype(X.dtype))
        outputs = _label_parts(rule, action, targets.shape[1])
        network = self._build(action, outputs, Z, draws, rule.name == "moved")
        network.outputs.set_scales(targets)
        wanted = _standard(network.outputs, targets, Z.dtype, check_device(self.device))
        self._train(network, Z, lambda found, rows: _misfit(found, wanted, rows), draws)
        return self

    def _targets(self, action, X, y):
        """Return latents, and what the network is to make of them."""
        if self._rule == "rates":
            return action.push(X, y)
        Z = action.encode(X)
        return Z, action.encode(y) if self._rule == "moved" else y.reshape(len(y), -1)

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
        _, Z = self._latents(X)
        y, est = self._run(Z), self.symmetry_
        if est is not None and self._rule == "moved":
            return est._apply(est.decoder_, y)
        if est is not None and self._rule == "rates":
            return est._push(est.decoder_, Z, y)[1]
        return y.ravel() if self._flat else y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # Data without the symmetry are fitted badly.
        tags.regressor_tags.poor_score = True
        return tags


def _label_parts(rule, action, n_columns):
    """Return the parts of the labels."""
    if rule.name in ("moved", "rates"):
        return split(action.generators, action.group, action.reading)
    generators = rule.generators
    if generators is None:
        generators = np.zeros((len(action.generators), n_columns, n_columns))
        return split(generators)
    return split(generators, action.group)


def _standard(outputs, targets, dtype, device):
    """Return the scalars and vectors of the targets, in standard units."""
    kind = torch.from_numpy(np.empty(0, dtype)).dtype
    scalars, vectors = outputs.part(torch.tensor(targets, dtype=torch.float64))
    parts = [scalars, *(v for v in vectors if v is not None)]
    return [part.to(device=device, dtype=kind) for part in parts]


def _misfit(found, wanted, rows):
    """Mean square over all columns, of standard units."""
    scalars, vectors = found
    parts = [scalars, *(v for v in vectors if v is not None)]
    squares = [
        (part - want[rows]).square().flatten(1).sum(dim=1)
        for part, want in zip(parts, wanted, strict=True)
    ]
    n_columns = sum(want[0].numel() for want in wanted)
    return sum(squares).mean() / n_columns
