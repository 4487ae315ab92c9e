"""Own Adam against that of torch."""

import pytest
import torch

from symdisc._numerics.adam import Adam


def layouts(generator):
    """Return parameters of several layouts with gradients of others."""
    draw = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    pairs = [
        (draw(3, 4), draw(3, 4)),
        (draw(3, 4), draw(4, 3).T),
        (draw(4, 3).T, draw(3, 4)),
        (draw(3, 4), draw(1, 4).expand(3, 4)),
        (draw(2, 3, 4), draw(4, 2, 3).permute(1, 2, 0)),
        (draw(()), draw(())),
    ]
    return [torch.nn.Parameter(p) for p, _ in pairs], [g for _, g in pairs]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.99)])
def test_steps_are_those_of_torch_whatever_the_layout(betas, fused):
    ours, gradients = layouts(torch.Generator().manual_seed(0))
    theirs, _ = layouts(torch.Generator().manual_seed(0))
    own = Adam(ours, betas, fused=fused)
    reference = torch.optim.Adam(theirs, betas=betas)
    for step in range(5):
        own.rate = reference.param_groups[0]["lr"] = 0.1 / (1 + step)
        for p, q, gradient in zip(ours, theirs, gradients, strict=True):
            p.grad, q.grad = (1 + step) * gradient, (1 + step) * gradient.contiguous()
        own.step()
        reference.step()
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(p, q)


def test_without_gradient_parameters_stay():
    still, moved = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    own = Adam([still, moved])
    own.rate = 0.1
    own.step()
    moved.grad = torch.ones(2)
    own.step()
    assert (still == 1).all()
    assert (moved < 1).all()
    assert [int(state["step"]) for state in own.states] == [0, 1]
