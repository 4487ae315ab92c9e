"""The class of functions in which a field or a label is fitted, and how it is chosen.

A certificate holds within a class. The class is the one of least cross-validated error,
then one step richer, and of degree 3 at least, so that the fit is free to have what the
chosen class may have missed.
"""

from math import comb
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import f as f_distribution

from symdisc._data.splits import autocorrelation_time, held_out_folds
from symdisc._numerics.features import Monomials, farthest_point_rows

N_FOLDS = 10
# Width of Gaussians on white data, and the degree of the polynomials beside them.
WIDTH = 1.5
DEGREE_BESIDE = 2
# Relative singular value below which a combination of functions vanishes on the rows.
VANISHING = 1e-8
FAINT = 1e-6  # functions this small on all rows, relative, may be rounding
RIDGE = 1e-9
# Mean squares of residuals, relative to what is fitted, that do not differ.
ROUNDING = 1e-12
# So many functions are affordable whatever the number of columns.
MANY = 210
# Level of the test of whether polynomials of one degree more explain more.
LEVEL = 0.01
# Errors that differ by less are alike.
AS_GOOD = 1.1
# Rows for each function of what equations are read in.
ROWS_PER_FUNCTION = 10


class FunctionClass(NamedTuple):
    """Polynomials, or polynomials of degree 2 and Gaussians.

    Parameters
    ----------
    degree : int
    n_centres : int
        Number of Gaussians, around rows that are far from each other.
    is_last : bool
        Whether it is the richest that the rows afford, and better than poorer ones:
        what is fitted may have more than it follows.

    Examples
    --------
    >>> from symdisc._symmetry.function_class import FunctionClass
    >>> print(FunctionClass(3))
    polynomials of degree 3
    >>> print(FunctionClass(2, 40))
    40 Gaussians and polynomials of degree 2
    """

    degree: int
    n_centres: int = 0
    is_last: bool = False

    def __str__(self):
        """Name the class."""
        polynomials = f"polynomials of degree {self.degree}"
        if not self.n_centres:
            return polynomials
        return f"{self.n_centres} Gaussians and {polynomials}"

    def n_functions(self, k):
        """Count the functions of k variables."""
        return comb(k + self.degree, self.degree) + self.n_centres

    def richer(self):
        """Return the next class of its family."""
        if self.n_centres:
            return self._replace(n_centres=2 * self.n_centres)
        return self._replace(degree=self.degree + 1)

    def poorer(self):
        """Return the class of its family that lacks what it added last.

        An odd or even function has nothing of every other degree.
        """
        if self.n_centres:
            return self._replace(n_centres=self.n_centres // 2)
        return self._replace(degree=max(self.degree - 2, 1))

    def centres(self, z):
        """Return the rows that Gaussians are around."""
        return z[farthest_point_rows(z, self.n_centres)[0]]

    def values(self, z, slopes=False):
        """Evaluate the functions at rows of white data.

        Parameters
        ----------
        z : ndarray of shape (n, k)
        slopes : bool, default=False

        Returns
        -------
        values : ndarray of shape (n, p)
        slopes : ndarray of shape (n, p, k), only where asked for
        """
        values, derivatives = _monomials(z, self.degree, slopes)
        if self.n_centres:
            apart = (z[:, None] - self.centres(z)) / WIDTH
            bumps = np.exp(-0.5 * np.sum(apart**2, axis=2))
            values = np.hstack([values, bumps])
            if slopes:
                steep = -bumps[:, :, None] * apart / WIDTH
                derivatives = np.concatenate([derivatives, steep], axis=1)
        return (values, derivatives) if slopes else values


def _monomials(z, degree, slopes):
    monomials, points = Monomials(z.shape[1], degree), torch.from_numpy(z)
    with torch.no_grad():
        values = monomials(points).numpy()
        if not slopes:
            return values, None
        axes = torch.eye(z.shape[1], dtype=points.dtype)
        moved = [monomials.push_forward(points, a.expand_as(points))[1] for a in axes]
        return values, torch.stack(moved, dim=2).numpy()


def orthonormal_functions(z, function_class):
    """Return functions orthonormal over rows, slopes, and those of vanishing ones.

    Parameters
    ----------
    z : ndarray of shape (n, k)
    function_class : FunctionClass

    Returns
    -------
    values, slopes, vanishing, faint
        See `FittedFunctions`.
    """
    values, slopes = function_class.values(z, slopes=True)
    q, *others = orthonormal_over(values)
    *own, faint = (_transformed(slopes, each) for each in others)
    # Where rows fill space, what vanishes on them has no slope there.
    steep = np.mean(faint**2, axis=(0, 2)) > FAINT
    return q, *own, faint[:, steep]


def orthonormal_over(values):
    """Return combinations of functions that are orthonormal over rows.

    Parameters
    ----------
    values : ndarray of shape (n, p)

    Returns
    -------
    q : ndarray of shape (n, r)
    into : ndarray of shape (p, r)
        They are ``values @ into``.
    vanishing, faint : ndarray of shape (p, p - r), (p, p1)
        Combinations, of functions of mean square 1, that are zero on all rows, and
        those that are to single precision.
    """
    n = len(values)
    norms = np.sqrt(np.mean(values**2, axis=0))
    u, s, rows = np.linalg.svd(values / norms, full_matrices=False)
    kept = s > VANISHING * s[0]
    into = rows[kept].T / s[kept] * np.sqrt(n) / norms[:, None]
    faint = s <= FAINT * s[0]
    own = (rows[which].T / norms[:, None] for which in (~kept, faint))
    return u[:, kept] * np.sqrt(n), into, *own


def _transformed(slopes, into):
    return (slopes.transpose(0, 2, 1) @ into).transpose(0, 2, 1)


def affordable_classes(k, n_rows, n_out, most):
    """List the polynomials, and the Gaussians, that rows can be fitted by.

    Parameters
    ----------
    k, n_rows, n_out : int
        Number of variables, of rows, and of what is fitted to them.
    most : int
        Largest number of coefficients, but for polynomials of degree 3.

    Returns
    -------
    polynomials, gaussians : list of FunctionClass
        The poorest first.
    """
    largest = min(n_rows / 2, max(most / n_out, comb(k + 3, 3), MANY))
    polynomials = [FunctionClass(degree) for degree in range(1, 7)]
    gaussians = [FunctionClass(DEGREE_BESIDE, 20 * 2**i) for i in range(4)]
    return (
        [c for c in family if c.n_functions(k) <= largest]
        for family in (polynomials, gaussians)
    )


def choose_class(z, v, groups=None, *, margin=0.9, most=400, random_state=0):
    """Choose a class by cross-validation, with a margin of one step.

    Parameters
    ----------
    z, v : ndarray of shape (n, k) and (n, m)
        White data and what is fitted to them.
    groups : array-like of shape (n,), optional
        Trajectory of each row.
    margin : float, default=0.9
        Gaussians are taken where their error is below this times that of polynomials.
    most : int
        Largest number of coefficients, but for polynomials of degree 3.
    random_state : int
        Draws the folds.

    Returns
    -------
    FunctionClass
    """
    polynomials, gaussians = affordable_classes(*z.shape[::-1], v.shape[1], most)
    if FunctionClass(3) not in polynomials:
        # Too few rows: noise of any size explains them.
        return FunctionClass(3)
    # The last of each family is left for the margin, but for polynomials of degree 3.
    considered = polynomials[: max(len(polynomials) - 1, 3)], gaussians[:-1]
    folds = held_out_folds(v, groups, N_FOLDS, random_state)
    rounding = ROUNDING * np.mean(v**2)
    errors = {
        c: held_out_error(c.values(z), v, folds) + rounding
        for family in considered
        for c in family
    }
    best = min(errors, key=lambda c: errors[c] / (margin if c.n_centres else 1.0))
    is_last = best in [family[-1] for family in considered if family]
    if best.n_centres:
        return best.richer()._replace(is_last=is_last)
    highest = polynomials[-1].degree
    best = FunctionClass(min(max(best.degree + 1, 3), highest), is_last=is_last)
    independent = autocorrelation_time(v, groups) == 1
    while independent and best.degree < highest:
        if lack_of_fit(z, v, best, best.richer()) > LEVEL:
            break
        best = best.richer()._replace(is_last=best.degree + 1 == highest)
    return best


def lowest_degree(z, v, groups=None, negligible=0.0, highest=5):
    """Return the lowest degree from 2 that predicts rows held out as well as any.

    Parameters
    ----------
    z, v : ndarray of shape (n, k) and (n, m)
    groups : array-like of shape (n,), optional
        Trajectory of each row.
    negligible : float, default=0
        Part of the mean square of `v` that higher degrees have to explain more.
    highest : int, default=5

    Returns
    -------
    int

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.function_class import lowest_degree
    >>> z = np.random.default_rng(0).standard_normal((500, 1))
    >>> lowest_degree(z, z - z**3), lowest_degree(z, z - 1e-3 * z**3, None, 0.01)
    (3, 2)
    """
    most = min(len(z) / ROWS_PER_FUNCTION, MANY)
    degrees = [d for d in range(2, highest + 1) if comb(z.shape[1] + d, d) <= most]
    if len(degrees) < 2:
        return 2
    folds = held_out_folds(v, groups, N_FOLDS)
    errors = [held_out_error(FunctionClass(d).values(z), v, folds) for d in degrees]
    most = AS_GOOD * min(errors) + negligible * np.mean(v**2)
    return next(d for d, e in zip(degrees, errors, strict=True) if e <= most)


def lack_of_fit(z, v, small, large):
    """Return the chance of what a larger class explains more, where it needs nothing.

    Parameters
    ----------
    z, v : ndarray of shape (n, k) and (n, m)
        Independent rows.
    small, large : FunctionClass
        The first is contained in the second.

    Returns
    -------
    float
        Of an F test.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.function_class import FunctionClass, lack_of_fit
    >>> z = np.random.default_rng(0).standard_normal((100, 1))
    >>> lack_of_fit(z, z**3, FunctionClass(2), FunctionClass(3)) < 1e-9
    True
    """
    residuals, ranks = [], []
    for each in (small, large):
        values = each.values(z)
        solved, _, rank, _ = np.linalg.lstsq(values, v, rcond=VANISHING)
        residuals.append(v - values @ solved)
        ranks.append(int(rank))
    more, rest = ranks[1] - ranks[0], len(z) - ranks[1]
    if more <= 0 or rest <= 0:
        return 1.0
    left, fewer = (np.sum(r**2, axis=0) for r in residuals[::-1])
    rounding = ROUNDING * np.sum(v**2)
    ratio = np.mean((fewer - left) / np.maximum(left, np.maximum(rounding, 1e-300)))
    m = v.shape[1]
    return float(f_distribution.sf(ratio * rest / more, more * m, rest * m))


def held_out_error(values, v, folds):
    """Return the mean squared error of least squares on rows held out.

    Parameters
    ----------
    values : ndarray of shape (n, p)
    v : ndarray of shape (n, m)
    folds : list of (train, test)

    Returns
    -------
    float
    """
    values = values / np.sqrt(np.mean(values**2, axis=0))
    penalty = RIDGE * len(values) * np.eye(values.shape[1])
    error = 0.0
    for train, test in folds:
        known = values[train]
        solved = np.linalg.solve(known.T @ known + penalty, known.T @ v[train])
        error += np.sum((v[test] - values[test] @ solved) ** 2)
    return error / v.size
