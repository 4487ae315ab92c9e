"""Default fits give the law, or a warning that names what is in the way."""

import warnings

import numpy as np
import pytest
from conftest import first_of
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from symdisc import LatentSINDy
from symdisc._sindy.misfit import sampling_of

T = np.linspace(0, 20, 400)


def follow(field, start, t):
    """Solve an autonomous system at given times."""
    found = solve_ivp(
        lambda _, z: field(z), (t[0], t[-1]), start, t_eval=t, rtol=1e-10, atol=1e-12
    )
    return found.y.T


def lorenz(z):
    return [10 * (z[1] - z[0]), z[0] * (28 - z[2]) - z[1], z[0] * z[1] - 8 / 3 * z[2]]


def spring(z):
    return [z[1], -z[0] - 0.1 * z[1]]


def van_der_pol(z):
    return [z[1], (1 - z[0] ** 2) * z[1] - z[0]]


def epidemic(z):
    return [-2 * z[0] * z[1], 2 * z[0] * z[1] - 0.5 * z[1], 0.5 * z[1]]


def terms(est):
    """Coefficients that are not zero, by equation and name of the term."""
    names = est.library_.names
    return [
        {names[i]: row[i] for i in np.flatnonzero(row)} for row in est.coefficients_
    ]


def columns(**options):
    return LatentSINDy(autoencoder="none", **options)


def assert_law(est, law, rtol=1e-2):
    found = terms(est)
    assert [set(equation) for equation in found] == [set(equation) for equation in law]
    for equation, true in zip(found, law, strict=True):
        for name, value in true.items():
            assert equation[name] == pytest.approx(value, rel=rtol), name


SPRING = [{"z1": 1}, {"z0": -1, "z1": -0.1}]
LORENZ = [
    {"z0": -10, "z1": 10},
    {"z0": 28, "z1": -1, "z0*z2": -1},
    {"z0*z1": 1, "z2": -8 / 3},
]
UNEQUAL = {
    "random": np.sort(np.random.default_rng(0).uniform(0, 20, 400)),
    "jitter": T + 0.02 * np.random.default_rng(1).uniform(-0.5, 0.5, 400),
    "half lost": np.sort(
        np.random.default_rng(2).choice(np.linspace(0, 20, 800), 400, replace=False)
    ),
    "logarithmic": np.geomspace(0.1, 20, 400),
    "square": np.linspace(0.3, np.sqrt(20), 400) ** 2,
}


