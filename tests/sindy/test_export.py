import numpy as np
import pytest
import sympy
from numpy.testing import assert_allclose

from symdisc import CandidateLibrary, EquationSystem, LatentSINDy

TERMS = ["1", "x0", "x1", "x0^2", "x0 x1", "sin(2 x0)"]
COEFFICIENTS = np.array([[0, 0, 1.0, 0, -0.25, 0], [0, -1.0, 0, 0, 0, 0.5]])


class Model:
    """What is read of a model of pysindy."""

    discrete_time, n_control_features_ = False, 0
    feature_names = ["x0", "x1"]

    def __init__(self, terms=TERMS, **others):
        self.terms = terms
        self.__dict__.update(others)

    def get_feature_names(self):
        return self.terms

    def coefficients(self):
        return COEFFICIENTS


def test_equations_of_a_model():
    system = EquationSystem.from_pysindy(Model())
    x0, x1 = sympy.symbols("x:2")
    assert system.expressions == (x1 - 0.25 * x0 * x1, 0.5 * sympy.sin(2 * x0) - x0)
    assert_allclose(system.coefficients, COEFFICIENTS)
    assert str(system).startswith("dx0/dt = ")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Model(discrete_time=True), "model is a Model in discrete time"),
        (Model(n_control_features_=2), "n_control_features_=2 control inputs"),
        (Model(["f0(x0)"]), r"features \['f0\(x0\)'\], .* name functions"),
        (Model(feature_names=["x", "y"]), r"formulas of the variables \['x', 'y'\]"),
    ],
)
def test_models_that_are_no_equations(model, message):
    with pytest.raises(ValueError, match=message):
        EquationSystem.from_pysindy(model)


class FeatureLibrary:
    """The feature library of the model above, which names features on request."""

    def get_feature_names(self, input_features):
        x, y = input_features
        return ["1", x, y, f"{x}^2", f"{x} {y}", f"sin(2 {x})"]


@pytest.mark.parametrize("names", [["x [m]", "lambda"], ["x1", "x0"], ["x", "T in"]])
def test_names_of_a_model_may_be_any_text(names):
    model = Model(feature_names=names, feature_library=FeatureLibrary())
    system = EquationSystem.from_pysindy(model, 3)
    x, y = map(sympy.Symbol, names)
    assert system.expressions == (y - 0.25 * x * y, 0.5 * sympy.sin(2 * x) - x)
    assert system.digits == 3


def test_table_has_all_candidates():
    library = CandidateLibrary.polynomial(2, 2)
    coefficients = [[0, 0, 1.0, 0, 0, 0], [1e-7, -0.12345, 0, 0, 0, 0]]
    table = EquationSystem(coefficients, library).to_table()
    assert table.terms == library.names
    assert table.equations == ["dz0/dt", "dz1/dt"]
    assert_allclose(table.coefficients, coefficients)
    lines = [line.split() for line in str(table).splitlines()]
    assert lines[:3] == [
        ["dz0/dt", "dz1/dt"],
        ["1", "0", "1e-7"],
        ["z0", "0", "-0.1235"],
    ]
    assert len({len(line) for line in str(table).splitlines()}) == 1


def test_table_of_accelerations():
    z0, z0_dot = sympy.symbols("z0 z0_dot")
    library = CandidateLibrary([z0, z0_dot], [z0, z0_dot])
    table = EquationSystem([[-1.0, -0.1]], library, order=2).to_table()
    assert table.equations == ["d2z0/dt2"]


@pytest.fixture(scope="module")
def rotation():
    """Two trajectories on circles, in five dimensions, and a model of them."""
    t = np.tile(np.arange(200) * np.pi / 100, 2)
    radius = np.repeat([1.0, 2.0], 200)
    Z = radius[:, None] * np.column_stack([np.cos(t), -np.sin(t)])
    lift = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 2)))[0].T
    X, X_dot = Z @ lift, Z @ np.array([[0.0, -1.0], [1.0, 0.0]]) @ lift
    groups = np.repeat([0, 1], 200)
    est = LatentSINDy(2, degree=1, random_state=0).fit(X, X_dot, groups=groups)
    return est, X, X_dot, t, groups


def test_latent_trajectories(rotation):
    est, X, X_dot, t, groups = rotation
    given = est.to_pysindy(X, X_dot, t=t, groups=groups)
    assert given["feature_names"] == ["z0", "z1"]
    for row, latents in enumerate(given["x"]):
        assert_allclose(latents, est.transform(X[groups == row]))
        assert_allclose(given["x_dot"][row], est.equations_(latents), atol=1e-6)
        assert_allclose(given["t"][row], t[groups == row])
    assert "x_dot" not in est.to_pysindy(X)
    assert_allclose(est.to_pysindy(X)["t"][0], np.arange(400))
    with pytest.raises(ValueError, match=r"X_dot has shape .* Pass as X_dot"):
        est.to_pysindy(X, X_dot[:3])


def test_velocities_are_taken_from_what_second_order_was_fitted_to():
    t = np.linspace(0, 10, 500)
    X, X_dot = np.cos(t)[:, None], -np.sin(t)[:, None]
    both = np.hstack([X_dot, -X])
    est = LatentSINDy(autoencoder="none", order=2, degree=1).fit(X, both)
    for given in (X_dot, both):
        assert_allclose(est.to_pysindy(X, given)["x_dot"][0], X_dot)
    with pytest.raises(ValueError, match="X_dot and X_ddot side by side"):
        est.to_pysindy(X, np.hstack([both, X]))


def test_there_and_back(rotation):
    ps = pytest.importorskip("pysindy")
    est, *data, t, groups = rotation
    library = ps.PolynomialLibrary(degree=2)
    given = est.to_pysindy(*data, t=t, groups=groups)
    model = ps.SINDy(feature_library=library).fit(**given)
    taken = EquationSystem.from_pysindy(model)
    assert str(taken) == str(est.equations_)
    states = np.random.default_rng(0).standard_normal((20, 2))
    assert_allclose(taken(states), model.predict(states), atol=1e-10)
    assert_allclose(taken(states), est.equations_(states), atol=1e-6)


def test_all_libraries_of_pysindy_that_are_formulas():
    ps = pytest.importorskip("pysindy")
    t = np.linspace(0, 10, 500)
    X = np.column_stack([np.cos(t), -np.sin(t)])
    library = ps.PolynomialLibrary(3) + ps.FourierLibrary(2)
    model = ps.SINDy(feature_library=library).fit(X, t=t, feature_names=["x", "y"])
    taken = EquationSystem.from_pysindy(model)
    assert_allclose(taken(X), model.predict(X), atol=1e-10)
    with pytest.raises(ValueError, match="DiscreteSINDy in discrete time"):
        EquationSystem.from_pysindy(ps.DiscreteSINDy().fit(X, t=t))
