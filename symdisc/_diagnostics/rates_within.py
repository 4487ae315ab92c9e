"""Rates of rows that carry no noise, away from the ends of trajectories."""

from dataclasses import dataclass

import numpy as np

from symdisc._data.stencils import inner_derivatives
from symdisc._data.stretches import stretches
from symdisc._diagnostics.alike_residuals import alike_share
from symdisc._sindy.differentiation import Motion

# Rates are taken for those of rows without noise where stencils of two widths differ by
# less than this, in the mean square.
EXACT = 1e-4
# What equations leave beyond so many times that is not the errors of rates.
TIMES_ERRORS = 10.0
# What a solver does wrong depends on where its steps are, too: neighbours share up to
# three quarters of that, by the tolerances of solve_ivp, and of what candidates lack
# nearly all.
SHARED = 0.9


@dataclass(frozen=True)
class RatesWithin:
    """Rates of rows away from the ends of stretches, and how accurate they are.

    Parameters
    ----------
    motion : Motion
    groups : array-like of shape (n_rows,) or None
    errors : ndarray of shape (k,) or None
        What rates without noise are off by, in the mean square, relative to that of the
        rates; None where `motion` is what was given, with noise or with few rows.
    state : ndarray of shape (n_samples, order * k)
        Of all rows.
    """

    motion: Motion
    groups: object
    state: np.ndarray
    errors: np.ndarray | None = None

    @classmethod
    def of(cls, est, governing, motion, space, t, groups):
        """Take the most accurate rates that rows without noise have.

        Parameters
        ----------
        est : LatentSINDy
        governing : Governing
        motion : Motion
            Rates that do where rows carry noise or are too few.
        space : Space
        t, groups
            Times and trajectories.

        Returns
        -------
        RatesWithin
        """
        state = np.hstack(motion.curve[:-1]).astype(float)
        usual = est.differentiation == "auto" and space.points is not None
        if space.noisy is not None or not usual:
            return cls(motion, groups, state)
        points = space.points.astype(float)
        parts = stretches(t, groups, points)
        rows, curve, errors = inner_derivatives(points, t, parts, est.order)
        inputs = list(governing.inputs)
        errors[inputs] = 0.0
        if len(rows) < len(t) / 2 or errors.max() > EXACT:
            return cls(motion, groups, state)
        for rate in curve[1:]:
            rate[:, inputs] = 0.0
        kept = None if groups is None else np.asarray(groups)[rows]
        return cls(Motion(curve), kept, state, errors)

    def left_by(self, equations, shared=False):
        """Return what equations leave of rates without noise.

        Parameters
        ----------
        equations : EquationSystem
        shared : bool, default=False
            Whether only what depends on the state counts, and on nothing else.

        Returns
        -------
        left : ndarray of shape (k,)
            Of the variance of each rate; 0 where rows carry noise, or errors of the
            rates explain it.
        """
        curve = self.motion.curve
        if self.errors is None:
            return np.zeros(curve[0].shape[1])
        state = np.hstack(curve[: equations.order])
        residuals, variance = curve[-1] - equations(state), np.var(curve[-1], axis=0)
        left = np.mean(residuals**2, axis=0) / np.where(variance > 0, variance, np.inf)
        counts = left > TIMES_ERRORS * self.errors
        if shared:
            size = state.std(axis=0)
            points = state / np.where(size > 0, size, 1.0)
            counts &= alike_share(residuals, points) > SHARED
        return np.where(counts, left, 0.0)
