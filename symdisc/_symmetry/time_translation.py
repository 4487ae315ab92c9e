"""Translation in time, where it is an affine map: z_dot = A (z - c).

A motion commutes with itself. Of a field that is affine up to the tolerance, A is taken
out of the maps that are looked for, and named apart. Maps are then known up to
multiples of A: of a decaying rotation, rotations, scalings and all between are the same
symmetry.
"""

from typing import NamedTuple

import numpy as np

from symdisc._symmetry.field_residuals import FittedFunctions
from symdisc._symmetry.function_class import FunctionClass

# Imaginary part of an eigenvalue, relative to it, from which on it is complex.
REAL = 1e-3


class AffineMotion(NamedTuple):
    """Affine part of a motion.

    Parameters
    ----------
    map_ : ndarray of shape (k, k + 1)
        Of white data, with rates of unit mean square.
    share : float
        Root mean square of the rest of the fitted field, relative to that of the field.
    rate : float
        Of the eigenvalue of the linear part that is largest: its imaginary part, an
        angular frequency, or where it is real the value.
    rate_error : float
        Its standard error.
    growth : float
        Real part beside an imaginary one, 0 where it is within two standard errors.
    """

    map_: np.ndarray
    share: float
    rate: float
    rate_error: float
    growth: float


def affine_motion(functions):
    """Return the affine part of a motion.

    Parameters
    ----------
    functions : FittedFunctions
        The motion, fitted to rates of white data.

    Returns
    -------
    AffineMotion

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.field_residuals import motion_residuals
    >>> from symdisc._symmetry.time_translation import affine_motion
    >>> z = np.random.default_rng(0).standard_normal((100, 2))
    >>> v = z @ [[0.0, 1.0], [-1.0, 0.0]]
    >>> round(affine_motion(motion_residuals(z, v).functions).rate, 3)
    1.0
    """
    z, z_dot, groups = functions.data
    n, k = z.shape
    extended = np.hstack([z, np.ones((n, 1))])
    field = functions.fitted()
    solved = np.linalg.lstsq(extended, field, rcond=None)[0]
    noise = np.sum(functions.errors**2) / k
    rest = max(np.mean((field - extended @ solved) ** 2) - noise, 0.0)
    share = np.sqrt(rest / max(np.mean(field**2), np.finfo(float).tiny))
    affine = FittedFunctions(z, z_dot, FunctionClass(1), groups)
    into = np.linalg.lstsq(affine.values, z - z.mean(axis=0), rcond=None)[0]
    values, right = np.linalg.eig(solved[:k].T)
    top = int(np.argmax(np.abs(values)))
    left = np.linalg.pinv(right)[top]
    # Coefficients of orthonormal functions move A by C^T q(z) = A z.
    moves = np.einsum("spi,pj->sij", affine.errors, np.linalg.pinv(into).T)
    change = np.einsum("i,sij,j->s", left, moves, right[:, top])
    turns = abs(values[top].imag) > REAL * abs(values[top])
    errors = (np.sqrt(np.sum(part**2)) for part in (change.imag, change.real))
    turn_error, growth_error = map(float, errors)
    growth, turn = float(values[top].real), abs(float(values[top].imag))
    if not turns:
        return AffineMotion(solved.T, float(share), growth, growth_error, 0.0)
    growth = growth if abs(growth) > 2 * growth_error + REAL**2 * turn else 0.0
    return AffineMotion(solved.T, float(share), turn, turn_error, growth)


def simplest_map(map_, time, tol):
    """Add as much of time translation to a map as makes it a rotation, or a scaling.

    Parameters
    ----------
    map_ : ndarray of shape (k, k + 1)
        Affine map that commutes with time translation.
    time : ndarray of shape (k, k + 1)
        Time translation.
    tol : float
        Largest part of the eigenvalues that is taken for noise.

    Returns
    -------
    ndarray of shape (k, k + 1)
        The map as it is, where it becomes neither.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.time_translation import simplest_map
    >>> decaying = np.array([[-0.1, -1.0, 0.0], [1.0, -0.1, 0.0]])
    >>> both = np.array([[1.0, -0.1, 0.0], [0.1, 1.0, 0.0]])
    >>> simplest_map(both, decaying, 0.05).round(6)
    array([[  0. , -10.1,   0. ],
           [ 10.1,   0. ,   0. ]])
    """
    mixed = map_ / np.linalg.norm(map_) + np.pi * time / np.linalg.norm(time)
    axes = np.linalg.eig(mixed[:, :-1])[1]
    if np.linalg.cond(axes) > 1 / REAL:
        return map_
    own, other = (
        np.diagonal(np.linalg.solve(axes, each[:, :-1] @ axes)) for each in (map_, time)
    )
    for part in (_real, _unequal):
        left, change = part(own), part(other)
        square = np.vdot(change, change).real
        if square <= (tol * np.abs(other).max()) ** 2:
            # What is left would be time translation itself, nearly.
            continue
        share = -np.vdot(change, left).real / square
        values = own + share * other
        if np.abs(part(values)).max() <= tol * np.abs(values).max():
            return map_ + share * time
    return map_


def _real(values):
    """Return what eigenvalues of rotations do not have."""
    return values.real


def _unequal(values):
    """Return what eigenvalues of scalings do not have."""
    return values - values.mean().real
