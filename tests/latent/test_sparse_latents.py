"""Latents with sparse equations, behind lifts that no decoder of the package has."""

import warnings

import numpy as np
import pytest
import torch
from conftest import first_of
from scipy.integrate import solve_ivp
from sklearn.base import clone
from small_training import problem_of

from symdisc import CandidateLibrary, LatentSINDy, LatentSymmetryDiscoverer, load
from symdisc._numerics.polyharmonic import PolyharmonicSpline, fit_polyharmonics
from symdisc._sparse_latents.axes import anneal
from symdisc._sparse_latents.elimination import Limits
from symdisc._sparse_latents.objective import SparseMotion, eliminate
from symdisc._sparse_latents.search import N_COSINES, Judge, judge_of, motion_of_rows
from symdisc.autoencoders import LinearEncoder, SparseLatents
from symdisc.datasets import make_embedded, make_lorenz

QUICK = SparseLatents(gains=(30, 2000), n_starts=4)


def along(field, starts, t):
    """Return states, rates and trajectories of a system."""
    options = {"t_eval": t, "rtol": 1e-9, "atol": 1e-11}
    paths = [
        solve_ivp(lambda _, x: field(x), (0, t[-1]), x, **options).y for x in starts
    ]
    Z = np.hstack(paths).T
    groups = np.repeat(np.arange(len(starts)), len(t))
    return {"Z": Z, "Z_dot": field(Z.T).T, "groups": groups}


def fixed_points(equations, starts, step=1e-6):
    """Newton's method from many starts: fixed points and their eigenvalues."""
    k, found = starts.shape[1], []
    for point in starts:
        for _ in range(50):
            moved = point + step * np.vstack([np.eye(k), -np.eye(k)])
            slopes = equations(moved)
            jacobian = (slopes[:k] - slopes[k:]).T / (2 * step)
            rate = equations(point[None])[0]
            if np.linalg.cond(jacobian) > 1e10:
                break
            point = point - np.linalg.solve(jacobian, rate)
        if np.abs(equations(point[None])).max() < 1e-8:
            values = np.sort_complex(np.linalg.eigvals(jacobian))
            if not any(np.allclose(point, other, atol=1e-4) for other, _ in found):
                found.append((point, values))
    return found


@pytest.fixture(scope="module")
def prey():
    def field(x):
        return np.stack([x[0] - x[0] * x[1], x[0] * x[1] - x[1]])

    starts = np.random.default_rng(0).uniform(0.4, 2.2, (12, 2))
    states = along(field, starts, 0.1 * np.arange(80))
    return make_embedded(states, 60, lift="fourier", strength=0.6, random_state=0)


@pytest.fixture(scope="module")
def fitted(prey):
    est = LatentSINDy(autoencoder=QUICK, random_state=0)
    return est.fit(prey.X, prey.X_dot, groups=prey.groups)


def test_lotka_volterra_behind_fourier_features(prey, fitted):
    assert fitted.complexity_ == 4
    assert fitted.equation_scores_.min() > 0.999
    assert fitted.score(prey.X, prey.X_dot) > 0.999
    assert fitted.errors_["x"] < 1e-3
    (taken,) = (row for row in fitted.spaces_ if row.taken)
    assert "not held out" not in taken.why  # fitted to all rows
    # The centre turns once in 2 pi.
    ((_, values),) = fixed_points(fitted.equations_, np.zeros((1, 2)))
    assert abs(values.imag).max() == pytest.approx(1, rel=0.02)
    assert abs(values.real).max() < 0.02


def test_an_exact_decoder_is_no_end_of_the_search():
    # A latent v + 0.2 v^3 decodes as exactly as v, but its equations are longer.
    def excited(x):
        return np.stack([x[0] - x[0] ** 3 / 3 - x[1] + 0.5, 0.08 * x[0] - 0.064 * x[1]])

    data = along(excited, [[-1.0, 1.0]], np.linspace(0, 160, 500))
    (v, w), (v_dot, w_dot) = data["Z"].T, data["Z_dot"].T
    curved = [v, w, 0.3 * v**2, 0.3 * v**3, 0.3 * v * w]
    slopes = [v_dot, w_dot, 0.6 * v * v_dot, 0.9 * v**2 * v_dot]
    slopes.append(0.3 * (v_dot * w + v * w_dot))
    profiles = np.polynomial.legendre.legvander(np.linspace(-1, 1, 40), 5).T[1:]
    X, X_dot = (np.column_stack(each) @ profiles for each in (curved, slopes))
    ways = [LinearEncoder(), LinearEncoder(decoder="rbf"), QUICK]
    est = LatentSINDy(2, degree=3, autoencoder=ways).fit(X, X_dot)
    linear, radial, sparse = est.spaces_
    assert linear.x < 1e-10 < linear.x_dot
    # It would be a function of the latents of the first.
    assert radial.why == "not tried: another loses nothing"
    assert sparse.taken
    assert sparse.x_dot < 1e-6
    assert est.complexity_ == 6


