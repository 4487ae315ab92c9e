"""Coefficients from rows without noise: each step of the data is solved for.

Rates along time are off where steps are long, and so are the coefficients that follow
from them. Solutions of the equations from row to row are not: of the right terms they
leave rounding. This is multiple shooting [1]_ with all rows known.

References
----------
.. [1] H. G. Bock, "Recent advances in parameter identification techniques for ordinary
   differential equations", Numerical Treatment of Inverse Problems in Differential and
   Integral Equations (1983), 95-121.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from symdisc._data.splits import autocorrelation_time
from symdisc._data.stretches import stretches

# Most steps that are solved for, at equal distances.
MAX_STEPS = 1000
# Parts of a step that Runge and Kutta's method takes: as many as change so little of
# it that twice as many are not needed.
PARTS, ACCURATE = (4, 8, 16, 32, 64), 1e-6
# Gauss-Newton steps, and the relative change of a coefficient for its derivative.
N_STEPS, RELATIVE = 8, 1e-6
# Coefficients are taken that leave so much less of the variance of the steps.
MUCH_LESS = 0.1
# A term that tells less than this of the variance of the steps is not one of the law.
# One that seems to tell more than the second is not tried without.
NEGLIGIBLE, MAYBE = 1e-12, 1e-8
# Steps that are followed so well say no more of the coefficients.
ROUNDING = 1e-14


class Shot(NamedTuple):
    """Coefficients that follow the rows from step to step.

    Parameters
    ----------
    coefficients : ndarray of shape (k, n_terms)
    directions : ndarray of shape (n_free, k, n_terms)
        Root of their covariance.
    left : ndarray of shape (k,)
        Part of the variance of the steps that solutions leave.
    """

    coefficients: np.ndarray
    directions: np.ndarray
    left: np.ndarray


def shoot(equations, points, t, groups):
    """Fit the coefficients of equations of motion to the steps between rows.

    Parameters
    ----------
    equations : EquationSystem
        Of the first order, without inputs: which terms there are, and the start.
    points : ndarray of shape (n_samples, k)
        Without noise.
    t : ndarray of shape (n_samples,)
    groups : array-like of shape (n_samples,) or None

    Returns
    -------
    Shot or None
        None where no other coefficients follow the rows much better.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import CandidateLibrary, EquationSystem
    >>> from symdisc._errors_in_variables.shooting import shoot
    >>> t = np.arange(0.0, 5.0, 0.5)
    >>> library = CandidateLibrary.polynomial(1, 1, False)
    >>> near = EquationSystem([[-0.9]], library)
    >>> shoot(near, np.exp(-t)[:, None], t, None).coefficients.round(5)
    array([[-1.]])
    """
    parts = [part for part in stretches(t, groups, points) if len(part) > 1]
    table, active = equations.coefficients, equations.coefficients != 0
    n_steps = sum(len(part) - 1 for part in parts)
    if not 0 < active.sum() < n_steps * points.shape[1]:
        return None
    steps = _Steps.between(parts, points, t, equations.library)
    with np.errstate(all="ignore"):
        if not steps.are_followed(table):
            return None
        before = steps.left(table)
        found, residual, jacobian = steps.fitted(table, active)
    if not np.mean(residual**2) < MUCH_LESS * np.mean(before**2):
        return None
    with np.errstate(all="ignore"):
        return steps.shot(*steps.without_needless(found, residual, jacobian))


@dataclass
class _Steps:
    """Steps between rows, and in how many parts they are solved for."""

    start: np.ndarray
    moved: np.ndarray
    lengths: np.ndarray
    library: object
    n_parts: int = PARTS[0]

    @classmethod
    def between(cls, parts, points, t, library):
        """Return those between rows of stretches."""
        now = np.concatenate([part[:-1] for part in parts])
        then = np.concatenate([part[1:] for part in parts])
        some = slice(None, None, -(-len(now) // MAX_STEPS))
        now, then = now[some], then[some]
        moved, lengths = points[then] - points[now], t[then] - t[now]
        return cls(points[now], moved, lengths[:, None], library)

    @property
    def size(self):
        """Root mean square of the steps of each column."""
        size = np.sqrt(np.mean(self.moved**2, axis=0))
        return np.where(size > 0, size, np.inf)

    def are_followed(self, table):
        """Say whether solutions are accurate, in as many parts as they need."""
        found = None
        for self.n_parts in PARTS:
            last, found = found, self.solved(table)
            if last is None:
                continue
            if np.abs((found - last) / self.size).max() < ACCURATE:
                return True
        return False

    def solved(self, table):
        """Return how far solutions move in each step, by Runge and Kutta's method."""

        def rates(points):
            return self.library.evaluate(points) @ table.T

        points, step = self.start, self.lengths / self.n_parts
        for _ in range(self.n_parts):
            first = rates(points)
            second = rates(points + step / 2 * first)
            third = rates(points + step / 2 * second)
            fourth = rates(points + step * third)
            points = points + step / 6 * (first + 2 * second + 2 * third + fourth)
        return points - self.start

    def left(self, table):
        """Return what solutions leave of the steps, relative to their size."""
        return ((self.moved - self.solved(table)) / self.size).ravel()

    def fitted(self, table, active):
        """Return coefficients after Gauss-Newton steps, what they leave, and slopes."""
        residual = self.left(table)
        jacobian = self._jacobian(table, active, residual)
        for _ in range(N_STEPS):
            if not (np.isfinite(jacobian).all() and np.mean(residual**2) > ROUNDING):
                break
            trial = table.copy()
            trial[active] -= np.linalg.lstsq(jacobian, residual, rcond=None)[0]
            left = self.left(trial)
            if not np.mean(left**2) < np.mean(residual**2):
                break
            table, residual = trial, left
            jacobian = self._jacobian(table, active, residual)
        return table, residual, jacobian

    def without_needless(self, table, residual, jacobian):
        """Drop terms that made up for what rates were off by, the least first."""
        known = table, residual, jacobian
        while True:
            table, residual, jacobian = known
            active = table != 0
            inverse = np.linalg.pinv(jacobian)
            # What would be left without each, as far as steps are linear in them.
            told = table[active] ** 2 / np.sum(inverse**2, axis=1) / len(residual)
            fewer = np.array(np.nonzero(active)).T[told.argmin()]
            active[tuple(fewer)] = False
            if told.min() > MAYBE or not active.any(axis=1).all():
                return known
            found = self.fitted(np.where(active, table, 0.0), active)
            if not np.mean(found[1] ** 2) < np.mean(residual**2) + NEGLIGIBLE:
                return known
            known = found

    def shot(self, table, residual, jacobian):
        """Return coefficients with their errors."""
        # What solvers do wrong is alike from step to step, here and in what made rows.
        inverse, active = np.linalg.pinv(jacobian), table != 0
        finer = replace(self, n_parts=2 * self.n_parts)
        bias = inverse @ (finer.left(table) - residual)
        by_step = residual.reshape(self.moved.shape)
        variance = np.sum(residual**2) / max(len(residual) - int(active.sum()), 1)
        root = inverse * np.sqrt(variance * autocorrelation_time(by_step))
        root = np.vstack([np.linalg.qr(root.T, mode="r"), bias])
        directions = np.zeros((len(root), *table.shape))
        directions[:, active] = root
        return Shot(table, directions, np.mean(by_step**2, axis=0))

    def _jacobian(self, table, active, residual):
        """Return derivatives of what is left by the coefficients, by differences."""
        columns = []
        for place in zip(*np.nonzero(active), strict=True):
            moved, change = table.copy(), RELATIVE * table[place]
            moved[place] += change
            columns.append((self.left(moved) - residual) / change)
        return np.stack(columns, axis=1)
