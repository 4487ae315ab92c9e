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

from symdisc._equations import EquationSystem
from symdisc._library import CandidateLibrary

LIBRARY = CandidateLibrary.polynomial(2, 2)
ROTATION = np.array([[0, 0, 0.90749, 0, 0, 0], [0, -0.90751, 0, 0, 0, 0]])


def test_prints_rounded_and_computes_raw():
    system = EquationSystem(ROTATION, LIBRARY)
    assert str(system) == "dz0/dt = 0.907*z1\ndz1/dt = -0.908*z0"
    assert repr(system) == "<EquationSystem: 2 equations, 2 terms>"
    assert system.n_terms == 2
    assert_allclose(system([[1.0, 2.0]]), [[2 * 0.90749, -0.90751]])
    assert_allclose(system([1.0, 2.0]), [2 * 0.90749, -0.90751])


def test_equations_are_sympy():
    system = EquationSystem(ROTATION, LIBRARY)
    t = sympy.Symbol("t")
    first, second = (sympy.Function(name)(t) for name in ("z0", "z1"))
    assert next(iter(system)) == sympy.Eq(first.diff(t), 0.907 * second)
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
    tiny = EquationSystem(1.2345e-5 * (ROTATION != 0), LIBRARY)
    assert str(tiny).startswith("dz0/dt = 1.23e-5*z1")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), decimals=st.integers(1, 6))
def test_sympy_round_trip(seed, decimals):
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(size=(2, 6)) * rng.integers(0, 2, size=(2, 6))
    system = EquationSystem(coefficients, LIBRARY, decimals=decimals)
    shown = [sympy.sympify(line.split(" = ")[1]) for line in str(system).splitlines()]
    rebuilt = CandidateLibrary(shown, LIBRARY.symbols)
    z = rng.uniform(-1, 1, size=(10, 2))
    assert_allclose(rebuilt.evaluate(z), system(z), atol=6 * 10.0**-decimals)
    assert tuple(shown) == system.expressions


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
    with pytest.raises(ValueError, match="backend must be"):
        system.to_callable("jax")


def test_latex():
    system = EquationSystem(ROTATION, LIBRARY)
    assert system.to_latex() == (
        "\\begin{aligned}\n\\dot{z_{0}} &= 0.907 z_{1} \\\\\n"
        "\\dot{z_{1}} &= - 0.908 z_{0}\n\\end{aligned}"
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


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"coefficients has shape \(2, 5\)"):
        EquationSystem(np.zeros((2, 5)), LIBRARY)
    with pytest.raises(ValueError, match="coefficients contains NaN"):
        EquationSystem(np.full((2, 6), np.nan), LIBRARY)
    with pytest.raises(ValueError, match="decimals must be"):
        EquationSystem(ROTATION, LIBRARY, decimals=1.5)
