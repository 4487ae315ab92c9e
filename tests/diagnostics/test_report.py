"""The page of HTML: what it says, when it doubts, and that it stands alone."""

import re
import shutil
import subprocess
from base64 import b64decode
from html.parser import HTMLParser
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
import sympy
from conftest import GAME, embedded_rotation, no_doubts
from scipy.linalg import expm
from sklearn.exceptions import ConvergenceWarning

from symdisc import (
    CandidateLibrary,
    EquationSystem,
    LatentSINDy,
    LatentSymmetryDiscoverer,
    LieAlgebra,
    report,
)
from symdisc._diagnostics.caveats import find_caveats
from symdisc._diagnostics.figures_of_merit import (
    MEANINGS,
    latent_noise,
    quality_figures,
    sample_curve,
)
from symdisc._report.mathml import equations_mathml, matrix_mathml
from symdisc.datasets import make_no_symmetry
from symdisc.plotting import discovery_report

pytestmark = no_doubts

HOSTILE = "<script>alert('x')</script>&\"$_{"
PAPER = "https://arxiv.org/abs/2310.00105"
VOID = {"meta", "img", "br"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])


@pytest.fixture(autouse=True)
def no_windows():
    with matplotlib.rc_context({"backend": "agg"}):
        yield


class Page(HTMLParser):
    """Tags with attributes, text of headings and paragraphs; checks nesting."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.texts = [], [], []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append((tuple(self.open), data))

    @property
    def text(self):
        return " ".join(" ".join(data for _, data in self.texts).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    def inside(self, tag):
        return [data for path, data in self.texts if tag in path]


@pytest.fixture(scope="module")
def circle():
    t = np.linspace(0, 10, 200)
    return np.column_stack([np.cos(t), -np.sin(t)]), t


@pytest.fixture(scope="module")
def ode(circle):
    return LatentSINDy(autoencoder="none").fit(circle[0], t=circle[1])


@pytest.fixture(scope="module")
def rotation_small():
    return embedded_rotation(0, n_samples=600, n_features=12)


@pytest.fixture(scope="module")
def trained(rotation_small):
    X, X_dot, _, _ = rotation_small
    options = {"max_iter": 100, "n_restarts": 2, "tol": 1, "random_state": 0}
    est = LatentSymmetryDiscoverer(**options, **GAME)
    return est.fit(X, X_dot)


@pytest.fixture(scope="module")
def html(trained, rotation_small):
    X, X_dot, _, _ = rotation_small
    return report(trained, X, X_dot, image_shape=(3, 4), title="Turning plane")


@pytest.fixture(scope="module")
def plain(ode, circle):
    """Page about equations alone."""
    return report(ode, circle[0])


class TestPage:
    def test_is_well_formed(self, html):
        page = Page(html)
        assert html.startswith("<!DOCTYPE html>")
        assert page.all("html") == [{"lang": "en"}]
        assert page.inside("title") == page.inside("h1") == ["Turning plane"]
        assert page.inside("h2") == [
            "Reasons for doubt",
            "Symmetry",
            "Equations",
            "Latent space",
            "What the symmetry does to a sample",
            "Training",
            "Quality",
            "What this page cannot know",
            "Data and settings",
        ]

    def test_needs_nothing_from_elsewhere(self, html):
        page = Page(html)
        links = [
            value
            for _, attrs in page.tags
            for name, value in attrs.items()
            if name in {"src", "href", "srcset", "data", "action"}
        ]
        assert [link for link in links if not link.startswith("data:image/png")] == [
            PAPER
        ]
        assert not page.all("script") + page.all("link") + page.all("iframe")
        assert "url(" not in html
        assert "@import" not in html

    def test_pictures_are_pictures_and_have_words(self, html):
        images = Page(html).all("img")
        assert len(images) == 5
        for image in images:
            data = b64decode(image["src"].partition("base64,")[2], validate=True)
            assert data.startswith(b"\x89PNG")
            assert len(image["alt"]) > 20

    def test_figures_are_those_measured(self, html, trained, rotation_small):
        X, X_dot, _, _ = rotation_small
        figures = quality_figures(trained, X, X_dot)
        text = Page(html).text
        for name, value in figures.items():
            assert f"{MEANINGS[name]} {value:.4g}" in text
        assert figures["reconstruction_error"] == pytest.approx(1 - trained.score(X))
        assert figures["equation_score"] == pytest.approx(
            trained.equation_score_, rel=1e-4
        )
        assert figures["worst_restart"] == min(trained.restart_agreement_)

    def test_settings_are_there(self, html, trained):
        text = Page(html).text
        for name, value in trained.get_params().items():
            assert f"{name} {value!r}" in text

    def test_equations_and_algebra_are_set(self, html, trained):
        page = Page(html)
        alternatives = [attrs["alttext"] for attrs in page.all("math")]
        matrix = sympy.sstr(trained.lie_algebra_[0].tolist(), full_prec=False)
        assert alternatives == [
            f"L0 = {matrix}",
            *str(trained.equations_).splitlines(),
        ]
        assert len(page.all("mtable")) == 1
        assert len(page.all("mfrac")) == 2

    def test_is_a_str_that_notebooks_frame(self, html):
        assert isinstance(html, str)
        (frame,) = Page(html._repr_html_()).all("iframe")
        assert frame["srcdoc"] == html

    def test_without_symmetry_or_training(self, plain):
        text = Page(plain).text
        assert "LatentSINDy found equations with 2 terms" in text
        assert "No symmetry was asked for" in text
        assert "Nothing was trained" in text
        assert "What the symmetry does" not in text

    def test_without_equations(self, trained, rotation_small):
        est = altered(trained, equations_=None)
        text = Page(report(est, rotation_small[0])).text
        assert "without time derivatives" in text

    def test_errors_have_a_table(self, ode, circle):
        errors = np.where(ode.coefficients_ != 0, 0.125, 0)
        equations = EquationSystem(ode.coefficients_, ode.library_, errors=errors)
        text = Page(report(altered(ode, equations_=equations), circle[0])).text
        assert "z1 in dz0/dt 1.00 0.12 " in text

    def test_data_that_stay_on_disk(self, ode, plain, circle, tmp_path, monkeypatch):
        disk = np.memmap(tmp_path / "X", float, "w+", shape=circle[0].shape)
        disk[:] = circle[0]
        monkeypatch.setattr("symdisc._data.out_of_core.IN_MEMORY", 0)
        assert report(ode, disk) == plain

    def test_bad_arguments(self, ode, circle):
        from sklearn.decomposition import PCA

        with pytest.raises(ValueError, match=r"image_shape=\(2, 2\)"):
            report(ode, circle[0], image_shape=(2, 2))
        with pytest.raises(TypeError, match="est is a PCA"):
            report(PCA(), circle[0])
        with pytest.raises(ValueError, match=r"X_dot has shape .* Pass as X_dot"):
            report(ode, circle[0], circle[0][:3])


class TestEquations:
    def test_scores_errors_and_how_rates_were_taken(self, ode, plain):
        page = Page(plain)
        assert ode.differentiation_ == "spline"
        assert "Rates are those of smoothing splines along t." in page.text
        assert "Scores on the training data" in page.text
        assert "dz0/dt 1 1 dz1/dt 1 1" in page.text
        assert ode.equations_.errors is not None
        assert "Standard error" in page.text

    def test_path_is_there_where_terms_were_chosen_by_it(self, ode, plain, circle):
        alts = [image["alt"] for image in Page(plain).all("img")]
        assert any("number of terms" in alt for alt in alts)
        est = altered(ode, path_=None)
        alts = [image["alt"] for image in Page(report(est, circle[0])).all("img")]
        assert not any("number of terms" in alt for alt in alts)

    def test_simulation_is_there_with_times(self, ode, plain, circle):
        X, t = np.vstack([circle[0], 2 * circle[0]]), np.tile(circle[1], 2)
        groups = np.repeat(["first run", "second run"], len(circle[0]))
        page = Page(report(ode, X, t=t, groups=groups))
        assert "Data and simulation" in page.inside("h2")
        assert "first run at least 10 second run at least 10" in page.text
        assert "Lyapunov" not in page.text
        assert "Data and simulation" not in Page(plain).inside("h2")

    def test_simulation_that_diverges_is_no_warning(self):
        t = np.linspace(0, 0.9, 100)
        X = (1 / (1 - t))[:, None]
        est = LatentSINDy(1, autoencoder="none").fit(X, X**2)
        X_long = np.linspace(1, 2, 41)[:, None]
        page = Page(report(est, X_long, t=np.linspace(0, 2, 41)))
        assert "Data and simulation" in page.inside("h2")

    def test_second_order_is_simulated_from_velocities(self):
        t = np.linspace(0, 10, 500)
        X = np.cos(t)[:, None]
        est = LatentSINDy(autoencoder="none", order=2, degree=1).fit(X, t=t)
        assert "pass X_dot" in Page(report(est, X, t=t)).text
        rates = np.column_stack([-np.sin(t), -np.cos(t)])
        assert "at least 10" in Page(report(est, X, rates, t=t)).text


class TestRelation:
    def test_is_that_of_the_warning_of_fit(self, circle):
        X, t = circle
        est = LatentSINDy(autoencoder="none", degree=2)
        with pytest.warns(UserWarning, match=r"z0\*\*2 \+ z1\*\*2 = 1") as record:
            est.fit(X, t=t)
        (said,) = [str(each.message) for each in record]
        assert said in Page(report(est, X, t=t)).text
        assert said in Page(report(est, X)).text

    def test_none_where_starts_differ(self, ode, circle):
        X = np.vstack([circle[0], 2 * circle[0]])
        assert "depend on each other" not in report(ode, X)

    def test_noise_hides_it(self, ode, circle):
        noise = 0.03 * np.random.default_rng(0).standard_normal(circle[0].shape)
        _, curve = sample_curve(ode, circle[0])
        levels = latent_noise(ode, circle[0] + noise, circle[1])
        np.testing.assert_allclose(levels, 0.03, rtol=0.3)
        for noise, expected in ((None, True), (levels, False)):
            found = find_caveats(ode, SOUND, 1000, curve=curve, noise=noise)
            assert ("dependent" in {each.name for each in found}) == expected
        assert latent_noise(ode, circle[0], None) is None


class TestHostileNames:
    def test_title_and_features(self, circle, tmp_path):
        X = pd.DataFrame(circle[0], columns=[HOSTILE, "b"])
        est = LatentSINDy(autoencoder="none").fit(X, t=circle[1])
        html = report(est, X, title=HOSTILE)
        page = Page(html)
        assert not page.all("script")
        assert page.inside("h1") == [HOSTILE]
        assert any(HOSTILE in data for data in page.inside("p"))

    def test_symbols(self, ode, circle):
        symbols = [sympy.Symbol(HOSTILE), sympy.Symbol("</math>")]
        library = CandidateLibrary([*symbols], symbols)
        est = altered(ode, equations_=EquationSystem(ROTATION, library))
        page = Page(report(est, circle[0]))
        assert not page.all("script")
        assert len(page.all("math")) == 2

    def test_parameters_and_losses(self, ode, circle):
        est = altered(ode, history_={HOSTILE: np.array([1.0, 0.5])})
        est.set_params(loss_weights={HOSTILE: 1})
        page = Page(report(est, circle[0]))
        assert not page.all("script")
        assert repr({HOSTILE: 1}) in page.text


class TestFile:
    def test_is_what_is_returned(self, ode, circle, tmp_path):
        path = tmp_path / "page.html"
        html = report(ode, circle[0], path=path)
        assert path.read_text(encoding="utf-8") == html
        assert list(tmp_path.iterdir()) == [path]

    def test_what_was_there_stays_if_writing_fails(
        self, ode, circle, tmp_path, monkeypatch
    ):
        path = tmp_path / "page.html"
        path.write_text("before")

        def full(self, *args, **kwargs):
            with self.open("w") as file:
                file.write("half")
            raise OSError("No space left on device")

        monkeypatch.setattr("pathlib.Path.write_text", full)
        with pytest.raises(OSError, match="No space"):
            report(ode, circle[0], path=str(path))
        assert path.read_text() == "before"
        assert list(tmp_path.iterdir()) == [path]


def altered(est, **attributes):
    """Copy a fitted estimator with other fitted attributes."""
    copy = type(est)(**est.get_params(deep=False))
    copy.__dict__.update({**est.__dict__, **attributes})
    return copy


def names(est, figures, n_samples=1000):
    return {caveat.name for caveat in find_caveats(est, figures, n_samples)}


SOUND = {
    "reconstruction_error": 1e-3,
    "pod_error": 2e-3,
    "n_components": 2,
    "rank": 2,
    "n_generators": 1,
    "bracket_residual": 0.0,
    "agreement": 0.999,
    "defect": 0.01,
    "defect_upper": 0.02,
    "n_refuted": 0,
    "n_undecided": 0,
    "worst_restart": 0.99,
    "energy_distance": 0.001,
    "equivariance_error": 0.01,
    "equation_score": 0.999,
    "training_score": 0.9993,
    "dense_score": 0.9999,
    "held_out_rate_error": 0.001,
    "n_terms": 2,
    "n_candidates": 12,
    "independence": 0.5,
}


class TestCaveats:
    library = CandidateLibrary.polynomial(2, 1)

    def estimator(self, algebra=ROTATION, errors=None):
        return SimpleNamespace(
            lie_algebra_=None if algebra is None else LieAlgebra(algebra),
            equations_=EquationSystem(
                [[0, 0, 2.0], [0.3, -2.0, 0]], self.library, errors=errors
            ),
        )

    def test_none_where_all_is_well(self):
        assert names(self.estimator(), SOUND) == set()

    @pytest.mark.parametrize(
        ("change", "name"),
        [
            ({"reconstruction_error": 0.06, "pod_error": 0.1}, "reconstruction"),
            ({"reconstruction_error": 3e-3}, "pod"),
            ({"rank": 1}, "empty"),
            ({"agreement": 0.95}, "disagreement"),
            ({"worst_restart": 0.7}, "restart"),
            ({"n_refuted": 1}, "refuted"),
            ({"n_undecided": 1}, "undecided"),
            ({"energy_distance": 0.05}, "energy"),
            ({"equivariance_error": 0.2}, "equivariance"),
            ({"equation_score": 0.8}, "equations"),
            ({"held_out_rate_error": 0.2}, "held_out"),
            ({"training_score": 0.992}, "dropped"),
            ({"n_terms": 12}, "dense"),
            ({"independence": 0.001}, "dependent"),
        ],
    )
    def test_each_alone(self, change, name):
        est = self.estimator()
        assert names(est, SOUND | change) == {name}

    def test_rounding_is_not_worse_than_pod(self):
        change = {"reconstruction_error": 1e-13, "pod_error": 1e-16}
        assert names(self.estimator(), SOUND | change) == set()

    def test_few_samples_do_not_show_that_orbits_leave(self):
        figures = SOUND | {"energy_distance": 0.05}
        assert names(self.estimator(), figures, n_samples=50) == set()

    def test_no_symmetry(self):
        keys = ("agreement", "worst_restart")
        figures = {name: v for name, v in SOUND.items() if name not in keys}
        assert names(self.estimator(np.zeros((0, 2, 2))), figures) == {"no_symmetry"}
        assert names(self.estimator(None), figures) == set()

    def test_generators_that_are_no_algebra(self):
        generators = np.zeros((2, 3, 3))
        generators[0, 0, 1] = generators[1, 1, 2] = 1.0
        generators[0, 1, 0] = generators[1, 2, 1] = -1.0
        est = self.estimator(generators)
        assert est.lie_algebra_.name == "unidentified"
        (caveat,) = find_caveats(est, SOUND | {"bracket_residual": 1.0}, 1000)
        assert caveat.name == "unidentified"
        assert est.lie_algebra_.nearest[0] in caveat.text

    def test_coefficients_within_their_errors(self):
        errors = [[0, 0, 0.9], [0.2, 1.1, 0]]
        (caveat,) = find_caveats(self.estimator(errors=errors), SOUND, 1000)
        assert caveat.name == "coefficients"
        assert "1 in dz1/dt, z0 in dz1/dt." in caveat.text
        assert "z1 in dz0/dt" not in caveat.text

    def test_share_explained_is_said(self):
        (caveat,) = find_caveats(self.estimator(), SOUND | {"equation_score": 0.8}, 9)
        assert "only 80.0% of the rates" in caveat.text

    def test_reach_the_page_escaped(self, ode, circle):
        symbols = [sympy.Symbol("<b>"), sympy.Symbol("z1")]
        equations = EquationSystem(
            ROTATION, CandidateLibrary(symbols, symbols), errors=[[0, 1], [1, 0]]
        )
        html = report(altered(ode, equations_=equations), circle[0])
        assert "&lt;b&gt; in dz1/dt" in html
        assert "<b>" not in html


class TestFigures:
    def test_what_is_left_of_rows_held_out(self, rotation_small):
        X, X_dot, _, _ = rotation_small
        est = LatentSymmetryDiscoverer(random_state=0).fit(X, X_dot)
        found = quality_figures(est, X, X_dot)["held_out_rate_error"]
        assert found == est.errors_["x_dot"]

    def test_of_a_planted_rotation(self, ode, circle):
        """A circle once and a half around, its true symmetry, its true equations."""
        est = altered(ode, lie_algebra_=LieAlgebra(ROTATION), agreement_=1.0)
        figures = quality_figures(est, circle[0], circle[0] @ ROTATION)
        assert figures["reconstruction_error"] == 0
        assert figures["equivariance_error"] < 1e-3
        assert figures["equation_score"] > 0.999
        assert figures["energy_distance"] < 0.05
        assert "pod_error" not in figures

    def test_a_wrong_symmetry_is_seen(self, ode):
        """An ellipse is not moved to itself, nor its motion to a motion of it."""
        angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 1000)
        X = np.column_stack([2 * np.cos(angle), np.sin(angle)])
        library = CandidateLibrary.polynomial(2, 1, False)
        equations = EquationSystem([[0, 2], [-0.5, 0]], library)
        est = altered(
            ode,
            lie_algebra_=LieAlgebra(ROTATION),
            agreement_=1.0,
            equations_=equations,
        )
        figures = quality_figures(est, X)
        found = names(est, figures)
        assert {"energy", "equivariance"} <= found

    def test_symmetry_given_is_not_asked_of_the_distribution(self, ode, circle):
        est = altered(ode, lie_algebra_=LieAlgebra(ROTATION), agreement_=None)
        assert "energy_distance" not in quality_figures(est, circle[0])

    @pytest.mark.slow
    def test_no_symmetry_is_mentioned_where_adversaries_return_one(self):
        X = make_no_symmetry(random_state=0).X
        est = LatentSymmetryDiscoverer(random_state=0, **GAME)
        with pytest.warns(ConvergenceWarning, match="=1 asks .*: 1 refuted"):
            est.fit(X)
        assert len(est.lie_algebra_) == 1
        assert est.verdict_ == ("refuted",)
        assert "refuted" in names(est, quality_figures(est, X))

    def test_damping_below_the_threshold_is_missed(self):
        t, A = np.linspace(0, 10, 200), np.array([[0, 2.0], [-2.0, -0.3]])
        starts = np.random.default_rng(0).normal(size=(8, 2))
        Z = np.vstack([[expm(s * A) @ start for s in t] for start in starts])
        groups = np.repeat(np.arange(8), len(t))
        options = {"t": np.tile(t, 8), "groups": groups}
        found = {}
        for threshold in (0.2, 0.01):
            est = LatentSINDy(autoencoder="none", threshold=threshold)
            est.fit(Z, Z @ A.T, **options)
            found[est.equations_.n_terms] = names(est, quality_figures(est, Z))
        assert found.keys() == {2, 3}
        assert "dropped" in found[2]
        assert found[3] == set()

    def test_many_candidates_of_few_rows_are_no_dropped_terms(self):
        rng = np.random.default_rng(0)
        X, X_dot = rng.standard_normal((2, 40, 2))
        for degree in (3, 10):
            est = LatentSINDy(autoencoder="none", degree=degree, threshold=0.5)
            est.fit(X, X_dot)
            assert "dropped" not in names(est, quality_figures(est, X))
        assert est.dense_score_ == est.equation_score_

    def test_pod_is_that_of_principal_components(self, trained, rotation_small):
        X = rotation_small[0]
        values = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2
        figures = quality_figures(trained, X)
        assert figures["pod_error"] == pytest.approx(values[2:].sum() / values.sum())

    def test_every_figure_has_a_meaning(self):
        assert set(SOUND) == set(MEANINGS)


class TestMathML:
    def test_second_order(self):
        z, v = sympy.symbols("z0 z0_dot")
        library = CandidateLibrary([sympy.sin(z), v], [z, v])
        (line,) = equations_mathml(EquationSystem([[-1.0, -0.1]], library, order=2))
        name = "<msub><mi>z</mi><mn>0</mn></msub>"
        left, right = line.split("<mo>=</mo>")
        assert f"<msup><mi>d</mi><mn>2</mn></msup>{name}" in left
        assert f"<mfrac><mrow><mi>d</mi>{name}</mrow>" in right
        assert 'alttext="d2z0/dt2 = -0.1*z0_dot - sin(z0)"' in line

    def test_numbers_are_those_shown(self):
        line = matrix_mathml("L0", sympy.Matrix([[sympy.Float("0.71"), -1]]))
        assert re.findall(r"<mn>(.*?)</mn>", line) == ["0", "0.71", "-1"]


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_in_a_browser(html, tmp_path):
    """The page is laid out: formulas and pictures have a size, nothing overflows."""
    probe = """<script>
