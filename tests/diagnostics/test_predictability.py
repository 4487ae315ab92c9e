"""How long a simulation follows data, and Lyapunov exponents that are known."""

import numpy as np
import pytest
from conftest import first_of
from scipy.integrate import solve_ivp

from symdisc import CandidateLibrary, EquationSystem
from symdisc._diagnostics.predictability import forecast_horizon, lyapunov_exponent
from symdisc.datasets import make_lorenz

library = CandidateLibrary.polynomial(2, 3)


def system(*equations):
    """Equations in z0 and z1 from dictionaries of terms."""
    names = list(library.names)
    coefficients = np.zeros((2, len(names)))
    for row, terms in zip(coefficients, equations, strict=True):
        for name, value in terms.items():
            row[names.index(name)] = value
    return EquationSystem(coefficients, library)


def exponent(equations, start, duration):
    path = solve_ivp(
        lambda _, z: equations(z),
        (0, duration),
        start,
        t_eval=np.linspace(0, duration, 500),
        rtol=1e-9,
    ).y.T
    return lyapunov_exponent(equations, path[:1], np.array([duration]), path)


def test_exponent_of_the_lorenz_system():
    data = make_lorenz(3, n_steps=100, random_state=0)
    starts = data.Z[data.t == 0]
    durations = np.full(len(starts), 20.0)
    found = lyapunov_exponent(data.equations, starts, durations, data.Z)
    assert found == pytest.approx(0.906, rel=0.1)


def test_units_of_the_variables_do_not_matter():
    data = make_lorenz(3, n_steps=100, random_state=0)
    starts, durations = data.Z[data.t == 0], np.full(3, 20.0)
    names = list(data.equations.library.names)
    small = data.equations.coefficients.copy()
    # z2 in another unit.
    for i, name in enumerate(names):
        small[:, i] *= 1e3 ** name.count("z2")
    small[2] /= 1e3
    scaled = EquationSystem(small, data.equations.library)
    unit = np.array([1, 1, 1e-3])
    found = [
        lyapunov_exponent(equations, starts * by, durations, data.Z * by)
        for equations, by in ((data.equations, np.ones(3)), (scaled, unit))
    ]
    assert found[0] == pytest.approx(found[1], rel=0.1)


@pytest.mark.parametrize("duration", first_of([100.0, 10.0, 500.0]))
def test_regular_motions_have_no_positive_exponent(duration):
    predators = system({"z0": 1, "z0*z1": -1}, {"z1": -1, "z0*z1": 1})
    assert exponent(predators, [0.2, 0.2], duration) is None
    van_der_pol = system({"z1": 1}, {"z1": 2, "z0**2*z1": -2, "z0": -1})
    assert exponent(van_der_pol, [0.1, 0.1], duration) is None
    assert exponent(system({"z1": 1}, {"z0": -1}), [1.0, 0.0], duration) is None


def test_equations_that_blow_up_or_rest_have_none():
    explosion = system({"z0**2": 1}, {"z1": -1})
    states = np.array([[1.0, 1.0], [2.0, 0.0]])
    assert lyapunov_exponent(explosion, states[:1], np.array([2.0]), states) is None
    assert exponent(system({}, {}), [1.0, 0.0], 9.0) is None


def test_horizon():
    t = np.array([2.0, 3.0, 5.0, 9.0])
    data = np.column_stack([[0.0, 1.0, 0.0, 1.0], 1e6 * t, np.ones(4)])
    assert forecast_horizon(t, data, data) == (7.0, True)
    # 0.5 and 1.5 standard deviations of one of the two columns that move.
    simulated = data + np.outer([0, 0.25, 0.75, 0], [1, 0, 0])
    assert forecast_horizon(t, data, simulated) == (3.0, False)
    simulated[1] = np.nan
    assert forecast_horizon(t, data, simulated) == (1.0, False)
    # A column at rest does not count beside others.
    assert forecast_horizon(t, data, data + np.array([0, 0, 1e-3])) == (7.0, True)
    rest = np.ones((4, 1))
    assert forecast_horizon(t, rest, rest + 0.1) == (7.0, True)
    jumps = rest + 0.5 * (t == 5)[:, None]
    assert forecast_horizon(t, rest, jumps) == (3.0, False)
