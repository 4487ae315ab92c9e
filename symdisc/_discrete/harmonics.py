"""Spherical harmonics in any number of dimensions, orthonormal, by degree."""

import numpy as np
from scipy.special import roots_gegenbauer

from symdisc._discrete.polynomial_field import PolynomialField

# Highest degree, by the number of dimensions, and for more dimensions. Chirality of an
# icosahedron shows at degree 15.
DEGREES = {2: 24, 3: 16, 4: 6, 5: 4}
OTHERWISE = 3


def quadrature(k, degree):
    """Return points on the sphere and weights, exact for polynomials of twice a degree.

    Parameters
    ----------
    k : int
        Number of dimensions, at least 2.
    degree : int

    Returns
    -------
    points : ndarray of shape (n, k)
    weights : ndarray of shape (n,)
        Of sum 1.

    Examples
    --------
    >>> from symdisc._discrete.harmonics import quadrature
    >>> points, weights = quadrature(3, 2)
    >>> bool(abs(weights @ points[:, 0] ** 4 - 1 / 5) < 1e-12)
    True
    """
    if k == 2:
        angle = 2 * np.pi * (np.arange(2 * degree + 2) + 0.5) / (2 * degree + 2)
        circle = np.column_stack([np.cos(angle), np.sin(angle)])
        return circle, np.full(len(circle), 1 / len(circle))
    lower, lower_weights = quadrature(k - 1, degree)
    if k == 3:
        heights, sizes = np.polynomial.legendre.leggauss(degree + 1)
    else:
        heights, sizes = roots_gegenbauer(degree + 1, (k - 2) / 2)
    ring = np.sqrt(1 - heights**2)
    points = np.concatenate(
        [
            np.column_stack([r * lower, np.full(len(lower), h)])
            for r, h in zip(ring, heights, strict=True)
        ]
    )
    return points, np.outer(sizes / sizes.sum(), lower_weights).ravel()


class Harmonics:
    """Harmonics of degrees 1 and higher, as polynomials of points on the sphere.

    Parameters
    ----------
    k : int
        Number of dimensions, at least 2.
    degree : int, optional
        Highest degree.

    Attributes
    ----------
    degrees : ndarray of int of shape (d,)
        Degree of each.
    into : ndarray of shape (n_monomials, d)
        Their coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.harmonics import Harmonics
    >>> circle = Harmonics(2, 3)
    >>> circle.degrees.tolist()
    [1, 1, 2, 2, 3, 3]
    >>> np.abs(circle(np.array([[1.0, 0.0]]))[0, :2]).round(3)
    array([1.414, 0.   ])
    """

    def __init__(self, k, degree=None):
        self.k = k
        self.degree = DEGREES.get(k, OTHERWISE) if degree is None else degree
        points, weights = quadrature(k, self.degree)
        # On the sphere the square of the last variable is no new function.
        self.basis = PolynomialField(k, self.degree, last=1)
        values = self.basis.monomials(points) * np.sqrt(weights)[:, None]
        triangle = np.linalg.qr(values, mode="r")
        # The same function has the same coefficients, up to whatever degree.
        triangle *= np.sign(np.diag(triangle))[:, None]
        self.into = np.linalg.solve(triangle, np.eye(len(triangle)))[:, 1:]
        self.degrees = self.basis.degrees[1:]
        self.points, self.weighted = points, self(points) * weights[:, None]

    def __call__(self, points):
        """Return values at points on the sphere, of shape (n, d)."""
        return self.basis.monomials(points) @ self.into

    def function(self, coefficients):
        """Return a sum of harmonics as a function with slopes.

        Parameters
        ----------
        coefficients : ndarray of shape (d, m)
        """
        return PolynomialField(self.k, self.degree, self.into @ coefficients, last=1)

    def matrix(self, rotation):
        """Return what harmonics of rotated points are of those of the points.

        Parameters
        ----------
        rotation : ndarray of shape (k, k)

        Returns
        -------
        ndarray of shape (d, d)
            ``Y(rotation @ u) = matrix @ Y(u)``.
        """
        return self(self.points @ rotation.T).T @ self.weighted
