"""Steps of a trajectory as integrals of its rates over a few rows."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

# Rows whose rates a step integrates; its error is of that order in the step.
WIDTH = 6


@dataclass(frozen=True)
class Steps:
    """Differences of neighbouring rows, and weights of the rates that give them.

    Parameters
    ----------
    rows : ndarray of int, of shape (n_steps, width)
        Rows of each stencil.
    weights : ndarray of shape (n_steps, width)
        Of the rates: the integral of the polynomial through them over the step.
    rises : ndarray of shape (n_steps, width)
        -1 at the row before the step, 1 at that after it.
    """

    rows: np.ndarray
    weights: np.ndarray
    rises: np.ndarray

    def integrate(self, values):
        """Return integrals over the steps of values at the rows."""
        return np.einsum("sw,sw...->s...", self.weights, values[self.rows])

    def differences(self, values):
        """Return differences of values over the steps."""
        return np.einsum("sw,sw...->s...", self.rises, values[self.rows])


def integration_errors(steps, wider, rates):
    """Estimate what integrals over steps are off by.

    Parameters
    ----------
    steps, wider : Steps
        The same steps, with narrow and with wide stencils.
    rates : ndarray of shape (n_rows, k)

    Returns
    -------
    errors : ndarray of shape (n_steps, k)
        The largest difference of both over neighbouring steps, which have nearly the
        same rows: one that is small by chance says nothing.
    """
    gaps = np.abs(steps.integrate(rates) - wider.integrate(rates))
    return maximum_filter1d(gaps, steps.rows.shape[1], axis=0)


def steps_along(times, parts, width=WIDTH):
    """Return the steps between neighbouring rows of stretches.

    Parameters
    ----------
    times : ndarray of shape (n_samples,)
    parts : list of ndarray of int
        Rows of each stretch; those of one row have no step.
    width : int, default=6
        Rows of a stencil; a shorter stretch is one stencil.

    Returns
    -------
    Steps

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._errors_in_variables.quadrature import steps_along
    >>> t = np.array([0.0, 0.1, 0.3, 0.4, 0.7, 1.0, 1.2])
    >>> steps = steps_along(t, [np.arange(7)])
    >>> gap = steps.integrate(5 * t**4) - steps.differences(t**5)
    >>> bool(np.abs(gap).max() < 1e-14)
    True
    """
    found = [_steps(times, rows, width) for rows in parts if len(rows) > 1]
    if not found:
        return Steps(np.zeros((0, width), int), *np.zeros((2, 0, width)))
    return Steps(*map(np.concatenate, zip(*found, strict=True)))


def _steps(times, rows, width):
    used = min(width, len(rows))
    left = np.arange(len(rows) - 1)
    # Stencils are around the step, and shifted inwards at the ends.
    first = np.clip(left - (used // 2 - 1), 0, len(rows) - used)
    inside = first[:, None] + np.arange(used)
    start, end = times[rows[left]], times[rows[left + 1]]
    length = (end - start)[:, None]
    nodes = (times[rows[inside]] - start[:, None]) / length
    powers = np.arange(used)
    tables = nodes[:, None, :] ** powers[:, None]
    moments = np.broadcast_to(1 / (powers + 1.0), (len(left), used))
    weights = length * np.linalg.solve(tables, moments[..., None])[..., 0]
    rises = np.zeros((len(left), used))
    rises[left, left - first], rises[left, left - first + 1] = -1.0, 1.0
    # Rows without weight make up for what a short stretch lacks.
    missing = width - used
    stencils = np.pad(rows[inside], ((0, 0), (0, missing)), mode="edge")
    empty = ((0, 0), (0, missing))
    return stencils, np.pad(weights, empty), np.pad(rises, empty)
