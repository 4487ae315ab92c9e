"""Equations with denominators that nobody has named."""

import numpy as np
import pytest
import sympy
from conftest import first_of, no_doubts
from kinetics import enzyme, hill, monod
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from symdisc import LatentSINDy, load
from symdisc._implicit.denominators import Law, _distinct

STARTS = np.random.default_rng(0).uniform(0.2, 3, (10, 2))


def switch(_, z):
    return [3 / (1 + z[1] ** 2) - z[0], 2.5 / (1 + z[0] ** 2) - z[1]]


def holling(_, z):
    eaten = z[0] * z[1] / (1 + 0.5 * z[0])
    return [z[0] * (1 - z[0] / 5) - eaten, 0.8 * eaten - 0.4 * z[1]]


# Field, starts of several runs and of one, end, degree, degree of denominators.
SYSTEMS = {
    "enzyme": (enzyme, np.linspace(0.1, 4, 10)[:, None], [4.0], 6, 2, 1),
    "monod": (monod, STARTS, [3.0, 0.3], 20, 2, 1),
    "hill": (hill, STARTS, [0.2, 3.0], 15, 3, 2),
    "switch": (switch, STARTS, None, 8, 3, 2),
    "holling": (holling, STARTS[:4], [2.0, 1.5], 25, 3, 1),
}
TRUTH = {
    "enzyme": ["(0.18 - 0.9*z0)/(z0 + 0.3)"],
    "monod": [
        "(0.6 + 1.05*z0 - 0.3*z0**2 - 1.5*z0*z1)/(z0 + 0.5)",
        "(0.6*z0*z1 - 0.15*z1)/(z0 + 0.5)",
    ],
    "hill": [
        "(0.637 - 0.245*z0 + 0.1*z1**2 - 0.5*z0*z1**2)/(z1**2 + 0.49)",
        "0.8*z0 - 0.6*z1",
    ],
    "switch": [
        "(3 - z0 - z0*z1**2)/(z1**2 + 1)",
        "(2.5 - z1 - z0**2*z1)/(z0**2 + 1)",
    ],
    "holling": [
        "(2*z0 + 0.6*z0**2 - 2*z0*z1 - 0.2*z0**3)/(z0 + 2)",
        "(1.2*z0*z1 - 0.8*z1)/(z0 + 2)",
    ],
}
ONE_RUN = ["enzyme", "monod", "hill", "holling"]


def observe(name, level=0.0, *, one=False, seed=1):
    field, starts, start, end, _, _ = SYSTEMS[name]
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 3 * end if one else end, 600 if one else 150)
    options = {"t_eval": t, "rtol": 1e-10, "atol": 1e-12}
    starts = [start] if one else starts
    runs = [solve_ivp(field, (0, t[-1]), s, **options).y.T for s in starts]
    scale = level * np.vstack(runs).std(axis=0)
    return [run + scale * rng.standard_normal(run.shape) for run in runs], t[1]


def fit(name, runs, step, **options):
    *_, degree, below = SYSTEMS[name]
    options = {"degree": degree, "denominator_degree": below, **options}
    return LatentSINDy(autoencoder="none", **options).fit(runs, t=step)


def numbers(expression):
    """Coefficients of numerator and denominator, whose last one is 1."""
    above, below = sympy.fraction(sympy.together(expression))
    symbols = sympy.symbols("z:2")
    above, below = sympy.Poly(above, *symbols), sympy.Poly(below, *symbols)
    leading = float(below.LC())
    return {
        (side, powers): float(value) / leading
        for side, poly in (("above", above), ("below", below))
        for powers, value in poly.terms()
        if value != 0
    }


def check(name, equations, rtol):
    for found, true in zip(equations.expressions, TRUTH[name], strict=True):
        found, true = numbers(found), numbers(sympy.sympify(true))
        assert set(found) == set(true)
        for key, value in true.items():
            assert_allclose(found[key], value, rtol=rtol)


@pytest.mark.parametrize("name", first_of(SYSTEMS))
def test_many_runs(name):
    check(name, fit(name, *observe(name)).equations_, 2e-3)


