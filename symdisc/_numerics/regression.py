"""Least squares of tensors whose columns may depend on each other."""

import torch


def regression(features, targets):
    """Return the maps of least norm that fit targets best.

    On the CPU the default driver of `torch.linalg.lstsq`, gelsy, reads pivots that are
    not initialised, and is wrong now and then where columns are dependent; on a GPU
    there is only one that wants independent columns.

    Parameters
    ----------
    features : tensor of shape (..., n, n_features)
    targets : tensor of shape (..., n, n_out)

    Returns
    -------
    tensor of shape (..., n_features, n_out)

    Examples
    --------
    >>> import torch
    >>> from symdisc._numerics.regression import regression
    >>> column = torch.tensor([[1.0], [2.0], [3.0]])
    >>> regression(torch.hstack([column, column]), 4 * column).round(decimals=3)
    tensor([[2.],
            [2.]])
    """
    solved = torch.linalg.lstsq(features.cpu(), targets.cpu(), driver="gelsd")
    return solved.solution.to(targets)
