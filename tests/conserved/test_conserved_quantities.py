"""Conserved quantities: as many as there are, the right ones, and none by mistake."""

import numpy as np
import pytest
import sympy
from conftest import first_of
from scipy.integrate import solve_ivp
from scipy.stats import spearmanr

from symdisc import LatentSINDy, LatentSymmetryDiscoverer, conserved_quantities
from symdisc._conserved.hamiltonian import poisson

N, ROWS = 20, 60


def pendulum(friction=0.0):
    return lambda x, v: (v, -np.sin(x) - friction * v)


def kepler(x, y, u, v):
    r3 = np.hypot(x, y) ** 3
    return u, v, -x / r3, -y / r3


def lorenz(x, y, z):
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def runs(field, starts, span=10):
    t = np.linspace(0, span, ROWS)
    X = np.concatenate(
        [
            solve_ivp(lambda _, z: field(*z), (0, span), z, t_eval=t, rtol=1e-8).y.T
            for z in starts
        ]
    )
    X_dot = np.column_stack(field(*X.T))
    return X, X_dot, {"t": t[1], "groups": np.repeat(range(len(starts)), ROWS)}


def swings(seed):
    return np.random.default_rng(seed).uniform([-2, -0.5], [2, 0.5], (N, 2))


def correlation(found, true):
    """Rank correlation across trajectories."""
    means = (values.reshape(N, ROWS).mean(axis=1) for values in (found, true))
    return abs(spearmanr(*means)[0])


@pytest.mark.parametrize("seed", first_of(range(10)))
def test_pendulum_conserves_its_energy(seed):
    X, X_dot, known = runs(pendulum(), swings(seed))
    found = conserved_quantities(None, X, X_dot, library="cos", **known)
    energy = X[:, 1] ** 2 / 2 - np.cos(X[:, 0])
    assert len(found) == 1
    assert found[0].defect_upper < 1e-5
    assert correlation(found[0](X), energy) > 0.999
    x, v = sympy.symbols("z0 z1")
    left = sympy.expand(found.hamiltonian - v**2 / 2 + sympy.cos(x))
    assert abs(left.subs({x: 0.3, v: 0.7})) < 1e-4


def test_polynomials_are_nearly_conserved_and_say_so():
    X, X_dot, known = runs(pendulum(), swings(0))
    (energy,) = conserved_quantities(None, X, X_dot, degree=6, **known)
    assert 1e-6 < energy.defect < energy.defect_upper < 0.01


def test_kepler_motion_has_three():
    rng = np.random.default_rng(0)
    angle, speed = rng.uniform(0, 6, N), rng.uniform(0.85, 1.15, N)
    out = np.column_stack([np.cos(angle), np.sin(angle)])
    across = speed[:, None] * np.column_stack([-out[:, 1], out[:, 0]])
    across = across + 0.2 * rng.standard_normal(out.shape)
    X, X_dot, known = runs(kepler, np.hstack([out, across]))
    r = "(z0**2 + z1**2)**(-1/2)"
    found = conserved_quantities(None, X, X_dot, library=[r], **known)
    assert len(found) == 2  # energy and angular momentum
    more = [r, f"z0*{r}", f"z1*{r}"]
    found = conserved_quantities(None, X, X_dot, library=more, degree=3, **known)
    assert len(found) == 3  # and the direction of the Laplace vector


def test_quadratic_quantities_generate_symmetries():
    X = np.random.default_rng(0).uniform(-1, 1, (500, 4))
    X_dot = X @ poisson(4).T  # two equal oscillators: q, then p
    found = conserved_quantities(None, X, X_dot)
    assert len(found) == 3
    assert found.hamiltonian is not None
    for quantity in found:
        commutator = quantity.generator @ poisson(4) - poisson(4) @ quantity.generator
        assert np.abs(commutator).max() < 1e-6