def behind_perceptron(Z, Z_dot, n_features, gain, seed):
    """Return snapshots and rates behind one layer of tanh."""
    random = np.random.default_rng(seed)
    weights = gain * random.standard_normal((Z.shape[1], n_features))
    bent = np.tanh(Z @ weights + random.uniform(-0.5, 0.5, n_features))
    return bent, (1 - bent**2) * (Z_dot @ weights)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_few_features_have_a_left_inverse_among_products(seed, tmp_path):
    random, t = np.random.default_rng(seed), 0.1 * np.arange(60)
    starts = np.outer(random.uniform(0.4, 1.2, 8), [1, 0])
    data = along(lambda x: np.stack([-x[1], x[0]]), starts, t)
    X, X_dot = behind_perceptron(data["Z"], data["Z_dot"], 10, 0.7, seed)
    est = LatentSINDy(2, autoencoder=SparseLatents(gains=(30, 2000)))
    est.fit(X, X_dot, groups=data["groups"])
    # No function linear in so few features turns at one angle everywhere.
    assert est.complexity_ == 2
    assert est.errors_["x_dot"] < 1e-5
    coefficients = est.equations_.coefficients
    assert -coefficients[0, 2] * coefficients[1, 1] == pytest.approx(1, rel=1e-2)
    est.save(tmp_path / "rotor.symdisc")
    again = load(tmp_path / "rotor.symdisc")
    np.testing.assert_array_equal(again.transform(X), est.transform(X))


def test_as_many_latents_as_modes_have_no_products():
    # Any coordinates of the plane would be latents.
    t = np.linspace(0, 12, 200)
    x, y = np.cos(t) * np.exp(-0.1 * t), np.sin(t) * np.exp(-0.1 * t)
    X = np.column_stack([x + 0.3 * y**2, y])
    X_dot = np.gradient(X, t, axis=0, edge_order=2)
    est = LatentSINDy(2, degree=2, autoencoder=QUICK, random_state=0).fit(X, X_dot)
    mean = (X[:100] + X[100:]) / 2
    latents = (est.transform(X[:100]) + est.transform(X[100:])) / 2
    np.testing.assert_allclose(est.transform(mean), latents, atol=1e-9)


def test_terms_that_each_explain_little_are_no_gain():
    best = torch.full((10,), 6e-5, dtype=torch.float64)
    limits = Limits(best, lost=1e-3, tolerance=4e-6, negligible=3e-4)
    sparse = SparseLatents(mus=(0.5, 0.15))
    # Eleven further terms follow what an encoder does wrong; two may be a damping.
    assert sparse._is_worth(11, 2.5 * best, best, limits)
    assert not sparse._is_worth(2, 2.5 * best, best, limits)
    assert not sparse._is_worth(100, 7 * best, best, limits)


@pytest.mark.slow
def test_two_rotors_behind_a_perceptron():
    random, t = np.random.default_rng(1), 0.08 * np.arange(150)
    size, angle = random.uniform(0.4, 1.2, (20, 2)), random.uniform(0, 6.3, (20, 2))
    starts = np.stack([size * np.cos(angle), size * np.sin(angle)], axis=2)

    def turned(x):
        return np.stack([-x[1], x[0], -(2**0.5) * x[3], 2**0.5 * x[2]])

    data = along(turned, starts.reshape(20, 4), t)
    X, X_dot = behind_perceptron(data["Z"], data["Z_dot"], 60, 0.5, seed=1)
    est = LatentSymmetryDiscoverer(random_state=0)
    est.fit(X, X_dot, groups=data["groups"])
    assert est.equations_.n_terms == 4
    values = np.linalg.eigvals(est.equations_.coefficients[:, 1:5]).imag
    np.testing.assert_allclose(np.sort(values)[2:], [1, 2**0.5], rtol=5e-3)
    assert "so(2)+so(2)" in str(est.lie_algebra_)  # certified or undecided


