"""Tests of the data sets with known symmetry: exact solutions, pictures, the lift."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import expm
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from symdisc.datasets import (
    make_double_bump,
    make_hyperbolic,
    make_minkowski,
    make_rotating_object,
    make_scaling,
    make_spiral,
    make_two_body,
)
from symdisc.datasets._lift import polynomial_lift, push_forward
from symdisc.datasets._rendering import look_around, render


def test_lift_is_a_cubic_polynomial_of_the_size_asked_for():
    unit = polynomial_lift(2, 10, np.random.RandomState(0))
    double = polynomial_lift(2, 10, np.random.RandomState(0), size=2.0)
    Z = np.array([[1.0, -0.5]])
    values = np.vstack([unit(s * Z) for s in np.arange(5)])
    assert_allclose(np.diff(values, n=4, axis=0), 0, atol=1e-11)
    assert np.abs(np.diff(values, n=3, axis=0)).max() > 1
    assert_allclose(double(2 * Z), 2 * unit(Z))
    rates = push_forward(unit, Z, Z)[1]
    step = (unit((1 + 1e-6) * Z) - unit((1 - 1e-6) * Z)) / 2e-6
    assert_allclose(rates, step, rtol=1e-7, atol=1e-8)


def paths(data):
    return data.Z.reshape(data.groups[-1] + 1, -1, data.Z.shape[1])


def test_hyperbolic_angle_advances_and_hyperbola_relaxes():
    data = make_hyperbolic(10, 100, omega=0.7, relaxation=0.4, random_state=0)
    z0, z1 = np.moveaxis(paths(data), 2, 0)
    t, s, N = data.t[:100], np.arctanh(z1 / z0), z0**2 - z1**2
    assert_allclose(s, s[:, :1] + 0.7 * t, atol=1e-10)
    odds = (1 / N[:, :1] - 1) * np.exp(-0.8 * t)
    assert_allclose(N, 1 / (1 + odds), rtol=1e-10)


def test_spiral_is_the_exact_solution():
    data = make_spiral(10, 100, omega=1.5, growth=0.2, random_state=0)
    z = paths(data) @ [1, 1j]
    assert_allclose(z, z[:, :1] * np.exp((0.2 + 1.5j) * data.t[:100]), rtol=1e-10)


@pytest.mark.parametrize("omega", [0.3, 0.6, 0.9])
def test_scaling_flow_follows_conic_sections(omega):
    data = make_scaling(10, 100, omega=omega, random_state=0)
    kept = data.energy(data.Z).reshape(10, 100)
    assert np.ptp(kept, axis=1).max() < 1e-11
    assert np.ptp(kept[:, 0]) > 0.3


def test_scaling_flow_with_little_growth_has_one_period():
    period = 2 * np.pi / np.sqrt(0.9**2 - 0.6**2)
    data = make_scaling(10, 3, period / 2, omega=0.9, growth=0.6, random_state=0)
    start, half, end = np.moveaxis(paths(data), 1, 0)
    assert_allclose(end, start, atol=1e-10)
    assert np.linalg.norm(half - start, axis=1).min() > 0.1


def test_two_bodies_keep_energy_and_both_momenta():
    data = make_two_body(50, 50, random_state=0)
    q1, q2, p1, p2 = np.split(data.Z, 4, axis=1)
    spin = np.cross(np.pad(q1, ((0, 0), (0, 1))), np.pad(p1, ((0, 0), (0, 1))))
    spin += np.cross(np.pad(q2, ((0, 0), (0, 1))), np.pad(p2, ((0, 0), (0, 1))))
    for kept in (data.energy(data.Z), spin[:, 2], *(p1 + p2).T):
        assert np.ptp(kept.reshape(50, 50), axis=1).max() < 1e-9
        assert np.ptp(kept.reshape(50, 50)[:, 0]) > 0.05
    assert np.linalg.matrix_rank(data.Z) == 8


def test_two_bodies_without_noise_move_on_circles():
    data = make_two_body(10, 20, orbit_noise=0.0, random_state=0)
    z = paths(data) @ np.kron(np.eye(4), [[1], [1j]])
    r = np.abs(z[:, :1, 0])
    assert (r >= 0.5).all()
    assert (r <= 1.5).all()
    turned = z[:, :1, 0] * np.exp(1j * data.t[:20] / (2 * r**1.5))
    assert_allclose(z[:, :, 0], turned, atol=1e-9)
    assert_allclose(z[:, :, 1], -turned, atol=1e-9)
    assert np.linalg.matrix_rank(data.Z, tol=1e-6) == 4


def test_bumps_shift_with_their_angles():
    data = make_double_bump(50, n_grid=40, n_channels=2, random_state=0)
    rectangle, triangle = np.hsplit(data.X, 2)
    distance = np.abs(np.angle(np.exp(1j * (data.grid - data.angles[:, :1]))))
    far = np.abs(distance - np.pi / 4) > np.pi / 40
    assert_array_equal(rectangle[far], distance[far] < np.pi / 4)
    # Averages over cells, and not samples: the area does not depend on the angle.
    assert_allclose(rectangle.sum(axis=1), 10)
    peaks = np.angle(triangle @ np.exp(1j * data.grid)) % (2 * np.pi)
    assert_allclose(peaks, data.angles[:, 1], atol=0.02)
    assert_allclose(triangle.sum(axis=1), 5, atol=0.1)
    mean = make_double_bump(50, n_grid=40, random_state=0).X
    assert_allclose(mean, (rectangle + triangle) / 2)
    angle = np.arctan2(data.Z[:, [1, 3]], data.Z[:, [0, 2]]) % (2 * np.pi)
    assert_allclose(angle, data.angles)


@pytest.mark.parametrize(
    ("make", "params"),
    [
        (make_double_bump, {}),
        (make_double_bump, {"n_channels": 2}),
        (make_rotating_object, {}),
        (make_rotating_object, {"n_views": 2, "n_pixels": 16}),
    ],
)
def test_different_states_look_different(make, params):
    data = make(600, random_state=0, **params)
    ratios = pdist(data.X) / pdist(data.Z)
    assert ratios.min() > 0.15 * np.median(ratios)


def test_quarter_turn_of_the_object_is_that_of_the_image():
    data = make_rotating_object(6, random_state=0, n_pixels=20)
    turn = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    images = render(data.rotations, look_around(1), data.grid).reshape(-1, 20, 20)
    turned = render(turn @ data.rotations, look_around(1), data.grid)
    assert_allclose(data.X, images.reshape(6, -1), rtol=1e-12)
    assert_allclose(turned.reshape(-1, 20, 20), np.rot90(images, axes=(1, 2)))


def test_every_camera_sees_what_the_first_sees_after_a_turn_of_space():
    data = make_rotating_object(6, random_state=0, n_views=3, n_pixels=12)
    for i, image in enumerate(np.hsplit(data.X, 3)):
        turn = Rotation.from_euler("y", -60 * i, degrees=True).as_matrix()
        expected = render(turn @ data.rotations, look_around(1), data.grid)
        assert_allclose(image, expected, atol=1e-12)


def test_nearer_is_brighter():
    data = make_rotating_object(6, n_pixels=20, random_state=0)
    behind = Rotation.from_euler("y", 180, degrees=True).as_matrix()
    images = render(behind @ data.rotations, look_around(1), data.grid)
    mirrored = images.reshape(-1, 20, 20)[:, :, ::-1].reshape(6, -1)
    ratios = data.X / mirrored
    # A blob at depth d is brighter by exp(2 * 0.6 d) than from behind, |d| < 0.9.
    assert np.abs(np.log(ratios)).max() < 1.2 * 0.9
    assert (ratios.max(axis=1) > 1.2).all()
    assert (ratios.min(axis=1) < 1 / 1.2).all()


def test_object_turns_steadily_in_its_own_axes():
    data = make_rotating_object(40, 10, 0.2, n_pixels=4, random_state=0)
    R = data.rotations.reshape(4, 10, 3, 3)
    steps = R[:, :-1].swapaxes(2, 3) @ R[:, 1:]
    assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), atol=1e-12)
    rates = data.Z_dot.reshape(4, 10, 3, 3)[:, 0]
    spins = R[:, 0].swapaxes(1, 2) @ rates
    assert_allclose(steps[:, 0], expm(0.2 * spins), atol=1e-12)


def test_labels_are_balanced_and_rapidities_reach_the_end():
    data = make_minkowski(max_rapidity=1.0, random_state=0)
    mass = np.sqrt(data.invariant(data.Z))
    assert_array_equal(data.y, mass > 1)
    assert abs(data.y.mean() - 0.5) < 0.03
    rapidity = np.arccosh(data.Z[:, 0] / mass)
    assert 0.99 < rapidity.max() <= 1 + 1e-9
    # The integral of sinh^2 up to one half, over that up to one.
    share = (np.sinh(1) / 4 - 0.25) / (np.sinh(2) / 4 - 0.5)
    assert_allclose(np.mean(rapidity < 0.5), share, atol=0.02)
