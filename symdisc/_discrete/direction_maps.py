"""Which rotations and reflections leave a distribution unchanged.

A finite group fixes the mean and, in white coordinates, is orthogonal. The distribution
of directions u = z / |z|, weighted by functions of |z|, is unchanged where the means of
spherical harmonics are: E Y(g u) w = E Y(u) w. The defect of a map is the root
mean square change of these, relative to that of a map that has nothing to do with the
distribution: for such a map it is 1 on average. Degrees that show no more than noise do
not count in what it is relative to; their noise counts in the upper limit, up to twice
the highest degree that shows more, for finer structure may be there.
"""

import numpy as np
from scipy.linalg import expm
from scipy.stats import chi2, false_discovery_control

from symdisc._data.splits import independent_blocks
from symdisc._discrete.candidate_maps import affine, random_orthogonal
from symdisc._discrete.harmonics import Harmonics
from symdisc._lie.discovered import EXACT
from symdisc._numerics.norm_bounds import Spread
from symdisc._symmetry.residuals import bounded_defect

MAX_ROWS = 20000
# Rows that say how the means depend on mean and covariance.
MAX_SHIFTED = 3000
# Part of the degrees said to show more than noise that may not do so.
LEVEL = 0.01
# Chance that a symmetry is rejected.
LEVEL_OF_CHANGE = 0.001
# Part of what an unrelated map changes that a symmetry must not reach.
SMALL = 0.5
# Most harmonics that candidates are sought by at first.
SEARCHED = 60
# Maps that are drawn for each start: basins of high degrees are small.
DRAWN = 20
# Elements by which a group is aligned, and steps of that.
MOST_ALIGNED, N_ALIGNED = 12, 5
# Step of differences.
STEP = 1e-4
LEAST_SEEN = 0.1


