"""States are fitted with the equations where rows carry noise."""

import warnings

import numpy as np
import pytest
from conftest import first_of, no_doubts
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp
from sklearn.base import clone

from symdisc import LatentSINDy, load

T = 0.02 * np.arange(1000)


def follow(field, start, t):
    found = solve_ivp(field, (t[0], t[-1]), start, t_eval=t, rtol=1e-10, atol=1e-12)
    return found.y.T


def van_der_pol(_, z):
    return [z[1], (1 - z[0] ** 2) * z[1] - z[0]]


def lorenz(_, z):
    return [10 * (z[1] - z[0]), z[0] * (28 - z[2]) - z[1], z[0] * z[1] - 8 / 3 * z[2]]


def pendulum(_, z):
    return [z[1], -np.sin(z[0]) - 0.1 * z[1]]


def noisy(X, level, seed=0):
    rng = np.random.default_rng(seed)
    return X + level * X.std(axis=0) * rng.standard_normal(X.shape)


def terms(est):
    return [
        {est.library_.names[i]: row[i] for i in np.flatnonzero(row)}
        for row in est.coefficients_
    ]


def check(est, truth, n_errors=4.0, rtol=0.1):
    """Assert the right terms, the right values, and errors that cover them."""
    found = terms(est)
    assert [set(row) for row in found] == [set(row) for row in truth]
    for row, known, errors in zip(found, truth, est.equations_.errors, strict=True):
        for name, value in known.items():
            error = errors[est.library_.names.index(name)]
            assert abs(row[name] - value) < n_errors * error
            assert_allclose(row[name], value, rtol=rtol)


VAN_DER_POL = [{"z1": 1.0}, {"z0": -1.0, "z1": 1.0, "z0**2*z1": -1.0}]
LORENZ = [
    {"z0": -10.0, "z1": 10.0},
    {"z0": 28.0, "z1": -1.0, "z0*z2": -1.0},
    {"z2": -8 / 3, "z0*z1": 1.0},
]


@pytest.mark.parametrize("level", [0.01, 0.1, 0.3])
def test_van_der_pol(level):
    clean = follow(van_der_pol, [1, 0.5], T)
    est = LatentSINDy(autoencoder="none", degree=3).fit(noisy(clean, level), t=T)
    check(est, VAN_DER_POL)
    assert_allclose(est.noise_, level * clean.std(axis=0), rtol=0.1)
    # States are far nearer to the truth than the rows are.
    gap = np.sqrt(np.mean((est.states_ - clean) ** 2, axis=0))
    assert np.all(gap < 0.15 * est.noise_)
    rates = np.transpose(van_der_pol(0, clean.T))
    assert np.abs(est.rates_ - rates).max() < 0.6 * level * np.abs(rates).max()


@pytest.mark.parametrize("level", [0.1, 0.2])
def test_lorenz(level):
    X = noisy(follow(lorenz, [-8, 8, 27], 0.01 * np.arange(1000)), level)
    est = LatentSINDy(autoencoder="none").fit(X, t=0.01)
    check(est, LORENZ)


def test_accelerations_from_noisy_positions():
    X = noisy(follow(pendulum, [2.5, 0], T)[:, :1], 0.1)
    est = LatentSINDy(autoencoder="none", degree=1, library=["sin"], order=2)
    est.fit(X, t=T)
    check(est, [{"sin(z0)": -1.0, "z0_dot": -0.1}], rtol=0.05)
    assert est.states_.shape == est.rates_.shape == X.shape
    least = clone(est).set_params(refine="none").fit(X, t=T)
    assert np.all(est.equations_.errors <= least.equations_.errors)


def irregular(rng):
    t = np.cumsum(rng.uniform(0.001, 0.04, 1000))
    return follow(van_der_pol, [1, 0.5], t), t, None


def with_gaps(rng):
    kept = np.setdiff1d(np.arange(1000), [*range(300, 420), *range(700, 725), 850])
    return follow(van_der_pol, [1, 0.5], T)[kept], T[kept], None


def short_runs(rng):
    t = 0.1 * np.arange(25)
    runs = [follow(van_der_pol, rng.uniform(-2, 2, 2), t) for _ in range(20)]
    return np.vstack(runs), np.tile(t, 20), np.repeat(np.arange(20), 25)


@pytest.mark.parametrize("sampled", [irregular, with_gaps, short_runs])
def test_times_as_they_are(sampled):
    X, t, groups = sampled(np.random.default_rng(1))
    est = LatentSINDy(autoencoder="none", degree=3)
    est.fit(noisy(X, 0.05), t=t, groups=groups)
    assert est.noise_ is not None
    check(est, VAN_DER_POL)


