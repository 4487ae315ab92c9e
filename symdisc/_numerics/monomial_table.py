"""Monomials of many points with their slopes, without a graph of operations."""

import numpy as np


class MonomialTable:
    """All monomials of some exponents, each a product of a lower one and a variable.

    Parameters
    ----------
    exponents : sequence of tuple of int
        With each monomial, those it can be divided down to: the constant first.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._numerics.monomial_table import MonomialTable
    >>> table = MonomialTable([(0, 0), (1, 0), (0, 1), (1, 1)])
    >>> values = table.values(np.array([[2.0], [3.0]]))
    >>> values.ravel().tolist()
    [1.0, 2.0, 3.0, 6.0]
    >>> table.pull_back(values, np.array([[0.0], [0.0], [0.0], [1.0]])).ravel().tolist()
    [3.0, 2.0]
    """

    def __init__(self, exponents):
        index = {tuple(powers): i for i, powers in enumerate(exponents)}
        self.products, self.slopes = [], []
        n_variables = len(exponents[0])
        for powers, i in sorted(index.items(), key=lambda each: sum(each[0])):
            for axis in range(n_variables):
                if powers[axis]:
                    self.products.append((i, index[_less(powers, axis)], axis))
                    break
        for axis in range(n_variables):
            rows = [(i, powers) for powers, i in index.items() if powers[axis]]
            lower = [index[_less(powers, axis)] for _, powers in rows]
            times = [float(powers[axis]) for _, powers in rows]
            of = [i for i, _ in rows]
            self.slopes.append((of, lower, np.array(times)[:, None]))
        self.constant, self.n_terms = index[(0,) * n_variables], len(index)

    @classmethod
    def of_expressions(cls, expressions, symbols):
        """Return the table of sympy expressions; None where they are none of these.

        Parameters
        ----------
        expressions : sequence of sympy.Expr
        symbols : sequence of sympy.Symbol

        Returns
        -------
        MonomialTable or None
        """
        exponents = []
        for expression in expressions:
            powers = expression.as_powers_dict()
            whole = all(power.is_Integer and power > 0 for power in powers.values())
            if expression != 1 and not (whole and set(powers) <= set(symbols)):
                return None
            exponents.append(tuple(int(powers.get(s, 0)) for s in symbols))
        known = set(exponents)
        for powers in exponents:
            lower = {
                _less(powers, axis) for axis in range(len(symbols)) if powers[axis]
            }
            if not lower <= known:
                return None
        return cls(exponents)

    def values(self, x, out=None):
        """Return monomials (n_terms, n) of x of shape (n_variables, n)."""
        values = np.empty((self.n_terms, x.shape[1])) if out is None else out
        values[self.constant] = 1.0
        for i, lower, axis in self.products:
            np.multiply(values[lower], x[axis], out=values[i])
        return values

    def pull_back(self, values, slopes):
        """Return the slope along each variable of what has slopes along the monomials.

        Parameters
        ----------
        values, slopes : ndarray of shape (n_terms, n)

        Returns
        -------
        ndarray of shape (n_variables, n)
        """
        return np.stack(
            [
                np.einsum("an,an->n", slopes[of] * times, values[lower])
                for of, lower, times in self.slopes
            ]
        )


def _less(powers, axis):
    """Return the exponents with one less along an axis."""
    return (*powers[:axis], powers[axis] - 1, *powers[axis + 1 :])
