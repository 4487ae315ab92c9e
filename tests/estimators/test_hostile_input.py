"""Whatever comes in: a right answer or an error that says what to do, never NaN."""

import re
import warnings
from operator import attrgetter

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import DOUBTS, first_of, no_doubts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from symdisc import LatentSINDy, LatentSymmetryDiscoverer, estimate_dimension
from symdisc.autoencoders import LinearEncoder
from symdisc.datasets import make_spiral

pytestmark = no_doubts

# Warnings that a fit may give; any other is an error.
EXPECTED = [
    (ConvergenceWarning, "Independently trained adversaries disagree"),
    (ConvergenceWarning, "n_generators=.* asks for more symmetries"),
    (UserWarning, "Columns of X differ in size"),
    (UserWarning, "X seems to carry noise"),
    (UserWarning, "y is 1-D and is ignored"),
    (UserWarning, "8 latent coordinates leave"),
    (UserWarning, DOUBTS),
    (UserWarning, "t leaves "),
    (UserWarning, "[0-9]+ rows? left out"),
    (UserWarning, "[0-9]+ of [0-9]+ rows of X lie apart"),
]
QUICK = {"max_iter": 2, "random_state": 0}
ONE = {"n_generators": 1, "n_restarts": 2, "batch_size": 8}
GAME = LatentSymmetryDiscoverer(solver="adversarial", **ONE, **QUICK)
SOLVED = LatentSymmetryDiscoverer("auto", **QUICK)
LEARNED = LatentSINDy(**QUICK)
GIVEN = LatentSINDy(autoencoder="none", random_state=0)
ESTIMATORS = [
    GAME,
    clone(GAME).set_params(symmetry_of="states", n_components=1),
    clone(GAME).set_params(symmetry_of="transitions"),
    clone(GAME).set_params(symmetry_of="derivatives"),
    SOLVED,
    clone(SOLVED).set_params(symmetry_of="transitions"),
    clone(SOLVED).set_params(n_generators=1),
    clone(SOLVED).set_params(symmetry_of="dynamics", n_components=2),
    LEARNED,
    clone(LEARNED).set_params(n_components="auto", differentiation="spline"),
    clone(LEARNED).set_params(symmetry="discover"),
    clone(LEARNED).set_params(order=2, n_components=1),
    GIVEN,
    clone(GIVEN).set_params(order=2),
    clone(GIVEN).set_params(threshold="auto", n_bootstrap=3),
    *(
        clone(GIVEN).set_params(differentiation=how)
        for how in ("savgol", "spline", "weak")
    ),
]
# An error says what is wrong with which argument; one of scikit-learn's does not.
NAMED = re.compile(
    r"Complex data not supported|"
    r"\b(X|y|t|groups|Z|sample|samples|feature|features|n_components|n_generators|"
    r"symmetry_of|window|differentiation|autoencoder|training)\b"
)


def numbers(found):
    """Yield all arrays of numbers in a fitted attribute."""
    if isinstance(found, torch.nn.Module):
        found = found.state_dict()
    found = getattr(found, "basis", getattr(found, "coefficients", found))
    if isinstance(found, dict):
        for value in found.values():
            yield from numbers(value)
    elif isinstance(found, (int, float, np.ndarray, torch.Tensor)):
        array = np.asarray(found)
        if array.dtype.kind in "biuf":
            yield array


def assert_finite(est):
    for name, attribute in vars(est).items():
        # By their documentation, these are NaN where there is nothing to tell.
        if not name.endswith("_") or name in ("history_", "lie_algebra_"):
            continue
        for array in numbers(attribute):
            assert np.isfinite(array).all(), f"{name} is not finite"


def bytes_of(array):
    if isinstance(array, (np.ndarray, np.generic)):
        return array.tobytes()
    if sparse.issparse(array):
        return array.toarray().tobytes()
    return repr(array)


def outcome(est, X, y=None, **params):
    """Fit and use a clone: the estimator, or the error where that is a clear one."""
    given = [X, y, *params.values()]
    before = [bytes_of(array) for array in given]
    est = clone(est)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for category, message in EXPECTED:
            warnings.filterwarnings("ignore", message, category)
        try:
            est.fit(X, y, **params)
        except (ValueError, TypeError, FloatingPointError) as error:
            refused = error
        else:
            refused = None
    assert [bytes_of(array) for array in given] == before
    if refused is not None:
        assert NAMED.search(str(refused)), refused
        assert not isinstance(refused, np.linalg.LinAlgError), refused
        return refused
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Z = est.transform(X)
        back = est.inverse_transform(Z)
    assert_finite(est)
    assert Z.shape == (len(X), est.n_components_)
    assert back.shape == np.shape(X)
    assert np.isfinite(Z).all()
    assert np.isfinite(back).all()
    return est