def test_as_many_cosines_as_the_snapshots_need():
    random = np.random.default_rng(0)
    z = random.uniform(-2, 2, (2000, 2))
    smooth = np.column_stack([z, z**2, z[:, 0] * z[:, 1]])
    bent = np.tanh(4 * z @ random.standard_normal((2, 8)) + random.standard_normal(8))
    encoder, most = torch.eye(2, 10, dtype=torch.float64), 1e-3
    few = judge_of(problem_of([smooth]), None, encoder[:, :5], most)
    assert few == Judge(64, most)
    problem = problem_of([np.hstack([z, bent])])
    lost = {
        n: float(
            motion_of_rows(problem, None, 10, Judge(n, most)).left_of_snapshots(
                encoder, torch.zeros(2)
            )
        )
        for n in (64, 128, 256)
    }
    # None of them tells all of a lift that bends so much, and most tell more.
    assert lost[64] > lost[128] > lost[256] > most
    many = judge_of(problem, None, encoder, most)
    assert many.n_cosines == 256
    assert many.floor == pytest.approx(lost[256])
    enough = judge_of(problem, None, encoder, 1.01 * lost[128], detailed=1.0)
    assert enough == Judge(128, 1.01 * lost[128])


def test_it_is_saved_and_cloned(prey, fitted, tmp_path):
    fitted.save(tmp_path / "prey.symdisc")
    again = load(tmp_path / "prey.symdisc")
    assert str(again.equations_) == str(fitted.equations_)
    np.testing.assert_allclose(again.transform(prey.X), fitted.transform(prey.X))
    assert repr(clone(QUICK)) == repr(QUICK)
    assert any(row.taken and "SparseLatents" in row.strategy for row in again.spaces_)


@pytest.mark.slow
def test_the_symmetry_of_a_spiral_in_white_latents():
    def field(x):
        return np.stack([-0.1 * x[0] - x[1], x[0] - 0.1 * x[1]])

    starts = np.random.default_rng(0).uniform(-2, 2, (20, 2))
    states = along(field, starts, 0.1 * np.arange(60))
    options = {"lift": "tanh_quadratic", "strength": 0.5, "random_state": 0}
    data = make_embedded(states, 60, **options)
    est = LatentSymmetryDiscoverer(autoencoder=QUICK, random_state=0)
    est.fit(data.X, data.X_dot, groups=data.groups)
    assert est.lie_algebra_.name == "so(2)"
    (generator,) = est.lie_algebra_.basis
    assert np.linalg.norm(generator + generator.T) < 0.05 * np.linalg.norm(generator)


@pytest.mark.slow
def test_all_forms_of_lorenz_have_seven_terms_where_the_lift_is_exact():
    data = make_lorenz(random_state=0)
    est = LatentSINDy(3, random_state=0)
    est.fit(data.X, data.X_dot, groups=data.groups)
    assert est.complexity_ == 7
    starts = np.random.default_rng(0).uniform(-2, 2, (40, 3))
    values = sorted(
        (v.real.max() for _, v in fixed_points(est.equations_, starts)), reverse=True
    )
    # At the origin, and at the two wings.
    np.testing.assert_allclose(values, [11.8277, 0.0940, 0.0940], rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("lift", ["tanh_quadratic", "perceptron4", "fourier"])
@pytest.mark.parametrize("times", [False, True])
def test_lorenz_behind_other_lifts(lift, times):
    def field(x):
        rates = 10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1]
        return np.stack([*rates, x[0] * x[1] - 8 / 3 * x[2]])

    random = np.random.default_rng(0)
    starts = random.uniform([-30, -22, 2], [30, 22, 48], (30, 3))
    t = 0.02 * np.arange(200)
    states = along(field, starts, t)
    data = make_embedded(states, lift=lift, strength=0.5, random_state=0)
    known = {"t": np.tile(t, 30)} if times else {"y": data.X_dot}
    est = LatentSINDy(3, autoencoder=SparseLatents(), random_state=0)
    est.fit(data.X, groups=data.groups, **known)
    assert est.complexity_ <= 9
    assert est.equation_scores_.min() > 0.999


