"""Tests of the data sets with known symmetry: it is there, and there is no other."""

import pickle
from math import comb

import numpy as np
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import expm, null_space
from scipy.spatial.distance import cdist, pdist

from symdisc import LieAlgebra
from symdisc.datasets import (
    make_double_bump,
    make_embedded,
    make_hyperbolic,
    make_minkowski,
    make_no_symmetry,
    make_rotating_object,
    make_scaling,
    make_sphere,
    make_spiral,
    make_torus,
    make_two_body,
)

PLANAR = [make_hyperbolic, make_scaling, make_spiral, make_no_symmetry]
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def lifted_torus(**params):
    return make_torus(n_features=20, **params)


def channels(**params):
    return make_double_bump(n_channels=2, **params)


def views(**params):
    return make_rotating_object(n_views=2, n_pixels=8, **params)


DYNAMIC = [*PLANAR, make_two_body]
STATIC = [make_sphere, make_torus, lifted_torus, make_double_bump, channels]
STATIC += [make_minkowski, views]


def small(make, n=6, **params):
    """Return n trajectories of 9 steps, or n samples."""
    size = {"n_trajectories": n, "n_steps": 9} if make in DYNAMIC else {"n_samples": n}
    return make(**{**size, "random_state": 0, **params})


def starts(make, n, seed=0, **params):
    return make(n, 2, 1e-3, random_state=seed, **params).Z[::2]


def conditions(F, J, Z):
    """Return the linear conditions J L z = L F on the entries of L, one a row."""
    k = Z.shape[1]
    left = np.einsum("nia,nb->niab", J, Z)
    right = np.einsum("ia,nb->niab", np.eye(k), F)
    return (left - right).reshape(-1, k * k)


def tangency(gradients, Z):
    """Return the conditions that L z is tangent to level sets, one a row."""
    return np.einsum("na,nb->nab", gradients, Z).reshape(len(Z), -1)


def dynamic_conditions(data, n_points=40):
    Z = np.random.default_rng(0).permutation(data.Z)[:n_points]
    library = data.equations.library
    rates = sympy.Matrix(data.equations.coefficients) * sympy.Matrix(
        library.expressions
    )
    jacobian = sympy.lambdify(library.symbols, rates.jacobian(library.symbols))
    J = np.array([jacobian(*z) for z in Z])
    return conditions(data.equations(Z), J, Z)


def assert_algebra_is_all(rows, algebra):
    """Check that the generators span all solutions of the conditions."""
    rows = rows / np.abs(rows).max()
    flat = algebra.reshape(len(algebra), rows.shape[1])
    assert_allclose(rows @ flat.T, 0, atol=1e-12)
    assert null_space(rows, rcond=1e-10).shape[1] == len(algebra)
    assert (np.linalg.svd(flat, compute_uv=False) > 0.5).all()


def energy_distance(a, b):
    return 2 * cdist(a, b).mean() - pdist(a).mean() - pdist(b).mean()


@pytest.mark.parametrize("make", PLANAR)
def test_equations_have_the_symmetry_and_no_other(make):
    data = small(make)
    assert_algebra_is_all(dynamic_conditions(data), data.algebra)


@given(a=st.floats(0.1, 1.9), b=st.floats(-2, 2))
@example(a=0.5, b=0.0)
@settings(max_examples=5, deadline=None)
def test_equations_have_the_symmetry_for_all_parameters(a, b):
    for make, params in [
        (make_hyperbolic, {"omega": a, "relaxation": abs(b) + 0.1}),
        (make_scaling, {"omega": b, "growth": a}),
        (make_spiral, {"omega": a, "growth": b}),
        (make_no_symmetry, {"damping": a, "tilt": b}),
    ]:
        data = small(make, **params)
        assert_algebra_is_all(dynamic_conditions(data), data.algebra)


