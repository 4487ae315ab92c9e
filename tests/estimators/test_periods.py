"""Found equations keep the energy along orbits, and periods grow with amplitude."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from symdisc import LatentSINDy

STEP = 0.02


def duffing(t, s):
    return [s[1], -s[0] - s[0] ** 3]


def pendulum(t, s):
    return [s[1], -np.sin(s[0])]


def predators(t, s):
    return [s[0] * (1 - s[1]), s[1] * (s[0] - 1)]


# Field, its first integral less the value at the centre, the centre, amplitudes to fit
# to, and others between them.
SYSTEMS = {
    "duffing": (
        duffing,
        lambda x, y: y**2 / 2 + x**2 / 2 + x**4 / 4,
        [0.0, 0.0],
        [0.3, 0.8, 1.4, 2.0],
    ),
    "pendulum": (
        pendulum,
        lambda x, y: y**2 / 2 + 1 - np.cos(x),
        [0.0, 0.0],
        [0.3, 0.7, 1.1, 1.5],
    ),
    "predators": (
        predators,
        lambda x, y: x - np.log(x) + y - np.log(y) - 2,
        [1.0, 1.0],
        [0.2, 0.5, 0.8, 1.2],
    ),
}


def orbit(field, start, turns=4):
    """Follow a field from a start on the right of its centre, for some turns."""
    t = np.arange(0, 8 * turns, STEP)
    return t, solve_ivp(field, (0, t[-1]), start, t_eval=t, rtol=1e-10, atol=1e-12).y.T


def period(t, y):
    """Mean time between upward zeros, from a line between the rows around each."""
    up = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
    return np.diff(t[up] - STEP * y[up] / (y[up + 1] - y[up])).mean()


@pytest.mark.slow
@pytest.mark.parametrize("given", ["rates", "times"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_period_against_amplitude(name, given):
    field, energy, centre, amplitudes = SYSTEMS[name]
    runs = [orbit(field, np.add(centre, [a, 0.0])) for a in amplitudes]
    X = [path for _, path in runs]
    est = LatentSINDy(autoencoder="none", degree=3)
    if given == "rates":
        est.fit(X, [np.array(field(0, path.T)).T for path in X])
    else:
        est.fit(X, t=[t for t, _ in runs])
    between = np.linspace(amplitudes[0], amplitudes[-1], 7)
    for amplitude in between:
        t, true = orbit(field, np.add(centre, [amplitude, 0.0]))
        found = est.simulate(true[0], t)
        along = energy(*found.T)
        assert np.abs(along / along[0] - 1).max() < 0.01
        sides = (path[:, 0] - centre[0] for path in (found, true))
        periods = [period(t, side) for side in sides]
        assert periods[0] == pytest.approx(periods[1], rel=0.01)
