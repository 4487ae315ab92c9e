"""Equations refined together with the states that noisy rows are observations of."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2

from symdisc._data.derivatives import smooth_derivatives
from symdisc._data.stretches import noise_of, stretches
from symdisc._equations.library import degree_of
from symdisc._errors_in_variables.dynamics import Dynamics
from symdisc._errors_in_variables.joint_fit import Problem
from symdisc._errors_in_variables.marginal_likelihood import term_costs
from symdisc._errors_in_variables.quadrature import (
    WIDTH,
    integration_errors,
    steps_along,
)
from symdisc._errors_in_variables.search import CONVERGED, N_CYCLES, Search

# The least noise over these orders of differences: low ones see motion, too.
ORDERS = range(3, 9)
# Rows of the stencils that others are judged by.
WIDER = WIDTH + 2
# Standard deviation of a weight, in units of what makes its term as large as its rate:
# wide enough to change nothing but what the data do not determine at all.
PRIOR = 1000.0
# Columns are taken for exact to this part of their standard deviation.
EXACT = 1e-6
# Rows say nothing about a fit where an integral is off by more than this part of the
# noise.
RESOLVED = 0.3
# Distance in rows up to which residuals must not be correlated.
LAGS = 10
# Products in one step of a fit, beyond which terms are not searched: some seconds.
MAX_PRODUCTS = 50_000_000


@dataclass(frozen=True)
class Noisy:
    """Rows with noise on them.

    Parameters
    ----------
    points : ndarray of shape (n_samples, k)
    times : ndarray of shape (n_samples,)
    groups : array-like of shape (n_samples,) or None
    parts : list of ndarray of int
        Rows of each stretch.
    noise : ndarray of shape (k,)
        Standard deviation of white noise on each column.
    curve : list of ndarray of shape (n_samples, k)
        Points smoothed, and their derivatives up to the rates.
    errors : ndarray of shape (n_steps, k)
        What integrals of smooth rates over each step are off by.
    inputs : ndarray of shape (n_samples, n_inputs)
        Columns that are known and have no rates; the others are `points`.
    columns : tuple of int
        Where these are among all columns.
    """

    points: np.ndarray
    times: np.ndarray
    groups: object
    parts: list
    noise: np.ndarray
    curve: list
    errors: np.ndarray
    inputs: np.ndarray
    columns: tuple

    @classmethod
    def of(cls, points, times, groups, order, columns=()):
        """Look at rows, and smooth them."""
        inputs = points[:, list(columns)].astype(float)
        points = np.delete(points, list(columns), axis=1).astype(float)
        parts = stretches(times, groups, points)
        noise = [noise_of(points, times, parts, order=n) for n in ORDERS]
        options = {"method": "spline", "order": order}
        curve = smooth_derivatives(points, times, groups, **options)
        steps = [steps_along(times, parts, w) for w in (WIDTH, WIDER)]
        errors = integration_errors(*steps, curve[1])
        noise = np.min(noise, axis=0)
        known = inputs, tuple(columns)
        return cls(points, times, groups, parts, noise, list(curve), errors, *known)

    @property
    def own(self):
        """Numbers of the columns that have rates, among all."""
        total = self.points.shape[1] + len(self.columns)
        return np.setdiff1d(np.arange(total), self.columns)

    def whole(self, values):
        """Put values of the columns that have rates among zeros for the inputs.

        Parameters
        ----------
        values : ndarray of shape (..., k, n)

        Returns
        -------
        ndarray of shape (..., n_columns, n)
        """
        n_columns = values.shape[-2] + len(self.columns)
        found = np.zeros((*values.shape[:-2], n_columns, values.shape[-1]))
        found[..., self.own, :] = values
        return found

    @property
    def order(self):
        """Order of the equations."""
        return len(self.curve) - 1

    def products(self, n_fields):
        """Count the products in one step of a fit to so many fields."""
        size, band = self.state.size, (WIDTH + WIDTH // 2) * self.state.shape[1]
        return size * band * (band + 2 * n_fields)

    @property
    def state(self):
        """Points smoothed and, for the second order, their velocities."""
        return np.hstack(self.curve[:-1])


@dataclass(frozen=True)
class Refined:
    """Equations, and the states that obey them.

    Parameters
    ----------
    coefficients : ndarray of shape (k, n_terms)
    directions : ndarray of shape (n_directions, k, n_terms)
        Root of the covariance of the coefficients.
    states : ndarray of shape (n_samples, order * k)
    noise : ndarray of shape (k,)
        Standard deviation of what the rows differ from the states by.
    p_white : ndarray of shape (k,)
        Probability that white noise is as correlated as what the rows differ by.
    rivals : list of tuple of ndarray
        Coefficients of other terms that are nearly as likely, their standard errors,
        and constants.
    constants, constant_errors : ndarray of shape (n_constants,)
        Constants inside candidates.
    """

    coefficients: np.ndarray
    directions: np.ndarray
    states: np.ndarray
    noise: np.ndarray
    p_white: np.ndarray
    rivals: list
    constants: np.ndarray
    constant_errors: np.ndarray


def refine(rows, library, fields, offset, start, *, constants=(), search=True):
    """Fit states and coefficients together, and choose the terms.

    Parameters
    ----------
    rows : Noisy
    library : CandidateLibrary
    fields : ndarray of shape (n_fields, k, n_terms)
        Coefficients that are combined.
    offset : ndarray of shape (k, n_terms)
        Coefficients that are known.
    start : ndarray of shape (k, n_terms)
        Coefficients that may have the right terms.
    constants : sequence of float, default=()
        Values of the last variables of the library, to start from.
    search : bool, default=True
        Whether other terms are tried, unless that takes too long.

    Returns
    -------
    Refined or None
        None where no fit converges.
    """
    rates = np.sqrt(np.mean(rows.curve[-1] ** 2, axis=0))
    if not len(rows.parts) or not rates.all():
        return None
    fields, offset, start = fields[:, rows.own], offset[rows.own], start[rows.own]
    dynamics = _dynamics(rows, library, fields, offset, np.array(constants, float))
    fields, weights = _in_units_of_prior(rows, dynamics, rates, start - offset)
    if not search or rows.products(len(fields)) > MAX_PRODUCTS:
        # Of many candidates those of the start are left, to be dropped or kept.
        fields, weights = fields[weights != 0], weights[weights != 0]
    if not len(fields):
        return None
    found = _search(rows, replace(dynamics, fields=fields))
    try:
        with np.errstate(all="ignore"):
            fit = found.run(weights, n_cycles=N_CYCLES if search else 0)
            if fit is None or not fit.move <= 10 * CONVERGED:
                return None
            rivals = found.rivals() if search else []
    except np.linalg.LinAlgError:
        return None
    return _refined(rows, found, fit, rivals)


def _dynamics(rows, library, fields, offset, constants):
    """Return the dynamics of the columns that have rates."""
    n = (len(library.symbols) - len(constants)) // rows.order
    known = [np.zeros_like(rows.inputs)] * (rows.order - 1)
    inputs = [i + n * order for order in range(rows.order) for i in rows.columns]
    values = np.hstack([rows.inputs, *known])
    return Dynamics(library, fields, offset, tuple(inputs), values, constants)


def _in_units_of_prior(rows, dynamics, rates, start):
    """Scale fields to the prior, and find the weights of coefficients."""
    features, fields = dynamics.features(rows.state), dynamics.fields
    second = features.T @ features / len(features)
    squares = np.einsum("pkt,ts,pks->pk", fields, second, fields, optimize=True)
    sizes = np.sqrt(np.mean(squares / rates**2, axis=1))
    used = sizes > 0
    fields = PRIOR * fields[used] / sizes[used][:, None, None]
    flat = fields.reshape(len(fields), -1)
    # Of columns in unequal units some coefficients are small beside rounding of others.
    norms = np.linalg.norm(flat, axis=1)
    unit = flat / norms[:, None]
    weights = np.linalg.lstsq(unit.T, start.ravel(), rcond=None)[0] / norms
    small = np.abs(weights) < 1e-9 * np.abs(weights).max(initial=0.0)
    return fields, np.where(small, 0.0, weights)


def _search(rows, dynamics):
    """Set up the search for the terms."""
    order, k = rows.order, rows.points.shape[1]
    spread = [c.std(axis=0) for c in rows.curve[:-1]]
    noise = np.maximum(rows.noise, EXACT * spread[0])
    relative = noise / spread[0]
    state = rows.state
    observed = np.hstack([rows.points, *rows.curve[1:-1]])
    # Velocities are not observed: what they are smoothed to says next to nothing.
    errors = np.hstack([noise, *spread[1:]])
    tied = _tied(dynamics.fields)
    terms = np.array([degree_of(e) for e in dynamics.library.expressions])
    degrees = (np.any(dynamics.fields != 0, axis=1) * terms).max(axis=1)
    problem = Problem(
        observed, steps_along(rows.times, rows.parts), dynamics, errors, errors
    )
    return Search(
        problem,
        state,
        np.zeros(len(tied)),
        tied,
        term_costs(tied, degrees, len(state)),
        softness=np.hstack([relative * s for s in spread]),
        floor=np.hstack([rows.errors / spread[0] * s for s in spread]),
        wider=steps_along(rows.times, rows.parts, WIDER),
        least=np.hstack([EXACT * spread[0], *spread[1:]]),
        observed=np.repeat([True, False], [k, k * (order - 1)]),
    )


def _tied(fields):
    """Whether fields touch the same equation."""
    touched = np.any(fields != 0, axis=2)
    return (touched.astype(int) @ touched.T) > 0


def _refined(rows, found, fit, rivals):
    dynamics, k = found.problem.dynamics, rows.points.shape[1]
    return Refined(
        rows.whole(dynamics.coefficients(fit.weights)),
        _directions(rows, dynamics, fit),
        _with_inputs(rows, fit.states),
        rows.whole(found.problem.noise[:k, None])[:, 0],
        whiteness(rows.points - fit.states[:, :k], _resolved(rows, found)),
        [
            (
                rows.whole(dynamics.coefficients(rival.weights)),
                np.linalg.norm(_directions(rows, dynamics, rival), axis=0),
                rival.constants,
            )
            for rival in rivals
        ],
        fit.constants,
        fit.constant_errors,
    )


def _directions(rows, dynamics, fit):
    """Return a root of the covariance of the coefficients."""
    root = np.linalg.inv(np.linalg.cholesky(fit.precision))
    return rows.whole(np.tensordot(root, dynamics.fields[fit.active], axes=1))


def _resolved(rows, found):
    """Return the stretches of rows in which integrals are exact enough to judge by."""
    k, steps = rows.points.shape[1], found.problem.steps
    large = found.floor[:, :k] > RESOLVED * found.problem.noise[:k]
    lost = np.unique(steps.rows[large.any(axis=1)])
    parts = []
    for part in rows.parts:
        kept = ~np.isin(part, lost)
        ends = np.flatnonzero(np.diff(kept.astype(int))) + 1
        parts.extend(piece for piece in np.split(part, ends) if piece[0] not in lost)
    return parts


def _with_inputs(rows, states):
    """Return states with the inputs among them, and 0 for how fast these change."""
    found = []
    for part in np.split(states, rows.order, axis=1):
        whole = rows.whole(part.T).T
        if not found:
            whole[:, list(rows.columns)] = rows.inputs
        found.append(whole)
    return np.hstack(found)


def whiteness(residuals, parts):
    """Probability that white noise is as correlated as residuals.

    A portmanteau test of correlations of rows up to `LAGS` apart, which holds for noise
    whose variance changes from row to row.

    Parameters
    ----------
    residuals : ndarray of shape (n_samples, k)
    parts : list of ndarray of int
        Rows of each stretch.

    Returns
    -------
    ndarray of shape (k,)
        0 where rows are too few to tell.

    References
    ----------
    I. N. Lobato, J. C. Nankervis, N. E. Savin, "Testing for zero autocorrelation in the
    presence of statistical dependence", Econometric Theory 18 (2002), 730-743.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._errors_in_variables.refinement import whiteness
    >>> noise = np.random.default_rng(0).standard_normal((500, 1))
    >>> both = np.hstack([noise, np.cumsum(noise, axis=0)])
    >>> (whiteness(both, [np.arange(500)]) > 0.001).tolist()
    [True, False]
    """
    used = np.concatenate(parts) if parts else np.zeros(0, dtype=int)
    if len(used) <= LAGS:
        return np.zeros(residuals.shape[1])
    residuals = residuals - residuals[used].mean(axis=0)
    total = np.zeros(residuals.shape[1])
    for lag in range(1, LAGS + 1):
        pairs = [(part[:-lag], part[lag:]) for part in parts if len(part) > lag]
        if pairs:
            first, second = map(np.concatenate, zip(*pairs, strict=True))
            products = residuals[first] * residuals[second]
            # The variance of a product is its own, since noise may differ along rows.
            size = np.maximum(np.sum(products**2, axis=0), np.finfo(float).tiny)
            total += products.sum(axis=0) ** 2 / size
    return chi2.sf(total, LAGS)
