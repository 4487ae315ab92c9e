"""Limited-memory BFGS (Byrd, Lu, Nocedal, Zhu, SIAM J. Sci. Comput. 16, 1995).

That of scipy. `torch.optim.LBFGS` imports the compiler of torch when the first is made,
which takes two seconds of a first fit.
"""

import numpy as np
import torch
from scipy.optimize import minimize

from symdisc._numerics.triangular import solve_upper

# Steps that are compared, steps that are remembered, and evaluations to a step.
CHUNK, HISTORY, EVALUATIONS = 20, 30, 1.25
# Second derivatives are taken to be at least this part of their mean.
FLOOR = 1e-3
# Part of what counts as little by which a descent may miss the least, and slopes that
# are zero.
NEGLIGIBLE, LEAST = 1e-3, 1e-8


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

    def evaluated(flat):
        _put(variables, flat)
        value = loss()
        slopes = torch.autograd.grad(value, variables, allow_unused=True)
        pairs = zip(slopes, variables, strict=True)
        slopes = _flat([torch.zeros_like(v) if s is None else s for s, v in pairs])
        return float(value.detach()), slopes

    with torch.enable_grad():
        best = lowest(evaluated, _flat(variables), max_steps, little=little)
    _put(variables, best)


def lowest(evaluated, start, max_steps, *, little=0.0):
    """Return where a smooth function is least of all that is evaluated.

    Parameters
    ----------
    evaluated : callable
        Maps an array to the value and the gradient.
    start : ndarray of shape (n,)
    max_steps, little
        As of `descend`.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._numerics.lbfgs import lowest
    >>> lowest(lambda x: ((x**2).sum(), 2 * x), np.ones(2), 10).tolist()
    [0.0, 0.0]
    """
    return _lowest(evaluated, start, max_steps, little)[1]


def lowest_of_curved(evaluated, curvature, start, max_steps, *, little=0.0, needed=0.0):
    """As `lowest`, in units in which a guess of the second derivatives is the identity.

    The guess is made anew every 20 steps.

    Parameters
    ----------
    evaluated, start, max_steps, little
        As of `lowest`.
    curvature : callable
        Maps an array to the guess, a positive semidefinite matrix (n, n). The descent
        ends where it is zero or not finite.
    needed : float, default=0
        The descent ends, too, where at the pace of the last 20 steps it would not have
        fallen by this at the last.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._numerics.lbfgs import lowest_of_curved
    >>> size = np.array([1.0, 10.0, 100.0, 1000.0])
    >>> def bowl(x):
    ...     return (size * (x - 1) ** 2).sum(), 2 * size * (x - 1)
    >>> lowest_of_curved(bowl, lambda x: np.diag(size), np.zeros(4), 5).round(3)
    array([1., 1., 1., 1.])
    """
    point, last = start, evaluated(start)[0]
    wanted = last - needed
    for n_taken in range(0, max_steps, CHUNK):
        guess = curvature(point)
        floor = FLOOR * guess.diagonal().mean()
        if not (floor > 0 and np.isfinite(guess).all()):
            break
        guess.flat[:: len(guess) + 1] += floor
        factor = np.linalg.cholesky(guess).T

        def in_units(steps, point=point, factor=factor):
            value, slopes = evaluated(point + solve_upper(factor, steps))
            return value, solve_upper(factor, slopes, transposed=True)

        # In these units half the square of the slopes is what may still be gained.
        least = max((2 * NEGLIGIBLE * little / len(point)) ** 0.5, LEAST)
        value, moved = _lowest(in_units, np.zeros(len(point)), CHUNK, little, least)
        if value < last:
            point = point + solve_upper(factor, moved)
        further = (max_steps - n_taken) / CHUNK - 1
        if not last - value >= little or value - (last - value) * further > wanted:
            break
        last = value
    return point


def _lowest(evaluated, start, max_steps, little, least=LEAST):
    """Return the least value, and where it is.

    The descent ends, too, where no slope is more than `least`.
    """
    best, values = [np.inf, start], []

    def noted(flat):
        value, slopes = evaluated(flat)
        if value < best[0]:
            best[:] = value, flat.copy()
        return value, slopes

    def stop(_):
        values.append(best[0])
        chunk = values[-1 - CHUNK :: CHUNK]
        if len(chunk) == 2 and chunk[0] - chunk[1] < little:
            raise StopIteration

    options = {"maxiter": max_steps, "maxfun": int(EVALUATIONS * max_steps)}
    options |= {"maxcor": HISTORY, "ftol": 1e-14, "gtol": least}
    known = {"method": "L-BFGS-B", "jac": True, "callback": stop, "options": options}
    minimize(noted, start, **known)
    return best


def _flat(tensors):
    return np.concatenate([t.detach().numpy().ravel() for t in tensors])


@torch.no_grad()
def _put(variables, flat):
    for variable in variables:
        part, flat = flat[: variable.numel()], flat[variable.numel() :]
        variable.copy_(torch.from_numpy(part).view_as(variable))