DTYPES = ["f8", "f8", "f8", "f4", "f2", "g", "i8", "i2", "u1", "?", "O", ">f8"]
COLUMNS = ["curve", "curve", "curve", "noise", "constant", "copy", "steps", "line"]


@st.composite
def inputs(draw):
    """Draw X, y, t and groups; mostly valid, mostly awkward."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.sampled_from([30, 20, 40, 12, 30, 20, 24, 8, 6, 5, 4, 0]))
    kinds = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=5))
    time = (
        np.cumsum(rng.uniform(0.05, 0.2, n))
        if draw(st.booleans())
        else 0.1 * (np.arange(n))
    )
    columns = [_column(kind, time, rng) for kind in kinds]
    X = np.column_stack(columns) if columns else np.empty((n, 0))
    if "copy" in kinds:
        X[:, kinds.index("copy")] = X.sum(axis=1)
    exponents = [0, 0, 0, 0, 0, 0, -12, 12, -3, 6, -140, 140, -320, 300, 37, -40]
    common = draw(st.sampled_from(exponents))
    X = X * 10.0**common
    if draw(st.integers(0, 4)) == 4:
        X = X * 10.0 ** rng.integers(-8, 8, X.shape[1])
    X = X + draw(st.sampled_from([0, 0, 0, 1e3, 1e9])) * 10.0 ** min(common, 290)
    if draw(st.integers(0, 4)) == 4 and n:
        X = X[np.sort(rng.integers(0, n, n))]
    y = draw(st.sampled_from([None, None, "rates", "zeros"]))
    if y == "rates":
        with np.errstate(all="ignore"):
            y = np.gradient(X, time, axis=0) if n > 1 else np.zeros_like(X)
    elif y == "zeros":
        y = np.zeros_like(X)
    with np.errstate(all="ignore"):
        X = _layout(draw, X.astype(draw(st.sampled_from(DTYPES))))
    t = [None, time] if y is not None else [time, 0.1, time * 1e-12, 1e9 + time, None]
    t = draw(st.sampled_from([*t, *t, -time]))
    groups = draw(st.sampled_from([None, None, np.arange(n) // 6, np.arange(n) % 2]))
    if draw(st.integers(0, 9)) == 9:
        X, y, t, groups = _spoil(draw, X, y, t, groups)
    return X, y, t, groups


def _column(kind, time, rng):
    return {
        "curve": np.sin(rng.uniform(0.5, 3) * time + rng.uniform(0, 6)),
        "noise": rng.standard_normal(len(time)),
        "constant": np.full(len(time), rng.normal()),
        "copy": np.zeros(len(time)),
        "steps": np.floor(time),
        "line": time,
    }[kind]


def _layout(draw, X):
    how = draw(st.sampled_from(["C", "F", "reversed", "strided", "read-only", "list"]))
    if how == "F":
        return np.asfortranarray(X)
    if how == "reversed":
        return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]
    if how == "strided":
        return np.repeat(X, 2, axis=0)[::2]
    if how == "read-only":
        X.flags.writeable = False
    return X.tolist() if how == "list" and X.size else X


def _spoil(draw, X, y, t, groups):
    how = draw(st.sampled_from(["nan", "inf", "short groups", "short t", "y", "ties"]))
    n = len(X)
    if how in ("nan", "inf"):
        X = np.array(X, dtype=float)
        X.flat[:1] = np.nan if how == "nan" else np.inf
    elif how == "short groups":
        groups = np.zeros(n + 1)
    elif how == "short t":
        t = np.arange(n + 1.0)
    elif how == "y":
        y = np.ones((n, 1 + len(X[0]) if n else 1))
    else:
        t = np.floor(np.arange(n) / 2)
    return X, y, t, groups


def run(est, drawn):
    X, y, t, groups = drawn
    outcome(est, X, y, t=t, groups=groups)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


# The same examples each time: new ones are drawn by the slow test.
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(st.sampled_from(ESTIMATORS), inputs())
def test_any_input(est, drawn):
    run(est, drawn)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=QUIET)
@given(st.sampled_from(ESTIMATORS), inputs())
def test_many_more_inputs(est, drawn):
    run(est, drawn)


def circle(n=60):
    """Return snapshots, rates and times of a rotation in three columns."""
    t = np.arange(n) * 0.1
    X = np.column_stack([np.cos(t), np.sin(t), 2 * np.cos(t)])
    return X, np.column_stack([-np.sin(t), np.cos(t), -2 * np.sin(t)]), t


BOTH = pytest.mark.parametrize("est", [GAME, GIVEN], ids=["game", "given"])


def refusal(est, X, y=None, **params):
    error = outcome(est, X, y, **params)
    assert isinstance(error, Exception), "no error"
    return str(error)


@BOTH
@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("X", lambda a: np.ma.masked_greater(a, 0.9), "X is a masked array"),
        ("y", lambda a: np.ma.masked_greater(a, 0.9), "y is a masked array"),
        ("t", lambda a: np.ma.masked_greater(a, 0.9), "t is a masked array"),
        ("X", sparse.csr_array, "Sparse data was passed for X"),
        ("y", sparse.csr_array, "Sparse data was passed for y"),
        ("X", lambda a: a + 0j, "Complex data"),
        ("X", lambda a: a[:4], "4 sample"),
        ("X", lambda a: a[:0], "0 sample"),
        ("X", lambda a: a[:, :0], "0 feature"),
        ("X", lambda a: a[0], "Expected 2D array"),
        ("X", lambda a: a[None], "1 sample"),
        ("X", lambda a: a[None].tolist(), "X is a list that is nested 3 deep"),
        ("X", lambda a: np.where(a > 0.9, np.nan, a), "X contains NaN"),
        ("y", lambda a: np.where(a > 0.9, np.nan, a), "y contains NaN"),
        ("t", lambda a: np.where(a > 0.9, np.nan, a), "t contains NaN"),
        ("X", lambda a: np.where(a > 0.9, np.inf, a), "X contains infinity"),
        ("y", lambda a: np.where(a > 0.9, np.inf, a), "y contains infinity"),
        ("X", lambda a: a * 1e160, "X has values of size 2e\\+160"),
        ("y", lambda a: a * 1e160, "y has values of size"),
        ("y", lambda a: a[:, :2], "y has shape"),
        ("t", lambda a: a[::-1], "t must increase strictly"),
        ("t", lambda a: a[:-1], "t has shape"),
        ("t", lambda a: a.astype("U"), "t has dtype <U32; give times as numbers"),
        ("t", lambda a: a.astype("M8[s]"), "t must increase strictly"),
        ("groups", lambda a: a[:-1], "groups has shape"),
        ("groups", lambda a: a * np.nan, "groups contains NaN"),
    ],
)
def test_refused(est, name, change, message):
    X, y, t = circle()
    given = {"X": X, "y": y, "t": t, "groups": np.zeros(len(X))}
    given[name] = change(given[name])
    if name in ("X", "groups") and len(np.atleast_1d(given["X"])) != len(X):
        given.update(y=None, t=None, groups=None)
    if np.shape(given["X"]) != np.shape(X):
        given.update(y=None)
    X, y = given.pop("X"), given.pop("y")
    assert re.search(message, refusal(est, X, y, **given))


@pytest.mark.parametrize("est", [GAME, SOLVED, LEARNED], ids=["game", "all", "sindy"])
def test_too_small_and_too_fast(est):
    X, y, _ = circle()
    assert "too little for its square" in refusal(est, X * 1e-160, y * 1e-160)
    single = (X * 1e-30).astype(np.float32)
    assert "fit float32. Divide X" in refusal(est, single, single)
    assert "over the standard deviation of X" in refusal(est, X, y * 1e40)
    # Shares of rates are what counts, and not the unit of time.
    assert not isinstance(outcome(est, X, y * 1e10), Exception)


def test_nothing_moves():
    X, y, _ = circle()
    est = clone(SOLVED).set_params(symmetry_of="dynamics")
    assert "is at rest in every row" in refusal(est, X, 0 * y)
    # Of a circle that stands still, the distribution is still that of a circle.
    undecided = outcome(SOLVED, X, 0 * y).lie_algebra_.undecided
    assert undecided.name == "so(2)"
    # Players of a game see a second vector that is zero, and equations of rest.
    game = clone(GAME).set_params(max_iter=30, loss_weights={"x_dot": 1.0})
    est = outcome(game, X, 0 * y)
    assert not isinstance(est, Exception), est
    assert not est.equations_.coefficients.any()
    for losses in est.history_.values():
        assert np.isfinite(losses[-1])
    # Every latent is a fixed point.
    est = outcome(LatentSINDy(1, max_iter=2, random_state=0), X, 0 * y)
    assert not est.equations_.coefficients.any()
    far = np.full((30, 1), 1e9, dtype=np.float32)
    assert not outcome(GIVEN, far, t=np.arange(30) * 0.1).complexity_


def test_rest_is_not_noise():
    still, t = np.tile([1 / 3, 1e5 / 7], (60, 1)), np.arange(60) * 0.1
    rounded = still * (1 + np.finfo(float).eps * (np.arange(60)[:, None] % 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", DOUBTS, UserWarning)
        assert not clone(GIVEN).fit(still, t=t).complexity_
        assert not clone(GIVEN).fit(still.astype(np.float32), t=t).complexity_
        clone(GIVEN).fit(rounded, t=t)
    noise = np.random.default_rng(0).standard_normal((60, 2))
    with pytest.warns(UserWarning, match="do not explain .* noise"):
        clone(GIVEN).fit(noise, t=0.1)


def test_masked_values_are_refused_after_fitting():
    X, y, _ = circle()
    est = clone(GIVEN).fit(X, y)
    masked = np.ma.masked_greater(X, 0.9)
    for use in (est.transform, est.inverse_transform, est.predict, est.score):
        with pytest.raises(ValueError, match="is a masked array"):
            use(masked)
    with pytest.raises(ValueError, match="X is a masked array"):
        estimate_dimension(masked)


def layouts(X, tmp_path):
    """Return the same values, held in another way each."""
    stored = np.memmap(tmp_path / str(X[0, 0]), X.dtype, "w+", shape=X.shape)
    stored[:] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    return {
        "fortran": np.asfortranarray(X),
        "reversed": np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
        "strided": np.repeat(X, 2, axis=0)[::2],
        "read-only": frozen,
        "memmap": stored,
        "list": X.tolist(),
        "object": X.astype(object),
        "longdouble": X.astype(np.longdouble),
        "big-endian": X.astype(">f8"),
        "unmasked": np.ma.array(X),
        "frame": pd.DataFrame(X),
    }


@pytest.mark.parametrize("est", first_of([GIVEN, LEARNED]), ids=["given", "learned"])
def test_layout_changes_nothing(est, tmp_path):
    X, y, t = circle()
    expected = outcome(est, X, y, t=t)
    Z = expected.transform(X)
    rates = layouts(y, tmp_path)
    for name, same in layouts(X, tmp_path).items():
        found = outcome(est, same, rates[name], t=t.tolist())
        assert not isinstance(found, Exception), (name, found)
        latents = found.transform(same)
        if est is GIVEN:
            gap = np.abs(found.coefficients_ - expected.coefficients_)
            assert gap.max() < 1e-12, name
            np.testing.assert_array_equal(latents, Z, err_msg=name)
            continue
        # Products of other layouts round differently, which may turn the latent plane.
        size = np.linalg.norm(found.coefficients_)
        assert size == pytest.approx(np.sqrt(2), abs=0.02), name
        back = found.inverse_transform(latents)
        np.testing.assert_allclose(back, X, atol=1e-3, err_msg=name)


@pytest.mark.parametrize("dtype", ["i8", "i2", "u1", "?", "f2"])
def test_other_numbers_are_those_numbers(dtype):
    X = np.round(100 + 90 * circle()[0][:, :2]).astype(dtype)
    found = outcome(GIVEN, X, t=0.1)
    expected = outcome(GIVEN, X.astype(float), t=0.1)
    assert type(found) is type(expected)
    if not isinstance(found, Exception):
        np.testing.assert_array_equal(found.coefficients_, expected.coefficients_)
        assert found.transform(X).dtype == np.float64


@pytest.mark.slow
@pytest.mark.parametrize("scale", first_of([1e-12, 1e12]))
def test_scale_of_snapshots_changes_nothing(scale):
    """Latents are white: the algebra, and the equations, are those of scaled data."""
    Z, rates = (part[:, :2] for part in circle(1200)[:2])
    X, y = (np.hstack([z, 2 * z[:, ::-1]]) for z in (Z, rates))
    est = LatentSymmetryDiscoverer(random_state=0)
    one, other = outcome(est, X, y), outcome(est, scale * X, scale * y)
    assert other.lie_algebra_.name == "so(2)"
    # A circle singles out no axes: rounding may turn or reflect them.
    for matrices in ("equations_.coefficients", "lie_algebra_.basis"):
        first, second = (abs(attrgetter(matrices)(fit)) for fit in (one, other))
        np.testing.assert_allclose(first, second, atol=1e-2)
    est = LatentSINDy(random_state=0)
    one, other = outcome(est, X, y), outcome(est, scale * X, scale * y)
    np.testing.assert_allclose(
        abs(other.coefficients_), abs(one.coefficients_), atol=1e-2
    )
    gap = other.predict(scale * X) / scale - one.predict(X)
    assert np.abs(gap).max() < 0.05


@pytest.mark.parametrize("threshold", [0.1, "auto"])
@pytest.mark.parametrize("unit", [1e-70, 1e-12, 1e12, 1e70])
def test_units_of_columns_and_of_time(unit, threshold):
    """A column a million times the other, in any unit of length and of time."""
    X, y, _ = circle()
    size = unit * np.array([1, 1e-6])
    est = clone(GIVEN).set_params(threshold=threshold)
    expected = np.zeros((2, 6))
    expected[0, 2], expected[1, 1] = -1e6, 1e-6
    found = outcome(est, X[:, :2] * size, y[:, :2] * size)
    np.testing.assert_allclose(found.coefficients_, expected, rtol=1e-6)
    found = outcome(est, X[:, :2] * [1, 1e-6], y[:, :2] * size)
    np.testing.assert_allclose(found.coefficients_, unit * expected, rtol=1e-6)


def test_trajectories_of_two_rows():
    """Every slope is a difference, and a linear field shows exactly in them."""
    rng = np.random.default_rng(0)
    start, rate = rng.standard_normal((40, 1)), 0.1
    X = np.concatenate([start, start * (1 + rate)], axis=1).reshape(-1, 1)
    groups = np.repeat(np.arange(40), 2)
    found = outcome(clone(GIVEN).set_params(degree=1), X, t=1.0, groups=groups)
    assert abs(found.coefficients_[0, 1] - rate / (1 + rate / 2)) < 0.005


def test_constant_columns_and_duplicate_rows_change_nothing():
    X, y, _ = circle(200)
    est = clone(LEARNED).set_params(max_iter=50)
    more = np.column_stack([X, np.full(len(X), 7.0)])
    more_y = np.column_stack([y, np.zeros(len(X))])
    one, other = outcome(est, X, y), outcome(est, more, more_y)
    np.testing.assert_allclose(
        abs(other.coefficients_), abs(one.coefficients_), atol=1e-2
    )
    twice = outcome(est, np.repeat(X, 2, axis=0), np.repeat(y, 2, axis=0))
    # Axes may be others, the frequency is not.
    for est in (one, twice):
        values = np.linalg.eigvals(est.coefficients_[:, 1:3])
        np.testing.assert_allclose(abs(values.imag), 1, atol=1e-3)
        np.testing.assert_allclose(values.real, 0, atol=1e-3)


@pytest.mark.parametrize(
    ("est", "name"),
    [
        (LatentSINDy(autoencoder="none", device="meta"), "device='meta'"),
        (LatentSINDy(autoencoder="none", loss_weights={"eq": 1}), "loss_weights={'eq'"),
        (
            LatentSymmetryDiscoverer(
                autoencoder=LinearEncoder(), loss_weights={"eq": 1}, random_state=0
            ),
            "loss_weights={'eq'",
        ),
        (LatentSINDy(loss_weights={"gan": 1}, random_state=0), "'gan'"),
    ],
)
def test_what_nothing_is_trained_with_is_said(est, name):
    data = make_spiral(10, 20, n_features=None, random_state=0)
    said = rf"{name}.* is not used.*(ResidualMLP|adversar)"
    with pytest.warns(UserWarning, match=said):
        est.fit(data.X, data.X_dot)


@pytest.mark.parametrize("autoencoder", ["auto", [LinearEncoder(), LinearEncoder()]])
def test_parameters_of_one_autoencoder_out_of_several(autoencoder):
    est = LatentSINDy(autoencoder=autoencoder)
    with pytest.raises(ValueError, match=r"autoencoder__width=2\.0 needs .*'width'"):
        est.set_params(autoencoder__width=2.0)
    est.set_params(autoencoder=LinearEncoder(), autoencoder__width=2.0)
    assert est.autoencoder.width == 2.0