def test_two_bodies_turn_together_and_nothing_else():
    data = small(make_two_body, n=40)
    rows = dynamic_conditions(data)
    # The equations allow the centre of mass to be moved by itself, see DESCR.
    assert null_space(rows / np.abs(rows).max(), rcond=1e-10).shape[1] == 9
    Z = data.Z[data.t == 0]
    turn, one, zero = np.array([[0.0, 1], [-1, 0]]), np.eye(2), np.zeros((2, 2))
    together = np.hstack([zero, zero, one, one])
    apart = np.hstack([zero, zero, one, -one])
    centre = np.hstack([one, one, zero, zero])
    parallel = together.T @ turn @ apart
    gradients = [Z @ (parallel + parallel.T)]
    gradients += [np.broadcast_to(row, Z.shape) for row in centre]
    rows = np.vstack([rows, *(tangency(gradient, Z) for gradient in gradients)])
    size = tangency(Z @ together.T @ together, Z).mean(axis=0, keepdims=True)
    rows = np.vstack([rows, size])
    assert_allclose(np.einsum("na,ab,nb->n", Z, parallel, Z), 0, atol=1e-15)
    assert_algebra_is_all(rows, data.algebra)


@pytest.mark.parametrize("make", [make_sphere, make_torus, make_double_bump])
def test_states_have_the_symmetry_and_no_other(make):
    data = small(make, 60)
    halves = [[1, 1, 0, 0], [0, 0, 1, 1]] if data.Z.shape[1] == 4 else [[1, 1, 1]]
    assert_allclose(data.Z**2 @ np.transpose(halves), 1)
    rows = np.vstack([tangency(half * data.Z, data.Z) for half in np.array(halves)])
    assert_algebra_is_all(rows, data.algebra)


def test_minkowski_norm_has_the_symmetry_and_no_other():
    data = small(make_minkowski, 60)
    assert_allclose(data.invariant(data.Z), np.diag(data.Z @ METRIC @ data.Z.T))
    assert_algebra_is_all(tangency(data.Z @ METRIC, data.Z), data.algebra)


def test_orientations_and_rates_have_the_symmetry_and_no_other():
    data = small(make_rotating_object, 30, n_pixels=4)
    R, R_dot = data.rotations, data.Z_dot.reshape(-1, 3, 3)
    spins = R.swapaxes(1, 2) @ R_dot
    assert_allclose(spins, -spins.swapaxes(1, 2), atol=1e-12)
    symmetric = [np.eye(3)[[i]].T @ np.eye(3)[[j]] for i in range(3) for j in range(3)]
    normals = [R @ (S + S.T) for S in symmetric]
    states = np.vstack([tangency(N.reshape(-1, 9), data.Z) for N in normals])
    # Orientations alone may be turned in space and in the axes of the object.
    assert null_space(states, rcond=1e-10).shape[1] == 6
    J = np.stack([np.kron(np.eye(3), spin.T) for spin in spins])
    rows = np.vstack([states, conditions(data.Z_dot, J, data.Z)])
    assert_algebra_is_all(rows, data.algebra)


