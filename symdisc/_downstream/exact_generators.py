"""Exact generators in place of those with noise."""

import re
from math import comb

import numpy as np

from symdisc._lie.compact import invariant_forms


def exact_generators(algebra):
    """Return generators of the group of a quadratic form, or matrices as they are.

    All maps that keep a form Q, L^T Q + Q L = 0, are an algebra so(p,q). One found in
    data that has as many generators, and this name, is projected on that of its own
    form, and so keeps Q to rounding.

    Parameters
    ----------
    algebra : LieAlgebra

    Returns
    -------
    generators : ndarray of shape (c, k, k)
    exact : bool
        Whether they are known to be exact.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import LieAlgebra
    >>> from symdisc._downstream.exact_generators import exact_generators
    >>> boost = LieAlgebra([[0.0, 1.01], [0.99, 0.001]], exact=False)
    >>> np.linalg.eigvals(exact_generators(boost)[0][0]).sum().round(12) + 0.0
    np.float64(0.0)
    """
    matrices, k = algebra.matrices, algebra.basis.shape[1]
    if algebra.exact and not hasattr(algebra, "verdict"):
        return matrices, True
    signature = re.fullmatch(r"so\((\d+)(?:,(\d+))?\)", algebra.name)
    full = signature and sum(int(n or 0) for n in signature.groups()) == k
    if not full or len(algebra) != comb(k, 2):
        return matrices, False
    forms = invariant_forms(matrices, algebra.tol)
    if len(forms) != 1 or np.linalg.cond(forms[0]) > 1 / algebra.tol:
        return matrices, False
    turned = np.linalg.solve(forms[0], matrices.transpose(0, 2, 1) @ forms[0])
    return (matrices - turned) / 2, True
