"""Parts of the joint fit: quadrature, marginal likelihood, Gauss-Newton, whiteness."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc import CandidateLibrary
from symdisc._errors_in_variables.dynamics import Dynamics
from symdisc._errors_in_variables.joint_fit import Problem
from symdisc._errors_in_variables.marginal_likelihood import (
    Linearised,
    changed,
    term_costs,
)
from symdisc._errors_in_variables.quadrature import steps_along
from symdisc._errors_in_variables.refinement import whiteness

seeds = st.integers(0, 2**32 - 1)


def linear_problem(rng, n_terms=7, n_rows=60):
    """Return a linear model of few terms, and which may stand for each other."""
    design = rng.standard_normal((n_rows, n_terms))
    weights = np.where(rng.random(n_terms) < 0.4, 3.0, 0.0)
    target = design @ weights + rng.standard_normal(n_rows)
    precision = design.T @ design + np.eye(n_terms)
    tied = rng.random((n_terms, n_terms)) < 0.7
    costs = rng.uniform(2, 8, n_terms)
    return Linearised(precision, design.T @ target, costs), tied | tied.T


@given(seed=seeds, n_rows=st.integers(2, 30))
@settings(max_examples=40, deadline=None)
def test_steps_are_exact_for_polynomials_at_any_times(seed, n_rows):
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.05, 0.2, n_rows + 5))
    parts = [np.arange(n_rows), np.arange(n_rows, n_rows + 5), np.arange(1)]
    steps = steps_along(times, parts)
    assert len(steps.rows) == n_rows - 1 + 4
    degree = min(n_rows, 5) - 1
    powers = np.arange(degree + 1)
    rates = (powers + 1) * times[:, None] ** powers
    rises = steps.differences(times[:, None] ** (powers + 1))
    assert_allclose(steps.integrate(rates), rises, atol=1e-9 * rises.max())


def test_no_stretch_has_a_step():
    steps = steps_along(np.arange(3.0), [np.array([0]), np.array([2])])
    assert steps.integrate(np.ones((3, 2))).shape == (0, 2)


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_changes_are_differences_of_odds(seed):
    rng = np.random.default_rng(seed)
    linear, tied = linear_problem(rng)
    keep = tuple(np.flatnonzero(rng.random(len(tied)) < 0.5))
    changes, outside = linear.changes(keep, tied)
    for place in np.argwhere(np.isfinite(changes)):
        other = changed(keep, outside, *place)
        expected = linear.odds(other) - linear.odds(keep)
        assert_allclose(changes[tuple(place)], expected, atol=1e-7)
    swaps = changes[:-1, :-1]
    assert np.array_equal(np.isfinite(swaps), tied[np.ix_(outside, list(keep))])


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_paths_have_every_size_and_climbing_finds_the_best(seed):
    linear, _ = linear_problem(np.random.default_rng(seed))
    n = len(linear.right)
    assert [len(s) for s in linear.down()] == list(range(n, -1, -1))
    assert [len(s) for s in linear.up()] == list(range(n + 1))
    every = [k for size in range(n + 1) for k in combinations(range(n), size)]
    starts = [min(path, key=linear.odds) for path in (linear.down(), linear.up())]
    anything = np.ones((n, n), dtype=bool)
    found = min(linear.odds(linear.climb(k, anything)) for k in starts)
    assert_allclose(found, min(map(linear.odds, every)), atol=1e-7)


def test_equal_terms_are_not_both_taken():
    x = np.random.default_rng(0).standard_normal((50, 2))
    design = np.column_stack([x, x[:, 0]])
    precision = design.T @ design + 1e-9 * np.eye(3)
    linear = Linearised(precision, design.T @ x[:, 0] * 5, np.ones(3))
    assert linear.up()[-1] in ((0, 1), (1, 2))
    assert linear.climb((), np.ones((3, 3), dtype=bool)) in ((0,), (2,))


def test_costs_count_bits_and_rows():
    tied = np.kron(np.eye(2), np.ones((3, 3))) > 0
    costs = term_costs(tied, np.array([0, 1, 1, 0, 1, 1]), 100)
    bits = np.array([2, 4, 4])
    assert_allclose(costs, np.tile(np.log(100) + 2 * np.log(2) * bits, 2))


def oscillator(noise, seed=0, n_rows=300):
    """Return the problem of dx/dt = y, dy/dt = -x, both candidates in both."""
    times = 0.05 * np.arange(n_rows)
    clean = np.column_stack([np.cos(times), -np.sin(times)])
    rng = np.random.default_rng(seed)
    rows = clean + noise * rng.standard_normal(clean.shape)
    library = CandidateLibrary.polynomial(2, 1, include_constant=False)
    fields = np.eye(4).reshape(4, 2, 2)
    dynamics = Dynamics(library, fields, np.zeros((2, 2)))
    steps = steps_along(times, [np.arange(n_rows)])
    errors = np.full(2, noise)
    return Problem(rows, steps, dynamics, errors, 1e-3 * errors), clean


def test_states_and_coefficients_are_found_together():
    problem, clean = oscillator(0.1)
    active = np.array([False, True, True, False])
    fit = problem.refine(problem.rows, np.zeros(4), active, tolerance=1e-6)
    assert_allclose(fit.weights, [0, 1, -1, 0], atol=0.03)
    frequency = np.sqrt(-np.prod(fit.weights[active]))
    assert_allclose(frequency, 1.0, atol=0.002)
    # Two starting values are left of 600 numbers.
    assert np.abs(fit.states - clean).max() < 0.03
    steps = problem.steps
    rates = problem.dynamics.rates(fit.states, fit.weights)
    gap = steps.differences(fit.states) - steps.integrate(rates)
    assert np.abs(gap).max() < 1e-3
    # The cost is a sum of squares in units of the noise.
    assert 450 < fit.cost < 750


def test_errors_of_weights_are_those_of_repetitions():
    active, found, said = np.array([False, True, True, False]), [], []
    for seed in range(60):
        problem, _ = oscillator(0.1, seed, n_rows=150)
        fit = problem.refine(problem.rows, np.zeros(4), active)
        found.append(fit.weights[active])
        said.append(np.sqrt(np.diag(np.linalg.inv(fit.precision))))
    ratio = np.std(found, axis=0) / np.mean(said, axis=0)
    assert np.all((ratio > 0.75) & (ratio < 1.3))


def test_slopes_of_functions_with_kinks_and_of_second_order():
    library = CandidateLibrary.polynomial(2, 1)
    fields = np.array([[[0.0, -4.0, -0.5]]])
    dynamics = Dynamics(library, fields, np.zeros((1, 3)))
    state = np.array([[1.0, 2.0], [3.0, -1.0]])
    assert_allclose(dynamics.rates(state, [1.0]), [[2.0, -5.0], [-1.0, -11.5]])
    expected = np.tile([[0.0, 1.0], [-4.0, -0.5]], (2, 1, 1))
    assert_allclose(dynamics.slopes(state, [1.0]), expected, atol=1e-9)


def test_states_that_run_away_are_an_error():
    problem, _ = oscillator(0.1)
    weights = np.array([np.nan, 0, 0, 0])
    with pytest.raises(np.linalg.LinAlgError, match="run away"):
        problem.refine(problem.rows, weights, np.ones(4, dtype=bool))


def test_whiteness_has_its_level():
    rng = np.random.default_rng(0)
    parts = [np.arange(100), np.arange(100, 300)]
    found = whiteness(rng.standard_normal((300, 400)), parts)
    assert 0.02 < np.mean(found < 0.05) < 0.09
    slow = np.cumsum(rng.standard_normal((300, 50)), axis=0)
    assert whiteness(slow, parts).max() < 1e-6
