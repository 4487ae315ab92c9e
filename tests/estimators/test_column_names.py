"""Columns of data keep their names: in equations, pictures, pages, frames and files."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
import sympy
import torch
from conftest import no_doubts
from numpy.testing import assert_allclose, assert_array_equal

from symdisc import EquationSystem, LatentSINDy, load, report
from symdisc._equations.printing import name_text
from symdisc.plotting import CoefficientDisplay, LatentDisplay

pytestmark = no_doubts

T = np.linspace(0, 10, 500)
CIRCLE = np.column_stack([np.cos(T), -np.sin(T)])
CIRCLE_DOT = np.column_stack([-np.sin(T), -np.cos(T)])
HARMLESS = [
    *("x", "x [m]", "T in", "lambda", "1st", "ω", "µ", "温度", "class"),
    *("pi", "E", "Abs", "t", "z1", "y_dot"),
]
HOSTILE = [
    "__import__('os').system('touch hacked')",
    "x; import os",
    "x\n    raise SystemExit",
    "lambda: 0",
    "</mi><script>alert(1)</script>",
    "$\\frac{1}{0}$",
    "z0, z1",
    "z:3",
    "{0}",
    "%s",
    " ",
    '"""',
    "a" * 200,
]


def rotation(names, **parameters):
    frame = pd.DataFrame(CIRCLE, columns=names)
    return LatentSINDy(autoencoder="none", **parameters).fit(frame, CIRCLE_DOT), frame


@pytest.fixture(autouse=True)
def no_windows():
    with matplotlib.rc_context({"backend": "agg"}):
        yield


@pytest.mark.filterwarnings("ignore:X has a column .t., which is taken")
@pytest.mark.parametrize("name", HARMLESS + HOSTILE)
def test_any_text_is_a_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    est, frame = rotation([name, "y"], degree=1, library="abs")
    shown = name_text(name)
    assert str(est.equations_) == f"d{shown}/dt = y\ndy/dt = -{shown}"
    assert est.library_.names == ["1", name, "y", f"Abs({name})", "Abs(y)"]
    assert est.equations_.to_table().terms == est.library_.names
    assert list(est.get_feature_names_out()) == [name, "y"]
    assert est.to_pysindy(frame)["feature_names"] == [name, "y"]
    t = sympy.Symbol("t")
    assert est.equations_[1].lhs == sympy.Function("y")(t).diff(t)
    assert est.equations_[1].rhs.free_symbols == {t}
    assert_allclose(est.equations_(CIRCLE), CIRCLE_DOT, atol=1e-9)
    rates = est.equations_.to_callable("torch")(torch.from_numpy(CIRCLE))
    assert_allclose(rates, CIRCLE_DOT, atol=1e-9)
    est.save("model")
    again = load("model")
    assert again.library_.symbols == est.library_.symbols
    assert again.library_.expressions == est.library_.expressions
    assert str(again.equations_) == str(est.equations_)
    assert_array_equal(again.predict(frame), est.predict(frame))
    assert_array_equal(again.simulate(frame[:1], T[:9]), est.simulate(frame[:1], T[:9]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a-b", "'a-b'"), ("2", "'2'"), ("v [m/s]", "v [m/s]"), ("T in", "T in")],
)
def test_names_that_read_as_formulas_are_quoted(name, shown):
    est, _ = rotation([name, "y"])
    assert str(est.equations_) == f"d{shown}/dt = y\ndy/dt = -{shown}"
    assert f"*{shown}" in est.equations_.to_text(errors=True)


@pytest.mark.parametrize("name", ["x [m]", HOSTILE[0], HOSTILE[4], HOSTILE[5]])
def test_pictures_and_pages(name):
    est, frame = rotation([name, "y"])
    display = LatentDisplay.from_estimator(est, frame)
    display.figure_.canvas.draw()
    assert display.ax_.get_xlabel() == name.replace("$", r"\$")
    ticks = CoefficientDisplay.from_estimator(est).ax_.get_yticklabels()
    assert [tick.get_text() for tick in ticks] == [name.replace("$", r"\$"), "y"]
    page = report(est, frame)
    assert "<script" not in page
    assert page.count("<math") == 2
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("omega_1", r"\omega_{1}"),
        ("lambda", r"\lambda"),
        ("x [m]", r"\mathrm{x\ [m]}"),
        ("1st", r"\mathrm{1st}"),
        ("50%_$#&", r"\mathrm{50\%\_\$\#\&}"),
        ("a\\b{c}^2~", r"\mathrm{a\backslash{}b\{c\}\hat{}2\sim{}}"),
        ("_x", r"\mathrm{\_x}"),
    ],
)
def test_latex(name, latex):
    est, _ = rotation([name, "y"])
    assert est.equations_.to_latex() == (
        f"\\begin{{aligned}}\n\\dot{{{latex}}} &= y \\\\\n"
        f"\\dot{{y}} &= - {latex}\n\\end{{aligned}}"
    )


