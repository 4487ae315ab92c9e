"""Derivatives of any torch module along a curve through its input."""

import torch


def push_forward(module, x, *rates):
    """Return module(x) and its time derivatives along a curve.

    Modules with a method `push_forward` are asked; for others automatic
    differentiation is exact as well, and slower.

    Parameters
    ----------
    module : torch.nn.Module
        Acts on each row by itself.
    x : tensor of shape (n, n_in)
    *rates : tensor of shape (n, n_in)
        x_dot and, for second derivatives, x_ddot.

    Returns
    -------
    tuple of tensor of shape (n, n_out)
        Value, velocity J x_dot and, with x_ddot, J x_ddot + x_dot^T H x_dot.

    Examples
    --------
    >>> import torch
    >>> from symdisc._pushing import push_forward
    >>> x, v, a = torch.tensor([[3.0]]), torch.tensor([[2.0]]), torch.tensor([[1.0]])
    >>> push_forward(torch.square, x, v, a)
    (tensor([[9.]]), tensor([[12.]]), tensor([[14.]]))
    """
    if hasattr(module, "push_forward"):
        with torch.no_grad():
            return tuple(module.push_forward(x, *rates))
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        images = [module(x)]
        if rates:
            images.append(_directional(images[0], x, rates[0]))
        if len(rates) == 2:
            curvature = _directional(images[1], x, rates[0])
            images.append(curvature + _directional(images[0], x, rates[1]))
    return tuple(image.detach() for image in images)


def _directional(image, x, direction):
    """J direction: the derivative of the transposed product J^T u by u."""
    u = torch.zeros_like(image, requires_grad=True)
    transposed = _gradient(image, x, u)
    return _gradient(transposed, u, direction)


def _gradient(output, variable, weights):
    if not output.requires_grad:
        return torch.zeros_like(variable)
    (gradient,) = torch.autograd.grad(
        output,
        variable,
        weights,
        create_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return gradient
