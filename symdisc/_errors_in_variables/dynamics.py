"""Rates of a state as candidates with unknown coefficients."""

from dataclasses import dataclass, field, replace

import numpy as np

from symdisc._equations.library import CandidateLibrary

# Of differences, in units of the largest value of a column.
STEP = 1e-5


@dataclass(frozen=True)
class Dynamics:
    """Rates of a state: known ones, and a combination of fields.

    The state are the latents; for the second order, latents and their velocities, whose
    rates are the combination. Inputs are variables that are known at all rows.

    Parameters
    ----------
    library : CandidateLibrary
        In latents and, for the second order, velocities, inputs among both.
    fields : ndarray of shape (n_fields, k, n_terms)
        Coefficients of the rates of the last k columns, which are combined.
    offset : ndarray of shape (k, n_terms)
        Known coefficients.
    inputs : sequence of int, default=()
        Variables of the library that are inputs.
    values : ndarray of shape (n_rows, n_inputs), optional
        Their values.
    constants : ndarray of shape (n_constants,), optional
        Values of the last variables of the library.
    """

    library: CandidateLibrary
    fields: np.ndarray
    offset: np.ndarray
    inputs: tuple = ()
    values: np.ndarray | None = None
    constants: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def features(self, state):
        """Return values of the candidates at all rows."""
        if not self.inputs and not len(self.constants):
            return self.library.evaluate(state)
        n_variables = self.n_columns + len(self.inputs)
        whole = np.empty((len(state), n_variables + len(self.constants)))
        own = np.setdiff1d(np.arange(n_variables), self.inputs)
        whole[:, own], whole[:, list(self.inputs)] = state, self.values
        whole[:, n_variables:] = self.constants
        return self.library.evaluate(whole)

    @property
    def n_columns(self):
        """Number of columns of the state."""
        return len(self.library.symbols) - len(self.inputs) - len(self.constants)

    def coefficients(self, weights):
        """Return coefficients of the candidates in the last k rates."""
        return self.offset + np.tensordot(weights, self.fields, axes=1)

    def known(self, state, features):
        """Return the part of the rates that is known."""
        found = features @ self.offset.T
        velocity = state[:, found.shape[1] :]
        return np.hstack([velocity, found])

    def of_fields(self, features, which):
        """Return rates of some fields, of shape (n_rows, n_columns, n_which)."""
        found = np.einsum("nt,pkt->nkp", features, self.fields[which])
        n_known = self.n_columns - found.shape[1]
        return np.pad(found, ((0, 0), (n_known, 0), (0, 0)))

    def rates(self, state, weights):
        """Return rates of the state."""
        features = self.features(state)
        velocity = state[:, len(self.offset) :]
        return np.hstack([velocity, features @ self.coefficients(weights).T])

    def slopes(self, state, weights):
        """Return derivatives of the rates, of shape (n_rows, n_columns, n_columns).

        By central differences, which do for functions with kinks, too.
        """
        found = np.empty((*state.shape, state.shape[1]))
        for j, step in enumerate(STEP * np.abs(state).max(axis=0)):
            moved = []
            for way in (step, -step):
                points = state.copy()
                points[:, j] += way
                moved.append(self.rates(points, weights))
            found[:, :, j] = (moved[0] - moved[1]) / (2 * step)
        return found

    def with_constants(self, constants):
        """Return the same with other values of the constants."""
        return replace(self, constants=constants)

    def by_constants(self, state, weights):
        """Return derivatives of the rates by the logarithms of the constants."""
        found = np.empty((*state.shape, len(self.constants)))
        for j in range(len(self.constants)):
            moved = []
            for way in (STEP, -STEP):
                constants = self.constants.copy()
                constants[j] *= np.exp(way)
                moved.append(self.with_constants(constants).rates(state, weights))
            found[:, :, j] = (moved[0] - moved[1]) / (2 * STEP)
        return found
