"""What says nothing about a system changes nothing: units, axes, order of rows."""

import functools

import numpy as np
import pytest
from conftest import GAME, embedded_rotation, first_of
from sklearn.base import clone

from symdisc import LatentSINDy, LatentSymmetryDiscoverer
from symdisc.datasets import make_reaction_diffusion, make_sphere, make_spiral

N_COLUMNS = 12
# Columns of noise are so faint beside the others.
FAINT = 1e-7
ESTIMATORS = {
    "spectral": LatentSymmetryDiscoverer(random_state=0),
    "adversarial": LatentSymmetryDiscoverer(max_iter=400, random_state=0, **GAME),
    "equations": LatentSINDy(2, max_iter=200, random_state=0),
}


def both(change):
    """Return a change of rates, too, where it is linear."""
    return change, change


def rotated(X):
    rng = np.random.default_rng(2)
    return X @ np.linalg.qr(rng.standard_normal((X.shape[1],) * 2))[0]


def permuted(X):
    return X[:, np.random.default_rng(3).permutation(X.shape[1])]


def size(X):
    return np.abs(X).max()


def faint(X):
    noise = np.random.default_rng(4).standard_normal((len(X), 2))
    return np.hstack([X, FAINT * size(X) * noise])


def empty(X):
    return np.pad(X, ((0, 0), (0, 2)))


# Changes of snapshots and of their rates.
CHANGES = {
    "small units": both(lambda X: 1e-6 * X),
    "large units": both(lambda X: 1e6 * X),
    "offset": (lambda X: X + 100 * size(X), lambda X: X),
    "rotation": both(rotated),
    "permutation": both(permuted),
    "duplicates": both(lambda X: np.hstack([X, X])),
    "constants": (
        lambda X: np.pad(X, ((0, 0), (0, 2)), constant_values=size(X)),
        empty,
    ),
    "faint noise": (faint, empty),
    "single precision": both(lambda X: X.astype(np.float32)),
}
ALL = "rotation", "faint noise", "duplicates", "permutation", "offset", "large units"


def changed(names, *data):
    """Apply changes one after the other to snapshots and, where known, rates."""
    for name in names:
        data = [change(X) for change, X in zip(CHANGES[name], data, strict=False)]
    return data


def fitted(kind, data, **parameters):
    return clone(ESTIMATORS[kind]).set_params(**parameters).fit(*data)


def axes_of(latents, onto):
    """Return the orthogonal map of latents that are the same but for their axes."""
    left, _, right = np.linalg.svd(latents.T.astype(float) @ onto)
    return left @ right


def assert_same(one, other, X, again, tol):
    """Assert the same answer, up to the axes of the latent space."""
    Z, Z_again = one.transform(X), other.transform(again).astype(float)
    axes = axes_of(Z_again, Z)
    np.testing.assert_allclose(Z_again @ axes, Z, atol=tol * size(Z))
    errors = [next(row.x for row in est.spaces_ if row.taken) for est in (one, other)]
    if np.isfinite(errors).all():
        assert errors[1] == pytest.approx(errors[0], rel=max(2 * tol, 1e-3), abs=1e-6)
    if isinstance(one, LatentSymmetryDiscoverer):
        assert other.lie_algebra_.name == one.lie_algebra_.name
        assert other.verdict_ == one.verdict_
        assert other.symmetry_of_ == one.symmetry_of_
        # Generators are rounded where no more digits matter.
        assert other.defect_ == pytest.approx(one.defect_, abs=max(tol, 2e-3))
        assert other.reconstruction_error_ == pytest.approx(
            one.reconstruction_error_, rel=max(5 * tol, 1e-3), abs=1e-6
        )
    if one.equations_ is not None:
        rates = one.equations_(Z)
        again = other.equations_(Z_again) @ axes
        np.testing.assert_allclose(again, rates, atol=max(10 * tol, 1e-3) * size(rates))


