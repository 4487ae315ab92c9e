"""Standard errors: as large as the spread over new data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc._data.splits import row_blocks
from symdisc._sindy.block_bootstrap import (
    block_grams,
    bootstrap_errors,
    informative_rows,
    joint_rows,
    solve_gram,
)


def regression(seed, n_rows=600, noise=0.5):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n_rows, 3))
    targets = features @ np.array([[1.0, -2.0], [0.0, 1.0], [0.0, 0.0]])
    return features, targets + noise * rng.standard_normal(targets.shape)


COEFFICIENTS = np.array([[1.0, 0.0, 0.0], [-2.0, 1.0, 0.0]])


def test_errors_of_independent_rows_are_the_textbook_ones():
    features, targets = regression(0, n_rows=20000)
    groups = np.arange(20000) // 20
    errors = bootstrap_errors(
        features, targets, COEFFICIENTS, groups=groups, n_bootstrap=400, random_state=0
    )
    expected = np.where(COEFFICIENTS != 0, 0.5 / np.sqrt(20000), 0)
    assert_allclose(errors, expected, rtol=0.15)


def test_errors_are_the_spread_over_new_data_with_correlated_noise():
    def sample(seed):
        rng = np.random.default_rng(seed)
        common = rng.standard_normal((40, 1, 2))
        x = rng.standard_normal((40, 1, 1)) + 0.1 * rng.standard_normal((40, 25, 1))
        y = 2 * x + 0.3 * common[..., :1] + 0.1 * rng.standard_normal((40, 25, 1))
        return x.reshape(-1, 1), y.reshape(-1, 1)

    groups = np.repeat(np.arange(40), 25)
    errors = [
        bootstrap_errors(*sample(seed), [[2.0]], groups=groups, random_state=seed)
        for seed in range(20)
    ]
    refits = []
    for seed in range(200):
        rows = informative_rows(*_single(*sample(seed)), row_blocks(groups, 1000))
        refits.append(solve_gram(block_grams(*rows, [np.arange(1000)])[0], 1))
    assert_allclose(np.mean(errors), np.std(refits), rtol=0.25)


def _single(features, targets):
    return features[:, None], targets


def test_a_basis_shares_errors():
    features, targets = regression(0)
    basis = np.zeros((2, 2, 3))
    basis[0, [0, 1], [0, 1]] = 1.0
    basis[1, 1, 0] = -1.0
    errors = bootstrap_errors(
        features, targets, COEFFICIENTS, basis=basis, random_state=0
    )
    free = bootstrap_errors(features, targets, COEFFICIENTS, random_state=0)
    assert errors[0, 0] == errors[1, 1]
    assert errors[0, 0] < free[1, 1]
    assert_allclose(errors != 0, COEFFICIENTS != 0)


def test_draws_are_repeatable_and_private():
    features, targets = regression(0)
    before = np.random.get_state()[1]  # noqa: NPY002
    first, second, other = (
        bootstrap_errors(features, targets, COEFFICIENTS, random_state=seed)
        for seed in (3, 3, 4)
    )
    assert (first == second).all()
    assert (first != other).any()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_exact_data_have_no_errors():
    features, targets = regression(0, noise=0.0)
    errors = bootstrap_errors(features, targets, COEFFICIENTS)
    assert_allclose(errors, 0, atol=1e-9)
    assert not bootstrap_errors(features, targets, np.zeros((2, 3))).any()


@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_blocks_hold_each_row_once(lengths):
    groups = np.repeat(np.arange(len(lengths)), lengths)
    if len(groups) < 2:
        return
    blocks = row_blocks(groups, len(groups))
    assert (np.sort(np.concatenate(blocks)) == np.arange(len(groups))).all()
    assert len(blocks) >= 2
    assert all(len(set(groups[block])) == 1 for block in blocks)
    assert all((np.diff(block) > 0).all() for block in blocks)


def test_one_trajectory_makes_twenty_blocks():
    assert [len(block) for block in row_blocks(None, 2000)] == [100] * 20
    assert len(row_blocks(np.arange(50), 50)) == 50


def test_integrals_undo_differences():
    rng = np.random.default_rng(0)
    noise = np.diff(rng.standard_normal((2001, 1)), axis=0)
    x = np.sin(np.linspace(0, 20, 2000))[:, None]
    blocks = row_blocks(None, 2000)
    design, target = informative_rows(x[:, None], x + noise, blocks)
    assert design.shape == (2000, 1, 1)
    assert_allclose(np.mean(target**2), np.mean((x + noise) ** 2))
    for rows in blocks:
        assert_allclose(target[rows].mean(), 0, atol=1e-10)
    inside = [rows[1:] for rows in blocks]
    ratios = [np.diff(target[rows], axis=0) for rows in blocks]
    ratios = np.concatenate(ratios) / (x + noise)[np.concatenate(inside)]
    assert_allclose(ratios, ratios[0, 0])


def test_rows_alone_in_their_trajectories_stay_as_they_are():
    features, targets = regression(0)
    blocks = row_blocks(np.arange(600), 600)
    design, _ = informative_rows(features[:, None], targets[:, :1], blocks)
    assert_allclose(design[:, 0], features)


def test_joint_rows_are_the_fields_of_the_basis():
    features, targets = regression(0)
    basis = np.random.default_rng(1).standard_normal((4, 2, 3))
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    design, target = joint_rows(features, targets, basis)
    field = features @ np.tensordot(weights, basis, axes=1).T
    assert_allclose(design @ weights * (targets / target)[0], field)
    assert_allclose(np.mean(target**2, axis=0), 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"coefficients": np.ones((3, 2))}, r"shape \(3, 2\); .* \(2, 3\)"),
        ({"n_bootstrap": 1}, "n_bootstrap must be at least 2; got 1"),
        ({"basis": np.ones((1, 3, 2))}, "basis has shape"),
        ({"basis": np.ones((1, 2, 3))}, "not a combination of basis"),
    ],
)
def test_errors_say_what_to_do(changes, message):
    features, targets = regression(0)
    arguments = {"coefficients": COEFFICIENTS} | changes
    with pytest.raises(ValueError, match=message):
        bootstrap_errors(features, targets, **arguments)


def test_one_row_is_refused():
    with pytest.raises(ValueError, match="features has 1 rows"):
        row_blocks(None, 1)
