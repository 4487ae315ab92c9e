"""Blocks of latent coordinates: the right ones are found, and known ones are kept."""

import numpy as np
import pytest
from conftest import first_of, no_doubts
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from symdisc import Block, LatentSymmetryDiscoverer, Scalars, Translations, load
from symdisc._estimators.symmetry_data import GAN_WEIGHT
from symdisc._lie.canonical_basis import integer_generator
from symdisc._lie.layout import embed, slices
from symdisc._lie.representation import NONCOMPACT_SCALE
from symdisc._symmetry.axes import find_axes
from symdisc._symmetry.distribution_residuals import DistributionResiduals
from symdisc._symmetry.invariance import distribution_symmetries
from symdisc.datasets import make_hyperbolic
from symdisc.datasets._lift import polynomial_lift
from symdisc.metrics import energy_distance

ONE_QUICK = pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))]
)
J = np.array([[0.0, -1.0], [1.0, 0.0]])


def circles(rng, n, *speeds):
    """One point on a thick ring for each speed, all turned by the same random angle."""
    angle, radius = rng.uniform(0, 2 * np.pi, n), rng.uniform(1, 2, (n, len(speeds)))
    offset = rng.uniform(0, 0.5, (n, len(speeds)))
    angles = np.outer(angle, speeds) + offset
    points = radius[:, :, None] * np.stack([np.cos(angles), np.sin(angles)], axis=2)
    return points.reshape(n, -1)


def two_rotations(seed, n=4000):
    """Two independent rotations and two scalars that are not normal."""
    rng = np.random.default_rng(seed)
    scalars = rng.exponential(size=(n, 2))
    return np.hstack([circles(rng, n, 1), circles(rng, n, 1), scalars])


def lifted(Z, seed, n_features=20, size=20.0):
    random = np.random.RandomState(seed)
    return polynomial_lift(Z.shape[1], n_features, random, size=size)(Z)


def image_of(Z, latents):
    """Fit an affine map to the found latents; return its linear part and its error."""
    table = np.column_stack([Z, np.ones(len(Z))])
    maps = np.linalg.lstsq(table, latents, rcond=None)[0]
    rest = latents - table @ maps
    return maps[:-1].T, np.linalg.norm(rest) / np.linalg.norm(latents)


def check_two_rotations(seed, solver, X, Z, tolerance):
    est = LatentSymmetryDiscoverer(
        6,
        solver=solver,
        representation=[Block(2), Scalars(2), Block(2)],
        random_state=seed,
    ).fit(X)
    assert est.lie_algebra_.name == "so(2)+so(2)"
    outside = est.lie_algebra_.basis.copy()
    outside[:, :2, :2] = outside[:, 4:, 4:] = 0
    assert not outside.any()
    image, rest = image_of(Z, est.transform(X))
    assert rest < tolerance
    image /= np.linalg.norm(image, axis=1, keepdims=True)
    # Each block sees one of the circles, and the scalars see the scalars.
    sizes = [
        [np.linalg.norm(image[rows, columns]) for columns in slices([Block(2)] * 3)]
        for rows in (slice(0, 2), slice(4, 6), slice(2, 4))
    ]
    shares = np.array(sizes) / np.sqrt(2)
    assert shares[2, 2] > 1 - tolerance
    assert shares[:2, :2].max(axis=1).min() > 1 - tolerance
    assert shares[:2].argmax(axis=1).tolist() in ([0, 1], [1, 0])
    return est


@ONE_QUICK
def test_blocks_act_on_the_right_latents(seed):
    Z = two_rotations(seed)
    X = Z @ np.random.default_rng(seed).standard_normal((6, 20))
    est = check_two_rotations(seed, "spectral", X, Z, 0.1)
    assert est.verdict_ == ("conditional", "conditional")
    assert est.generator_error_.shape == (2, 6, 6)
    assert 0 < est.generator_error_.max() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_adversaries_act_on_blocks(seed):
    Z = two_rotations(seed)
    est = check_two_rotations(seed, "adversarial", lifted(Z, seed), Z, 0.2)
    assert est.agreement_ > 0.99
    assert est.restart_agreement_.shape == (4,)


