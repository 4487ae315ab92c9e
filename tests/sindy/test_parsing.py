"""Candidate functions: every way of asking for them, and none of running code."""

import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc._equations.library import CandidateLibrary
from symdisc._equations.parsing import make_library, parse_expression

z0, z1 = SYMBOLS = sympy.symbols("z:2")


class FeatureLibrary:
    """Stand-in for the feature libraries of PySINDy."""

    def __init__(self, *names):
        self.names = names

    def fit(self, x):
        self.n_features_in_ = x.shape[1]
        return self

    def get_feature_names(self, input_features=None):
        assert len(input_features) == self.n_features_in_
        names = []
        for name in self.names:
            for i, feature in enumerate(input_features):
                name = name.replace(f"x{i}", feature)
            names.append(name)
        return names


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_polynomials(degree):
    library = make_library(2, degree)
    assert library.names == CandidateLibrary.polynomial(2, degree).names
    assert library.symbols == SYMBOLS


def test_order_two_has_velocities():
    library = make_library(2, 1, "sin", order=2)
    assert list(map(str, library.symbols)) == ["z0", "z1", "z0_dot", "z1_dot"]
    assert library.names == ["1", *map(str, library.symbols), "sin(z0)", "sin(z1)"]
    assert len(make_library(1, 3, order=2)) == 10
    drag = make_library(1, 0, ["z0_dot*Abs(z0_dot)"], order=2)
    assert_allclose(drag.evaluate(np.array([[5.0, -2.0]])), [[1.0, -4.0]])


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        (None, []),
        ([], []),
        ("abs", [sympy.Abs(z0), sympy.Abs(z1)]),
        (["Sign", "TANH(z0)"], [sympy.sign(z0), sympy.sign(z1), sympy.tanh(z0)]),
        (["sqrt(Abs(z1))"], [sympy.sqrt(sympy.Abs(z1))]),
        ("cos", [sympy.cos(z0), sympy.cos(z1)]),
        (["exp"], [sympy.exp(z0), sympy.exp(z1)]),
        (z0 / z1, [z0 / z1]),
        (["z0^2*z1", z0**2 * z1, "z1*z0**2"], [z0**2 * z1]),
        (["2*sin(z0)", "-sin(z0)", "sin"], [2 * sympy.sin(z0), sympy.sin(z1)]),
        (["3", "pi", "z0 - z0", "pi*z0", "z0"], [sympy.pi * z0]),
        (
            FeatureLibrary("1", "x0^2 x1", "sin(1 x0)", "x0 cos(2 x1)", "x0 x1^-1.5"),
            [
                *(z0**2 * z1, sympy.sin(z0), z0 * sympy.cos(2 * z1)),
                z0 * z1 ** sympy.Float(-1.5),
            ],
        ),
        (
            [FeatureLibrary("exp(x0) x1"), "sqrt(z0)"],
            [sympy.exp(z0) * z1, sympy.sqrt(z0)],
        ),
    ],
)
def test_functions(functions, expected):
    assert list(make_library(2, 0, functions).expressions) == [1, *expected]


def test_duplicates_of_monomials_are_left_out():
    assert make_library(2, 2, ["z0*z1", "z0**3"]).names[5:] == ["z1**2", "z0**3"]


def test_symbols_are_matched_by_name():
    real = sympy.Symbol("z0", real=True)
    assert make_library(1, 0, [sympy.sin(real)]).expressions[1] == sympy.sin(z0)


@pytest.mark.parametrize("names", [["x", "y"], ["z1", "z0"], ["x [m]", "sin"]])
def test_variables_have_names(names):
    x, y = map(sympy.Symbol, names)
    items = [FeatureLibrary("x0^2 sin(x1)"), x**3, "sin"]
    library = make_library(2, 1, items, names=names)
    assert library.symbols == (x, y)
    terms = 1, x, y, x**2 * sympy.sin(y), x**3, sympy.sin(x), sympy.sin(y)
    assert library.expressions == terms


def test_names_in_formulas():
    library = make_library(1, 0, ["µ*z0_dot", "µ_dot**2"], 2, names=["µ"])
    position, velocity = library.symbols
    assert library.expressions == (1, position * velocity, velocity**2)
    assert [symbol.name for symbol in library.symbols] == ["µ", "µ_dot"]
    with pytest.raises(ValueError, match=r"variables \['x', 'z0'\] .* \['sin', "):
        make_library(1, 0, ["y*x"], names=["x"])


