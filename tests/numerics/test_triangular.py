"""Triangular factors are those of numpy, and fit as they do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc._numerics.triangular import inverse_upper, solve_upper, triangle

SIZES = st.integers(1, 30)


@given(SIZES, SIZES, st.integers(0, 600), st.integers(0, 2**32 - 1))
def test_products_are_those_of_the_tables(n_columns, first, second, seed):
    rng = np.random.default_rng(seed)
    tables = [rng.normal(size=(rows, n_columns)) for rows in (first, second)]
    before = [table.copy() for table in tables]
    factor = triangle(*tables)
    whole = np.vstack(tables)
    assert factor.shape == (min(whole.shape), n_columns)
    assert_allclose(factor.T @ factor, whole.T @ whole, rtol=1e-10, atol=1e-10)
    assert not np.tril(factor, -1).any()
    np.testing.assert_array_equal(before[0], tables[0])


@given(SIZES, st.integers(0, 2**32 - 1))
def test_solutions_and_inverses(size, seed):
    rng = np.random.default_rng(seed)
    factor = np.triu(rng.normal(size=(size, size))) / size + np.eye(size)
    right = rng.normal(size=size)
    assert_allclose(factor @ solve_upper(factor, right), right, atol=1e-9)
    assert_allclose(inverse_upper(factor) @ factor, np.eye(size), atol=1e-9)


@pytest.mark.parametrize("solve", [inverse_upper, lambda f: solve_upper(f, f[0])])
def test_a_singular_factor_is_an_error(solve):
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        solve(np.array([[1.0, 2.0], [0.0, 0.0]]))
