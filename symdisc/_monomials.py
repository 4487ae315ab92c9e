"""Monomials of a few variables as a torch module, with their derivatives."""

from itertools import combinations_with_replacement
from math import comb

import torch
from torch import nn

MAX_TERMS = 64


class Monomials(nn.Module):
    """All monomials up to a degree, the constant first, then the variables.

    Parameters
    ----------
    n_variables : int
    degree : int
        Highest degree.
    device : torch.device, optional
    """

    def __init__(self, n_variables, degree, device=None):
        super().__init__()
        self.n_variables = n_variables
        # Index 0 stands for the constant 1: each monomial is a product of `degree`
        # factors, and a lower one has constants among them.
        factors = list(combinations_with_replacement(range(n_variables + 1), degree))
        factors.sort(key=lambda f: (sum(i > 0 for i in f), [i for i in f if i > 0]))
        factors = torch.tensor(factors, device=device).T
        self.register_buffer("factors", factors.contiguous())

    def __len__(self):
        return self.factors.shape[1]

    def forward(self, x):
        """Map x of shape (n, n_variables) to (n, n_monomials)."""
        return self.push_forward(x)[0]

    def push_forward(self, x, *rates):
        """Return the monomials along a curve given as x, x_dot and maybe x_ddot."""
        curve = [nn.functional.pad(x, (1, 0), value=1.0)]
        curve += [nn.functional.pad(rate, (1, 0)) for rate in rates]
        product, *others = ([c[:, f] for c in curve] for f in self.factors)
        for factor in others:
            product = _leibniz(product, factor)
        return tuple(product)


def _leibniz(a, b):
    """Differentiate a product, given the derivatives of its factors."""
    product = [a[0] * b[0]]
    if len(a) > 1:
        product.append(a[1] * b[0] + a[0] * b[1])
    if len(a) > 2:
        product.append(a[2] * b[0] + 2 * a[1] * b[1] + a[0] * b[2])
    return product


def affordable_degree(n_variables, highest=3):
    """Return the highest degree whose monomials are at most `MAX_TERMS`."""
    degrees = range(highest, 1, -1)
    return next((d for d in degrees if comb(n_variables + d, d) <= MAX_TERMS), 1)


def beyond_polynomials(scale, n_variables):
    """Return the least share of the variance that polynomials can leave unexplained.

    Parameters
    ----------
    scale : array-like of shape (n_modes,)
        Standard deviation along each mode, descending.
    n_variables : int
        Number of variables; the polynomials are of `affordable_degree`.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._monomials import beyond_polynomials
    >>> beyond_polynomials(np.ones(12), 2)  # nine monomials to degree 3, and 1
    0.25
    """
    n_terms = comb(n_variables + affordable_degree(n_variables), n_variables)
    return float((scale[n_terms - 1 :] ** 2).sum() / (scale**2).sum())
