"""Coefficients that follow rows from step to step."""

import numpy as np
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from symdisc import CandidateLibrary, EquationSystem
from symdisc._errors_in_variables.shooting import shoot

LIBRARY = CandidateLibrary.polynomial(2, 3)
TRUE = np.zeros((2, 10))
for row, name, value in (
    (0, "1", 1.0),
    (0, "z0", -4.0),
    (0, "z0**2*z1", 1.0),
    (1, "z0", 3.0),
    (1, "z0**2*z1", -1.0),
):
    TRUE[row, LIBRARY.names.index(name)] = value
T = np.arange(0, 20, 0.2)


def brusselator(start, t=T):
    law = EquationSystem(TRUE, LIBRARY)
    known = {"t_eval": t, "rtol": 1e-11, "atol": 1e-12, "method": "DOP853"}
    return solve_ivp(lambda _, z: law(z), (0, t[-1]), start, **known).y.T


def test_terms_that_made_up_for_bias_are_dropped():
    X = np.vstack([brusselator(start) for start in ([1, 1], [2, 0.7])])
    t, groups = np.tile(T, 2), np.repeat([0, 1], len(T))
    near = 0.95 * TRUE
    near[0, 2:5] += 0.03
    found = shoot(EquationSystem(near, LIBRARY), X, t, groups)
    assert ((found.coefficients != 0) == (TRUE != 0)).all()
    assert_allclose(found.coefficients, TRUE, atol=1e-6)
    assert np.max(found.left) < 1e-12


def test_a_term_that_is_missing_is_not_made_up_for():
    X = brusselator([1, 1])
    near = TRUE.copy()
    near[0, 0] = 0.0
    assert shoot(EquationSystem(near, LIBRARY), X, T, None) is None


def test_trajectories_row_by_row():
    pair = np.stack([brusselator(start) for start in ([1, 1], [2, 0.7])], axis=1)
    t, groups = np.repeat(T, 2), np.tile([0, 1], len(T))
    near = EquationSystem(0.95 * TRUE, LIBRARY)
    found = shoot(near, pair.reshape(-1, 2), t, groups)
    assert_allclose(found.coefficients, TRUE, atol=1e-6)


def test_rows_at_rest_say_nothing():
    near = EquationSystem(0.95 * TRUE, LIBRARY)
    assert shoot(near, np.ones((5, 2)), np.arange(5.0), None) is None
