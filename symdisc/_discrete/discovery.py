"""The finite group of a problem: candidates, their orders, closure, verdict."""

from typing import NamedTuple

import numpy as np

from symdisc._discrete.candidate_maps import (
    ALIKE,
    descend,
    distinct,
    least_changes,
)
from symdisc._discrete.components import Components
from symdisc._discrete.group_names import name_group
from symdisc._discrete.multiplication import (
    closest,
    closure,
    conjugacy_classes,
    element_orders,
    exact_representation,
    fewest_generators,
    multiplication_table,
)

# Starts for each dimension of the group of rotations and of shifts.
N_STARTS = 30
# Distance between starts.
APART = 0.4
# Largest order of an element, and of a group.
MOST_ORDER, MOST_ELEMENTS = 24, 200
# Elements of a group are at least 2 sqrt(2) sin(pi / MOST_ORDER) = 0.37 apart.
SEPARATION = 0.15
# Candidates that are looked at in the order of their change, with continuous
# symmetries, whose elements are all candidates, and without.
MOST_CANDIDATES, MOST_ALONG = 40, 12
# Minima of the first search that are followed further.
MOST_FOLLOWED = 40


# Condition of the eigenvectors of a map that may be of finite order.
LARGEST_CONDITION = 100.0
# Iterations for a product of elements.
POLISHED = 2


class FoundGroup(NamedTuple):
    """A group of maps of white data.

    Parameters
    ----------
    elements : ndarray of shape (n, k + 1, k + 1)
        Of homogeneous coordinates; the identity is the first.
    name : str
    generators : list of int
    defects : list of Defect
        Of the generators.
    """

    elements: np.ndarray
    name: str = "trivial"
    generators: list = []
    defects: list = []


def find_group(problem, max_defect, given=None, n_starts=None, seed=0):
    """Find the finite group of which every generator has a small defect.

    Parameters
    ----------
    problem : FieldMaps or DirectionMaps
    max_defect : float
        Largest upper limit of a defect.
    given : ndarray of shape (s, k + 1, k + 1), optional
        Maps to start at, besides those that are drawn.
    n_starts : int, optional
    seed : int

    Returns
    -------
    FoundGroup
    """
    k, random = problem.k, np.random.default_rng(seed)
    if n_starts is None:
        n_starts = N_STARTS * (k * (k + 1) // 2)
    starts = problem.starts(random, problem.drawn * n_starts)
    if given is not None:
        starts = np.concatenate([given, starts])
    maps = candidates(problem, starts, n_starts)
    search = _Search(problem, max_defect)
    return search.group(maps)


def candidates(problem, starts, n_starts):
    """Return different minima of the change, the least first."""
    # Far from a minimum less is looked at.
    problem.level = 0
    errors = np.sum(problem.changes(starts)[0] ** 2, axis=1)
    starts = starts[np.argsort(errors)[: len(starts) // 2]]
    maps = distinct(starts, APART)[:n_starts]
    for problem.level in (0, 1):
        maps, errors = least_changes(problem, maps)
        # Many starts end at the identity.
        maps = distinct(maps[np.argsort(errors)], ALIKE)[:MOST_FOLLOWED]
    errors = np.sum(problem.changes(maps)[0] ** 2, axis=1)
    # Maps of no inverse take all to a fixed point or to an invariant plane.
    sizes = np.abs(np.linalg.det(maps))
    order = np.argsort(np.where((sizes > 0.3) & (sizes < 3.0), errors, np.inf))
    kept = []
    for i in order[: int(np.isfinite(errors[order]).sum())]:
        if not 0.3 < sizes[i] < 3.0:
            break
        if not kept or closest(kept, maps[i])[1] > SEPARATION:
            kept.append(maps[i])
    return kept


class _Search:
    """From candidates to a group."""

    def __init__(self, problem, max_defect):
        self.problem, self.max_defect = problem, max_defect
        self.identity = np.eye(problem.k + 1)
        self.components = Components(problem.continuous)

    def group(self, maps):
        """Return the largest group that candidates generate one after the other."""
        best, generators = FoundGroup(self.identity[None]), []
        most = MOST_ALONG if len(self.components) else MOST_CANDIDATES
        for map_ in maps[:most]:
            found = self._finite(map_, best.elements)
            if found is None:
                continue
            larger = self._closed([*generators, found])
            if larger is not None:
                best, generators = larger, [*generators, found]
        return best

    def _is_small(self, map_):
        return self.problem.accepts(self.problem.bound(map_), self.max_defect)

    def _is_refuted(self, map_):
        return self.problem.refutes(self.problem.bound(map_), self.max_defect)

    def _finite(self, map_, known):
        """Return a symmetry of finite order near a map that is not yet known."""
        if closest(known, map_)[1] < SEPARATION or not self._is_small(map_):
            return None
        if len(self.components):
            tol = SEPARATION / 2
            inverses = np.linalg.inv(known)
            if any(self.components.contains(map_ @ g, tol) for g in inverses):
                return None
            map_ = self.components.representative(map_, tol)
            if map_ is None:
                return None
        for order in range(2, MOST_ORDER + 1):
            snapped = of_finite_order(map_, order)
            if snapped is not None and self._is_small(snapped):
                return snapped
        return None

    def _polished(self, map_):
        """Return the minimum of the change near a product of symmetries."""
        if not len(self.components):
            near = descend(self.problem, map_[None], POLISHED)[0][0]
            if np.linalg.norm(near - map_) < SEPARATION:
                return near
        return map_

    def _closed(self, generators):
        """Return the group that maps generate, or None where it is no group."""
        elements = closure(
            generators,
            separation=SEPARATION,
            polish=self._polished,
            most=MOST_ELEMENTS,
        )
        table = None if elements is None else multiplication_table(elements)
        if table is None:
            return None
        elements = self.problem.aligned(exact_representation(elements, table))
        orders = element_orders(table)
        chosen = fewest_generators(table, orders)
        defects = [self.problem.bound(elements[i]) for i in chosen]
        if not all(self.problem.accepts(each, self.max_defect) for each in defects):
            return None
        # Of the products of accepted maps some may be seen to change more than these.
        others = [each[0] for each in conjugacy_classes(table)[1:]]
        if any(self._is_refuted(elements[i]) for i in others if i not in chosen):
            return None
        k = self.problem.k
        name = name_group(elements[:, :k, :k], table)
        return FoundGroup(elements, name, chosen, defects)


def of_finite_order(map_, order):
    """Return the map of a finite order that is nearest to another, if it is near.

    Parameters
    ----------
    map_ : ndarray of shape (k + 1, k + 1)
    order : int

    Returns
    -------
    ndarray of shape (k + 1, k + 1) or None

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.discovery import of_finite_order
    >>> of_finite_order(np.diag([-1.01, 1.0]), 2)
    array([[-1.,  0.],
           [ 0.,  1.]])
    """
    k = len(map_) - 1
    values, vectors = np.linalg.eig(map_[:k, :k])
    unit = 2 * np.pi / order
    roots = np.exp(1j * unit * np.round(np.angle(values) / unit))
    if np.abs(values - roots).max() > SEPARATION or (np.abs(roots - 1) < 1e-9).all():
        return None
    if np.linalg.cond(vectors) > LARGEST_CONDITION:
        return None
    snapped = np.real(vectors @ np.diag(roots) @ np.linalg.inv(vectors))
    moves = np.eye(k) - snapped
    centre = np.linalg.lstsq(moves, map_[:k, k], rcond=SEPARATION)[0]
    found = np.eye(k + 1)
    found[:k, :k], found[:k, k] = snapped, moves @ centre
    return found