@pytest.mark.parametrize("make", DYNAMIC)
def test_equations_commute_with_finite_transformations(make):
    data = small(make)
    for generator in data.algebra:
        g = expm(0.7 * generator)
        expected = data.Z_dot @ g.T
        assert_allclose(data.equations(data.Z @ g.T), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("make", [*DYNAMIC[:3], *STATIC[:-2], make_two_body, views])
def test_name_is_the_one_that_is_found(make):
    data = small(make)
    assert LieAlgebra(data.algebra).name == data.symmetry


STEP = 0.3  # along the group


def interior(make, Z):
    """Return the rows that a step along the group could not have left empty."""
    if make is make_hyperbolic:
        return Z[np.abs(Z[:, 1]) < np.tanh(1 - STEP) * Z[:, 0]]
    if make in (make_scaling, make_spiral):
        r = np.linalg.norm(Z, axis=1)
        return Z[(r > 0.25 * np.exp(STEP)) & (r < np.exp(-STEP))]
    if make is make_minkowski:
        p = np.linalg.norm(Z[:, 1:], axis=1)
        return Z[p < np.tanh(2 - STEP) * Z[:, 0]]
    return Z


@pytest.mark.parametrize(
    "make", [*DYNAMIC[:3], make_two_body, *STATIC[:2], make_minkowski, views]
)
def test_distribution_is_invariant_under_the_symmetry_alone(make):
    def draw(seed):
        if make in DYNAMIC:
            return starts(make, 2500, seed)
        return small(make, 2500, random_state=seed).Z

    Z, other = draw(1), interior(make, draw(2))
    wrong = interior(make, Z * np.where(np.arange(Z.shape[1]) % 2, 0.5, 1.0))
    for generator in small(make).algebra:
        moved = interior(make, Z @ expm(STEP * generator).T)
        ratio = energy_distance(moved, other) / energy_distance(wrong, other)
        assert abs(ratio) < 0.1


def test_object_turns_in_any_direction_but_not_about_any_of_its_axes():
    data = small(make_rotating_object, 4000, n_pixels=4)
    R = data.rotations
    spins = R.swapaxes(1, 2) @ data.Z_dot.reshape(-1, 3, 3)
    in_own_axes = np.stack([spins[:, 2, 1], spins[:, 0, 2], spins[:, 1, 0]], axis=1)
    in_space = np.einsum("nab,nb->na", R, in_own_axes)
    variances = np.diag([1.0, 0.36, 0.09])
    assert_allclose(np.cov(in_own_axes.T), variances, atol=0.05)
    assert_allclose(np.cov(in_space.T), np.eye(3) * np.trace(variances) / 3, atol=0.05)


@given(damping=st.floats(0.01, 1.99), tilt=st.floats(-20, 20))
@settings(max_examples=20, deadline=None)
def test_system_without_symmetry_has_two_foci(damping, tilt):
    bottoms = np.roots([-1, tilt, 1])
    slopes = 1 + 2 * tilt * bottoms - 3 * bottoms**2
    for slope in slopes:
        jacobian = np.array([[0, 1], [slope, -damping]])
        assert np.abs(np.linalg.eigvals(jacobian).imag).min() > 0
    data = small(make_no_symmetry, 1, damping=damping, tilt=tilt, dt=1e-6)
    fixed = np.stack([bottoms, 0 * bottoms], axis=1)
    assert_allclose(data.equations(fixed), 0, atol=1e-9 * (1 + abs(tilt) ** 3))


def test_states_without_symmetry_are_skew_and_reach_both_wells():
    Z = starts(make_no_symmetry, 2000)
    centred = Z - Z.mean(axis=0)
    white = centred @ np.linalg.inv(np.linalg.cholesky(np.cov(centred.T)))
    third = np.einsum("na,nb,nc->abc", white, white, white) / len(Z)
    assert np.linalg.norm(third) > 10 * np.sqrt(15 / len(Z))
    for bottom in [(0.5 + np.sqrt(4.25)) / 2, (0.5 - np.sqrt(4.25)) / 2]:
        offsets = Z[np.linalg.norm(Z - [bottom, 0], axis=1) < 0.3] - [bottom, 0]
        assert (offsets.min(axis=0) < -0.05).all()
        assert (offsets.max(axis=0) > 0.05).all()


@pytest.mark.parametrize("make", [*PLANAR, make_sphere, make_torus])
@pytest.mark.parametrize("n_extra", [1, 8, 40])
def test_lift_is_injective_and_nonlinear(make, n_extra):
    k = small(make).Z.shape[1]
    data = small(make, 100, n_features=k + n_extra)
    inverse, _, rank, _ = np.linalg.lstsq(data.X, data.Z, rcond=1e-12)
    assert_allclose(data.X @ inverse, data.Z, atol=1e-9)
    n_monomials = comb(k + 3, 3) - k - 1
    assert rank == k + min(n_extra, n_monomials, 8)
    assert (pdist(data.X[:200]) > (1 - 1e-9) * pdist(data.Z[:200])).all()


@pytest.mark.parametrize("make", [*DYNAMIC, make_rotating_object])
def test_derivative_agrees_with_central_differences_to_second_order(make):
    size = (27, 9) if make is make_rotating_object else (3, 9)
    data = make(*size, 2e-3, random_state=0)
    assert_array_equal(data.groups, np.repeat(np.arange(3), 9))
    assert_allclose(data.t, np.tile(0.002 * np.arange(9), 3))
    for values, rates in [(data.X, data.X_dot), (data.Z, data.Z_dot)]:
        paths, slopes = (a.reshape(3, 9, -1) for a in (values, rates))
        errors = [
            np.abs((paths[:, 4 + h] - paths[:, 4 - h]) / (0.004 * h) - slopes[:, 4])
            for h in (4, 2, 1)
        ]
        errors = [error.max() for error in errors]
        assert errors[-1] < 1e-3 * np.abs(rates).max()
        assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.05)


