"""Tests of the data sets of ordinary differential equations and their embedding."""

import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp
from scipy.special import ellipk, eval_legendre
from sklearn.utils import Bunch

from symdisc import LieAlgebra
from symdisc.datasets import (
    make_embedded,
    make_lorenz,
    make_lotka_volterra,
    make_pendulum,
)
from symdisc.datasets._ode import latent_equations, simulate

ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])


def population(**params):
    return make_lotka_volterra(coordinates="population", **params)


def movie(**params):
    return make_pendulum(as_movie=True, n_grid=15, **params)


def embedded(noise=0.0, random_state=None, **params):
    return make_embedded(
        make_pendulum(random_state=random_state, **params),
        12,
        noise=noise,
        random_state=random_state,
    )


def lorenz_rates(z):
    x, y, w = 40 * z
    return np.array([10 * (y - x), x * (28 - w) - y, x * y - 8 / 3 * w]) / 40


def pendulum_rates(z):
    return np.array([z[1], -np.sin(z[0])])


def canonical_rates(z):
    return np.array([2 / 3 - 4 / 3 * np.exp(z[1]), np.exp(z[0]) - 1])


def population_rates(z):
    x, y = z
    return np.array([2 / 3 * x - 4 / 3 * x * y, x * y - y])


RATES = [
    (make_lorenz, lorenz_rates),
    (make_pendulum, pendulum_rates),
    (make_lotka_volterra, canonical_rates),
    (population, population_rates),
]
MAKERS = [*(make for make, _ in RATES), movie, embedded]


def small(make, **params):
    return make(**{"n_trajectories": 3, "n_steps": 9, "random_state": 0, **params})


def central_errors(values, rates, dt):
    """Return errors of central differences of width 4, 2 and 1 steps, at row 4."""
    paths, slopes = values.reshape(3, 9, -1), rates.reshape(3, 9, -1)
    return [
        np.abs((paths[:, 4 + h] - paths[:, 4 - h]) / (2 * h * dt) - slopes[:, 4]).max()
        for h in (4, 2, 1)
    ]


@pytest.mark.parametrize("make", MAKERS)
def test_rows_are_trajectory_after_trajectory(make):
    data = small(make, dt=0.1)
    assert data.X.shape == data.X_dot.shape
    assert data.Z.shape == data.Z_dot.shape
    assert len(data.X) == len(data.Z) == 27
    assert_allclose(data.t.reshape(3, 9), [0.1 * np.arange(9)] * 3)
    assert_array_equal(data.groups.reshape(3, 9), np.arange(3)[:, None] * np.ones(9))
    assert data.symmetry is None
    assert data.DESCR.endswith("\n")


@pytest.mark.parametrize("make", MAKERS)
def test_derivative_agrees_with_central_differences_to_second_order(make):
    data = small(make, dt=1e-3)
    for values, rates in [(data.X, data.X_dot), (data.Z, data.Z_dot)]:
        errors = central_errors(values, rates, 1e-3)
        assert errors[-1] < 1e-3 * np.abs(rates).max()
        assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.05)


def test_second_derivatives_of_the_movie_agree_with_central_differences():
    data = small(movie, dt=1e-3)
    for values, rates in [(data.X_dot, data.X_ddot), (data.Z_dot, data.Z_ddot)]:
        errors = central_errors(values, rates, 1e-3)
        assert errors[-1] < 1e-3 * np.abs(rates).max()
        assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.05)


@pytest.mark.parametrize(("make", "rates"), RATES)
def test_equations_are_the_textbook_ones(make, rates):
    data = small(make)
    assert_allclose(data.Z_dot, rates(data.Z.T).T, rtol=1e-10, atol=1e-12)
    assert_allclose(data.equations(data.Z), data.Z_dot, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("make", "rates"), RATES)
