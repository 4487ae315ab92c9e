"""From arrays to training data: derivatives, transitions and what is asked of them."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from symdisc._data.training_data import as_snapshots
from symdisc._data.trajectories import differentiate
from symdisc._data.validation import check_device
from symdisc._latent.pod import fit_pod

LENGTHS = (30, 50, 40)
GROUPS = np.repeat(["b", "a", "c"], LENGTHS)
STEP = 0.05
T = STEP * np.arange(len(GROUPS))


def circles(dtype=np.float64):
    """Three trajectories on ellipses in six dimensions, and their velocities."""
    rng = np.random.default_rng(0)
    lift = rng.standard_normal((2, 6))
    radius = np.repeat([1.0, 1.5, 2.0], LENGTHS)[:, None]
    angle = np.concatenate([STEP * np.arange(n) for n in LENGTHS])
    angle += np.repeat([0.0, 2.0, 4.0], LENGTHS)
    cos, sin = np.cos(angle), np.sin(angle)
    X = 1 + radius * np.column_stack([cos, sin]) @ lift
    X_dot = radius * np.column_stack([-sin, cos]) @ lift
    return X.astype(dtype), X_dot.astype(dtype)


X, X_DOT = circles()
POD = fit_pod(X, min_modes=2, random_state=np.random.RandomState(0))


def snapshots(X_dot=None, t=None, groups=None, symmetry_of="auto"):
    device = torch.device("cpu")
    args = (POD, X, X_dot, t, groups)
    options = {"symmetry_of": symmetry_of, "device": device}
    return as_snapshots(*args, differentiation="central", **options)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, "distribution"),
        ({"groups": GROUPS}, "distribution"),
        ({"X_dot": X_DOT}, "derivatives"),
        ({"t": STEP, "groups": GROUPS}, "derivatives"),
        ({"X_dot": X_DOT, "t": STEP, "groups": GROUPS}, "derivatives"),
    ],
)
def test_what_is_asked_follows_from_what_is_given(data, expected):
    found = snapshots(**data)
    assert found.symmetry_of == expected
    assert (found.velocity is None) == (expected == "distribution")
    assert found.successors is None


@pytest.mark.parametrize("symmetry_of", ["distribution", "pairs", "derivatives"])
def test_an_explicit_choice_is_kept(symmetry_of):
    found = snapshots(X_DOT, groups=GROUPS, symmetry_of=symmetry_of)
    assert found.symmetry_of == symmetry_of
    # Velocities are kept for the equations, whatever the symmetry is asked of.
    assert found.velocity is not None
    assert (found.successors is not None) == (symmetry_of == "pairs")


def test_derivatives_cannot_be_had_from_nothing():
    with pytest.raises(ValueError, match="pass X_dot as y, or t"):
        snapshots(groups=GROUPS, symmetry_of="derivatives")


def test_coordinates_weights_and_velocities_are_those_of_the_pod():
    found = snapshots(X_DOT)
    assert_allclose(found.coordinates, POD.coordinates(X), rtol=1e-5, atol=1e-6)
    assert_allclose(found.velocity, POD.push_forward(X_DOT), rtol=1e-5, atol=1e-6)
    assert_allclose(found.weights, POD.scale / POD.scale[0], rtol=1e-6)
    tensors = (found.coordinates, found.velocity, found.weights)
    assert {tensor.dtype for tensor in tensors} == {torch.float32}
    # Weights turn errors of coordinates into errors of the data.
    change = torch.randn(X.shape[0], 2, generator=torch.Generator().manual_seed(0))
    in_data = (change.numpy() * POD.scale) @ POD.modes
    weighted = POD.scale[0] ** 2 * (change.square() * found.weights**2).sum()
    assert_allclose(np.square(in_data).sum(), weighted, rtol=1e-5)


@pytest.mark.parametrize("t", [STEP, T], ids=["step", "times"])
def test_without_velocities_differences_along_t_within_groups(t):
    found = snapshots(t=t, groups=GROUPS).velocity
    expected = POD.push_forward(differentiate(X, t, GROUPS))
    assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    # Second-order differences of a circle: error about step**2 / 3 at the ends.
    assert_allclose(found, POD.push_forward(X_DOT), atol=3 * STEP**2)


def test_given_velocities_are_used_where_t_agrees_with_them():
    noisy = X_DOT + 0.05 * np.random.default_rng(0).standard_normal(X.shape)
    found = snapshots(noisy, t=STEP, groups=GROUPS)
    assert_allclose(found.velocity, POD.push_forward(noisy), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "data",
    [
        {"X_dot": X_DOT, "t": 10 * STEP, "groups": GROUPS},  # wrong units
        {"X_dot": X_DOT, "t": T},  # groups forgotten: jumps between trajectories
        {"X_dot": -X_DOT, "t": STEP, "groups": GROUPS},
        {"X_dot": np.zeros_like(X), "t": STEP, "groups": GROUPS},
    ],
    ids=["units", "groups", "sign", "zero"],
)
def test_velocities_and_times_that_disagree_are_refused(data):
    with pytest.raises(ValueError, match=r"y \(X_dot\) and t disagree.*\d+%.*units"):
        snapshots(**data)


def test_times_that_run_backwards_are_refused():
    with pytest.raises(ValueError, match="t must increase strictly"):
        snapshots(t=T[::-1])


@pytest.mark.parametrize("t", [None, STEP])
def test_transitions_never_cross_groups(t):
    shuffled = np.random.default_rng(0).permutation(GROUPS)
    for groups in (GROUPS, shuffled):
        found = snapshots(t=t, groups=groups, symmetry_of="pairs")
        before, after = (rows.numpy() for rows in found.successors)
        assert len(before) == len(groups) - 3
        assert (groups[before] == groups[after]).all()
        assert (before < after).all()
        assert len(set(before)) == len(set(after)) == len(before)
        for i, j in zip(before, after, strict=True):
            assert groups[i] not in groups[i + 1 : j]  # nothing is skipped


def test_transitions_leave_out_gaps_in_time():
    gap = T + np.where(np.arange(len(T)) >= 70, 5.0, 0.0)
    before, after = snapshots(t=gap, symmetry_of="pairs").successors
    assert (after == before + 1).all()
    assert set(range(len(T) - 1)) - set(before.tolist()) == {69}


def test_double_and_single_precision_see_the_same_data():
    single, single_dot = circles(np.float32)
    device = torch.device("cpu")
    args = (single, single_dot, STEP, GROUPS)
    pod = fit_pod(single, min_modes=2, random_state=np.random.RandomState(0))
    found = as_snapshots(pod, *args, symmetry_of="auto", device=device)
    double = snapshots(X_DOT, STEP, GROUPS)
    assert found.coordinates.dtype == torch.float32
    gram = found.coordinates[:, :2] @ found.coordinates[:, :2].T
    expected = double.coordinates @ double.coordinates.T
    assert_allclose(gram, expected, atol=1e-4)


@pytest.mark.parametrize("device", ["cuda:99", "nonsense", ""])
def test_unavailable_devices_are_named(device):
    with pytest.raises(ValueError, match=rf'device={device!r} is not.*device="cpu"'):
        check_device(device)


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_available_device(device):
    assert check_device(device) == torch.device("cpu")