@pytest.mark.slow
def test_a_pendulum_has_a_sine_of_the_right_angle():
    def field(x):
        return np.stack([x[1], -np.sin(x[0])])

    starts = np.random.default_rng(0).uniform([-1.9, -0.8], [1.9, 0.8], (20, 2))
    states = along(field, starts, 0.1 * np.arange(80))
    options = {"lift": "perceptron2", "strength": 0.5, "random_state": 0}
    data = make_embedded(states, 60, **options)
    est = LatentSINDy(
        degree=1, library=["sin"], autoencoder=SparseLatents(), random_state=0
    )
    est.fit(data.X, data.X_dot, groups=data.groups)
    assert est.complexity_ == 2
    assert est.equation_scores_.min() > 0.999
    size = np.std(est.transform(data.X), axis=0)
    true = np.std(states["Z"], axis=0)
    assert np.min(abs(size - true[0])) < 0.02 * true[0]


def test_a_distribution_has_no_rates():
    X = np.random.default_rng(0).normal(size=(100, 5))
    est = LatentSymmetryDiscoverer(autoencoder=SparseLatents(), random_state=0)
    with pytest.raises(ValueError, match="snapshots with rates"):
        est.fit(X)


def test_gains_are_positive(prey):
    est = LatentSINDy(autoencoder=SparseLatents(gains=(0, 10)))
    with pytest.raises(ValueError, match="gains"):
        est.fit(prey.X, prey.X_dot)


def test_a_heavier_count_leaves_fewer_shares():
    """Of a rotation in oblique axes, some shares vanish only where they count."""
    random = np.random.default_rng(0)
    z = torch.from_numpy(random.standard_normal((300, 2)))
    oblique = torch.tensor([[1.0, 0.4], [0.3, 1.0]], dtype=z.dtype)
    turn = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=z.dtype)
    curve = [z @ oblique.mT, z @ turn.mT @ oblique.mT]
    motion = SparseMotion(curve, CandidateLibrary.polynomial(2, 1))
    start = torch.eye(2, dtype=z.dtype), torch.zeros(2, dtype=z.dtype)
    faint = []
    for mu in (0.0, 0.5):
        moved = anneal(motion, *start, (0.3, 0.1, 0.03), 60, mu)
        with torch.no_grad():
            faint.append(int((motion.left_of_rates(*moved)[1] < 0.01).sum()))
    assert faint[0] < faint[1] == 4


def test_error_of_rates_does_not_depend_on_axes():
    random = np.random.default_rng(0)
    c = torch.from_numpy(random.standard_normal((200, 5)))
    motion = SparseMotion([c, c.roll(1, 1)], CandidateLibrary.polynomial(2, 2))
    encoder = torch.from_numpy(random.standard_normal((2, 5)))
    turn = torch.from_numpy(random.standard_normal((2, 2)))
    errors = [
        float(motion.left_of_rates(each, shift)[0])
        for each, shift in (
            (encoder, torch.zeros(2).double()),
            (turn @ encoder, torch.tensor([0.5, -1.0]).double()),
        )
    ]
    assert errors[0] == pytest.approx(errors[1], rel=1e-6)
    # Other rows that are the same have the same error.
    shift = torch.zeros(2).double()
    others = motion.left_of_others(motion, encoder, shift)
    assert float(others.mean()) == pytest.approx(errors[0], rel=1e-6)


def test_terms_that_are_left_out_are_zero():
    random = np.random.default_rng(0)
    features = torch.from_numpy(random.standard_normal((50, 4)))
    targets = (
        features
        @ torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0], [0.0, 0.0]]).double()
    )
    support = torch.tensor([[1, 0], [0, 1], [1, 0], [0, 0]], dtype=torch.bool)
    found = eliminate(features, targets, support)
    np.testing.assert_allclose(found.mT, [[1, 0, 3, 0], [0, 2, 0, 0]], atol=1e-8)


