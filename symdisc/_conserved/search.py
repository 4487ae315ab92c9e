"""Combinations of candidates that a motion does not change: F . grad h = 0.

The rate of h = sum_j c_j theta_j is linear in c, and so is h: the combinations that
change least relative to their spread over the states are singular vectors. They are
found on one half of the trajectories and judged on the other. Functions of quantities
that were found, such as the square of the energy, have gradients in the span of theirs.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm, wilcoxon

from symdisc._data.splits import held_out_folds
from symdisc._lie.discovered import EXACT

# Relative singular value below which combinations of candidates vanish on the rows.
VANISHING = 1e-9
LEVEL = 0.05
# Chance that a conserved quantity is taken for one that drifts.
LEVEL_OF_DRIFT = 0.01
# Rows at which gradients are compared.
N_GRADIENTS = 300
# Least angle, in radians, between gradients of independent quantities, and how many
# times their errors it is.
LEAST_ANGLE, TIMES_ERROR = 1e-3, 5.0
# What changes of combinations are relative to.
MEASURES = "spread", "terms"


class FoundQuantity(NamedTuple):
    """A combination of candidates.

    Parameters
    ----------
    coefficients : ndarray of shape (p,)
        Of the candidates as they are.
    defect, upper : float
    drifts : bool, default=False
        Whether it grows, or falls, on all trajectories alike.
    """

    coefficients: np.ndarray
    defect: float
    upper: float
    drifts: bool = False


def find_conserved(motion, stages, max_defect):
    """Find independent conserved quantities, the simplest first.

    Parameters
    ----------
    motion : AlongMotion
    stages : list of ndarray of int
        Candidates to be combined, each list longer than the one before.
    max_defect : float

    Returns
    -------
    found : list of FoundQuantity
    nearest : FoundQuantity or None
        What changes least, where nothing is found.
    """
    n = len(motion.z)
    train, test = held_out_folds(motion.z, motion.groups, 2)[0]
    search = _Search(motion, train, test, max_defect)
    for columns in stages:
        if len(columns):
            search.extend(columns)
    everywhere = np.arange(n)
    found = [search.reported(c, everywhere) for c in search.found]
    return found, None if found else search.nearest(np.concatenate(stages))


class _Search:
    """Quantities found so far, and those that candidates add to them."""

    def __init__(self, motion, train, test, max_defect):
        self.motion, self.train, self.test = motion, train, test
        self.max_defect, self.found = max_defect, []

    def extend(self, columns):
        """Add what more candidates make up."""
        for measure in MEASURES:
            # All gradients are orthogonal to the motion.
            if len(self.found) >= self.motion.gradients.shape[2] - 1:
                return
            space = self._conserved(columns, measure)
            if space.shape[1]:
                self._add(sparse_basis(space).T)

    def _add(self, vectors):
        for vector in vectors:
            vector = self._sparse(vector)
            is_open = len(self.found) < self.motion.gradients.shape[2] - 1
            if is_open and self._is_new(vector) and self._passes(vector):
                self.found.append(vector)

    def _least_changed(self, columns, rows, measure="spread"):
        """Return combinations in the order of their change.

        It is relative to their spread, or to the changes by single columns of X: where
        time scales differ, all that is slow comes first by the one, and what cancels
        by the other.
        """
        values, rates = self.motion.values[rows], self.motion.rates[rows]
        centred = values[:, columns] - values[:, columns].mean(axis=0)
        white = _whitening(centred / np.sqrt(len(rows)))
        if measure == "terms":
            own = self.motion.times.terms(rows)[:, columns].transpose(0, 2, 1)
            own = (own @ white).reshape(-1, white.shape[1])
            white = white @ _whitening(own / np.sqrt(len(rows)))
        turn = np.linalg.svd(rates[:, columns] @ white, full_matrices=False)[2]
        found = np.zeros((values.shape[1], white.shape[1]))
        found[columns] = white @ turn[::-1].T
        return found

    def _least(self, columns, rows):
        """Return the combination of the least limit, by either measure, or None."""
        tried = [self._least_changed(columns, rows, each)[:, :1] for each in MEASURES]
        tried = np.hstack(tried)
        if not tried.size:
            return None
        return tried[:, int(np.argmin(self._limits(tried)))]

    def _conserved(self, columns, measure):
        """Return the combinations that are conserved on rows held out.

        Where there are none, the first may become so without some of its terms.
        """
        vectors = self._least_changed(columns, self.train, measure)
        small = self._limits(vectors) <= self.max_defect
        return vectors[:, small] if small.any() else vectors[:, :1]

    def _passes(self, vector):
        defects, errors = self.motion.defect(vector[:, None], self.test)
        upper = defects[0] + norm.ppf(1 - LEVEL) * errors[0]
        return upper <= self.max_defect and not self._drifts(vector, defects[0])

    def _drifts(self, vector, defect):
        """Say whether a function grows, or falls, on all trajectories alike.

        What a library cannot express makes it go up and down.
        """
        if defect <= EXACT * self.max_defect:
            return False
        drifts = self.motion.drifts(vector[:, None], self.test)[:, 0]
        return bool(wilcoxon(drifts).pvalue < LEVEL_OF_DRIFT)

    def _sparse(self, vector):
        """Leave out terms while the others are conserved as well."""
        best, limit = vector, self._limit(vector)
        used = np.flatnonzero(vector)
        for _ in range(len(used)):
            sizes = np.abs(best[used])
            fewer = np.delete(used, np.argmin(sizes))
            if not len(fewer):
                break
            tried = self._least(fewer, self.train)
            if tried is None:
                break
            if self._limit(tried) > max(1.05 * limit, EXACT**2 * self.max_defect):
                break
            best, used = tried, fewer
        return best

    def _limit(self, vector):
        return self._limits(vector[:, None])[0]

    def _limits(self, vectors):
        defects, errors = self.motion.defect(vectors, self.test)
        return defects + norm.ppf(1 - LEVEL) * errors

    def _is_new(self, vector):
        """Say whether a gradient is independent of those of what was found."""
        step = -(-len(self.motion.z) // N_GRADIENTS)
        gradients = self.motion.gradients[::step]
        all_found = [gradients.transpose(0, 2, 1) @ c for c in [*self.found, vector]]
        rest = own = all_found[-1]
        if self.found:
            known = np.stack(all_found[:-1], axis=2)
            u, s, _ = np.linalg.svd(known, full_matrices=False)
            # Rows where the gradients of what is known are dependent do not tell.
            tells = s[:, -1] > LEAST_ANGLE * s[:, 0]
            if not tells.any():
                return False
            u, own = u[tells], own[tells]
            rest = own - np.einsum("nki,nji,nj->nk", u, u, own)
        size = max(np.mean(np.sum(own**2, axis=1)), 1e-300)
        angle = np.sqrt(np.mean(np.sum(rest**2, axis=1)) / size)
        error = max([self._limit(c) for c in [*self.found, vector]])
        return angle > max(LEAST_ANGLE, TIMES_ERROR * error)

    def nearest(self, columns):
        """Return the combination that changes least, or None."""
        vector = self._least(np.unique(columns), self.train)
        if vector is None:
            return None
        found = self._judged(vector)
        return found._replace(drifts=self._drifts(vector, found.defect))

    def reported(self, vector, rows):
        """Fit a quantity to all rows; judge it by those that did not choose it."""
        used = np.flatnonzero(vector)
        again = self._least(used, rows)
        if again is None or self._limit(again) > self.max_defect:
            again = vector
        return self._judged(again)

    def _judged(self, vector):
        defects, errors = self.motion.defect(vector[:, None], self.test)
        upper = defects[0] + norm.ppf(1 - LEVEL) * errors[0]
        scaled = vector / self.motion.scales
        return FoundQuantity(scaled, float(defects[0]), float(upper))


def _whitening(values):
    """Return combinations of columns that are orthonormal, without vanishing ones."""
    _, s, v = np.linalg.svd(values, full_matrices=False)
    kept = s > max(VANISHING * s.max(initial=0.0), np.finfo(float).tiny)
    return v[kept].T / s[kept]


def sparse_basis(space):
    """Return a basis of a space in which each vector lacks the pivots of the others."""
    m = space.shape[1]
    if m == 1:
        return space
    pivots = []
    rest = space.T.copy()
    for _ in range(m):
        j = int(np.argmax(np.linalg.norm(rest, axis=0)))
        pivots.append(j)
        column = rest[:, j] / np.linalg.norm(rest[:, j])
        rest = rest - np.outer(column, column @ rest)
    basis = np.linalg.solve(space[pivots].T, space.T).T
    basis[np.abs(basis) < 1e-9 * np.abs(basis).max(axis=0)] = 0.0
    order = np.argsort((np.abs(basis) > 1e-6).sum(axis=0), kind="stable")
    return basis[:, order]
