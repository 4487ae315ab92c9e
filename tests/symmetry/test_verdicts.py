"""What is certified, refuted and left open, and that the limits hold."""

import copy
import pickle

import numpy as np
import pytest
from conftest import GAME, embedded_rotation, first_of, no_doubts
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.decomposition import PCA
from sklearn.preprocessing import scale

from symdisc import Block, LatentSymmetryDiscoverer, load
from symdisc._lie.discovered import DiscoveredAlgebra
from symdisc._symmetry.claim import finer_defect
from symdisc.autoencoders import LinearEncoder

pytestmark = no_doubts
J = np.array([[0.0, -1.0], [1.0, 0.0]])


def columns(**params):
    return LatentSymmetryDiscoverer(**({"autoencoder": "none"} | params))


def motion(field, n, noise, seed, k=2, half_width=1.0, **params):
    """Fit to a field in a box, with noise relative to the rates."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-half_width, half_width, (n, k))
    V = field(X)
    V = V + noise * V.std() * rng.standard_normal(V.shape)
    return columns(symmetry_of="motion", **params).fit(X, V)


def hopf(X):
    return X * (1 - (X**2).sum(axis=1, keepdims=True)) + X @ J.T


def sphere(X):
    return X * (1 - (X**2).sum(axis=1, keepdims=True))


def top(X):
    return np.column_stack([-X[:, 1] * X[:, 2], X[:, 0] * X[:, 2], 0 * X[:, 0]])


def lorenz(X):
    x, y, z = X.T
    return np.column_stack([10 * (y - x), 28 * x - y - x * z, x * y - 8 / 3 * z])


def van_der_pol(X):
    return np.column_stack([X[:, 1], -X[:, 0] + X[:, 1] * (1 - X[:, 0] ** 2)])


@pytest.mark.parametrize("seed", first_of(range(5)))
@pytest.mark.parametrize(
    ("field", "k", "name"),
    [(hopf, 2, "so(2)"), (sphere, 3, "so(3)"), (top, 3, "so(2)+R")],
)
def test_symmetries_of_motions_are_certified(field, k, name, seed):
    est = motion(field, 800, 0.03, seed, k)
    assert est.lie_algebra_.name == name
    assert set(est.verdict_) == {"certified"}
    assert (est.defect_upper_ <= 0.05).all()
    assert "within polynomials of degree" in str(est.lie_algebra_)


@pytest.mark.parametrize("seed", first_of(range(5)))
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.3])
@pytest.mark.parametrize(("field", "k", "w"), [(lorenz, 3, 20), (van_der_pol, 2, 1)])
def test_motions_without_symmetry_have_none(field, k, w, noise, seed):
    found = motion(field, 800, noise, seed, k, w).lie_algebra_
    assert not found
    if noise < 0.1:
        # The least defect of any map of the Lorenz field is 0.18, of van der Pol's 0.2.
        assert 0.1 < found.least < 0.25
        assert "every other map changes the motion by at least" in str(found)


@pytest.mark.filterwarnings("ignore:The equations leave")
@pytest.mark.slow
@pytest.mark.parametrize("seed", first_of(range(4)))
def test_a_defect_at_the_tolerance_is_rarely_certified(seed):
    # A rotation and a term x^3 that breaks it by 0.05 over many rows, see tuned_rates
    # of benchmarks/certified_symmetry.py.
    def field(X):
        return X @ (J - 0.1 * np.eye(2)).T + 0.0448 * X[:, :1] ** 3 * [[1.0, 0.0]]

    certified = [
        len(motion(field, 400, 0.1, 100 * seed + i, half_width=1.5).lie_algebra_) > 0
        for i in range(20)
    ]
    assert sum(certified) <= 2
    exact = [len(motion(hopf, 2000, 0.1, i).lie_algebra_) for i in range(5)]
    assert exact == [1] * 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_of(range(20)))
def test_two_oscillators(seed):
    def unequal(X):
        return np.column_stack(
            [X[:, 1], -X[:, 0] - X[:, 0] ** 3, X[:, 3], -1.7 * np.sin(X[:, 2])]
        )

    def equal(X):
        return np.column_stack([X[:, 1], -X[:, 0], X[:, 3], -X[:, 2]])

    assert not motion(unequal, 2000, 0.01, seed, 4, 1.5).lie_algebra_
    found = motion(equal, 2000, 0.01, seed, 4, 1.5).lie_algebra_
    assert len(found) == 7
    assert found.time_translation.name == "so(2)"
    assert_allclose(found.time_translation.rate, 1, atol=0.01)
    assert "with time translation: gl(2,C), compact part u(2)" in str(found)


@pytest.mark.slow
def test_few_rows_of_a_rotation():
    certified = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        angle, radius = rng.uniform(0, 2 * np.pi, 50), rng.uniform(0.5, 1.5, 50)
        X = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        V = 0.906 * X @ J.T
        V += 0.03 * V.std() * rng.standard_normal(X.shape)
        est = columns().fit(X, V)
        found = est.motion_algebra_
        assert found.time_translation.name == "so(2)"
        assert_allclose(found.time_translation.rate, 0.906, atol=0.02)
        assert "time translation: so(2), 0.9" in str(found)
        assert not est.distribution_algebra_
        if est.lie_algebra_:
            assert est.symmetry_of_ == "motion"
            assert est.lie_algebra_.name == "scaling"
            certified += 1
        else:
            assert found.undecided.name == "scaling"
    assert certified >= 15  # 17 as measured


@pytest.mark.parametrize("seed", first_of(range(3)))
@pytest.mark.parametrize(
    ("A", "name"),
    [
        ([[-0.1, -1.0], [1.0, -0.1]], "so(2)"),
        ([[-1.0, 0.3], [-0.3, -1.0]], "so(2)"),
        ([[0.0, 1.0], [-2.0, -0.4]], "so(2)"),
        ([[0.0, 1.0], [-1.0, -2.5]], "scaling"),
        ([[0.0, 1.0], [-1.0, 0.0]], "scaling"),
    ],
)
def test_maps_are_known_up_to_time_translation(A, name, seed):
    A, rng = np.array(A), np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (1500, 2)) * [1.0, 0.7] + [3.0, -1.0]
    V = (X - [3.1, -1.2]) @ A.T
    V += 0.01 * V.std(axis=0) * rng.standard_normal(X.shape)
    found = columns(symmetry_of="motion").fit(X, V).lie_algebra_
    assert found.name == name
    assert found.verdict == ("certified",)
    turning = A - np.trace(A) / 2 * np.eye(2) if name == "so(2)" else np.eye(2)
    (L,) = found.matrices
    L = L * np.sign((L * turning).sum()) * np.linalg.norm(turning)
    assert_allclose(L / np.linalg.norm(found.matrices), turning, atol=0.05)
    assert found.time_translation.name in ("R", "so(2)")


def test_the_print_names_the_question():
    angle = np.random.default_rng(0).vonmises(0, 1, 2000)
    X = np.column_stack([np.cos(angle), np.sin(angle)])
    est = columns().fit(X, X @ J.T)
    assert est.symmetry_of_ == "derivatives"
    assert not est.lie_algebra_
    assert "the distribution of states and rates by at least" in str(est.lie_algebra_)
    assert est.motion_algebra_.time_translation.name == "so(2)"
    assert "motion" in " ".join(est.motion_algebra_.evidence)


CLOUDS = {
    "ring": lambda rng, n: rng.uniform(0.8, 1.2, (n, 1)) * circle(rng, n),
    "square": lambda rng, n: rng.uniform(-1, 1, (n, 2)),
    "clusters": lambda rng, n: np.sign(circle(rng, n)) + rng.normal(0, 0.3, (n, 2)),
    "Laplace": lambda rng, n: rng.laplace(size=(n, 2)),
    "cube": lambda rng, n: rng.uniform(-1, 1, (n, 3)),
}


def circle(rng, n):
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.mark.parametrize("seed", first_of(range(4)))
@pytest.mark.parametrize("kind", CLOUDS)
def test_distributions_in_given_coordinates(kind, seed):
    for n in (5000,) if kind == "ring" else (2000, 5000):
        X = CLOUDS[kind](np.random.default_rng(seed), n)
        found = columns().fit(X).lie_algebra_
        assert found.name == ("so(2)" if kind == "ring" else "trivial")
    if kind == "square":
        assert found.least > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_of(range(3)))
@pytest.mark.parametrize("dim", first_of([2, 3]))
def test_labels_that_depend_on_products_of_two_vectors(dim, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((3000, 2 * dim))
    x, y = X[:, :dim], X[:, dim:]
    products = [np.sum(a * b, axis=1) / dim for a, b in ((x, x), (x, y), (y, y))]
    labels = np.exp(-products[0]) + np.sin(products[1]) + np.sin(products[2]) / 2
    block = Block(dim, dim * (dim - 1) // 2, copies=2)
    est = columns(symmetry_of="labels", representation=[block])
    found = est.fit(X, labels).lie_algebra_
    assert found.name == f"so({dim})"
    assert set(est.verdict_) == {"certified"}
    assert "functions of the invariants" in found.within
    # A direction leaves the rotations about it.
    broken = est.fit(X, labels + 0.3 * X[:, 0] ** 2).lie_algebra_
    assert broken.name == ("trivial" if dim == 2 else "so(2)")
    if dim == 3:
        assert_allclose(broken.matrices[0][:, [0, 3]], 0, atol=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("load_data", first_of([load_breast_cancer, load_iris]))
def test_real_tables_have_no_symmetry(load_data):
    data = load_data()
    X = PCA(2, random_state=0).fit_transform(scale(data.data))
    assert not columns().fit(X).lie_algebra_
    assert not columns(symmetry_of="labels").fit(X, data.target).lie_algebra_


@pytest.mark.slow
def test_standard_errors_cover():
    options = {"n_generators": 1, "tol": 1.0, "degree": 3}
    found = [motion(hopf, 400, 0.1, i, **options) for i in range(40)]
    gaps = [np.abs(est.lie_algebra_.matrices[0] - J) for est in found]
    covered = np.array(gaps) <= 1.96 * np.array([e.generator_error_[0] for e in found])
    assert 0.88 < covered.mean() < 0.995


def test_an_approximate_symmetry_is_said_to_be_one():
    def field(X):
        return hopf(X) + 0.06 * X[:, :1] ** 2 * [[1.0, 0.0]]

    found = motion(field, 2000, 0.0, 0, max_defect=0.1).lie_algebra_
    assert found.name == "so(2)"
    assert found.is_broken
    assert found.defect_lower[0] > 0.01
    assert str(found).startswith("so(2), broken by")


def test_a_part_of_a_turn_is_no_turn():
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 1.2, 2000), rng.uniform(0.5, 1.5, 2000)
    X = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    est = columns(symmetry_of="motion").fit(X, hopf(X))
    assert est.lie_algebra_.name == "so(2)"
    assert est.verdict_ == ("conditional",)
    assert "cover 19 % of a turn" in str(est.lie_algebra_)


def test_what_is_left_open_is_printed():
    found = motion(hopf, 200, 0.1, 0).lie_algebra_
    assert not found
    assert found.undecided.name == "so(2)"
    assert "trivial; undecided: so(2), defect" in str(found)


def test_one_piece_of_a_motion_with_coherent_errors_certifies_nothing():
    t = np.linspace(0, 6, 400)
    X = np.column_stack([np.cos(t), np.sin(t)]) * (1 + 0.3 * np.exp(-t))[:, None]
    V = hopf(X) + 0.1 * np.sin(t / 3 + 1)[:, None]
    assert not columns(symmetry_of="motion").fit(X, V).lie_algebra_


@pytest.mark.parametrize("swing", [0.11, 0.2, 0.37])
@pytest.mark.parametrize("width", [0.005, 0.03])
def test_a_motion_along_one_ring_is_not_scaled(swing, width):
    # Polynomials follow it, and say that at any other radius it is the same.
    t = np.linspace(0, 50, 1000)
    turned = np.column_stack([np.cos(t), np.sin(t)])
    slope = turned @ J.T
    radius, growth = 1 + width * np.sin(swing * t), width * swing * np.cos(swing * t)
    X = radius[:, None] * turned
    est = columns().fit(X, growth[:, None] * turned + radius[:, None] * slope)
    assert est.lie_algebra_.name == "trivial"
    assert est.lie_algebra_.undecided.name == "so(2)"
    assert est.motion_algebra_.name == "scaling"
    # Of several rings it is known; here the distribution leaves more open.
    X = np.concatenate([r * turned[:400] for r in (0.5, 1, 1.5)])
    est = columns().fit(X, X @ J.T, groups=np.repeat(range(3), 400))
    assert est.lie_algebra_.name == "scaling"
    assert est.verdict_ == ("certified",)


def test_verdicts_are_kept(tmp_path):
    est = motion(hopf, 800, 0.03, 0)
    est.save(tmp_path / "model")
    again = load(tmp_path / "model")
    for other in (again, pickle.loads(pickle.dumps(est)), copy.deepcopy(est)):
        assert str(other.lie_algebra_) == str(est.lie_algebra_)
        assert other.verdict_ == est.verdict_
        assert other.motion_algebra_ == est.motion_algebra_
        assert str(other.distribution_algebra_) == str(est.distribution_algebra_)
        assert_allclose(other.generator_error_, est.generator_error_)
    assert clone(est).max_defect == est.max_defect


def test_rates_that_latents_do_not_tell_are_said():
    t = np.linspace(0, 30, 600)
    X = np.column_stack([np.cos(t), np.sin(2 * t)])
    X_dot = np.column_stack([-np.sin(t), 2 * np.cos(2 * t)])
    with pytest.warns(UserWarning, match="leave .* rate of z0 that is not noise"):
        columns().fit(X, X_dot)


# The curve crosses itself: positions alone do not tell the rates.
@pytest.mark.filterwarnings("ignore:The equations leave:UserWarning")
@pytest.mark.parametrize(
    "words",
    [("distribution", "states"), ("pairs", "transitions"), ("motion", "dynamics")],
)
def test_other_words_for_a_question(words):
    t = np.linspace(0, 30, 600)
    X = np.column_stack([np.cos(t), np.sin(2 * t)])
    X_dot = np.column_stack([-np.sin(t), 2 * np.cos(2 * t)])
    found = [
        columns(symmetry_of=word).fit(X, X_dot, t=t).lie_algebra_ for word in words
    ]
    assert found[0].question == found[1].question == words[0]
    assert str(found[0]) == str(found[1])


@pytest.mark.slow
def test_null_controls():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (300, 2))
    est = columns(symmetry_of="motion").fit(X, hopf(X))
    control = est.null_control(X, hopf(X), n_controls=9)
    assert control.rank == 1
    assert len(control.names) == len(control.defects) == 9
    assert control.defects.min() > 0.1
    assert "9 controls, rates permuted" in str(control)
    labels = (X**2).sum(axis=1)
    est = columns(symmetry_of="labels").fit(X, labels)
    assert est.null_control(X, labels, n_controls=4).rank == 1
    # A square is no ring: no map is better than in data whose columns are independent.
    est = columns().fit(X)
    assert est.null_control(X, n_controls=9).rank > 1
    with pytest.raises(ValueError, match="n_controls=0"):
        est.null_control(X, n_controls=0)


WAYS = [
    {"n_components": "auto", "autoencoder": LinearEncoder()},
    GAME | {"max_iter": 100},
]


@pytest.mark.slow
@pytest.mark.parametrize("way", first_of(WAYS))
def test_null_controls_of_both_solvers(way):
    X, *_ = embedded_rotation(0, 1500, 5)
    est = LatentSymmetryDiscoverer(**way, tol=1.0, random_state=0).fit(X)
    assert est.lie_algebra_.name == "so(2)"
    control = est.null_control(X, n_controls=2)
    assert control.name == "so(2)"
    assert len(control.names) == len(control.defects) == 2
    # Each is fitted with one generator asked for.
    assert "trivial" not in control.names
    assert np.isfinite(control.defects).all()


@pytest.mark.parametrize("dim", first_of([5, 6]))
@pytest.mark.slow
def test_a_cubic_field_in_many_columns(dim):
    assert motion(sphere, 3000, 0.0, 0, dim, 1.5).lie_algebra_.name == f"so({dim})"


@pytest.mark.parametrize("count", [5, 8, 12])
@pytest.mark.parametrize("width", first_of([0.02, 0.1]))
def test_clusters_on_a_ring_are_no_ring(count, width):
    """Waves along the columns do not see eight clusters or more."""
    rng = np.random.default_rng(0)
    for n in (500, 4000):
        angle = 2 * np.pi * rng.integers(count, size=n) / count
        X = np.column_stack([np.cos(angle), np.sin(angle)])
        found = columns().fit(X + width * rng.standard_normal(X.shape)).lie_algebra_
        assert found.name == "trivial"
        assert found.undecided is None
    assert 0.2 < found.least < 0.6
    assert ("harmonics of angles up to degree 16" in str(found)) == (count > 5)


@pytest.mark.parametrize("shape", ["gear", "wave"])
def test_angles_that_go_with_a_radius_or_a_height_are_seen(shape):
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 4000)
    waves = np.cos(8 * angle)
    radius = 1 + 0.3 * waves if shape == "gear" else np.ones_like(waves)
    X = radius * np.array([np.cos(angle), np.sin(angle)])
    X = X.T if shape == "gear" else np.column_stack([*X, 0.5 * waves])
    found = columns().fit(X).lie_algebra_
    assert found.name == "trivial"
    assert found.undecided is None


@pytest.mark.parametrize("width", [0, 0.01, 0.2])
def test_rings_about_another_point_and_axes_stay_rings(width):
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 4000)
    radius = 1 + width * rng.standard_normal(4000)
    X = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    X = X @ [[1, 0.5], [-0.2, 2]] + [3, 1]
    assert columns().fit(X).lie_algebra_.name == "so(2)"


def test_rings_are_rarely_taken_for_clusters():
    """The chance is 0.001 for each."""
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    rng, seen = np.random.default_rng(0), 0
    for _ in range(1000):
        X = rng.standard_normal((200, 2))
        seen += finer_defect(turn, X, np.arange(200)).lower > 0
    assert seen <= 5


def test_outliers_make_no_symmetry():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.uniform(-1, 1, (4000, 2)), 30 * rng.standard_normal((20, 2))])
    assert not columns().fit(X).lie_algebra_
    assert not columns().fit(rng.standard_cauchy((4000, 2))).lie_algebra_


@pytest.mark.slow
@pytest.mark.parametrize("n", first_of([8, 6, 12, 16]))
def test_few_rows_decide_nothing(n):
    for seed in range(10):
        found = motion(hopf, n, 0.0, seed, half_width=1.5).lie_algebra_
        assert not found
        assert not found.least > 0


@pytest.mark.filterwarnings("ignore:Columns of X differ in size")
@pytest.mark.parametrize("ratio", [10, 50, 200])
def test_units_change_nothing(ratio):
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (800, 2))
    est = columns(symmetry_of="motion").fit(X * [1, ratio], hopf(X) * [1, ratio])
    assert est.lie_algebra_.name == "so(2)"
    assert est.defect_upper_[0] < 1e-5


def test_a_centre_that_is_free_along_a_column():
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (1500, 3))
    X[:, 0] += 0.7
    est = columns(symmetry_of="labels").fit(X, (X[:, :2] ** 2).sum(axis=1))
    assert est.lie_algebra_.name == "sim(2)"
    assert est.defect_upper_.max() < 1e-5


def test_maps_that_move_nothing_are_not_excluded():
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (800, 2))
    for V in (np.column_stack([X[:, 1], 0 * X[:, 1]]), np.tile([1.0, 2.0], (800, 1))):
        assert not columns(symmetry_of="motion").fit(X, V).lie_algebra_.least > 0


@pytest.mark.slow
def test_the_rate_of_a_damped_rotation():
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (800, 2))
    A = np.array([[0.0, 1.0], [-4.0, -0.1]])
    time = columns(symmetry_of="motion").fit(X, X @ A.T).lie_algebra_.time_translation
    assert_allclose(time.rate, np.sqrt(4 - 0.05**2), atol=1e-5)
    assert_allclose(time.growth, -0.05, atol=1e-5)
    decay = columns(symmetry_of="motion").fit(X, -2 * X).motion_algebra_
    assert_allclose(decay.time_translation.rate, -2, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", first_of([[[1, 0.4], [-0.3, 1.2]], [[1, 0], [0, 3]]])
)
def test_standard_errors_cover_in_any_coordinates(change):
    change = np.array(change, dtype=float)
    true = change.T @ J @ np.linalg.inv(change.T)
    covered = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X = rng.uniform(-1.5, 1.5, (500, 2))
        V = hopf(X) + 0.05 * rng.standard_normal(X.shape)
        est = columns(symmetry_of="motion", n_generators=1).fit(X @ change, V @ change)
        found = est.lie_algebra_.matrices[0]
        gap = np.abs(found - true * np.sign(np.sum(found * true)))
        covered.append(gap <= 1.96 * est.generator_error_[0] + 1e-9)
    assert np.mean(covered, axis=0).min() > 0.8


def test_most_rates_may_be_zero():
    X = np.repeat([[0.0, 0.0], [0.0, 1.0], [0.3, 2.0]], 10, axis=0)
    X = X + 1e-3 * np.random.default_rng(0).standard_normal(X.shape)
    V = np.zeros(X.shape)
    V[::10] = [[0.0, 1.0], [0.2, 1.0], [0.3, 0.5]]
    assert not columns(symmetry_of="derivatives").fit(X, V).lie_algebra_


@pytest.mark.parametrize("turns", [1.0, 1.6, 5.0])
def test_one_orbit_excludes_nothing_off_it(turns):
    """On a circle no field is known beside it, and a linear one may be scaled."""
    angle = np.linspace(0, 2 * np.pi * turns, 1000)
    X = 2 * np.column_stack([np.cos(angle), np.sin(angle)])
    found = columns(symmetry_of="motion", random_state=0).fit(X, X @ J.T).lie_algebra_
    assert found.name == "trivial"
    assert np.isnan(found.least)
    assert "every other map" not in str(found)
    assert found.time_translation.name == "so(2)"


def test_what_is_excluded_behind_an_encoder_depends_on_it():
    options = {"question": "motion", "least": 0.2, "condition": "behind a network"}
    said = str(DiscoveredAlgebra(np.zeros((0, 2, 2)), **options))
    assert said.endswith("changes the motion by at least 0.2; behind a network")


def orbits(field, half_width, k, seed, n_orbits=40, end=6.0, step=0.1):
    """Return states and rates along orbits that start in a box."""
    random, t = np.random.default_rng(seed), np.arange(0, end, step)
    known = {"method": "DOP853", "t_eval": t, "rtol": 1e-9, "atol": 1e-11}
    starts = random.uniform(-half_width, half_width, (n_orbits, k))
    paths = [
        solve_ivp(lambda _, z: field(z[None])[0], (0, end), x, **known).y.T
        for x in starts
    ]
    return paths, [field(path) for path in paths]


def quartic(z):
    """Rates of a particle in space, in a central potential with a quartic part."""
    x, v = np.split(z, 2, axis=1)
    return np.hstack([v, -x * (1 + np.sum(x**2, axis=1, keepdims=True))])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_motion_tells_what_waves_do_not_see(seed):
    # A rotation that mixes positions and velocities changes rates by a third.
    est = columns(random_state=0).fit(*orbits(quartic, 1, 6, seed))
    assert est.symmetry_of_ == "motion"
    assert est.lie_algebra_.name == "so(3)"
    assert est.verdict_ == ("certified",) * 3
    for generator in est.lie_algebra_.matrices:
        x, v = np.array(generator)[:3, :3], np.array(generator)[3:, 3:]
        assert_allclose(x, v, atol=1e-3)
        assert_allclose(x, -x.T, atol=1e-3)
    assert "changes the motion" in str(est.lie_algebra_)
    assert est.distribution_algebra_.name == "so(2)"


def charged(z):
    """Rates of a particle in a plane, in that potential and a magnetic field."""
    field = np.column_stack([z[:, 3], -z[:, 2]])
    return quartic(z) + 1.5 * np.hstack([0 * field, field])


def test_the_rotation_is_that_of_the_motion():
    # The distribution has one that turns positions and velocities unequally.
    est = columns(random_state=0).fit(
        *orbits(charged, 1, 4, seed=0, end=8.0, step=0.05)
    )
    assert est.distribution_algebra_.name == est.lie_algebra_.name == "so(2)"
    (generator,) = np.array(est.lie_algebra_.matrices, dtype=float)
    (other,) = np.array(est.distribution_algebra_.matrices, dtype=float)
    assert_allclose(generator, np.kron(np.eye(2), generator[:2, :2]), atol=1e-3)
    assert np.abs(other - np.kron(np.eye(2), other[:2, :2])).max() > 0.1


def softened(z):
    """Rates of a particle in a plane whose pull falls off: no polynomial."""
    square = (z[:, :2] ** 2).sum(axis=1, keepdims=True)
    return np.hstack([z[:, 2:], -z[:, :2] / (1 + square)])


@pytest.mark.filterwarnings("ignore:The equations leave")
@pytest.mark.parametrize("seed", first_of(range(3)))
def test_what_functions_do_not_follow_refutes_nothing(seed):
    curves = orbits(softened, 1, 4, seed=seed, end=10.0, step=0.05)
    motion = columns(random_state=0).fit(*curves).motion_algebra_
    if not motion.certified:
        # Its rotation is not among the maps that certainly change the motion.
        assert motion.undecided is not None or not motion.least
