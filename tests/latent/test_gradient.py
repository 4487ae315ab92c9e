"""The gradient of sparse latents is that of the loss as it is written down."""

import numpy as np
import pytest
import sympy
import torch
from numpy.testing import assert_allclose
from scipy import sparse

from symdisc import CandidateLibrary
from symdisc._data.weak_form import WeakForm
from symdisc._numerics.fourier_polynomials import FourierPolynomialMap
from symdisc._numerics.monomial_table import MonomialTable
from symdisc._sparse_latents.curvature import curvature
from symdisc._sparse_latents.objective import SparseMotion

Z = sympy.symbols("z:2")
LIBRARIES = {
    "cubic": (CandidateLibrary.polynomial(2, 3), 2, 1),
    "one latent": (CandidateLibrary.polynomial(1, 3), 1, 1),
    "second order": (CandidateLibrary.polynomial(4, 2), 2, 2),
    "sines": (
        CandidateLibrary([Z[0], sympy.sin(Z[0]), Z[0] * sympy.cos(Z[1])], Z),
        2,
        1,
    ),
    "no constant": (CandidateLibrary.polynomial(3, 2, include_constant=False), 3, 1),
}
OPTIONS = [
    {},
    {"mu": 0.5, "delta": 0.1},
    {"support": True},
    {"support": True, "mu": 0.3, "delta": 0.2},
    {"moves": False},
]


def motion(name, weak=None):
    library, k, order = LIBRARIES[name]
    rng = np.random.default_rng(0)
    sizes = np.array([1, 0.5, 0.3, 0.1, 0.05, 0.02])
    points = rng.standard_normal((200, 6)) * sizes
    rates = [
        np.roll(points, 1, 1) + rng.standard_normal((200, 6)) for _ in range(order)
    ]
    decoder = FourierPolynomialMap.draw(k, 5, 20, 200, rng)
    known = {"decoder": decoder, "max_x_error": 1e-3, "n_decoded": 5}
    known |= {"has_unit": name == "sines", "weak": weak, "max_rows": 200}
    curve = [torch.from_numpy(part) for part in (points, *rates)]
    return SparseMotion.of_rows(curve, library, **known)


def assert_gradient(moving, k, options):
    rng = np.random.default_rng(1)
    encoder, shift = rng.standard_normal((k, 6)), rng.standard_normal(k)
    support = None
    if options.get("support"):
        support = torch.from_numpy(rng.random((len(moving.library), k)) > 0.4)
        support[0] = True
    options = options | {"support": support}
    tensors = [torch.from_numpy(part).requires_grad_() for part in (encoder, shift)]
    loss = moving.loss(*tensors, **options)
    wanted = torch.autograd.grad(loss, tensors, allow_unused=True)
    value, *slopes = moving.loss_and_gradient(encoder, shift, **options)
    assert value == pytest.approx(float(loss.detach()), abs=1e-6)
    for found, each in zip(slopes, wanted, strict=True):
        each = np.zeros_like(found) if each is None else each.numpy()
        assert_allclose(found, each, rtol=1e-5, atol=1e-6 * np.abs(each).max() + 1e-9)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", LIBRARIES)
def test_is_that_of_the_loss(name, options):
    assert_gradient(motion(name), LIBRARIES[name][1], options)


@pytest.mark.parametrize("options", OPTIONS[:-1], ids=str)
def test_is_that_of_windows(options):
    rng = np.random.default_rng(2)
    average, derivative = (
        sparse.csr_array(rng.standard_normal((80, 200)) * (rng.random((80, 200)) < 0.1))
        for _ in range(2)
    )
    windows = WeakForm(average, derivative, np.zeros(80, dtype=int))
    assert_gradient(motion("cubic", windows), 2, options)


def test_tables_are_of_monomials_that_divide_each_other():
    assert MonomialTable.of_expressions([sympy.S.One, Z[0], Z[0] ** 2], Z) is not None
    for terms in ([sympy.S.One, Z[0] ** 2], [sympy.sin(Z[0])], [2 * Z[0]], [Z[0]]):
        assert MonomialTable.of_expressions(terms, Z) is None


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("weak", [False, True])
def test_curvature_is_that_of_exact_equations(name, weak, monkeypatch):
    # Where nothing is left, the second derivatives are those of Gauss and Newton.
    monkeypatch.setattr("symdisc._sparse_latents.curvature.ROWS_PER_UNKNOWN", 200)
    moving, (_, k, _) = motion(name), LIBRARIES[name]
    rng = np.random.default_rng(2)
    encoder, shift = rng.standard_normal((k, 6)), rng.standard_normal(k)
    make_exact(moving, encoder, shift, weak)
    found, matrix = curvature(moving._gradient, encoder, shift)
    assert found < 1e-12
    start, step = np.concatenate([encoder.ravel(), shift]), 1e-5
    slopes = []
    for i in range(len(start)):
        sides = []
        for sign in (1, -1):
            moved = start + sign * step * (np.arange(len(start)) == i)
            parts = moved[:-k].reshape(k, 6), moved[-k:]
            *_, along, of_shift = moving._gradient.of_rates(*parts, lambda _: 1, 0, 1)
            sides.append(np.concatenate([along.ravel(), of_shift]))
        slopes.append((sides[0] - sides[1]) / (2 * step))
    assert_allclose(2 * matrix, slopes, rtol=1e-3, atol=1e-5 * np.abs(matrix).max())


def make_exact(moving, encoder, shift, weak):
    """Change the rates, or the windows, so that latents obey equations."""
    gradient, rng = moving._gradient, np.random.default_rng(3)
    _, unit, state = gradient.state(encoder, shift)
    values, _ = gradient.evaluated(state)
    wanted = rng.standard_normal((len(encoder), len(values))) @ values
    if weak:
        average, derivative = rng.standard_normal((2, 180, 200))
        # Of constants it is zero.
        table = np.column_stack([state[0].T, np.ones(200)])
        target = np.column_stack([average @ wanted.T, np.zeros(180)])
        derivative += (target - derivative @ table) @ np.linalg.pinv(table)
        moving.average, moving.derivative = average, derivative
        gradient.windows = [sparse.csr_array(m) for m in (average, derivative)]
        return
    gradient.curve[-1] += (wanted - state[-1]).T @ np.linalg.pinv(unit).T
    gradient.columns[-1] = np.ascontiguousarray(gradient.curve[-1].T)


def test_curvature_is_not_finite_where_candidates_are_not():
    library = CandidateLibrary([Z[0], sympy.log(Z[0])], Z)
    points = torch.from_numpy(np.random.default_rng(0).standard_normal((50, 3)))
    moving = SparseMotion([points, points.roll(1, 1)], library)
    encoder, shift = np.eye(2, 3), np.zeros(2)
    with np.errstate(invalid="ignore"):
        error, matrix = curvature(moving._gradient, encoder, shift)
    assert np.isnan(error)
    assert np.isnan(matrix).all()
    start = torch.from_numpy(encoder), torch.from_numpy(shift)
    assert (moving.descend(*start, 40)[0] == start[0]).all()
