"""The time in which the terms of a function change, each direction on its own.

A change of h along the motion is small or large by comparison with what the same motion
does to h along each column alone, F_i dh/dx_i. A fast column says nothing of others.
"""

import numpy as np

# Rows that time scales are taken from.
MOST_ROWS = 1000
# Rates that are this part of others are rounding.
ROUNDING = 1e-9


class TimeScales:
    """Times in which functions would change by their spread if nothing cancelled.

    Parameters
    ----------
    values : ndarray of shape (n, p)
        Of candidates, which say whether rates of columns depend on the state.
    gradients : ndarray of shape (n, p, k)
    z, v : ndarray of shape (n, k)
    small : float
        Rates that are this part of those of other columns may be noise.

    Attributes
    ----------
    at_rest : ndarray of bool of shape (k,)
        Columns whose rates are zero, or small and no function of the state: noise.
    """

    def __init__(self, values, gradients, z, v, small):
        deviations = z.std(axis=0)
        moves = np.sqrt(np.mean(v**2, axis=0))
        moving = (deviations > 0) & (moves > 0)
        speeds = np.where(moving, moves / np.maximum(deviations, 1e-300), 0.0)
        fastest = speeds.max()
        self.at_rest = speeds <= ROUNDING * fastest
        for i in np.flatnonzero(~self.at_rest & (speeds <= small * fastest)):
            self.at_rest[i] = not _depends(v[:, i], values)
        slowest = speeds[~self.at_rest].min(initial=np.inf)
        self.slowest = 1 / slowest if np.isfinite(slowest) else 0.0
        self.rows = np.arange(0, len(z), -(-len(z) // MOST_ROWS))
        self.gradients = gradients[self.rows]
        self.rates = v[self.rows][:, ~self.at_rest]
        self.deviations = deviations

    def __call__(self, coefficients):
        """Return the time scales of functions, and what their rates are relative to.

        A time scale is the mean over columns, by their parts in the variance of the
        function, of the time in which a column moves by its standard deviation. Where
        all columns are at rest, it is that of the slowest other column. The second is
        the same mean of the ratio of that part to the change by the column alone: what
        does not cancel is 1, however the slope depends on the state.

        Parameters
        ----------
        coefficients : ndarray of shape (p, m)

        Returns
        -------
        times, inverse_changes : ndarray of shape (m,)
        """
        slopes = np.einsum("npk,pm->nkm", self.gradients, coefficients)
        parts = np.mean(slopes**2, axis=0) * self.deviations[:, None] ** 2
        whole = np.maximum(parts.sum(axis=0), 1e-300)
        slopes, parts = slopes[:, ~self.at_rest], parts[~self.at_rest]
        changes = np.mean((slopes * self.rates[:, :, None]) ** 2, axis=0)
        total = parts.sum(axis=0)
        moves = total > 0
        total = np.maximum(total, 1e-300)
        counts = parts > ROUNDING**2 * total
        changes = np.where(counts, np.maximum(changes, 1e-300), 1.0)
        own = self.deviations[~self.at_rest] / np.sqrt(np.mean(self.rates**2, axis=0))
        times = np.sum(parts * own[:, None], axis=0) / total
        ratios = np.where(counts, parts * np.sqrt(parts / changes), 0.0).sum(axis=0)
        # The part of columns at rest in a function does not change.
        inverse = ratios / total / np.sqrt(whole)
        return np.where(moves, times, self.slowest), inverse

    def terms(self, rows):
        """Return changes of candidates by single columns, at some of the rows.

        Returns
        -------
        ndarray of shape (m, p, j)
            Of the j columns that are not at rest.
        """
        own = np.isin(self.rows, rows)
        return self.gradients[own][:, :, ~self.at_rest] * self.rates[own][:, None]


def _depends(rate, values):
    """Say whether half of the rows predict a rate on the others, better than zero."""
    design = np.column_stack([np.ones(len(values)), values])
    if 4 * design.shape[1] > len(design):
        return True
    weights = np.linalg.lstsq(design[::2], rate[::2], rcond=1e-9)[0]
    left = rate[1::2] - design[1::2] @ weights
    return bool(np.sum(left**2) < np.sum(rate[1::2] ** 2))