@pytest.mark.parametrize("power", [3, 5])
def test_a_spline_along_a_curve(power):
    random = torch.Generator().manual_seed(0)
    centres = torch.randn(5, 2, generator=random, dtype=torch.float64)
    found = PolyharmonicSpline(centres, power, 3)
    with torch.no_grad():
        found.weight.normal_(generator=random)
    x, v, a = (torch.randn(7, 2, generator=random).double() for _ in range(3))

    def curve(s):
        return found(x + s * v + s * s / 2 * a)

    zero, one = torch.zeros(()).double(), torch.ones(()).double()

    def velocity(s):
        return torch.func.jvp(curve, (s,), (one,))[1]

    image, first, second = found.push_forward(x, v, a)
    torch.testing.assert_close(image, curve(zero))
    torch.testing.assert_close(first, velocity(zero))
    torch.testing.assert_close(second, torch.func.jvp(velocity, (zero,), (one,))[1])


def test_what_is_left_and_no_noise_is_said():
    rng = np.random.default_rng(0)

    def field(x):
        return np.stack([x[1], (1 - x[0] ** 2) * x[1] - x[0]])

    states = along(field, rng.uniform(-2, 2, (8, 2)), 0.1 * np.arange(60))
    data = make_embedded(states, 30, lift="polynomial3", strength=0.5, random_state=0)
    options = {"autoencoder": LinearEncoder(), "random_state": 0}
    with pytest.warns(UserWarning, match="not noise|do not explain"):
        LatentSINDy(degree=2, **options).fit(data.X, data.X_dot, groups=data.groups)
    noise = 0.05 * data.X_dot.std() * rng.standard_normal(data.X_dot.shape)
    est = LatentSINDy(degree=3, **options)
    est.fit(data.X, data.X_dot + noise, groups=data.groups)
    assert est.equations_.n_terms == 4


@pytest.mark.slow
@pytest.mark.parametrize("lift", first_of(["fourier", "perceptron2"]))
def test_a_saddle_is_linear_behind_a_lift(lift):
    # Without recurrence many bent latents have equations of degree 2 as well.
    def field(x):
        return np.stack([0.5 * x[1], 0.5 * x[0]])

    starts = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    states = along(field, starts, 0.05 * np.arange(60))
    data = make_embedded(states, 60, lift=lift, strength=0.5, random_state=0)
    est = LatentSINDy(autoencoder=SparseLatents(), random_state=0)
    est.fit(data.X, data.X_dot, groups=data.groups)
    assert est.complexity_ == 2
    library = est.library_.names
    linear = est.coefficients_[:, [library.index(z) for z in ("z0", "z1")]]
    values = np.sort(np.linalg.eigvals(linear).real)
    np.testing.assert_allclose(values, [-0.5, 0.5], rtol=0.02)
    known = np.column_stack([np.ones(len(data.X)), est.transform(data.X)])
    left = states["Z"] - known @ np.linalg.lstsq(known, states["Z"], rcond=None)[0]
    assert np.mean(left**2) < 1e-3 * states["Z"].var()


@pytest.mark.parametrize("power", [3, 5])
def test_a_spline_goes_through_scattered_values(power):
    random = torch.Generator().manual_seed(0)
    x = 2 * torch.rand(400, 2, generator=random, dtype=torch.float64) - 1
    target = torch.stack([torch.sin(3 * x[:, 0]) * x[:, 1], torch.exp(x[:, 1])], dim=1)
    (found,) = fit_polyharmonics(x, target, [power], [0.0], 1000)
    torch.testing.assert_close(found(x), target, rtol=0, atol=1e-5)
    inside = x / 2
    wanted = torch.stack(
        [torch.sin(3 * inside[:, 0]) * inside[:, 1], torch.exp(inside[:, 1])], dim=1
    )
    assert (found(inside) - wanted).abs().max() < (0.01 if power == 3 else 0.002)


def test_a_spline_through_few_rows_that_repeat_on_a_circle():
    # There 1, x^2 and y^2 depend on each other.
    angle = torch.arange(40, dtype=torch.float64) % 20 * (2 * torch.pi / 20)
    x = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    target = torch.cos(3 * angle)[:, None]
    (found,) = fit_polyharmonics(x, target, [5], [0.0], 1000)
    torch.testing.assert_close(found(x)[:, 0], torch.cos(3 * angle), rtol=0, atol=1e-5)
    angle = angle + 0.1
    x = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    assert (found(x)[:, 0] - torch.cos(3 * angle)).abs().max() < 0.01


