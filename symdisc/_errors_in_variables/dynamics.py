"""Rates of a state as candidates with unknown coefficients."""

from dataclasses import dataclass

import numpy as np

from symdisc._equations.library import CandidateLibrary


@dataclass(frozen=True)
class Dynamics:
    """Rates of a state: known ones, and a combination of fields.

    The state are the latents; for the second order, latents and their velocities, whose
    rates are the combination.

    Parameters
    ----------
    library : CandidateLibrary
        In the columns of the state.
    fields : ndarray of shape (n_fields, k, n_terms)
        Coefficients of the rates of the last k columns, which are combined.
    offset : ndarray of shape (k, n_terms)
        Known coefficients.
    """

    library: CandidateLibrary
    fields: np.ndarray
    offset: np.ndarray

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
        n_known = len(self.library.symbols) - found.shape[1]
        return np.pad(found, ((0, 0), (n_known, 0), (0, 0)))

    def slopes(self, state, weights):
        """Return derivatives of the rates, of shape (n_rows, n_columns, n_columns)."""
        n = len(self.library.symbols)
        coefficients = self.coefficients(weights)
        k = len(coefficients)
        found = np.zeros((len(state), n, n))
        found[:, n - k :] = np.einsum(
            "kt,ntj->nkj", coefficients, self.library.slopes(state)
        )
        # The rates of the first columns are the others, if there are any.
        found[:, np.arange(n - k), np.arange(k, n)] = 1.0
        return found
