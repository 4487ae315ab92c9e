"""LieGAN: exact group elements, orthonormal frames, losses that reach both players."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import linalg

from symdisc._latent.autoencoder import Autoencoder
from symdisc._latent.trainer import Trainer
from symdisc._symmetry.liegan import LieGAN, consensus, matrix_exp

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)
entries = st.one_of(st.just(0.0), st.floats(-5, 5), st.floats(-1e-3, 1e-3))
two_by_two = st.lists(entries, min_size=4, max_size=4).map(
    lambda values: torch.tensor(values, dtype=torch.float64).reshape(2, 2)
)
J = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)


def make(dim=2, n_generators=1, n_slots=2, n_members=3, seed=0):
    return LieGAN(
        n_members,
        n_generators,
        dim,
        n_slots,
        hidden_units=8,
        generator=torch.Generator().manual_seed(seed),
        like=torch.zeros(1, dtype=torch.float64),
    )


def rotations(**kwargs):
    """Build members whose generator is that of the rotations of the plane."""
    adversary = make(**kwargs)
    with torch.no_grad():
        adversary.frame.copy_(J.flatten()[:, None])
    return adversary


def random_pairs(adversary, n=50, seed=1):
    shape = (len(adversary.frame), n, adversary.n_slots, adversary.dim)
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=draw, dtype=torch.float64)


# matrix_exp


@quick
@given(element=two_by_two)
def test_closed_form_is_the_matrix_exponential(element):
    # torch.matrix_exp is off by 2e-11 for some matrices.
    expected = torch.from_numpy(linalg.expm(element.numpy()))
    scale = float(expected.norm())
    assert_allclose(matrix_exp(element), expected, rtol=0, atol=1e-12 * scale)


@quick
@example(element=torch.tensor([[0.0, 0.0], [0.0, 2e-311]], dtype=torch.float64))
@given(element=two_by_two)
def test_gradient_is_finite_everywhere(element):
    element.requires_grad_()
    gradient = torch.autograd.grad(matrix_exp(element).sum(), element)[0]
    assert torch.isfinite(gradient).all()


@quick
@given(seed=seeds)
def test_gradient_is_that_of_the_matrix_exponential(seed):
    draw = torch.Generator().manual_seed(seed)
    element, weight = torch.randn(2, 2, 2, generator=draw, dtype=torch.float64)
    element.requires_grad_()
    found, expected = (
        torch.autograd.grad((weight * exp(element)).sum(), element)[0]
        for exp in (matrix_exp, torch.matrix_exp)
    )
    assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * float(expected.norm()))


def test_gradient_at_the_identity():
    zero = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.tensor([[1.0, 2.0], [3.0, -5.0]], dtype=torch.float64)
    gradient = torch.autograd.grad((weight * matrix_exp(zero)).sum(), zero)[0]
    assert_allclose(gradient, weight, atol=1e-5)


def test_known_group_elements():
    angle = 0.7
    cos, sin = math.cos(angle), math.sin(angle)
    cosh, sinh = math.cosh(angle), math.sinh(angle)
    known = {
        "rotation": (angle * J, [[cos, -sin], [sin, cos]]),
        "boost": (angle * torch.tensor([[0, 1], [1, 0]]), [[cosh, sinh], [sinh, cosh]]),
        "shear": (torch.tensor([[0.0, 3.0], [0.0, 0.0]]), [[1, 3], [0, 1]]),
        "scaling": (angle * torch.eye(2), math.exp(angle) * np.eye(2)),
        "identity": (torch.zeros(2, 2), np.eye(2)),
    }
    for name, (element, expected) in known.items():
        found = matrix_exp(element.double())
        assert_allclose(found, expected, atol=3e-6, err_msg=name)


def test_batches_and_other_dimensions():
    draw = torch.Generator().manual_seed(0)
    for dim in (1, 2, 3):
        elements = torch.randn(4, 5, dim, dim, generator=draw, dtype=torch.float64)
        expected = torch.matrix_exp(elements)
        assert_allclose(matrix_exp(elements), expected, rtol=1e-6, atol=1e-9)


def test_single_precision_survives_a_large_element():
    element = 12.0 * torch.tensor([[1.0, 2.0], [-0.5, -1.0]])
    expected = torch.matrix_exp(element.double())
    assert matrix_exp(element).dtype == torch.float32
    assert_allclose(matrix_exp(element), expected, rtol=1e-4, atol=1e-2)


# frames


@quick
@given(seed=seeds, dim=st.integers(1, 4), n_generators=st.integers(1, 3))
def test_generators_are_an_orthonormal_frame(seed, dim, n_generators):
    n_generators = min(n_generators, dim**2)
    adversary = make(dim, n_generators, seed=seed)
    frame = adversary.basis().detach()
    assert frame.shape == (3, n_generators, dim, dim)
    inner = torch.einsum("mcij,mdij->mcd", frame, frame)
    assert_allclose(inner, np.tile(np.eye(n_generators), (3, 1, 1)), atol=1e-9)


@quick
@given(seed=seeds)
def test_projector_is_that_on_the_span_of_the_frame(seed):
    adversary = make(3, 2, seed=seed)
    projector = adversary.projector()
    assert not projector.requires_grad
    assert_allclose(projector @ projector, projector, atol=1e-9)
    assert_allclose(projector, projector.mT, atol=1e-12)
    spanning = adversary.frame.detach()
    assert_allclose(projector @ spanning, spanning, atol=1e-9)
    with torch.no_grad():  # the same span from other generators
        adversary.frame.copy_(spanning @ torch.tensor([[2.0, 1], [-3, 1]]).double())
    assert_allclose(adversary.projector(), projector, atol=1e-8)


# act


def test_one_element_moves_all_slots_of_a_row():
    adversary = make(3, 2, n_slots=3)
    pairs = random_pairs(adversary)
    pairs[:, :, 2] = 2 * pairs[:, :, 0] - pairs[:, :, 1]
    moved = adversary.act(pairs).detach()
    assert moved.shape == pairs.shape
    assert_allclose(moved[:, :, 2], 2 * moved[:, :, 0] - moved[:, :, 1], atol=1e-9)


def test_latents_are_moved_from_the_left():
    """A shear L = E_01 adds a multiple of the second coordinate to the first."""
    adversary = rotations()
    with torch.no_grad():
        adversary.frame.copy_(torch.tensor([[0.0], [1.0], [0.0], [0.0]]))
    pairs = random_pairs(adversary)
    moved = adversary.act(pairs).detach()
    assert_allclose(moved[..., 1], pairs[..., 1], rtol=1e-5)
    assert (moved[..., 0] - pairs[..., 0]).abs().median() > 0.1


def test_each_row_and_member_has_its_own_element():
    adversary = rotations()
    moved = adversary.act(torch.ones(3, 50, 2, 2, dtype=torch.float64)).detach()
    images = moved[:, :, 0].flatten(end_dim=1).numpy()
    assert len(np.unique(images.round(9), axis=0)) == 150


@quick
@given(seed=seeds)
def test_skew_generators_preserve_inner_products(seed):
    adversary = make(3, 1, seed=seed)
    with torch.no_grad():
        square = adversary.frame.mT.unflatten(-1, (3, 3))
        adversary.frame.copy_((square - square.mT).flatten(start_dim=2).mT)
    pairs = random_pairs(adversary)
    moved = adversary.act(pairs).detach()
    assert_allclose(moved @ moved.mT, pairs @ pairs.mT, atol=1e-9)
    assert (moved - pairs).norm() > 0.1 * pairs.norm()


def test_rotations_make_one_full_turn_and_are_uniform():
    adversary = rotations(n_members=1)
    pairs = torch.zeros(1, 20_000, 2, 2, dtype=torch.float64)
    pairs[..., 0] = 1.0
    x, y = adversary.act(pairs)[0, :, 0].detach().T
    angle = torch.atan2(y, x).sort().values
    uniform = torch.linspace(-math.pi, math.pi, len(angle), dtype=torch.float64)
    # Kolmogorov-Smirnov, at a level of about 1e-7.
    assert float((angle - uniform).abs().max()) / (2 * math.pi) < 0.02


def test_elements_come_from_the_own_generator():
    before = torch.get_rng_state()
    first, second = make(seed=5), make(seed=5)
    pairs = random_pairs(first)
    once = first.act(pairs)
    assert torch.equal(once, second.act(pairs))
    assert not torch.equal(once, first.act(pairs))
    assert torch.equal(torch.get_rng_state(), before)


# losses


def test_losses_of_a_discriminator_that_cannot_tell():
    adversary = make()
    with torch.no_grad():
        adversary.weights[-1].zero_()
    pairs = random_pairs(adversary)
    for loss in adversary.losses(pairs, adversary.act(pairs)):
        assert_allclose(loss.detach(), np.full(3, 2 * math.log(2)))


def test_losses_are_the_cross_entropies_of_the_logits():
    adversary = make()
    original, moved = random_pairs(adversary), random_pairs(adversary, n=50, seed=2)
    real, fake = adversary.judge(original).sigmoid(), adversary.judge(moved).sigmoid()
    assert real.shape == (3, 50)
    critic, learner = adversary.losses(original, moved)
    expected = -(real.log().mean(1) + (1 - fake).log().mean(1))
    assert_allclose(critic.detach(), expected.detach())
    # The learner's loss is the critic's with the roles of the two samples exchanged.
    assert_allclose(learner.detach(), adversary.losses(moved, original)[0].detach())


def test_a_discriminator_that_can_tell_has_the_lower_loss():
    adversary = make(n_members=1)
    original = random_pairs(adversary, n=200)
    moved = 3 + original
    optimizer = torch.optim.Adam([*adversary.weights, *adversary.biases], lr=0.05)
    for _ in range(80):
        optimizer.zero_grad()
        adversary.losses(original, moved)[0].sum().backward()
        optimizer.step()
    with torch.no_grad():
        critic, learner = adversary.losses(original, moved)
    assert float(critic) < 0.3 < 3 < float(learner)


def test_gradients_reach_both_players_and_the_pairs():
    adversary = make(n_members=2)
    pairs = random_pairs(adversary).requires_grad_()
    critic, learner = adversary.losses(pairs, adversary.act(pairs))
    critics = [*adversary.weights, *adversary.biases]
    for gradient in torch.autograd.grad(critic.sum(), critics, retain_graph=True):
        assert gradient.flatten(start_dim=1).abs().amax(1).min() > 0
    targets = (adversary.frame, pairs)
    for gradient in torch.autograd.grad(learner.sum(), targets, retain_graph=True):
        assert gradient.flatten(start_dim=1).abs().amax(1).min() > 0
    # Members play alone: the loss of one says nothing to the other.
    for target in (adversary.frame, adversary.weights[0]):
        gradient = torch.autograd.grad(learner[0], target, retain_graph=True)[0]
        assert gradient[0].abs().max() > 0
        assert gradient[1].abs().max() == 0


def test_a_discriminator_sees_what_is_decoded():
    """Latents that look alike are told apart by what is made of them."""
    draw = torch.Generator().manual_seed(0)
    options = {"hidden_units": 8, "generator": draw, "n_decoded": 1}
    adversary = LieGAN(1, 1, 2, 1, like=torch.zeros(1).double(), **options)
    with torch.no_grad():
        for weight in adversary.weights:
            weight.fill_(1.0)
        adversary.weights[0][:, :2] = 0
    original = random_pairs(adversary)
    critic, learner = adversary.losses(
        original, original + 1, lambda pairs: pairs[..., 0, :1] - 1
    )
    blind = adversary.losses(original, original + 1, lambda p: 0 * p[..., 0, :1])
    assert_allclose(blind[0].detach(), blind[1].detach())
    assert not torch.allclose(critic, learner, rtol=1e-3)


@pytest.mark.parametrize(
    ("symmetry_of", "width"), [("distribution", 4), ("pairs", 8), ("derivatives", 8)]
)
def test_the_decoder_takes_no_part_in_the_game(symmetry_of, width):
    draw = torch.Generator().manual_seed(0)
    points = torch.randn(50, 4, generator=draw)
    start, weights = torch.eye(2, 4), torch.tensor([1.0, 0.5, 0.1, 0.01])
    coder = Autoencoder(start, points, None, weights, 8, draw)
    snapshots = SimpleNamespace(symmetry_of=symmetry_of, weights=weights)
    trainer = SimpleNamespace(autoencoder=coder, snapshots=snapshots)
    n_slots = 1 if symmetry_of == "distribution" else 2
    pairs = torch.randn(3, 20, n_slots, 2, generator=draw).requires_grad_()
    seen = Trainer._decoded(trainer, pairs)
    assert seen.shape == (3, 20, width)
    assert_allclose(
        seen[0, :, :4].detach(), (coder.decode(pairs[0, :, 0]) * weights).detach()
    )
    decoder = [*coder.decoder.parameters()]
    gradients = torch.autograd.grad(seen.sum(), [pairs, *decoder], allow_unused=True)
    assert gradients[0].abs().min() > 0
    assert all(gradient is None for gradient in gradients[1:])
    # The other losses train it.
    assert all(parameter.requires_grad for parameter in decoder)


@torch.no_grad()
def test_a_true_symmetry_changes_no_loss():
    """Rotating an isotropic sample leaves nothing to tell apart; squeezing it does."""
    adversary = rotations(n_slots=1, n_members=1)
    draw = torch.Generator().manual_seed(0)
    pairs = torch.randn(1, 20_000, 1, 2, generator=draw, dtype=torch.float64)
    adversary.weights[0].data *= 3

    def learner_loss(generator):
        adversary.frame.copy_(generator.flatten()[:, None])
        return float(adversary.losses(pairs, adversary.act(pairs))[1])

    same = float(adversary.losses(pairs, pairs)[1])
    assert abs(learner_loss(J) - same) < 5e-3
    assert abs(learner_loss(torch.tensor([[1.0, 0], [0, -1]]).double()) - same) > 2e-2


# consensus


def projectors(*frames):
    """Projector on the span of each frame, an array of generators (c, k, k)."""
    flat = [np.linalg.qr(np.reshape(f, (len(f), -1)).T)[0] for f in frames]
    return torch.tensor(np.stack([q @ q.T for q in flat]))


@quick
@given(seed=seeds)
def test_consensus_of_noisy_copies_with_random_signs(seed):
    rng = np.random.default_rng(seed)
    true = J.numpy() / math.sqrt(2)
    signs = rng.choice([-1, 1], (8, 1, 1, 1))
    copies = signs * (true + 0.02 * rng.standard_normal((8, 1, 2, 2)))
    basis, agreement = consensus(projectors(*copies), torch.ones(8), 1)
    assert basis.shape == (1, 2, 2)
    assert_allclose(float(basis.norm()), 1)
    assert abs(float((basis[0] * torch.tensor(true)).sum())) > 0.995
    assert 0.98 < agreement < 1


@quick
@given(seed=seeds)
def test_consensus_of_identical_spans_is_perfect(seed):
    """Members may choose different generators of the same algebra."""
    rng = np.random.default_rng(seed)
    true = rng.standard_normal((2, 3, 3))
    frames = [np.tensordot(rng.standard_normal((2, 2)), true, 1) for _ in range(4)]
    basis, agreement = consensus(projectors(*frames), torch.ones(4), 2)
    assert agreement == pytest.approx(1)
    flat = basis.flatten(start_dim=1)
    assert_allclose(flat @ flat.T, np.eye(2), atol=1e-9)
    assert_allclose(flat.T @ flat, projectors(true)[0], atol=1e-6)


@pytest.mark.parametrize("n_members", [3, 4, 5])
def test_members_caught_by_their_discriminators_are_ignored(n_members):
    n_kept = (n_members + 1) // 2
    evidence = torch.full((n_members,), 0.4)
    good = np.arange(1, n_kept + 1) % n_members
    evidence[good] = 1.38
    frames = [np.diag([1.0, -1.0])[None] for _ in range(n_members)]
    for member in good:
        frames[member] = J.numpy()[None]
    basis, agreement = consensus(projectors(*frames), evidence, 1)
    assert_allclose(basis[0].abs(), J.abs() / math.sqrt(2), atol=1e-12)
    assert float(basis[0, 0, 1] * basis[0, 1, 0]) < 0
    assert agreement == pytest.approx(1)


def test_disagreement_is_reported():
    crossed = projectors(*[m[None] for m in (J.numpy(), np.eye(2))] * 2)
    evidence = torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert consensus(crossed, evidence, 1)[1] == pytest.approx(0.5)
