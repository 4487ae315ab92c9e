"""Columns that drive the others, and maps."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp
from sklearn.base import clone

from symdisc import EquationSystem, LatentSINDy, load, report
from symdisc.plotting import ForecastDisplay

T = 0.02 * np.arange(1500)


def follow(field, start, t=T):
    found = solve_ivp(field, (t[0], t[-1]), start, t_eval=t, rtol=1e-10, atol=1e-12)
    return found.y.T


def force(t):
    return np.cos(1.7 * t) + 0.5 * np.sin(0.6 * t)


@cache
def forced():
    return follow(lambda t, z: [z[1], -z[0] - 0.2 * z[1] + force(t)], [1, 0.5])


def driven(level=0.0):
    """Return an oscillator that a force drives, with the force."""
    X = forced()
    rng = np.random.default_rng(0)
    rows = X + level * X.std(axis=0) * rng.standard_normal(X.shape)
    return np.column_stack([rows, force(T)])


def switched(t):
    return np.floor(t / 4) % 2


def heater(t):
    field = lambda t, z: [-0.3 * (z[0] - 20) + 4 * switched(t)]  # noqa: E731
    found = solve_ivp(field, (0, t[-1]), [20], t_eval=t, rtol=1e-10, max_step=0.02)
    return np.column_stack([found.y[0], switched(t)])


def terms(est):
    table = est.equations_.to_table()
    return [
        {table.terms[i]: row[i] for i in np.flatnonzero(row)}
        for row in table.coefficients
    ]


def assert_terms(est, truth, rtol=1e-6):
    found = terms(est)
    assert [set(row) for row in found] == [set(row) for row in truth]
    for row, known in zip(found, truth, strict=True):
        for name, value in known.items():
            assert_allclose(row[name], value, rtol=rtol)


@pytest.fixture(scope="module")
def oscillator():
    return LatentSINDy(autoencoder="none", inputs=["z2"]).fit(driven(), t=T)


OSCILLATOR = [{"z1": 1.0}, {"z0": -1.0, "z1": -0.2, "z2": 1.0}]


class TestInputs:
    @pytest.mark.parametrize(("level", "rtol"), [(0.0, 1e-6), (0.05, 0.02)])
    def test_a_driven_oscillator(self, level, rtol, oscillator):
        X, est = driven(level), oscillator
        if level:
            est = clone(oscillator).fit(X, t=T)
        assert_terms(est, OSCILLATOR, rtol)
        assert est.equations_.inputs == (2,)
        assert len(est.equations_) == len(list(est.equations_)) == 2
        assert "dz2" not in str(est.equations_) + est.equations_.to_latex()
        assert_allclose(est.states_[:, 2], force(T), rtol=1e-12)
        assert (est.noise_ is None) == (level == 0)
        assert est.score(X, t=T) > 0.99
        simulated = est.simulate(driven()[0], T, inputs=force)
        assert_allclose(simulated, driven(), atol=0.5 * level + 1e-5)

    def test_second_order(self):
        X, t = driven(0.02)[:750, [0, 2]], T[:750]
        options = {"autoencoder": "none", "order": 2, "degree": 1, "inputs": [1]}
        est = LatentSINDy(**options).fit(X, t=t)
        assert_terms(est, [{"z0": -1.0, "z0_dot": -0.2, "z1": 1.0}], rtol=0.02)
        assert "z1_dot" not in est.library_.names
        x0, x0_dot = driven()[0, [0, 2]], np.array([driven()[0, 1], 0.0])
        found = est.simulate(x0, T, x0_dot=x0_dot, inputs=force(T))
        assert_allclose(found[:, 0], driven()[:, 0], atol=0.05)

    def test_a_switch_in_an_input_is_no_end(self):
        t = T[:800]
        options = {"autoencoder": "none", "degree": 1, "inputs": ["u"]}
        frame = pd.DataFrame(heater(t), columns=["T", "u"])
        est = LatentSINDy(**options).fit(frame, t=t)
        assert_terms(est, [{"1": 6.0, "T": -0.3, "u": 4.0}], rtol=1e-4)
        assert str(est.equations_).startswith("dT/dt")
        start = frame.iloc[0]
        held = {"inputs": switched(t), "interpolation": "previous"}
        assert_allclose(est.simulate(start, t, **held), frame, atol=1e-3)

    def test_a_parameter_of_each_trajectory(self):
        def oscillation(w):
            X = follow(lambda t, z: [z[1], -w * z[0]], [1, 0.5], T[:400])
            return np.column_stack([X, np.full(400, w)])

        runs = list(map(oscillation, (1.0, 1.5, 2.0, 2.5)))
        est = LatentSINDy(autoencoder="none", inputs=[2]).fit(runs, t=0.02)
        assert_terms(est, [{"z1": 1.0}, {"z0*z2": -1.0}])

    def test_rates_are_given(self):
        X = follow(lambda t, z: [z[1], -z[0] + np.sin(2 * t)], [1, 0.5])
        X = np.column_stack([X, np.sin(2 * T)])
        V = np.column_stack([X[:, 1], X[:, 2] - X[:, 0], 2 * np.cos(2 * T)])
        est = LatentSINDy(autoencoder="none", inputs=[2], degree=1).fit(X, V)
        assert_terms(est, [{"z1": 1.0}, {"z0": -1.0, "z2": 1.0}])

    def test_time_is_an_input(self):
        X = follow(lambda t, z: [np.cos(1.7 * t) - z[0]], [0.2])
        columns = np.column_stack([X, T])
        options = {"degree": 1, "library": ["cos(1.7*z1)"], "inputs": [1]}
        est = LatentSINDy(autoencoder="none", **options).fit(columns, t=T)
        assert_terms(est, [{"z0": -1.0, "cos(1.7*z1)": 1.0}], rtol=1e-4)

    @pytest.mark.parametrize("noise", [0.0, 0.01])
    def test_a_quarter_car_on_a_step_in_the_road(self, noise):
        def road(t):
            return 0.05 * (np.floor(t / 2) % 2)

        def car(t, z):
            spring = z[0] - z[1], z[2] - z[3]
            body = -40 * spring[0] - 4 * spring[1]
            wheel = 300 * spring[0] + 30 * spring[1] - 2000 * (z[1] - road(t))
            return [z[2], z[3], body, wheel]

        t, rng = 0.005 * np.arange(2000), np.random.default_rng(0)
        exact = {"t_eval": t, "rtol": 1e-9, "atol": 1e-12, "max_step": 0.005}
        X = solve_ivp(car, (0, t[-1]), np.zeros(4), **exact).y[:2].T
        rows = X + noise * X.std(axis=0) * rng.standard_normal(X.shape)
        options = {"order": 2, "degree": 1, "inputs": [2]}
        est = LatentSINDy(autoencoder="none", **options)
        est.fit(np.column_stack([rows, road(t)]), t=t)
        body = {"z0": -40.0, "z1": 40.0, "z0_dot": -4.0, "z1_dot": 4.0}
        wheel = {"z0": 300.0, "z1": -2300.0, "z2": 2000.0}
        wheel |= {"z0_dot": 30.0, "z1_dot": -30.0}
        assert_terms(est, [body, wheel], rtol=0.02)

    def test_a_default_fit_names_the_option(self):
        with pytest.warns(UserWarning, match=r"pass inputs=\['z2'\]"):
            LatentSINDy(autoencoder="none").fit(driven()[::5], t=T[::5])
        t = T[::5]
        with pytest.warns(UserWarning, match="pass its column in inputs"):
            LatentSINDy(autoencoder="none", degree=1).fit(heater(t), t=t)

    @pytest.mark.slow
    def test_pictures_reports_and_files(self, tmp_path):
        est = LatentSINDy(autoencoder="none", inputs=[2]).fit(driven(0.02), t=T)
        page = str(report(est, driven(), t=T))
        assert "Data and simulation" in page
        display = ForecastDisplay.from_estimator(est, driven()[None], T)
        assert np.nanmax(display.errors["LatentSINDy"]) < 1e-3
        est.save(tmp_path / "est.symdisc")
        assert load(tmp_path / "est.symdisc").equations_ == est.equations_
        fewer = est.path_.select({"z1": 2})
        assert fewer.inputs == (2,)
        draws = est.simulate(
            driven()[0], T[:50], inputs=force, n_draws=3, random_state=0
        )
        assert draws.shape == (3, 50, 3)
        assert np.ptp(draws[:, -1, 0]) > 0

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"inputs": ["u"]}, r"inputs has 'u'; the columns of X are \['z0'"),
            ({"inputs": [3]}, "inputs has 3; pass names of columns, or numbers"),
            ({"inputs": [0, 1, 2]}, "or all columns of X"),
            ({"inputs": [2, 2]}, "has a column twice"),
            ({"inputs": [2], "symmetry": "so(2)"}, "does not say how it acts"),
            ({"inputs": [2], "autoencoder": "residual"}, 'autoencoder="none" alone'),
        ],
    )
    def test_bad_columns(self, options, message):
        est = LatentSINDy(**({"autoencoder": "none"} | options))
        with pytest.raises(ValueError, match=message):
            est.fit(driven(), t=T)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, r"inputs is None, but the equations have the inputs \['z2'\]"),
            ({"inputs": force(T)[:-1]}, r"has shape \(1499,\)"),
            ({"inputs": np.full(1500, np.nan)}, "not finite"),
            ({"inputs": lambda t: [t, t]}, "returns 2 values at t = 0"),
            ({"inputs": force(T), "interpolation": "cubic"}, "'cubic' is not known"),
        ],
    )
    def test_bad_values(self, options, message, oscillator):
        with pytest.raises(ValueError, match=message):
            oscillator.simulate([1, 0.5, 1], T, **options)

    def test_inputs_that_equations_do_not_have(self):
        plain = LatentSINDy(autoencoder="none", degree=1)
        plain.fit(follow(lambda t, z: [z[1], -z[0]], [1, 0]), t=T)
        with pytest.raises(ValueError, match="have no inputs"):
            plain.simulate([1, 0], T, inputs=force)

    def test_rows_of_inputs_have_no_coefficients(self, oscillator):
        library = oscillator.library_
        with pytest.raises(ValueError, match="have coefficients, but no equation"):
            EquationSystem(np.ones((3, len(library))), library, inputs=[2])
        with pytest.raises(ValueError, match="must be numbers of different variables"):
            EquationSystem(np.ones((3, len(library))), library, inputs=[3])


def logistic(r, n=200, x=0.3):
    rows = [x]
    while len(rows) < n:
        rows.append(r * rows[-1] * (1 - rows[-1]))
    return np.array(rows)


def henon(n=300):
    rows = [(0.1, 0.1)]
    while len(rows) < n:
        x, y = rows[-1]
        rows.append((1 - 1.4 * x**2 + y, 0.3 * x))
    return np.array(rows)


class TestMaps:
    def test_logistic_map(self):
        X = logistic(3.8)[:, None]
        est = LatentSINDy(autoencoder="none", discrete=True).fit(X)
        assert str(est.equations_) == "z0[k+1] = -3.8*z0[k]**2 + 3.8*z0[k]"
        assert str(est.equations_[0]) == "Eq(z0(k + 1), -3.8*z0(k)**2 + 3.8*z0(k))"
        assert "z_{0}[k+1] &= " in est.equations_.to_latex()
        assert_allclose(est.simulate(X[0], range(20)), X[:20], atol=1e-9)
        assert_allclose(est.predict(X[:-1]), X[1:], atol=1e-12)
        assert est.score(X) == pytest.approx(1.0)

    def test_a_parameter_of_each_trajectory(self):
        rates = 3.2, 3.5, 3.7, 3.9
        runs = [np.column_stack([logistic(r, 50), np.full(50, r)]) for r in rates]
        options = {"discrete": True, "degree": 3, "inputs": [1]}
        est = LatentSINDy(autoencoder="none", **options).fit(runs)
        assert_terms(est, [{"z0*z1": 1.0, "z0**2*z1": -1.0}])
        found = est.simulate(runs[1][0], range(50), inputs=np.full(50, 3.5))
        assert_allclose(found, runs[1], atol=1e-6)

    @pytest.mark.parametrize(("growth", "said"), [(2.6, "4 differ"), (3.0, "leave z0")])
    def test_a_law_that_is_no_polynomial(self, growth, said):
        x = [0.5]
        for _ in range(300):
            x.append(x[-1] * np.exp(growth * (1 - x[-1])))
        est = LatentSINDy(autoencoder="none", discrete=True, degree=3)
        with pytest.warns(UserWarning, match=said):
            est.fit(np.array(x)[20:, None])

    def test_henon_map_pictures_and_files(self, tmp_path):
        X = henon()
        est = LatentSINDy(autoencoder="none", discrete=True).fit(X)
        assert_terms(est, [{"1": 1.0, "z0**2": -1.4, "z1": 1.0}, {"z0": 0.3}])
        assert "Data and simulation" in str(report(est, X, t=1.0))
        est.save(tmp_path / "est.symdisc")
        again = load(tmp_path / "est.symdisc")
        assert again.equations_ == est.equations_
        assert again.equations_.discrete
        fixed = {"z1[k+1]": "0.3*z0"}
        est.set_params(fix=fixed).fit(X)
        assert terms(est)[1] == {"z0": 0.3}

    def test_gaps_are_no_steps(self):
        kept = np.delete(np.arange(200), [50, 51, 120])
        X = logistic(3.8)[kept, None]
        est = LatentSINDy(autoencoder="none", discrete=True).fit(X, t=kept)
        assert_terms(est, [{"z0": 3.8, "z0**2": -3.8}])
        assert len(est.states_) == len(X) - 3

    def test_a_default_fit_names_the_option(self):
        with pytest.warns(UserWarning, match="Pass discrete=True"):
            LatentSINDy(autoencoder="none").fit(logistic(3.8)[:, None])

    def test_mistakes(self):
        X = henon()
        est = LatentSINDy(autoencoder="none", discrete=True)
        with pytest.raises(ValueError, match="Leave out y"):
            est.fit(X, X)
        with pytest.raises(ValueError, match="a map needs 5"):
            est.fit(X[:8], groups=np.repeat([0, 1, 2, 3], 2))
        with pytest.raises(ValueError, match="no whole numbers"):
            est.fit(X).simulate(X[0], [0, 0.5])
        with pytest.raises(ValueError, match="order=2"):
            est.set_params(order=2).fit(X)
        with pytest.raises(ValueError, match="autoencoder='auto'"):
            LatentSINDy(discrete=True).fit(X)