@pytest.mark.slow
def test_noise_is_not_smaller_for_the_starts_that_were_fitted():
    # Each run has two starting values: 120 of 3000 numbers, 2 % of the noise.
    t, found = 0.1 * np.arange(25), []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        runs = [follow(van_der_pol, rng.uniform(-2, 2, 2), t) for _ in range(60)]
        rows = [run + 0.05 * rng.standard_normal(run.shape) for run in runs]
        found.append(LatentSINDy(autoencoder="none", degree=3).fit(rows, t=0.1).noise_)
    assert_allclose(np.mean(found), 0.05, rtol=0.01)


def test_units_do_not_matter():
    X = noisy(follow(van_der_pol, [1, 0.5], T), 0.05)
    plain = LatentSINDy(autoencoder="none", degree=3).fit(X, t=T)
    scale = np.array([1e6, 1e-6])
    other = LatentSINDy(autoencoder="none", degree=3).fit(X * scale, t=1e3 * T)
    assert_allclose(other.noise_, plain.noise_ * scale, rtol=1e-4)
    assert [set(row) for row in terms(other)] == [set(row) for row in terms(plain)]
    speed = terms(other)[0]["z1"]
    assert_allclose(speed, terms(plain)[0]["z1"] * 1e12 / 1e3, rtol=1e-4)


def test_known_terms_stay():
    X = noisy(follow(van_der_pol, [1, 0.5], T), 0.1)
    fix = {"dz0/dt": "z1"}
    est = LatentSINDy(autoencoder="none", degree=3, fix=fix).fit(X, t=T)
    assert est.noise_ is not None
    assert terms(est)[0] == {"z1": 1.0}
    assert est.equations_.errors[0].max() == 0.0
    assert [set(row) for row in terms(est)] == [set(row) for row in VAN_DER_POL]


def test_symmetry_is_exact():
    def hopf(_, z):
        r = z[0] ** 2 + z[1] ** 2
        return [z[0] - z[1] - z[0] * r, z[0] + z[1] - z[1] * r]

    X = noisy(follow(hopf, [0.1, 0.05], T), 0.1)
    est = LatentSINDy(autoencoder="none", degree=3, symmetry="so(2)").fit(X, t=T)
    assert est.noise_ is not None
    truth = [
        {"z0": 1.0, "z1": -1.0, "z0**3": -1.0, "z0*z1**2": -1.0},
        {"z0": 1.0, "z1": 1.0, "z0**2*z1": -1.0, "z1**3": -1.0},
    ]
    check(est, truth)
    turned = est.coefficients_[0, 1], est.coefficients_[1, 2]
    assert_allclose(*turned, rtol=1e-9)


def test_a_threshold_keeps_its_terms():
    X = noisy(follow(van_der_pol, [1, 0.5], T), 0.05)
    est = LatentSINDy(autoencoder="none", degree=3, threshold=0.2).fit(X, t=T)
    assert est.noise_ is not None
    assert est.rivals_ == []
    check(est, VAN_DER_POL)


def test_clean_rows_are_not_refined():
    X = follow(van_der_pol, [1, 0.5], T)
    est = LatentSINDy(autoencoder="none", degree=3).fit(X, t=T)
    assert est.noise_ is None
    assert est.rivals_ == []
    assert est.states_.shape == est.rates_.shape == X.shape
    asked = LatentSINDy(autoencoder="none", degree=3, refine="states").fit(X, t=T)
    assert asked.noise_ is not None
    check(asked, VAN_DER_POL, n_errors=np.inf, rtol=1e-5)


@pytest.mark.slow
def test_rivals_are_said():
    # On a short record x*y/27 is nearly y, since z stays near 27 where y is large.
    clean = follow(lorenz, [-8, 8, 27], 0.01 * np.arange(400))
    told = 0
    for seed in range(6):
        est = LatentSINDy(autoencoder="none")
        rng = np.random.default_rng(seed)
        X = clean + 0.1 * 12.75 * rng.standard_normal(clean.shape)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            est.fit(X, t=0.01)
        assert len(est.rivals_) <= 3
        systems = [est.equations_, *est.rivals_]
        exact = [
            [set(np.array(s.library.names)[row != 0]) for row in s.coefficients]
            == [set(row) for row in LORENZ]
            for s in systems
        ]
        assert any(exact)
        kept = est.coefficients_ != 0
        others = [r for r in est.rivals_ if (kept & (r.coefficients == 0)).any()]
        texts = [str(w.message) for w in said]
        assert any("nearly as likely" in text for text in texts) == bool(others)
        told += bool(others)
    assert told


