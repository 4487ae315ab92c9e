"""POD: the modes are those of an exact decomposition, and the sums add up."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import subspace_angles

from symdisc._latent.pod import MAX_MODES, RESIDUAL_VARIANCE, fit_pod

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)


def low_rank(n_samples, n_features, scale, offset=0.0, seed=0):
    """Draw data with (nearly) these standard deviations along as many directions."""
    rng = np.random.default_rng(seed)
    modes, _ = np.linalg.qr(rng.standard_normal((n_features, len(scale))))
    return offset + (rng.standard_normal((n_samples, len(scale))) * scale) @ modes.T


def fit(X, min_modes=2, seed=0):
    return fit_pod(X, min_modes=min_modes, random_state=np.random.RandomState(seed))


def exact(X):
    """Singular values and right vectors of the centred data, by LAPACK."""
    centred = X - X.mean(axis=0)
    _, singular, modes = np.linalg.svd(centred, full_matrices=False)
    return singular, modes, np.square(centred).sum()


@pytest.mark.parametrize("shape", [(300, 60), (60, 300), (300, 200)])
def test_modes_and_sums_are_those_of_the_exact_decomposition(shape):
    # The last shape takes the randomised branch, the others the exact one.
    X = low_rank(*shape, scale=0.5 ** np.arange(25), offset=3.0)
    pod = fit(X)
    singular, modes, total = exact(X)
    n_modes = len(pod.modes)
    held = np.cumsum(singular**2) / total
    expected = np.searchsorted(held, 1 - RESIDUAL_VARIANCE) + 1
    assert n_modes == expected < 25
    assert_allclose(pod.modes @ pod.modes.T, np.eye(n_modes), atol=1e-12)
    assert subspace_angles(pod.modes.T, modes[:n_modes].T).max() < 1e-4
    assert_allclose(pod.scale, singular[:n_modes] / np.sqrt(len(X)), rtol=1e-6)
    assert_allclose(pod.total, total)
    assert_allclose(pod.residual, np.square(singular[n_modes:]).sum(), rtol=1e-3)
    # Each mode on its own, up to sign, where the spectrum is well separated.
    cosines = np.abs(np.sum(pod.modes * modes[:n_modes], axis=1))
    assert_allclose(cosines, 1, atol=1e-6)


def test_a_flat_spectrum_is_cut_at_the_largest_number_of_modes():
    X = low_rank(400, 120, scale=np.ones(120))
    pod = fit(X)
    singular, _, total = exact(X)
    assert len(pod.modes) == MAX_MODES
    held = (pod.total - pod.residual) / total
    best = np.square(singular[:MAX_MODES]).sum() / total
    assert 0.9 * best < held <= best * (1 + 1e-12)


def test_modes_that_fall_slowly_and_rare_ones_are_found():
    # Powers of the Gram matrix of a sketch had left 2e-3 of the last.
    X = np.zeros((900, 500))
    X[:, :300] = low_rank(900, 300, scale=10.0 ** (-np.arange(60) / 10))
    X[501:503, 400] = 0.3
    for seed in range(3):
        pod = fit_pod(X, min_modes=32, random_state=np.random.RandomState(seed))
        singular = exact(X)[0]
        assert_allclose(pod.scale[:32] * 30, singular[:32], rtol=1e-12)
        assert np.abs(pod.modes[:, 400]).max() > 0.9


def test_more_modes_than_the_usual_maximum_on_request():
    X = low_rank(200, 150, scale=np.ones(150))
    assert len(fit(X, min_modes=MAX_MODES + 8).modes) == MAX_MODES + 8


@quick
@given(seed=seeds, n_samples=st.integers(3, 40), n_features=st.integers(2, 60))
def test_held_and_residual_sum_to_the_total(seed, n_samples, n_features):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=n_features) * rng.standard_normal((n_samples, n_features)) + 1
    pod = fit(X, min_modes=1)
    centred = X - X.mean(axis=0)
    projected = centred @ pod.modes.T
    total = np.square(centred).sum()
    assert_allclose(pod.total, total)
    assert_allclose(pod.total - pod.residual, np.square(projected).sum())
    held = len(X) * np.square(pod.scale).sum()
    assert_allclose(held + pod.residual, total, rtol=1e-9)
    outside = centred - projected @ pod.modes
    assert_allclose(pod.residual, np.square(outside).sum(), atol=1e-9 * total)


@pytest.mark.parametrize("n_features", [40, 150])
def test_coordinates_are_white_and_rebuild_the_data(n_features):
    X = low_rank(250, n_features, scale=[3.0, 1.0, 0.1], offset=5.0)
    pod = fit(X)
    coordinates = pod.coordinates(X)
    assert coordinates.shape == (250, 3)
    assert_allclose(coordinates.mean(axis=0), 0, atol=1e-12)
    assert_allclose(coordinates.T @ coordinates / 250, np.eye(3), atol=1e-9)
    rebuilt = pod.mean + (coordinates * pod.scale) @ pod.modes
    assert_allclose(rebuilt, X, atol=1e-9)


@quick
@given(seed=seeds, step=st.floats(-10, 10))
def test_push_forward_is_the_derivative_of_the_coordinates(seed, step):
    rng = np.random.default_rng(seed)
    X, X_dot = rng.standard_normal((2, 12, 6))
    pod = fit(X)
    change = pod.coordinates(X + step * X_dot) - pod.coordinates(X)
    assert_allclose(change, step * pod.push_forward(X_dot), atol=1e-7)


@pytest.mark.parametrize("n_features", [10, 150])
def test_directions_that_the_data_do_not_fill_are_left_out(n_features):
    X = low_rank(200, n_features, scale=[2.0])
    for unit in (1e-9, 1.0, 1e9):
        pod = fit(unit * X, min_modes=3)
        assert pod.modes.shape == (1, n_features)
        assert pod.residual <= 1e-12 * pod.total


def test_rounding_in_single_precision_is_not_a_mode():
    X = low_rank(200, 40, scale=[3.0, 1.0], offset=1.0).astype(np.float32)
    assert len(fit(X, min_modes=2).modes) == 2


def test_no_more_modes_than_rows_or_columns():
    rng = np.random.default_rng(0)
    assert len(fit(rng.standard_normal((5, 3)), min_modes=7).modes) == 3
    assert len(fit(rng.standard_normal((3, 50)), min_modes=7).modes) == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_features", [40, 150])
def test_dtype_is_kept(n_features, dtype):
    X = low_rank(200, n_features, scale=[3.0, 1.0], offset=1.0).astype(dtype)
    pod = fit(X)
    arrays = [pod.mean, pod.modes, pod.scale, pod.coordinates(X)]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert pod.push_forward(X).dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, 0.25, -3e4, 1 / 3])
def test_constant_data_are_refused(value, dtype):
    X = np.full((30, 8), value, dtype=dtype)
    with pytest.raises(ValueError, match=r"X is constant.*Pass rows that differ"):
        fit(X)


def test_data_in_small_units_are_not_taken_for_constant():
    X = low_rank(50, 8, scale=[2.0, 1.0])
    assert_allclose(fit(1e-12 * X).scale, 1e-12 * fit(X).scale)


def test_data_are_neither_modified_nor_copied():
    X = low_rank(1500, 1000, scale=[3.0, 1.0], offset=1.0)
    before = X.copy()
    X.flags.writeable = False
    tracemalloc.start()
    fit(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_array_equal(X, before)
    assert peak < X.nbytes / 2


def test_same_random_state_same_modes():
    X = low_rank(200, 150, scale=np.ones(150))
    assert_array_equal(fit(X, seed=3).modes, fit(X, seed=3).modes)
    assert np.abs(fit(X, seed=3).modes - fit(X, seed=4).modes).max() > 1e-3
