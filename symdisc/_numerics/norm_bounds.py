"""Bounds for the norm of a vector that is seen with noise of known covariance."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

TINY = 1e-300
# Size up to which all eigenvalues of a covariance are computed.
DENSE = 400
# Chance of a normal variable to be a standard deviation below its mean.
LOW = 0.16


class Spread(NamedTuple):
    """What is needed of a covariance V.

    Parameters
    ----------
    trace : float
    square : float
        Trace of V V.
    top : float
        Largest eigenvalue.
    """

    trace: float
    square: float
    top: float

    @staticmethod
    def of(gram):
        """Return that of a symmetric matrix with the eigenvalues of V."""
        if not gram.size:
            return Spread(0.0, 0.0, 0.0)
        if len(gram) <= DENSE:
            top = np.linalg.eigvalsh(gram)[-1]
        else:
            top = _largest(gram.__matmul__, len(gram))
        return Spread(float(np.trace(gram)), float(np.sum(gram**2)), float(max(top, 0)))


class KroneckerSum(NamedTuple):
    """A covariance that is a sum of Kronecker products.

    Parameters
    ----------
    terms : list of (ndarray of shape (p, p), ndarray of shape (m, m))
        Factors of each product.
    """

    terms: list

    def __matmul__(self, vectors):
        """Multiply vectors (p * m, r)."""
        p, m = (len(factor) for factor in self.terms[0])
        shaped = vectors.T.reshape(-1, p, m)
        return sum(a @ shaped @ b.T for a, b in self.terms).reshape(-1, p * m).T

    def spread(self, inner):
        """Return the `Spread` of what is left where a part is taken out.

        Parameters
        ----------
        inner : ndarray of shape (r, p * m)
            A factor of the part.
        """
        p, m = (len(factor) for factor in self.terms[0])
        if p * m <= DENSE:
            whole = sum(np.kron(a, b) for a, b in self.terms)
            return Spread.of(whole - inner.T @ inner)
        trace = sum(np.trace(a) * np.trace(b) for a, b in self.terms)
        square = sum(
            np.sum(a * c) * np.sum(b * d) for a, b in self.terms for c, d in self.terms
        )
        square += np.sum((inner @ inner.T) ** 2) - 2 * np.sum(
            inner.T * (self @ inner.T)
        )
        top = _largest(lambda v: self @ v - inner.T @ (inner @ v), p * m)
        return Spread(float(trace - np.sum(inner**2)), float(square), float(top))


def _largest(multiply, n):
    """Largest eigenvalue, by power iterations: these approach it from below."""
    vector = multiply(np.ones((n, 1)))
    for _ in range(50):
        vector = multiply(vector / max(np.linalg.norm(vector), TINY))
    return np.linalg.norm(vector)


def squared_norm_bound(observed, spread, dof, level, upper=True):
    """Bound |r|^2 from |r + e|^2.

    The distribution of |r + e|^2 is that of a scaled chi-squared variable of the same
    mean and variance, where r is along the direction of most noise: there a small
    observed value is least surprising. It is inverted for |r|^2. No luck makes an upper
    bound less than what it is where noise alone is one standard deviation low
    (power-constrained limits: Cowan, Cranmer, Gross and Vitells, arXiv:1105.3166).

    Parameters
    ----------
    observed : float
        |r + e|^2.
    spread : Spread
        Of the covariance of e.
    dof : float
        Degrees of freedom from which that is estimated.
    level : float
        Chance that the bound is missed.
    upper : bool, default=True

    Returns
    -------
    float

    Examples
    --------
    >>> from symdisc._numerics.norm_bounds import Spread, squared_norm_bound
    >>> one = Spread(1.0, 1.0, 1.0)
    >>> round(squared_norm_bound(1.0, one, 1e9, 0.05), 1)
    5.6
    >>> squared_norm_bound(1.0, one, 1e9, 0.05, upper=False)
    0.0
    """
    trace, square, top = (max(x, 0.0) for x in spread)
    if trace <= TINY:
        return float(observed)
    if upper:
        observed = max(observed, _low_noise(trace, 2 * square + 2 * trace**2 / dof))

    def chance(r2):
        mean = r2 + trace
        variance = 4 * r2 * top + 2 * square + 2 * trace**2 / dof + TINY
        p = chi2.cdf(2 * observed * mean / variance, 2 * mean**2 / variance)
        return p - level if upper else (1 - level) - p

    if (chance(0.0) <= 0) if upper else (chance(0.0) >= 0):
        return 0.0
    high = observed + trace
    while (chance(high) > 0) if upper else (chance(high) < 0):
        high *= 2
    return float(brentq(chance, 0.0, high))


def _low_noise(mean, variance):
    """Return what noise alone falls short of with the chance `LOW`."""
    scale = variance / (2 * mean)
    return scale * chi2.ppf(LOW, 2 * mean**2 / variance)


def hidden_norm_quantile(spread, level):
    """Quantile of |e|^2 and its mean."""
    if spread.trace <= TINY:
        return 0.0, 0.0
    variance = 2 * spread.square
    scale = variance / (2 * spread.trace)
    quantile = scale * chi2.ppf(1 - level, 2 * spread.trace**2 / variance)
    return float(quantile), spread.trace
