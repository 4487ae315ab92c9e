"""Candidate functions: the same values in numpy and torch."""

import pickle

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc._equations.library import CandidateLibrary

z0, z1 = SYMBOLS = sympy.symbols("z:2")
MIXED = [
    sympy.Integer(1),
    sympy.sqrt(2) * z0,
    sympy.pi,
    sympy.sin(z1) ** 2,
    sympy.sqrt(z0**2 + 1),
    sympy.exp(-z1),
    abs(z0) * z1,
    z1**3 / 3,
]


@settings(max_examples=15, deadline=None)
@given(n_variables=st.integers(1, 4), degree=st.integers(0, 3), constant=st.booleans())
def test_polynomials_are_complete(n_variables, degree, constant):
    degree = max(degree, 1 - constant)
    library = CandidateLibrary.polynomial(n_variables, degree, constant)
    expected = sympy.binomial(n_variables + degree, degree) - (not constant)
    assert len(library) == len(set(library.names)) == expected
    assert library.symbols == sympy.symbols(f"z:{n_variables}")
    assert ("1" in library.names) == constant


def test_names_round_trip():
    library = CandidateLibrary(MIXED, SYMBOLS)
    assert tuple(map(sympy.sympify, library.names)) == library.expressions
    assert "sin(z1)**2" in repr(library)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(7, 2), (3, 7, 2), (2,), (0, 2)])
def test_numpy_equals_torch(dtype, shape):
    z = np.random.default_rng(0).normal(size=shape).astype(dtype)
    library = CandidateLibrary(MIXED, SYMBOLS)
    values, tensor = library.evaluate(z), library.evaluate(torch.from_numpy(z))
    assert values.dtype == dtype
    assert tensor.dtype == getattr(torch, dtype)
    assert values.shape == tuple(tensor.shape) == (*shape[:-1], len(library))
    assert_allclose(values, tensor.numpy(), rtol=10 * np.finfo(dtype).eps)
    exact = [e.subs({z0: 0.3, z1: -0.7}).evalf() for e in MIXED]
    assert_allclose(library.evaluate([[0.3, -0.7]])[0], np.array(exact, dtype=float))


def test_integers_become_floats():
    values = CandidateLibrary.polynomial(1, 2).evaluate(np.array([[3]]))
    assert values.dtype == np.float64
    assert values.tolist() == [[1.0, 3.0, 9.0]]


def test_gradients_flow():
    z = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    library = CandidateLibrary(MIXED, SYMBOLS)
    library.evaluate(z).sum().backward()
    assert (z.grad.abs() > 0).all()
    assert torch.autograd.gradcheck(library.evaluate, z)


# The first forward-mode call compiles decompositions with the deprecated torch.jit.
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is:DeprecationWarning")
def test_forward_mode_and_vmap():
    library = CandidateLibrary.polynomial(2, 2)
    z = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    values, tangents = torch.func.jvp(library.evaluate, (z,), (torch.ones_like(z),))
    assert tangents[0].tolist() == [0, 1, 1, 2, 3, 4]
    assert torch.equal(torch.func.vmap(library.evaluate)(z), values)


@pytest.mark.parametrize(
    "name", ["x [m]", "lambda", "__import__('os').system('x')", "x\n    1/0", "abs"]
)
def test_names_are_never_run(name):
    x, y = sympy.Symbol(name, positive=True), sympy.Symbol("numpy")
    library = CandidateLibrary([x, sympy.sqrt(x) * y, 1], [x, y])
    z = np.array([[4.0, 3.0]])
    assert library.evaluate(z).tolist() == [[4.0, 6.0, 1.0]]
    assert library.evaluate(torch.from_numpy(z)).tolist() == [[4.0, 6.0, 1.0]]
    assert library.names[0] == name


def test_floats_in_terms_keep_their_digits():
    library = CandidateLibrary([sympy.sin(0.1 * z0), 1e-7 * z0], [z0])
    assert library.names == ["sin(0.1*z0)", "1e-7*z0"]


def test_pickle_after_use():
    library = CandidateLibrary(MIXED, SYMBOLS)
    z = np.random.default_rng(0).normal(size=(4, 2))
    values = library.evaluate(z)
    library.evaluate(torch.from_numpy(z))
    copied = pickle.loads(pickle.dumps(library))
    assert copied.expressions == library.expressions
    assert_allclose(copied.evaluate(z), values, rtol=0)


def test_bad_arguments():
    with pytest.raises(ValueError, match="expressions is empty"):
        CandidateLibrary([], SYMBOLS)
    with pytest.raises(ValueError, match=r"depends on \['a'\]"):
        CandidateLibrary([sympy.Symbol("a") * z0], SYMBOLS)
    for wrong in ("__import__('os').getcwd()", np.str_("z0"), [z0], True):
        with pytest.raises(ValueError, match=r"expressions contains .* give sympy"):
            CandidateLibrary([wrong], SYMBOLS)
    with pytest.raises(ValueError, match="symbols must be"):
        CandidateLibrary([z0], [])
    with pytest.raises(ValueError, match="n_variables must be"):
        CandidateLibrary.polynomial(0, 1)
    with pytest.raises(ValueError, match="degree must be an int >= 1"):
        CandidateLibrary.polynomial(1, 0, include_constant=False)
    with pytest.raises(ValueError, match=r"z has shape \(3, 1\)"):
        CandidateLibrary([z0], SYMBOLS).evaluate(np.zeros((3, 1)))
