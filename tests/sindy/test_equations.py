"""Equation systems: what is shown, and what is computed."""

import copy
import pickle

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary

LIBRARY = CandidateLibrary.polynomial(2, 2)
ROTATION = np.array([[0, 0, 0.90749, 0, 0, 0], [0, -0.90751, 0, 0, 0, 0]])


def test_prints_rounded_and_computes_raw():
    system = EquationSystem(ROTATION, LIBRARY)
    assert str(system) == "dz0/dt = 0.9075*z1\ndz1/dt = -0.9075*z0"
    assert repr(system) == "<EquationSystem: 2 equations, 2 terms>"
    assert system.n_terms == 2
    assert_allclose(system([[1.0, 2.0]]), [[2 * 0.90749, -0.90751]])
    assert_allclose(system([1.0, 2.0]), [2 * 0.90749, -0.90751])


def test_equations_are_sympy():
    system = EquationSystem(ROTATION, LIBRARY)
    t = sympy.Symbol("t")
    first, second = (sympy.Function(name)(t) for name in ("z0", "z1"))
    assert next(iter(system)) == sympy.Eq(first.diff(t), 0.90749 * second)
    assert system[-1].lhs == second.diff(t)
    assert len(system[:1]) == 1
    with pytest.raises(IndexError):
        system[2]


def test_sympy_can_solve_them():
    decay = EquationSystem([[-2.0]], CandidateLibrary.polynomial(1, 1, False))
    solution = sympy.dsolve(decay[0])
    assert str(solution.rhs) == "C1*exp(-2*t)"


def test_empty_and_tiny():
    system = EquationSystem(np.zeros((2, 6)), LIBRARY)
    assert str(system) == "dz0/dt = 0\ndz1/dt = 0"
    assert system.n_terms == 0
    assert isinstance(system[0], sympy.Eq)
    assert_allclose(system(np.ones((3, 2))), np.zeros((3, 2)))
    constant = EquationSystem(0.5 * np.eye(2, 6), LIBRARY)
    assert str(constant) == "dz0/dt = 0.5\ndz1/dt = 0.5*z0"
    tiny = EquationSystem(1.2345e-5 * (ROTATION != 0), LIBRARY)
    assert str(tiny).startswith("dz0/dt = 1.234e-5*z1")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), digits=st.integers(1, 17))
def test_sympy_round_trip(seed, digits):
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(size=(2, 6)) * rng.integers(0, 2, size=(2, 6))
    system = EquationSystem(coefficients, LIBRARY, digits=digits)
    shown = [sympy.sympify(line.split(" = ")[1]) for line in str(system).splitlines()]
    rebuilt = CandidateLibrary(shown, LIBRARY.symbols)
    z = rng.uniform(-1, 1, size=(10, 2))
    size = np.abs(LIBRARY.evaluate(z)) @ np.abs(coefficients.T)
    # A number of one digit may be off by half of its first one.
    # Evaluation of floats inside terms, from 15 digits, adds some rounding.
    allowed = (5 * 10.0**-digits + 1e-14) * size
    assert (np.abs(rebuilt.evaluate(z) - system(z)) <= allowed).all()
    exact = CandidateLibrary(system.expressions, LIBRARY.symbols)
    assert_allclose(exact.evaluate(z), system(z), rtol=1e-12, atol=1e-14)


def test_callables():
    system = EquationSystem(ROTATION, LIBRARY)
    z = np.random.default_rng(0).normal(size=(5, 2))
    for function in (
        system.to_callable(),
        pickle.loads(pickle.dumps(system)).to_callable(),
    ):
        assert_allclose(function(z), system(z), rtol=0)
    tensor = torch.from_numpy(z).float().requires_grad_()
    rates = pickle.loads(pickle.dumps(system.to_callable("torch")))(tensor)
    assert rates.dtype == torch.float32
    assert_allclose(rates.detach().numpy(), system(z), rtol=1e-5)
    rates.sum().backward()
    assert (tensor.grad.abs() > 0).all()
    whole = torch.tensor([[4, -1], [2, 3]])
    assert_allclose(system.to_callable("torch")(whole), system(whole), rtol=1e-12)
    with pytest.raises(ValueError, match="backend must be"):
        system.to_callable("jax")


def test_latex():
    system = EquationSystem(ROTATION, LIBRARY)
    assert system.to_latex() == (
        "\\begin{aligned}\n\\dot{z_{0}} &= 0.9075 z_{1} \\\\\n"
        "\\dot{z_{1}} &= - 0.9075 z_{0}\n\\end{aligned}"
    )
    assert system._repr_latex_().startswith("$$")