def test_trajectories_agree_with_another_integrator(make, rates):
    data = make(n_trajectories=2, n_steps=101, dt=0.02, random_state=1)
    for path in np.split(data.Z, 2):
        reference = solve_ivp(
            lambda _, z: rates(z),
            (0, data.t[-1]),
            path[0],
            method="LSODA",
            t_eval=data.t[:101],
            rtol=1e-11,
            atol=1e-12,
        )
        error = np.abs(path - reference.y.T).max()
        assert error < 1e-7 * np.abs(path).max()


@pytest.mark.parametrize("make", [make_pendulum, make_lotka_volterra, population])
def test_energy_is_kept(make):
    data = make(n_trajectories=20, n_steps=200, dt=0.1, random_state=0)
    energy = data.energy(data.Z).reshape(20, 200)
    assert np.ptp(energy, axis=1).max() < 1e-8
    assert np.ptp(energy[:, 0]) > 0.3  # it tells trajectories apart


def test_energy_of_a_movie_takes_angle_and_velocity():
    film, states = small(movie), small(make_pendulum)
    assert_allclose(film.energy(film.Z, film.Z_dot), states.energy(states.Z))


@pytest.mark.parametrize("seed", range(3))
def test_pendulum_returns_after_the_period_of_the_elliptic_integral(seed):
    start = make_pendulum(1, 2, random_state=seed)
    period = 4 * ellipk((start.energy(start.Z[:1])[0] + 1) / 2)
    data = make_pendulum(1, 11, dt=period / 10, random_state=seed)
    assert_allclose(data.Z[-1], data.Z[0], atol=1e-9)
    assert_allclose(data.Z[5], -data.Z[0], atol=1e-9)


def test_pendulum_starts_in_the_published_range():
    data = make_pendulum(500, 2, random_state=0)
    start = data.Z[data.t == 0]
    assert np.abs(data.energy(start)).max() <= 0.99
    assert (np.abs(start) <= [np.pi, 2.1]).all()
    assert (np.abs(start).max(axis=0) > [2.5, 1.8]).all()


def test_default_numbers_of_trajectories():
    assert make_pendulum(n_steps=2).groups[-1] == 99
    assert make_pendulum(n_steps=2, as_movie=True, n_grid=2).groups[-1] == 19


def test_image_shows_the_bob_where_it_is():
    data = make_pendulum(5, 4, dt=0.5, as_movie=True, n_grid=41, random_state=0)
    y1, y2 = np.meshgrid(data.grid, data.grid[::-1])
    angle = data.Z[:, 0]
    assert_allclose(data.X.max(axis=1), 1, atol=0.05)
    weights = data.X / data.X.sum(axis=1, keepdims=True)
    assert_allclose(weights @ y1.ravel(), np.sin(angle), atol=0.01)
    assert_allclose(weights @ y2.ravel(), -np.cos(angle), atol=0.01)
    i, j = 10, 25
    distance = (y1[i, j] - np.sin(angle)) ** 2 + (y2[i, j] + np.cos(angle)) ** 2
    assert_allclose(data.X[:, 41 * i + j], np.exp(-20 * distance), atol=1e-12)


def test_movie_has_equations_of_second_order():
    data = small(movie)
    states = np.hstack([data.Z, data.Z_dot])
    assert_allclose(data.equations(states), data.Z_ddot, rtol=1e-10)
    z0, z0_dot = sympy.symbols("z0 z0_dot")
    assert data.rhs == (z0_dot, -sympy.sin(z0))


def test_lotka_volterra_is_one_system_in_two_coordinates():
    canonical, populations = small(make_lotka_volterra), small(population)
    assert_allclose(np.exp(canonical.Z), populations.Z, rtol=1e-9)
    energies = canonical.energy(canonical.Z)
    assert_allclose(energies, populations.energy(populations.Z), rtol=1e-9)
    assert ((energies >= 3) & (energies <= 4.5)).all()