class TestRight:
    """No word is needed: pytest makes an error of any warning."""

    def test_hundred_rows_of_a_damped_pendulum(self):
        t = np.linspace(0, 10, 100)
        X = follow(lambda z: [z[1], -9.8 * z[0] - 0.2 * z[1]], [1, 0], t)
        law = [{"z1": 1}, {"z0": -9.8, "z1": -0.2}]
        assert_law(columns().fit(X, t=t), law, 1e-3)

    def test_a_pendulum_of_large_swings(self):
        t = np.linspace(0, 10, 200)
        X = follow(lambda z: [z[1], -9.81 * np.sin(z[0]) - 0.1 * z[1]], [2, 0], t)
        est = columns(library=["sin"]).fit(X, t=t)
        assert_law(est, [{"z1": 1}, {"z1": -0.1, "sin(z0)": -9.81}], 1e-2)

    @pytest.mark.parametrize("step", [0.002, 0.02])
    def test_lorenz(self, step):
        t = np.arange(0, 20, step)
        assert_law(columns().fit(follow(lorenz, [1, 1, 20], t), t=t), LORENZ, 1e-3)

    def test_van_der_pol(self):
        X = follow(van_der_pol, [0.1, 0], T)
        est = columns(degree=3).fit(X, t=T)
        assert_law(est, [{"z1": 1}, {"z0": -1, "z1": 1, "z0**2*z1": -1}], 1e-3)

    def test_a_clean_transient(self):
        t = np.linspace(0, 10, 100)
        X = follow(lambda z: [0.8 - 0.5 * z[0], z[0] - 0.1 * z[1]], [1, 0], t)
        est = columns().fit(X, t=t)
        assert_law(est, [{"1": 0.8, "z0": -0.5}, {"z0": 1, "z1": -0.1}], 1e-3)
        assert est.score(X, t=t) > 0.9999
        assert est.dense_score_ > 0.9999

    def test_time_among_the_columns(self):
        t = np.linspace(0, 60, 1200)
        found = solve_ivp(
            lambda t, z: [z[1], -z[0] - 0.2 * z[1] + np.cos(1.7 * t)],
            *((0, 60), [1, 0]),
            t_eval=t,
            rtol=1e-9,
        )
        X = np.column_stack([found.y.T, t])
        est = columns(degree=1, library=["cos(1.7*z2)"]).fit(X, t=t)
        law = [{"z1": 1}, {"z0": -1, "z1": -0.2, "cos(1.7*z2)": 1}, {"1": 1}]
        assert_law(est, law)

    @pytest.mark.parametrize(
        "way", first_of(["auto", "central", "savgol", "spline", "weak"])
    )
    @pytest.mark.parametrize("kind", UNEQUAL)
    def test_unequal_steps(self, kind, way):
        t = UNEQUAL[kind]
        with warnings.catch_warnings():
            # The differences are coarse where steps are long.
            warnings.filterwarnings("ignore", "The step of t is long")
            est = columns(differentiation=way).fit(follow(spring, [1, 0], t), t=t)
        assert_law(est, SPRING, 2e-2)

    @pytest.mark.slow
    def test_steps_of_an_adaptive_solver(self):
        found = solve_ivp(lambda _, z: lorenz(z), (0, 20), [1, 1, 20], rtol=1e-6)
        assert_law(columns().fit(found.y.T, t=found.t), LORENZ, 1e-2)

    def test_units_of_columns(self):
        X = follow(spring, [1, 0], T)
        est = columns(degree=1).fit(X * [1, 1e-12], t=T)
        law = [{"z1": 1e12}, {"z0": -1e-12, "z1": -0.1}]
        assert_law(est, law, 1e-3)
        assert_allclose(est.equation_scores_, 1, atol=1e-4)

    def test_rates_that_are_given(self):
        X = follow(spring, [1, 0], T)
        rates = np.column_stack([X[:, 1], -X[:, 0] - 0.1 * X[:, 1]])
        est = columns().fit(X, rates)
        assert est.differentiation_ == "given"
        assert_law(est, SPRING, 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("way", first_of(["auto", "weak"]))
def test_stable_linear_systems(way):
    """All of 40 random ones, from a hundred rows."""
    rng = np.random.default_rng(0)
    t = np.linspace(0, 10, 200)
    right = 0
    while right < 40:
        A = rng.uniform(-1, 1, (2, 2))
        if np.linalg.eigvals(A).real.max() > -0.1 or np.abs(A).min() < 0.05:
            continue
        X = follow(lambda z, A=A: A @ z, rng.uniform(0.5, 1, 2), t)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            est = columns(differentiation=way).fit(X, t=t)
        expected = np.zeros((2, 6))
        expected[:, 1:3] = A
        assert_allclose(est.coefficients_, expected, atol=1e-2)
        right += 1


class TestWarned:
    """A warning names the cause, and often the remedy."""

    def test_too_small_a_library(self):
        X = follow(van_der_pol, [0.1, 0], T)
        with pytest.warns(UserWarning, match=r"leave z1 .*Raise degree"):
            columns().fit(X, t=T)

    def test_rates_that_are_given_and_not_explained(self):
        def kepler(z):
            cube = (z[0] ** 2 + z[1] ** 2) ** 1.5
            return [z[2], z[3], -z[0] / cube, -z[1] / cube]

        t = np.linspace(0, 15, 300)
        starts = [[1, 0, 0, speed] for speed in (0.8, 0.9, 1.0, 1.1)]
        X = np.vstack([follow(kepler, start, t) for start in starts])
        groups, X_dot = np.repeat(range(4), 300), np.transpose(kepler(X.T))
        est = columns()
        with pytest.warns(UserWarning, match=r"equations leave z2 .* z3 .*Raise"):
            est.fit(X, X_dot, groups=groups)
        assert est.equation_score_ > 0.999

    @pytest.mark.parametrize(
        "law",
        [
            lambda z: [z[1], -z[0] - 0.4 * abs(z[1]) * z[1]],
            lambda z: [z[1], -z[0] - 0.1 * np.tanh(z[1] / 0.05)],
            lambda z: [z[1], 0.9 / z[0] ** 3 - 1 / z[0] ** 2],
        ],
        ids=["drag", "friction", "radial"],
    )
    def test_a_law_that_polynomials_nearly_follow(self, law):
        t = np.arange(0, 20, 0.05)
        X = [follow(law, [start, 0.0], t) for start in (0.75, 0.9, 1.1, 1.3)]
        est = columns(degree=3)
        with pytest.warns(UserWarning, match=r"equations leave z1 0\..*Raise degree"):
            est.fit(X, t=t)
        assert est.equation_score_ > 0.99

    @pytest.mark.parametrize(
        ("law", "starts", "step"),
        [
            (lorenz, [[1, 1, 20], [-5, 3, 25]], 0.01),
            (van_der_pol, [[2, 0], [0.5, 1]], 0.05),
            (spring, [[1, 0], [0, 2]], 0.05),
        ],
        ids=["lorenz", "van der pol", "spring"],
    )
    def test_what_a_solver_does_wrong_is_no_missing_law(self, law, starts, step):
        t = np.arange(0, 400 * step, step)
        field, span = (lambda _, z: law(z)), (0, t[-1])
        X = [solve_ivp(field, span, start, t_eval=t).y.T for start in starts]
        assert columns(degree=3).fit(X, t=t).equation_score_ > 0.999

    def test_too_long_a_step(self):
        t = np.arange(0, 20, 0.1)
        with pytest.warns(UserWarning, match=r"step of t is too long.*of its slope"):
            columns().fit(follow(lorenz, [1, 1, 20], t), t=t)

    def test_differences_over_a_long_step(self):
        t = np.arange(0, 40, 0.35)
        X = np.column_stack([np.cos(t) * (1 + 0.01 * t), t])[:, :1]
        with pytest.warns(UserWarning, match=r"see 0.98 of its slope"):
            columns(differentiation="central", order=2, degree=1).fit(X, t=t)

    def test_the_other_order(self):
        X = follow(spring, [1, 0], T)[:, :1]
        with pytest.warns(UserWarning, match=r"order=2 explains them"):
            columns().fit(X, t=T)

    def test_a_map(self):
        x = [0.3]
        for _ in range(300):
            x.append(3.9 * x[-1] * (1 - x[-1]))
        with pytest.warns(UserWarning, match=r"rows look like those of a map"):
            columns().fit(np.array(x)[:, None])

    def test_noise_alone(self):
        X = np.random.default_rng(0).standard_normal((300, 2))
        with pytest.warns(UserWarning, match=r"do not explain .* noise"):
            columns().fit(X, t=0.1)

    @pytest.mark.parametrize(
        ("seed", "shape", "left"),
        first_of([(15, (300, 3), 1.9), (20, (500, 2), 0.5)]),
    )
    def test_noise_that_smoothing_takes_away(self, seed, shape, left):
        X = np.random.default_rng(seed).standard_normal(shape)
        with pytest.warns(UserWarning, match=f"smoothing .* leaves {left}% of .* z0"):
            columns().fit(X, t=0.1)

    def test_few_rows(self):
        X = follow(lorenz, [1, 1, 20], np.arange(12) * 0.02)
        with pytest.warns(UserWarning, match="12 rows for 10 candidates"):
            columns().fit(X, t=0.02)

    @pytest.mark.filterwarnings("ignore:The candidates do not")
    def test_a_threshold_that_leaves_nothing(self):
        X = follow(spring, [1, 0], T)
        with pytest.warns(UserWarning, match="threshold=2.0 drops terms that matter"):
            columns(threshold=2.0).fit(X, t=T)

    def test_a_threshold_that_drops_the_damping(self):
        X = follow(lambda z: [z[1], -z[0] - 0.05 * z[1]], [1, 0], T)
        with pytest.warns(UserWarning, match=r"threshold=0.1 drops .* leave 0\.\d+%"):
            est = columns(threshold=0.1).fit(X, t=T)
        assert est.complexity_ == 2

    def test_a_jump_of_an_input(self):
        X = np.column_stack([follow(spring, [1, 0], T), T > 10])
        with pytest.warns(UserWarning, match="Column 2 of X jumps at row 200"):
            est = columns(degree=1).fit(X, t=T)
        assert_law(est, [*SPRING, {}], 1e-3)

    def test_an_outlier(self):
        X = follow(spring, [1, 0], T)
        X[150, 0] += 5
        with pytest.warns(UserWarning, match="outlier in row 150"):
            assert_law(columns().fit(X, t=T), SPRING, 1e-2)

    def test_an_offset_whose_cube_is_rounding(self):
        """The damping of a double well is lost beside powers of 1000."""
        X = follow(lambda z: [z[1], z[0] - z[0] ** 3 - 0.1 * z[1]], [1.5, 0], T)
        # Nothing else is said: order=2 is no remedy.
        with pytest.warns(UserWarning, match="Subtract the mean of the column"):
            columns(degree=3).fit(X + np.array([1000, 0]), t=T)

    def test_an_offset(self):
        X = 10 * follow(spring, [1, 0], T) + [1e8, 0]
        with pytest.warns(UserWarning, match=r"offset of .*Subtract the mean"):
            columns().fit(X, t=T)

    def test_rates_that_nothing_explains(self):
        X = follow(spring, [1, 0], T)
        X_dot = np.column_stack([X[:, 1], np.sin(3 * X[:, 0])])
        with pytest.warns(UserWarning, match=r"do not explain .* leave z1 \d+"):
            columns(degree=1).fit(X, X_dot)

    def test_rates_that_are_zero(self):
        X = follow(spring, [1, 0], T)
        X_dot = X @ np.array([[0.0, 0.0], [1.0, 0.0]])
        with pytest.warns(UserWarning, match="y is zero in every row for z1"):
            assert_law(columns(degree=1).fit(X, X_dot), [{"z1": 1}, {}], 1e-9)
        # A parameter of each trajectory has no motion.
        X[:, 1] = runs = np.repeat([1.0, 2.0], 200)
        columns(degree=1).fit(X, np.column_stack([X[:, 1], 0 * T]), groups=runs)


class TestDependent:
    """The relation is said, and the sparsest equations are taken."""

    def test_a_cosine(self):
        with pytest.warns(UserWarning, match=r"z0\*\*2 \+ z0_dot\*\*2 = 1\."):
            est = columns(order=2).fit(np.cos(T)[:, None], t=T)
        assert_law(est, [{"z0": -1}], 1e-3)

    def test_a_circle_off_the_origin(self):
        X = np.column_stack([np.cos(T) + 5, -np.sin(T)])
        with pytest.warns(UserWarning, match="depend on each other"):
            est = columns().fit(X, t=T)
        assert_law(est, [{"z1": 1}, {"1": 5, "z0": -1}], 1e-3)

    @pytest.mark.parametrize(("size", "total"), [(1.0, "1"), (1e6, r"1e\+06")])
    def test_a_constant_total(self, size, total):
        X = size * follow(epidemic, [0.99, 0.01, 0], T)
        with pytest.warns(UserWarning, match=rf"z0 \+ z1 \+ z2 = {total}\."):
            est = columns().fit(X, t=T)
        infection = 2 / size
        law = [
            {"z0*z1": -infection},
            {"z0*z1": infection, "z1": -0.5},
            {"z1": 0.5},
        ]
        assert_law(est, law, 1e-3)

    def test_a_ring(self):
        X = follow(lambda z: [2 * z[1], -2 * z[0]], [1, 0], T)
        with pytest.warns(UserWarning, match=r"z0\*\*2 \+ z1\*\*2 = 1\."):
            assert_law(columns().fit(X, t=T), [{"z1": 2}, {"z0": -2}], 1e-3)

    def test_a_column_twice(self):
        X = follow(spring, [1, 0], T)
        X = np.column_stack([X, X[:, 0]])
        with pytest.warns(UserWarning, match=r"z0 - z2 = 0\."):
            est = columns(degree=1).fit(X, t=T)
        assert_law(est, [*SPRING, {"z1": 1}], 1e-3)

    def test_a_chain_of_ten(self):
        ring = np.roll(np.eye(10), 1, axis=0) - np.roll(np.eye(10), -1, axis=0)
        start = np.random.default_rng(0).standard_normal(10)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*candidates are combinations")
            warnings.filterwarnings("ignore", "Candidates depend")
            est = columns(degree=1).fit(follow(lambda z: ring @ z, start, T), t=T)
        assert est.complexity_ == 20
        assert_allclose(est.coefficients_[:, 1:], ring, atol=1e-2)


@pytest.mark.slow
def test_many_columns_of_one_short_run_are_not_determined():
    rng = np.random.default_rng(0)
    A = (rng.random((29, 29)) < 0.1) * rng.standard_normal((29, 29))
    A = A - A.T - 0.3 * np.eye(29)
    t = np.linspace(0, 6, 241)
    X = follow(lambda z: A @ z, rng.standard_normal(29), t)
    with pytest.warns(UserWarning, match="of 30 candidates are combinations of others"):
        columns(degree=1).fit(X, t=t)


def test_the_score_is_that_of_the_fit():
    """A right model has a high score, whatever takes its rates."""
    rng = np.random.default_rng(0)
    X = follow(spring, [1, 0], T)
    X += 0.02 * rng.standard_normal(X.shape)
    for way in ("weak", "spline"):
        est = columns(differentiation=way).fit(X, t=T)
        assert_law(est, SPRING, 0.1)
        assert est.score(X, t=T) > 0.98
        assert est.score(X, t=T) == pytest.approx(est.equation_score_, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("n_trajectories", first_of([8, 1]))
def test_standard_errors_of_exact_rates_with_noise(n_trajectories):
    """Intervals of two standard errors hold the truth in about 19 of 20 draws."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(n_trajectories), 200)
    t = np.tile(np.linspace(0, 10, 200), n_trajectories)
    starts = rng.uniform(0.5, 1.5, (n_trajectories, 2))
    X = np.vstack([follow(spring, s, t[:200]) for s in starts])
    exact = np.column_stack([X[:, 1], -X[:, 0] - 0.1 * X[:, 1]])
    true, inside = np.array([[0, 0, 1], [0, -1, -0.1]]), 0
    for _ in range(100):
        noisy = exact + 0.05 * rng.standard_normal(X.shape)
        est = columns(degree=1, threshold=0.05).fit(X, noisy, groups=groups)
        off = np.abs(est.coefficients_ - true)[true != 0]
        inside += (off < 2 * est.equations_.errors[true != 0]).sum()
    assert 0.88 < inside / 300 < 0.99


@pytest.mark.parametrize(
    ("way", "step"),
    [
        *first_of([("auto", 0.05), ("auto", 0.02), ("spline", 0.05), ("weak", 0.05)]),
        *first_of([("central", 0.02), ("savgol", 0.02)]),
    ],
)
def test_standard_errors_of_exact_rows_hold_what_steps_are_off_by(way, step):
    """Without noise the steps alone make errors, which all blocks of rows share."""
    t = np.arange(0, 20, step)
    known = {"method": "DOP853", "t_eval": t, "rtol": 1e-12, "atol": 1e-12}
    X = solve_ivp(
        lambda _, z: van_der_pol(z), (0, 20), [1.2, 0.5], max_step=step, **known
    ).y.T
    est = columns(degree=3, differentiation=way).fit(X, t=t)
    true = np.zeros((2, 10))
    names = est.library_.names
    for i, name, value in ((0, "z1", 1), (1, "z1", 1), (1, "z0", -1)):
        true[i, names.index(name)] = value
    true[1, names.index("z0**2*z1")] = -1
    assert ((est.coefficients_ != 0) == (true != 0)).all()
    errors = est.equations_.errors
    off = np.abs(est.coefficients_ - true)
    assert (off <= 2.5 * errors).all()
    assert errors.max() < (0.05 if way in ("central", "savgol") else 1e-4)


def test_a_transient_that_equations_of_the_slow_manifold_miss_is_said():
    t = np.linspace(0, 20, 600)
    known = {"method": "DOP853", "t_eval": t, "rtol": 1e-12, "atol": 1e-13}
    field = lambda _, z: [-50 * (z[0] - z[1]), -0.3 * z[1]]  # noqa: E731
    X = solve_ivp(field, (0, 20), [2, 1], **known).y.T
    with pytest.warns(UserWarning, match="the equations leave z0 9"):
        columns(degree=1).fit(X, t=t)


@pytest.mark.parametrize("noise", [0, 0.02])
def test_noise_at_unequal_steps(noise):
    rng = np.random.default_rng(101)
    t = np.linspace(0, 8, 400)
    t[1:-1] += rng.uniform(-0.4, 0.4, 398) * 0.02
    X = follow(lorenz, [1, 2, 20], t)
    spread = X.std(axis=0)
    X += noise * spread * rng.standard_normal(X.shape)
    found = sampling_of(X, t, None).noise
    assert_allclose(found, noise * spread, rtol=0.3)


@pytest.mark.slow
def test_draws_of_a_forecast():
    """The spread of draws is that of the phase, which the frequency's error makes."""
    rng = np.random.default_rng(0)
    X = follow(spring, [1, 0], T)
    noisy = np.column_stack([X[:, 1], -X[:, 0] - 0.1 * X[:, 1]])
    noisy += 0.05 * rng.standard_normal(X.shape)
    est = columns(degree=1).fit(X, noisy)
    drawn = est.simulate(X[0], T, n_draws=200, random_state=0)
    assert drawn.shape == (200, 400, 2)
    off = np.abs(X - drawn.mean(axis=0))
    assert (off < 4 * drawn.std(axis=0) + 1e-3).mean() > 0.95
    assert drawn.std(axis=0)[0].max() < 1e-12 < drawn.std(axis=0)[50].min()
    again = est.simulate(X[0], T, n_draws=2, random_state=0)
    np.testing.assert_array_equal(again, drawn[:2])
    assert est.simulate(X[:3], T[:5], n_draws=2).shape == (2, 3, 5, 2)


@pytest.mark.parametrize("kind", ["driven", "walk"])
def test_learned_latents_without_equations_are_said(kind):
    rng, t = np.random.default_rng(0), np.arange(600) * 0.05
    latent = np.column_stack([np.sin(t) + 0.5 * np.sin(2.7 * t), np.cos(t**1.3)])
    if kind == "walk":
        latent = np.cumsum(rng.standard_normal((600, 2)), axis=0)
    with pytest.warns(UserWarning, match="rates of the latents: the equations leave"):
        LatentSINDy(2, random_state=0).fit(latent @ rng.standard_normal((2, 9)), t=t)


def fitzhugh_nagumo(z):
    v, w = z
    return [v - v**3 / 3 - w + 0.5, 0.08 * v + 0.056 - 0.064 * w]


def lorenz_96(z):
    return (np.roll(z, -1) - np.roll(z, 2)) * np.roll(z, 1) - np.asarray(z) + 8


@pytest.mark.parametrize(
    ("law", "k", "middle", "spread", "step", "degree"),
    [
        (fitzhugh_nagumo, 2, 0.0, 2.0, 1.2, 3),
        (lorenz_96, 5, 8.0, 2.0, 0.12, 2),
    ],
    ids=["fitzhugh nagumo", "lorenz 96"],
)
@pytest.mark.parametrize("seed", first_of(range(3)))
def test_long_steps_do_not_bias_coefficients(
    law, k, middle, spread, step, degree, seed
):
    starts = middle + np.random.default_rng(seed).uniform(-spread, spread, (4, k))
    t = np.arange(60) * step
    X = np.stack([follow(law, start, t) for start in starts])
    est = columns(degree=degree).fit([*X], t=t)
    z, rates = X.reshape(-1, k), np.array([law(z) for z in X.reshape(-1, k)])
    assert_allclose(est.equations_(z), rates, atol=1e-4)
    assert_allclose(est.states_, z, atol=1e-12)
    assert_allclose(est.rates_, rates, atol=1e-4)
    assert np.max(est.equations_.errors) < 1e-5
    other = columns(degree=degree, refine="none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        other.fit([*X], t=t)
    assert np.abs(other.equations_(z) - rates).max() > 0.02
