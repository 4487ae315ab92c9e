"""Which affine maps, far from the identity, commute with a motion or keep labels.

The residual A F(z) - F(A z + b) of a motion, and f(z) - f(A z + b) of labels, is linear
in the coefficients of what was fitted, so that its noise is known for each map, as it
is for generators.
"""

import numpy as np
from sklearn.utils.multiclass import type_of_target

from symdisc._data.splits import held_out_folds
from symdisc._discrete.candidate_maps import affine, random_orthogonal
from symdisc._discrete.polynomial_field import PolynomialField, gaussians
from symdisc._symmetry.field_residuals import FittedFunctions, noise_of_change
from symdisc._symmetry.function_class import (
    WIDTH,
    FunctionClass,
    held_out_error,
    orthonormal_over,
)
from symdisc._symmetry.residuals import bounded_defect

# Rows on which candidates are sought, and rows on which they are bounded.
SEARCHED, BOUNDED = 60, 1000
# Most functions that labels are fitted by; so many rows for each.
MOST_FUNCTIONS, ROWS_EACH = 300, 4
N_FOLDS = 5
# Maps that are drawn for each start.
DRAWN = 10
# Rotations that show how far from the mean rotated rows are among the data.
N_TURNS = 10
# Part of what an unrelated map changes that a symmetry of labels must not reach.
SMALL = 0.5
# Part of a size that is not taken for noise.
LEAST_SEEN = 0.1


