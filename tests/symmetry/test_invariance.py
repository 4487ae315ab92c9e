"""Symmetries by eigenvalue problems: dimension, span, number, and none at all."""

import numpy as np
import pytest
from conftest import first_of, no_doubts
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from symdisc import LatentSymmetryDiscoverer
from symdisc._symmetry.distribution_residuals import DistributionResiduals
from symdisc._symmetry.field_residuals import motion_residuals
from symdisc._symmetry.invariance import Symmetries, count_symmetries
from symdisc.datasets import (
    make_hyperbolic,
    make_no_symmetry,
    make_sphere,
    make_spiral,
    make_torus,
)

J = np.array([[0.0, -1.0], [1.0, 0.0]])


def angle_between(found, true):
    """Largest principal angle between two spans of matrices."""
    frames = [np.linalg.qr(m.reshape(len(m), -1).T)[0] for m in (found, true)]
    cosines = np.linalg.svd(frames[0].T @ frames[1])[1]
    return np.arccos(min(cosines.min(), 1.0))


def certified(residuals, max_defect=0.05):
    """Return the leading maps whose bounds are at most the tolerance."""
    maps = residuals.solve()[1]
    uppers = [defect.upper for defect in residuals.nested(maps)]
    return maps[: [*(upper > max_defect for upper in uppers), True].index(True)]


@pytest.mark.parametrize("dim", [2, 3, 4])
def test_normal_states_have_all_rotations(dim):
    z = np.random.default_rng(dim).standard_normal((4000, dim))
    maps = certified(DistributionResiduals([z], [1.0]))
    n = dim * (dim - 1) // 2
    assert len(maps) == n
    linear = maps[..., :-1] / np.linalg.norm(maps, axis=(1, 2), keepdims=True)
    skew = linear - linear.transpose(0, 2, 1)
    assert np.linalg.norm(skew) ** 2 / 4 / n > 0.98


def test_pairs_see_what_states_do_not():
    # Normal states turn either way; a field of differential rotation only one way, and
    # a field of shear not at all.
    z = np.random.default_rng(0).standard_normal((4000, 2))
    turning = (z**2).sum(1, keepdims=True) * z @ J.T / 3
    assert len(certified(DistributionResiduals([z, turning], [1.0, 0.0]))) == 1
    shear = np.stack([z[:, 1], np.zeros(len(z))], axis=1)
    assert len(certified(DistributionResiduals([z, shear], [1.0, 0.0]))) == 0


@given(seed=st.integers(0, 2**16))
@settings(max_examples=10, deadline=None)
def test_symmetries_of_a_motion_move_with_the_coordinates(seed):
    rng = np.random.default_rng(seed)
    z = rng.uniform(-1, 1, (500, 2))
    rates = (1 - (z**2).sum(1, keepdims=True)) * z + 2 * z @ J.T
    change = np.linalg.qr(rng.standard_normal((2, 2)))[0] @ np.diag([1.0, 2.0])
    shift = rng.uniform(-1, 1, 2)
    maps = certified(motion_residuals(z @ change.T + shift, rates @ change.T))
    assert len(maps) == 1
    linear, moved = maps[0, :, :2], maps[0, :, 2]
    true = change @ J @ np.linalg.inv(change)
    assert angle_between(linear[None], true[None]) < 1e-4
    assert_allclose(linear @ shift + moved, 0, atol=1e-4)


def test_linear_motion_commutes_with_itself_and_the_identity():
    z = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    maps = certified(motion_residuals(z, z @ (J - 0.3 * np.eye(2)).T))
    assert len(maps) == 2
    true = np.array([J, np.eye(2)])
    assert angle_between(maps[:, :, :2], true) < 1e-6


def test_the_count_needs_a_gap_and_a_small_share():
    maps = np.zeros((4, 2, 2))

    def count(*errors):
        return count_symmetries(Symmetries(np.array(errors), maps, 1e-4))

    assert count(1e-9, 1e-4, 0.2, 0.3) == 2  # below chance they do not differ
    assert count(1e-3, 2e-3, 0.2, 0.3) == 2
    assert count(1e-3, 4e-3, 0.01, 0.3) == 0
    assert count(0.05, 0.3, 0.4, 0.5) == 0
    assert count(0.2, 0.3, 0.4, 0.5) == 0


