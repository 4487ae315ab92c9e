"""Descents change variables in place, and end where little changes."""

import numpy as np
import pytest
import torch
from scipy.optimize import rosen, rosen_der

from symdisc._numerics.lbfgs import descend, lowest, lowest_of_curved


@pytest.fixture
def variables():
    start = torch.tensor([[3.0, -2.0], [1.0, 4.0]], dtype=torch.float64)
    return [start.requires_grad_(), torch.ones(3, dtype=torch.float64)]


def test_the_bottom_of_a_quadratic_is_reached(variables):
    matrix, vector = variables
    vector.requires_grad_()
    scales = torch.tensor([1.0, 1e4], dtype=torch.float64)
    with torch.no_grad():  # whatever the caller has set
        descend(lambda: (scales * (matrix - 1).square()).sum(), variables, 100)
    assert torch.allclose(matrix, torch.ones_like(matrix), atol=1e-6)
    # What the loss does not depend on stays.
    assert (vector == 1).all()


def test_a_loss_that_hardly_falls_ends_the_descent(variables):
    start, calls = variables[0].detach(), []

    def loss(x):
        calls.append(x)
        return x.pow(12).sum()

    for little in (0.0, 1e6):
        matrix = start.clone().requires_grad_()
        descend(lambda x=matrix: loss(x), [matrix], 1000, little=little)
        calls.append(None)
    whole = calls.index(None)
    # Twenty steps are compared; each takes about one evaluation.
    assert 20 < len(calls) - whole - 2 < 30 < whole


def test_the_best_point_is_kept_where_the_loss_is_not_finite(variables):
    matrix = variables[0]
    values = []

    def loss():
        value = matrix.square().sum().sqrt()
        values.append(float(value.detach()))
        return value if values[-1] > 1 else value * torch.nan

    descend(loss, [matrix], 50)
    assert matrix.isfinite().all()
    reached = float(matrix.detach().square().sum().sqrt())
    assert 1 < reached <= min(v for v in values if v > 1)


def test_a_guess_of_second_derivatives_leads_along_a_flat_valley():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((80, 40)) * np.geomspace(1, 0.01, 40)
    table = table @ np.linalg.qr(rng.standard_normal((40, 40)))[0]

    def bent(x):
        left = table @ (x + 0.1 * x**2 - 1)
        slopes = 2 * (1 + 0.2 * x) * (table.T @ left)
        return np.log(left @ left + 1e-12), slopes / (left @ left + 1e-12)

    def guess(x):
        jacobian, left = table * (1 + 0.2 * x), table @ (x + 0.1 * x**2 - 1)
        return 2 * jacobian.T @ jacobian / (left @ left + 1e-12)

    start = np.zeros(40)
    assert bent(lowest(bent, start, 100))[0] > -5
    assert bent(lowest_of_curved(bent, guess, start, 100))[0] < -26


@pytest.mark.parametrize("size", [0.0, np.nan])
def test_a_descent_ends_where_second_derivatives_say_nothing(size):
    def everywhere(x):
        return float(x @ x), 2 * x

    start = np.ones(3)
    found = lowest_of_curved(everywhere, lambda _: np.full((3, 3), size), start, 40)
    assert (found == start).all()


def test_a_descent_ends_where_nothing_that_counts_is_left():
    rng, calls = np.random.default_rng(0), []
    matrix = rng.standard_normal((30, 30))
    matrix = matrix @ matrix.T

    def bowl(x):
        calls.append(x)
        return (x - 1) @ matrix @ (x - 1) / 2, matrix @ (x - 1)

    known = lambda _: matrix * rng.uniform(0.5, 2), np.zeros(30), 200
    found = lowest_of_curved(bowl, *known, little=1e-3)
    assert bowl(found)[0] < 1e-4
    # A step or two are enough; twenty had been taken to see that nothing changes.
    assert len(calls) < 20


def test_a_descent_too_slow_to_reach_what_is_needed_ends():
    calls = []

    def valley(x):
        calls.append(x)
        return rosen(x), rosen_der(x)

    known = valley, lambda x: np.eye(20), np.full(20, -1.0), 200
    counts, left = [], []
    for needed in (0.0, rosen(np.full(20, -1.0)) - 1e-6, 1e6):
        calls.clear()
        left.append(rosen(lowest_of_curved(*known, needed=needed)))
        counts.append(len(calls))
    assert counts[2] < 30 < counts[1] <= counts[0]
    assert left[1] < 1e-6
