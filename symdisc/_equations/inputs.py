"""What drives a motion that is simulated."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import interp1d


@dataclass(frozen=True)
class Inputs:
    """Variables that are known at all times.

    Parameters
    ----------
    columns : sequence of int
        Of the state.
    values : callable
        Maps a time to their values.
    max_step : float, default=inf
        Longest step that misses nothing of them.
    """

    columns: tuple
    values: Callable
    max_step: float = np.inf

    def into(self, states, time):
        """Return states with the values at a time."""
        if not len(self.columns):
            return states
        states = states.copy()
        states[:, list(self.columns)] = self.values(time)
        return states


NO_INPUTS = Inputs((), lambda time: [])


def read_inputs(inputs, columns, names, t, interpolation):
    """Return what drives the motion, from arrays or functions of time.

    Parameters
    ----------
    inputs : array-like of shape (n_times, n_inputs) or (n_times,), callable, or None
    columns : tuple of int
        Of the state.
    names : sequence of str
        Of these.
    t : ndarray of shape (n_times,)
    interpolation : {"linear", "previous"}

    Returns
    -------
    Inputs
    """
    n = len(columns)
    if (inputs is not None) != (n > 0):
        known = f"the inputs {list(names)}" if n else "no inputs"
        given = "given" if inputs is not None else "None"
        raise ValueError(
            f"inputs is {given}, but the equations have {known}. Pass values at the "
            "times t, of shape (n_times, n_inputs), or a function of t, where there "
            "are any."
        )
    if not n:
        return NO_INPUTS
    if callable(inputs):
        found = np.asarray(inputs(t[0]), dtype=float).ravel()
        if len(found) != n:
            raise ValueError(
                f"inputs returns {len(found)} values at t = {t[0]:g}; return {n}, for "
                f"{list(names)}."
            )
        return Inputs(columns, lambda time: np.ravel(inputs(time)))
    values = np.asarray(inputs, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    if values.shape != (len(t), n) or not np.isfinite(values).all():
        raise ValueError(
            f"inputs has shape {np.shape(inputs)}, or is not finite; pass a number for "
            f"each of the {len(t)} times and of {list(names)}: shape {len(t), n}."
        )
    if interpolation not in ("linear", "previous"):
        raise ValueError(
            f"interpolation={interpolation!r} is not known; pass 'linear' or "
            "'previous', which holds values until the next."
        )
    if len(t) == 1:
        return Inputs(columns, lambda time: values[0])
    between = interp1d(t, values, interpolation, axis=0, fill_value="extrapolate")
    return Inputs(columns, between, float(np.diff(t).min()))