@pytest.mark.parametrize(
    "copier", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))]
)
def test_copies(copier):
    system = EquationSystem(ROTATION, LIBRARY)
    list(system)
    copied = copier(system)
    assert str(copied) == str(system)
    assert list(copied) == list(system)


PENDULUM = CandidateLibrary(
    [sympy.sin(sympy.Symbol("z0")), *sympy.symbols("z0_dot z1 z1_dot")],
    sympy.symbols("z0 z1 z0_dot z1_dot"),
)
FORCES = np.array([[-1.0, -0.1, 0.25, 0.0], [0.0, 0.0, -4.0, -0.2]])


def test_second_order():
    system = EquationSystem(FORCES, PENDULUM, order=2)
    assert str(system) == (
        "d2z0/dt2 = -0.1*z0_dot + 0.25*z1 - sin(z0)\nd2z1/dt2 = -4*z1 - 0.2*z1_dot"
    )
    assert len(system) == 2
    states = np.random.default_rng(0).normal(size=(5, 4))
    p, q, v, w = states.T
    truth = np.column_stack([-np.sin(p) - 0.1 * v + 0.25 * q, -4 * q - 0.2 * w])
    assert_allclose(system(states), truth)
    assert_allclose(system(states[0]), truth[0])
    assert_allclose(system.to_callable("torch")(torch.from_numpy(states)), truth)
    assert_allclose(pickle.loads(pickle.dumps(system))(states), truth)


def test_second_order_in_sympy():
    system = pickle.loads(pickle.dumps(EquationSystem(FORCES, PENDULUM, order=2)))
    t = sympy.Symbol("t")
    p, q = (sympy.Function(name)(t) for name in ("z0", "z1"))
    expected = -0.1 * p.diff(t) + 0.25 * q - sympy.sin(p)
    assert system[0].lhs == p.diff(t, 2)
    assert system[0].rhs == expected
    assert system.to_latex().splitlines()[1] == (
        r"\ddot{z_{0}} &= - 0.1 \dot{z_{0}} + 0.25 z_{1} - \sin{\left(z_{0} \right)} \\"
    )
    free = CandidateLibrary(sympy.symbols("z0 z0_dot"), sympy.symbols("z0 z0_dot"))
    solution = sympy.dsolve(EquationSystem([[-4, 0]], free, order=2)[0])
    assert str(solution.rhs) == "C1*sin(2*t) + C2*cos(2*t)"


@pytest.mark.parametrize(
    ("value", "error", "text", "plain"),
    [
        (0.90812, 0.00213, "(0.908 +- 0.002)*z1", "0.908*z1"),
        (-0.90812, 0.0134, "-(0.908 +- 0.013)*z1", "-0.908*z1"),
        (0.90812, 0.0000213, "(0.90812 +- 0.00002)*z1", "0.9081*z1"),
        (0.90812, 0.3, "(0.9 +- 0.3)*z1", "0.91*z1"),
        (0.0003, 0.00996, "(0.000 +- 0.010)*z1", "0.0003*z1"),
        (1234.5, 37.2, "(1234 +- 37)*z1", "1234*z1"),
        (2.5, 1.2, "(2.5 +- 1.2)*z1", "2.5*z1"),
        (-0.90812, 0.0, "-0.9081*z1", "-0.9081*z1"),
        (0.0, 0.5, "0", "0"),
    ],
)
def test_standard_errors(value, error, text, plain):
    library = CandidateLibrary.polynomial(2, 1, False)
    coefficients, errors = np.diag([1.0, 1.0]), np.full((2, 2), 0.25)
    coefficients[0], errors[0] = [0, value], [0.1, error]
    system = pickle.loads(
        pickle.dumps(EquationSystem(coefficients, library, errors=errors))
    )
    assert_allclose(system.errors, errors, rtol=0)
    assert system.to_text(errors=True).splitlines() == [
        f"dz0/dt = {text}",
        "dz1/dt = (1.0 +- 0.2)*z1",
    ]
    assert str(system) == f"dz0/dt = {plain}\ndz1/dt = z1"
    assert system.to_table().shown[0][1] == plain.removesuffix("*z1")
    assert float(system.expressions[0].coeff(sympy.Symbol("z1"))) == value


def test_standard_errors_of_many_terms():
    z0, v = sympy.symbols("z0 z0_dot")
    library = CandidateLibrary([1, z0 + v, sympy.cos(z0)], [z0, v])
    system = EquationSystem([[-1, 2, -3]], library, errors=[[0.5] * 3], order=2)
    assert system.to_text(errors=True) == (
        "d2z0/dt2 = -(1.0 +- 0.5) + (2.0 +- 0.5)*(z0 + z0_dot) - (3.0 +- 0.5)*cos(z0)"
    )


