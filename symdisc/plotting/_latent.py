"""Picture of a latent space: data, orbits of the group, vector field of equations."""

import numpy as np

from symdisc._diagnostics.figures_of_merit import sample_curve
from symdisc._equations.simulation import state_rates
from symdisc._lie.orbits import latent_orbits, orbit_range
from symdisc.plotting._figures import COLORS, DASHES, Display, plain

# An orbit is followed up to this multiple of the largest latent.
ROOM = 1.3
# The picture has at most one arrow in each of so many by so many cells.
N_CELLS = 11


class LatentDisplay(Display):
    """Two coordinates of a latent space.

    Grey points are the data, lines the orbits of the group (dashed differently for
    each generator, starting at a dot), arrows the motion given by the equations, at
    points of the data.

    Parameters
    ----------
    states : array-like of shape (n, d)
        Latent coordinates and, for equations of second order, their velocities.
    names : list of str
        Names of these.
    orbits : list of array-like of shape (n_orbits, n_points, d), default=()
        Orbits, for each generator.
    rates : array-like of shape (n, d), default=None
        Time derivatives of `states` by the equations.
    coordinates : tuple of (int, int), default=(0, 1)
        Which two are drawn. Where there is only one, it is drawn against the number
        of the sample.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of these.
    arrows_ : ndarray of int
        Rows of `states` that have an arrow.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from symdisc.plotting import LatentDisplay
    >>> display = LatentDisplay([[0, 1, 2], [1, 1, 0]], ["z0", "z1", "z2"]).plot()
    >>> display.ax_.get_ylabel()
    'z1'
    >>> plt.close(display.figure_)
    """

    def __init__(self, states, names, *, orbits=(), rates=None, coordinates=(0, 1)):
        self.states, self.names = np.asarray(states, dtype=float), list(names)
        self.orbits = [np.asarray(orbit, dtype=float) for orbit in orbits]
        self.rates = None if rates is None else np.asarray(rates, dtype=float)
        self.coordinates = _check_coordinates(coordinates, self.states.shape[1])

    @classmethod
    def from_estimator(
        cls, est, X, X_dot=None, *, coordinates=(0, 1), n_orbits=3, ax=None
    ):
        """Encode data, and draw what is known of their latent space.

        Parameters
        ----------
        est : LatentSymmetryDiscoverer or LatentSINDy
            Fitted.
        X : array-like of shape (n_samples, n_features)
            Snapshots; at most 2000, evenly spaced, are shown.
        X_dot : array-like, default=None
            Their time derivatives as in `fit`. Only equations of second order need
            them, whose states include velocities.
        coordinates : tuple of (int, int), default=(0, 1)
            Which two latent coordinates are drawn.
        n_orbits : int, default=3
            Number of orbits of each generator.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : LatentDisplay
        """
        _, curve = sample_curve(est, X, X_dot)
        order = getattr(est, "order", 1)
        states = np.hstack(curve[:order]).astype(float)
        names = est.get_feature_names_out()
        rates, equations = None, est.equations_
        if equations is not None and states.shape[1] == len(equations.library.symbols):
            names = [str(symbol) for symbol in equations.library.symbols]
            rates = state_rates(equations, states)
        orbits = [] if not est.lie_algebra_ else _orbits(est, states, n_orbits)
        return cls(
            states, names, orbits=orbits, rates=rates, coordinates=coordinates
        ).plot(ax)

    def _draw(self, ax):
        self.arrows_ = np.array([], dtype=int)
        ax.set_title("latent space")
        if self.states.shape[1] == 1:
            ax.plot(self.states[:, 0], ".", color="0.5", markersize=3)
            ax.set(xlabel="sample", ylabel=plain(self.names[0]))
            return
        pair = list(self.coordinates)
        ax.plot(*self.states[:, pair].T, ".", color="0.75", markersize=2, zorder=1)
        for index, orbits in enumerate(self.orbits):
            self._draw_orbits(ax, index, orbits[..., pair])
        if self.rates is not None:
            self._draw_field(ax, self.states[:, pair], self.rates[:, pair])
        x, y = (plain(self.names[i]) for i in pair)
        ax.set(xlabel=x, ylabel=y)
        ax.set_aspect("equal", adjustable="datalim")
        if self.orbits:
            ax.legend(fontsize="small", loc="upper right")

    def _draw_orbits(self, ax, index, orbits):
        style = {
            "color": COLORS[index % len(COLORS)],
            "linestyle": DASHES[index % len(DASHES)],
            "linewidth": 1.3,
        }
        for number, orbit in enumerate(orbits):
            label = f"orbits of $L_{{{index}}}$" if number == 0 else None
            ax.plot(*orbit.T, label=label, zorder=2, **style)

    def _draw_field(self, ax, points, arrows):
        """Draw arrows at points of the data, one in each cell of a grid."""
        low, high = points.min(axis=0), points.max(axis=0)
        size = np.where(high > low, high - low, 1.0)
        cells = np.floor((points - low) / size * (N_CELLS - 1e-9)).astype(int)
        _, self.arrows_ = np.unique(cells, axis=0, return_index=True)
        at = self.arrows_
        ax.quiver(*points[at].T, *arrows[at].T, angles="xy", width=0.004, zorder=3)


def _orbits(est, states, n_orbits):
    """Return orbits for each generator, nan where they leave the picture."""
    size = np.linalg.norm(states, axis=1)
    ranks = (np.arange(n_orbits) + 0.5) / n_orbits * len(states)
    starts = states[np.argsort(size)[ranks.astype(int)]]
    orbits = []
    for index, generator in enumerate(est.lie_algebra_.matrices):
        theta = np.linspace(*orbit_range(generator), 201)
        paths = latent_orbits(est.lie_algebra_, starts, index, theta)
        paths[np.abs(paths).max(axis=-1) > ROOM * np.abs(states).max()] = np.nan
        orbits.append(paths)
    return orbits


def _check_coordinates(coordinates, n_dims):
    pair = tuple(coordinates)
    if n_dims > 1 and (len(pair) != 2 or not all(0 <= i < n_dims for i in pair)):
        raise ValueError(
            f"coordinates={coordinates!r} are not two of the {n_dims} coordinates of "
            "the latent space; count from 0."
        )
    return pair
