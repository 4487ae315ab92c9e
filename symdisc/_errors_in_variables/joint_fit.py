"""States and coefficients of given terms, fitted together to noisy rows."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.linalg import cho_solve_banded, cholesky_banded

from symdisc._errors_in_variables.dynamics import Dynamics
from symdisc._errors_in_variables.quadrature import Steps

# Gauss-Newton ends where no state moves by more than this part of its noise. Steps
# beyond TRUST times the noise are damped, and refused beyond REFUSED times.
TOLERANCE, TRUST, REFUSED = 0.05, 3.0, 30.0
MAX_ITER = 15
# Largest change of the logarithm of a constant in a step.
MAX_CHANGE = 0.5


@dataclass(frozen=True)
class JointFit:
    """States and weights of the fields.

    Parameters
    ----------
    states : ndarray of shape (n_rows, n_columns)
    weights : ndarray of shape (n_fields,)
        In units of the prior's; 0 for fields that are left out.
    active : ndarray of bool, of shape (n_fields,)
    information : ndarray of shape (n_active, n_active)
        Inverse covariance of the weights that are fitted, without the prior.
    cost : float
        Squared misfit of rows and equations, in units of their errors.
    move : float
        Largest change of a state by the last step, in units of the noise.
    constants : ndarray of shape (n_constants,)
        Constants inside candidates.
    constant_errors : ndarray of shape (n_constants,)
        Their standard errors.
    """

    states: np.ndarray
    weights: np.ndarray
    active: np.ndarray
    information: np.ndarray
    cost: float
    move: float
    constants: np.ndarray
    constant_errors: np.ndarray

    @property
    def precision(self):
        """Inverse covariance of the weights, the prior included."""
        return self.information + np.eye(len(self.information))


@dataclass(frozen=True)
class Problem:
    """Rows with white noise, whose true states obey equations.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        As observed.
    steps : Steps
    dynamics : Dynamics
        Their fields in units of the prior standard deviation of their weights.
    noise : ndarray of shape (n_columns,)
        Standard deviation of the noise of each column.
    defect : ndarray of shape (n_columns,) or (n_steps, n_columns)
        Standard deviation of the error allowed to the equations in a step.
    """

    rows: np.ndarray
    steps: Steps
    dynamics: Dynamics
    noise: np.ndarray
    defect: np.ndarray

    def update(self, states, weights, active, damping=0.0):
        """Take one Gauss-Newton step, as generalised least squares.

        Linear around the states, the residual of a step at the true coefficients is J
        (noise of the rows) + defect, so that its covariance V is banded. The weights
        are the generalised least-squares fit; the states follow from the multipliers
        V^-1 residual. Nothing is subtracted from large numbers, so that the defect may
        tend to zero.

        Parameters
        ----------
        states : ndarray of shape (n_rows, n_columns)
        weights : ndarray of shape (n_fields,)
        active : ndarray of bool, of shape (n_fields,)
        damping : float, default=0
            Weight of the present states as further observations (Levenberg).

        Returns
        -------
        JointFit
        """
        features = self.dynamics.features(states)
        jacobian = self._jacobian(states, weights)
        target = (self.rows + damping * states) / (1 + damping)
        variance = np.tile(self.noise**2, len(states)) / (1 + damping)
        known = self.steps.integrate(self.dynamics.known(states, features))
        residual = self.steps.differences(states) - known
        residual = residual.ravel() + jacobian @ (target - states).ravel()
        which = np.flatnonzero(active)
        design = self._design(states, weights, features, which)
        factor = self._factor(jacobian, variance)
        solved = cho_solve_banded(
            factor, np.column_stack([design, residual]), check_finite=False
        )
        information, right = design.T @ solved[:, :-1], design.T @ solved[:, -1]
        precision = information + np.eye(len(right))
        found = np.linalg.solve(precision, right)
        multiplier = solved[:, -1] - solved[:, :-1] @ found
        change = variance * (jacobian.T @ multiplier)
        new = target - change.reshape(states.shape)
        n, weights = len(which), np.zeros(len(weights))
        weights[which] = found[:n]
        factors = np.exp(np.clip(found[n:], -MAX_CHANGE, MAX_CHANGE))
        constants = self.dynamics.constants * factors
        return JointFit(
            new,
            weights,
            active,
            _reduced(information, precision, n),
            float((residual - design @ found) @ multiplier + found @ found),
            float(np.abs((new - states) / self.noise).max()),
            constants,
            np.abs(constants) * np.sqrt(np.diag(np.linalg.inv(precision))[n:]),
        )

    def _design(self, states, weights, features, which):
        """Integrals of the rates by weights, and by the logarithms of constants."""
        found = self.dynamics.of_fields(self.steps.integrate(features), which)
        by_constants = self.dynamics.by_constants(states, weights)
        found = np.dstack([found, self.steps.integrate(by_constants)])
        return found.reshape(found.shape[0] * found.shape[1], -1)

    def _jacobian(self, states, weights):
        """Return the derivative of the steps' residuals by the states, sparse."""
        n_columns = states.shape[1]
        rows, width = self.steps.rows, self.steps.rows.shape[1]
        slopes = self.dynamics.slopes(states, weights)
        blocks = -self.steps.weights[:, :, None, None] * slopes[rows]
        diagonal = np.arange(n_columns)
        blocks[:, :, diagonal, diagonal] += self.steps.rises[:, :, None]
        places = rows[:, :, None] * n_columns + diagonal
        places = np.repeat(places.reshape(len(rows), 1, -1), n_columns, axis=1)
        size = len(rows) * n_columns
        starts = np.arange(size + 1) * width * n_columns
        content = blocks.swapaxes(1, 2).ravel(), places.ravel(), starts
        return sparse.csr_array(content, shape=(size, states.size))

    def _factor(self, jacobian, variance):
        """Cholesky factor of the covariance of the residuals, banded."""
        width, n_columns = self.steps.rows.shape[1], len(self.noise)
        # Stencils at the ends are shifted inwards, and meet others farther off.
        n_bands = (width + width // 2) * n_columns
        covariance = ((jacobian * variance) @ jacobian.T).tocoo()
        size = covariance.shape[0]
        band = np.zeros((min(n_bands, size), size))
        rows, columns = covariance.coords
        lower = (rows >= columns) & (rows - columns < n_bands)
        rows, columns = rows[lower], columns[lower]
        band[rows - columns, columns] = covariance.data[lower]
        shape = size // n_columns, n_columns
        band[0] += np.broadcast_to(self.defect**2, shape).ravel()
        return cholesky_banded(band, lower=True, check_finite=False), True

    def refine(self, states, weights, active, *, tolerance=TOLERANCE):
        """Take Gauss-Newton steps until the states stay, damped where they are wild.

        Parameters
        ----------
        states : ndarray of shape (n_rows, n_columns)
        weights : ndarray of shape (n_fields,)
        active : ndarray of bool, of shape (n_fields,)
        tolerance : float, default=0.05
            Least move of a state that counts, in units of the noise.

        Returns
        -------
        JointFit

        Raises
        ------
        numpy.linalg.LinAlgError
            If the states run away.
        """
        damping, weights, fit = 0.0, np.where(active, weights, 0.0), None
        problem = self
        for _ in range(MAX_ITER):
            with np.errstate(all="ignore"):
                found = problem.update(states, weights, active, damping)
            if not found.move < REFUSED:  # or not a number
                damping = max(10 * damping, 1.0)
                continue
            fit = found
            states, weights = fit.states, fit.weights
            problem = problem.with_constants(fit.constants)
            if fit.move < tolerance and damping == 0:
                break
            calm = fit.move < TRUST or damping < TOLERANCE
            damping = 0.0 if calm else damping / 5
        if fit is None:
            raise np.linalg.LinAlgError("the states run away")
        return fit

    def with_constants(self, constants):
        """Return the problem with other constants inside the candidates."""
        return replace(self, dynamics=self.dynamics.with_constants(constants))

    def with_errors(self, *, noise=None, defect=None):
        """Return the problem with other errors."""
        noise = self.noise if noise is None else noise
        defect = self.defect if defect is None else defect
        return replace(self, noise=noise, defect=defect)


def _reduced(information, precision, n):
    """Return what is known of the first n parameters, whatever the others are."""
    cross = precision[:n, n:]
    rest = np.linalg.solve(precision[n:, n:], cross.T)
    return information[:n, :n] - cross @ rest
