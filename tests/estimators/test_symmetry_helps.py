"""A known symmetry needs fewer samples and bears more noise, measured on the truth."""

from functools import cache

import numpy as np
import pytest
import sympy
from conftest import first_of, no_doubts
from numpy.testing import assert_allclose

from symdisc import LatentSINDy
from symdisc._sindy.model_selection import fit_equations
from symdisc.datasets._ode import latent_equations, simulate

pytestmark = no_doubts

x, y, z = sympy.symbols("z:3")
disc, sphere = 1 - x**2 - y**2, 1 - x**2 - y**2 - z**2
SYSTEMS = {
    "so(2)": latent_equations(disc * x - 2 * y, disc * y + 2 * x),
    "so(3)": latent_equations(sphere * x, sphere * y, sphere * z),
}


def draw_starts(rng, n, dim):
    directions = rng.standard_normal((n, dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions * rng.uniform(0.3, 1.5, (n, 1))


def truth_of(est, equations):
    truth = np.zeros_like(est.coefficients_)
    columns = [est.library_.names.index(name) for name in equations.library.names]
    truth[:, columns] = equations.coefficients
    return truth


def errors(name, **options):
    return np.array([error(name, seed, **options) for seed in range(8)])


@cache
def error(name, seed, *, n=8, noise=0.05, **options):
    """Relative error of the coefficients found in n short trajectories."""
    rng, equations = np.random.default_rng(seed), SYSTEMS[name]
    starts = draw_starts(rng, n, len(equations))
    data = simulate(equations, starts, dt=0.05, n_steps=25)
    X = data["Z"] + noise * data["Z"].std() * rng.standard_normal(data["Z"].shape)
    est = LatentSINDy(
        degree=3,
        autoencoder="none",
        threshold="auto",
        differentiation="spline",
        **options,
    ).fit(X, t=data["t"], groups=data["groups"])
    truth = truth_of(est, equations)
    return np.linalg.norm(est.coefficients_ - truth) / np.linalg.norm(truth)


@pytest.mark.parametrize("weight", first_of([np.inf, 10.0]))
@pytest.mark.parametrize(("name", "factor"), first_of([("so(2)", 2), ("so(3)", 10)]))
def test_error_of_few_samples(name, factor, weight):
    options = {"symmetry": name, "equivariance_weight": weight}
    free, symmetric = errors(name), errors(name, **options)
    assert factor * symmetric.mean() < free.mean()
    if name == "so(3)":
        assert (symmetric < free).all()


@pytest.mark.slow
def test_half_of_the_samples_is_enough():
    fewer = errors("so(3)", symmetry="so(3)")
    assert 1.5 * fewer.mean() < errors("so(3)", n=16).mean()


@pytest.mark.slow
def test_twice_the_noise_is_bearable():
    louder = errors("so(3)", n=16, noise=0.1, symmetry="so(3)")
    assert 1.5 * louder.mean() < errors("so(3)", n=16).mean()


@pytest.mark.parametrize(
    ("name", "symmetry", "n_free"),
    [
        ("so(2)", None, 20),
        pytest.param("so(2)", "so(2)", 4, marks=pytest.mark.slow),
        pytest.param("so(3)", None, 60, marks=pytest.mark.slow),
        ("so(3)", "so(3)", 2),
    ],
)
def test_squared_error_counts_free_coefficients(name, symmetry, n_free):
    """Least squares in white noise: chi-squared with as many degrees of freedom."""
    equations, total, n_seeds = SYSTEMS[name], 0.0, 25
    for seed in range(n_seeds):
        rng = np.random.default_rng(seed)
        X = draw_starts(rng, 100, len(equations))
        exact = equations(X)
        noise = 0.1 * rng.standard_normal(X.shape)
        est = LatentSINDy(
            degree=3, autoencoder="none", threshold=0.0, symmetry=symmetry
        ).fit(X, exact + noise)
        assert est.n_free_ == n_free
        total += np.sum((est.equations_(X) - exact) ** 2) / 0.1**2
    freedom = n_free * n_seeds
    assert abs(total - freedom) < 4 * np.sqrt(2 * freedom)


def test_equations_that_no_matrix_connects_are_chosen_apart():
    """A noisy equation must not hide the weak terms of another."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((400, 3))
    targets = features @ np.array([[1.0, 0.1, 0.0], [0.0, 0.0, 1.0]]).T
    targets += np.array([0.02, 1.0]) * rng.standard_normal(targets.shape)
    basis = np.zeros((4, 2, 3))
    basis[[0, 1, 2, 3], [0, 0, 1, 1], [0, 1, 0, 2]] = 1.0
    found = fit_equations(features, targets, basis=basis).coefficients
    assert_allclose(found[0], [1, 0.1, 0], atol=0.01)
    for row in range(2):
        alone = fit_equations(
            features, targets[:, [row]], basis=basis[2 * row : 2 * row + 2, [row]]
        )
        assert_allclose(found[[row]], alone.coefficients, rtol=1e-12)
