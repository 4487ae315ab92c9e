"""Picture of forecasts: their error against time."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from symdisc._diagnostics.metrics import forecast_error
from symdisc.plotting._figures import Display, line_style, plain


class ForecastDisplay(Display):
    """Relative error of forecasts against time.

    Squared errors are divided by the variance of the trajectories, as in
    `symdisc.metrics.forecast_error`.

    Parameters
    ----------
    t : array-like of shape (n_steps,)
        Times.
    errors : dict of array-like of shape (n_steps,)
        Errors by the name of the forecast, nan from where one has no value.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.
    lines_ : dict of matplotlib Line2D
        The curves, by name.

    References
    ----------
    J. Yang, N. Dehmamy, R. Walters and R. Yu, "Latent space symmetry discovery",
    ICML (2024), Fig. 4.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from symdisc import LatentSINDy
    >>> from symdisc.plotting import ForecastDisplay
    >>> t = np.linspace(0, 10, 500)
    >>> X = np.column_stack([np.cos(t), -np.sin(t)])
    >>> est = LatentSINDy(autoencoder="none", degree=1).fit(X, t=t)
    >>> display = ForecastDisplay.from_estimator(est, X, t)
    >>> bool(display.errors["LatentSINDy"].max() < 1e-6)
    True
    >>> plt.close(display.figure_)
    """

    def __init__(self, t, errors):
        self.t = np.asarray(t, dtype=float)
        self.errors = {name: np.asarray(e, dtype=float) for name, e in errors.items()}

    @classmethod
    def from_estimator(cls, est, X, t, *, X_dot=None, ax=None):
        """Simulate from the first snapshots of trajectories, and compare.

        Parameters
        ----------
        est : LatentSINDy, LatentSymmetryDiscoverer, or dict of such
            Fitted with time derivatives, one or several by name.
        X : array-like of shape ([n_trajectories,] n_steps, n_features)
            True snapshots, or frames of the shape of the fit; best of trajectories
            that were left out of the fit.
        t : array-like of shape (n_steps,)
            Their times.
        X_dot : array-like of the shape of `X`, default=None
            Their velocities, of which equations of second order need the first.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : ForecastDisplay
        """
        estimators = est if isinstance(est, dict) else {type(est).__name__: est}
        X = np.asarray(X)
        errors = {}
        for name, one in estimators.items():
            check_simulates(one)
            rows = _flat(one, X)
            errors[name] = _error(rows, _forecast(one, rows, t, _starts(one, X_dot)))
        return cls(t, errors).plot(ax)

    def _draw(self, ax):
        self.lines_ = {}
        for index, (name, errors) in enumerate(self.errors.items()):
            lost = np.isnan(errors)
            label = plain(name)
            if lost.any():
                label += f" (blows up at t = {self.t[lost][0]:.3g})"
            style = line_style(index, len(errors))
            (self.lines_[name],) = ax.plot(self.t, errors, label=label, **style)
        ax.axhline(1, color="0.5", linewidth=0.8, label="forecast of the mean")
        ax.set(
            yscale="log",
            title="forecast error",
            xlabel="time",
            ylabel="squared error over variance",
        )
        ax.legend()


def _flat(est, X):
    """Return snapshots as rows where they are frames of the shape of the fit."""
    shape = getattr(est, "snapshot_shape_", ())
    if shape and X.shape[-len(shape) :] == shape:
        return X.reshape(*X.shape[: -len(shape)], -1)
    return X


def _forecast(est, rows, t, starts):
    """Simulate from the first rows, driven by the inputs in them if there are any."""
    columns = list(est.equations_.inputs)
    if not columns:
        return _flat(est, est.simulate(rows[..., 0, :], t, **starts))
    found = np.empty_like(rows)
    for place in np.ndindex(rows.shape[:-2]):
        given = {name: value[place] for name, value in starts.items()}
        given["inputs"] = rows[place][:, columns]
        found[place] = est.simulate(rows[place][0], t, **given)
    return found


def _starts(est, X_dot):
    if X_dot is None:
        return {}
    return {"x0_dot": _flat(est, np.asarray(X_dot))[..., 0, :]}


def _error(X, forecast):
    """Error at each step, nan where the forecast is not finite."""
    axes = tuple(axis for axis in range(X.ndim) if axis != X.ndim - 2)
    known = np.isfinite(forecast).all(axis=axes)
    # The variance is that of all steps.
    filled = np.where(known[:, None], forecast, X)
    return np.where(known, forecast_error(X, filled), np.nan)


def check_simulates(est):
    """Raise where an estimator has no equations to simulate."""
    if not hasattr(est, "simulate"):
        raise TypeError(
            f"This {type(est).__name__} does not simulate, or has no equations_; fit "
            "it with time derivatives, or fit LatentSINDy(autoencoder=est)."
        )
    check_is_fitted(est)