def pushed(level, rng, n_substeps=20):
    """Follow a van der Pol oscillator that noise drives."""
    z, rows, step = np.array([1.0, 0.5]), [], 0.02 / n_substeps
    for _ in T:
        rows.append(z)
        for _ in range(n_substeps):
            kick = level * np.sqrt(step) * rng.standard_normal(2)
            z = z + step * np.array(van_der_pol(0, z)) + kick
    return np.array(rows)


def coloured(rng):
    """Follow a van der Pol oscillator, with noise that remembers."""
    clean, noise = follow(van_der_pol, [1, 0.5], T), np.zeros((1000, 2))
    for k in range(1, 1000):
        noise[k] = 0.5 * noise[k - 1] + 0.87 * rng.standard_normal(2)
    return clean + 0.05 * clean.std(axis=0) * noise


@pytest.mark.parametrize(
    ("make", "options", "cause"),
    first_of(
        [
            (
                lambda rng: noisy(follow(van_der_pol, [1, 0.5], T), 0.05),
                {"degree": 2},
                "do not explain",
            ),
            (lambda rng: noisy(pushed(0.1, rng), 0.02), {"degree": 3}, "noise drives"),
            (coloured, {"degree": 3}, "is correlated along t"),
            (
                lambda rng: noisy(follow(pendulum, [2.5, 0], T), 0.03),
                {"degree": 3},
                "One with degree=5 does",
            ),
        ]
    ),
    ids=["too low a degree", "process noise", "coloured noise", "a pendulum"],
)
def test_lack_of_fit_is_told_from_noise(make, options, cause):
    X = make(np.random.default_rng(0))
    est = LatentSINDy(autoencoder="none", **options)
    with pytest.warns(UserWarning, match=cause):
        est.fit(X, t=T)
    assert est.noise_ is None


@pytest.mark.slow
@no_doubts
def test_what_cannot_be_is_said():
    X = noisy(follow(van_der_pol, [1, 0.5], T), 0.05)
    est = LatentSINDy(autoencoder="none", degree=3, refine="states")
    with pytest.warns(UserWarning, match="bootstrapped. Pass n_bootstrap=0"):
        clone(est).set_params(n_bootstrap=2).fit(X, t=T)
    rates = np.gradient(X, T, axis=0)
    with pytest.warns(UserWarning, match="rates given as y. Pass t"):
        clone(est).set_params(degree=1).fit(X[::10], rates[::10])
    noise = np.random.default_rng(0).standard_normal((200, 2))
    with pytest.warns(UserWarning, match="found no states"):
        clone(est).set_params(degree=1).fit(noise, t=0.1)