@pytest.mark.parametrize("name", first_of(ONE_RUN))
@no_doubts
def test_one_run(name):
    check(name, fit(name, *observe(name, one=True)).equations_, 2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", first_of(["monod", "enzyme", "holling"]))
def test_noise_and_errors(name):
    est = fit(name, *observe(name, 0.01))
    assert est.noise_ is not None
    check(name, est.equations_, 0.08)
    true = {
        f"q_z{i}[1]": numbers(sympy.sympify(text))["below", (0, 0)]
        for i, text in enumerate(TRUTH[name])
    }
    for key, value in est.constants_.items():
        assert abs(value - true[key]) < 4 * est.constant_errors_[key]
        assert est.constant_errors_[key] < 0.1 * value


@pytest.mark.parametrize(
    "options", [{"refine": "none"}, {"n_bootstrap": 20, "random_state": 0}]
)
def test_least_squares_of_noisy_rows(options):
    est = fit("holling", *observe("holling", 0.01), **options)
    assert est.noise_ is None
    found = est.equations_(STARTS + 0.5)
    true = np.array(holling(0, (STARTS + 0.5).T)).T
    assert_allclose(found, true, atol=0.05)
    assert "/" in str(est.equations_)


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_of(range(3)))
@pytest.mark.parametrize("level", first_of([0.01, 0.003]))
def test_a_switch_under_noise(seed, level):
    est = fit("switch", *observe("switch", level, seed=seed))
    supports = [
        [set(numbers(e)) == set(numbers(sympy.sympify(t))) for e, t in pairs]
        for equations in [est.equations_, *est.rivals_]
        for pairs in [zip(equations.expressions, TRUTH["switch"], strict=True)]
    ]
    assert any(all(support) for support in supports)


def test_errors_of_constants_without_noise():
    est = fit("monod", *observe("monod"))
    assert set(est.constant_errors_) == set(est.constants_)
    assert all(0 < e < 1e-5 for e in est.constant_errors_.values())


@pytest.mark.slow
def test_a_fraction_that_stands_in_for_a_law_is_doubted():
    def two_terms(_, z):
        eaten = 1.3 * z[0] / (0.4 + z[0])
        return [0.7 - eaten - 0.5 * z[1] / (0.9 + z[1]), 0.2 + 0.5 * eaten - 0.5 * z[1]]

    t = np.linspace(0, 6, 250)
    starts = [[1, 0.5], [3, 2], [0.2, 1]]
    runs = [
        solve_ivp(two_terms, (0, 6), s, t_eval=t, rtol=1e-10, atol=1e-12).y.T
        for s in starts
    ]
    est = LatentSINDy(autoencoder="none", denominator_degree=1)
    with pytest.warns(UserWarning, match="may stand in for another law"):
        est.fit(runs, t=t[1])
    est = LatentSINDy(autoencoder="none", denominator_degree=2).fit(runs, t=t[1])
    assert_allclose(est.constants_["q_z0[1]"], 0.36, rtol=1e-4)
    with pytest.warns(UserWarning, match="Pass denominator_degree=2"):
        LatentSINDy(autoencoder="none").fit(runs, t=t[1])


def test_one_fraction_is_printed(tmp_path):
    est = fit("enzyme", *observe("enzyme"))
    assert str(est.equations_) == "dz0/dt = (0.18 - 0.9*z0)/(z0 + 0.3)"
    assert r"\frac{0.18 - 0.9 z_{0}}{z_{0} + 0.3}" in est.equations_.to_latex()
    text = est.equations_.to_text(errors=True)
    assert text.startswith("dz0/dt = ((")
    assert text.endswith("/(z0 + 0.3)")
    assert list(est.constants_) == ["q_z0[1]"]
    est.save(tmp_path / "est.symdisc")
    again = load(tmp_path / "est.symdisc")
    assert again.equations_ == est.equations_
    assert again.constants_ == est.constants_
    path = est.simulate([[4.0]], np.linspace(0, 18, 50))
    field = solve_ivp(enzyme, (0, 18), [4.0], rtol=1e-9, atol=1e-9)
    assert_allclose(path[0, -1, 0], field.y[0, -1], rtol=1e-3)


def test_units_do_not_matter():
    runs, step = observe("monod")
    est = fit("monod", [1e3 * run for run in runs], step / 60)
    assert_allclose(est.constants_["q_z1[1]"], 500, rtol=1e-3)


def test_equations_without_a_denominator_have_none():
    t = np.linspace(0, 15, 200)

    def lotka_volterra(_, z):
        return [z[0] - 0.5 * z[0] * z[1], 0.5 * z[0] * z[1] - z[1]]

    runs = [
        solve_ivp(lotka_volterra, (0, 15), s, t_eval=t, rtol=1e-10).y.T
        for s in STARTS[:3] + 0.5
    ]
    est = LatentSINDy(autoencoder="none", denominator_degree=2).fit(runs, t=t[1])
    text = "dz0/dt = -0.5*z0*z1 + z0\ndz1/dt = 0.5*z0*z1 - z1"
    assert str(est.equations_) == text
    assert est.constants_ == {}