@pytest.mark.slow
@ONE_QUICK
def test_copies_turn_together(seed):
    rng = np.random.default_rng(seed)
    # They turn against each other: one copy has to be reflected.
    Z = circles(rng, 4000, 1, -1)
    X = Z @ rng.standard_normal((4, 20))
    est = LatentSymmetryDiscoverer(
        4, representation=[Block(2, copies=2)], random_state=seed
    ).fit(X)
    (matrix,) = est.lie_algebra_.matrices
    assert_allclose(matrix, np.kron(np.eye(2), matrix[:2, :2]), atol=1e-12)
    assert_allclose(matrix[:2, :2], J, atol=0.1)
    image, rest = image_of(Z, est.transform(X))
    true = image @ np.kron(np.diag([1, -1]), J) @ np.linalg.inv(image)
    cosine = (true * matrix).sum() / np.linalg.norm(true) / np.linalg.norm(matrix)
    assert rest < 0.05
    assert abs(cosine) > 0.99


def test_different_frequencies_are_no_copies():
    rng = np.random.default_rng(0)
    white = circles(rng, 3000, 1, 2)
    white /= white.std(axis=0)
    found = {}
    for blocks in ([Block(2, copies=2)], [Block(4)]):
        forms = DistributionResiduals([white], [1.0])
        axes = find_axes(forms, blocks, rigid=True)
        maps = axes.pull(embed(blocks[0].allowed, slice(0, 4), 4))
        found[blocks[0]] = forms.solve(maps)[0][0]
    assert found[Block(2, copies=2)] > 10 * found[Block(4)]


@pytest.mark.parametrize("dim", [2, 3])
def test_allowed_maps_are_all_that_is_found(dim):
    z = np.random.default_rng(dim).standard_normal((2000, dim))
    shear = np.zeros((2, dim, dim))
    shear[0, 0, 1], shear[1, 1, 0] = 1.0, 1.0
    found = distribution_symmetries([z], allowed=shear)
    assert found.maps.shape == (2, dim, dim)
    assert abs(found.maps[0, 0, 1] + found.maps[0, 1, 0]) < 0.05
    assert_allclose(np.diagonal(found.maps, axis1=1, axis2=2), 0)


@ONE_QUICK
def test_known_boosts_are_found_in_a_motion(seed):
    data = make_hyperbolic(random_state=seed)
    est = LatentSymmetryDiscoverer(
        2,
        representation=[Block("so(1,1)")],
        symmetry_of="dynamics",
        random_state=seed,
    ).fit(data.X, data.X_dot)
    assert_allclose(est.lie_algebra_.basis, [[[0, 1], [1, 0]]], atol=1e-12)
    image, rest = image_of(data.Z, est.transform(data.X))
    true = image @ data.algebra[0] @ np.linalg.inv(image)
    assert rest < 1e-5
    true /= np.sign(true[0, 1]) * np.linalg.norm(true, 2)
    assert_allclose(true, [[0, 1], [1, 0]], atol=1e-2)


def drifting(seed, n=800):
    """Draw positions and velocities of a motion that is the same everywhere."""
    rng = np.random.default_rng(seed)
    q, v = rng.uniform(-1, 1, (2, n))
    Z, Z_dot = np.column_stack([q, v]), np.column_stack([v, v - 2 * v**3])
    lift = rng.standard_normal((2, 10))
    return Z @ lift, Z_dot @ lift, Z


@no_doubts
@pytest.mark.parametrize("seed", first_of([0, 1]))
def test_translations_of_a_motion(seed):
    X, X_dot, Z = drifting(seed)
    est = LatentSymmetryDiscoverer(
        3,
        representation=[Translations(1), Scalars(1)],
        symmetry_of="dynamics",
        random_state=seed,
    ).fit(X, X_dot)
    shift = np.zeros((1, 3, 3))
    shift[0, 0, 2] = 1.0
    assert_allclose(est.lie_algebra_.basis, shift)
    latents = est.transform(X)
    assert_allclose(latents[:, 2], 1.0)
    assert abs(np.corrcoef(latents[:, 1], Z[:, 1])[0, 1]) > 0.9999
    # Moved snapshots are those of a shifted position at the same velocity.
    moved = np.linalg.lstsq(Z, X, rcond=None)[0]
    change = (est.act(X, 0.5) - X) @ np.linalg.pinv(moved)
    assert change.std(axis=0).max() < 0.01
    assert abs(change[:, 0].mean()) > 0.1 > 10 * abs(change[:, 1].mean())


