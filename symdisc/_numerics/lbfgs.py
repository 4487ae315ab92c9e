"""Limited-memory BFGS (Byrd, Lu, Nocedal, Zhu, SIAM J. Sci. Comput. 16, 1995).

That of scipy. `torch.optim.LBFGS` imports the compiler of torch when the first is made,
which takes two seconds of a first fit.
"""

import numpy as np
import torch
from scipy.optimize import minimize

# Steps that are compared, steps that are remembered, and evaluations to a step.
CHUNK, HISTORY, EVALUATIONS = 20, 30, 1.25


def descend(loss, variables, max_steps, *, little=0.0):
    """Minimise a smooth loss by changing variables in place.

    Parameters
    ----------
    loss : callable
        Returns a tensor that depends on the variables.
    variables : list of tensor
        In double precision, on the CPU, with ``requires_grad``.
    max_steps : int
    little : float, default=0
        The descent ends where 20 steps change the loss by less than this.

    Examples
    --------
    >>> import torch
    >>> from symdisc._numerics.lbfgs import descend
    >>> x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    >>> descend(lambda: (x[0] - 1) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2, [x], 100)
    >>> [round(value, 4) for value in x.tolist()]
    [1.0, 1.0]
    """
    best = [np.inf, _flat(variables)]
    values = []

    def evaluated(flat):
        _put(variables, flat)
        value = loss()
        slopes = torch.autograd.grad(value, variables, allow_unused=True)
        value = float(value.detach())
        if value < best[0]:
            best[:] = value, flat.copy()
        pairs = zip(slopes, variables, strict=True)
        return value, _flat([torch.zeros_like(v) if s is None else s for s, v in pairs])

    def stop(_):
        values.append(best[0])
        chunk = values[-1 - CHUNK :: CHUNK]
        if len(chunk) == 2 and chunk[0] - chunk[1] < little:
            raise StopIteration

    options = {"maxiter": max_steps, "maxfun": int(EVALUATIONS * max_steps)}
    options |= {"maxcor": HISTORY, "ftol": 1e-14, "gtol": 1e-8}
    with torch.enable_grad():
        minimize(
            evaluated,
            best[1],
            method="L-BFGS-B",
            jac=True,
            callback=stop,
            options=options,
        )
    _put(variables, best[1])


def _flat(tensors):
    return np.concatenate([t.detach().numpy().ravel() for t in tensors])


@torch.no_grad()
def _put(variables, flat):
    for variable in variables:
        part, flat = flat[: variable.numel()], flat[variable.numel() :]
        variable.copy_(torch.from_numpy(part).view_as(variable))
