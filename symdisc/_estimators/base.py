"""Base class of the latent-space estimators: validation, transform, scoring, tags."""

import warnings
from numbers import Integral

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_is_fitted,
)

from symdisc._data.out_of_core import release, row_slices, rows_of_block, split_columns
from symdisc._data.tables import as_table
from symdisc._data.validation import as_samples, check_snapshots
from symdisc._equations.export import latent_trajectories
from symdisc._equations.names import default_names
from symdisc._intake.intake import Demands, Samples, check_no_times, take_in
from symdisc._numerics.jvp import push_forward
from symdisc._persistence.serialize import save

# What n_components may be.
COUNT_OR_AUTO = [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")]
# Resamplings that errors are estimated from.
NONE_OR_SEVERAL = [Options(Integral, {0}), Interval(Integral, 2, None, closed="left")]
MISSING = [StrOptions({"raise", "drop"})]
# Rows pushed through a network at once, to bound the memory of the hidden layers.
CHUNK = 1024


class LatentEstimator(TransformerMixin, BaseEstimator):
    """Base of estimators with fitted `encoder_` and `decoder_` torch modules."""

    __metadata_request__fit = {"t": True, "groups": True}
    __metadata_request__transform = {"out": UNUSED}
    __metadata_request__inverse_transform = {"out": UNUSED}

    def set_params(self, **params):
        """Set parameters, and those of the autoencoder as ``autoencoder__...``.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If there is no such parameter; the message says what there is.
        """
        nested = [name for name in params if name.startswith("autoencoder__")]
        of = params.get("autoencoder", self.autoencoder)
        if nested and not hasattr(of, "set_params"):
            name = nested[0].removeprefix("autoencoder__")
            raise ValueError(
                f"{nested[0]}={params[nested[0]]!r} needs an autoencoder with "
                f"parameters of its own, but autoencoder={of!r}. Pass one strategy, "
                f"such as autoencoder=ResidualMLP(), before; or set {name!r} where the "
                "list is made, one strategy for each value."
            )
        return super().set_params(**params)

    def transform(self, X, *, out=None):
        """Map snapshots to latent coordinates.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        out : array of shape (n_samples, n_components), default=None
            Anything with a shape that slices of rows can be assigned to, such as a
            numpy.memmap, a zarr array or an h5py dataset. It is filled block by block
            and returned.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            Latent coordinates, in the dtype of `X`.
        """
        check_is_fitted(self)
        X = check_snapshots(self, X, reset=False)
        return self._apply(self.encoder_, X, out, self._n_features_out)

    def inverse_transform(self, Z, *, out=None):
        """Map latent coordinates back to snapshots.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_components)
            Latent coordinates.
        out : array of shape (n_samples, n_features), default=None
            Anything with a shape that slices of rows can be assigned to, such as a
            numpy.memmap, a zarr array or an h5py dataset. It is filled block by block
            and returned.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features), or frames
            Decoded snapshots, in the dtype of `Z`. `out` is returned as it is.

        Raises
        ------
        ValueError
            If `Z` has another number of columns than `n_components`, or `out` another
            shape than the answer.
        """
        check_is_fitted(self)
        Z = as_samples(Z, "Z")
        if Z.shape[1] != self._n_features_out:
            raise ValueError(
                f"Z has {Z.shape[1]} columns, but the latent space of this "
                f"{type(self).__name__} has n_components={self._n_features_out}. "
                "Pass what transform returns."
            )
        X = self._apply(self.decoder_, Z, out, self.n_features_in_)
        return self._as_frames(X) if out is None else X

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
        data = self._take_in(X, weight=sample_weight)
        X = check_snapshots(self, data.X, reset=False)
        weight = _check_sample_weight(data.weight, X)
        mean = self.decoder_.mean.cpu().numpy()
        error = total = 0.0
        for rows in row_slices(X, 256):
            block = X[rows]
            decoded = self._apply(self.decoder_, self._apply(self.encoder_, block))
            error += weight[rows] @ np.square(block - decoded).sum(axis=1)
            total += weight[rows] @ np.square(block - mean).sum(axis=1)
        return 1.0 - float(error / total)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the latent coordinates: those of their equations.

        These are z0, z1, ..., or names of columns of the data that are the latent
        coordinates of a `LatentSINDy`.

        Parameters
        ----------
        input_features : Ignored
            Present for the API.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        names = default_names(self._n_features_out)
        if self.equations_ is not None:
            symbols = self.equations_.library.symbols
            names = [symbol.name for symbol in symbols[: self._n_features_out]]
        return np.array(names, dtype=object)

    def to_pysindy(self, X, X_dot=None, *, t=None, groups=None):
        """Return latent trajectories as arguments of ``pysindy.SINDy.fit``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        X_dot : array-like of shape (n_samples, n_features), optional
            Their time derivatives, pushed through the encoder. Without them pysindy
            differentiates the latents. With ``order=2`` X_dot and X_ddot may be side
            by side, as in `fit`, and X_dot is used.
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
        data = self._take_in(X, X_dot, t, groups)
        X, X_dot = check_snapshots(self, data.X, reset=False), data.y
        order = 1 if np.shape(X_dot) == X.shape else getattr(self, "order", 1)
        rates = self._check_rates(X, X_dot, order, name="X_dot")
        if rates is None:
            latents = self._apply(self.encoder_, X)
        else:
            X_dot = split_columns(rates, order)[0]
            latents, rates = self._push(self.encoder_, X, X_dot)
        names = self.get_feature_names_out()
        return latent_trajectories(latents, rates, data.t, data.groups, names)

    def save(self, path):
        """Save the fitted estimator, with all parameters, in one file without code.

        `symdisc.load` makes the same estimator of it. The file is a safetensors file
        with a description as JSON in its header. It is written beside `path` and then
        renamed, so that an old file stays whole until the new one is complete.

        Parameters
        ----------
        path : str or os.PathLike
            Name of the file, by custom with the ending ".safetensors".

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If a parameter is an object of other packages, such as a torch module or an
            `optimizer`; the message names it.
        """
        save(self, path)

    @property
    def _n_features_out(self):
        return self.n_components_

    def _take_in(self, X, y=None, t=None, groups=None, weight=None, **demands):
        """Return data as rows, times and groups; see `take_in`."""
        demands = Demands(self.missing, **demands)
        samples = Samples(X, y, t, groups, weight)
        return take_in(samples, demands, shape=getattr(self, "snapshot_shape_", None))

    def _take_in_fit(self, X, y, t, groups, *, index=True, **demands):
        """Return the data of a fit likewise; note shape of frames, and unit of time."""
        demands = Demands(self.missing, **demands)
        samples = Samples(X, y, t, groups)
        check_no_times(samples, demands, index=index)
        data = take_in(samples, demands)
        for name, value in (
            ("snapshot_shape_", data.shape),
            ("time_unit_", "s" if data.in_seconds else None),
        ):
            vars(self).pop(name, None)
            if value is not None:
                setattr(self, name, value)
        return data

    def _as_starts(self, x):
        """Return one snapshot, or several, as rows; and whether it was one."""
        shape = getattr(self, "snapshot_shape_", ())
        if hasattr(x, "to_frame") and np.ndim(x) == 1:
            # A row of a DataFrame keeps the names of its columns.
            return x.to_frame().T.infer_objects(), True
        if np.ndim(x) == 1 or (shape and np.shape(x) == shape):
            return np.reshape(x, (1, -1)), True
        return x, False

    def _validate_params(self):
        if self.autoencoder is None:
            raise InvalidParameterError(
                'autoencoder=None; pass autoencoder="none" to take the columns of X '
                'for the latent coordinates, or leave it out for "auto".'
            )
        super()._validate_params()

    def _as_frames(self, rows):
        """Give snapshots, along the last axis, the shape that those of the fit had."""
        return rows.reshape(*rows.shape[:-1], *getattr(self, "snapshot_shape_", (-1,)))

    def _check_n_components(self, X):
        if self.n_components > X.shape[1]:
            raise ValueError(
                f"n_components={self.n_components} is above the number of features: "
                f"X has n_features = {X.shape[1]}. Lower n_components."
            )

    def _check_rates(self, X, y, order=1, name="y"):
        """Return the time derivatives in y, or None: columns beside each other."""
        if y is None:
            return None
        y, _ = as_table(y, name)
        if not hasattr(y, "shape"):
            y = check_array(y, dtype=None, ensure_2d=False, input_name=name)
        if len(y.shape) == 1:
            warnings.warn(
                f"{name} is 1-D and is ignored: as a label vector it says nothing "
                "about a latent space. Pass time derivatives as an array of the shape "
                "of X.",
                UserWarning,
                stacklevel=4,
            )
            return None
        rates = as_samples(y, name, X.dtype)
        if rates.shape != (len(X), order * X.shape[1]):
            if order == 2:
                raise ValueError(
                    f"{name} has shape {rates.shape}, but order=2 needs X_dot and "
                    f"X_ddot side by side, of shape {(len(X), 2 * X.shape[1])}. Pass "
                    f"numpy.hstack([X_dot, X_ddot]), or None and t."
                )
            raise ValueError(
                f"{name} has shape {rates.shape}, but X has {X.shape}. Pass as {name} "
                "the time derivative of every entry of X (X_dot), or None."
            )
        return rates

    def _apply(self, module, array, out=None, n_columns=None):
        """Run a module over rows of an array; the answer has the array's dtype."""
        if out is not None and tuple(out.shape) != (len(array), n_columns):
            raise ValueError(
                f"out has shape {tuple(out.shape)}, but the answer has "
                f"{(len(array), n_columns)}. Pass an array of that shape, or None."
            )
        options = _kind(module, array)
        chunks = []
        # Where memory counts, not many rows of a wide answer at once.
        step = CHUNK if out is None else min(CHUNK, rows_of_block(n_columns))
        for rows in row_slices(array, step):
            with torch.no_grad():
                image = module(_tensor(array[rows], options)).cpu().numpy()
            if out is None:
                chunks.append(image)
            else:
                out[rows] = image
                release(out)
        if out is not None:
            return out
        return np.concatenate(chunks).astype(array.dtype, copy=False)

    def _push(self, module, *curve):
        """Push a curve, given as arrays, through a module; arrays of its dtype."""
        options = _kind(module, curve[0])
        images = [
            push_forward(
                module,
                *(_tensor(c[rows], options) for c in curve),
            )
            for rows in row_slices(curve[0], CHUNK)
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


def _tensor(array, options):
    """Copy an array, which may have any strides."""
    return torch.tensor(np.ascontiguousarray(array), **options)


def torch_dtype(array):
    """Dtype of a tensor that holds the array, which may be read-only."""
    return torch.from_numpy(np.empty(0, array.dtype)).dtype
