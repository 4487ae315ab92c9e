"""Tests of the families of lifts: exact rates, strength, inverses, one map for all."""

import pickle

import numpy as np
import pytest
from conftest import first_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsRegressor

from symdisc.datasets import make_embedded, make_torus

BENT = ["sine", "polynomial3", "polynomial5", "tanh_quadratic"]
BENT += ["perceptron2", "perceptron4"]
SHARED = BENT[1:]
CODES = ["fourier", "radial", "pixels"]
LIFTS = ["linear", *BENT, *CODES]


def states(seed=0, n=200, k=2):
    """Draw states and rates, in units and with an offset of their own."""
    Z, Z_dot = np.random.default_rng(seed).uniform(-1, 1, size=(2, n, k))
    return {"Z": 3 + 20 * Z, "Z_dot": 7 * Z_dot}


def standardised(Z):
    return (Z - Z.mean(axis=0)) / np.sqrt(np.mean((Z - Z.mean(axis=0)) ** 2))


@pytest.mark.parametrize("lift", LIFTS)
@given(
    seed=st.integers(0, 1000),
    k=st.integers(1, 5),
    strength=st.floats(0.1, 3),
)
@settings(max_examples=10, deadline=None)
def test_rates_are_those_of_the_lift(lift, seed, k, strength):
    system = states(seed, 30, k)
    params = {"lift": lift, "strength": strength, "random_state": seed}
    data = make_embedded(system, 25, **params)
    step = 1e-4 * system["Z_dot"]
    differences = data.lift(data.Z + step) - data.lift(data.Z - step)
    size = np.abs(data.X_dot).max()
    assert_allclose(differences / 2e-4, data.X_dot, atol=1e-5 * size)
    assert_array_equal(data.lift(data.Z, data.Z_dot), (data.X, data.X_dot))


@pytest.mark.parametrize("lift", LIFTS)
def test_states_without_rates_are_lifted_alike(lift):
    system = states()
    moving = make_embedded(system, lift=lift, random_state=0)
    still = make_embedded({"Z": system["Z"]}, lift=lift, random_state=0)
    assert_allclose(still.X, moving.X, rtol=1e-12, atol=1e-12)
    assert still.Z_dot is None
    assert still.X_dot is None


@pytest.mark.parametrize("lift", BENT)
@pytest.mark.parametrize("strength", [0.0, 0.3, 2.0])
def test_strength_is_the_size_of_what_is_not_affine(lift, strength):
    data = make_embedded(states(1), lift=lift, strength=strength, random_state=1)
    U = standardised(data.Z)
    bent = data.X - U @ data.A.T
    assert_allclose(np.linalg.norm(bent), strength * np.linalg.norm(U), atol=1e-9)
    assert_allclose(data.A.T @ data.A, np.eye(2), atol=1e-12)
    # No affine map is left in the nonlinear part.
    assert_allclose(np.column_stack([U, np.ones(len(U))]).T @ bent, 0, atol=1e-8)


@pytest.mark.parametrize("lift", CODES)
def test_more_strength_is_more_bent(lift):
    left = [
        1 - make_embedded(states(), lift=lift, strength=s, random_state=0).linearity
        for s in (0.3, 3.0)
    ]
    assert left[1] > 3 * left[0]


@pytest.mark.parametrize("lift", LIFTS)
def test_units_and_offsets_of_the_latents_do_not_matter(lift):
    system = states()
    data = make_embedded(system, lift=lift, random_state=0)
    moved = {"Z": 1e3 * system["Z"] - 50, "Z_dot": 1e3 * system["Z_dot"]}
    other = make_embedded(moved, lift=lift, random_state=0)
    assert_allclose(other.X, data.X, atol=1e-9)
    assert_allclose(other.X_dot, data.X_dot, atol=1e-9)


@pytest.mark.parametrize("lift", LIFTS)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("seed", first_of(range(3)))
def test_neighbours_among_snapshots_are_neighbours_among_states(lift, k, seed):
    system = {"Z": states(seed, 3000, k)["Z"]}
    data = make_embedded(system, lift=lift, random_state=seed)
    Z = data.Z / data.Z.std(axis=0)
    fitted = KNeighborsRegressor(4, weights="distance").fit(data.X[:2000], Z[:2000])
    error = fitted.predict(data.X[2000:]) - Z[2000:]
    assert np.mean(error**2) < 0.01