@pytest.mark.parametrize("make", [*DYNAMIC, *STATIC])
def test_seed_decides_and_more_begin_with_the_same(make):
    few, again, many = small(make), small(make), small(make, 15)
    other = small(make, random_state=1)
    assert_array_equal(few.X, again.X)
    assert_allclose(many.X[: len(few.X)], few.X, rtol=1e-9, atol=1e-12)
    assert not np.array_equal(few.Z, other.Z)


@pytest.mark.parametrize("make", [*DYNAMIC, *STATIC])
def test_noise_is_relative_and_leaves_the_rest_alone(make):
    before = np.random.get_state()  # noqa: NPY002
    clean, noisy = small(make, 400), small(make, 400, noise=0.1)
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    added, spread = (noisy.X - clean.X).std(axis=0), clean.X.std(axis=0)
    assert_allclose(added, 0.1 * spread, rtol=0.2)
    for name in {"X_dot", "Z", "Z_dot", "y", "angles"} & set(clean):
        assert_array_equal(noisy[name], clean[name])
    assert not np.shares_memory(clean.X, clean.Z)


@pytest.mark.parametrize("make", [*DYNAMIC, *STATIC])
def test_data_say_what_they_are_and_survive_pickling(make):
    data = small(make, 2)
    copy = pickle.loads(pickle.dumps(data))
    assert_array_equal(copy.X, data.X)
    assert data.DESCR.endswith("\n")
    k = data.Z.shape[1]
    assert data.algebra.shape[1:] == (k, k)
    if data.get("energy") is not None:
        assert_array_equal(copy.energy(copy.Z), data.energy(data.Z))


def test_embedding_keeps_the_algebra():
    system = small(make_two_body)
    data = make_embedded(system, 30, random_state=0)
    assert data.algebra is system.algebra
    assert data.symmetry == "so(2)"


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (make_sphere, "n_samples", 0),
        (make_torus, "n_features", 1.5),
        (make_hyperbolic, "relaxation", 0.0),
        (make_hyperbolic, "max_rapidity", 11.0),
        (make_scaling, "growth", 0.0),
        (make_spiral, "omega", 0.0),
        (make_no_symmetry, "damping", 2.0),
        (make_double_bump, "n_channels", 3),
        (make_double_bump, "n_grid", 7),
        (make_rotating_object, "n_pixels", 3),
        (make_rotating_object, "n_views", 0),
        (make_two_body, "orbit_noise", -0.1),
        (make_minkowski, "max_rapidity", 0.0),
        (make_minkowski, "noise", -1.0),
    ],
)
def test_bad_parameter_is_named(make, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        small(make, **{name: value})


@pytest.mark.parametrize(
    ("make", "params", "message"),
    [
        (make_sphere, {"n_features": 3}, "n_features=3 .* at least 4 features"),
        (make_spiral, {"n_features": 2}, "n_features=2 .* at least 3 features"),
        (make_rotating_object, {"n_steps": 4}, "n_samples=6 .* example 8 samples"),
    ],
)
def test_what_does_not_fit_is_explained(make, params, message):
    with pytest.raises(ValueError, match=message):
        small(make, **params)