class DirectionMaps:
    """Changes that orthogonal maps of white data make to the distribution.

    Parameters
    ----------
    z : ndarray of shape (n, k)
        White data.
    groups : array-like of shape (n,), optional
    max_defect : float
        Rotations about axes that change less than this part of what others change are
        continuous symmetries.

    Attributes
    ----------
    degrees : ndarray of int
        Of the harmonics that show more than noise; none for a distribution that has no
        preferred direction.
    """

    # Far from a minimum few harmonics are looked at, all of them near it.
    level, drawn = 1, DRAWN

    def __init__(self, z, groups=None, max_defect=0.05):
        step = -(-len(z) // MAX_ROWS)
        z = z[::step]
        groups = None if groups is None else np.asarray(groups)[::step]
        self.k, self.harmonics = z.shape[1], Harmonics(z.shape[1])
        self.n_radial = 3
        features = self._features(z)
        influence = features - features.mean(axis=0) + self._of_white(z)
        self.blocks = independent_blocks(z, groups)
        influence = self._summed(influence)
        shown = self._significant(features.mean(axis=0), influence)
        degrees = np.tile(self.harmonics.degrees, self.n_radial)
        self.degrees = degrees[shown]
        top = 2 * self.degrees.max(initial=0) or self.harmonics.degree
        self.kept = degrees <= top
        means = np.where(self.kept, features.mean(axis=0), 0.0)
        self.coefficients = means.reshape(self.n_radial, -1).T
        self.shown, strong = shown, np.where(shown, means, 0.0)
        self.strong = strong.reshape(self.n_radial, -1).T
        self.size = max(
            2 * (np.sum(strong**2) - np.sum(influence[:, shown] ** 2)),
            2 * LEAST_SEEN * np.sum(strong**2),
        )
        if not shown.any():
            # No direction is preferred: relative to the distribution as a whole.
            self.size = 2.0
        self.influence = _compressed(influence, self.kept)
        top = self.degrees.max(initial=0)
        self.within = f"harmonics up to degree {top}"
        self.turned = [self._generator(turn) for turn in self._turns()]
        self.fields = self._searched_fields()
        self.points = list(self._searched_points(np.random.default_rng(0)))
        self.continuous = self._continuous(max_defect)

    def _features(self, z):
        """Return harmonics of directions times polynomials of the rank of radii."""
        radius = np.linalg.norm(z, axis=1)
        values = self.harmonics(z / np.maximum(radius, 1e-300)[:, None])
        rank = 2 * (np.argsort(np.argsort(radius)) + 0.5) / len(z) - 1
        radial = [
            np.ones(len(z)),
            np.sqrt(3) * rank,
            np.sqrt(5) * (1.5 * rank**2 - 0.5),
        ]
        found = values[:, None] * np.column_stack(radial)[..., None]
        return found.reshape(len(z), -1)

    def _of_white(self, z):
        """Return what each row does to the means by its part in mean and covariance."""
        k, some = self.k, z[:: -(-len(z) // MAX_SHIFTED)]
        mean = self._features(some).mean(axis=0)
        moved = [self._features(some + STEP * e).mean(axis=0) for e in np.eye(k)]
        parts = list(z.T)
        for a in range(k):
            for b in range(a + 1):
                stretch = np.zeros((k, k))
                stretch[a, b] = stretch[b, a] = 1.0 if a == b else 0.5
                moved.append(self._features(some + STEP * some @ stretch).mean(axis=0))
                part = z[:, a] * z[:, b] - (a == b)
                parts.append(part * (0.5 if a == b else 1.0))
        return np.column_stack(parts) @ ((mean - np.array(moved)) / STEP)

    def _summed(self, influence):
        n, n_blocks = len(influence), int(self.blocks.max()) + 1
        if n_blocks < n:
            order = np.argsort(self.blocks, kind="stable")
            starts = np.searchsorted(self.blocks[order], np.arange(n_blocks))
            influence = np.add.reduceat(influence[order], starts, axis=0)
        self.dof = max(n_blocks - 1, 1)
        return influence / n * np.sqrt(n_blocks / self.dof)

    def _significant(self, means, influence):
        """Say which harmonics are of a degree that shows more than noise.

        Of those that are said to, 1 % do not (Benjamini and Hochberg, J. R. Stat. Soc.
        B 57 (1995), 289-300).
        """
        degrees = np.tile(self.harmonics.degrees, self.n_radial)
        channels = np.repeat(range(self.n_radial), len(self.harmonics.degrees))
        chances = np.ones(len(means))
        parts = [(d, c) for d in np.unique(degrees) for c in range(self.n_radial)]
        for degree, channel in parts:
            own = (degrees == degree) & (channels == channel)
            spread = Spread.of(influence[:, own].T @ influence[:, own])
            dof = max(spread.trace**2 / max(spread.square, 1e-300), 1e-9)
            ratio = np.sum(means[own] ** 2) / max(spread.trace, 1e-300)
            chances[own] = chi2.sf(ratio * dof, dof)
        firsts = [np.flatnonzero((degrees == d) & (channels == c))[0] for d, c in parts]
        adjusted = false_discovery_control(chances[firsts])
        limit = chances[firsts][adjusted <= LEVEL].max(initial=-1.0)
        return chances <= limit

    def _searched_fields(self):
        """Return the function on the sphere, of the lowest and of all harmonics."""
        counts = np.cumsum(np.bincount(self.degrees, minlength=1))
        lowest = int(self.degrees.min(initial=self.harmonics.degree))
        top = max(int(np.sum(counts <= SEARCHED)) - 1, lowest)
        lower = Harmonics(self.k, min(top, self.harmonics.degree))
        few = lower.function(self.strong[: len(lower.degrees)])
        return few, self.harmonics.function(self.strong)

    def _searched_points(self, random):
        for field in self.fields:
            count = max(30, field.coefficients.shape[0] // 2)
            points = random.standard_normal((count, self.k))
            yield points / np.linalg.norm(points, axis=1, keepdims=True)

    def starts(self, random, count):
        """Draw maps to start at."""
        return affine(random_orthogonal(self.k, count, random))

    def _turns(self):
        """Return the generators of rotations, of shape (p, k, k)."""
        pairs = [(a, b) for a in range(self.k) for b in range(a)]
        turns = np.zeros((len(pairs), self.k, self.k))
        for i, (a, b) in enumerate(pairs):
            turns[i, a, b], turns[i, b, a] = 1.0, -1.0
        return turns

    def changes(self, maps):
        """Return changes at points of the sphere, and their derivatives."""
        field, u = self.fields[self.level], self.points[self.level]
        linear = maps[:, : self.k, : self.k]
        points = u @ linear.transpose(0, 2, 1)
        values, slopes = field(points.reshape(-1, self.k))
        s, n, m = len(maps), len(u), values.shape[1]
        turned = np.einsum("sab,pbc,nc->snpa", linear, self._turns(), u, optimize=True)
        slopes = slopes.reshape(s, n, m, self.k)
        moves = slopes @ turned.transpose(0, 1, 3, 2)
        residuals = values.reshape(s, n, m) - field(u)[0]
        return residuals.reshape(s, -1), moves.reshape(s, n * m, -1)

    def moved(self, maps, moves):
        """Turn maps, by a rotation that is orthogonal to the last bit."""
        generator = np.einsum("sp,pab->sab", moves, self._turns()) / 2
        one = np.eye(self.k)
        turn = np.linalg.solve(one - generator, one + generator)
        found = maps.copy()
        found[:, : self.k, : self.k] = maps[:, : self.k, : self.k] @ turn
        return found

    def aligned(self, elements):
        """Turn a group as a whole to where its elements change least.

        Its matrices are known up to that: representations of finite groups are rigid.

        Parameters
        ----------
        elements : ndarray of shape (n, k + 1, k + 1)

        Returns
        -------
        ndarray of shape (n, k + 1, k + 1)
        """
        turns = self._turns()
        linear = elements[:, : self.k, : self.k]
        # An orthogonal form: white data are so but for chance.
        root = np.linalg.cholesky(np.mean(linear.transpose(0, 2, 1) @ linear, axis=0))
        elements = affine(root.T @ linear @ np.linalg.inv(root.T))
        some = slice(1, None, -(-len(elements) // MOST_ALIGNED))
        for _ in range(N_ALIGNED):
            residuals, slopes = self.changes(elements[some])
            linear = elements[some, : self.k, : self.k]
            moves = linear.transpose(0, 2, 1)[:, None] @ turns @ linear[:, None] - turns
            moves = np.einsum("sqab,pab->spq", moves, turns) / 2
            design = (slopes @ moves).reshape(-1, len(turns))
            step = np.linalg.lstsq(design, -residuals.ravel(), rcond=1e-6)[0]
            turn = affine(expm(np.tensordot(step, turns, axes=1)))
            elements = turn @ elements @ np.linalg.inv(turn)
        return elements

    def _acted(self, matrix, vectors):
        """Apply a matrix of harmonics to vectors of all radial functions.

        It does not mix degrees.
        """
        shaped = vectors.reshape(len(vectors), self.n_radial, -1)
        found = np.zeros_like(shaped)
        for degree in np.unique(self.harmonics.degrees):
            own = np.flatnonzero(self.harmonics.degrees == degree)
            own = slice(own[0], own[-1] + 1)
            found[..., own] = shaped[..., own] @ matrix[own, own].T
        return found.reshape(len(vectors), -1) * self.kept

    def bound(self, map_):
        """Return the defect of a map, with its bounds."""
        linear = map_[: self.k, : self.k]
        linear = _nearest_orthogonal(linear)
        matrix = self.harmonics.matrix(linear) - np.eye(len(self.harmonics.degrees))
        means = self.coefficients.T.reshape(1, -1)
        seen = self._acted(matrix, means)[0]
        turns = [
            self._acted(turned, self._acted(matrix, means) + means)[0]
            for turned in self.turned
        ]
        _, s, rows = np.linalg.svd(np.array(turns), full_matrices=False)
        directions = rows[s > 1e-6 * max(s[0], 1e-300)]
        noise = self._acted(matrix, self.influence)
        inner = noise @ directions.T
        outside = noise - inner @ directions
        small = outside.T @ outside
        if len(outside) < small.shape[0]:
            small = outside @ outside.T
        found = self._defect(seen, directions, (Spread.of(small), inner.T), self.size)
        # Finer structure that is not seen would hide a change of what is seen.
        noise, none = noise * self.shown, np.zeros((0, len(seen)))
        spread = Spread.of(noise @ noise.T), np.zeros((0, 1))
        shown = self._defect(seen * self.shown, none, spread, self.size)
        return found._replace(lower=max(found.lower, shown.lower))

    @staticmethod
    def accepts(defect, max_defect):
        """Say whether no change is seen, and any that is there is small."""
        return defect.lower <= EXACT * max_defect and defect.upper <= SMALL

    @staticmethod
    def refutes(defect, max_defect):
        """Say whether a change is seen."""
        return defect.lower > EXACT * max_defect

    def _generator(self, turn):
        """Return the derivative of the matrix of harmonics along a rotation."""
        ends = [self.harmonics.matrix(expm(s * STEP * turn)) for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * STEP)

    def _continuous(self, max_defect):
        """Return rotations that change nothing, beside what others change."""
        means = self.strong.T.reshape(1, -1)
        turns = self._turns()
        if not len(self.degrees):
            return [np.pad(turn, (0, 1)) for turn in turns]
        seen = np.array([self._acted(m, means)[0] for m in self.turned])
        own = self.influence * self.shown
        noise = np.array([self._acted(m, own) for m in self.turned])
        traces = np.einsum("irj,krj->ik", noise, noise, optimize=True)
        form = seen @ seen.T
        values, vectors = np.linalg.eigh(form - traces)
        scale = max(values.sum(), LEAST_SEEN * np.trace(form)) / len(turns)
        flat = []
        for vector in vectors.T:
            own = np.tensordot(vector, noise, axes=1)
            spread = Spread.of(own.T @ own), np.zeros((0, 1))
            none = np.zeros((0, seen.shape[1]))
            defect = self._defect(vector @ seen, none, spread, scale)
            if self.accepts(defect, max_defect):
                flat.append(np.tensordot(vector, turns, axes=1))
        return [np.pad(turn, (0, 1)) for turn in flat]

    def _defect(self, seen, directions, noise, size):
        rest = {"size": size, "largest": 2.0, "lower_level": LEVEL_OF_CHANGE}
        return bounded_defect(seen, directions, noise, self.dof, **rest)


def _compressed(influence, kept):
    """Return as few rows as there are columns, with the same sum of outer products."""
    own = influence[:, kept]
    if len(own) > own.shape[1] > 0:
        values, vectors = np.linalg.eigh(own.T @ own)
        own = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    found = np.zeros((len(own), len(kept)))
    found[:, kept] = own
    return found


def _nearest_orthogonal(matrix):
    u, _, v = np.linalg.svd(matrix)
    return u @ v
