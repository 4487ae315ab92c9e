"""Times, trajectories and derivatives: nothing crosses a trajectory's end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symdisc._data.trajectories import (
    check_time,
    differentiate,
    trajectory_slices,
    transition_pairs,
)

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)


def random_trajectories(seed, lengths):
    """Lay trajectories end to end: times, snapshots and labels."""
    rng = np.random.default_rng(seed)
    parts = [np.cumsum(rng.uniform(0.1, 1.0, size=n)) for n in lengths]
    t = np.concatenate(parts)
    groups = np.repeat(np.arange(len(lengths)), lengths)
    return t, rng.normal(size=(len(t), 3)), groups


@quick
@given(seed=seeds, n=st.integers(3, 20))
def test_exact_for_quadratics(seed, n):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.1, 1.0, size=n))[:, None]
    a, b, c = rng.normal(size=(3, 4))
    X_dot = differentiate(a + b * t + c * t**2, t.ravel())
    assert_allclose(X_dot, b + 2 * c * t, atol=1e-9)


@quick
@given(seed=seeds, lengths=st.lists(st.integers(2, 8), min_size=1, max_size=4))
def test_groups_are_differentiated_apart(seed, lengths):
    t, X, groups = random_trajectories(seed, lengths)
    apart = [differentiate(X[groups == g], t[groups == g]) for g in range(len(lengths))]
    assert_allclose(differentiate(X, t, groups), np.concatenate(apart), rtol=0)
    # Interleaved rows of the same trajectories give the same derivatives.
    order = np.argsort(t, kind="stable")
    interleaved = differentiate(X[order], t[order], groups[order])
    assert_allclose(interleaved, differentiate(X, t, groups)[order], rtol=0)


@quick
@given(seed=seeds, lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_pairs_stay_inside_groups(seed, lengths):
    t, _, groups = random_trajectories(seed, lengths)
    before, after = transition_pairs(None, groups, len(t))
    assert_array_equal(groups[before], groups[after])
    assert_array_equal(after, before + 1)
    assert len(before) == len(t) - len(lengths)
    some, others = transition_pairs(t, groups, len(t))
    assert set(zip(some, others, strict=True)) <= set(zip(before, after, strict=True))


def test_order_of_convergence():
    errors = []
    for n in (100, 200):
        t = np.linspace(0, 1, n + 1)
        errors.append(
            np.abs(differentiate(np.sin(t)[:, None], t)[:, 0] - np.cos(t)).max()
        )
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)


def test_gaps_are_skipped():
    before, after = transition_pairs([0.0, 1.0, 2.0, 3.6, 4.6], None, 5)
    assert before.tolist() == [0, 1, 3]
    assert after.tolist() == [1, 2, 4]
    assert len(transition_pairs(0.1, None, 5)[0]) == 4
    assert len(transition_pairs(0.1, None, 1)[0]) == 0


def test_wide_and_narrow_types():
    t = np.arange(4.0)
    X = np.tile(t[:, None] ** 2, (1, 2500)).astype("float32")
    X_dot = differentiate(X, t)
    assert X_dot.dtype == np.float32
    assert_allclose(X_dot, np.tile(2 * t[:, None], (1, 2500)))
    assert differentiate(np.array([[1], [3]]), 2.0).tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize(
    "groups",
    [["b", "b", "a"], [2, 2, 1], [1.5, 1.5, 0.5], np.array(["x", "x", 3], object)],
)
def test_labels_of_any_type(groups):
    slices = trajectory_slices(groups, 3)
    assert [rows.tolist() for rows in slices] == [[0, 1], [2]]


def test_times():
    assert check_time(None, None, 3) is None
    assert_allclose(check_time(0.5, [0, 1, 0, 1], 4), [0, 0, 0.5, 0.5])
    times = check_time(np.array([3, 5, 1, 2]), [0, 0, 1, 1], 4)
    assert times.dtype == np.float64


@pytest.mark.parametrize(
    ("t", "groups", "message"),
    [
        ([0, 2, 1], None, "falls from 2 in row 1 to 1 in row 2; sort"),
        ([0, 1, 1], None, "is 1 in row 1 and in row 2; drop or average"),
        ([5, 6, 0], None, "or pass groups with one label per trajectory"),
        ([0, 1], None, r"t has shape \(2,\); give one time for each of the 3 rows"),
        ([0, np.nan, 1], None, "t contains NaN"),
        (0.0, None, "t is the step 0; a step must be positive"),
        (["a", "b", "c"], None, "t has dtype <U1; give times as numbers"),
        (0.1, [0, 0], r"groups has shape \(2,\)"),
        (0.1, [0, 0, np.nan], "groups contains NaN"),
    ],
)
def test_bad_times(t, groups, message):
    with pytest.raises(ValueError, match=message):
        check_time(t, groups, 3)


def test_bad_derivatives():
    X = np.zeros((3, 1))
    with pytest.raises(ValueError, match="groups leaves row 2 alone"):
        differentiate(X, 0.1, [0, 0, 1])
    with pytest.raises(ValueError, match="t is None"):
        differentiate(X, None)
    with pytest.raises(ValueError, match=r"X has shape \(3,\)"):
        differentiate(X[:, 0], 0.1)
    with pytest.raises(ValueError, match="X has no rows"):
        differentiate(X[:0], 0.1)