def test_smoothing_takes_noise_away():
    random = torch.Generator().manual_seed(0)
    x = torch.linspace(-1, 1, 300, dtype=torch.float64)[:, None]
    noisy = torch.sin(3 * x) + 0.1 * torch.randn(300, 1, generator=random).double()
    splines = fit_polyharmonics(x, noisy, [3], (0.0, 1e-2), 1000)
    with torch.no_grad():
        errors = [float((found(x) - torch.sin(3 * x)).std()) for found in splines]
    assert errors[0] > 0.09
    assert errors[1] < 0.04


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lift", "seed"), [("tanh_quadratic", 1), ("fourier", 1), ("polynomial5", 2)]
)
def test_a_faint_latent_is_not_lost(lift, seed):
    """A third coordinate that decays moves the snapshots by less than 1e-3."""

    def field(x):
        grow = 0.5 - x[0] ** 2 - x[1] ** 2
        turn = np.stack([grow * x[0] - 1.5 * x[1], grow * x[1] + 1.5 * x[0]])
        return np.concatenate([turn, -0.3 * x[2:3]])

    starts = np.random.default_rng(seed).uniform(-1.2, 1.2, (24, 3))
    states = along(field, starts, 0.05 * np.arange(120))
    data = make_embedded(states, 100, lift=lift, strength=0.5, random_state=seed)
    options = {"degree": 3, "random_state": seed}
    est = LatentSINDy(3, **options).fit(data.X, data.X_dot, groups=data.groups)
    # Polynomials have a linear left inverse among their faint modes.
    assert est.complexity_ <= (9 if lift == "polynomial5" else 11)
    latents = np.column_stack([np.ones(len(data.X)), est.transform(data.X)])
    decaying = states["Z"][:, 2]
    weights = np.linalg.lstsq(latents, decaying, rcond=None)[0]
    assert np.var(decaying - latents @ weights) < 0.01 * decaying.var()


@pytest.mark.parametrize("known", first_of(["rates", "times"]))
def test_symmetry_and_equations_are_sought_among_the_same_modes(prey, known):
    rows = prey.groups < 5
    X, X_dot, groups = prey.X[rows], prey.X_dot[rows], prey.groups[rows]
    shapes = []
    for kind in (LatentSymmetryDiscoverer, LatentSINDy):
        est = kind(2, autoencoder=LinearEncoder(), random_state=0)
        with warnings.catch_warnings():
            # A linear decoder loses much.
            warnings.simplefilter("ignore", UserWarning)
            if known == "times":
                est.fit(X, t=0.1 * np.tile(range(80), 5), groups=groups)
            else:
                est.fit(X, X_dot, groups=groups)
        shapes.append(est.encoder_.modes.shape)
    assert shapes[0] == shapes[1]


@pytest.mark.slow
def test_the_rotation_of_a_limit_cycle_with_a_third_coordinate():
    # Modes that leave 1e-7 of the variance have no left inverse of this lift.
    def field(x):
        grow = 0.5 - x[0] ** 2 - x[1] ** 2
        turned = [grow * x[0] - 1.5 * x[1], grow * x[1] + 1.5 * x[0]]
        return np.stack([*turned, -0.3 * x[2]])

    starts = np.random.default_rng(0).uniform(-1.2, 1.2, (30, 3))
    states = along(field, starts, 0.05 * np.arange(120))
    options = {"lift": "tanh_quadratic", "strength": 0.5, "random_state": 0}
    data = make_embedded(states, 100, **options)
    est = LatentSymmetryDiscoverer(3, degree=3, random_state=0)
    est.fit(data.X, data.X_dot, groups=data.groups)
    # The third coordinate decays by itself, and may grow.
    assert est.motion_algebra_.name == "so(2)+R"


@pytest.mark.parametrize("n_samples", [2000, 5000])
def test_noise_is_no_reason_for_more_cosines(n_samples):
    random = np.random.default_rng(n_samples)
    z = random.uniform(-1, 1, (n_samples, 2))
    lifted = [np.tanh(z @ random.standard_normal(2)) for _ in range(6)]
    X = np.column_stack([z, *lifted]) + 0.03 * random.standard_normal((n_samples, 8))
    problem = problem_of([X - X.mean(axis=0)])
    encoder = torch.eye(2, 8, dtype=torch.float64)
    judge = judge_of(problem, np.arange(n_samples), encoder, 1e-3)
    assert judge.n_cosines == N_COSINES[0]
    assert 2e-3 < judge.floor < 2e-2