def test_attributes_are_saved(tmp_path):
    clean = follow(lorenz, [-8, 8, 27], 0.01 * np.arange(400))
    X = clean + 0.1 * 12.75 * np.random.default_rng(1).standard_normal(clean.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        est = LatentSINDy(autoencoder="none", refine="states").fit(X, t=0.01)
    assert est.rivals_
    est.save(tmp_path / "est.symdisc")
    again = load(tmp_path / "est.symdisc")
    assert again.rivals_ == est.rivals_
    for name in ("states_", "rates_", "noise_"):
        assert_allclose(getattr(again, name), getattr(est, name), rtol=0, atol=0)


def sprott(_, z):
    return [z[1] * z[2], z[0] - z[1], 1 - z[0] * z[1]]


SPROTT = [{"z1*z2": 1.0}, {"z0": 1.0, "z1": -1.0}, {"1": 1.0, "z0*z1": -1.0}]


class TestDataOfOthers:
    """Situations that outside tests found wrong."""

    def sprott(self):
        t = np.linspace(0, 50, 1000)
        return follow(sprott, [0.1, 0.5, 0.2], t), t

    def test_two_systems_side_by_side(self):
        t = np.linspace(0, 30, 500)
        starts = [0.1, 0.5, 0.2], [0.4, 0.1, 0.9]
        X = np.hstack([follow(sprott, start, t) for start in starts])
        est = LatentSINDy(autoencoder="none").fit(noisy(X, 0.02, 1), t=t)
        second = [{"z4*z5": 1.0}, {"z3": 1.0, "z4": -1.0}, {"1": 1.0, "z3*z4": -1.0}]
        check(est, SPROTT + second)

    def test_noise_that_differs_between_runs(self):
        rng, t = np.random.default_rng(0), np.linspace(0, 3, 25)
        runs = [follow(sprott, rng.uniform(0.1, 1, 3), t) for _ in range(12)]
        sizes = np.resize([0.01, 0.06], 12)
        rows = [
            run + size * rng.standard_normal(run.shape)
            for run, size in zip(runs, sizes, strict=True)
        ]
        est = LatentSINDy(autoencoder="none").fit(rows, t=t[1])
        assert est.noise_ is not None
        check(est, SPROTT)

    @pytest.mark.filterwarnings("ignore:Candidates depend", "ignore:Other terms")
    def test_a_large_offset(self):
        X, t = self.sprott()
        est = LatentSINDy(autoencoder="none")
        est.fit(noisy(X, 0.02) + np.array([100, -50, 0]), t=t)
        found = terms(est)
        assert set(found[0]) == {"z2", "z1*z2"}
        assert set(found[2]) == {"1", "z0", "z1", "z0*z1"}
        assert_allclose(found[2]["z0*z1"], -1.0, rtol=0.01)

    def test_a_constant_column(self):
        clean = np.column_stack([np.cos(T), -np.sin(T)])
        X = np.column_stack([noisy(clean, 0.02), np.full(1000, 3.0)])
        est = LatentSINDy(autoencoder="none", degree=1, include_constant=False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Candidates depend")
            est.fit(X, t=T)
        assert terms(est)[2] == {}
        assert_allclose(est.noise_[:2], 0.02 * clean.std(axis=0), rtol=0.1)
        assert_allclose(terms(est)[0]["z1"], 1.0, rtol=0.01)

    def test_rounded_numbers(self):
        t = 0.05 * np.arange(1000)
        X = np.rint(4 * np.column_stack([np.cos(t), -np.sin(t)])).astype(int)
        with pytest.warns(UserWarning, match="moves in .* steps, as rounded numbers"):
            est = LatentSINDy(autoencoder="none").fit(X, t=t)
        assert [set(row) for row in terms(est)] == [{"z1"}, {"z0"}]

    @no_doubts
    @pytest.mark.filterwarnings("ignore:.* rows between outliers")
    @pytest.mark.parametrize("seed", first_of(range(4)))
    def test_many_outliers_are_no_crash(self, seed):
        rng, (X, t) = np.random.default_rng(seed), self.sprott()
        X = X + 0.02 * X.std(axis=0) * rng.standard_normal(X.shape)
        X = X + 10 * (rng.random(X.shape) < 0.01)
        assert LatentSINDy(autoencoder="none").fit(X, t=t).complexity_

    def test_pulses_of_an_input(self):
        t = 0.05 * np.arange(1000)
        u = 20.0 * (np.arange(1000) % 50 == 0)
        x, rng = np.zeros(1000), np.random.default_rng(0)
        for k in range(999):
            x[k + 1] = x[k] * np.exp(-0.025) + 2 * u[k] * (1 - np.exp(-0.025))
        X = np.column_stack([x + 0.1 * rng.standard_normal(1000), u])
        est = LatentSINDy(autoencoder="none", degree=1, inputs=[1]).fit(X, t=t)
        assert set(terms(est)[0]) == {"z0", "z1"}
        assert_allclose(terms(est)[0]["z0"], -0.5, rtol=0.05)

    @pytest.mark.parametrize("unit", [1e-100, 1e-200])
    def test_numbers_whose_products_vanish(self, unit):
        X, t = self.sprott()
        with pytest.raises(ValueError, match="products of them are zero"):
            LatentSINDy(autoencoder="none").fit(unit * X, t=t)


@pytest.mark.parametrize("seed", first_of(range(3)))
def test_units_of_the_columns_do_not_matter(seed):
    def lorenz96(t, x):
        return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8

    random, t = np.random.default_rng(seed), np.arange(0, 6, 0.02)
    known = {"t_eval": t, "rtol": 1e-9, "atol": 1e-11}
    starts = random.normal(2, 3, (4, 5))
    X = [solve_ivp(lorenz96, (0, 6), x, **known).y.T for x in starts]
    noise = 0.01 * np.vstack(X).std(axis=0)
    X = [x + noise * random.standard_normal(x.shape) for x in X]
    units = np.array([1e-6, 1e3, 50, 1, 1])
    # Without a word about noise that is not white.
    own, scaled = (
        LatentSINDy(autoencoder="none", degree=2, random_state=0).fit(
            [x * factor for x in X], t=t
        )
        for factor in (np.ones(5), units)
    )
    assert own.equations_.n_terms == scaled.equations_.n_terms == 20
    # Terms of the i-th rate, of the monomials in their own units.
    monomials = scaled.equations_.library.evaluate(units[None])[0]
    back = scaled.equations_.coefficients * monomials / units[:, None]
    assert_allclose(back, own.equations_.coefficients, atol=0.02)