@pytest.mark.parametrize(
    ("field", "low", "high", "options"),
    [
        (lorenz, [-10, -10, 15], [10, 10, 35], {"degree": 3}),
        (lambda x, v: (v, (1 - x**2) * v - x), [-3] * 2, [3] * 2, {"degree": 4}),
        (pendulum(0.1), [-2, -0.5], [2, 0.5], {"library": ["cos", "sin"]}),
        (pendulum(0.01), [-2, -0.5], [2, 0.5], {"library": ["cos", "sin"]}),
    ],
)
def test_nothing_is_manufactured(field, low, high, options):
    starts = np.random.default_rng(0).uniform(low, high, (N, len(low)))
    X, X_dot, known = runs(field, starts)
    found = conserved_quantities(None, X, X_dot, **options, **known)
    assert len(found) == 0
    assert str(found).startswith("no conserved quantity; the least defect is ")
    assert found.nearest.defect_upper > 0.05 or found.nearest.drifts


def test_units_and_noise():
    X, X_dot, known = runs(pendulum(), swings(1))
    X_dot += (
        0.01 * X_dot.std(axis=0) * np.random.default_rng(0).standard_normal(X.shape)
    )
    units = np.array([1.0, 1e-3])
    found = conserved_quantities(None, X * units, X_dot * units, library="cos", **known)
    assert len(found) == 1
    energy = X[:, 1] ** 2 / 2 - np.cos(X[:, 0])
    assert correlation(found[0](X * units), energy) > 0.999


def test_fits_are_taken_as_they_are():
    starts = np.random.default_rng(0).uniform(-1, 1, (N, 2))
    X, X_dot, known = runs(lambda x, v: (v, -4 * x), starts)
    est = LatentSINDy(autoencoder="none", degree=1).fit(X, X_dot, **known)
    by_equations = conserved_quantities(est, X, groups=known["groups"])
    assert str(by_equations) == "z0**2 + 0.25*z1**2: defect 0, at most 0"
    lift = np.random.default_rng(1).standard_normal((2, 6))
    lifted = LatentSymmetryDiscoverer(random_state=0).fit(X @ lift, X_dot @ lift)
    (quantity,) = conserved_quantities(lifted, X @ lift, X_dot @ lift, **known)
    energy = 4 * X[:, 0] ** 2 + X[:, 1] ** 2
    assert correlation(quantity(lifted.transform(X @ lift)), energy) > 0.999


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X_dot": None}, "nothing says how states move"),
        ({"X_dot": np.ones((60, 3))}, "X_dot has shape"),
        ({"degree": -1}, "degree=-1 must be"),
        ({"max_defect": 2}, "max_defect=2 must be"),
        ({"library": ["log"]}, "not finite at all states"),
    ],
)
def test_errors_say_what_to_do(change, message):
    X = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    options = {"X_dot": X[:, ::-1].copy()} | change
    with pytest.raises(ValueError, match=message):
        conserved_quantities(None, X, **options)


def test_est_must_be_one_of_this_package():
    with pytest.raises(TypeError, match="est is a str"):
        conserved_quantities("pendulum", np.zeros((20, 2)))


def scattered(k, n=500):
    return np.random.default_rng(0).uniform(-1, 1, (n, k))


def damped(x, v):
    return v, -x - 0.5 * v


def sir(s, i, r):
    return -1.5 * s * i, 1.5 * s * i - 0.5 * i, 0.5 * i


def test_a_fast_column_does_not_make_others_conserved():
    X = scattered(3)
    F = np.column_stack([*damped(X[:, 0], X[:, 1]), 300 * np.sin(9 * X[:, 2])])
    assert len(conserved_quantities(None, X, F)) == 0


@pytest.mark.parametrize("noise", [0, 0.01])
def test_a_fast_oscillator_beside_a_damped_one(noise):
    X = scattered(4)
    F = np.column_stack([*damped(X[:, 0], X[:, 1]), 100 * X[:, 3], -100 * X[:, 2]])
    F += noise * F.std(axis=0) * np.random.default_rng(1).standard_normal(F.shape)
    (energy,) = conserved_quantities(None, X, F)
    assert energy.expression.free_symbols == set(sympy.symbols("z2 z3"))


@pytest.mark.parametrize("rate", [0, 1e-3])
def test_a_slow_column_is_not_one_at_rest(rate):
    X = scattered(3)
    F = np.column_stack([X[:, 1], -X[:, 0], rate * X[:, 2]])
    assert len(conserved_quantities(None, X, F)) == (1 if rate else 2)
    noise = 1e-3 * np.random.default_rng(1).standard_normal(len(X))
    F[:, 2] = noise
    first = conserved_quantities(None, X, F)[0]
    assert abs(np.corrcoef(first(X), X[:, 2])[0, 1]) > 0.9999


