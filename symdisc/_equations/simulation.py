"""Trajectories of discovered equations, stopped where they blow up."""

import warnings

import numpy as np
from scipy.integrate import BDF, DOP853, LSODA, RK23, RK45, Radau

from symdisc._data.trajectories import check_time
from symdisc._equations.inputs import NO_INPUTS

# A trajectory that leaves its start by this factor has blown up.
MAX_GROWTH = 1e4
# Evaluations of the right-hand side per trajectory, and a floor for short ones: an
# equation too stiff for the method stops there instead of running for hours.
MAX_EVALUATIONS = 1000
MIN_BUDGET = 200_000
TOLERANCE = 1e-9
SOLVERS = {s.__name__: s for s in (RK23, RK45, DOP853, Radau, BDF, LSODA)}


def check_times(t):
    """Return increasing times as an array, or raise: a single number is none."""
    if np.ndim(t) != 1 or not np.size(t):
        raise ValueError(
            f"t has shape {np.shape(t)}; give times in an array of shape (n_times,), "
            "the first of them that of the start."
        )
    return check_time(t, None, len(t))


def integrate(rates, starts, t, *, method, scale, inputs=None):
    """Follow an ordinary differential equation from several starts.

    Parameters
    ----------
    rates : callable
        Maps states (n, d) to their time derivatives (n, d).
    starts : ndarray of shape (n_starts, d)
    t : ndarray of shape (n_times,)
        Increasing times; the starts belong to the first.
    method : str
        "euler" for one explicit Euler step per interval, or a method of
        `scipy.integrate.solve_ivp`.
    scale : float
        Typical size of a state: a state `MAX_GROWTH` times as large has blown up.
    inputs : Inputs, optional
        What drives the motion.

    Returns
    -------
    ndarray of shape (n_starts, n_times, d)
        NaN from where a trajectory blows up, with a RuntimeWarning.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if method != "euler" and method not in SOLVERS:
        raise ValueError(
            f"method={method!r} is not known; use 'euler' or one of {sorted(SOLVERS)}."
        )
    limit = MAX_GROWTH * max(scale, float(np.abs(starts).max()))
    inputs = inputs or NO_INPUTS
    if method == "euler":
        paths = _euler(rates, starts, t, limit, inputs)
    else:
        solver = SOLVERS[method]
        paths = np.stack([_solve(rates, z, t, solver, limit, inputs) for z in starts])
    lost = np.isnan(paths).any(axis=2)
    if lost.any():
        first = int(np.argmax(lost.any(axis=1)))
        blown_up = t[int(np.argmax(lost[first]))]
        warnings.warn(
            f"{lost.any(axis=1).sum()} of {len(starts)} trajectories diverge; "
            f"number {first} at t = {blown_up:g}. They are NaN from there on. Simulate "
            "a shorter time, or find simpler equations (higher threshold, symmetry).",
            RuntimeWarning,
            stacklevel=3,
        )
    return paths


def iterate(equations, starts, t, *, scale, inputs=None):
    """Follow a map from several starts.

    Parameters
    ----------
    equations : EquationSystem
    starts : ndarray of shape (n_starts, d)
    t : ndarray of shape (n_times,)
        Numbers of rows, a whole number of steps apart.
    scale, inputs
        As of `integrate`; inputs are those at the times.

    Returns
    -------
    ndarray of shape (n_starts, n_times, d)
        NaN from where a trajectory blows up.
    """
    counts = np.diff(t)
    if np.any(counts != np.round(counts)):
        raise ValueError(
            "t has steps that are no whole numbers, but the equations are a map. Pass "
            "numbers of rows, as numpy.arange(n_times)."
        )
    inputs = inputs or NO_INPUTS
    state = inputs.into(starts, t[0])
    limit = MAX_GROWTH * max(scale, float(np.abs(starts).max()))
    paths = np.full((len(starts), len(t), starts.shape[1]), np.nan)
    paths[:, 0] = state
    with np.errstate(all="ignore"):
        for i, count in enumerate(counts, start=1):
            for number in range(int(count)):
                time = t[i - 1] + number + 1
                state = inputs.into(equations(state), time)
                state = np.where(_within(state, limit)[:, None], state, np.nan)
            paths[:, i] = state
    return paths


def _euler(rates, starts, t, limit, inputs):
    paths = np.full((len(starts), len(t), starts.shape[1]), np.nan)
    paths[:, 0] = state = inputs.into(starts, t[0])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for i, step in enumerate(np.diff(t), start=1):
            state = inputs.into(state + step * rates(state), t[i])
            state = np.where(_within(state, limit)[:, None], state, np.nan)
            paths[:, i] = state
    return paths


def _within(states, limit):
    return np.abs(states).max(axis=1) < limit


def _solve(rates, start, t, solver, limit, inputs):
    """Step by hand: solve_ivp cannot stop at a number of evaluations."""
    budget = max(MIN_BUDGET, MAX_EVALUATIONS * len(t))
    path = np.full((len(t), len(start)), np.nan)
    path[0] = start = inputs.into(start[None], t[0])[0]
    n_done = 1
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # A first step sized by rates that are NaN is never accepted nor given up.
        if not np.isfinite(rates(start[None])).all():
            return path
        run = solver(
            lambda time, z: rates(inputs.into(z[None], time))[0],
            t[0],
            start,
            t[-1],
            rtol=TOLERANCE,
            atol=TOLERANCE,
            max_step=inputs.max_step,
        )
        while run.status == "running" and run.nfev < budget:
            run.step()
            reached = t[n_done : np.searchsorted(t, run.t, side="right")]
            if len(reached):
                states = run.dense_output()(reached).T
                for row, time in enumerate(reached):
                    states[row] = inputs.into(states[row : row + 1], time)
                states[~np.logical_and.accumulate(_within(states, limit))] = np.nan
                path[n_done : n_done + len(reached)] = states
                n_done += len(reached)
            if not _within(run.y[None], limit)[0]:
                break
    return path


def state_rates(equations, state):
    """Right-hand side of equations of any order as a system of the first order.

    Parameters
    ----------
    equations : EquationSystem
        In k positions.
    state : ndarray of shape (n, order * k)
        Positions and, for the second order, velocities.

    Returns
    -------
    rates : ndarray of the shape of `state`
    """
    n = len(equations.coefficients)
    return np.hstack([state[:, n:], equations(state)])
