"""Blocks that act on the columns of X as they are."""

import numpy as np
import pytest
from conftest import first_of, no_doubts

from symdisc import Block, LatentSymmetryDiscoverer, Scalars, Translations
from symdisc.datasets import make_two_body
from symdisc.metrics import algebra_distance


def fit(X, *representation, **params):
    est = LatentSymmetryDiscoverer(
        autoencoder="none", representation=representation, **params
    )
    return est.fit(X)


@no_doubts  # momenta are opposite
@pytest.mark.parametrize("seed", first_of(range(2)))
def test_two_bodies_turn_together(seed):
    data = make_two_body(random_state=seed)
    est = LatentSymmetryDiscoverer(
        autoencoder="none", representation=[Block(2, copies=4)]
    ).fit(data.X, data.X_dot)
    assert est.lie_algebra_.name == "so(2)"
    # |cosine| of a single generator; LieGAN (arXiv:2302.00236) reports 0.9998.
    assert np.cos(algebra_distance(est.lie_algebra_, data.algebra)) > 0.9999


def test_columns_stay_as_they_are():
    random = np.random.default_rng(0)
    angle, radius = random.uniform(0, 2 * np.pi, 2000), random.uniform(1, 2, 2000)
    turning = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    # Far from round, but for columns 1 and 2; oblique axes would mix them.
    X = np.column_stack([radius + random.exponential(size=2000), turning])
    X += [3.0, 1.0, -2.0]
    est = fit(X, Scalars(1), Block(2))
    wanted = np.zeros((3, 3))
    wanted[2, 1], wanted[1, 2] = 1, -1
    np.testing.assert_allclose(est.lie_algebra_.matrices[0], wanted, atol=0.05)
    np.testing.assert_allclose(est.transform(X), X - X.mean(axis=0), atol=1e-8)
    assert fit(X, Block(2), Scalars(1)).lie_algebra_.name == "trivial"


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_found_where_there_is_nothing(seed):
    random = np.random.default_rng(seed)
    X = random.exponential(size=(2000, 4)) @ random.normal(size=(4, 4))
    for representation in (
        [Block(2, copies=2)],
        [Block(2), Block(2)],
        [Block("so(4)")],
    ):
        assert fit(X, *representation).lie_algebra_.name == "trivial"


def test_centre_of_a_motion_is_found():
    random = np.random.default_rng(0)
    z = random.uniform([0, -1], [2, 1], (2000, 2))
    z_dot = (1 - (z**2).sum(axis=1, keepdims=True)) * z
    est = LatentSymmetryDiscoverer(
        autoencoder="none",
        representation=[Block(2)],
        symmetry_of="dynamics",
    ).fit(np.add(z, [5, 7]), z_dot)
    assert est.lie_algebra_.name == "so(2)"
    np.testing.assert_allclose(est.transform([[5, 7]]), 0, atol=0.02)


def test_translations_need_a_constant_column():
    random = np.random.default_rng(0)
    z = random.uniform(-1, 1, (2000, 2))
    z_dot = np.stack([np.ones(2000), np.sin(3 * z[:, 1])], axis=1)
    est = LatentSymmetryDiscoverer(
        autoencoder="none",
        representation=[Translations(1), Scalars(1)],
        symmetry_of="dynamics",
    ).fit(z, z_dot)
    assert est.n_components_ == 3
    wanted = np.zeros((1, 3, 3))
    wanted[0, 0, 2] = 1
    assert algebra_distance(est.lie_algebra_, wanted) < 0.05


def test_blocks_have_to_fill_the_columns():
    with pytest.raises(ValueError, match=r"2 coordinates, but .*3"):
        fit(np.random.default_rng(0).normal(size=(20, 3)), Block(2))


@pytest.mark.parametrize("symmetry_of", ["states", "derivatives", "dynamics", "labels"])
@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda X: np.column_stack([X, np.full(len(X), 0.1)]), r"\[2\] of these 3"),
        (lambda X: np.column_stack([X, X @ [2.0, 1.0]]), r"\[\d\] of these 3"),
        (lambda X: np.tile(X, 5)[:9] ** np.arange(1, 11), r"\[\d, \d\] of these 10"),
        (lambda X: X * 1e-120, r"\[0, 1\] of these 2"),
    ],
    ids=["constant", "combination", "few rows", "tiny"],
)
def test_columns_that_are_no_latents(symmetry_of, spoil, named):
    random = np.random.default_rng(0)
    X = spoil(random.standard_normal((500, 2)))
    y = (X[:, 0] * 1.5) if symmetry_of == "labels" else random.standard_normal(X.shape)
    est = LatentSymmetryDiscoverer(autoencoder="none", symmetry_of=symmetry_of)
    with pytest.raises(ValueError, match=named):
        est.fit(X, None if symmetry_of == "states" else y)


def test_columns_of_other_sizes_are_mentioned():
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 1500), rng.uniform(1, 2, 1500)
    Z = radius[:, None] * np.column_stack([np.cos(angle), 0.03 * np.sin(angle)])
    est = LatentSymmetryDiscoverer(autoencoder="none")
    spread = Z.std(axis=0)
    with pytest.warns(UserWarning, match=f"a factor of {spread[0] / spread[1]:.3g}\\."):
        est.fit(Z)
    assert est.fit(Z / [1, 0.03]).lie_algebra_.name == "so(2)"
