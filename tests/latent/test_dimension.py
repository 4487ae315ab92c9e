"""Dimensions of data whose dimensions are known."""

import numpy as np
import pytest
from conftest import first_of, no_doubts
from scipy.integrate import solve_ivp
from sklearn.preprocessing import scale
from sklearn.utils import Bunch

from symdisc import (
    Block,
    LatentSINDy,
    LatentSymmetryDiscoverer,
    LieAlgebra,
    estimate_dimension,
)
from symdisc._latent.dimension import (
    _check_window,
    _two_nn_scales,
    resolve_components,
)
from symdisc._latent.pod import Modes
from symdisc.datasets import (
    make_embedded,
    make_lorenz,
    make_pendulum,
    make_scaling,
    make_sphere,
)

pytestmark = no_doubts


def two_nn(points, window=1):
    """Dimension at the finest scale, and its standard error."""
    scales, errors = _two_nn_scales(points, window, 1e-12, np.random.RandomState(0))
    return scales[0, 1], errors[0]


def rotation(n_rows=2000, n_features=12, seed=0):
    """Draw points of an annulus in the plane, lifted, and their rates."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * np.pi, n_rows), rng.uniform(1, 2, n_rows)
    Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    lift = rng.standard_normal((2, n_features))
    return Z @ lift, Z @ np.array([[0.0, 2.0], [-2.0, 0.0]]) @ lift


@pytest.mark.parametrize("dimension", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_boxes(dimension, seed):
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(rng.standard_normal((10, dimension)))[0]
    found, error = two_nn(rng.uniform(size=(4000, dimension)) @ frame.T)
    assert error == pytest.approx(dimension / np.sqrt(4000), rel=0.1)
    # The boundary of a box lowers the estimate, in five dimensions by 0.3.
    assert abs(found - dimension) < 4 * error + 0.06 * (dimension - 1)


def test_standard_error_is_the_spread_over_draws():
    found = [
        two_nn(np.random.default_rng(seed).uniform(size=(300, 2)))
        for seed in range(200)
    ]
    dimensions, errors = np.transpose(found)
    assert 0.7 < errors.mean() / dimensions.std() < 1.3


def test_rows_in_order_of_time_are_not_each_others_neighbours():
    """Equal steps pass for any number of dimensions; a window undoes it."""
    # A torus of two frequencies, of which neither is a fraction of the other.
    t = np.arange(8000) * 0.05
    angles = np.outer(t, [1.0, np.sqrt(5)])
    points = np.hstack([np.cos(angles), np.sin(angles)])
    window = _check_window("auto", points, None, np.arange(len(points)))
    assert 10 < window < 20
    assert two_nn(points[:200])[0] > 100
    assert abs(two_nn(points, window)[0] - 2) < 0.5
    shuffled = np.random.default_rng(0).permutation(points)
    assert _check_window("auto", shuffled, None, np.arange(len(points))) == 1


def test_noise_has_a_dimension_that_grows_with_the_number_of_rows():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 4000)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    X = circle @ rng.standard_normal((2, 10)) + 0.01 * rng.standard_normal((4000, 10))
    found = estimate_dimension(X, random_state=0)
    fine, coarse = found.two_nn_scales[[0, -1], 1]
    assert fine > 3
    assert coarse < 2
    assert found.n_components == 2


@pytest.mark.parametrize("copies", [2, 5])
def test_rows_that_come_more_than_once(copies):
    X, _ = rotation(1000)
    found = estimate_dimension(np.tile(X, (copies, 1)), random_state=0)
    assert found.two_nn == pytest.approx(2, abs=0.25)
    assert found.n_components == 2
    with pytest.raises(ValueError, match="too few of them differ"):
        estimate_dimension(np.tile(X[:2], (500 * copies, 1)), random_state=0)


def test_sphere_needs_three_for_two_dimensions():
    found = estimate_dimension(make_sphere(1000, random_state=0).X, random_state=0)
    assert found.n_components == 3
    assert abs(found.two_nn - 2) < 3 * found.two_nn_error
    # Two directions leave a twentieth of the variance at the best, three nothing.
    assert found.unexplained[1] > 0.03
    assert found.unexplained[2] < 1e-6
    assert found.pod_spectrum.sum() == pytest.approx(1, abs=1e-6)
    assert found.n_modes(found.pod_spectrum[0] * 0.99) == 1
    assert repr(found).startswith("DimensionEstimate(n_components=3, two_nn=2.")
    with pytest.raises(ValueError, match=r"variance=1\.5 is not between 0 and"):
        found.n_modes(1.5)


@pytest.mark.parametrize(
    ("data", "latents", "dimension"),
    [
        (make_pendulum(20, random_state=0), 2, 2),
        (make_scaling(random_state=0), 2, 2),
    ],
    ids=["pendulum", "scaling"],
)
def test_trajectories(data, latents, dimension):
    found = estimate_dimension(data.X, groups=data.groups, random_state=0)
    assert found.n_components == latents
    assert abs(found.two_nn - dimension) < 0.5


@pytest.mark.parametrize("seed", range(1))
def test_auto_is_the_number_itself(seed):
    X, X_dot = rotation(400, seed=seed)
    for cls in (LatentSymmetryDiscoverer, LatentSINDy):
        est = cls("auto", random_state=seed).fit(X, X_dot)
        assert est.n_components == "auto"
        assert est.n_components_ == 2
        assert est.transform(X).shape == (400, 2)
        assert est.inverse_transform(est.transform(X)).shape == X.shape
        assert list(est.get_feature_names_out()) == ["z0", "z1"]
        turning = np.linalg.eigvals(est.equations_.coefficients[:, 1:3]).imag
        np.testing.assert_allclose(abs(turning), 2, atol=0.01)
        assert est.score(X, X_dot) > 0.99
    assert cls(2, random_state=seed).fit(X, X_dot).n_components_ == 2


def test_the_attractor_of_lorenz_is_hardly_more_than_a_surface():
    points = make_lorenz(16, random_state=0).Z
    groups = np.repeat(np.arange(16), 250)
    window = _check_window("auto", points, groups, np.arange(len(points)))
    found, error = two_nn(points, window)
    assert abs(found - 2.05) < 3 * error < 0.5


@pytest.mark.filterwarnings("ignore:Column 2, 3 of X is a linear:UserWarning")
def test_columns_as_latents_are_as_many_as_there_are():
    X, X_dot = rotation(50)
    for n in (1, "auto"):
        est = LatentSINDy(n, autoencoder="none", degree=1).fit(X[:, :4], X_dot[:, :4])
        assert est.n_components_ == 4


def test_a_symmetry_says_how_many():
    X, X_dot = rotation(1500)
    for symmetry in ("so(2)", LieAlgebra([[[0.0, -1.0], [1.0, 0.0]]])):
        est = LatentSINDy(symmetry=symmetry, random_state=0)
        # White latents of 1500 rows are stretched by chance.
        with pytest.warns(UserWarning, match=r"leave 0.2% .*leave out symmetry"):
            est.fit(X, X_dot)
        assert est.n_components_ == 2
    blocks = [Block("so(2)")]
    est = LatentSymmetryDiscoverer(representation=blocks, random_state=0)
    assert est.fit(X, X_dot).n_components_ == 2


@pytest.mark.parametrize(
    "lift", first_of(["fourier", "perceptron2", "radial", "polynomial5"])
)
def test_as_many_as_there_are_behind_lifts(lift):
    rng = np.random.default_rng(0)
    for k in (2, 3):
        states = Bunch(Z=rng.standard_normal((1500, k)), t=None, groups=None)
        states.Z_dot = np.zeros_like(states.Z)
        data = make_embedded(states, 40, lift=lift, strength=0.5, random_state=0)
        assert estimate_dimension(data.X, random_state=0).n_components == k


@pytest.mark.parametrize("seed", first_of(range(2)))
def test_a_local_minimum_of_the_projections_counts_no_more(seed):
    data = make_sphere(random_state=1)
    assert estimate_dimension(data.X, random_state=seed).n_components == 3


def test_one_projection_tells_the_few_rows_of_a_turn_and_is_not_enough():
    angle = np.arange(400) * (2 * np.pi / 25)
    X = np.column_stack([np.cos(angle), np.sin(angle)]) @ np.ones((2, 3))
    X[:, 1] += np.sin(angle)
    assert estimate_dimension(X, random_state=0).n_components == 2


def test_what_cannot_be_estimated():
    X = np.random.default_rng(0).standard_normal((20, 3))
    with pytest.raises(ValueError, match="too few of them differ"):
        estimate_dimension(np.repeat(X[:2], 10, axis=0))
    with pytest.raises(ValueError, match="window=0; give an int"):
        estimate_dimension(X, window=0)
    with pytest.raises(ValueError, match="groups has shape"):
        estimate_dimension(X, groups=[1, 2])


def test_more_latents_than_are_tried(monkeypatch):
    from symdisc._latent import dimension
    from symdisc._sparse_latents import number_of_latents

    for module in (dimension, number_of_latents):
        monkeypatch.setattr(module, "MAX_LATENTS", 2)
    X = make_sphere(500, random_state=0).X
    with pytest.warns(UserWarning, match="2 latent coordinates leave"):
        assert estimate_dimension(X, random_state=0).n_components == 2


@pytest.mark.parametrize("seed", first_of(range(4)))
def test_an_epidemic_has_two(seed):
    """Where rows pile up at rest, a search for two may end in a local minimum."""
    rng = np.random.default_rng(3)
    starts = [(rng.uniform(0.5, 1), rng.uniform(0.01, 0.2)) for _ in range(8)]
    t = np.linspace(0, 20, 300)

    def rates(_, z):
        return [-1.5 * z[0] * z[1], 1.5 * z[0] * z[1] - 0.4 * z[1]]

    options = {"t_eval": t, "rtol": 1e-9, "atol": 1e-11}
    paths = [solve_ivp(rates, (0, 20), start, **options).y.T for start in starts]
    rng = np.random.default_rng(103)
    scaled = scale(np.vstack(paths))
    mix = 0.7 * rng.standard_normal((2, 60))
    X = np.cos(scaled @ mix + rng.uniform(0, 2 * np.pi, 60))
    random = np.random.RandomState(seed)
    assert resolve_components(LatentSINDy(), Modes(X, random), random) == 2