def test_canonical_equations_are_hamiltons():
    data = small(make_lotka_volterra)
    eps = 1e-5
    dH_dq, dH_dp = (
        (data.energy(data.Z + step) - data.energy(data.Z - step)) / (2 * eps)
        for step in eps * np.eye(2)
    )
    assert_allclose(data.Z_dot, np.stack([-dH_dp, dH_dq], axis=1), atol=1e-8)


def test_lorenz_has_its_fixed_points():
    equations = make_lorenz(1, 2, sigma=7.0, rho=20.0, beta=2.0).equations
    r = np.sqrt(2.0 * 19.0)
    points = np.array([[0, 0, 0], [r, r, 19.0], [-r, -r, 19.0]]) / 40
    assert_allclose(equations(points), 0, atol=1e-13)
    assert equations.n_terms == 7


def test_lorenz_is_lifted_by_six_legendre_polynomials():
    data = small(make_lorenz, n_features=51)
    assert np.linalg.matrix_rank(data.X) == 6
    assert_allclose(data.grid, np.linspace(-1, 1, 51))
    modes = eval_legendre(np.arange(6)[:, None], data.grid)
    assert_allclose(data.X, data.Z @ modes[:3] + data.Z**3 @ modes[3:], atol=1e-12)


@pytest.mark.parametrize(("inner", "outer"), [(0.0, 1.0), (0.0, 0.1), (1.0, 1.5)])
def test_lorenz_starts_in_the_box_asked_for(inner, outer):
    data = make_lorenz(
        300, 2, 1e-3, initial_scale=outer, excluded_scale=inner, random_state=0
    )
    start = 40 * data.Z[data.t == 0]
    sizes = np.abs((start - [0, 0, 25]) / [36, 48, 41]).max(axis=1)
    assert inner <= sizes.min()
    assert 0.95 * outer < sizes.max() <= outer


