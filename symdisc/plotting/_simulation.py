"""Picture of data and what the equations make of their first snapshots."""

from functools import partial
from numbers import Integral
from typing import NamedTuple

import numpy as np

from symdisc._data.out_of_core import split_columns
from symdisc._data.trajectories import check_time, trajectory_slices
from symdisc._data.validation import check_snapshots
from symdisc._diagnostics.predictability import forecast_horizon, lyapunov_exponent
from symdisc._equations.inputs import read_inputs
from symdisc._equations.simulation import integrate, iterate, state_rates
from symdisc.plotting._figures import COLORS, Display, cut, plain, pyplot
from symdisc.plotting._forecast import check_simulates

# Columns that are drawn, one below the other.
MOST_COLUMNS = 4
# Room above and below the data, as a part of their range. Simulations may leave it.
ROOM = 0.25


class SimulationDisplay(Display):
    """Trajectories of data, and simulations from their first snapshots.

    A column of panels belongs to a trajectory, a row to a latent coordinate, which is
    a column of the data under its name where these are not learned. A wide grey line
    is the data, a dashed one the simulation, and a dotted upright one the horizon: the
    time until the error exceeds 40 % of the standard deviation of the trajectory.

    Parameters
    ----------
    times : list of array-like of shape (n_steps,)
        Times, for each trajectory.
    data, simulated : list of array-like of shape (n_steps, k)
        Latent coordinates at these.
    names : list of str
        Names of these.
    labels : list of str, default=None
        Names of the trajectories, numbers by default.
    lyapunov_exponent : float, default=None
        The largest of the equations, where it is positive.

    Attributes
    ----------
    horizon : ndarray of shape (n_trajectories,)
        Time from the start of each trajectory until the error exceeds 40 % of the
        standard deviation of its data: root mean square over the coordinates, each in
        units of its own. The whole duration where it never does.
    followed : ndarray of bool of shape (n_trajectories,)
        Where it never does, so that the horizon may be longer.
    horizon_in_lyapunov_times : ndarray of shape (n_trajectories,) or None
        The horizon times the exponent; None without one, as for motions that are not
        chaotic.
    ax_ : matplotlib Axes
        Where it was drawn; the panels lie in its place.
    axes_ : ndarray of matplotlib Axes, of shape (n_coordinates, n_trajectories)
        The panels.
    figure_ : matplotlib Figure
        The figure of these.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from symdisc import LatentSINDy
    >>> from symdisc.plotting import SimulationDisplay
    >>> t = np.linspace(0, 10, 500)
    >>> X = np.column_stack([np.cos(t), -np.sin(t)])
    >>> est = LatentSINDy(autoencoder="none", degree=1).fit(X, t=t)
    >>> display = SimulationDisplay.from_estimator(est, 2 * X, t)
    >>> display.horizon, display.followed
    (array([10.]), array([ True]))
    >>> plt.close(display.figure_)
    """

    def __init__(
        self, times, data, simulated, names, *, labels=None, lyapunov_exponent=None
    ):
        self.times = [np.asarray(each, dtype=float) for each in times]
        self.data = [np.asarray(each, dtype=float) for each in data]
        self.simulated = [np.asarray(each, dtype=float) for each in simulated]
        self.names = list(map(str, names))
        labels = range(len(self.times)) if labels is None else labels
        self.labels = list(map(str, labels))
        self.lyapunov_exponent = lyapunov_exponent
        found = map(forecast_horizon, self.times, self.data, self.simulated)
        self.horizon, self.followed = map(np.array, zip(*found, strict=True))
        self.horizon_in_lyapunov_times = None
        if lyapunov_exponent is not None:
            self.horizon_in_lyapunov_times = self.horizon * lyapunov_exponent

    @classmethod
    def from_estimator(
        cls, est, X, t, *, X_dot=None, groups=None, n_trajectories=3, ax=None
    ):
        """Simulate from the first snapshots of trajectories.

        Parameters
        ----------
        est : LatentSINDy or LatentSymmetryDiscoverer
            Fitted, with equations.
        X : array-like of shape (n_samples, n_features)
            Snapshots, best of trajectories that were left out of the fit, or a list of
            trajectories, as in `fit`.
        t : array-like of shape (n_samples,) or float
            Their times, which may be irregular, or the step between them.
        X_dot : array-like of shape (n_samples, n_features), default=None
            Their velocities, needed for equations of second order; or velocities and
            accelerations side by side, as in `fit`.
        groups : array-like of shape (n_samples,), default=None
            Trajectory that each snapshot belongs to.
        n_trajectories : int, default=3
            How many are simulated, evenly spaced among those of two rows or more.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : SimulationDisplay

        Raises
        ------
        TypeError
            If `est` has no equations.
        ValueError
            If an argument has a bad shape or value; the message names it.

        Notes
        -----
        The largest Lyapunov exponent is that of the equations, by the method of
        Benettin et al. (1980) along simulations from the same snapshots. Trajectories
        of few Lyapunov times give it roughly.
        """
        return simulation_display(est, X, t, X_dot, groups, n_trajectories).plot(ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default, large enough for the panels.

        Returns
        -------
        self : SimulationDisplay
        """
        if ax is None:
            size = self.figure_size
            ax = pyplot().subplots(layout="constrained", figsize=size)[1]
        return super().plot(ax)

    @property
    def figure_size(self):
        """Width and height in inches that the panels need."""
        n_rows = min(len(self.names), MOST_COLUMNS)
        return max(1.0 + 2.8 * len(self.times), 5.0), 1.4 + 1.3 * n_rows

    def _draw(self, ax):
        ax.set_axis_off()
        n_rows, n_columns = min(len(self.names), MOST_COLUMNS), len(self.times)
        heights = [0.01, *[1] * n_rows]
        grid = _grid(ax, n_rows + 1, n_columns, height_ratios=heights)
        figure = ax.figure
        self.axes_ = np.empty((n_rows, n_columns), dtype=object)
        for row, column in np.ndindex(self.axes_.shape):
            shared = {
                "sharex": self.axes_[0, column] if row else None,
                "sharey": self.axes_[row, 0] if column else None,
            }
            panel = figure.add_subplot(grid[row + 1, column], **shared)
            self.axes_[row, column] = panel
            self._draw_panel(panel, row, column)
        self._write(figure.add_subplot(grid[0, :]))

    def _draw_panel(self, panel, row, column):
        t = self.times[column]
        values, followed = self.data[column][:, row], self.simulated[column][:, row]
        panel.plot(t, values, color="0.7", linewidth=4)
        panel.plot(t, followed, color="black", linestyle="--", linewidth=1.2)
        panel.axvline(t[0] + self.horizon[column], color=COLORS[1], linestyle=":")
        every = np.concatenate([each[:, row] for each in self.data])
        room = ROOM * np.ptp(every) or 1.0
        panel.set_ylim(every.min() - room, every.max() + room)
        last = row == len(self.axes_) - 1
        panel.tick_params(labelbottom=last, labelleft=column == 0, labelsize="small")
        if last:
            panel.set_xlabel("time")
        if column == 0:
            panel.set_ylabel(plain(cut(self.names[row])))
        if row == 0:
            panel.set_title(plain(self._title(column)), fontsize="small")

    def _title(self, column):
        """Return the name of a trajectory, and its horizon."""
        sign = "at least " if self.followed[column] else ""
        text = f"trajectory {cut(self.labels[column])}\n"
        text += f"horizon {sign}{self.horizon[column]:.3g}"
        if self.horizon_in_lyapunov_times is not None:
            text += f"\n({self.horizon_in_lyapunov_times[column]:.2g} Lyapunov times)"
        return text

    def _write(self, head):
        """Write title and legend into axes above the panels."""
        more = len(self.names) - MOST_COLUMNS
        title = "data and simulation"
        if more > 0:
            title += f" ({MOST_COLUMNS} of {len(self.names)} coordinates)"
        head.set_axis_off()
        lines = self.axes_[0, 0].lines
        names = ["data", "simulation", "horizon"]
        place = {"loc": "lower center", "bbox_to_anchor": (0.5, 0)}
        head.legend(lines, names, fontsize="small", ncols=3, title=title, **place)


def simulation_display(est, X, t, X_dot, groups, n_trajectories=3):
    """Simulate from the first snapshots of trajectories, and draw nothing yet."""
    check_simulates(est)
    found = _trajectories(est, X, t, X_dot, groups, n_trajectories)
    equations, k = est.equations_, len(est.equations_.coefficients)
    simulated = [_simulated(est, each)[:, :k] for each in found]
    states = np.vstack([each.states for each in found])
    starts = np.vstack([each.states[:1] for each in found])
    durations = np.array([np.ptp(each.times) for each in found])
    return SimulationDisplay(
        [each.times for each in found],
        [each.states[:, :k] for each in found],
        simulated,
        est.get_feature_names_out(),
        labels=[each.label for each in found],
        lyapunov_exponent=None
        if equations.inputs or equations.discrete
        else lyapunov_exponent(equations, starts, durations, states),
    )


def _simulated(est, trajectory):
    """Simulate from the first state of a trajectory, driven by its inputs."""
    equations, states, times = est.equations_, trajectory.states, trajectory.times
    if equations.discrete:
        times = np.arange(len(times))
    columns = equations.inputs
    values = states[:, list(columns)] if columns else None
    known = {"inputs": read_inputs(values, columns, (), times, "linear")}
    known["scale"] = est._latent_size
    if equations.discrete:
        return iterate(equations, states[:1], times, **known)[0]
    rates = partial(state_rates, equations)
    return integrate(rates, states[:1], times, method="DOP853", **known)[0]


class _Trajectory(NamedTuple):
    label: object
    times: np.ndarray
    # Latents and, for the second order, their velocities.
    states: np.ndarray


def _trajectories(est, X, t, X_dot, groups, n_trajectories):
    """Return some trajectories, encoded."""
    if not isinstance(n_trajectories, Integral) or n_trajectories < 1:
        raise ValueError(
            f"n_trajectories={n_trajectories!r} is not a number of trajectories; pass "
            "1 or more."
        )
    if t is None:
        raise ValueError("t is None; pass the times of the rows, or their step.")
    data = est._take_in(X, X_dot, t, groups)
    X, times = check_snapshots(est, data.X, reset=False), data.t
    times = check_time(times, data.groups, len(X))
    X_dot = _velocities(est, X, data.y)
    parts = [r for r in trajectory_slices(data.groups, len(X)) if len(r) > 1]
    if not parts:
        raise ValueError("X has no trajectory of two rows or more; pass longer ones.")
    places = np.linspace(0, len(parts) - 1, min(n_trajectories, len(parts)))
    found = []
    for place in places.astype(int):
        rows = parts[place]
        label = place if data.groups is None else data.groups[rows[0]]
        states = _encoded(est, *(_rows(each, rows) for each in (X, *X_dot)))
        found.append(_Trajectory(label, times[rows], states))
    return found


def _velocities(est, X, X_dot):
    """Return velocities in a list, which is empty for equations of first order."""
    if est.equations_.order == 1:
        return []
    order = 1 if np.shape(X_dot) == X.shape else 2
    rates = est._check_rates(X, X_dot, order, name="X_dot")
    if rates is None:
        raise ValueError(
            "X_dot is None, but equations of second order need velocities of the "
            "snapshots; pass X_dot."
        )
    return [split_columns(rates, order)[0]]


def _encoded(est, X, *X_dot):
    curve = (
        est._push(est.encoder_, X, *X_dot) if X_dot else [est._apply(est.encoder_, X)]
    )
    return np.hstack(curve).astype(float)


def _rows(X, rows):
    """Return rows of an array that may be on disk, read in one piece."""
    return X[int(rows[0]) : int(rows[-1]) + 1][rows - rows[0]]


def _grid(ax, n_rows, n_columns, **options):
    """Return a grid of panels in the place of axes."""
    from matplotlib.gridspec import GridSpec

    spec = ax.get_subplotspec()
    if spec is not None:
        return spec.subgridspec(n_rows, n_columns, **options)
    box = ax.get_position()
    sides = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
    return GridSpec(n_rows, n_columns, ax.figure, **sides, **options)
