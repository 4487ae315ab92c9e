"""What the latent-space estimators share: validation, transform, scoring, tags."""

import warnings

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from symdisc._export import latent_trajectories
from symdisc._pushing import push_forward

FLOATS = [np.float64, np.float32]
# Fewer snapshots than this cannot show a distribution, let alone its symmetry.
MIN_SAMPLES = 5
# Rows pushed through a network at once, to bound the memory of the hidden layers.
CHUNK = 1024


class LatentEstimator(TransformerMixin, BaseEstimator):
    """Base of estimators with fitted `encoder_` and `decoder_` torch modules."""

    __metadata_request__fit = {"t": True, "groups": True}

    def transform(self, X):
        """Map snapshots to latent coordinates.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            Latent coordinates, in the dtype of `X`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=FLOATS)
        return self._apply(self.encoder_, X)

    def inverse_transform(self, Z):
        """Map latent coordinates back to snapshots.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_components)
            Latent coordinates.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Decoded snapshots, in the dtype of `Z`.

        Raises
        ------
        ValueError
            If `Z` has another number of columns than `n_components`.
        """
        check_is_fitted(self)
        Z = check_array(Z, dtype=FLOATS, input_name="Z")
        if Z.shape[1] != self._n_features_out:
            raise ValueError(
                f"Z has {Z.shape[1]} columns, but the latent space of this "
                f"{type(self).__name__} has n_components={self._n_features_out}. "
                "Pass what transform returns."
            )
        return self._apply(self.decoder_, Z)

    def score(self, X, y=None, sample_weight=None):
        """Return the explained variance of the reconstruction (higher is better).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        y : Ignored
            Present for the API.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each snapshot.

        Returns
        -------
        float
            ``1 - sum |x - decode(encode(x))|^2 / sum |x - mean|^2``, the mean of the
            training data; 1 is perfect.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=FLOATS)
        weight = np.ones(len(X)) if sample_weight is None else sample_weight
        mean = self.decoder_.mean.cpu().numpy()
        error = spread = 0.0
        for start in range(0, len(X), 256):
            rows = slice(start, start + 256)
            decoded = self._apply(self.decoder_, self._apply(self.encoder_, X[rows]))
            error += weight[rows] @ np.square(X[rows] - decoded).sum(axis=1)
            spread += weight[rows] @ np.square(X[rows] - mean).sum(axis=1)
        return 1.0 - float(error / spread)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the latent coordinates: z0, z1, ...

        Parameters
        ----------
        input_features : Ignored
            Present for the API.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        return np.array([f"z{i}" for i in range(self._n_features_out)], dtype=object)

    def to_pysindy(self, X, X_dot=None, *, t=None, groups=None):
        """Return latent trajectories as arguments of ``pysindy.SINDy.fit``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        X_dot : array-like of shape (n_samples, n_features), optional
            Their time derivatives, pushed through the encoder. Without them pysindy
            differentiates the latents.
        t : array-like of shape (n_samples,) or float, default=None
            Times of the snapshots, or the step between them; 1 if None.
        groups : array-like of shape (n_samples,), default=None
            Trajectory that each snapshot belongs to.

        Returns
        -------
        dict
            With "x", "t" and, with `X_dot`, "x_dot", lists of one array a trajectory,
            and "feature_names". ``pysindy.SINDy().fit(**arguments)`` fits them, and
            `EquationSystem.from_pysindy` takes the result back.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=FLOATS)
        rates = self._check_rates(X, X_dot)
        if rates is None:
            latents = self._apply(self.encoder_, X)
        else:
            latents, rates = self._push(self.encoder_, X, rates)
        return latent_trajectories(latents, rates, t, groups)

    @property
    def _n_features_out(self):
        return self.n_components

    def _check_n_components(self, X):
        if self.n_components > X.shape[1]:
            raise ValueError(
                f"n_components={self.n_components} is above the number of features: "
                f"X has n_features = {X.shape[1]}. Lower n_components."
            )

    def _check_rates(self, X, y, order=1):
        """Return the time derivatives in y, or None: columns beside each other."""
        if y is None:
            return None
        y = check_array(y, dtype=None, ensure_2d=False, input_name="y")
        if y.ndim == 1:
            warnings.warn(
                "y is 1-D and is ignored: as a label vector it says nothing about a "
                "latent space. Pass time derivatives as an array of the shape of X.",
                UserWarning,
                stacklevel=4,
            )
            return None
        rates = check_array(y, dtype=X.dtype, input_name="y")
        if rates.shape != (len(X), order * X.shape[1]):
            wanted = "X_dot" if order == 1 else "X_dot and X_ddot side by side"
            raise ValueError(
                f"y has shape {rates.shape}, but X has {X.shape}. Pass as y the time "
                f"derivative of every entry of X ({wanted}), or None."
            )
        return rates

    def _apply(self, module, array):
        """Run a module over rows of an array; the answer has the array's dtype."""
        options = _kind(module, array)
        with torch.no_grad():
            chunks = [
                module(torch.tensor(rows, **options)).cpu().numpy()
                for rows in np.array_split(array, range(CHUNK, len(array), CHUNK))
            ]
        return np.concatenate(chunks).astype(array.dtype, copy=False)

    def _push(self, module, *curve):
        """Push a curve, given as arrays, through a module; arrays of its dtype."""
        options = _kind(module, curve[0])
        cuts = range(CHUNK, len(curve[0]), CHUNK)
        chunks = zip(*(np.array_split(c, cuts) for c in curve), strict=True)
        images = [
            push_forward(module, *(torch.tensor(c, **options) for c in chunk))
            for chunk in chunks
        ]
        return [
            torch.cat(parts).cpu().numpy().astype(curve[0].dtype, copy=False)
            for parts in zip(*images, strict=True)
        ]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _kind(module, array):
    """Dtype and device of a module; those of the array if it has no tensors."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            return {"dtype": tensor.dtype, "device": tensor.device}
    return {"dtype": torch_dtype(array), "device": "cpu"}


def torch_dtype(array):
    """Dtype of a tensor that holds the array, which may be read-only."""
    return torch.from_numpy(np.empty(0, array.dtype)).dtype