def test_bad_errors_and_orders():
    with pytest.raises(ValueError, match=r"errors has shape \(6,\); give one"):
        EquationSystem(ROTATION, LIBRARY, errors=np.ones(6))
    for wrong in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="errors contains negative numbers, NaN"):
            EquationSystem(ROTATION, LIBRARY, errors=np.full((2, 6), wrong))
    with pytest.raises(ValueError, match="asks for standard errors, which these"):
        EquationSystem(ROTATION, LIBRARY).to_text(errors=True)
    with pytest.raises(ValueError, match="order must be 1 or 2; got 0"):
        EquationSystem(ROTATION, LIBRARY, order=0)
    with pytest.raises(ValueError, match=r"k, n_terms\) = \(1, 6\)"):
        EquationSystem(ROTATION, LIBRARY, order=2)
    odd = CandidateLibrary.polynomial(3, 1)
    with pytest.raises(ValueError, match="order=2 needs a library in positions"):
        EquationSystem(np.zeros((1, 4)), odd, order=2)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"coefficients has shape \(2, 5\)"):
        EquationSystem(np.zeros((2, 5)), LIBRARY)
    with pytest.raises(ValueError, match="coefficients contains NaN"):
        EquationSystem(np.full((2, 6), np.nan), LIBRARY)
    for wrong in (1.5, 0, True):
        with pytest.raises(ValueError, match=f"digits must be .* got {wrong}. Use 4"):
            EquationSystem(ROTATION, LIBRARY, wrong)
    system = EquationSystem(ROTATION, LIBRARY)
    for show in (system.to_text, system.to_latex, system.to_table):
        with pytest.raises(ValueError, match="digits must be an integer >= 1"):
            show(digits=0)


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        (1.23456789e25, "1.235e+25*z0", r"1.235 \cdot 10^{25} z_{0}"),
        (-9.875e40, "-9.875e+40*z0", r"- 9.875 \cdot 10^{40} z_{0}"),
        (1e15, "1e+15*z0", r"1 \cdot 10^{15} z_{0}"),
        (1e-7, "1e-7*z0", r"1 \cdot 10^{-7} z_{0}"),
        (0.0021175, "0.002118*z0", "0.002118 z_{0}"),
        (0.00051, "0.00051*z0", "0.00051 z_{0}"),
        (2.0000004, "2*z0", "2 z_{0}"),
        (0.99995, "z0", "z_{0}"),
        (28.000003, "28*z0", "28 z_{0}"),
        (0.50001, "0.5*z0", "0.5 z_{0}"),
        (12345.6, "12346*z0", "12346 z_{0}"),
    ],
)
def test_no_digits_are_invented(value, text, latex):
    library = CandidateLibrary.polynomial(1, 1)
    equations = EquationSystem([[0, value]], library)
    assert str(equations) == f"dz0/dt = {text}"
    assert latex in equations.to_latex()


def test_equality():
    system = EquationSystem(ROTATION, LIBRARY)
    again = CandidateLibrary.polynomial(2, 2)
    same = EquationSystem(ROTATION + 0.0, again, digits=1), copy.deepcopy(system)
    for other in (*same, EquationSystem(np.where(ROTATION, ROTATION, -0.0), again)):
        assert other == system
        assert hash(other) == hash(system)
    errors = EquationSystem(ROTATION, LIBRARY, errors=np.ones((2, 6)))
    renamed = CandidateLibrary(LIBRARY.expressions, LIBRARY.symbols[::-1])
    others = [
        EquationSystem(ROTATION + 1e-12, LIBRARY),
        EquationSystem(ROTATION[:, :3], CandidateLibrary.polynomial(2, 1)),
        EquationSystem(ROTATION, renamed),
        errors,
    ]
    assert len({system, *same, *others}) == 5
    for other in (*others, list(system), str(system), None):
        assert system != other
    assert errors == copy.deepcopy(errors)
    assert errors != EquationSystem(ROTATION, LIBRARY, errors=np.zeros((2, 6)))


def test_equality_and_order():
    z0, v = sympy.symbols("z0 z0_dot")
    library = CandidateLibrary([z0, v], [z0, v])
    second = EquationSystem([[-1, 0]], library, order=2)
    assert second != EquationSystem([[-1, 0], [0, 0]], library)
    assert second == pickle.loads(pickle.dumps(second))
    assert hash(second) == hash(pickle.loads(pickle.dumps(second)))
