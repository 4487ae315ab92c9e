"""What latents are to explain: snapshots, their motion, and a form of equations."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from math import comb
from operator import itemgetter

import numpy as np
import torch
from scipy import sparse

from symdisc._data.training_data import TRAINING_DTYPE, Snapshots
from symdisc._data.weak_form import WeakForm
from symdisc._latent.pod import MAX_MODES, RESIDUAL_VARIANCE, PODProjection
from symdisc._latent.projection_search import (
    informative,
    left_by_polynomials,
    search,
)
from symdisc._latent.trainer import Settings
from symdisc._latent.variable_projection import polish_best, polish_start
from symdisc._numerics.features import affordable_degree, beyond_polynomials

# Where a linear encoder and a polynomial decoder leave less than this unexplained of
# snapshots and of their latent velocity, there is nothing for a network to learn.
EXACT = 1e-6
# Where there is such a space, some ten steps of Levenberg-Marquardt come near it.
# A small part of the rows tells, and progress is slow only where there is none.
FEW, NEARLY_EXACT = 20, 3e-2
FEWEST_ROWS, ROWS_PER_TERM, PROGRESS = 300, 15, 1e-3
# So many of those that come nearest go on for as long as they make progress, and so
# many descend by the motion, which takes longer.
MOST_TRIED, MOST_POLISHED = 2, 4


@dataclass
class LatentProblem:
    """What latents are to explain.

    Parameters
    ----------
    curve : list of tensor of shape (n_samples, n_modes)
        Whitened coordinates along the modes and the time derivatives that are known.
    pod : PODProjection
        Between snapshots and coordinates.
    ranks : (int, int)
        Largest and smallest number of latents.
    degree : int
        Degree of the polynomial equations that linear encoders are refined with.
    library : callable
        Maps the number of latents to a CandidateLibrary.
    solve : callable
        Maps features, rates and library to coefficients of the equations.
    settings : Settings
        Of the training of networks.
    seed : int
        Determines all that is drawn.
    device : torch.device
        Where networks are trained.
    weak : WeakForm, optional
        Windows over which the equations are integrated, except in training.
    groups : ndarray of shape (n_samples,), optional
        Trajectory of each row.
    pixels : callable, optional
        Returns the same problem with columns of the snapshots for coordinates.
    motion : Motion, optional
        Coordinates with their rates, as they were taken.
    known : dict
        Linear encoder found from other rows, shared with the problems of these.
    """

    curve: list
    pod: PODProjection
    ranks: tuple
    degree: int
    library: Callable
    solve: Callable
    settings: Settings
    seed: int
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    weak: WeakForm | None = None
    groups: np.ndarray | None = None
    pixels: Callable | None = None
    motion: object = None
    known: dict = field(default_factory=dict, repr=False)
    _part: tuple | None = field(default=None, init=False, repr=False)

    def __len__(self):
        """Return the number of rows."""
        return len(self.curve[0])

    @property
    def moves(self):
        """Whether rates are known."""
        return len(self.curve) > 1

    @cached_property
    def weights(self):
        """Standard deviation of each coordinate over that of the first."""
        return torch.from_numpy((self.pod.scale / self.pod.scale[0]).astype(float))

    @property
    def positions(self):
        """Coordinates in one unit, ndarray of shape (n_samples, n_modes)."""
        return (self.curve[0] * self.weights).numpy()

    def generator(self):
        """Return a new generator on the device, always in the same state."""
        return torch.Generator(self.device).manual_seed(self.seed)

    def part(self, rows):
        """Return the problem of some rows; windows have to lie within them.

        Parameters
        ----------
        rows : ndarray of int

        Returns
        -------
        LatentProblem
            The same object for the same rows: several ways start from one projection.
        """
        if self._part is None or not np.array_equal(self._part[0], rows):
            self._part = rows, self._take(rows)
        return self._part[1]

    def _take(self, rows):
        weak = self.weak and _windows_within(self.weak, rows, len(self))
        curve = [part[torch.from_numpy(rows)] for part in self.curve]
        groups = None if self.groups is None else np.asarray(self.groups)[rows]
        return replace(self, curve=curve, weak=weak, groups=groups)

    @cached_property
    def leading(self):
        """The problem of the leading modes: others are too faint to be learned."""
        if self.pod.modes is None:
            return self
        held = np.cumsum(self.pod.scale.astype(float) ** 2) * self.pod.n_samples
        enough = np.searchsorted(held, (1 - RESIDUAL_VARIANCE) * self.pod.total) + 1
        n_modes = max(min(enough, MAX_MODES), self.ranks[0])
        if n_modes >= len(self.pod.scale):
            return self
        curve = [part[:, :n_modes] for part in self.curve]
        return replace(self, curve=curve, pod=self.pod.truncate(n_modes))

    @cached_property
    def start(self):
        """Linear encoder (rank, n_modes) from which all is predicted best.

        It follows from a search among projections; where polynomials of its latents
        are the snapshots, from these; else, where rates are known, from both.
        Directions that explain nothing are left out.
        """
        if "start" in self.known:
            known = self.known["start"][None]
            return self._refined(lambda: known, known.shape[1])
        most, least = self.ranks
        encoder = self._refined(self._search, min(most, len(self.weights)))
        kept = informative(encoder, self.curve[0], self.weights, least)
        if len(kept) < len(encoder):
            encoder = self._refined(lambda: kept[None], len(kept))
        self.known["start"] = encoder
        return encoder

    def _search(self):
        """Return linear encoders from which all is predicted well, the best first."""
        rank = min(self.ranks[0], len(self.weights))
        return search(self.curve[0], self.weights, rank, self.seed)

    def _refined(self, search, rank):
        """Descend to an exact linear encoder, or from the best of a search by motion.

        Where the leading modes lead to an exact one, there is nothing to search.
        """
        search = cache(search)
        exact = self._exact(search, rank)
        if exact is not None or not self.moves:
            return search()[0] if exact is None else exact
        known = self.curve, self.weights, self.degree, self.weak
        few = self._few(rank) | {"max_evaluations": FEW}
        return polish_best(search()[:MOST_POLISHED], *known, **few)

    def _few(self, rank):
        """Return rows and tolerance that tell where a descent leads."""
        n_terms = comb(rank + affordable_degree(rank), rank)
        return {"max_rows": max(FEWEST_ROWS, ROWS_PER_TERM * n_terms), "tol": PROGRESS}

    def _exact(self, search, rank):
        """Linear encoder of which all is a polynomial, or None.

        It follows from the snapshots alone, or, where these lead into local minima,
        from their motion as well. The leading modes, and each start, descend for some
        steps, which takes next to no time; those that come nearest go on.
        """
        if beyond_polynomials(self.weights, rank) > EXACT:
            return None
        few, snapshots = self._few(rank), (self.curve[:1], self.weights, 1)
        near, leading = [], torch.eye(len(self.weights), dtype=torch.float64)[:rank]
        for start in _leading_first(leading, search):
            encoder = polish_start(start, *snapshots, **few, max_evaluations=FEW)
            near.append((self._left(encoder), encoder))
            if near[-1][0] <= EXACT:
                break
        near.sort(key=itemgetter(0))
        stages = [(snapshots, few)]
        if self.moves:
            motion = self.curve, self.weights, self.degree, self.weak
            stages.append((motion, few))
        for lost, encoder in near[:MOST_TRIED]:
            lost, encoder = self._polished(lost, encoder, stages)
            if lost <= EXACT:
                exact = polish_start(encoder, *snapshots)
                return exact if self._left(exact) <= lost else encoder
        return None

    def _polished(self, lost, encoder, stages):
        """Descend in stages for as long as it is near to what is exact."""
        for known, options in stages:
            if not EXACT < lost <= NEARLY_EXACT:
                break
            encoder = polish_start(encoder, *known, **options)
            lost = self._left(encoder)
        return lost, encoder

    def _left(self, encoder):
        """Share of the variance that polynomials of the latents leave."""
        points = self.curve[0]
        return float(left_by_polynomials(points @ encoder.mT, points * self.weights))

    def snapshots(self):
        """Return the data that training sees, in single precision.

        Returns
        -------
        Snapshots
        """
        single = [c.to(self.device, TRAINING_DTYPE) for c in self.curve]
        single += [None] * (3 - len(single))
        symmetry_of = "derivatives" if self.moves else "distribution"
        weights = self.weights.to(single[0])
        return Snapshots(*single[:2], None, weights, symmetry_of, single[2])


def _leading_first(leading, search):
    """Yield the leading modes and then what a search finds, when it is asked for."""
    yield leading
    yield from search()


def _windows_within(weak, rows, n_samples):
    """Windows that lie within rows, numbered among these."""
    outside = np.ones(n_samples)
    outside[rows] = 0.0
    inside = abs(weak.average) @ outside == 0
    parts = [
        sparse.csr_array(m[inside][:, rows]) for m in (weak.average, weak.derivative)
    ]
    return WeakForm(*parts, weak.groups[inside])