@no_doubts
def test_a_representation_can_be_saved(tmp_path):
    X, X_dot, _ = drifting(0)
    est = LatentSymmetryDiscoverer(
        3,
        representation=[Translations(1, scale=(0.1,)), Scalars(1)],
        symmetry_of="dynamics",
    ).fit(X, X_dot)
    est.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.representation == est.representation
    assert (again.transform(X) == est.transform(X)).all()


@no_doubts
@pytest.mark.parametrize("seed", first_of([0, 3]))
def test_translations_are_not_invented(seed):
    rng = np.random.default_rng(0)
    Z = rng.uniform(-1, 1, (800, 2))
    Z_dot = np.column_stack([Z[:, 1] - Z[:, 0] ** 2, Z[:, 0] * Z[:, 1]])
    est = LatentSymmetryDiscoverer(
        3,
        representation=[Translations(1), Scalars(1)],
        symmetry_of="dynamics",
        random_state=seed,
    ).fit(Z, Z_dot)
    assert not est.lie_algebra_


@ONE_QUICK
@pytest.mark.slow
def test_rotations_are_not_certified_in_chosen_axes(seed):
    """Planes of a cube are nearly round: of six dimensions the most."""
    X = np.random.default_rng(seed).uniform(-1, 1, (10000, 6))
    est = LatentSymmetryDiscoverer(
        6,
        representation=[Block(2), Scalars(4)],
        random_state=0,
    )
    assert not est.fit(X).lie_algebra_
    # Few rows do not tell a plane that is round to 2 % from a round one.
    assert "certified" not in est.fit(X[:2000]).verdict_


