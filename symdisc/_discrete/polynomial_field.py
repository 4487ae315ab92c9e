"""Fitted functions with their derivatives, at any points, many points at once."""

import numpy as np

from symdisc._numerics.features import Monomials


class PolynomialField:
    """Polynomials, and maybe Gaussians, of k variables with m values.

    Parameters
    ----------
    k, degree : int
    coefficients : ndarray of shape (n_monomials + n_centres, m), optional
        In the order of `Monomials`; zero by default.
    centres : ndarray of shape (n_centres, k), optional
    width : float
        Of the Gaussians.
    last : int, optional
        Largest power of the last variable; as the degree by default.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.polynomial_field import PolynomialField
    >>> field = PolynomialField(1, 2, np.array([[0.0], [0.0], [1.0]]))  # z^2
    >>> values, slopes = field(np.array([[3.0]]))
    >>> values[0, 0], slopes[0, 0, 0]
    (np.float64(9.0), np.float64(6.0))
    """

    def __init__(
        self, k, degree, coefficients=None, *, centres=None, width=1.0, last=None
    ):
        factors = Monomials(k, degree).factors.T.tolist()
        if last is not None:
            factors = [f for f in factors if f.count(k) <= last]
        self.degrees = np.array([np.count_nonzero(f) for f in factors])
        self.steps = [_last_factor(f) for f in factors]
        places = {tuple(f): i for i, f in enumerate(factors)}
        # The monomial before its last factor, the largest variable.
        self.parents = [
            places[tuple(sorted(_without(f, j)))] if j else 0
            for f, j in zip(factors, self.steps, strict=True)
        ]
        count = len(factors)
        if coefficients is None:
            coefficients = np.zeros((count, 1))
        self.coefficients = coefficients[:count]
        self.bumps = coefficients[count:]
        self.centres, self.width = centres, width
        powers = np.array([[f.count(j + 1) for j in range(k)] for f in factors])
        self.slopes = []
        for j in range(k):
            matrix = np.zeros_like(self.coefficients)
            for i in np.flatnonzero(powers[:, j]):
                lower = places[tuple(sorted(_without(factors[i], j + 1)))]
                matrix[lower] += powers[i, j] * self.coefficients[i]
            self.slopes.append(matrix)

    def monomials(self, z):
        """Return the monomials at points (n, k), of shape (n, n_monomials)."""
        columns = z.T
        found = np.empty((len(self.steps), len(z)))
        found[0] = 1.0
        for i, (parent, step) in enumerate(zip(self.parents, self.steps, strict=True)):
            if i:
                np.multiply(found[parent], columns[step - 1], out=found[i])
        return found.T

    def __call__(self, z):
        """Return values (n, m) and slopes (n, m, k) at points (n, k)."""
        monomials = self.monomials(z)
        values = monomials @ self.coefficients
        slopes = [monomials @ matrix for matrix in self.slopes]
        if self.centres is not None:
            bumps = gaussians(z, self.centres, self.width)
            more = bumps @ self.bumps
            values = values + more
            for j in range(z.shape[1]):
                pulled = bumps @ (self.centres[:, j, None] * self.bumps)
                slopes[j] = slopes[j] + (pulled - z[:, j, None] * more) / self.width**2
        return values, np.stack(slopes, axis=2)


def gaussians(z, centres, width):
    """Return Gaussians around centres at points, of shape (n, n_centres)."""
    apart = np.sum(z**2, axis=1)[:, None] - 2 * z @ centres.T
    apart = apart + np.sum(centres**2, axis=1)
    return np.exp(-0.5 * apart / width**2)


def _last_factor(factors):
    return max(factors, default=0)


def _without(factors, j):
    rest = list(factors)
    rest[rest.index(j)] = 0
    return rest
