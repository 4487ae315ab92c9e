"""Evidence on held-out data: true symmetries pass at the nominal rate, no others."""

import numpy as np
import pytest

from symdisc import LatentSymmetryDiscoverer
from symdisc._lie.algebra import LieAlgebra
from symdisc._symmetry.two_sample import _move, _two_sample_test
from symdisc.datasets import make_spiral

J = np.array([[0.0, -1.0], [1.0, 0.0]])
SHEAR = np.array([[0.0, 0.0], [1.0, 0.0]])


def ring(random, n):
    angle, radius = random.uniform(0, 2 * np.pi, n), random.uniform(1, 2, n)
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def p_value(slots, matrix, random, n_permutations=99):
    moved = np.arange(len(slots[0])) % 2 == 0
    table = _move(slots, matrix, moved, random)
    auc, baseline = _two_sample_test(table, moved, n_permutations, random)
    return (1 + (baseline >= auc).sum()) / (1 + n_permutations)


def rejections(make, matrix, n_seeds, n=600):
    values = []
    for seed in range(n_seeds):
        random = np.random.RandomState(seed)
        values.append(p_value(make(random, n), matrix, random))
    return np.mean(np.array(values) <= 0.05)


def test_true_symmetries_are_rejected_at_the_nominal_rate():
    # Of 60, at most 8 with a probability of 0.997 where the rate is 0.05.
    assert rejections(lambda r, n: [ring(r, n)], J, 60, 200) <= 8 / 60


def test_pairs_are_moved_together():
    def turning(random, n):
        z = ring(random, n)
        return [z, z @ J.T]

    def driven(random, n):
        z = ring(random, n)
        return [z, z * [0.0, 1.0]]

    assert rejections(turning, J, 10) <= 0.4
    assert rejections(driven, J, 10) == 1


@pytest.mark.parametrize(
    ("make", "matrix"),
    [
        (lambda r, n: [ring(r, n)], SHEAR),
        (lambda r, n: [ring(r, n)], np.eye(2)),
        (lambda r, n: [r.exponential(size=(n, 2)) - 1], J),
    ],
)
def test_false_symmetries_are_detected(make, matrix):
    assert rejections(make, matrix, 10, 1500) == 1


def fitted(X, X_dot=None, **options):
    est = LatentSymmetryDiscoverer(n_generators="auto", random_state=0, **options)
    return est.fit(X, X_dot)


def test_evidence_of_a_fitted_symmetry():
    random = np.random.RandomState(0)
    lift = random.standard_normal((2, 5))
    est = fitted(ring(random, 2000) @ lift)
    held_out = ring(random, 1000) @ lift
    found = est.evidence(held_out)
    assert found.of == "states"
    assert found.p_values[0] > 0.05
    assert abs(found.auc[0] - 0.5) < 0.05
    assert found.baseline.shape == (1, 199)
    assert str(found).splitlines()[0] == "generator   auc  by chance  p-value"
    est.lie_algebra_ = LieAlgebra(SHEAR)
    assert est.evidence(held_out).p_values[0] < 0.05


def test_evidence_is_repeatable_and_empty_without_symmetry():
    random = np.random.RandomState(0)
    X = ring(random, 500)
    est = fitted(X)
    first, second = est.evidence(X), est.evidence(X)
    assert (first.baseline == second.baseline).all()
    est.lie_algebra_ = LieAlgebra(np.zeros((0, 2, 2)))
    assert len(est.evidence(X).auc) == 0


def test_dynamics_are_judged_by_their_equations():
    data = make_spiral(random_state=0)
    est = fitted(data.X, data.X_dot, symmetry_of="dynamics")
    found = est.evidence(data.X, data.X_dot)
    assert np.isnan(found.auc).all()
    assert (found.equivariance_error < 1e-3).all()
    est.lie_algebra_ = LieAlgebra(SHEAR)
    assert est.evidence(data.X, data.X_dot).equivariance_error[0] > 0.1
    assert "equivariance error" in repr(found)


def test_derivatives_are_needed_where_they_were_used():
    random = np.random.RandomState(0)
    X = ring(random, 500)
    est = fitted(X, X @ J.T)
    with pytest.raises(ValueError, match="pass X_dot as y, or t"):
        est.evidence(X)


def test_too_little_for_a_test():
    X = ring(np.random.RandomState(0), 500)
    est = fitted(X)
    with pytest.raises(ValueError, match="X has 4 states to move"):
        est.evidence(X[:4])
    for number in (0, -3, 2.5, "a"):
        with pytest.raises(ValueError, match="n_permutations="):
            est.evidence(X, n_permutations=number)
    est.symmetry_of_ = "transitions"
    with pytest.raises(ValueError, match="X has 0 transitions to move"):
        est.evidence(X, groups=np.arange(len(X)))
