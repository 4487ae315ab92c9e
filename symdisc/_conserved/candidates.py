"""Functions of the state along a motion: values, rates and gradients."""

import numpy as np

from symdisc._conserved.time_scales import TimeScales
from symdisc._data.trajectories import trajectory_slices
from symdisc._equations.library import CandidateLibrary

# Trajectories of fewer rows say nothing about what changes along them.
SHORTEST = 5


class AlongMotion:
    """Candidate functions at states, with how they change.

    Parameters
    ----------
    library : CandidateLibrary
    z, v : ndarray of shape (n, k)
        States and rates.
    factor : ndarray of shape (k, r)
        Takes white states to states; r is less than k where columns depend.
    groups : array-like of shape (n,), optional
    has_order : bool
        Whether rows of a trajectory follow each other in time.
    small : float
        Rates that are this part of those of other columns may be noise.

    Attributes
    ----------
    values, rates : ndarray of shape (n, p)
        Of the functions, centred and over their standard deviations. Functions that
        are constant on the rows are zero.
    scales : ndarray of shape (p,)
        These standard deviations.
    gradients : ndarray of shape (n, p, r)
        Along white states, so that units do not count.
    """

    def __init__(self, library, z, v, factor, groups=None, has_order=False, small=0.05):
        self.z, self.groups, self.has_order = z, groups, has_order
        p, k = len(library), z.shape[1]
        slopes = [e.diff(s) for e in library.expressions for s in library.symbols]
        with np.errstate(all="ignore"):  # what is not finite is named below
            values = library.evaluate(z)
            gradients = CandidateLibrary(slopes, library.symbols).evaluate(z)
        self._check(values, gradients, library)
        spread = values.std(axis=0)
        varies = spread > 1e-9 * np.maximum(np.abs(values).max(axis=0), 1e-300)
        self.scales = np.where(varies, spread, np.inf)
        self.values = (values - values.mean(axis=0)) / self.scales
        gradients = gradients.reshape(len(z), p, k) / self.scales[:, None]
        self.rates = np.einsum("npk,nk->np", gradients, v)
        self.gradients = gradients @ factor
        self.times = TimeScales(self.values, gradients, z, v, small)

    @staticmethod
    def _check(values, gradients, library):
        wrong = ~np.isfinite(values).all(axis=0)
        wrong |= ~np.isfinite(gradients.reshape(len(values), len(library), -1)).all(
            axis=(0, 2)
        )
        if wrong.any():
            named = [
                name for name, bad in zip(library.names, wrong, strict=True) if bad
            ]
            raise ValueError(
                f"library contains {named}, not finite at all states. Leave these out, "
                "or leave out the rows where they are not."
            )

    def defect(self, coefficients, rows):
        """Return how much functions change along the motion, relative to their spread.

        Parameters
        ----------
        coefficients : ndarray of shape (p, m)
        rows : ndarray of int

        Returns
        -------
        defects, errors : ndarray of shape (m,)
            Root mean squares, and standard errors of these from blocks.
        """
        values, rates = (
            self.values[rows] @ coefficients,
            self.rates[rows] @ coefficients,
        )
        spread = np.maximum(values.var(axis=0), 1e-300)
        times, inverse = self.times(coefficients)
        changes = rates**2 * np.maximum(times**2 / spread, inverse**2)
        found = _root_mean_square(changes, self._blocks(rows))
        within = self._within(values, rows)
        if within is None:
            return found
        own = _root_mean_square(within / spread, self._blocks(rows))
        larger = own[0] > found[0]
        return tuple(np.where(larger, a, b) for a, b in zip(own, found, strict=True))

    def _pieces(self, rows):
        groups = None if self.groups is None else np.asarray(self.groups)[rows]
        pieces = trajectory_slices(groups, len(rows))
        return [piece for piece in pieces if len(piece) >= SHORTEST]

    def _within(self, values, rows):
        """Return squares of the change within trajectories, where there are several."""
        pieces = self._pieces(rows) if self.has_order else []
        if len(pieces) < 2:
            return None
        within = np.zeros_like(values)
        for piece in pieces:
            within[piece] = (values[piece] - values[piece].mean(axis=0)) ** 2
        return within

    def _blocks(self, rows):
        pieces = self._pieces(rows) if self.has_order else []
        if len(pieces) >= 5:
            return pieces
        return np.array_split(np.arange(len(rows)), min(20, len(rows)))

    def drifts(self, coefficients, rows):
        """Return the mean rates of functions in each trajectory or block of rows."""
        rates = self.rates[rows] @ coefficients
        return np.array([rates[block].mean(axis=0) for block in self._blocks(rows)])


def _root_mean_square(squares, blocks):
    means = np.array([squares[block].mean(axis=0) for block in blocks])
    mean = np.maximum(squares.mean(axis=0), 1e-300)
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means)) if len(means) > 1 else mean
    return np.sqrt(mean), error / (2 * np.sqrt(mean))
