"""How long a simulation follows data, and how fast its equations part neighbours."""

from functools import partial

import numpy as np

from symdisc._equations.simulation import state_rates

# A simulation has lost the data where its error exceeds this part of their standard
# deviation.
LOST = 0.4
# Columns that vary by less than this part of their size are at rest.
ROUNDING = 1e-12
# Distance of neighbours, in standard deviations.
DISTANCE = 1e-6
# Step of integration, relative to the time scale of the Jacobian matrix, and how many
# steps there are: equations are followed for a shorter time instead of with more.
STEP, FEWEST, MOST = 0.5, 300, 4000
# Points at which that time scale is measured, and the fraction that is slower.
N_POINTS, QUANTILE = 50, 0.9
# Trajectories are followed beyond the data, up to so many times their duration: along
# few Lyapunov times the exponent is that of a place and not of the equations.
LONGER = 5
# Until then, as a part of the whole, neighbours turn into the direction that grows.
TURNING = 1 / 3
# Growth by less than a factor of exp(3) may be that of a regular motion.
CLEAR = 3.0


def forecast_horizon(t, data, simulated):
    """Time until a simulation has lost the data.

    It has where the root mean square of its errors, each column in units of its
    standard deviation, exceeds 0.4. Columns at rest do not count.

    Parameters
    ----------
    t : ndarray of shape (n_steps,)
        Times.
    data, simulated : ndarray of shape (n_steps, k)
        NaN in the latter counts as lost.

    Returns
    -------
    horizon : float
        From the first time on; the whole duration where data are never lost.
    followed : bool
        Whether they are never lost, so that the horizon may be longer.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._diagnostics.predictability import forecast_horizon
    >>> t = np.linspace(0, 6, 61)
    >>> forecast_horizon(t, np.sin(t)[:, None], np.sin(1.1 * t)[:, None])
    (2.9, False)
    """
    deviation, size = data.std(axis=0), np.abs(data).max(axis=0)
    moving = deviation > ROUNDING * size
    unit = deviation[moving]
    if not moving.any():
        moving[:], unit = True, max(size.max(), np.finfo(float).tiny)
    gap = (simulated - data)[:, moving] / unit
    lost = np.flatnonzero(~(np.sqrt(np.mean(gap**2, axis=1)) <= LOST))
    end = lost[0] if len(lost) else len(t) - 1
    return float(t[end] - t[0]), not len(lost)


def lyapunov_exponent(equations, starts, durations, states):
    """Estimate the largest Lyapunov exponent along trajectories of equations.

    By the method of Benettin et al.: the tangent dynamics are those of two close
    neighbours, whose distance is set back to 1e-6 standard deviations at every step
    of a Runge-Kutta method. The exponent is the slope of the logarithm of all growth
    against time, after the first third of each trajectory, in the mean over the
    trajectories. These are followed for five times their duration where the equations
    go on for so long: along few Lyapunov times the exponent is that of a place.

    Parameters
    ----------
    equations : EquationSystem
    starts : ndarray of shape (n_trajectories, d)
        States at the first time, with velocities for the second order.
    durations : ndarray of shape (n_trajectories,)
        How long each is in the data. At most 4000 steps are followed.
    states : ndarray of shape (n, d)
        States from the data, for the size of each variable and the time scale.

    Returns
    -------
    exponent : float or None
        None where it is not clearly positive, that is, where neighbours part by less
        than a factor of exp(3) during the longest trajectory.

    References
    ----------
    G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, "Lyapunov characteristic
    exponents for smooth dynamical systems", Meccanica 15 (1980), 9-30.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import CandidateLibrary, EquationSystem
    >>> from symdisc._diagnostics.predictability import lyapunov_exponent
    >>> library = CandidateLibrary.polynomial(2, 1, False)
    >>> saddle = EquationSystem([[0.5, 0], [0, -1]], library)
    >>> starts = np.array([[0.1, 1.0]])
    >>> lyapunov_exponent(saddle, starts, np.array([9.0]), np.eye(2))
    0.5
    """
    unit = states.std(axis=0)
    unit = np.where(unit > ROUNDING * np.abs(states).max(axis=0), unit, 1.0)
    rates = partial(_scaled_rates, equations, unit)
    with np.errstate(all="ignore"):
        fastest = _fastest_change(rates, states / unit)
        if not 0 < fastest < np.inf:
            return None
        for times in (LONGER, 1):
            followed = np.minimum(times * durations, MOST * STEP / fastest)
            n_steps = max(int(followed.max() * fastest / STEP), FEWEST)
            growth = _growth(rates, starts / unit, followed / n_steps, n_steps)
            kept = np.isfinite(growth).all(axis=0)
            if kept.any():
                break
        else:
            return None
    exponent = _slope(growth[:, kept], followed[kept])
    longest = np.minimum(durations, followed).max()
    return exponent if exponent * longest >= CLEAR else None


def _slope(growth, durations):
    """Return the mean slope of growth against time, in its later part."""
    n_steps = len(growth)
    late = np.arange(n_steps) > TURNING * n_steps
    place = np.arange(n_steps)[late] / n_steps
    place -= place.mean()
    # Slopes over the whole duration of each.
    slopes = place @ growth[late] / (place @ place)
    return float(slopes.sum() / durations.sum())


def _scaled_rates(equations, unit, states):
    return state_rates(equations, states * unit) / unit


def _fastest_change(rates, states):
    """Return a large size of the Jacobian matrix, by finite differences."""
    points = states[:: -(-len(states) // N_POINTS)]
    base = rates(points)
    squares = np.zeros(len(points))
    for move in DISTANCE * np.eye(points.shape[1]):
        squares += np.sum((rates(points + move) - base) ** 2, axis=1)
    return float(np.sqrt(np.quantile(squares, QUANTILE))) / DISTANCE


def _growth(rates, starts, steps, n_steps):
    """Logarithm of the growth of distances, after each step, of each trajectory."""
    direction = np.random.default_rng(0).standard_normal(starts.shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    points, steps = starts, steps[:, None]
    growth = np.empty((n_steps, len(starts)))
    for i in range(n_steps):
        both = np.vstack([points, points + DISTANCE * direction])
        points, neighbours = np.split(_step(rates, both, np.tile(steps, (2, 1))), 2)
        gap = neighbours - points
        distance = np.linalg.norm(gap, axis=1)
        direction = gap / distance[:, None]
        growth[i] = np.log(distance / DISTANCE)
    return np.cumsum(growth, axis=0)


def _step(rates, states, step):
    """One step of the classical Runge-Kutta method."""
    first = rates(states)
    second = rates(states + step / 2 * first)
    third = rates(states + step / 2 * second)
    fourth = rates(states + step * third)
    return states + step / 6 * (first + 2 * second + 2 * third + fourth)