def test_without_constant():
    assert make_library(1, 2, ["2", "sin"], include_constant=False).names == [
        *("z0", "z0**2", "sin(z0)")
    ]
    with pytest.raises(ValueError, match="degree=0 and include_constant=False leave"):
        make_library(1, 0, ["3"], include_constant=False)


def test_feature_library_is_not_touched():
    given_library = FeatureLibrary("sin(1 x0)")
    make_library(1, 1, given_library)
    assert not hasattr(given_library, "n_features_in_")


def test_pysindy():
    ps = pytest.importorskip("pysindy")
    functions = [ps.PolynomialLibrary(degree=3), ps.FourierLibrary(n_frequencies=2)]
    library = make_library(2, 0, functions)
    assert len(library) == 10 + 8
    assert sympy.cos(2 * z1) in library.expressions
    z = np.random.default_rng(0).normal(size=(5, 2))
    cubics = make_library(2, 0, functions[:1]).evaluate(z)
    assert_allclose(cubics, np.asarray(functions[0].fit(z).transform(z)))


formulas = st.recursive(
    st.sampled_from(["z0", "z1", "2", "0.5", "pi"]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from("+-*"), part).map(
            "({0[0]} {0[1]} {0[2]})".format
        ),
        part.map("sin({})".format),
        part.map("-{}".format),
        part.map("({})**2".format),
    ),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(text=formulas)
def test_parsing_agrees_with_python(text):
    names = {"z0": 0.3, "z1": -0.7, "pi": np.pi, "sin": np.sin}
    value = parse_expression(text, SYMBOLS).subs({z0: 0.3, z1: -0.7})
    assert_allclose(float(value), eval(text, names), rtol=1e-9, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(text=formulas)
def test_library_of_any_formula_survives_pickle(text):
    library = pickle.loads(pickle.dumps(make_library(2, 1, [text])))
    z = np.random.default_rng(0).uniform(-1, 1, size=(3, 2))
    assert_allclose(library.evaluate(z), make_library(2, 1, text).evaluate(z), rtol=0)


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("__import__('os').getcwd()", "__import__"),
        ("z0.__class__", "z0.__class__"),
        ("(lambda: 1)()", "lambda"),
        ("[z0][0]", r"\[z0\]\[0\]"),
        ("gamma(z0)", "gamma"),
        ("max(z0, z1)", "max"),
        ("min", "min"),
        ("max(z0)", "max"),
        ("sin(z0, z1)", r"sin\(z0, z1\)"),
        ("z2", "z2"),
        ("True", "True"),
        ("'z0'", "'z0'"),
        ("z0 if z1 else 1", "if"),
        ("z0 % 2", "%"),
    ],
)
def test_unknown_text(text, culprit):
    with pytest.raises(ValueError, match=f"where .*{culprit}.* is unknown; use"):
        make_library(2, 1, [text])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components must be an int >= 1; got 0. Give"),
        ({"degree": -1}, "degree must be an int >= 0; got -1. Use 0"),
        ({"order": 3}, "order must be 1 or 2; got 3. Use 2"),
        ({"functions": ["z0 +"]}, r"contains 'z0 \+', which is not a formula"),
        ({"functions": [""]}, "contains '', which is not a formula"),
        ({"functions": [np.sin]}, "of type ufunc; give the name of a function"),
        ({"functions": [sympy.Symbol("a") * z0]}, r"contains a\*z0, which is not a"),
        ({"functions": [sympy.Function("f")(z0)]}, r"contains f\(z0\), which is"),
        ({"functions": ["1/0"]}, "contains zoo, which is not a real function"),
        ({"functions": ["sqrt(-1)*z0"]}, r"contains I\*z0, which is not"),
        (
            {"functions": FeatureLibrary("f0(x0)")},
            r"FeatureLibrary whose feature 'f0\(z0\)' cannot be read as a formula",
        ),
        ({"functions": [FeatureLibrary("x0_1")]}, "feature 'z0_1' cannot be read"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        make_library(**{"n_components": 2, "degree": 1, **options})
