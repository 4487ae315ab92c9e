"""Sparse regression: truth recovered, whatever the units."""

import numpy as np
import pytest
from conftest import no_doubts
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc import LatentSINDy
from symdisc._equations.library import CandidateLibrary
from symdisc._sindy.stlsq import r2, sparse_regression

pytestmark = no_doubts

TRUTH = np.array([[0.0, 0.0, 0.9, 0.0, -0.4, 0.0], [0.0, -0.9, 0.0, 0.0, 0.0, 0.5]])


def table(seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    features = CandidateLibrary.polynomial(2, 2).evaluate(rng.normal(size=(200, 2)))
    targets = features @ TRUTH.T
    return features, targets + noise * rng.normal(size=targets.shape)


@pytest.mark.parametrize("seed", range(3))
def test_recovers_sparse_truth(seed):
    features, targets = table(seed, noise=0.02)
    coefficients = sparse_regression(features, targets)
    assert ((coefficients != 0) == (TRUTH != 0)).all()
    assert_allclose(coefficients, TRUTH, atol=0.02)
    assert (r2(features, targets, coefficients) > 0.99).all()


@settings(max_examples=30, deadline=None)
@given(
    time_unit=st.floats(1e-6, 1e6),
    units=st.lists(st.floats(1e-4, 1e4), min_size=6, max_size=6),
)
def test_units_do_not_matter(time_unit, units):
    features, targets = table(noise=0.1)
    expected = sparse_regression(features, targets)
    scaled = sparse_regression(features * units, targets * time_unit)
    assert_allclose(scaled * units / time_unit, expected, rtol=1e-6)


def test_threshold_is_share_of_target():
    x = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    target = x @ [[1.0], [0.1]]
    share = 0.1 / np.sqrt(1.01)
    kept = sparse_regression(x, target, threshold=0.99 * share)
    dropped = sparse_regression(x, target, threshold=1.01 * share)
    assert_allclose(kept, [[1.0, 0.1]])
    assert_allclose(dropped, [[1.0, 0.0]])
    assert not sparse_regression(x, target, threshold=2.0).any()


def test_constant_targets_get_no_terms():
    features, targets = table()
    targets[:, 1] = 1e-14 * targets[:, 0]
    assert not sparse_regression(features, targets)[1].any()
    # Constant beside others, whatever the unit of time.
    tiny = sparse_regression(features, 1e-20 * targets)
    assert_allclose(tiny, 1e-20 * sparse_regression(features, targets))
    assert not sparse_regression(features, 0 * targets).any()


def test_degenerate_columns():
    features, targets = table()
    doubled = np.hstack([features, features[:, 2:3], np.zeros((len(features), 1))])
    coefficients = sparse_regression(doubled, targets)
    assert coefficients.shape == (2, 8)
    assert_allclose(doubled @ coefficients.T, targets, atol=1e-10)
    assert not coefficients[:, 7].any()


def test_float32_is_computed_in_float64():
    features, targets = table()
    coefficients = sparse_regression(features.astype("f4"), targets.astype("f4"))
    assert coefficients.dtype == np.float64
    assert_allclose(coefficients, TRUTH, atol=1e-5)


def test_r2_of_each_target():
    y = np.array([[1.0, 10.0], [-1.0, -10.0]])
    x = np.array([[1.0], [-1.0]])
    assert r2(x, y, [[1.0], [10.0]]).tolist() == [1.0, 1.0]
    assert r2(x, y, [[0.0], [10.0]]).tolist() == [0.0, 1.0]
    assert r2(x, np.ones((2, 1)), [[0.0]]) == 0.0
    assert r2(x, np.zeros((2, 1)), [[0.0]]) == 1.0


def test_bad_arguments():
    x = np.ones((3, 1))
    with pytest.raises(ValueError, match=r"features has shape \(3,\)"):
        sparse_regression(x[:, 0], x)
    with pytest.raises(ValueError, match="targets contains NaN"):
        sparse_regression(x, x * np.nan)
    with pytest.raises(ValueError, match="features has 3 rows and targets has 2"):
        sparse_regression(x, x[:2])
    with pytest.raises(ValueError, match="threshold must be"):
        sparse_regression(x, x, threshold=np.nan)
    with pytest.raises(ValueError, match="max_iter must be"):
        sparse_regression(x, x, max_iter=0)
    with pytest.raises(ValueError, match="coefficients has shape"):
        r2(x, x, [[1.0, 2.0]])


@pytest.mark.filterwarnings("ignore:Column 2 of X is constant:UserWarning")
@pytest.mark.parametrize("threshold", [0.1, "auto"])
def test_a_constant_coordinate_repeats_no_term(threshold):
    rng = np.random.default_rng(0)
    Z = np.column_stack([rng.uniform(-1, 1, (800, 2)), np.ones(800)])
    rates = np.column_stack([Z[:, 1] + 0.12, -Z[:, 0], np.zeros(800)])
    est = LatentSINDy(autoencoder="none", threshold=threshold).fit(Z, rates)
    assert str(est.equations_) == "\n".join(
        ["dz0/dt = z1 + 0.12", "dz1/dt = -z0", "dz2/dt = 0"]
    )
