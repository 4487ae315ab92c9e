"""Terms and states of equations, found together from noisy rows."""

from dataclasses import dataclass

import numpy as np

from symdisc._errors_in_variables.joint_fit import JointFit, Problem
from symdisc._errors_in_variables.marginal_likelihood import Linearised, changed
from symdisc._errors_in_variables.quadrature import Steps, integration_errors

# Allowed error of a step in units of the noise: from soft, where almost any start
# converges, to as good as exact.
SCHEDULE = 1.0, 0.1, 0.01, 1e-3
# The noise is taken from the fit where equations are nearly exact.
NEARLY_EXACT = 0.05
N_CYCLES = 5
# Largest move of a state in a fit that has converged, in units of the noise.
CONVERGED = 1e-3
# Terms that are this much less likely, as a difference of log posteriors, are rivals.
RIVAL, MAX_RIVALS = 3.0, 3
# Linearised odds are off by some; so many sets of terms are fitted to see.
MARGIN, MAX_TRIED = 3.0, 6


@dataclass
class Search:
    """A search for terms, and how far it has come.

    Parameters
    ----------
    problem : Problem
    states : ndarray of shape (n_rows, n_columns)
    weights : ndarray of shape (n_fields,)
        States and weights to start from.
    tied : ndarray of bool, of shape (n_fields, n_fields)
        Fields that may stand for each other.
    costs : ndarray of shape (n_fields,)
        Of the fields, see `term_costs`.
    softness : ndarray of shape (n_columns,)
        Error of a step that is allowed at first.
    floor : ndarray of shape (n_steps, n_columns)
        Error of each step that always is: what its integral is off by.
    wider : Steps
        With wider stencils, which show that.
    least : ndarray of shape (n_columns,)
        The least noise.
    observed : ndarray of bool, of shape (n_columns,)
        Columns whose noise is to be estimated.
    fit : JointFit, optional
        The best so far.
    """

    problem: Problem
    states: np.ndarray
    weights: np.ndarray
    tied: np.ndarray
    costs: np.ndarray
    softness: np.ndarray
    floor: np.ndarray
    wider: Steps
    least: np.ndarray
    observed: np.ndarray
    fit: JointFit | None = None

    def run(self, start, *, n_cycles=N_CYCLES):
        """Search while the equations are made more exact.

        Parameters
        ----------
        start : ndarray of shape (n_fields,)
            Weights that may be the right ones, from elsewhere.
        n_cycles : int, default=5
            At most so many searches at each exactness; 0 keeps the terms of `start`.

        Returns
        -------
        JointFit
        """
        for relative in SCHEDULE:
            defect = np.hypot(relative * self.softness, self.floor)
            self.problem = self.problem.with_errors(defect=defect)
            if self.fit is not None:
                self.fit = self._refined(self.weights, self.fit.active)
                self._move_to_fit()
            tried = set()
            self._try(np.flatnonzero(start), start, tried)
            for _ in range(n_cycles):
                if not self._cycle(tried):
                    break
            if self.fit is None:
                return None
            self._move_to_fit()
            rates = self.problem.dynamics.rates(self.states, self.weights)
            self.floor = integration_errors(self.problem.steps, self.wider, rates)
            if relative <= NEARLY_EXACT and relative != SCHEDULE[-1]:
                self._take_noise()
        self.fit = self.problem.refine(
            self.states, self.weights, self.fit.active, tolerance=CONVERGED
        )
        return self.fit

    def odds(self, fit):
        """Return minus twice the log posterior probability, less a constant."""
        return fit.cost + self.costs[fit.active].sum()

    def rivals(self):
        """Return fits of other terms that are nearly as likely as the best.

        Returns
        -------
        list of JointFit
            At most three, the likeliest first.
        """
        best, tried, found = self.odds(self.fit), set(), []
        linear, weights = self._linearised()
        keep = tuple(np.flatnonzero(self.fit.active))
        changes, outside = linear.changes(keep, self.tied)
        for place in np.argsort(changes, axis=None)[:MAX_TRIED]:
            at = np.unravel_index(place, changes.shape)
            if changes[at] < 2 * (RIVAL + MARGIN):
                fit = self._fitted(changed(keep, outside, *at), weights, tried)
                if fit is not None and self.odds(fit) < best + 2 * RIVAL:
                    found.append(fit)
        return sorted(found, key=self.odds)[:MAX_RIVALS]

    def _linearised(self):
        """Return all terms around the best fit, and weights for each."""
        everything = np.ones(len(self.weights), dtype=bool)
        wide = self.problem.update(self.states, self.weights, everything)
        right = wide.precision @ wide.weights
        linear = Linearised(wide.precision, right, self.costs)
        return linear, np.where(self.weights == 0, wide.weights, self.weights)

    def _cycle(self, tried):
        """Linearise at the best fit, and refine what is best there."""
        linear, weights = self._linearised()
        better = False
        for path in (linear.down(), linear.up()):
            keep = linear.climb(min(path, key=linear.odds), self.tied)
            better |= self._try(keep, weights, tried)
        if better:
            self._move_to_fit()
        return better

    def _try(self, keep, weights, tried):
        """Refine some terms, and keep them where they are likelier."""
        fit = self._fitted(tuple(keep), weights, tried)
        if fit is None or (self.fit and self.odds(fit) >= self.odds(self.fit)):
            return False
        self.fit = fit
        return True

    def _fitted(self, keep, weights, tried):
        """Return a fit of some terms; None where it fails or was tried."""
        if keep in tried:
            return None
        tried.add(keep)
        active = np.zeros(len(self.weights), dtype=bool)
        active[list(keep)] = True
        try:
            return self._refined(weights, active)
        except np.linalg.LinAlgError:
            # The states run away under these equations.
            return None

    def _move_to_fit(self):
        """Go on from the best fit."""
        self.states, self.weights = self.fit.states, self.fit.weights
        self.problem = self.problem.with_constants(self.fit.constants)

    def _refined(self, weights, active):
        return self.problem.refine(self.states, weights, active)

    def _take_noise(self):
        """Take the noise from the misfit of the rows."""
        rows, n_steps = self.problem.rows, len(self.problem.steps.rows)
        # Free are the first states of all stretches, the weights, and the constants.
        n_data = len(rows) * self.observed.sum()
        n_fitted = (len(rows) - n_steps) * rows.shape[1] + self.fit.active.sum()
        n_free = n_data - n_fitted - len(self.fit.constants)
        if n_free <= 0:
            raise np.linalg.LinAlgError("fewer rows than unknowns")
        misfit = np.mean((self.states - rows) ** 2, axis=0)
        found = np.sqrt(misfit * n_data / n_free)
        found = np.maximum(found, self.least)
        noise = np.where(self.observed, found, self.problem.noise)
        self.problem = self.problem.with_errors(noise=noise)