def test_powers_that_cancel_are_cancelled():
    # x' = 2 y / x has no constant in its denominator.
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 2, (300, 2))
    rates = np.column_stack([2 * X[:, 1] / X[:, 0], -X[:, 0]])
    est = LatentSINDy(autoencoder="none", denominator_degree=2).fit(X, rates)
    assert str(est.equations_) == "dz0/dt = 2*z1/z0\ndz1/dt = -z0"


def test_a_pole_within_the_data_is_refused():
    # Without noise 1/(x - 1) fits, but the rows lie on both sides of x = 1.
    x = np.concatenate([np.linspace(0, 0.9, 100), np.linspace(1.1, 2, 100)])[:, None]
    est = LatentSINDy(autoencoder="none", denominator_degree=1)
    with pytest.warns(UserWarning, match="do not explain"):
        est.fit(x, 1 / (x - 1))
    values = est.equations_(np.linspace(0, 2, 1001)[:, None])
    assert np.abs(values).max() < 1e3
    # A pole between the first two rows of a run, away from which rates are taken.
    t = np.linspace(0, 1.5, 100)
    runs = [
        solve_ivp(lambda _, z: 1 / z**2, (0, 1.5), [s], t_eval=t, rtol=1e-10).y.T
        for s in (0.3, 1.0)
    ]
    with pytest.warns(UserWarning, match="do not explain|may stand in"):
        est.fit(runs, t=t[1])
    rates = est.equations_(np.linspace(0.3, 1.5, 1001)[:, None])
    assert np.all(rates > 0) or np.abs(rates).max() < 1e3


def test_maps_and_accelerations():
    x = [[0.1]]
    for _ in range(60):
        x.append([3 * x[-1][0] / (1 + x[-1][0] / 0.7)])
    runs = [np.array(x)[:20], np.array(x)[:20] * 0 + 5.0]
    for i in range(1, 20):
        runs[1][i] = 3 * runs[1][i - 1] / (1 + runs[1][i - 1] / 0.7)
    options = {"autoencoder": "none", "degree": 1, "denominator_degree": 1}
    est = LatentSINDy(discrete=True, **options).fit(runs)
    assert str(est.equations_) == "z0[k+1] = 2.1*z0[k]/(z0[k] + 0.7)"

    def stiffening(_, z):
        return [z[1], -z[0] / (1 + z[0] ** 2) - 0.1 * z[1]]

    t = np.linspace(0, 20, 600)
    runs = [
        solve_ivp(stiffening, (0, 20), [s, 0], t_eval=t, rtol=1e-10).y[:1].T
        for s in (1.0, 2.5)
    ]
    options |= {"degree": 3, "denominator_degree": 2, "order": 2}
    est = LatentSINDy(**options).fit(runs, t=t[1])
    assert_allclose(est.constants_["q_z0[1]"], 1, rtol=1e-2)
    assert np.count_nonzero(est.coefficients_) == 3


@pytest.mark.parametrize("name", first_of(["enzyme", "monod", "hill", "switch"]))
@no_doubts
def test_a_default_fit_names_the_option(name):
    runs, step = observe(name)
    below = SYSTEMS[name][-1]
    option = "degree=3, " if below == 2 else ""
    with pytest.warns(UserWarning, match=f"Pass {option}denominator_degree={below}"):
        LatentSINDy(autoencoder="none").fit(runs, t=step)


@pytest.mark.parametrize(
    "rate", [np.sin, np.tanh, lambda x: np.exp(-x), lambda x: x - x**3]
)
@no_doubts
def test_what_a_fraction_only_stands_in_for_is_not_pointed_to(rate, recwarn):
    x = np.random.default_rng(0).uniform(-1.5, 1.5, (300, 1))
    LatentSINDy(autoencoder="none").fit(x, rate(x))
    assert not any("Pass denominator" in str(w.message) for w in recwarn)


def test_of_laws_with_one_denominator_the_first_is_kept():
    z, y = sympy.symbols("z y")
    laws = [Law(z, {}, [0]), Law(y, {}, [1]), Law(z, {}, [2])]
    assert _distinct(laws) == laws[:2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("autoencoder", "residual"),
        ("symmetry", "so(2)"),
        ("fix", {"z0": "z0"}),
        ("constants", {"K": None}),
    ],
)
def test_refused(name, value):
    options = {"autoencoder": "none", "denominator_degree": 1, name: value}
    if name == "constants":
        options["library"] = ["z0/(K + z0)"]
    with pytest.raises(ValueError, match=f"{name}=.* does not allow"):
        LatentSINDy(**options).fit(STARTS, t=1.0)
