"""Monomials: those of the candidate library, with exact derivatives."""

from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from symdisc._equations.library import CandidateLibrary
from symdisc._numerics.features import MAX_TERMS, Monomials, affordable_degree
from symdisc._numerics.jvp import push_forward


def curve(seed, n_variables):
    points = np.random.default_rng(seed).standard_normal((3, 6, n_variables))
    return tuple(torch.from_numpy(points))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_values_and_order_are_those_of_the_library(n_variables, degree, seed):
    monomials = Monomials(n_variables, degree)
    library = CandidateLibrary.polynomial(n_variables, degree)
    x = curve(seed, n_variables)[0]
    assert len(monomials) == len(library) == comb(n_variables + degree, degree)
    assert_close(monomials(x), library.evaluate(x), rtol=1e-12, atol=1e-12)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_derivatives_agree_with_autograd(n_variables, degree, seed):
    monomials = Monomials(n_variables, degree)
    jet = curve(seed, n_variables)
    generic = push_forward(monomials.forward, *jet)
    for order in range(3):
        images = monomials.push_forward(*jet[: order + 1])
        assert_close(images, generic[: order + 1], rtol=1e-10, atol=1e-10)


def test_derivatives_by_hand():
    x, v, a = (torch.tensor([[c, d]]).double() for c, d in ((2, 3), (5, 7), (11, 13)))
    value, rate, acceleration = Monomials(2, 2).push_forward(x, v, a)
    # 1, x, y, x^2, x y, y^2
    assert value.tolist() == [[1, 2, 3, 4, 6, 9]]
    assert rate.tolist() == [[0, 5, 7, 20, 29, 42]]
    assert acceleration.tolist() == [[0, 11, 13, 94, 129, 176]]


def test_gradients_flow_in_float32():
    x = torch.tensor([[2.0, 3.0]], requires_grad=True)
    features = Monomials(2, 2)(x)
    features[0, 4].backward()
    assert features.dtype == torch.float32
    assert x.grad.tolist() == [[3, 2]]


@pytest.mark.parametrize("highest", [1, 2, 3, 5])
@pytest.mark.parametrize("n_variables", [1, 2, 3, 6, 7, 9, 10, 100])
def test_affordable_degree(n_variables, highest):
    degree = affordable_degree(n_variables, highest)
    assert 1 <= degree <= highest
    assert degree == 1 or comb(n_variables + degree, degree) <= MAX_TERMS
    if degree < highest:
        assert comb(n_variables + degree + 1, degree + 1) > MAX_TERMS


@pytest.mark.parametrize(("n_variables", "degree"), [(3, 3), (6, 2), (9, 2), (10, 1)])
def test_affordable_degree_by_default(n_variables, degree):
    assert affordable_degree(n_variables) == degree