KNOWN = pytest.mark.parametrize(
    ("make", "n_components", "symmetry_of", "name"),
    [
        (make_sphere, 3, "auto", "so(3)"),
        pytest.param(make_torus, 4, "auto", "so(2)+so(2)", marks=pytest.mark.slow),
        pytest.param(make_hyperbolic, 2, "dynamics", "so(1,1)", marks=pytest.mark.slow),
        (make_spiral, 2, "dynamics", None),
        (make_no_symmetry, 2, "dynamics", "trivial"),
        pytest.param(
            make_no_symmetry, 2, "derivatives", "trivial", marks=pytest.mark.slow
        ),
    ],
)


@no_doubts
@KNOWN
def test_known_symmetries_of_lifted_data(make, n_components, symmetry_of, name):
    check_known(make, n_components, symmetry_of, name, 0)


@no_doubts
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@KNOWN
def test_known_symmetries_every_time(make, n_components, symmetry_of, name, seed):
    check_known(make, n_components, symmetry_of, name, seed)


def check_known(make, n_components, symmetry_of, name, seed):
    data = make(random_state=seed)
    est = LatentSymmetryDiscoverer(
        n_components, symmetry_of=symmetry_of, random_state=seed
    ).fit(data.X, data.get("X_dot"))
    algebra = est.lie_algebra_
    time = np.zeros((0, 2, 2))
    if algebra.time_translation is not None:
        time = algebra.time_translation.basis
    found = np.concatenate([algebra.basis, time]) if len(time) else algebra.basis
    assert len(found) == len(data.algebra)
    assert name is None or algebra.name == name
    assert est.reconstruction_error_ < 1e-8
    if not len(algebra.basis):
        return
    # The latents are an affine image of the true ones, and the algebra its conjugate.
    table = np.hstack([data.Z, np.ones((len(data.Z), 1))])
    image = np.linalg.lstsq(table, est.transform(data.X), rcond=None)[0][:-1].T
    true = image @ data.algebra @ np.linalg.inv(image)
    assert angle_between(found, true) < (0.3 if name else 0.05)
    assert set(est.verdict_) == {"certified"}


@pytest.mark.slow
def test_a_number_can_be_asked_for():
    data = make_spiral(40, random_state=0)
    est = LatentSymmetryDiscoverer(
        n_generators=2, symmetry_of="dynamics", random_state=3
    )
    # Rotation is time translation: scaling alone is left.
    with pytest.warns(ConvergenceWarning, match="n_generators=2 asks .*: 1 certified"):
        est.fit(data.X, data.X_dot)
    assert est.verdict_ == ("certified",)
    est.set_params(n_generators=1).fit(data.X, data.X_dot)
    assert est.verdict_ == ("certified",)
    assert est.defect_[0] < 0.01


@pytest.mark.parametrize("dim", first_of([2, 1, 3]))
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_uniform_flow_has_translations_and_no_linear_map(dim, noise):
    rng = np.random.default_rng(dim)
    velocity, t = rng.uniform(0.3, 1.0, dim), np.linspace(0, 1, 25)[:, None]
    Z = (rng.uniform(-1, 1, (40, 1, dim)) + t * velocity).reshape(-1, dim)
    X = (Z + noise * rng.standard_normal(Z.shape)) @ rng.standard_normal((dim, 6))
    X_dot = np.tile(np.linalg.lstsq(Z, X, rcond=None)[0].T @ velocity, (len(X), 1))
    est = LatentSymmetryDiscoverer(dim, symmetry_of="dynamics")
    est.fit(X, X_dot)
    assert not est.lie_algebra_
    assert np.abs(est.transform(X)).max() < 10
    # A constant, and nothing else, in each equation.
    assert (np.count_nonzero(est.equations_.coefficients, axis=1) == 1).all()


def test_dynamics_need_derivatives():
    with pytest.raises(ValueError, match='symmetry_of="motion" needs'):
        LatentSymmetryDiscoverer(symmetry_of="dynamics").fit(np.eye(8))
