"""Pictures: what they contain, that they can be read in grey, and how they look."""

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import GAME, embedded_rotation, no_doubts
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp

from symdisc import (
    CandidateLibrary,
    EquationSystem,
    LatentSINDy,
    LatentSymmetryDiscoverer,
    LieAlgebra,
)
from symdisc._diagnostics.caveats import find_caveats
from symdisc._diagnostics.figures_of_merit import quality_figures
from symdisc.datasets import make_no_symmetry
from symdisc.plotting import (
    CoefficientDisplay,
    ForecastDisplay,
    GeneratorDisplay,
    LatentDisplay,
    ModelPathDisplay,
    OrbitDisplay,
    SimulationDisplay,
    TrainingDisplay,
    discovery_report,
)

pytestmark = no_doubts

BASELINE = Path(__file__).parent / "baseline"
# Root mean square of levels. A changed sign differs by 0.06, a missing line by 0.045.
TOLERANCE = 0.03
# What the baseline was drawn with. Version 3.9 differs from it by up to 0.06, as much
# as a changed sign, so that no tolerance serves both.
DRAWN_WITH = "3.11"
ROTATION = [[0.0, -1.0], [1.0, 0.0]]
SHEAR = [[0.0, 1.0], [0.0, 0.0]]


@pytest.fixture(autouse=True)
def default_style():
    with plt.rc_context({"backend": "agg"}), plt.style.context("default"):
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def linear():
    """Lift a rotation at frequency 2 linearly: its solution is in closed form."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 1800), rng.uniform(1, 2, 1800)
    Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    lift = rng.standard_normal((2, 6))
    return Z @ lift, 2 * Z @ np.transpose(ROTATION) @ lift


@pytest.fixture(scope="module")
def solved(linear):
    return LatentSymmetryDiscoverer(random_state=0).fit(*linear)


@pytest.fixture(scope="module")
def trained():
    X, X_dot, _, _ = embedded_rotation(0, n_samples=300, n_features=10)
    options = {"max_iter": 100, "n_restarts": 2, "tol": 1, "random_state": 0}
    est = LatentSymmetryDiscoverer(**options, **GAME)
    return est.fit(X, X_dot)


@pytest.fixture(scope="module")
def circle():
    t = np.linspace(0, 10, 200)
    return np.column_stack([np.cos(t), -np.sin(t)]), t


@pytest.fixture(scope="module")
def ode(circle):
    return LatentSINDy(autoencoder="none").fit(circle[0], t=circle[1])


@pytest.fixture
def axes():
    """Axes of a small figure that pyplot knows nothing of."""
    figure = Figure(figsize=(4, 3), dpi=60, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255


def distance(drawn, expected):
    """Root mean square of levels (0 to 1), blurred by a pixel either way."""
    assert drawn.shape == expected.shape

    def blur(image):
        moves = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        return sum(np.roll(image, move, axis=(0, 1)) for move in moves) / 9

    return np.sqrt(np.mean((blur(drawn) - blur(expected)) ** 2))


def skip_unless_drawn_alike():
    if not matplotlib.__version__.startswith(DRAWN_WITH + "."):
        pytest.skip(f"the baseline was drawn with matplotlib {DRAWN_WITH}")


def assert_looks_as_before(figure, name):
    skip_unless_drawn_alike()
    drawn = pixels(figure)
    path = BASELINE / f"{name}.png"
    if not path.exists():
        plt.imsave(path, drawn)
        pytest.fail(f"{path} was missing and has been drawn; look at it, and commit it")
    expected = plt.imread(path)[..., :3]
    assert distance(drawn, expected) < TOLERANCE, f"{name} does not look as before"


def texts(ax):
    return [text.get_text() for text in ax.texts]


class TestGenerators:
    def test_numbers_are_those_of_the_generators(self, axes):
        display = GeneratorDisplay([[[0, -1], [0.705, 0]], SHEAR], "x").plot(axes)
        assert texts(display.ax_) == [
            *("$L_{0}$", "0", "-1", "0.7", "0"),
            *("$L_{1}$", "0", "1", "0", "0"),
        ]
        assert display.ax_.get_title() == "x: 2 generators"
        assert display.figure_ is axes.figure

    def test_numbers_lie_in_their_cells(self, axes):
        display = GeneratorDisplay([ROTATION, SHEAR]).plot(axes)
        sheet = display.ax_.images[0].get_array()
        numbers = [t for t in display.ax_.texts if not t.get_text().startswith("$")]
        for text in numbers:
            column, row = text.get_position()
            assert sheet[int(row), int(column)] == float(text.get_text())

    @pytest.mark.parametrize("size", [(4, 3), (9, 3), (3, 9)])
    def test_numbers_fit_into_their_cells(self, size):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        ax = figure.add_subplot()
        GeneratorDisplay(np.full((3, 3, 3), -0.71)).plot(ax)
        figure.canvas.draw()
        (left, top), (right, bottom) = ax.transData.transform([(0, 0), (1, 1)])
        for text in ax.texts:
            box = text.get_window_extent()
            assert box.width < right - left
            assert box.height < top - bottom

    def test_negative_cells_are_hatched(self, axes):
        GeneratorDisplay([ROTATION]).plot(axes)
        hatched = [patch.get_xy() for patch in axes.patches if patch.get_hatch()]
        assert hatched == [(0.5, -0.5)]

    @pytest.mark.parametrize("value", [-1.0, -0.4, 0.0, 0.4, 1.0])
    def test_numbers_stand_out_in_grey(self, axes, value):
        """Contrast as the accessibility guidelines (WCAG 2, 1.4.6) define it."""
        GeneratorDisplay([[[1.0, value], [-1.0, 0.0]]]).plot(axes)
        shade = np.array(axes.images[0].to_rgba(value)[:3])
        linear = np.where(
            shade < 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4
        )
        luminance = linear @ [0.2126, 0.7152, 0.0722]
        assert {t.get_color() for t in axes.texts} == {"black"}
        assert (luminance + 0.05) / 0.05 > 7

    def test_where_numbers_have_no_room_there_are_none(self, axes):
        GeneratorDisplay(np.ones((9, 12, 12))).plot(axes)
        assert len(axes.texts) == 9

    def test_no_symmetry_is_said(self, axes):
        algebra = LieAlgebra(np.zeros((0, 2, 2)))
        GeneratorDisplay(algebra.matrices, algebra.name).plot(axes)
        assert "No symmetry was found" in texts(axes)[0]
        assert axes.get_title() == "no symmetry"

    def test_not_asked_for_is_an_error(self, ode):
        with pytest.raises(ValueError, match='symmetry="discover"'):
            GeneratorDisplay.from_estimator(ode)

    def test_from_estimator(self, solved):
        display = GeneratorDisplay.from_estimator(solved)
        assert display.ax_.get_title() == "so(2): 1 generator"
        shown = [float(text) for text in texts(display.ax_)[1:]]
        np.testing.assert_allclose(shown, [0, -1, 1, 0], atol=0.03)

    def test_looks_as_before(self, axes):
        GeneratorDisplay([ROTATION, SHEAR], "test").plot(axes)
        assert_looks_as_before(axes.figure, "generators")


class TestTraining:
    def test_lines_are_the_history(self, trained):
        display = TrainingDisplay.from_estimator(trained)
        assert list(display.lines_) == list(trained.history_)
        for name, line in display.lines_.items():
            np.testing.assert_array_equal(line.get_ydata(), trained.history_[name])
            np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
        assert display.ax_.get_yscale() == "log"

    def test_lines_differ_without_colour(self, axes):
        history = {name: np.ones(30) for name in "abcde"}
        lines = TrainingDisplay(history).plot(axes).lines_.values()
        looks = {(line._unscaled_dash_pattern[1], line.get_marker()) for line in lines}
        assert len({str(look) for look in looks}) == 5

    def test_nothing_trained_is_said(self, solved):
        assert solved.history_ == {}
        display = TrainingDisplay.from_estimator(solved)
        assert "closed form" in texts(display.ax_)[0]

    def test_looks_as_before(self, axes):
        epochs = np.arange(1, 21)
        late = np.where(epochs > 8, 0.5 / epochs, np.nan)
        TrainingDisplay({"reconstruction": 1 / epochs**2, "equation": late}).plot(axes)
        assert_looks_as_before(axes.figure, "training")


class TestCoefficients:
    library = CandidateLibrary.polynomial(2, 1)

    def test_positions_errors_and_doubts(self, axes):
        equations = EquationSystem(
            [[0, 0, 2.0], [0.3, -1.5, 0]],
            self.library,
            errors=[[0, 0, 0.1], [0.2, 0.01, 0]],
        )
        CoefficientDisplay(equations).plot(axes)
        labels = [label.get_text() for label in axes.get_yticklabels()]
        assert labels == ["1", "z0", "z1"]
        found = {c.get_label(): c for c in axes.containers}
        assert list(found) == ["dz0/dt", "dz1/dt", "dz1/dt, not sure"]
        (z1_in_0,) = found["dz0/dt"][2][0].get_segments()
        np.testing.assert_allclose(z1_in_0[:, 0], [1.8, 2.2])
        np.testing.assert_allclose(found["dz1/dt"][0].get_xdata(), [-1.5])
        doubtful = found["dz1/dt, not sure"][0]
        np.testing.assert_allclose(doubtful.get_xdata(), [0.3])
        assert doubtful.get_markerfacecolor() == "white"
        assert round(doubtful.get_ydata()[0]) == 0
        assert "2 standard errors" in axes.get_xlabel()

    def test_without_errors(self, axes):
        CoefficientDisplay(EquationSystem([[0, 0, 2], [0, 1, 0]], self.library)).plot(
            axes
        )
        assert axes.get_xlabel() == "coefficient"
        assert [c.get_label() for c in axes.containers] == ["dz0/dt", "dz1/dt"]

    def test_nothing_left_is_said(self, axes):
        CoefficientDisplay(EquationSystem(np.zeros((2, 3)), self.library)).plot(axes)
        assert "All coefficients are zero" in texts(axes)[0]

    def test_bootstrapped_fit(self, circle):
        X, _ = circle
        rates = X @ ROTATION + 0.1 * np.random.default_rng(0).standard_normal(X.shape)
        est = LatentSINDy(
            autoencoder="none", degree=1, threshold=0, n_bootstrap=5, random_state=0
        )
        display = CoefficientDisplay.from_estimator(est.fit(X, rates))
        assert all(c.has_xerr for c in display.ax_.containers)
        # The constants are noise, and at least one of them is seen to be.
        labels = [c.get_label() for c in display.ax_.containers]
        assert any(label.endswith("not sure") for label in labels)

    def test_no_equations_is_an_error(self, linear):
        est = LatentSymmetryDiscoverer(random_state=0)
        with pytest.raises(ValueError, match=r"equations_=None.*Pass X_dot or t"):
            CoefficientDisplay.from_estimator(est.fit(linear[0]))

    def test_hostile_names_are_drawn(self, axes):
        import sympy

        bad = sympy.Symbol("a$_{b")
        library = CandidateLibrary([bad], [bad])
        CoefficientDisplay(EquationSystem([[1.0]], library)).plot(axes)
        axes.figure.canvas.draw()

    def test_looks_as_before(self, axes):
        errors = [[0, 0, 0.3], [0.2, 0.2, 0]]
        equations = EquationSystem(
            [[0, 0, 2.0], [0.3, -1.5, 0]], self.library, errors=errors
        )
        CoefficientDisplay(equations).plot(axes)
        assert_looks_as_before(axes.figure, "coefficients")


class TestForecast:
    def test_error_of_a_right_model(self, ode, circle):
        display = ForecastDisplay.from_estimator(ode, *circle)
        assert display.errors["LatentSINDy"].max() < 1e-4
        line = display.lines_["LatentSINDy"]
        np.testing.assert_array_equal(line.get_xdata(), circle[1])
        np.testing.assert_array_equal(line.get_ydata(), display.errors["LatentSINDy"])

    def test_a_wrong_frequency_is_seen(self, ode, circle):
        X, t = circle
        fast = LatentSINDy(autoencoder="none").fit(X, t=t / 1.1)
        display = ForecastDisplay.from_estimator({"right": ode, "fast": fast}, X, t)
        # Two points on a circle, the angle t / 10 apart.
        expected = (2 - 2 * np.cos(0.1 * t)) / X.var(axis=0).sum()
        np.testing.assert_allclose(display.errors["fast"], expected, atol=0.01)
        legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        assert legend == ["right", "fast", "forecast of the mean"]

    def test_several_trajectories(self, ode, circle):
        X, t = circle
        display = ForecastDisplay.from_estimator(ode, np.stack([X, 2 * X]), t)
        assert display.errors["LatentSINDy"].shape == t.shape

    def test_a_forecast_that_blows_up(self):
        """dz/dt = z^2 from z = 1 is infinite at t = 1."""
        t = np.linspace(0, 0.9, 100)
        X = (1 / (1 - t))[:, None]
        est = LatentSINDy(1, autoencoder="none").fit(X, X**2)
        t_long, X_long = np.linspace(0, 2, 41), np.linspace(1, 2, 41)[:, None]
        with pytest.warns(RuntimeWarning):
            display = ForecastDisplay.from_estimator(est, X_long, t_long)
        errors = display.errors["LatentSINDy"]
        assert np.isfinite(errors[:19]).all()
        assert np.isnan(errors[21:]).all()
        label = display.lines_["LatentSINDy"].get_label()
        assert "blows up at t = 1" in label

    def test_only_what_simulates(self, solved, linear):
        X, *_ = linear
        t = np.linspace(0, 1, len(X))
        found = ForecastDisplay.from_estimator({"solved": solved}, X[:50], t[:50])
        assert np.isfinite(found.errors["solved"]).all()
        still = LatentSymmetryDiscoverer(random_state=0).fit(X)
        with pytest.raises(TypeError, match=r"LatentSINDy\(autoencoder=est\)"):
            ForecastDisplay.from_estimator(still, X, np.arange(600))

    def test_looks_as_before(self, axes):
        t = np.linspace(0, 5, 60)
        late = np.where(t < 3, 0.01 * np.exp(t), np.nan)
        ForecastDisplay(t, {"one": 0.001 * np.exp(t / 2), "two": late}).plot(axes)
        assert_looks_as_before(axes.figure, "forecast")


class TestModelPath:
    def test_lines_are_the_path(self, ode):
        display = ModelPathDisplay.from_estimator(ode)
        assert list(display.lines_) == ["dz0/dt", "dz1/dt"]
        for equation, (name, line) in enumerate(display.lines_.items()):
            rows = [row for row in ode.path_ if row.equation == equation]
            np.testing.assert_array_equal(
                line.get_xdata(), sorted(row.n_terms for row in rows)
            )
            errors = {row.n_terms: row.error for row in rows}
            expected = [max(errors[n], 1e-16) for n in line.get_xdata()]
            np.testing.assert_allclose(line.get_ydata(), expected)
            assert display.chosen_[name] == (1, pytest.approx(max(errors[1], 1e-16)))
        assert display.ax_.get_yscale() == "log"

    def test_rings_are_at_the_models_chosen(self, ode, axes):
        display = ModelPathDisplay(ode.path_).plot(axes)
        rings = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
        points = [tuple(ring.get_xydata()[0]) for ring in rings]
        assert points == list(display.chosen_.values())
        legend = [text.get_text() for text in axes.get_legend().get_texts()]
        assert legend == ["dz0/dt", "dz1/dt", "chosen"]

    def test_many_equations_look_different(self, axes):
        from symdisc._equations.model_path import ModelPath

        library = CandidateLibrary.polynomial(25, 1, False)
        equations = EquationSystem(np.eye(25), library)
        path = ModelPath(
            equations, [[(1.0, np.zeros(25)), (0.0, r)] for r in np.eye(25)]
        )
        lines = ModelPathDisplay(path).plot(axes).lines_.values()
        assert len({(line.get_color(), line.get_marker()) for line in lines}) == 25
        legend = axes.get_legend()
        axes.figure.canvas.draw()
        assert legend.get_window_extent().x0 > axes.get_window_extent().x1

    def test_no_path_is_an_error(self, solved, circle):
        est = LatentSINDy(autoencoder="none", threshold=0.1).fit(circle[0], t=circle[1])
        for each in (solved, est):
            with pytest.raises(ValueError, match=r'path_=None.*threshold="auto"'):
                ModelPathDisplay.from_estimator(each)


def lorenz(t, start=(1.0, 1.0, 20.0), r=28.0):
    def rates(_, z):
        return [
            10 * (z[1] - z[0]),
            z[0] * (r - z[2]) - z[1],
            z[0] * z[1] - 8 / 3 * z[2],
        ]

    options = {"t_eval": t, "rtol": 1e-11, "atol": 1e-11}
    return solve_ivp(rates, (t[0], t[-1]), start, **options).y.T


@pytest.fixture(scope="module")
def chaos():
    """Two runs of the Lorenz system at irregular times, and a fit of the first."""
    times = np.sort(np.random.default_rng(0).uniform(0, 15, (2, 1500)), axis=1)
    runs = [lorenz(times[0]), lorenz(times[1], (-3.0, 2.0, 15.0))]
    est = LatentSINDy(autoencoder="none")
    names = ["x", "y", "z"]
    return est.fit(runs[0], t=times[0], feature_names=names), runs, list(times)


@pytest.fixture(scope="module")
def simulated(chaos):
    return SimulationDisplay.from_estimator(*chaos)


class TestSimulation:
    def test_a_right_model_of_chaos(self, chaos, simulated):
        est, runs, times = chaos
        display = simulated
        assert display.lyapunov_exponent == pytest.approx(0.9, rel=0.15)
        assert (display.horizon_in_lyapunov_times > 3).all()
        np.testing.assert_allclose(
            display.horizon_in_lyapunov_times,
            display.horizon * display.lyapunov_exponent,
        )
        for t, X, data, found in zip(
            times, runs, display.data, display.simulated, strict=True
        ):
            np.testing.assert_array_equal(data, X)
            np.testing.assert_array_equal(found, est.simulate(X[0], t))

    @pytest.mark.slow
    def test_a_wrong_model_of_chaos_is_short_of_it(self, chaos):
        _, runs, times = chaos
        wrong = LatentSINDy(autoencoder="none")
        wrong.fit(lorenz(times[0], r=33.0), t=times[0])
        display = SimulationDisplay.from_estimator(wrong, runs, times)
        assert (display.horizon_in_lyapunov_times < 1).all()
        assert not display.followed.any()

    def test_panels_are_columns_by_trajectories(self, chaos, simulated):
        _, runs, times = chaos
        display = simulated
        assert display.axes_.shape == (3, 2)
        assert [ax.get_ylabel() for ax in display.axes_[:, 0]] == ["x", "y", "z"]
        data, simulation, horizon = display.axes_[2, 1].lines
        np.testing.assert_array_equal(data.get_xdata(), times[1])
        np.testing.assert_array_equal(data.get_ydata(), runs[1][:, 2])
        np.testing.assert_array_equal(
            simulation.get_ydata(), display.simulated[1][:, 2]
        )
        assert horizon.get_xdata()[0] == times[1][0] + display.horizon[1]
        assert data.get_linestyle() != simulation.get_linestyle()
        assert "Lyapunov times" in display.axes_[0, 0].get_title()
        display.figure_.canvas.draw()

    def test_no_exponent_without_chaos(self, ode, circle):
        X, t = circle
        display = SimulationDisplay.from_estimator(
            ode,
            np.vstack([X, 2 * X]),
            np.tile(t, 2),
            groups=np.repeat(["one", "two"], len(t)),
        )
        assert display.lyapunov_exponent is None
        assert display.horizon_in_lyapunov_times is None
        np.testing.assert_allclose(display.horizon, 10)
        assert display.followed.all()
        titles = [ax.get_title() for ax in display.axes_[0]]
        assert titles == [
            f"trajectory {name}\nhorizon at least 10" for name in ("one", "two")
        ]

    def test_a_wrong_frequency_has_its_horizon(self, ode, circle):
        X, t = circle
        fast = LatentSINDy(autoencoder="none").fit(X, t=t / 1.1)
        display = SimulationDisplay.from_estimator(fast, X, t)
        # Points on a circle, the angle t / 10 apart.
        gap = 2 * np.sin(t / 20) / np.sqrt(X.var(axis=0).mean() * 2)
        assert display.horizon[0] == pytest.approx(t[gap > 0.4][0], abs=0.2)

    def test_second_order_needs_velocities(self):
        t = np.linspace(0, 6, 200)
        X, X_dot = np.cos(t)[:, None], -np.sin(t)[:, None]
        est = LatentSINDy(order=2, autoencoder="none", degree=1)
        est.fit(X, np.hstack([X_dot, -X]))
        for rates in (X_dot, np.hstack([X_dot, -X])):
            display = SimulationDisplay.from_estimator(est, X, t, X_dot=rates)
            assert display.followed.all()
            assert display.simulated[0].shape == (200, 1)
        with pytest.raises(ValueError, match="X_dot is None"):
            SimulationDisplay.from_estimator(est, X, t)

    def test_four_coordinates_at_most_and_any_axes(self, axes):
        t = np.linspace(0, 1, 5)
        data = np.outer(t, np.arange(1, 7))
        names = ["a$_{", "b" * 99, *"cdef"]
        display = SimulationDisplay([t], [data], [data + np.nan], names).plot(axes)
        assert display.axes_.shape == (4, 1)
        assert display.horizon[0] == 0
        axes.figure.canvas.draw()
        free = axes.figure.add_axes((0.5, 0.5, 0.5, 0.5))
        display.plot(free)
        assert display.axes_[0, 0].get_position().x0 >= 0.5

    def test_learned_latents(self, trained):
        X, *_ = embedded_rotation(0, n_samples=300, n_features=10)
        display = SimulationDisplay.from_estimator(trained, X[:9], 0.01)
        np.testing.assert_allclose(display.data[0], trained.transform(X[:9]))

    def test_names_of_a_frame(self, circle):
        X, t = pd.DataFrame(circle[0], columns=["a", "b"]), circle[1]
        est = LatentSINDy(autoencoder="none").fit(X, t=t)
        assert SimulationDisplay.from_estimator(est, X, t).names == ["a", "b"]

    def test_a_simulation_that_blows_up(self):
        """dz/dt = z^2 from z = 1 is infinite at t = 1."""
        t = np.linspace(0, 0.9, 100)
        X = (1 / (1 - t))[:, None]
        est = LatentSINDy(1, autoencoder="none").fit(X, X**2)
        t_long, X_long = np.linspace(0, 2, 41), np.linspace(1, 2, 41)[:, None]
        with pytest.warns(RuntimeWarning, match="diverge"):
            display = SimulationDisplay.from_estimator(est, X_long, t_long)
        assert display.horizon[0] < 1
        assert display.horizon_in_lyapunov_times is None

    def test_data_at_rest(self, ode):
        display = SimulationDisplay.from_estimator(ode, np.zeros((9, 2)), 0.1)
        np.testing.assert_allclose(display.horizon, 0.8)

    def test_bad_arguments(self, ode, circle, linear):
        from sklearn.decomposition import PCA

        X, t = circle
        with pytest.raises(ValueError, match="n_trajectories=0"):
            SimulationDisplay.from_estimator(ode, X, t, n_trajectories=0)
        with pytest.raises(ValueError, match="t is None"):
            SimulationDisplay.from_estimator(ode, X, None)
        with pytest.raises(ValueError, match="t has shape"):
            SimulationDisplay.from_estimator(ode, X, t[:3])
        with pytest.raises(ValueError, match="X has no trajectory of two rows"):
            SimulationDisplay.from_estimator(ode, X[:1], 0.1)
        with pytest.raises(TypeError, match="This PCA does not simulate"):
            SimulationDisplay.from_estimator(PCA(), X, t)


class TestLatent:
    def test_points_orbits_and_arrows(self, solved, linear):
        display = LatentDisplay.from_estimator(solved, *linear, n_orbits=2)
        Z = solved.transform(linear[0])
        points, *orbits = display.ax_.lines
        np.testing.assert_allclose(points.get_xydata(), Z, atol=1e-6)
        assert len(orbits) == 2
        for orbit in orbits:
            radius = np.hypot(*orbit.get_xydata().T)
            assert np.ptp(radius) < 0.02 * radius.mean()
        (arrows,) = display.ax_.collections
        shown = np.column_stack([arrows.U, arrows.V])
        rates = solved.equations_(Z[display.arrows_])
        np.testing.assert_allclose(shown, rates, atol=1e-6)
        assert display.ax_.get_xlabel() == "z0"

    def test_coordinates_can_be_chosen(self):
        states = np.arange(12.0).reshape(3, 4)
        display = LatentDisplay(states, ["a", "b", "c", "d"], coordinates=(3, 1)).plot()
        assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("d", "b")
        np.testing.assert_array_equal(
            display.ax_.lines[0].get_xydata(), states[:, [3, 1]]
        )
        with pytest.raises(ValueError, match=r"coordinates=\(0, 4\).*4 coordinates"):
            LatentDisplay(states, ["a", "b", "c", "d"], coordinates=(0, 4))

    def test_one_coordinate_is_drawn_along_the_samples(self):
        display = LatentDisplay(np.arange(5.0)[:, None], ["z0"]).plot()
        np.testing.assert_array_equal(display.ax_.lines[0].get_ydata(), np.arange(5))

    def test_second_order_is_drawn_as_a_phase_plane(self):
        t = np.linspace(0, 6, 200)
        X, X_dot = np.cos(t)[:, None], -np.sin(t)[:, None]
        rates = np.hstack([X_dot, -X])
        est = LatentSINDy(1, order=2, autoencoder="none", degree=1).fit(X, rates)
        display = LatentDisplay.from_estimator(est, X, rates)
        assert display.ax_.get_ylabel() == "z0_dot"
        at = display.arrows_
        expected = np.column_stack([X_dot[at], -X[at]])
        np.testing.assert_allclose(display.rates[at], expected, atol=1e-6)
        # Without velocities there is one coordinate, and no arrow.
        display = LatentDisplay.from_estimator(est, X)
        assert display.ax_.get_xlabel() == "sample"

    def test_orbits_of_a_group_that_is_not_compact_stay_in_the_picture(self, circle):
        est = LatentSINDy(autoencoder="none").fit(circle[0], t=circle[1])
        est.lie_algebra_ = LieAlgebra(np.diag([5.0, -5.0])[None])
        display = LatentDisplay.from_estimator(est, circle[0])
        assert np.nanmax(np.abs(display.orbits[0])) <= 1.3
        assert np.isfinite(display.orbits[0]).any()

    def test_looks_as_before(self, axes):
        angle = np.linspace(0, 2 * np.pi, 80)
        ring = np.column_stack([np.cos(angle), np.sin(angle)])
        states, rates = np.vstack([ring, ring / 2]), np.vstack([ring, ring / 2])
        rates = rates @ np.transpose(ROTATION)
        LatentDisplay(
            states, ["z0", "z1"], orbits=[[0.75 * ring], [ring / 4]], rates=rates
        ).plot(axes)
        assert_looks_as_before(axes.figure, "latent")


class TestOrbit:
    def test_curves_are_moved_samples(self, solved, linear):
        x = linear[0][0]
        theta = [0.0, np.pi]
        display = OrbitDisplay.from_estimator(solved, x, theta=theta)
        sample, start, opposite = (line.get_ydata() for line in display.ax_.lines)
        np.testing.assert_allclose(sample, x)
        np.testing.assert_allclose(start, x, atol=1e-6)
        np.testing.assert_allclose(opposite, -x, atol=0.3)
        np.testing.assert_allclose(display.moved, solved.orbit(x, theta), atol=1e-9)

    def test_default_is_one_turn_without_its_end(self, solved, linear):
        display = OrbitDisplay.from_estimator(solved, linear[0][0])
        np.testing.assert_allclose(
            display.theta, np.arange(6) * np.pi / 3, rtol=0.02, atol=1e-9
        )

    def test_images_lie_side_by_side(self, solved, linear):
        x = linear[0][0]
        display = OrbitDisplay.from_estimator(
            solved, x, theta=[0, 1], image_shape=(2, 3)
        )
        strip = display.ax_.images[0].get_array()
        assert strip.shape == (2, 3 * 3 + 2)
        np.testing.assert_allclose(strip[:, :3], x.reshape(2, 3))
        np.testing.assert_allclose(strip[:, 8:], display.moved[1].reshape(2, 3))
        labels = [label.get_text() for label in display.ax_.get_xticklabels()]
        assert labels == ["sample", "0", "1"]

    def test_bad_arguments(self, solved, ode, linear, circle):
        x = linear[0][0]
        with pytest.raises(ValueError, match=r"image_shape=\(2, 2\).*6 pixels"):
            OrbitDisplay.from_estimator(solved, x, image_shape=(2, 2))
        with pytest.raises(ValueError, match=r"image_shape=5 is not"):
            OrbitDisplay.from_estimator(solved, x, image_shape=5)
        with pytest.raises(ValueError, match=r"theta has shape \(\)"):
            OrbitDisplay.from_estimator(solved, x, theta=0.3)
        with pytest.raises(ValueError, match=r"x has shape \(2, 6\)"):
            OrbitDisplay.from_estimator(solved, linear[0][:2])
        with pytest.raises(ValueError, match="generator=1, but"):
            OrbitDisplay.from_estimator(solved, x, generator=1)
        with pytest.raises(ValueError, match="no generators in lie_algebra_"):
            OrbitDisplay.from_estimator(ode, circle[0][0])

    def test_looks_as_before(self, axes):
        angle = np.linspace(0, np.pi, 4)
        grid = np.linspace(-1, 1, 12)
        images = np.cos(4 * grid[:, None] + 0 * grid - angle[:, None, None])
        images = images.reshape(4, -1)
        OrbitDisplay(images[0], images, angle, image_shape=(12, 12)).plot(axes)
        assert_looks_as_before(axes.figure, "orbit")


class TestDiscoveryReport:
    def test_all_panels_of_a_fit(self, trained):
        X, X_dot, _, _ = embedded_rotation(0, n_samples=300, n_features=10)
        figure = discovery_report(trained, X, X_dot)
        titles = [ax.get_title() for ax in figure.axes]
        assert titles[1] == "latent space"
        assert {"training", "quality and doubts"} <= set(titles)
        quality, doubts = texts(figure.axes[4])
        assert "variance that the latent space loses" in quality
        assert f"{trained.restart_agreement_.min():.3g}" in quality
        # Hardly trained, so there is reason.
        caveats = find_caveats(trained, quality_figures(trained, X, X_dot), len(X))
        assert caveats
        assert all(each.text in " ".join(doubts.split()) for each in caveats)

    def test_what_is_missing_is_said(self):
        data = make_no_symmetry(20, random_state=0)
        est = LatentSymmetryDiscoverer(random_state=0)
        figure = discovery_report(est.fit(data.X), data.X)
        said = " ".join(text for ax in figure.axes for text in texts(ax))
        assert "No symmetry was found" in said
        assert "No equations" in said
        assert "No orbits" in said
        assert "Nothing was trained" in said

    def test_images(self, solved, linear):
        figure = discovery_report(solved, *linear, image_shape=(2, 3))
        assert figure.axes[5].images[0].get_array().shape[0] == 2

    def test_equations_only(self, ode, circle):
        figure = discovery_report(ode, circle[0])
        assert figure.axes[2].get_title() == "dz0/dt = z1\ndz1/dt = -z0"
        assert texts(figure.axes[0]) == ["No symmetry was asked for."]

    def test_only_estimators_of_this_package(self):
        from sklearn.decomposition import PCA

        with pytest.raises(TypeError, match="est is a PCA"):
            discovery_report(PCA(), np.ones((3, 2)))


def test_a_changed_picture_is_noticed(axes):
    """The comparison can fail: one sign is another here."""
    skip_unless_drawn_alike()
    GeneratorDisplay([ROTATION, [[0.0, -1.0], [0.0, 0.0]]], "test").plot(axes)
    expected = plt.imread(BASELINE / "generators.png")[..., :3]
    assert distance(pixels(axes.figure), expected) > TOLERANCE


def test_figures_are_not_left_to_pyplot_when_axes_are_given(axes):
    before = plt.get_fignums()
    TrainingDisplay({"loss": [1.0, 0.5]}).plot(axes)
    assert plt.get_fignums() == before


def test_without_matplotlib_the_remedy_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot")
    with pytest.raises(ImportError, match=r'pip install "symdisc\[plot\]"'):
        TrainingDisplay({"loss": [1.0]}).plot()