def test_relations_among_columns_are_found_as_such():
    X = np.random.default_rng(0).dirichlet([2, 2, 2], 500)
    F = np.column_stack(sir(*X.T))
    for degree in 1, 2:
        with pytest.warns(UserWarning, match="linearly dependent: z0, z1, z2"):
            (whole,) = conserved_quantities(None, X, F, degree=degree)
        assert np.ptp(whole(X)) < 1e-9
    F += 0.01 * F.std(axis=0) * np.random.default_rng(1).standard_normal(F.shape)
    with pytest.warns(UserWarning, match="small differences: z0, z1, z2"):
        found = conserved_quantities(None, X.round(5), F, degree=1)
    assert len(found) == 0


def test_sensors_of_one_state():
    x, v = scattered(2).T
    X = np.column_stack([x, x + 1e-4 * np.sin(3 * x), v])
    F = np.column_stack([v, v * (1 + 3e-4 * np.cos(3 * x)), -x - 0.5 * v])
    with pytest.warns(UserWarning, match="small differences: z0, z1"):
        assert len(conserved_quantities(None, X, F)) == 0


def test_a_constant_column_is_named():
    x, v = scattered(2).T
    X, F = np.column_stack([x, v, 0 * x + 2]), np.column_stack([v, -x, 0 * x])
    with pytest.warns(UserWarning, match="constant or linearly dependent: z2"):
        found = conserved_quantities(None, X, F)
    assert str(found[0]) == "z2: defect 0, at most 0"
    assert len(found) == 2


def toda(t, z):
    q, p = z[:3], z[3:]
    pull = np.exp(q - np.roll(q, -1))
    return np.concatenate([p, np.roll(pull, 1) - pull])


def test_one_trajectory_is_too_few_to_tell():
    t = np.linspace(0, 20, 300)
    start = [0.3, -0.2, 0.1, 0.4, 0.1, -0.6]
    X = solve_ivp(toda, (0, 20), start, t_eval=t, rtol=1e-8).y.T
    with pytest.warns(UserWarning, match="linearly dependent|groups and t") as caught:
        found = conserved_quantities(None, X, t=t, degree=1)
    assert "groups and t give 1 of the 4" in str(caught[-1].message)
    wanted = "no conserved quantity found, but 1 trajectory is too few to tell: give 4"
    assert str(found).startswith(wanted)
    ball = np.column_stack([t, 2 * t - 4.9 * t**2, 0 * t + 1, 2 - 9.8 * t])
    with pytest.warns(UserWarning, match="linearly dependent|groups and t"):
        found = conserved_quantities(None, ball, t=t)
    assert all(np.ptp(each(ball)) < 1e-9 for each in found)


@pytest.mark.parametrize("seed", first_of(range(4)))
def test_noise_does_not_hide_what_changes_least(seed):
    """Euler's equations have two quadratic invariants; 3 % of noise leaves a trace."""
    rng = np.random.default_rng(seed)
    turn = np.array([-1 / 3, 1.0, -1.0])

    def rates(_, z):
        return turn * np.array([z[1] * z[2], z[0] * z[2], z[0] * z[1]])

    t = np.linspace(0, 15, 400)
    options = {"t_eval": t, "rtol": 1e-9, "atol": 1e-11}
    starts = rng.uniform(-1.5, 1.5, (6, 3))
    X = np.vstack([solve_ivp(rates, (0, 15), s, **options).y.T for s in starts])
    X += 0.03 * X.std(axis=0) * rng.standard_normal(X.shape)
    groups = np.repeat(np.arange(6), 400)
    found = conserved_quantities(None, X, t=np.tile(t, 6), groups=groups)
    said = [*found, found.nearest] if found.nearest else [*found]
    assert said
    names = said[0].library.symbols
    squares = np.array([[float(q.expression.coeff(z**2)) for z in names] for q in said])
    # Any combination of the two is one: its squares are orthogonal to the rates.
    assert np.abs(squares @ turn).max() < 0.05 * np.abs(squares).max()