@pytest.mark.parametrize("lift", LIFTS)
def test_lift_of_a_result_is_the_same_map_for_other_states(lift):
    data = make_embedded(states(), lift=lift, noise=0.1, random_state=3)
    again = make_embedded(states(), lift=lift, noise=0.1, random_state=3)
    other = make_embedded(states(), lift=lift, noise=0.1, random_state=4)
    assert_array_equal(again.X, data.X)
    assert not np.array_equal(other.X, data.X)
    lifted = pickle.loads(pickle.dumps(data)).lift(data.Z[10:20])
    clean = make_embedded(states(), lift=lift, random_state=3).X
    assert_allclose(lifted, clean[10:20], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("lift", LIFTS)
def test_random_numbers_do_not_depend_on_the_rows(lift):
    Z = states()["Z"]
    data = make_embedded({"Z": Z}, lift=lift, random_state=0)
    doubled = make_embedded({"Z": np.tile(Z, (2, 1))}, lift=lift, random_state=0)
    assert_allclose(doubled.X[: len(Z)], data.X, atol=1e-9)


@pytest.mark.parametrize("seed", first_of(range(3)))
@pytest.mark.parametrize("system", [states(0, 2000), make_torus(2000, random_state=0)])
def test_linearity_tells_linear_inverses_from_others(system, seed):
    n_dimensions = 2 * system["Z"].shape[1] + 1

    def linearity(lift, strength=1.0):
        options = {"strength": strength, "n_dimensions": n_dimensions}
        data = make_embedded(system, lift=lift, random_state=seed, **options)
        assert lift not in SHARED or np.linalg.matrix_rank(data.X) <= n_dimensions + 1
        return data.linearity

    assert linearity("linear") > 1 - 1e-5
    assert linearity("sine") > 1 - 1e-3
    for lift in SHARED:
        assert linearity(lift, 0.3) < 0.999
        assert linearity(lift) < 0.99
        assert linearity(lift) < linearity(lift, 0.3)
    for lift in CODES:
        assert 0.9 < linearity(lift) < 1


def test_linearity_is_held_out_by_groups():
    # Each half is on one side of a bend: an affine map fits either, and not the other.
    Z = np.linspace(-1, 1, 200)[:, None]
    system = {"Z": Z}
    params = {"lift": "polynomial5", "strength": 2.0, "random_state": 0}
    mixed = make_embedded(system, **params).linearity
    apart = make_embedded({**system, "groups": np.ravel(Z > 0)}, **params).linearity
    assert apart < mixed
    assert np.isnan(make_embedded({"Z": Z[:3]}, lift="linear").linearity)


def test_linearity_of_halves_at_rest():
    Z = np.repeat([[0.0, 0.0], [1.0, 1.0]], 4, axis=0)
    data = make_embedded({"Z": Z, "groups": Z[:, 0]}, 5, lift="linear")
    assert_allclose(data.linearity, -3)  # either half is as far off as it can be


def test_linearity_leaves_out_a_latent_at_rest():
    Z = np.column_stack([states()["Z"], np.full(200, 5.0)])
    assert make_embedded({"Z": Z}, lift="linear").linearity > 1 - 1e-5


@pytest.mark.parametrize("k", range(1, 10))
def test_each_latent_moves_the_image(k):
    Z = states(0, 50, k)["Z"]
    for axis in np.eye(k):
        rates = {"Z": Z, "Z_dot": np.tile(axis, (50, 1))}
        data = make_embedded(rates, 144, lift="pixels")
        assert (np.abs(data.X_dot).max(axis=1) > 1e-6).all()


def test_blob_is_where_the_latents_are():
    data = make_embedded(states(), 31**2, lift="pixels")
    images = data.X.reshape(-1, 31, 31)
    row, column = np.divmod(data.X.argmax(axis=1), 31)
    centred = data.Z - data.Z.mean(axis=0)
    place = 15 + 7.5 * centred / np.abs(centred).max(axis=0)
    assert np.abs(column - place[:, 0]).max() <= 1
    assert np.abs(row - place[:, 1]).max() <= 1
    assert images.max() <= 1


@pytest.mark.parametrize(
    ("system", "params", "message"),
    [
        ({}, {"lift": "cubic"}, "The 'lift' parameter of make_embedded must be a str"),
        ({}, {"strength": -1.0}, "The 'strength' parameter of make_embedded"),
        ({}, {"lift": "fourier", "strength": 0}, "strength=0 .*'fourier'.* give a pos"),
        ({}, {"lift": "pixels", "n_features": 99}, "n_features=99 .* give 81 or 100"),
        ({}, {"lift": "linear", "n_features": 2}, "n_features=2 .* at least 3 feature"),
        ({"Z": np.full((9, 2), 0.1)}, {}, r"shape \(9, 2\) .* give rows that differ"),
        ({"Z": np.eye(2)}, {}, r"shape \(2, 2\).*lift='sine'; give more rows than 3"),
        ({"Z": np.ones((0, 2))}, {}, r"shape \(0, 2\); give an array"),
    ],
)
def test_errors_say_what_to_do(system, params, message):
    system = {"Z": states()["Z"], **system}
    with pytest.raises(ValueError, match=message):
        make_embedded(system, **params)


@pytest.mark.parametrize("n_dimensions", [2, 101])
def test_dimensions_between_latents_and_features(n_dimensions):
    with pytest.raises(
        ValueError, match=f"n_dimensions={n_dimensions} is not between 3"
    ):
        make_embedded(states(), lift="polynomial3", n_dimensions=n_dimensions)
