"""Both estimators take data as users have them, and give them back like that."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sklearn
from conftest import first_of, no_doubts
from scipy.integrate import solve_ivp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler

from symdisc import (
    LatentSINDy,
    LatentSymmetryDiscoverer,
    TangentPipeline,
    load,
    report,
)
from symdisc.autoencoders import LinearEncoder
from symdisc.plotting import ForecastDisplay, OrbitDisplay, discovery_report

T = np.arange(0, 5, 0.02)
X = np.column_stack([np.cos(T), -np.sin(T)])
X_DOT = np.column_stack([-np.sin(T), -np.cos(T)])
FRAME = pd.DataFrame(X, columns=["a", "b"])
RUNS, TIMES = [X, 2 * X[:150]], [T, T[:150]]
CIRCLE = "dz0/dt = z1\ndz1/dt = -z0"
SINDY = LatentSINDy(autoencoder="none", degree=1)
SOLVED = LatentSymmetryDiscoverer(autoencoder="none", degree=1, symmetry_of="dynamics")
BOTH = pytest.mark.parametrize("est", [SINDY, SOLVED], ids=["sindy", "symmetry"])


def fitted(est, *given, **params):
    return clone(est).fit(*given, **params)


def assert_circle(est, tol=0.02):
    """Check the linear part of the equations: columns are shifted in one estimator."""
    linear = est.equations_.coefficients[:, 1:3]
    np.testing.assert_allclose(linear, [[0, 1], [-1, 0]], atol=tol)


@BOTH
def test_list_of_trajectories(est):
    found = fitted(est, RUNS, t=TIMES)
    assert_circle(found)
    assert not hasattr(found, "snapshot_shape_")
    assert found.transform(RUNS).shape == (400, 2)
    groups = np.repeat([0, 1], [250, 150])
    expected = fitted(est, np.vstack(RUNS), t=np.concatenate(TIMES), groups=groups)
    np.testing.assert_allclose(
        found.equations_.coefficients, expected.equations_.coefficients, atol=1e-6
    )
    assert_circle(fitted(est, RUNS, [X_DOT, 2 * X_DOT[:150]]))
    assert_circle(fitted(est, RUNS, t=0.02))
    assert_circle(fitted(est, [FRAME, FRAME], t=T))
    exported = found.to_pysindy(RUNS, t=TIMES)
    assert [len(x) for x in exported["x"]] == [250, 150]


def test_list_of_trajectories_after_the_fit():
    est = fitted(SINDY, RUNS, t=TIMES)
    weight = np.ones(400)
    assert est.score(RUNS, sample_weight=weight, t=TIMES) == pytest.approx(1, abs=1e-6)
    rates = [X_DOT, 2 * X_DOT[:150]]
    assert est.score(RUNS, rates) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(est.predict(RUNS), np.vstack(rates), atol=1e-3)
    page = report(est, RUNS, rates)
    assert "on 400 snapshots of 2 features" in page


def test_cross_validation_leaves_out_trajectories():
    with sklearn.config_context(enable_metadata_routing=True):
        est = clone(SINDY).set_fit_request(t=True).set_score_request(t=True)
        params = {"t": [T, T[:150], T[:200]]}
        runs = [X, 2 * X[:150], 3 * X[:200]]
        scores = cross_val_score(est, runs, cv=3, params=params)
    assert scores.min() > 0.999


@BOTH
@pytest.mark.parametrize(
    "t",
    [
        pd.to_datetime(T, unit="s", origin="2024-01-01"),
        pd.Series(pd.to_timedelta(T, unit="s")),
        np.timedelta64(20, "ms"),
    ],
    ids=["dates", "durations", "step"],
)
def test_dates_are_seconds(est, t):
    found = fitted(est, X, t=t)
    assert_circle(found)
    assert found.time_unit_ == "s"
    if est is SINDY:
        assert found.score(X, t=t) == pytest.approx(1, abs=1e-6)
    start = found.simulate(X[0], pd.to_timedelta([0, 1], unit="s"))
    np.testing.assert_allclose(start[1], [np.cos(1), -np.sin(1)], atol=0.01)
    assert not hasattr(found.fit(X, t=0.02), "time_unit_")


@no_doubts
@pytest.mark.filterwarnings("ignore:The equations leave:UserWarning")
@BOTH
def test_times_in_the_wrong_place(est):
    with pytest.raises(ValueError, match=r"y looks like times.*fit\(X, t=...\)"):
        fitted(est, X, T)
    frame = FRAME.set_index(pd.to_datetime(T, unit="s"))
    states = LatentSymmetryDiscoverer(max_iter=2, tol=1.0)
    with pytest.warns(UserWarning, match="Pass t=X.index") as caught:
        fitted(est if est is SINDY else states, frame)
    assert caught[0].filename == __file__
    labelled = FRAME.assign(time=np.cos(3 * T))
    with pytest.warns(UserWarning, match="X has a column 'time'"):
        fitted(est, labelled, np.column_stack([X_DOT, -3 * np.sin(3 * T)]))


@BOTH
def test_missing_rows(est):
    bad = X.copy()
    bad[[50, 52, 200], 1] = np.nan
    with pytest.raises(ValueError, match=r'row 50, column 1.*missing="drop"'):
        fitted(est, bad, t=0.02)
    with pytest.raises(ValueError, match="y contains NaN in row 50, column 1"):
        fitted(est, X, bad)
    est = clone(est).set_params(missing="drop")
    with warnings.catch_warnings():
        with pytest.warns(UserWarning, match="leaves out 3 of 250 rows") as caught:
            assert_circle(fitted(est, bad, t=0.02))
        assert caught[0].filename == __file__
        with pytest.warns(UserWarning, match="leaves out 3 of 250 rows"):
            score = fitted(est, X, t=0.02).score(bad, sample_weight=np.ones(250))
    assert score > 0.999
    for use in ("transform", "predict"):
        with pytest.raises(ValueError, match="X contains NaN in row 50, column 1") as e:
            getattr(fitted(est, X, t=0.02), use)(bad)
        assert "Hist" not in str(e.value)


@BOTH
def test_single_visits(est):
    groups = np.r_[np.zeros(249), 1]
    with pytest.warns(UserWarning, match="1 row left out: 1 of the trajectories"):
        assert_circle(fitted(est, X, t=T, groups=groups))
    with pytest.raises(ValueError, match="groups leaves each of its 250 trajectories"):
        fitted(est, X, t=T, groups=np.arange(250))


@BOTH
def test_no_autoencoder_is_spelled_none(est):
    with pytest.raises(ValueError, match='pass autoencoder="none"'):
        clone(est).set_params(autoencoder=None).fit(X, t=T)


def test_columns_that_make_equations_ambiguous():
    with pytest.warns(UserWarning, match=r"depend .*: c = 1\.") as caught:
        fitted(SINDY, FRAME.assign(c=1.0), t=T)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"depend .*: a - d = 0\."):
        fitted(SINDY, FRAME.assign(d=X[:, 0]), t=T)
    with pytest.raises(ValueError, match=r"\['c', 'd'\] of these 4"):
        fitted(SOLVED, FRAME.assign(c=1.0, d=X[:, 0]), t=T)


def test_width_of_rates_of_second_order():
    with pytest.raises(ValueError, match=r"order=2 needs .* of shape \(250, 4\)"):
        clone(SINDY).set_params(order=2).fit(X, X_DOT)


@BOTH
def test_forecasts(est):
    found = fitted(est, FRAME, t=T)
    np.testing.assert_allclose(found.predict(FRAME), X_DOT, atol=0.02)
    expected = X[:3]
    for start in (FRAME.iloc[0], FRAME.iloc[[0]]):
        path = found.simulate(start, T[:3])
        np.testing.assert_allclose(path.reshape(3, 2), expected, atol=1e-3)
    assert found.simulate(FRAME[:2], T[:3], latent=True).shape == (2, 3, 2)


def test_without_equations_there_are_no_forecasts():
    est = LatentSymmetryDiscoverer(autoencoder="none").fit(X)
    assert est.equations_ is None
    for name in ("predict", "simulate"):
        assert hasattr(LatentSymmetryDiscoverer, name)
        assert not hasattr(est, name)
        with pytest.raises(AttributeError, match=f"cannot {name}. Fit it with time"):
            getattr(est, name)


@no_doubts
def test_start_of_second_order():
    est = LatentSINDy(autoencoder="none", degree=1, order=2).fit(X, t=T)
    with pytest.raises(ValueError, match="x0_dot is None"):
        est.simulate(X[0], T)
    path = est.simulate(X[0], T[:5], x0_dot=X_DOT[0])
    np.testing.assert_allclose(path, X[:5], atol=1e-3)


@pytest.mark.parametrize("of", ["distribution", "derivatives"])
def test_columns_with_default_parameters(of):
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 2000), rng.uniform(1, 2, 2000)
    Z = (radius * np.array([np.cos(angle), np.sin(angle)])).T
    Z_dot = Z[:, ::-1] * [-1, 1] if of == "derivatives" else None
    est = LatentSymmetryDiscoverer(autoencoder="none")
    assert est.fit(Z, Z_dot).lie_algebra_.name == "so(2)"
    assert est.symmetry_of_ == of
    assert not est.history_


@pytest.mark.parametrize("of", ["distribution", "derivatives"])
def test_one_turn_decides_nothing(of):
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * np.arange(500) / 500
    Z = np.column_stack([np.cos(angle), np.sin(angle)])
    given = {"t": angle} if of == "derivatives" else {}
    Z = Z if given else Z * rng.uniform(1, 2, (500, 1))
    est = LatentSymmetryDiscoverer(autoencoder="none").fit(Z, **given)
    assert est.lie_algebra_.undecided.name == "so(2)"
    assert est.symmetry_of_ == of
    est.set_params(n_generators=1)
    with pytest.warns(ConvergenceWarning, match="n_generators=1 asks .*: 1 undecided"):
        assert est.fit(Z, **given).lie_algebra_.name == "so(2)"


def test_number_of_generators_that_columns_do_not_have():
    X = np.random.default_rng(0).uniform(size=(500, 2)) ** [1, 3]
    est = LatentSymmetryDiscoverer(autoencoder="none", n_generators=1)
    with pytest.warns(ConvergenceWarning, match="n_generators=1 asks .*: 1 refuted"):
        est.fit(X)
    clone(est).set_params(tol=1.0).fit(X)


@pytest.fixture(scope="module")
def movie():
    """Return frames of a spot that turns, and their times."""
    t = np.arange(300) * 0.03
    return spot_at(1.0, t), t


def spot_at(radius, t):
    x, y = np.meshgrid(np.arange(7) - 3, np.arange(6) - 2.5)
    spot = radius * np.cos(t)[:, None, None], radius * np.sin(t)[:, None, None]
    return np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / 6)


@pytest.fixture(scope="module")
def turned(movie):
    frames, t = movie
    est = LatentSymmetryDiscoverer(tol=1.0, random_state=0, max_iter=25)
    # A second orbit: one does not tell a rotation from other motions round a ring.
    inner = spot_at(0.5, t[:100])
    return est.fit([frames, inner], t=[t, t[:100]])


@no_doubts
def test_movie(movie, tmp_path):
    frames, t = movie
    linear = LatentSINDy(2, autoencoder=LinearEncoder(), random_state=0)
    est = clone(linear).fit(frames, t=t)
    assert est.snapshot_shape_ == (6, 7)
    assert est.n_features_in_ == 42
    flat = linear.fit(frames.reshape(300, 42), t=t)
    np.testing.assert_array_equal(flat.coefficients_, est.coefficients_)
    Z = est.transform(frames)
    assert est.inverse_transform(Z).shape == est.predict(frames).shape == frames.shape
    assert est.inverse_transform(Z, out=np.empty((300, 42))).shape == (300, 42)
    assert est.simulate(frames[0], t[:5]).shape == (5, 6, 7)
    assert est.simulate(frames[0].ravel(), t[:5]).shape == (5, 6, 7)
    assert est.simulate(frames[:2], t[:5]).shape == (2, 5, 6, 7)
    assert est.score(frames, t=t) == flat.score(frames.reshape(300, 42), t=t)
    with pytest.raises(ValueError, match=r"frames of shape \(7, 6\)"):
        est.transform(frames.swapaxes(1, 2))
    est.save(tmp_path / "movie")
    assert load(tmp_path / "movie").predict(frames).shape == frames.shape
    display = ForecastDisplay.from_estimator(est, frames[:20], t[:20])
    assert display.errors["LatentSINDy"].shape == (20,)
    plt.close(display.figure_)
    assert not hasattr(est.fit(X, t=T), "snapshot_shape_")


@no_doubts
def test_one_orbit_of_a_movie_tells_time_translation(movie):
    frames, t = movie
    est = LatentSymmetryDiscoverer(random_state=0)
    est.fit([frames, frames[:100]], t=[t, t[:100]])
    time = est.motion_algebra_.time_translation
    assert time.name == "so(2)"
    assert time.rate == pytest.approx(1, rel=0.01)
    assert "certified" not in est.verdict_
    assert est.equation_score_ > 0.999


@no_doubts
def test_symmetry_of_a_movie(movie, turned):
    frames, t = movie
    assert turned.snapshot_shape_ == (6, 7)
    theta = np.full(len(turned.lie_algebra_), 0.1)
    assert turned.act(frames[:3], theta).shape == (3, 6, 7)
    assert turned.orbit(frames[0]).shape == (64, 6, 7)
    assert turned.orbit(frames[0].ravel()).shape == (64, 6, 7)
    fields = turned.infinitesimal_action(frames[:3])
    assert fields.shape == (len(turned.lie_algebra_), 3, 6, 7)
    assert turned.simulate(frames[0], t[:5]).shape == (5, 6, 7)


@no_doubts
def test_pictures_of_a_movie(movie, turned):
    frames, _ = movie
    display = OrbitDisplay.from_estimator(turned, frames[0])
    assert display.image_shape == (6, 7)
    plt.close(display.figure_)
    assert "on 600 snapshots of 42 features" in report(turned, [frames, frames])
    plt.close(discovery_report(turned, frames))


@pytest.mark.slow
@no_doubts
def test_rates_of_a_movie_and_channels(movie):
    frames, t = movie
    rates = np.gradient(frames, t, axis=0)
    est = LatentSINDy(2, random_state=0, autoencoder=LinearEncoder())
    assert est.fit(frames, rates).snapshot_shape_ == (6, 7)
    coloured = np.stack([frames, 2 * frames], axis=1)
    assert est.fit(coloured, t=t).snapshot_shape_ == (2, 6, 7)
    both = np.concatenate([rates, np.gradient(rates, t, axis=0)], axis=1)
    flat = np.hstack([r.reshape(300, -1) for r in np.split(both, 2, axis=1)])
    est = LatentSINDy(2, order=2, random_state=0, autoencoder=LinearEncoder())
    one, other = (clone(est).fit(frames, y) for y in (both, flat))
    np.testing.assert_array_equal(one.coefficients_, other.coefficients_)


def test_steps_take_tables():
    pipe = TangentPipeline([("scale", StandardScaler()), ("sindy", clone(SINDY))])
    for method in (pipe.fit, pipe.fit_transform):
        with pytest.raises(ValueError, match=r"'scale' do not take. Pass numpy.concat"):
            method(RUNS, [X_DOT, 2 * X_DOT[:150]])


def test_rates_in_another_order_of_columns():
    rates = pd.DataFrame(X_DOT[:, ::-1], columns=["b", "a"])
    with pytest.raises(ValueError, match=r"y has the columns \['b', 'a'\].*y\[X.col"):
        fitted(SINDY, FRAME, rates)
    assert_circle(fitted(SINDY, FRAME, rates[["a", "b"]]))


@pytest.mark.parametrize(("width", "degree"), [(100, 2), (8, 20)])
def test_more_candidates_than_can_be_searched(width, degree):
    table = np.random.default_rng(0).standard_normal((50, width))
    with pytest.raises(ValueError, match=rf"degree={degree} makes \d+ candidates of"):
        LatentSINDy(autoencoder="none", degree=degree).fit(table, t=0.1)


@pytest.mark.parametrize("noise", [False, True])
def test_columns_in_small_units_are_said_to_be_left_out(noise):
    t, rng = np.arange(0, 30, 0.05), np.random.default_rng(0)
    turn, other = (
        np.stack([np.cos(w * t), -np.sin(w * t)], axis=1) for w in (1.0, 2.3)
    )
    small = rng.standard_normal(other.shape) if noise else other
    X = np.hstack([turn @ rng.standard_normal((2, 6)), 1e-4 * small])
    est = LatentSINDy(2, autoencoder=LinearEncoder(), random_state=0)
    if noise:
        est.fit(X, t=t)
    else:
        match = (
            "of the 8 columns of X, which vary by at most .* not noise: 6.* StandardSc"
        )
        with pytest.warns(UserWarning, match=match):
            est.fit(X, t=t)
    rates = np.linalg.eigvals(est.coefficients_[:, 1:3])
    np.testing.assert_allclose(np.abs(rates), 1.0, rtol=1e-3)


@pytest.mark.parametrize("seed", first_of([2, 0, 1]))
def test_rows_that_are_missing_at_random(seed):
    def brusselator(t, x):
        return [1 - 4 * x[0] + x[0] ** 2 * x[1], 3 * x[0] - x[0] ** 2 * x[1]]

    random, t = np.random.default_rng(seed), np.arange(0, 20, 0.05)
    X, times = [], []
    for _ in range(4):
        kept = np.sort(random.choice(len(t), 240, replace=False))
        known = {"t_eval": t, "rtol": 1e-9, "atol": 1e-11}
        path = solve_ivp(brusselator, (0, 20), random.uniform(0.5, 3, 2), **known).y.T
        X.append(path[kept])
        times.append(t[kept])
    with warnings.catch_warnings():
        # What steps of up to a tenth of a period leave is said in some draws.
        warnings.filterwarnings("ignore", "The candidates do not|.* left out")
        est = LatentSINDy(autoencoder="none", degree=3, random_state=0).fit(X, t=times)
    names = est.equations_.library.names
    found = [
        {n: c for n, c in zip(names, row, strict=True) if c}
        for row in est.equations_.coefficients
    ]
    assert {*found[0]} >= {"1", "z0", "z0**2*z1"}
    assert {*found[1]} == {"z0", "z0**2*z1"}
    assert found[1]["z0"] == pytest.approx(3, rel=0.05)
    assert found[1]["z0**2*z1"] == pytest.approx(-1, rel=0.05)
    assert found[0]["z0"] == pytest.approx(-4, rel=0.15)
    assert found[0]["z0**2*z1"] == pytest.approx(1, rel=0.15)
