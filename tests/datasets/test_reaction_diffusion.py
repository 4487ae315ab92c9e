"""Tests of the reaction-diffusion data set: the equation, the scheme, the options."""

from itertools import islice, pairwise

import numpy as np
import pytest
import sympy
from numpy.testing import assert_allclose, assert_array_equal
from scipy.fft import fft2, fftfreq

from symdisc.datasets import _cache, cached, make_reaction_diffusion
from symdisc.datasets._reaction_diffusion import _LENGTH, _integrate, _spiral

DIFFUSION, BETA = 0.1, 0.7


def axis(n_grid):
    return np.linspace(-_LENGTH / 2, _LENGTH / 2, n_grid, endpoint=False)


def integrate(amplitude, n_steps, dt=0.05):
    """Return A and dA/dt after ``n_steps`` steps."""
    steps = _integrate(amplitude, dt=dt, diffusion=DIFFUSION, beta=BETA)
    return next(islice(steps, n_steps, None))


@pytest.fixture(scope="module")
def spiral():
    """Return amplitude and derivative after the transient, on a small grid."""
    return integrate(_spiral(axis(32), n_arms=1), n_steps=200)


def test_shapes_and_contents():
    data = make_reaction_diffusion(n_steps=7, n_grid=16, dt=0.1, burn_in=3)
    assert data.X.shape == data.X_dot.shape == (7, 256)
    assert data.X.dtype == data.X_dot.dtype == np.float64
    assert_allclose(data.t, 0.1 * np.arange(7))
    assert_allclose(data.grid, axis(16))
    assert data.symmetry == "so(2)"
    assert "Champion" in data.DESCR
    assert "2310.00105" in data.DESCR


def test_equations_are_the_rotation_at_omega():
    data = make_reaction_diffusion(n_steps=7, n_grid=16)
    t = sympy.Symbol("t")
    z0, z1 = (sympy.Function(name)(t) for name in ("z0", "z1"))
    solution = {z0: sympy.cos(data.omega * t), z1: -sympy.sin(data.omega * t)}
    assert len(data.equations) == 2
    for equation in data.equations:
        residual = (equation.lhs - equation.rhs).subs(solution).doit()
        assert sympy.simplify(residual) == 0


def test_derivative_agrees_with_central_differences_to_second_order():
    errors = []
    for dt in (0.1, 0.05, 0.025):
        burn_in = round(20 / dt)  # the same instants, after the transient
        data = make_reaction_diffusion(3, n_grid=32, dt=dt, burn_in=burn_in)
        central = (data.X[2] - data.X[0]) / (2 * dt)
        errors.append(np.abs(central - data.X_dot[1]).max())
    assert errors[-1] < 1e-3
    assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.05)


def test_time_integration_is_of_fourth_order():
    start = _spiral(axis(32), n_arms=1)
    ends = [integrate(start, round(5 / dt), dt)[0] for dt in (0.1, 0.05, 0.025, 0.0125)]
    changes = [np.abs(a - b).max() for a, b in pairwise(ends)]
    assert changes[-1] < 1e-6
    assert_allclose(np.divide(changes[:-1], changes[1:]), 16, rtol=0.15)


def test_uniform_field_follows_the_exact_solution():
    # r' = r - r^3 and phase' = -beta r^2 have a closed-form solution.
    t, r0 = 3.0, 0.3
    A, _ = integrate(np.full((4, 4), r0 + 0j), n_steps=60, dt=t / 60)
    r = 1 / np.sqrt(1 + (1 / r0**2 - 1) * np.exp(-2 * t))
    phase = -BETA / 2 * np.log(1 + r0**2 * (np.exp(2 * t) - 1))
    assert_allclose(A, r * np.exp(1j * phase), rtol=1e-6)


def test_plane_wave_follows_the_exact_solution():
    k, t = 2 * 2 * np.pi / _LENGTH, 3.0
    r = np.sqrt(1 - DIFFUSION * k**2)
    wave = r * np.exp(1j * k * axis(16)) * np.ones((16, 1))
    A, A_dot = integrate(wave, n_steps=60, dt=t / 60)
    frequency = BETA * r**2
    assert_allclose(A, wave * np.exp(-1j * frequency * t), rtol=1e-6)
    assert_allclose(A_dot, -1j * frequency * A, rtol=1e-6)


def test_dynamics_is_equivariant_under_the_phase_shift():
    start, shift = _spiral(axis(16), n_arms=1), np.exp(0.4j)
    shifted, _ = integrate(shift * start, n_steps=50)
    assert_allclose(shifted, shift * integrate(start, n_steps=50)[0], atol=1e-12)