addEventListener("load", () => {
  const size = node => {
    const box = node.getBoundingClientRect();
    return [Math.round(box.width), Math.round(box.height)].join("x");
  };
  const sizes = query => [...document.querySelectorAll(query)].map(size).join(" ");
  const element = document.createElement("pre");
  element.id = "probe";
  element.textContent = [
    sizes("math"), sizes("mtable"), sizes("img"),
    [...document.images].map(image => image.naturalWidth).join(" "),
    document.documentElement.scrollWidth <= innerWidth,
  ].join("|");
  document.body.append(element);
});
</script></body>"""
    path = tmp_path / "page.html"
    path.write_text(html.replace("</body>", probe), encoding="utf-8")
    options = "headless no-sandbox disable-gpu disable-quic no-first-run"
    options += " disable-background-networking disable-component-update disable-sync"
    command = [CHROMIUM, *(f"--{option}" for option in options.split())]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=900,1200"]
    done = subprocess.run(
        [*command, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout)
    formulas, matrices, images, widths, fits = found.group(1).split("|")
    assert len(formulas.split()) == 3
    assert len(images.split()) == 5
    for box in [*formulas.split(), *matrices.split(), *images.split()]:
        width, height = map(int, box.split("x"))
        assert width > 20
        assert height > 10
    assert all(int(width) > 300 for width in widths.split())
    assert fits == "true"
    assert "Reasons for doubt" in done.stdout


@pytest.mark.parametrize(("degree", "dependent"), [(1, False), (2, True)])
def test_candidates_that_are_dependent_on_one_orbit(degree, dependent):
    angle = np.linspace(0, 10, 400)
    circle = np.column_stack([np.cos(angle), -np.sin(angle)])
    X = circle + 1e-3 * np.random.default_rng(0).standard_normal(circle.shape)
    X_dot = np.column_stack([circle[:, 1], -circle[:, 0]])
    est = LatentSINDy(autoencoder="none", degree=degree, threshold=0.0).fit(X, X_dot)
    assert ("dependent" in names(est, quality_figures(est, X, X_dot))) == dependent


def test_second_order_without_derivatives():
    t = np.linspace(0, 10, 500)
    X = np.cos(t)[:, None]
    est = LatentSINDy(autoencoder="none", order=2, degree=1).fit(X, t=t)
    page = report(est, X)
    assert "d2z0/dt2 = -z0" in page
    assert MEANINGS["equation_score"] in page
    assert MEANINGS["independence"] not in page
    assert discovery_report(est, X).axes