def test_accelerations():
    frame = pd.DataFrame({"angle": CIRCLE[:, 0], "x [m]": CIRCLE[:, 1]})
    est = LatentSINDy(autoencoder="none", order=2, degree=1, library="angle_dot**2")
    est.fit(frame, np.hstack([CIRCLE_DOT, -CIRCLE]), feature_names=None)
    assert [s.name for s in est.library_.symbols[2:]] == ["angle_dot", "x [m]_dot"]
    assert est.library_.names[-1] == "angle_dot**2"
    # x and dy/dt are the same on a circle: which of them is found is not the point.
    assert str(est.equations_).startswith("d2angle/dt2 = -angle\n")
    velocity = EquationSystem([[0, 0, 0, 0.5, 0, 0], [0] * 6], est.library_, order=2)
    assert velocity.to_latex().splitlines()[1] == r"\ddot{angle} &= 0.5 \dot{angle} \\"


def test_frames_come_back_with_the_names():
    est, frame = rotation(["x [m]", "T in"])
    latents = est.set_output(transform="pandas").transform(frame)
    assert list(latents.columns) == ["x [m]", "T in"]
    assert_allclose(latents, frame)


def test_feature_names_of_fit():
    est = LatentSINDy(autoencoder="none")
    est.fit(CIRCLE, CIRCLE_DOT, feature_names=["x", "y"])
    assert str(est.equations_) == "dx/dt = y\ndy/dt = -x"
    # Not names of data: arrays go on being taken without a warning.
    assert not hasattr(est, "feature_names_in_")
    assert_allclose(est.predict(CIRCLE), CIRCLE_DOT, atol=1e-9)
    frame = pd.DataFrame(CIRCLE, columns=["a", "b"])
    est.fit(frame, CIRCLE_DOT, feature_names=("p", "q"))
    assert str(est.equations_) == "dp/dt = q\ndq/dt = -p"
    assert str(est.fit(CIRCLE, CIRCLE_DOT).equations_) == "dz0/dt = z1\ndz1/dt = -z0"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["x"], r"feature_names has 1 names, \['x'\], but X has 2 columns. Pass one"),
        (["x", "x"], "feature_names has 'x' twice. Pass feature_names that differ"),
        (["x", ""], "feature_names has '', but variables .* Pass feature_names"),
        (["x", 3], "feature_names has 3, but variables .* Pass feature_names"),
        (["x", "a" * 201], "need names of 1 to 200 characters. Pass feature_names"),
        ("xy", "feature_names='xy' is not a sequence of names. Pass a list of 2 str"),
        (7, "feature_names=7 is not a sequence of names. Pass a list of 2 str"),
    ],
)
@pytest.mark.parametrize("autoencoder", ["none", "residual"])
def test_bad_names(names, message, autoencoder):
    est = LatentSINDy(autoencoder=autoencoder)
    with pytest.raises(ValueError, match=message):
        est.fit(CIRCLE, CIRCLE_DOT, feature_names=names)


