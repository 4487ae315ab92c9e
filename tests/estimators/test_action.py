"""What symmetries do to snapshots: group law, fields, motions to motions."""

import numpy as np
import pytest
from conftest import no_doubts
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError

from symdisc import LatentSymmetryDiscoverer
from symdisc.datasets import make_no_symmetry, make_sphere, make_spiral
from symdisc.metrics import energy_distance, equivariance_error


def fitted(make, n_components, symmetry_of):
    data = make(random_state=0)
    est = LatentSymmetryDiscoverer(n_components, symmetry_of=symmetry_of)
    return est.fit(data.X, data.get("X_dot")), data


@pytest.fixture(scope="module")
def spiral():
    return fitted(make_spiral, 2, "dynamics")


@pytest.fixture(scope="module")
def sphere():
    return fitted(make_sphere, 3, "auto")


def test_group_law(spiral):
    est, data = spiral
    # Of the rotation and the growth of a spiral one is translation in time.
    assert len(est.lie_algebra_) == 1
    assert est.lie_algebra_.time_translation is not None
    moved = est.act(est.act(data.X, 0.3), -0.4)
    assert_allclose(moved, est.act(data.X, -0.1), atol=1e-6)
    assert_allclose(est.act(data.X, 0.0), data.X, atol=1e-6)


def test_every_snapshot_by_its_own_element(spiral):
    est, data = spiral
    theta = np.random.default_rng(0).uniform(-0.3, 0.3, (5, 1))
    together = est.act(data.X[:5], theta)
    alone = [est.act(x[None], w)[0] for x, w in zip(data.X, theta, strict=False)]
    assert_allclose(together, alone, atol=1e-12)
    one_for_all = est.act(data.X[:5], theta[:1])
    assert_allclose(one_for_all, est.act(data.X[:5], theta[0]), atol=1e-12)


def test_fields_are_derivatives_of_the_action(spiral):
    est, data = spiral
    fields = est.infinitesimal_action(data.X[:50])
    assert fields.shape == (1, 50, data.X.shape[1])
    h = 1e-4
    ahead, behind = (est.act(data.X[:50], s) for s in (h, -h))
    assert_allclose(fields[0], (ahead - behind) / (2 * h), atol=1e-6)


def test_true_motions_are_mapped_to_true_motions(spiral):
    est, data = spiral
    moved = est.act(data.X, 0.4)
    # In the true coordinates the action is linear, and commutes with the motion.
    z = np.hstack([data.Z, np.ones((len(data.Z), 1))])
    decode = np.linalg.lstsq(data.X, data.Z, rcond=None)[0]
    fit = np.linalg.lstsq(z, moved @ decode, rcond=None)
    element = fit[0][:2].T
    assert_allclose(z @ fit[0], moved @ decode, atol=1e-5)
    J = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert_allclose(element @ J, J @ element, atol=1e-4)
    assert equivariance_error(est, data.X, data.X_dot, 0.4) < 1e-3


def test_integers_are_snapshots_as_any(spiral):
    est, data = spiral
    X, theta = np.rint(10 * data.X).astype(int), 0.4
    expected = equivariance_error(est, X.astype(float), data.X_dot, theta)
    assert equivariance_error(est, X, data.X_dot, theta) == expected


@pytest.mark.slow
def test_orbits_of_a_rotation_close_and_keep_the_distribution(sphere):
    est, data = sphere
    for generator in range(3):
        orbit = est.orbit(data.X[0], generator=generator)
        assert orbit.shape == (64, data.X.shape[1])
        assert_allclose(orbit[0], orbit[-1], atol=0.1 * data.X.std())
    moved = est.act(data.X, [1.0, 0.5, -0.7])
    assert energy_distance(moved, data.X) < 0.01
    stretched = est.inverse_transform(est.transform(data.X) * [1.5, 1, 1])
    assert energy_distance(stretched, data.X) > 0.01


# The equations of the set without symmetry leave half of its rates, a true alarm.
@no_doubts
def test_bad_requests(spiral):
    est, data = spiral
    with pytest.raises(ValueError, match="theta has 3 rows and X has 2"):
        est.act(data.X[:2], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="theta has shape"):
        est.act(data.X[:2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="generator=2"):
        est.orbit(data.X[0], generator=2)
    for theta in (0.5, [[0.5]], []):
        with pytest.raises(ValueError, match=r"theta has shape .* each point"):
            est.orbit(data.X[0], theta)
    with pytest.raises(ValueError, match=r"x has shape .* one sample"):
        est.orbit(data.X[:2])
    with pytest.raises(ValueError, match="X_dot has shape"):
        equivariance_error(est, data.X[:5], data.X_dot, 0.1)
    with pytest.raises(ValueError, match="X_dot has no velocities"):
        equivariance_error(est, data.X, None, 0.1)
    with pytest.raises(NotFittedError):
        equivariance_error(LatentSymmetryDiscoverer(), data.X, data.X_dot, 0.1)
    with pytest.raises(ValueError, match="columns"):
        energy_distance(np.ones((3, 2)), np.ones((3, 1)))
    none, data = fitted(make_no_symmetry, 2, "dynamics")
    with pytest.raises(ValueError, match="no symmetry"):
        none.act(data.X, 0.1)
    with pytest.raises(ValueError, match="no generators"):
        equivariance_error(none, data.X, data.X_dot, 0.1)
