"""A pipeline that carries time derivatives through its steps along with the data."""

import numpy as np
from sklearn.base import _fit_context, clone
from sklearn.pipeline import Pipeline, _final_estimator_has, _fit_transform_one
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted, check_memory

from symdisc._data.tables import depth
from symdisc._estimators.base import LatentEstimator
from symdisc._numerics.jvp import in_container_of, push_tangent

# An inverse_transform with a larger relative error than this is no inverse, as that of
# a FunctionTransformer without inverse_func.
MAX_UNEXPLAINED = 0.1
# Rows whose variation is below this fraction of their size are equal up to rounding.
ALIKE = 1e-6
_NO_INVERSE = (
    "predict needs the inverse_transform of every step before the last, but step "
    "{name!r} {why}. Give it one, or predict in the coordinates of the last step: "
    "pipeline[-1].predict(pipeline[:-1].transform(X))."
)


class TangentPipeline(Pipeline):
    """Pipeline that pushes time derivatives through each step.

    A step T in front of an estimator changes x, and hence dx/dt, to J_T(x) dx/dt. A
    plain `Pipeline` hands X_dot on as it is, which gives wrong equations, or an error
    where the number of columns changes. Here every step is followed, once it is
    fitted, by its directional derivative (T(x + e x_dot) - T(x - e x_dot)) / 2e, which
    is exact for affine steps, up to rounding, and of second order in e for smooth ones.
    The steps should be smooth: the derivative of one that jumps is meaningless.

    Parameters
    ----------
    steps : list of (str, estimator)
        Steps, as for `sklearn.pipeline.Pipeline`.
    transform_input : list of str, default=None
        As for `Pipeline`.
    memory : str or object with the joblib.Memory interface, default=None
        As for `Pipeline`.
    verbose : bool, default=False
        As for `Pipeline`.

    Attributes
    ----------
    named_steps : Bunch
        Steps by name.
    n_features_in_, feature_names_in_
        Those of the first step.

    Notes
    -----
    Derivatives are a 2-D `y`, of the shape of `X`, or twice as wide, X_dot and X_ddot
    side by side, for equations of second order. Anything else, such as labels in one
    dimension, is passed on as `Pipeline` does.

    Each row has its own e: it moves the row by the cube root of machine precision,
    measured in standard deviations of the columns (by its fourth root for curvature),
    where the errors of truncation and of rounding are in balance. Steps that are
    estimators of this package differentiate themselves exactly.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from symdisc import LatentSINDy, TangentPipeline
    >>> t = np.arange(500) * np.pi / 50
    >>> X = np.column_stack([30 * np.cos(t), 2 - np.sin(t)])
    >>> X_dot = np.column_stack([-30 * np.sin(t), -np.cos(t)])
    >>> sindy = LatentSINDy(autoencoder="none", degree=1)
    >>> pipe = TangentPipeline([("scale", StandardScaler()), ("sindy", sindy)])
    >>> print(pipe.fit(X, X_dot)["sindy"].equations_)
    dz0/dt = z1
    dz1/dt = -z0
    >>> print(np.abs(pipe.predict(X) - X_dot).max() < 1e-6)
    True
    """

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Fit the steps one after the other, each to data and derivatives pushed to it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        y : array-like of shape (n_samples, n_features), default=None
            X_dot, or X_dot and X_ddot side by side.
        **params : dict of str -> object
            Parameters of the steps' methods, as for `Pipeline`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `y` has the wrong shape, or a step no finite derivative.
        """
        self._check_tables(X)
        if np.ndim(y) != 2:
            return super().fit(X, y, **params)
        X, y, routed = self._fit_steps(X, y, "fit", params)
        if self._final_estimator != "passthrough":
            self._final_estimator.fit(X, y, **routed["fit"])
        return self

    @available_if(Pipeline._can_fit_transform)
    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X, y=None, **params):
        """Fit as `fit` does, and transform with all steps.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        y : array-like of shape (n_samples, n_features), default=None
            X_dot, or X_dot and X_ddot side by side.
        **params : dict of str -> object
            Parameters of the steps' methods, as for `Pipeline`.

        Returns
        -------
        Xt : ndarray of shape (n_samples, n_transformed_features)
        """
        self._check_tables(X)
        if np.ndim(y) != 2:
            return super().fit_transform(X, y, **params)
        X, y, routed = self._fit_steps(X, y, "fit_transform", params)
        if self._final_estimator == "passthrough":
            return X
        return _fit_transform_one(self._final_estimator, X, y, None, params=routed)[0]

    @available_if(_final_estimator_has("predict"))
    def predict(self, X, X_dot=None):
        """Predict time derivatives of `X`, of the order of the last step's equations.

        What the last step predicts is pulled back through the `inverse_transform` of
        the steps before it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        X_dot : array-like of shape (n_samples, n_features), default=None
            Their velocities, needed for equations of second order.

        Returns
        -------
        ndarray of shape (n_samples, n_features)

        Raises
        ------
        ValueError
            If a step before the last has no inverse.
        """
        check_is_fitted(self)
        front, last = self._front(), self.steps[-1][1]
        for name, step in front:
            if not hasattr(step, "inverse_transform"):
                raise ValueError(_NO_INVERSE.format(name=name, why="has none"))
        rates, points = X_dot, []
        for name, step in front:
            points.append(X)
            if rates is not None:
                rates = _push(name, step, X, rates)
            X = step.transform(X)
        rates = [] if rates is None else [np.asarray(rates)]
        curve = [*rates, np.asarray(last.predict(X, *rates))]
        curve = curve[-getattr(last, "order", 1) :]
        for name, step in reversed(front):
            X, curve = _pull(name, step, X, curve, points.pop())
        return curve[-1]

    @available_if(_final_estimator_has("score"))
    def score(self, X, y=None, sample_weight=None, **params):
        """Score the last step on data and derivatives pushed to it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        y : array-like of shape (n_samples, n_features), default=None
            X_dot, or X_dot and X_ddot side by side.
        sample_weight : array-like of shape (n_samples,), default=None
            Passed to the last step if not None.
        **params : dict of str -> object
            Parameters of the steps' methods, as for `Pipeline`.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        if np.ndim(y) == 2:
            points = X
            for name, step in self._front():
                y = _push(name, step, points, y)
                points = step.transform(points)
        return super().score(X, y, sample_weight, **params)

    def _check_tables(self, X):
        """Raise where steps before the last cannot take lists and frames."""
        if len(self.steps) > 1 and depth(X) > 2:
            raise ValueError(
                "X is a list of trajectories, or has frames, which steps such as "
                f"{self.steps[0][0]!r} do not take. Pass numpy.concatenate(X) and "
                "groups, or X.reshape(len(X), -1)."
            )

    def _front(self):
        """Names and estimators of all steps that transform, before the last."""
        return [(name, step) for _, name, step in self._iter(with_final=False)]

    def _fit_steps(self, X, y, method, params):
        """Fit all steps but the last; return what the last one is to be fitted with."""
        self.steps = list(self.steps)
        self._validate_steps()
        routed = self._check_method_params(method=method, props=params)
        memory = check_memory(self.memory)
        fit_transform_one = memory.cache(_fit_transform_one)

        def own(index, name):
            return self._get_metadata_for_step(
                step_idx=index, step_params=routed[name], all_params=params
            )

        for index, name, step in self._iter(with_final=False):
            if getattr(memory, "location", "") is not None:
                step = clone(step)
            Xt, fitted = fit_transform_one(
                *(step, X, y, None, "Pipeline", self._log_message(index)),
                params=own(index, name),
            )
            self.steps[index] = name, fitted
            X, y = Xt, _push(name, fitted, X, y)
        return X, y, own(len(self) - 1, self.steps[-1][0])