def test_names_that_would_be_those_of_two_variables():
    rates = np.hstack([CIRCLE_DOT, -CIRCLE])
    est = LatentSINDy(autoencoder="none", order=2)
    with pytest.raises(ValueError, match="'x_dot' twice, as a column and a velocity"):
        est.fit(pd.DataFrame(CIRCLE, columns=["x", "x_dot"]), rates)


def test_formulas_in_names_of_columns():
    theta = 2 * np.cos(T)
    frame = pd.DataFrame({"angle": theta, "x [m]": np.sin(T)})
    rates = np.column_stack([theta * np.sin(theta), np.abs(np.sin(T)) * theta])
    for library in (
        ["angle*sin(angle)", "abs(z1)*angle"],
        ["z0*Sin(z0)", "Abs(z1)*z0"],
        [
            sympy.Symbol("angle") * sympy.sin(sympy.Symbol("angle")),
            sympy.Abs(sympy.Symbol("x [m]")) * sympy.Symbol("angle", real=True),
        ],
    ):
        est = LatentSINDy(autoencoder="none", degree=1, library=library)
        est.fit(frame, rates)
        assert str(est.equations_) == (
            "dangle/dt = angle*sin(angle)\ndx [m]/dt = angle*Abs(x [m])"
        )
    for text in ("max(angle, z1)", "min", "angel", "x [m]"):
        with pytest.raises(ValueError, match="library contains"):
            LatentSINDy(autoencoder="none", library=[text]).fit(frame, rates)


def test_a_column_goes_before_a_position():
    est, _ = rotation(["z1", "z0"], degree=0, library=["z0"])
    assert est.library_.names == ["1", "z0"]
    assert_allclose(est.library_.evaluate(CIRCLE)[:, 1], CIRCLE[:, 1])


def test_learned_latents_are_no_columns():
    lift = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 2)))[0].T
    frame = pd.DataFrame(CIRCLE @ lift, columns=list("abcd"))
    est = LatentSINDy(2, degree=1, random_state=0)
    est.fit(frame, CIRCLE_DOT @ lift, feature_names=list("pqrs"))
    assert list(est.get_feature_names_out()) == ["z0", "z1"]
    assert list(map(str, est.library_.symbols)) == ["z0", "z1"]


def test_all_digits():
    decay = np.exp(-0.0021175 * T)[:, None]
    est = LatentSINDy(autoencoder="none", degree=1, include_constant=False)
    est.fit(decay, -0.0021175 * decay, feature_names=["x"])
    (expression,) = est.equations_.expressions
    coefficient = float(expression.coeff(sympy.Symbol("x")))
    assert coefficient == est.coefficients_[0, 0]
    assert coefficient == pytest.approx(-0.0021175, rel=1e-12)
    assert float(est.equations_[0].rhs.subs(sympy.Function("x")("t"), 1)) == coefficient
    assert str(est.equations_) == "dx/dt = -0.002118*x"
    assert est.equations_.to_text(digits=5) == "dx/dt = -0.0021175*x"
    assert r"-0.0021 x" in est.equations_.to_latex(digits=2).replace("- ", "-")


def test_the_constant_can_be_left_out():
    X = CIRCLE + np.array([3.0, 0.0])
    assert rotation(["x", "y"], degree=1)[0].library_.names == ["1", "x", "y"]
    est = LatentSINDy(autoencoder="none", degree=1, include_constant=False)
    est.fit(CIRCLE, CIRCLE_DOT)
    assert est.library_.names == ["z0", "z1"]
    assert str(est.equations_) == "dz0/dt = z1\ndz1/dt = -z0"
    est.set_params(library=["3", "sin"]).fit(X, CIRCLE_DOT)
    assert est.library_.names == ["z0", "z1", "sin(z0)", "sin(z1)"]
    with pytest.raises(ValueError, match="degree=0 and include_constant=False leave"):
        est.set_params(degree=0, library=None).fit(X, CIRCLE_DOT)
