"""Found groups in the library emlp; .ci/full installs it."""

import sys

import numpy as np
import pytest

from symdisc import Block, LatentSymmetryDiscoverer, LieAlgebra
from symdisc.datasets import make_two_body

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


def test_without_emlp_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "emlp.groups", None)
    with pytest.raises(ImportError, match=r"pip install 'symdisc\[emlp\]'"):
        LieAlgebra(TURN).to_emlp()


@pytest.fixture
def reps():
    # Whatever jax and emlp warn of is not ours.
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("emlp.reps", exc_type=ImportError)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["so(3)", "so(1,3)", "sl(2)"])
def test_layers_of_emlp_have_the_dimensions_of_ours(reps, name):
    from symdisc._downstream.layers import bilinear_maps
    from symdisc._lie.known import known_algebra
    from symdisc._lie.read_weights import intertwiners

    dim = {"so(3)": 3, "so(1,3)": 4, "sl(2)": 2}[name]
    algebra = known_algebra(name, dim)
    group, matrices = algebra.to_emlp(), algebra.matrices
    linear = reps.V(group) >> reps.V(group)
    assert linear.equivariant_basis().shape[1] == len(intertwiners(matrices, matrices))
    product = (reps.V * reps.V >> reps.V)(group)
    ours = bilinear_maps(matrices, matrices, matrices)
    assert product.equivariant_basis().shape[1] == len(ours)


@pytest.mark.filterwarnings("ignore")
def test_a_found_group_is_exact_in_emlp(reps):
    data = make_two_body(1000, 5, random_state=0)
    est = LatentSymmetryDiscoverer(
        autoencoder="none", representation=[Block(2, copies=4)], random_state=0
    ).fit(data.X)
    assert est.lie_algebra_.weights == "so(2): 1, 1, 1, 1"
    group = est.lie_algebra_.to_emlp()
    assert group.d == 8
    assert group.is_orthogonal
    basis = np.asarray((reps.V >> reps.V)(group).equivariant_basis())
    # Multiples of the identity and of the turn, between all pairs of four planes.
    assert basis.shape[1] == 32
    other = LieAlgebra(np.kron(np.diag([1, 1, 1, 2]), TURN)).to_emlp()
    assert group != other
    assert (reps.V >> reps.V)(other).equivariant_basis().shape[1] == 20