@pytest.fixture(scope="module")
def annulus():
    return embedded_rotation(0, 1000, N_COLUMNS)[:2]


@pytest.fixture(scope="module")
def fits(annulus):
    """Return what fits an estimator to the data as they are, once."""
    return functools.cache(lambda kind: fitted(kind, annulus))


@pytest.mark.parametrize("kind", first_of(ESTIMATORS))
def test_units_axes_and_empty_columns_do_not_matter(fits, annulus, kind):
    data = changed(ALL, *annulus)
    assert_same(fits(kind), fitted(kind, data), annulus[0], data[0], 1e-5)


@pytest.mark.parametrize("kind", first_of(ESTIMATORS))
def test_precision_does_not_matter(fits, annulus, kind):
    data = changed(["single precision"], *annulus)
    # Training in single precision goes other ways from starts that differ in rounding.
    tol = 0.01 if kind == "adversarial" else 1e-5
    assert_same(fits(kind), fitted(kind, data), annulus[0], data[0], tol)


@pytest.mark.parametrize("kind", ["spectral", "equations"])
def test_order_of_independent_rows_does_not_matter(fits, annulus, kind):
    rows = np.random.default_rng(1).permutation(len(annulus[0]))
    est, X = fitted(kind, [part[rows] for part in annulus]), annulus[0]
    # Errors, and with them the centre, are of other blocks of rows.
    assert_same(fits(kind), est, X, X, 0.01)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_each_change_by_itself(fits, annulus, kind, change):
    data = changed([change], *annulus)
    trained = kind == "adversarial" and change == "single precision"
    tol = 0.01 if trained else 1e-5
    assert_same(fits(kind), fitted(kind, data), annulus[0], data[0], tol)


SYSTEMS = {
    "spiral": (lambda: make_spiral(60, 20, n_features=20, random_state=0), 2),
    "sphere": (lambda: make_sphere(1500, n_features=30, random_state=0), 3),
    "reaction-diffusion": (lambda: make_reaction_diffusion(n_steps=1000, n_grid=24), 2),
}


@pytest.fixture(scope="module", params=SYSTEMS)
def system(request):
    make, n_components = SYSTEMS[request.param]
    data = make()
    return [
        part for part in (data.X, data.get("X_dot")) if part is not None
    ], n_components


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:n_generators=1 asks", "ignore:Independently")
@pytest.mark.parametrize("kind", ["spectral", "equations"])
def test_systems_behind_lifts(system, kind):
    data, n_components = system
    if kind == "equations" and len(data) == 1:
        pytest.skip("has no motion")
    one = fitted(kind, data, n_components=n_components)
    for change in [*CHANGES][:-1]:  # fewer modes hold what is held in single precision
        again = changed([change], *data)
        other = fitted(kind, again, n_components=n_components)
        assert_same(one, other, data[0], again[0], 0.02)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_units_of_one_given_column_do_not_matter(factor):
    data, units = make_spiral(20, 20, n_features=None, random_state=0), [1.0, factor]
    one, other = (
        LatentSINDy(autoencoder="none").fit(data.X * scale, data.X_dot * scale)
        for scale in ([1.0, 1.0], units)
    )
    assert other.equations_.n_terms == one.equations_.n_terms == 4
    np.testing.assert_allclose(
        other.equations_(data.X * units), one.equations_(data.X) * units, rtol=1e-9
    )


@pytest.mark.parametrize("factor", [0.2, 5.0])
def test_units_of_one_given_column_leave_the_symmetry(factor):
    data, units = make_spiral(60, 20, n_features=None, random_state=0), [1.0, factor]
    est = LatentSymmetryDiscoverer(autoencoder="none", random_state=0)
    names = []
    for scale in ([1.0, 1.0], units):
        est.fit(data.X * scale, data.X_dot * scale)
        names.append((est.lie_algebra_.name, est.verdict_, est.symmetry_of_))
    assert names[0] == names[1]
    assert names[0][0] != "trivial"