class FieldMaps:
    """Changes that affine maps of white data make to a fitted function.

    Parameters
    ----------
    z : ndarray of shape (n, k)
    functions : FittedFunctions
        Of a function class; fitted to these rows.
    turns : bool
        Whether a map also turns the values, as it turns rates.
    continuous : ndarray of shape (r, k, k + 1)
        Generators of continuous symmetries.
    """

    # At first maps are held near orthogonal ones, but affine maps need not be so in
    # coordinates in which data are white.
    level, drawn = 1, DRAWN

    def __init__(self, z, functions, *, turns, continuous=()):
        self.k, self.turns, self.functions = z.shape[1], turns, functions
        self.within = f"within {functions.function_class}"
        self.function_class = functions.function_class
        raw = self.function_class.values(z)
        _, self.into, self.vanishing, _ = orthonormal_over(raw)
        self.centres = None
        if self.function_class.n_centres:
            self.centres = self.function_class.centres(z)
        coefficients = self.into @ functions.coefficients
        self.field = self._polynomial(coefficients)
        random = np.random.default_rng(0)
        rows = np.arange(len(z)) if turns else self._inner_rows(z, random)
        some = rows[:: -(-len(rows) // BOUNDED)]
        self.z, self.q = z[some], functions.values[some]
        self.values = self.q @ functions.coefficients
        some = random.permutation(rows)[: SEARCHED if turns else 3 * SEARCHED]
        self.searched = z[some], self.field(z[some])[0]
        self.continuous = [np.vstack([g, np.zeros(self.k + 1)]) for g in continuous]
        self.spread = float(np.mean(np.sum(self.values**2, axis=1)))

    def _polynomial(self, coefficients):
        kind = self.function_class
        options = {} if self.centres is None else {"centres": self.centres}
        return PolynomialField(
            self.k, kind.degree, coefficients, **options, width=WIDTH
        )

    def _inner_rows(self, z, random):
        """Return rows that rotations leave among the data.

        Outside of these polynomials of high degree say nothing. A row is outside where
        its leverage is above that of any row that was fitted.
        """
        most = np.sum(self.functions.values**2, axis=1).max()
        some = z[random.permutation(len(z))[:BOUNDED]]
        turns = random_orthogonal(self.k, N_TURNS, random)
        moved = (some @ turns.transpose(0, 2, 1)).reshape(-1, self.k)
        leverage = np.sum(self._functions_at(moved)[0] ** 2, axis=1)
        outside = np.linalg.norm(moved[leverage > most], axis=1)
        inner = np.linalg.norm(z, axis=1) < outside.min(initial=np.inf)
        return np.flatnonzero(inner) if inner.sum() > len(z) / 4 else np.arange(len(z))

    def starts(self, random, count):
        """Draw maps to start at."""
        return affine(random_orthogonal(self.k, count, random))

    def changes(self, maps):
        """Return residuals at the searched rows, and their derivatives."""
        (z, v), k = self.searched, self.k
        points = z @ maps[:, :k, :k].transpose(0, 2, 1) + maps[:, None, :k, k]
        values, slopes = self.field(points.reshape(-1, k))
        s, n, m = len(maps), len(z), v.shape[1]
        values, slopes = values.reshape(s, n, m), slopes.reshape(s, n, m, k)
        own = np.hstack([z, np.ones((n, 1))])
        moves = -slopes[..., None] * own[:, None, None]
        residuals = v - values
        if self.turns:
            residuals = v @ maps[:, :k, :k].transpose(0, 2, 1) - values
            moves[..., :k] += np.eye(k)[:, :, None] * v[:, None, None]
        scale = np.sqrt(self.spread)
        residuals = residuals.reshape(s, -1) / scale
        moves = moves.reshape(s, n * m, -1) / scale
        if self.level:
            return residuals, moves
        return self._with_penalty(maps, residuals, moves)

    def _with_penalty(self, maps, residuals, moves):
        """Add how far maps are from orthogonal ones."""
        k, weight = self.k, np.sqrt(residuals.shape[1])
        linear = maps[:, :k, :k]
        gram = linear.transpose(0, 2, 1) @ linear - np.eye(k)
        slopes = np.zeros((len(maps), k, k, k, k + 1))
        # d(A^T A)_cd / dA_ab = delta_cb A_ad + delta_db A_ac
        for b in range(k):
            slopes[:, b, :, :, b] += linear.transpose(0, 2, 1)
            slopes[:, :, b, :, b] += linear.transpose(0, 2, 1)
        residuals = np.hstack([residuals, weight * gram.reshape(len(maps), -1)])
        more = weight * slopes.reshape(len(maps), k * k, -1)
        return residuals, np.concatenate([moves, more], axis=1)

    def moved(self, maps, moves):
        """Add moves to maps."""
        maps = maps.copy()
        maps[:, : self.k] += moves.reshape(-1, self.k, self.k + 1)
        return maps

    def _functions_at(self, points):
        raw = self.field.monomials(points)
        if self.centres is not None:
            raw = np.hstack([raw, gaussians(points, self.centres, WIDTH)])
        return raw @ self.into, raw @ self.vanishing

    def bound(self, map_):
        """Return the defect of a map, with its bounds."""
        k, n = self.k, len(self.z)
        linear, shift = map_[:k, :k], map_[:k, k]
        points = self.z @ linear.T + shift
        q, beyond = self._functions_at(points)
        values = q @ self.functions.coefficients
        turn = linear if self.turns else None
        wanted = self.values @ linear.T if self.turns else self.values
        seen = (wanted - values).ravel()
        scale = np.sqrt(np.mean(self.values**2))
        directions = self._directions(points)
        removed = directions.reshape(len(directions), n, -1)
        # The residual of `noise_of_change` has the other sign.
        noise = noise_of_change(q, self.q, turn, self.functions, removed)
        seen = np.concatenate([seen, scale * beyond.ravel()]) / np.sqrt(n)
        directions = np.pad(directions, ((0, 0), (0, beyond.size)))
        size = self._size(q, values, wanted, linear)
        return bounded_defect(
            seen, directions, noise, self.functions.dof, size=size, largest=2.0
        )

    def accepts(self, defect, max_defect):
        """Say whether a defect is certainly small.

        Of labels that are not known better than that it must be as small as the error
        of their prediction.
        """
        if self.turns:
            return defect.upper <= max_defect
        return defect.lower <= self._most(max_defect) and defect.upper <= SMALL

    def refutes(self, defect, max_defect):
        """Say whether a defect is certainly too large."""
        return defect.lower > self._most(max_defect)

    def _most(self, max_defect):
        return max_defect if self.turns else np.hypot(max_defect, self.functions.misfit)

    def aligned(self, elements):
        """Return elements as they are: each was sought on its own."""
        return elements

    def _directions(self, points):
        """Orthonormal residuals of small changes of a map."""
        n = len(points)
        slopes = self.field(points)[1]
        own = np.hstack([self.z, np.ones((n, 1))])
        moves = -slopes[..., None] * own[:, None, None]
        if self.turns:
            moves[..., : self.k] += (
                np.eye(self.k)[:, :, None] * self.values[:, None, None]
            )
        moves = moves.reshape(n * slopes.shape[1], -1)
        u, s, _ = np.linalg.svd(moves, full_matrices=False)
        return u[:, s > 1e-8 * s[0]].T

    def _size(self, q, values, wanted, linear):
        """Return the square that changes are relative to, noise taken off."""
        n, none = len(q), np.zeros((0, len(q), self.values.shape[1]))
        if not self.turns:
            size = 2 * np.sum(self.values.var(axis=0))
            noise, _ = noise_of_change(self.q, self.q, None, self.functions, none)
            return max(size - 2 * noise.trace, LEAST_SEEN * size)
        moved, turned = values - self.values, wanted - self.values
        size = (np.sum(moved**2) + np.sum(turned**2)) / n
        first, _ = noise_of_change(q - self.q, self.q, None, self.functions, none)
        turn = linear - np.eye(self.k)
        second, _ = noise_of_change(0 * q, self.q, turn, self.functions, none)
        return max(size - first.trace - second.trace, LEAST_SEEN * size)


def fitted_labels(z, labels, groups=None):
    """Fit labels, numbers or classes, by polynomials of a degree that is chosen.

    Parameters
    ----------
    z : ndarray of shape (n, k)
    labels : ndarray of shape (n,)
    groups : array-like of shape (n,), optional

    Returns
    -------
    FittedFunctions
        Of numbers; of classes, the functions are their probabilities. `misfit` is the
        error of their prediction, relative to their standard deviation.
    """
    if type_of_target(labels) in ("binary", "multiclass"):
        classes = np.unique(labels)
        values = (labels[:, None] == classes[len(classes) == 2 :]).astype(float)
    else:
        values = np.asarray(labels, dtype=float)[:, None]
    values = (values - values.mean(axis=0)) / max(values.std(), np.finfo(float).tiny)
    function_class, misfit = _label_class(z, values, groups)
    functions = FittedFunctions(z, values, function_class, groups)
    functions.misfit = misfit / np.sqrt(values.var(axis=0).mean())
    return functions


def _label_class(z, values, groups):
    most = max(min(MOST_FUNCTIONS, len(z) // ROWS_EACH), z.shape[1] + 1)
    classes, degree = [], 1
    while FunctionClass(degree).n_functions(z.shape[1]) <= most:
        classes.append(FunctionClass(degree))
        degree += 1
    raw = classes[-1].values(z)
    q = np.linalg.qr(raw / np.sqrt(np.mean(raw**2, axis=0)))[0]
    folds = held_out_folds(values, groups, N_FOLDS)
    errors = [
        held_out_error(q[:, : each.n_functions(z.shape[1])], values, folds)
        for each in classes
    ]
    best = int(np.argmin(np.array(errors) + 1e-12))
    richer = classes[min(best + 1, len(classes) - 1)]
    return richer, np.sqrt(errors[best])
