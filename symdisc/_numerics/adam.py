"""Adam (Kingma and Ba, ICLR 2015, arXiv:1412.6980), in torch's functional form.

`torch.optim.Adam` imports the compiler of torch when the first is made, which takes two
of the ten seconds of a first fit.
"""

import torch
from torch.optim.adam import adam


class Adam:
    """State of the method, and its steps.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        Changed in place. Those without a gradient stay as they are.
    betas : (float, float), default=(0.9, 0.999)
        Decay of the averages of the gradient and of its square.
    fused : bool, default=True
        Whether one kernel takes the step of all parameters.

    Attributes
    ----------
    rate : float
        Learning rate, to be set before a step.
    states : list of dict of tensor
        Number of steps and both averages, of each parameter.

    Examples
    --------
    >>> import torch
    >>> from symdisc._numerics.adam import Adam
    >>> x = torch.nn.Parameter(torch.tensor([3.0]))
    >>> optimizer = Adam([x])
    >>> optimizer.rate = 0.1
    >>> for _ in range(200):
    ...     x.grad = 2 * x.detach()
    ...     optimizer.step()
    >>> bool(abs(x) < 0.01)
    True
    """

    def __init__(self, parameters, betas=(0.9, 0.999), *, fused=True):
        self.parameters, self.betas, self.rate = list(parameters), betas, 0.0
        self.fused = fused
        self.states = [
            {
                "step": torch.zeros((), device=parameter.device),
                "mean": torch.zeros_like(parameter),
                "square": torch.zeros_like(parameter),
            }
            for parameter in self.parameters
        ]

    @torch.no_grad()
    def step(self):
        """Take one step down the gradients that the parameters have."""
        pairs = zip(self.parameters, self.states, strict=True)
        used = [(p, state) for p, state in pairs if p.grad is not None]
        if not used:
            return
        means, squares, steps = (
            [state[name] for _, state in used] for name in ("mean", "square", "step")
        )
        gradients = [_laid_out_as(p, p.grad) for p, _ in used]
        adam(
            *([p for p, _ in used], gradients, means, squares),
            *([], steps),
            fused=self.fused,
            foreach=False,
            amsgrad=False,
            beta1=self.betas[0],
            beta2=self.betas[1],
            lr=self.rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )


def _laid_out_as(parameter, gradient):
    """Copy a gradient whose layout in memory differs from that of its parameter.

    The fused kernel ignores strides.
    """
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
