"""Scale and origin of latents, found where the candidate functions show them."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc._equations.library import CandidateLibrary
from symdisc._sindy.calibration import MAX_ROWS, calibrate, needs_calibration

Z0, Z1, SPEED = sympy.symbols("z0 z1 z0_dot")
SINE = CandidateLibrary([Z0, sympy.sin(Z0)], [Z0])


@pytest.mark.parametrize(
    ("terms", "needed"),
    [
        ([sympy.Integer(1), Z0, Z0 * Z1**2], False),
        ([Z0, sympy.sqrt(2) * Z1], False),
        ([Z0, sympy.sin(Z1)], True),
        ([1 / Z0], True),
        ([sympy.sqrt(Z0)], True),
        ([sympy.exp(Z0 + Z1), Z0], True),
    ],
)
def test_only_polynomials_need_none(terms, needed):
    assert needs_calibration(CandidateLibrary(terms, [Z0, Z1])) is needed


@given(st.integers(1, 3), st.integers(1, 3))
def test_polynomial_libraries_need_none(n_variables, degree):
    assert not needs_calibration(CandidateLibrary.polynomial(n_variables, degree))


@pytest.mark.parametrize("offset", [0.0, -0.3, 0.5])
@pytest.mark.parametrize("scale", [0.4, 1.0, 2.7])
def test_sine_of_rescaled_latents(scale, offset):
    # y' = sin y + y / 2 in y = scale z + offset.
    z = np.random.default_rng(0).uniform(-2.5, 2.5, (400, 1))
    y = scale * z + offset
    found = calibrate([z], (np.sin(y) + y / 2) / scale, SINE)
    assert_allclose(found[0], scale, rtol=0.01)
    assert_allclose(found[1], [offset], atol=0.01)


def test_two_latents_share_a_scale_and_have_their_origins():
    library = CandidateLibrary([sympy.sin(Z0), sympy.sin(Z1)], [Z0, Z1])
    z = np.random.default_rng(1).uniform(-1.5, 1.5, (500, 2))
    scale, offset = 1.6, np.array([0.3, -0.2])
    rates = np.sin(scale * z + offset) @ np.array([[1.0, 0.3], [-0.5, 2.0]])
    found = calibrate([z], rates, library)
    assert_allclose(found[0], scale, rtol=0.01)
    assert_allclose(found[1], offset, atol=0.01)


def test_velocities_are_scaled_and_not_shifted():
    # y'' = sin y - 2 y'^3 + sin y' in y = 1.8 z + 0.4.
    library = CandidateLibrary([sympy.sin(Z0), SPEED**3, sympy.sin(SPEED)], [Z0, SPEED])
    z, z_dot = np.random.default_rng(2).uniform(-1.5, 1.5, (2, 500, 1))
    y, y_dot = 1.8 * z + 0.4, 1.8 * z_dot
    rates = (np.sin(y) - 2 * y_dot**3 + np.sin(y_dot)) / 1.8
    scale, offset = calibrate([z, z_dot], rates, library)
    assert_allclose(scale, 1.8, rtol=0.01)
    assert_allclose(offset, [0.4], atol=0.01)


def test_noise_and_more_rows_than_are_used():
    rng = np.random.default_rng(3)
    z = rng.uniform(-2, 2, (5 * MAX_ROWS + 7, 1))
    rates = -np.sin(1.5 * z + 0.2) + 0.001 * rng.standard_normal(z.shape)
    scale, offset = calibrate([z], rates, SINE)
    assert_allclose(scale, 1.5, rtol=0.01)
    assert_allclose(offset, [0.2], atol=0.01)


def test_origins_outside_the_domain_are_passed_over():
    # log z exists for z > 0 only, and smaller scales do not help: the origin must.
    library = CandidateLibrary([sympy.log(Z0)], [Z0])
    z = np.random.default_rng(4).uniform(0.1, 2, (300, 1))
    scale, offset = calibrate([z], np.log(z + 0.5), library)
    # log(a y) is log y and a constant, which this library lacks: scale 1.
    assert_allclose(scale, 1, rtol=0.01)
    assert_allclose(offset, [0.5], atol=0.01)
