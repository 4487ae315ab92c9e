"""Constants inside candidates, fitted along with the coefficients."""

import warnings

import numpy as np
import pytest
from kinetics import enzyme, hill, monod
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from symdisc import LatentSINDy, load


def follow(field, start, t):
    found = solve_ivp(field, (t[0], t[-1]), start, t_eval=t, rtol=1e-10, atol=1e-12)
    return found.y.T


SYSTEMS = {
    "enzyme": (enzyme, [[s] for s in np.linspace(0.1, 4, 10)], 6.0),
    "monod": (monod, [[3.0, 0.3]], 20.0),
    "hill": (hill, np.random.default_rng(0).uniform(0.2, 3, (10, 2)), 15.0),
}
OPTIONS = {
    "enzyme": {"library": ["z0/(K + z0)"], "constants": {"K": None}},
    "monod": {"library": ["z0*z1/(K + z0)"], "constants": {"K": None}, "degree": 1},
    "hill": {
        "library": ["K**n/(K**n + z1**n)"],
        "constants": {"K": None, "n": 2},
        "degree": 1,
    },
}
# Constants, and rounded coefficients of each equation in the order of the library.
TRUTH = {
    "enzyme": (0.3, [[0.6, -1.5]]),
    "monod": (0.5, [[1.2, -0.3, -1.5], [-0.3, 0.9]]),
    "hill": (0.7, [[0.1, -0.5, 1.2], [0.8, -0.6]]),
}


def observe(name, level, n_rows=150):
    field, starts, end = SYSTEMS[name]
    rng, t = np.random.default_rng(1), np.linspace(0, end, n_rows)
    runs = [follow(field, start, t) for start in starts]
    scale = level * np.vstack(runs).std(axis=0)
    return [run + scale * rng.standard_normal(run.shape) for run in runs], t[1]


@pytest.mark.parametrize(
    ("name", "level", "rtol"),
    [
        ("enzyme", 0.0, 1e-3),
        *((name, 0.02, 0.08) for name in SYSTEMS),
        pytest.param("monod", 0.0, 1e-3, marks=pytest.mark.slow),
        pytest.param("hill", 0.0, 1e-3, marks=pytest.mark.slow),
    ],
)
def test_kinetics(name, level, rtol):
    runs, step = observe(name, level)
    est = LatentSINDy(autoencoder="none", **OPTIONS[name]).fit(runs, t=step)
    constant, rows = TRUTH[name]
    assert_allclose(est.constants_["K"], constant, rtol=rtol)
    for row, known in zip(est.coefficients_, rows, strict=True):
        assert_allclose(row[row != 0], known, rtol=rtol)
    assert (est.noise_ is None) == (level == 0)
    if level:
        error = est.constant_errors_["K"]
        assert abs(est.constants_["K"] - constant) < 4 * error
        # Errors of coefficients count what is not known of the constant.
        errors = [e[e > 0] for e in est.equations_.errors]
        for row, known, each in zip(est.coefficients_, rows, errors, strict=True):
            assert np.all(np.abs(row[row != 0] - known) < 4 * each)


@pytest.mark.slow
def test_an_exponent_is_found_too():
    runs, step = observe("hill", 0.0)
    options = OPTIONS["hill"] | {"constants": {"K": None, "n": None}}
    est = LatentSINDy(autoencoder="none", **options).fit(runs, t=step)
    assert_allclose(est.constants_["K"], 0.7, rtol=1e-2)
    assert_allclose(est.constants_["n"], 2.0, rtol=1e-2)


def test_units_do_not_matter():
    runs, step = observe("enzyme", 0.0)
    options = OPTIONS["enzyme"]
    est = LatentSINDy(autoencoder="none", **options)
    est.fit([1e3 * run for run in runs], t=step / 60)
    assert_allclose(est.constants_["K"], 300.0, rtol=1e-3)


def test_numbers_are_shown_short_and_kept_in_full(tmp_path):
    runs, step = observe("enzyme", 0.0)
    est = LatentSINDy(autoencoder="none", **OPTIONS["enzyme"]).fit(runs, t=step)
    assert str(est.equations_) == "dz0/dt = -1.5*z0/(z0 + 0.3) + 0.6"
    value = est.constants_["K"]
    assert value in [
        float(f) for f in est.equations_.expressions[0].atoms() if f.is_Float
    ]
    est.save(tmp_path / "est.symdisc")
    again = load(tmp_path / "est.symdisc")
    assert again.constants_ == est.constants_
    assert again.equations_ == est.equations_
    assert again.score(runs, t=step) == est.score(runs, t=step)


def test_a_given_number_is_taken():
    runs, step = observe("enzyme", 0.0)
    options = OPTIONS["enzyme"] | {"constants": {"K": 0.3}}
    est = LatentSINDy(autoencoder="none", **options).fit(runs, t=step)
    assert est.constants_ == {"K": 0.3}
    assert_allclose(est.coefficients_[est.coefficients_ != 0], [0.6, -1.5], rtol=1e-3)


def test_a_constant_that_does_not_matter_changes_nothing():
    t = np.linspace(0, 10, 200)
    runs = [follow(lambda _, z: [-0.5 * z[0]], [s], t) for s in (1.0, 3.0)]
    est = LatentSINDy(autoencoder="none", **OPTIONS["enzyme"]).fit(runs, t=t[1])
    assert str(est.equations_) == "dz0/dt = -0.5*z0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"constants": {"z0": None}}, "identifiers that are no variables"),
        ({"constants": {"K": "a"}}, r"constants\['K'\] is 'a'"),
        ({"constants": {"K": None, "L": 2.0}}, r"constants has \['L'\], but library"),
        ({"symmetry": "so(2)"}, "needs latents that are given and no symmetry"),
        ({"autoencoder": "residual"}, "needs latents that are given"),
        ({"constants": None}, "'K' is unknown"),
    ],
)
def test_mistakes(options, message):
    runs, step = observe("monod", 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        est = LatentSINDy(**({"autoencoder": "none"} | OPTIONS["monod"] | options))
        with pytest.raises(ValueError, match=message):
            est.fit(runs, t=step)


def test_values_at_which_candidates_overflow_are_skipped():
    t = np.linspace(0, 5, 300)
    X = 100 * follow(lambda _, z: [np.exp(-2 * z[0]) - 0.5], [1.0], t)
    options = {"library": ["exp(-K*z0)"], "constants": {"K": None}, "degree": 1}
    est = LatentSINDy(autoencoder="none", **options).fit(X, t=t)
    assert_allclose(est.constants_["K"], 0.02, rtol=0.01)
    negative = np.column_stack([np.cos(t), np.sin(t)])
    options = {"library": ["log(z0 - K)"], "constants": {"K": None}}
    with pytest.raises(ValueError, match="no value makes the candidates"):
        LatentSINDy(autoencoder="none", **options).fit(negative, t=t)
