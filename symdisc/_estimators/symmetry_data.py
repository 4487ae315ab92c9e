"""The data of LatentSymmetryDiscoverer, in the coordinates that a strategy takes."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from symdisc._data.stretches import n_clean_columns, stretches
from symdisc._data.training_data import as_snapshots, question
from symdisc._data.trajectories import check_time
from symdisc._data.validation import MIN_SAMPLES, check_snapshots
from symdisc._equations.library import CandidateLibrary
from symdisc._estimators.outcome import library_degree
from symdisc._latent.dimension import resolve_components
from symdisc._latent.pod import MAX_MODES, identity_projection
from symdisc._latent.problem import LatentProblem
from symdisc._latent.projection_search import MIN_GAIN
from symdisc._latent.trainer import Settings
from symdisc._lie.layout import check_representation, has_translations
from symdisc._sindy.regression import SMALL_TERM
from symdisc._sindy.stlsq import sparse_regression
from symdisc._symmetry.label_invariance import check_labels

# What is done for each value of `differentiation`.
WAYS = {way: way for way in ("central", "savgol", "spline")} | {"auto": "spline"}
# Where the usual number of modes leaves more than this of the variance, twice as many
# are taken if they leave a quarter of that or less: fine structure, and not noise.
FAINT = 1e-3
WIDER = 2 * MAX_MODES
FALLS_TO = 0.25
# Where no generator is to be found, the encoder alone has to make a known symmetry
# linear. On a bent ring, moved held-out samples could be told with an AUC of 0.74 at
# weight 0 and at 0.001 (otherwise the default), 0.70 at 0.01, 0.62 at 0.1 and 0.61 at
# 1; with the last layer of the decoder solved for, of 0.56 at 1 and at 10.
GAN_WEIGHT = 1.0


@dataclass
class SymmetryData:
    """Snapshots, and what is known of them, before any projection.

    Parameters
    ----------
    modes : Modes
        Those of X.
    X_dot : ndarray of shape (n_samples, n_features) or None
    t, groups, labels
        As `as_snapshots` takes them.
    seed : int
    device : torch.device
    moves : bool
        Whether modes are taken as long as they are above the noise, as left inverses of
        lifts are sought among faint ones.
    fine : bool
        Whether more modes are taken where the usual number does not hold the data.
    options : dict
        Of `as_snapshots`.
    """

    modes: object
    X_dot: object
    t: object
    groups: object
    labels: object
    seed: int
    device: torch.device
    moves: bool
    fine: bool
    options: dict
    pod: object = None

    @classmethod
    def of_estimator(cls, est, modes, X_dot, t, groups, *others):
        """Return the data as the parameters of an estimator have them.

        Parameters
        ----------
        est : LatentSymmetryDiscoverer
        modes, X_dot, t, groups, *others
            See above.

        Returns
        -------
        SymmetryData
        """
        way = WAYS[est.differentiation]
        options = {"symmetry_of": est.symmetry_of, "differentiation": way}
        solved, still = est.solver == "spectral", X_dot is None and t is None
        moves, fine = solved and not still, solved and still
        return cls(modes, X_dot, t, groups, *others, moves, fine, options)

    def of(self, strategy, est, checkpoint):
        """Return the problem and the snapshots in the coordinates of a strategy.

        Parameters
        ----------
        strategy : Strategy
        est : LatentSymmetryDiscoverer
            Its parameters and `n_components_` are read.
        checkpoint : Checkpoint or None

        Returns
        -------
        problem : LatentProblem
        snapshots : Snapshots
        """
        if strategy.of_pixels:
            snapshots = self.pixels
            return self._problem(est, snapshots, self.pod, checkpoint), snapshots
        options = {"min_modes": est.n_components_}
        if hasattr(strategy, "n_modes"):
            options["max_modes"] = strategy.n_modes(len(self.modes.X))
        self.pod = pod = self._modes(options)
        snapshots = self._snapshots(pod)
        problem = self._problem(est, snapshots, pod, checkpoint)
        found = []

        def pixels():
            if not found:
                again = self.pixels
                found.append(self._problem(est, again, self.pod, checkpoint))
            return found[0]

        problem.pixels = pixels
        return problem, snapshots

    def _modes(self, options):
        if self.moves and "max_modes" not in options:
            return self._fine_modes(**options)
        pod = self.modes.leading(**options)
        fine = self.fine and isinstance(self.modes.X, np.ndarray)
        if fine and pod.residual > FAINT * pod.total:
            wider = self.modes.leading(**(options | {"max_modes": WIDER}))
            if wider.residual <= FALLS_TO * pod.residual:
                return wider
        return pod

    def _fine_modes(self, min_modes):
        """Return modes above the noise, which derivatives along times multiply."""
        pod = self.modes.above_noise(MAX_MODES, min_modes)
        if self.X_dot is not None:
            return pod
        coordinates, groups = pod.coordinates(self.modes.X), self.groups
        times = check_time(self.t, groups, len(coordinates))
        if max(map(len, stretches(times, groups, coordinates))) < 3:
            # Pairs of rows do not tell noise from motion.
            return self.modes.leading(min_modes=min_modes)
        n_modes = max(min_modes, n_clean_columns(coordinates, times, groups))
        return pod.truncate(n_modes)

    @cached_property
    def pixels(self):
        """Snapshots with their features for coordinates."""
        self._check_in_memory()
        self.pod = identity_projection(self.modes.X)
        return self._snapshots(self.pod)

    @cached_property
    def columns(self):
        """Snapshots with their columns for coordinates, which keep their units."""
        self._check_in_memory()
        pod = identity_projection(self.modes.X)
        self.pod = replace(pod, scale=np.ones_like(pod.scale))
        return self._snapshots(self.pod)

    def _check_in_memory(self):
        if not isinstance(self.modes.X, np.ndarray):
            raise ValueError(
                "This autoencoder takes the features of X as they are, and needs all "
                f"of X, of shape {self.modes.X.shape}, in memory. Pass "
                "numpy.asarray(X) where it fits, every n-th row, or "
                'autoencoder="auto".'
            )

    def _snapshots(self, pod):
        known = self.modes.X, self.X_dot, self.t, self.groups
        return as_snapshots(
            pod, *known, labels=self.labels, device=self.device, **self.options
        )

    def _problem(self, est, snapshots, pod, checkpoint):
        degree, solve = library_degree(est), regression(est)
        return LatentProblem(
            [part.cpu() for part in double_curve(snapshots)],
            pod,
            ranks=_ranks(est, pod),
            degree=degree,
            library=lambda rank: CandidateLibrary.polynomial(rank, degree),
            solve=lambda features, rates, _: solve(features, rates),
            settings=_settings(est, checkpoint),
            seed=self.seed,
            device=self.device,
            groups=snapshots.groups,
        )


def double_curve(snapshots):
    """Return coordinates and the rates that are known, in double precision."""
    return [part.double() for part in snapshots.curve(slice(None))]


def regression(est):
    """Return a sparse regression with the threshold of an estimator."""
    # Terms are chosen where the space is final.
    threshold = SMALL_TERM if est.threshold == "auto" else est.threshold

    def solve(features, rates):
        return sparse_regression(features, rates, threshold=threshold)

    return solve


def _ranks(est, pod):
    """Return the largest and the smallest number of latent dimensions."""
    if not est.representation:
        most, least = est.n_components_, 1
        if len(pod.scale) <= most:
            # There is nothing to be learned: a mode that others predict is kept, for
            # it may take all of them to make the symmetry linear. Faint ones are not.
            least = max(1, int((pod.scale >= MIN_GAIN * pod.scale.sum()).sum()))
        return most, least
    # Blocks say how many there are, but for the constant one of translations.
    rank = est.n_components_ - has_translations(est.representation)
    return rank, rank


def _settings(est, checkpoint):
    weights = est.loss_weights or {}
    if est.representation and all(b.known is not None for b in est.representation):
        weights = {"gan": GAN_WEIGHT, **weights}
    return Settings.from_weights(
        weights,
        max_iter=est.max_iter,
        batch_size=est.batch_size,
        verbose=est.verbose,
        checkpoint=checkpoint,
    )


def read_samples(est, X, y, t, groups):
    """Return snapshots, derivatives, times, groups and labels as arrays.

    Parameters are those of `LatentSymmetryDiscoverer.fit`, and the estimator.
    """
    of_labels = est.symmetry_of == "labels"
    moves = est.symmetry_of not in ("labels", "distribution", "states")
    data = est._take_in_fit(X, y, t, groups, index=moves, labels=of_labels)
    X, y, labels = data.X, data.y, None
    X = check_snapshots(est, X, ensure_min_samples=MIN_SAMPLES)
    if of_labels:
        y, labels = None, check_labels(y, len(X))
    t, groups = data.t, data.groups
    # What takes long comes after what can be refused at once.
    check_time(t, groups, len(X))
    question(est.symmetry_of, not (y is None and t is None), t, groups, len(X))
    return X, y, t, groups, labels


def count_components(est, modes, random):
    """Return the number of latent dimensions; raise where sizes do not fit.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
    modes : Modes
        Those of X.
    random : numpy.random.RandomState

    Returns
    -------
    int
    """
    n_components = est.n_components
    if est.autoencoder == "none":
        n_components = modes.X.shape[1] + has_translations(est.representation or ())
    if est.representation is not None:
        if n_components == "auto":
            dims = [getattr(block, "dim", 0) for block in est.representation]
            n_components = sum(dims) + has_translations(est.representation)
        return check_representation(est, n_components)
    if est.autoencoder == "none":
        return n_components
    return resolve_components(est, modes, random)