def test_mean_and_norm_change_by_their_budgets(spiral):
    A, A_dot = spiral
    s = np.abs(A) ** 2
    assert_allclose(A_dot.mean(), np.mean((1 - (1 + 1j * BETA) * s) * A), atol=1e-12)

    k = 2 * np.pi * fftfreq(32, _LENGTH / 32)
    power = np.abs(fft2(A) / A.size) ** 2
    gradient = np.sum((k[:, None] ** 2 + k**2) * power)
    growth = np.mean(A.conj() * A_dot).real
    assert_allclose(growth, np.mean(s - s**2) - DIFFUSION * gradient, atol=1e-12)


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_amplitude_relaxes_to_the_limit_cycle(spiral, factor):
    # Neither norm nor mean is kept: the wave forgets how strong it began.
    before = np.mean(np.abs(spiral[0]) ** 2)
    after = np.mean(np.abs(integrate(factor * spiral[0], n_steps=200)[0]) ** 2)
    assert abs(np.log(after / before)) < 0.05 * abs(np.log(factor**2))


def test_known_frequency():
    # By default (100 x 100, 5000 steps) omega is 0.9078.
    data = make_reaction_diffusion(n_steps=1000, n_grid=64)
    assert_allclose(data.omega, 0.9075, rtol=0.002)
    # Projected on one of their own snapshots, the data oscillate as often.
    signal = data.X @ data.X[-1]
    rises = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    period = (data.t[rises[-1]] - data.t[rises[0]]) / (len(rises) - 1)
    assert_allclose(2 * np.pi / period, data.omega, rtol=0.005)


def test_sign_of_beta_is_the_sense_of_rotation():
    omega = [
        make_reaction_diffusion(20, n_grid=16, beta=beta).omega for beta in (-1.0, 1.0)
    ]
    assert omega[0] < 0 < omega[1]


@pytest.mark.parametrize("n_arms", [1, 2, 3])
def test_half_a_turn_of_a_spiral(n_arms):
    data = make_reaction_diffusion(n_steps=40, n_grid=32, n_arms=n_arms, burn_in=0)
    image = data.X[0].reshape(32, 32)[1:, 1:]  # -10 has no mirror image on the grid
    assert_allclose(image[::-1, ::-1], (-1) ** n_arms * image, atol=1e-12)
    assert data.omega > 0


def test_noise_is_seeded_and_relative_to_the_spread():
    clean = make_reaction_diffusion(50, n_grid=32)
    noisy = make_reaction_diffusion(50, n_grid=32, noise=0.1, random_state=0)
    again = make_reaction_diffusion(50, n_grid=32, noise=0.1, random_state=0)
    other = make_reaction_diffusion(50, n_grid=32, noise=0.1, random_state=1)
    for name in ("X", "X_dot"):
        added = noisy[name] - clean[name]
        assert_allclose(added.std(), 0.1 * clean[name].std(), rtol=0.02)
        assert_array_equal(noisy[name], again[name])
        assert not np.array_equal(noisy[name], other[name])
    added = [(noisy[name] - clean[name]).ravel() for name in ("X", "X_dot")]
    assert abs(np.corrcoef(added)[0, 1]) < 0.02
    assert noisy.omega == clean.omega


def test_global_generator_is_untouched():
    before = np.random.get_state()  # noqa: NPY002
    make_reaction_diffusion(3, n_grid=8, noise=0.1, random_state=0)
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_steps", 1),
        ("n_steps", 10.0),
        ("n_grid", 3),
        ("dt", 0.0),
        ("dt", "0.1"),
        ("diffusion", -0.1),
        ("beta", np.inf),
        ("n_arms", 0),
        ("noise", -1.0),
        ("burn_in", -1),
        ("random_state", "seed"),
    ],
)
def test_bad_parameter_is_named(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        make_reaction_diffusion(**{name: value})


def test_divergence_is_an_error():
    with pytest.raises(ValueError, match="use a smaller dt"):
        make_reaction_diffusion(50, n_grid=16, dt=3.0)


def test_progress_bar_on_request_only(capsys):
    make_reaction_diffusion(3, n_grid=8)
    assert capsys.readouterr() == ("", "")
    make_reaction_diffusion(3, n_grid=8, verbose=1)
    assert "3/3" in capsys.readouterr().err


def test_cache_simulates_once(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(_cache, "user_cache_dir", lambda name: tmp_path / name)
    params = {"n_steps": 3, "n_grid": 8, "dt": 0.1}
    first = cached(make_reaction_diffusion, **params, verbose=1)
    assert "3/3" in capsys.readouterr().err
    second = cached(make_reaction_diffusion, **params, verbose=1)
    assert capsys.readouterr() == ("", "")
    assert_array_equal(first.X, second.X)
    assert first.equations == second.equations
    other = cached(make_reaction_diffusion, **{**params, "dt": 0.05})
    assert not np.array_equal(first.X, other.X)
