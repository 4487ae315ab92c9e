"""What discovered equations predict: rates of snapshots, and trajectories."""

from functools import partial, update_wrapper
from types import MethodType

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from symdisc._data.times import as_seconds
from symdisc._data.validation import as_samples, check_snapshots
from symdisc._equations.equations import EquationSystem
from symdisc._equations.inputs import read_inputs
from symdisc._equations.simulation import (
    check_times,
    integrate,
    iterate,
    state_rates,
)
from symdisc._estimators.base import LatentEstimator


class _WithEquations:
    """Method that an estimator only has where it found equations.

    Pipelines, grid searches and displays ask by ``hasattr`` what an estimator can do.
    """

    def __init__(self, function):
        self._function = function
        update_wrapper(self, function)

    def __get__(self, est, owner=None):
        if est is None:
            return self._function
        if getattr(est, "equations_", self) is None:
            raise AttributeError(
                f"equations_ is None, so that this {type(est).__name__} cannot "
                f"{self._function.__name__}. Fit it with time derivatives as y, or "
                "with t."
            )
        return MethodType(self._function, est)


class ForecastingEstimator(LatentEstimator):
    """Base of estimators with `equations_` in the latent space, or None."""

    @_WithEquations
    def predict(self, X, X_dot=None):
        """Predict the time derivative of snapshots: J_psi(z) F(z), psi the decoder.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        X_dot : array-like of shape (n_samples, n_features), optional
            Their velocities, needed for equations of second order.

        Returns
        -------
        ndarray of shape (n_samples, n_features), or frames
            X_dot, X_ddot for equations of second order, or the next row of a map.

        Raises
        ------
        AttributeError
            If there are no equations, since the fit had no derivatives.
        """
        check_is_fitted(self)
        state = self._encode_state(X, X_dot, "X_dot")
        rates = self.equations_(np.hstack(state)).astype(state[0].dtype)
        return self._as_frames(self._push(self.decoder_, *state, rates)[-1])

    @_WithEquations
    def simulate(
        self,
        x0,
        t,
        *,
        x0_dot=None,
        inputs=None,
        interpolation="linear",
        method="DOP853",
        latent=False,
        n_draws=0,
        random_state=None,
    ):
        """Follow the discovered equations from given snapshots.

        Parameters
        ----------
        x0 : array-like of shape (n_features,) or (n_starts, n_features)
            Snapshots at the first time; one may also be a frame of the shape
            `snapshot_shape_`, or a row of a DataFrame. Columns that are `inputs` are
            there, too, and their values are not used.
        t : array-like of shape (n_times,)
            Strictly increasing times; for a map numbers of rows, as ``range(50)``.
        x0_dot : array-like of the shape of `x0`, optional
            Velocities at the first time, needed for equations of second order.
        inputs : array-like of shape (n_times, n_inputs) or callable, optional
            Values of the inputs of the equations at the times `t`, or a function of
            time that returns them, in the order of the columns of `X`.
        interpolation : {"linear", "previous"}, default="linear"
            What inputs are between the times: on a line, or held until the next.
        method : str, default="DOP853"
            Method of `scipy.integrate.solve_ivp`, or "euler": one explicit Euler step
            per interval, as in Yang et al. (2024).
        latent : bool, default=False
            Whether to return the latent trajectory instead of snapshots.
        n_draws : int, default=0
            Number of draws of the coefficients from their covariance; 0 takes those of
            ``equations_``. How far the draws lie apart shows what the errors of the
            coefficients mean for the forecast.
        random_state : int, RandomState instance or None, default=None
            Seed of the draws.

        Returns
        -------
        ndarray of shape (n_times, n_features) or (n_starts, n_times, n_features)
            Snapshots along the trajectories, the first shape for a single `x0`; with
            `snapshot_shape_` instead of n_features where it is set; with `n_draws` an
            axis of the draws before these. NaN from where a trajectory blows up, with a
            RuntimeWarning.

        Raises
        ------
        AttributeError
            If there are no equations, since the fit had no derivatives.
        ValueError
            If a shape does not fit or `t` does not increase.
        """
        check_is_fitted(self)
        x0, single = self._as_starts(x0)
        x0_dot = None if x0_dot is None else self._as_starts(x0_dot)[0]
        state = self._encode_state(x0, x0_dot, "x0_dot")
        times = check_times(as_seconds(t)[0])
        columns = self.equations_.inputs
        names = [self.equations_.library.symbols[i].name for i in columns]
        driven = read_inputs(inputs, columns, names, times, interpolation)
        follow = partial(self._follow, state, times, method, latent, driven)
        if n_draws == 0:
            paths = follow(self.equations_)
            return paths[0] if single else paths
        drawn = [follow(each) for each in self._draws(n_draws, random_state)]
        paths = np.stack(drawn)
        return paths[:, 0] if single else paths

    def _follow(self, state, times, method, latent, inputs, equations):
        """Follow equations from several states."""
        start = np.hstack(state).astype(float)
        known = {"scale": self._latent_size, "inputs": inputs}
        if equations.discrete:
            paths = iterate(equations, start, times, **known)
        else:
            rates = partial(state_rates, equations)
            paths = integrate(rates, start, times, method=method, **known)
        paths = paths[..., : self._n_features_out].astype(state[0].dtype)
        if latent:
            return paths
        flat = paths.reshape(-1, paths.shape[-1])
        paths = self._apply(self.decoder_, flat).reshape(*paths.shape[:2], -1)
        return self._as_frames(paths)

    def _draws(self, n_draws, random_state):
        """Yield equations with coefficients drawn from their covariance."""
        directions = getattr(self, "_error_directions", None)
        if directions is None:
            raise ValueError(
                f"n_draws={n_draws}, but the errors of the coefficients are not known. "
                "Pass n_draws=0, or fit a LatentSINDy to more rows."
            )
        random, known = check_random_state(random_state), self.equations_
        for _ in range(n_draws):
            weights = random.standard_normal(len(directions))
            yield EquationSystem(
                known.coefficients + np.tensordot(weights, directions, axes=1),
                known.library,
                order=known.order,
                inputs=known.inputs,
                discrete=known.discrete,
            )

    def _encode_state(self, X, X_dot, name):
        """Latents of snapshots and, for second order, their velocities."""
        X = check_snapshots(self, X, reset=False)
        if getattr(self, "order", 1) == 1:
            return [self._apply(self.encoder_, X)]
        if X_dot is None:
            raise ValueError(
                f"{name} is None, but equations of second order (order=2) need the "
                f"velocity of every snapshot. Pass {name}."
            )
        X_dot = as_samples(X_dot, name, X.dtype)
        if X_dot.shape != X.shape:
            raise ValueError(
                f"{name} has shape {X_dot.shape}, but the snapshots have {X.shape}. "
                f"Pass one velocity for every entry."
            )
        return self._push(self.encoder_, X, X_dot)
