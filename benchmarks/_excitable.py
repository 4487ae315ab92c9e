"""A spiral wave in an excitable medium, the FitzHugh-Nagumo equations.

A. T. Winfree, "Varieties of spiral wave behavior", Chaos 1 (1991), 303-334. The wave
turns without changing its form: its state is one angle, and its fronts are sharp.
"""

import numpy as np
from sklearn.utils import Bunch

EPSILON, BETA, GAMMA = 0.2, 0.7, 0.5
SPACING, STEP, EVERY = 0.6, 0.04, 5
# Time until it turns steadily.
TRANSIENT = 80.0


def excitable(n_snapshots, n_grid=64):
    """Simulate the spiral wave from crossed gradients.

    Parameters
    ----------
    n_snapshots : int
        Of the excitation, at steps of 0.2.
    n_grid : int
        Points along a side.

    Returns
    -------
    Bunch
        With X, X_dot, t, grid and omega, the angular frequency.
    """
    grid = SPACING * (np.arange(n_grid) - (n_grid - 1) / 2)
    x, y = np.meshgrid(grid, grid)
    u, v = np.where(x < 0, 1.9, -1.1), np.where(y < 0, 0.6, -0.6)
    X, X_dot = [], []
    first = round(TRANSIENT / STEP)
    for i in range(first + EVERY * n_snapshots):
        u_dot, v_dot = _rates(u, v)
        if i >= first and (i - first) % EVERY == 0:
            X.append(u.ravel())
            X_dot.append(u_dot.ravel())
        u, v = u + STEP * u_dot, v + STEP * v_dot
    X, t = np.array(X), EVERY * STEP * np.arange(n_snapshots)
    scores, sizes, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    plane = scores[:, :2] * sizes[:2]
    phase = np.unwrap(np.arctan2(plane[:, 1], plane[:, 0]))
    omega = float(abs(np.polyfit(t, phase, 1)[0]))
    return Bunch(X=X, X_dot=np.array(X_dot), t=t, grid=grid, omega=omega)


def _rates(u, v):
    padded = np.pad(u, 1, mode="edge")
    around = padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2]
    reaction = (u - u**3 / 3 - v) / EPSILON
    diffusion = (around - 4 * u) / SPACING**2
    return reaction + diffusion, EPSILON * (u + BETA - GAMMA * v)