def bent_ring(seed, n=3000):
    """Bend a ring in the plane, so that no linear encoder makes it round."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * np.pi, n), rng.uniform(1, 1.5, n)
    z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    bent = np.column_stack([z[:, 0] + 0.5 * z[:, 1] ** 2, z[:, 1]])
    return bent @ rng.standard_normal((2, 6))


def fit_known_rotation(X, **options):
    options |= {"representation": [Block("so(2)")], "solver": "adversarial"}
    return LatentSymmetryDiscoverer(2, **options).fit(X)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "max_iter"),
    [(0, 2400), *(pytest.param(s, 4800, marks=pytest.mark.slow) for s in range(5))],
)
def test_the_encoder_adapts_to_a_known_rotation(seed, max_iter):
    X = bent_ring(seed)
    defect = {}
    for weight in (0.0, GAN_WEIGHT):
        options = {"max_iter": max_iter, "random_state": seed, "tol": 1.0}
        est = fit_known_rotation(X[::2], loss_weights={"gan": weight}, **options)
        assert_allclose(est.lie_algebra_.basis, [J])
        assert est.agreement_ == 1
        assert est.reconstruction_error_ < 1e-3
        defect[weight] = est.defect_[0]
    assert defect[GAN_WEIGHT] < 0.05 < defect[0.0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_known_rotations_of_a_sphere(seed):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((3000, 3))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    bent = np.column_stack([z[:, 0] + 0.5 * z[:, 1] ** 2, z[:, 1:]])
    X = bent @ rng.standard_normal((3, 8))
    est = LatentSymmetryDiscoverer(
        3,
        representation=[Block("so(3)")],
        solver="adversarial",
        max_iter=2400,
        random_state=seed,
    ).fit(X[::2])
    # A sphere has no thickness: 0.075 without training.
    radius = np.linalg.norm(est.transform(X), axis=1)
    assert radius.std() / radius.mean() < 0.05
    assert est.lie_algebra_.name == "so(3)"
    assert est.reconstruction_error_ < 2e-3
    theta = rng.uniform(-3, 3, (1500, 3))
    assert energy_distance(est.act(X[1::2], theta), X[1::2]) < 0.005
    assert (est.defect_ < 0.1).all()


@settings(max_examples=50, deadline=None)
@given(
    entries=st.lists(st.integers(-3, 3), min_size=4, max_size=4),
    scale=st.floats(0.01, 100),
    seed=st.integers(0, 2**16),
)
def test_integers_are_recovered_up_to_a_common_factor(entries, scale, seed):
    true = np.reshape(entries, (2, 2)).astype(float)
    if not true.any():
        return
    noise = 0.01 * np.random.default_rng(seed).uniform(-1, 1, (2, 2))
    found = integer_generator(scale * (true + noise))
    factor = np.gcd.reduce(true.astype(int).ravel())
    assert_allclose(found * factor, true)


@pytest.mark.slow
def test_integer_generator_of_two_frequencies():
    rng = np.random.default_rng(0)
    Z = circles(rng, 3000, 1, 2)
    est = LatentSymmetryDiscoverer(4, representation=[Block(4, integer=True)]).fit(
        lifted(Z, 0)
    )
    values = np.sort(np.linalg.eigvals(est.lie_algebra_.basis[0]).imag)
    assert (est.lie_algebra_.basis == np.round(est.lie_algebra_.basis)).all()
    assert_allclose(values / values[2], [-2, -1, 1, 2])


@pytest.mark.parametrize("solver", first_of(["spectral", "adversarial"]))
def test_integer_and_sparse_generators_are_exact(solver):
    rng = np.random.default_rng(0)
    X = circles(rng, 3000, 1)
    for options in ({"integer": True}, {"sparse": 0.2}):
        blocks = [Block(2, **options)]
        est = LatentSymmetryDiscoverer(
            2, solver=solver, representation=blocks, max_iter=300, random_state=0
        ).fit(X)
        (found,) = est.lie_algebra_.basis
        if "integer" in options:
            assert_allclose(found, J)
        assert_allclose(np.diag(found), 0)


def test_scales_follow_the_kind_of_generator():
    assert_allclose(Block(2, 1).scales, [np.pi])
    assert_allclose(Block("so(3)").scales, np.full(3, np.pi))
    boosts = Block("so(1,1)").scales, Translations(1).scales, Block("scaling").scales
    assert_allclose(np.concatenate(boosts), NONCOMPACT_SCALE)
    assert_allclose(Block(3, 2, scale=(1.0, 2.0)).scales, [1, 2])


BAD = {
    "no dimension": (lambda: Block(0), "action=0"),
    "no name": (lambda: Block("su(2)"), r"action='su\(2\)' is not a known name"),
    "no turn": (lambda: Block("so(1)"), r"action='so\(1\)' acts on 1"),
    "translations": (lambda: Block("se(2)"), "Use Translations"),
    "too many": (lambda: Block(1, 2), "n_generators=2 is above 1"),
    "fixed number": (lambda: Block("so(2)", 2), "fixes the generators"),
    "law": (lambda: Block(2, law="cauchy"), "law='cauchy'"),
    "scale": (lambda: Block(3, 2, scale=(1.0, 2.0, 3.0)), "each of the 2"),
    "text for scale": (lambda: Block(2, scale="a"), "scale='a' is not a positive"),
    "negative scale": (lambda: Translations(1, scale=-1), "scale=-1"),
    "sparse": (lambda: Block(2, sparse=1.0), "sparse=1.0"),
    "scalars": (lambda: Scalars(1.5), "dim=1.5"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_blocks_are_refused(case):
    make, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("blocks", "options", "message"),
    [
        ([Block(2)], {"n_components": 3}, "Set n_components=2"),
        ([Translations(2)], {"n_components": 2}, "the constant one"),
        ([Scalars(2)], {}, "has no generators"),
        ([Block(2)], {"n_generators": 2}, "said by the blocks"),
    ],
)
def test_representations_that_do_not_fit_are_refused(blocks, options, message):
    est = LatentSymmetryDiscoverer(representation=blocks, **options)
    with pytest.raises(ValueError, match=message):
        est.fit(np.random.default_rng(0).standard_normal((20, 4)))


def test_generators_of_blocks_are_all_reported_on_request():
    X = np.random.default_rng(0).uniform(-1, 1, (2000, 2)) ** [1, 3]
    options = {"autoencoder": "none", "representation": [Block(2)]}
    assert not LatentSymmetryDiscoverer(**options).fit(X).lie_algebra_
    est = LatentSymmetryDiscoverer(n_generators=1, **options)
    with pytest.warns(ConvergenceWarning, match="of 1 generators, asks .*: 1 refuted"):
        assert len(est.fit(X).lie_algebra_) == 1


def test_other_entries_are_refused():
    with pytest.raises(TypeError, match="use Block, Scalars and Translations"):
        LatentSymmetryDiscoverer(representation=["so(2)"]).fit(np.eye(8))