@pytest.mark.parametrize("make", MAKERS[:5])
def test_more_trajectories_begin_with_the_same(make):
    few, many = small(make), small(make, n_trajectories=8)
    assert_allclose(many.X[: len(few.X)], few.X, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("make", MAKERS)
def test_noise_is_seeded_and_relative_to_the_spread_of_columns(make):
    params = {"n_trajectories": 20, "n_steps": 100, "dt": 0.05}
    clean = make(**params, random_state=0)
    noisy = make(**params, random_state=0, noise=0.1)
    again = make(**params, random_state=0, noise=0.1)
    other = make(**params, random_state=1, noise=0.1)
    added = (noisy.X - clean.X).std(axis=0)
    assert_allclose(added, 0.1 * clean.X.std(axis=0), rtol=0.1)
    assert_array_equal(noisy.X, again.X)
    assert not np.array_equal(noisy.X, other.X)
    for name in ("X_dot", "Z", "Z_dot"):
        assert_array_equal(noisy[name], clean[name])


@pytest.mark.parametrize("make", MAKERS)
def test_global_generator_is_untouched(make):
    before = np.random.get_state()  # noqa: NPY002
    small(make, noise=0.1)
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize("make", MAKERS)
def test_data_survive_pickling(make):
    data = small(make)
    copy = pickle.loads(pickle.dumps(data))
    assert_array_equal(copy.X, data.X)
    assert str(copy.equations) == str(data.equations)
    assert copy.energy is data.energy


def lift(Z, Z_dot, n_features=20, **params):
    return make_embedded({"Z": Z, "Z_dot": Z_dot}, n_features, **params)


@given(
    seed=st.integers(0, 1000),
    k=st.integers(1, 4),
    extra=st.integers(1, 20),
    strength=st.floats(0, 10),
)
@settings(max_examples=30, deadline=None)
def test_embedding_is_injective(seed, k, extra, strength):
    Z = np.random.default_rng(seed).normal(size=(10, k))
    params = {"strength": strength, "random_state": seed}
    data = lift(Z, Z, k + extra, **params)
    # Rates along the axes give the columns of the Jacobian.
    axes = [np.ones_like(Z) * axis for axis in np.eye(k)]
    jacobians = np.stack([data.lift(Z, axis)[1] for axis in axes], axis=2)
    smallest = np.linalg.svd(jacobians, compute_uv=False).min()
    assert smallest * data.lift.scale > 1 - 1e-9
    states = data.lift.center + data.lift.scale * data.X @ data.A
    assert_allclose(states, Z, atol=1e-8)


def test_embedding_keeps_what_is_known():
    z0, z1 = sympy.symbols("z:2")
    equations = latent_equations(-z1, z0)
    latent = simulate(equations, np.array([[1.0, 0.0], [0.0, 2.0]]), dt=0.1, n_steps=9)
    system = Bunch(**latent, equations=equations, symmetry=LieAlgebra(ROTATION))
    data = make_embedded(system, random_state=0)
    for name in ("Z", "Z_dot", "t", "groups"):
        assert_array_equal(data[name], latent[name])
    assert data.energy is None
    assert data.equations is equations
    assert data.symmetry.name == "so(2)"
    turned = data.Z @ data.symmetry.group_element(0.7).T
    expected = data.Z_dot @ data.symmetry.group_element(0.7).T
    assert_allclose(data.equations(turned), expected, atol=1e-12)
    assert_allclose(data.Z[:9], np.stack([np.cos(data.t[:9]), np.sin(data.t[:9])]).T)


@given(numbers=st.lists(st.floats(-5, 5), min_size=4, max_size=4))
@settings(max_examples=20, deadline=None)
def test_latent_equations_keep_all_digits(numbers):
    a, b, c, d = numbers
    z0, z1 = sympy.symbols("z:2")
    system = latent_equations(
        a * (z1 - z0) + b + sympy.exp(z0), c * z0 * z1 + d * z1**2 - sympy.sin(z0)
    )
    x, y = np.random.default_rng(0).normal(size=(2, 5))
    expected = [a * (y - x) + b + np.exp(x), c * x * y + d * y**2 - np.sin(x)]
    assert_allclose(system(np.stack([x, y]).T).T, expected, rtol=1e-12, atol=1e-12)


def test_trajectory_that_runs_away_is_an_error():
    explosion = latent_equations(sympy.Symbol("z0") ** 2)  # infinite at t = 1
    with pytest.raises(ValueError, match=r"stopped before t=1\.5.*n_steps=4.*dt=0\.5"):
        simulate(explosion, np.array([[1.0]]), dt=0.5, n_steps=4)


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (make_lorenz, "n_trajectories", 0),
        (make_lorenz, "n_features", 5),
        (make_lorenz, "sigma", 0.0),
        (make_lorenz, "initial_scale", 0.0),
        (make_pendulum, "n_steps", 1),
        (make_pendulum, "n_grid", 1),
        (make_pendulum, "as_movie", "yes"),
        (make_lotka_volterra, "dt", 0.0),
        (make_lotka_volterra, "coordinates", "polar"),
        (make_lotka_volterra, "random_state", "seed"),
        (embedded, "noise", -1.0),
    ],
)
def test_bad_parameter_is_named(make, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        small(make, **{name: value})


def test_excluded_box_must_be_the_smaller_one():
    with pytest.raises(ValueError, match=r"excluded_scale=1\.5 leaves no room"):
        make_lorenz(2, 2, excluded_scale=1.5)


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ({"Z_dot": np.ones((3, 2))}, r"keys \['Z_dot'\] but not 'Z'"),
        ({"Z": np.ones(3), "Z_dot": np.ones(3)}, r"Z of shape \(3,\)"),
        ({"Z": np.ones((3, 2)), "Z_dot": np.ones((3, 1))}, r"shape \(3, 1\)"),
        ({"Z": np.full((3, 2), np.nan), "Z_dot": np.ones((3, 2))}, "NaN or infinity"),
        ({"Z": np.ones((3, 20)), "Z_dot": np.ones((3, 20))}, "at least 21 features"),
    ],
)
def test_bad_system_is_explained(system, message):
    with pytest.raises(ValueError, match=message):
        make_embedded(system, 20)