def _push(name, step, X, y):
    """Push derivatives, side by side, through a fitted step."""
    rates = _split(X, y)
    if isinstance(step, LatentEstimator):
        points = np.asarray(X, dtype=rates[0].dtype)
        pushed = step._push(step.encoder_, points, *rates)[1:]
    else:
        pushed = push_tangent(step.transform, X, *rates)
    _check_finite(name, pushed)
    return np.hstack(pushed)


def _split(X, y):
    rates = check_array(y, dtype=np.float64, input_name="y")
    n_samples, n_features = np.shape(X)
    if rates.shape not in [(n_samples, n_features), (n_samples, 2 * n_features)]:
        raise ValueError(
            f"y has shape {rates.shape}, but X has {np.shape(X)}. Pass as y the time "
            "derivative of every entry of X (X_dot), X_dot and X_ddot side by side, or "
            "None."
        )
    return np.hsplit(rates, rates.shape[1] // n_features)


def _pull(name, step, Z, curve, X):
    """Push a curve back through the inverse of a fitted step, to where X was."""
    X = in_container_of(X, np.asarray(step.inverse_transform(Z)))
    there, back = np.asarray(Z), np.asarray(step.transform(X))
    lost, size = np.square(back - there).sum(), np.square(there).sum()
    # Latents are centred; other steps can map equal rows to a large constant.
    variation = np.square(there - there.mean(axis=0)).sum()
    is_latent = isinstance(step, LatentEstimator)
    if not lost <= MAX_UNEXPLAINED * (
        size if is_latent else max(variation, ALIKE * size)
    ):
        raise ValueError(_NO_INVERSE.format(name=name, why="has one that is not"))
    if is_latent:
        return X, step._push(step.decoder_, there, *curve)[1:]
    pushed = push_tangent(step.inverse_transform, Z, *curve)
    _check_finite(name, pushed)
    return X, pushed


def _check_finite(name, pushed):
    for rates in pushed:
        bad = np.flatnonzero(~np.isfinite(rates).all(axis=1))
        if len(bad):
            raise ValueError(
                f"step {name!r} has no finite derivative at row {bad[0]} of X, in all "
                f"at {len(bad)} rows. Leave out rows at the edge of its domain."
            )
