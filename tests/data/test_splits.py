"""Rows that depend on each other: how long, in which blocks, and how they are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symdisc._data.splits import (
    autocorrelation_time,
    held_out_folds,
    independent_blocks,
)


def autoregressive(correlation, n, seed):
    noise = np.random.default_rng(seed).standard_normal((n, 1))
    for i in range(1, n):
        noise[i] += correlation * noise[i - 1]
    return noise


@pytest.mark.parametrize("correlation", [0.5, 0.8, 0.95])
def test_the_time_of_an_autoregressive_process(correlation):
    times = [
        autocorrelation_time(autoregressive(correlation, 5000, s)) for s in range(8)
    ]
    true = (1 + correlation) / (1 - correlation)
    assert 0.7 * true < np.mean(times) < 1.2 * true


def test_independent_rows_are_their_own_blocks():
    alone = [
        independent_blocks(autoregressive(0.0, 500, seed)).max() == 499
        for seed in range(40)
    ]
    assert sum(alone) >= 36  # a test at 1 %


def test_short_trajectories_are_blocks():
    series = np.cumsum(np.random.default_rng(0).standard_normal((200, 1)), axis=0)
    groups = np.repeat(np.arange(20), 10)
    blocks = independent_blocks(series, groups)
    assert blocks.max() == 19
    assert all(len(np.unique(groups[blocks == b])) == 1 for b in range(20))


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(20, 200),
    n_groups=st.integers(1, 15),
    smooth=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_folds_hold_out_every_row_once(n, n_groups, smooth, seed):
    rng = np.random.default_rng(seed)
    series = rng.standard_normal((n, 2))
    series = np.cumsum(series, axis=0) if smooth else series
    groups = np.sort(rng.integers(0, n_groups, n))
    folds = held_out_folds(series, groups, 10)
    held = np.concatenate([test for _, test in folds])
    assert len(np.unique(held)) == len(held)
    for train, test in folds:
        assert not set(train) & set(test)
        if len(np.unique(groups)) >= 10:
            assert not set(groups[train]) & set(groups[test])


def test_rows_next_to_a_held_out_stretch_take_no_part():
    t = np.linspace(0, 60, 2000)[:, None]
    for train, test in held_out_folds(np.sin(t)):
        gap = np.abs(train[:, None] - test).min(axis=1).min()
        assert gap > 10
