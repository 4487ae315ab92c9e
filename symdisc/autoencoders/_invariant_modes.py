"""Latents on which a compact symmetry acts linearly, among the leading modes.

Any smooth function of an angle predicts the data as well as the angle does, but a
rotation is linear on few of them. A group that acts linearly on snapshots leaves their
covariance unchanged, and therefore maps modes of equal variance to each other. In
white coordinates a compact group acts by rotations: its generators are skew, and the
eigenvalue problem of `symdisc._symmetry.invariance` finds them in spans of leading
modes. The covariance averaged over the group falls into blocks that the generators do
not mix, and latents are chosen among unions of these.
"""

from itertools import combinations
from numbers import Integral, Real

import numpy as np
import torch
from scipy import linalg
from scipy.sparse.csgraph import connected_components
from sklearn.utils._param_validation import Interval

from symdisc._latent.autoencoder import LinearAutoencoder
from symdisc._latent.latent_model import LatentModel, NothingFoundError
from symdisc._numerics.features import N_FOURIER, draw_fourier_features, solve_fourier
from symdisc._symmetry.invariance import count_symmetries, distribution_symmetries
from symdisc._symmetry.questions import whiten
from symdisc.autoencoders._strategy import Strategy, check_positive

# With fewer rows, chance is too large.
FEWEST_ROWS = 200
MOST_MODES = 12
# As for `count_symmetries`, but less strict: of many modes each map moves a few.
LIKELY_SHARE = 0.2
LIKELY_GAP = 3.0
# How strongly the covariance is averaged: directions that generators of unit frequency
# mix have equal variance up to about this, inverted.
AVERAGING = 100.0
# Blocks of equal variance are told apart by a random form of this size beside the
# covariance, which is averaged in the same way.
RANDOM_SHARES = (0.0, 0.3)
# Coordinates belong to one block where generators mix them by more than this, relative
# to the strongest mixing, squared.
MIXED = 0.1
# Largest frequencies of waves to choose from.
SCALES = (2.0, 4.0, 8.0, 16.0)
ROUGH_SCALES, N_ROUGHLY = (4.0,), 48
# Share of the data that one more latent has to explain.
MIN_GAIN = 0.02
# Blocks whose squared radius varies less than this, relative to its mean, hold one
# orbit, up to what other modes were mixed in by chance.
ROUND = 0.3
N_STEPS = 8
ROUNDING_RIDGE = 1e-4


class InvariantModes(Strategy):
    """Combinations of the leading modes on which a compact group acts linearly.

    It applies to snapshots without rates, in which a group acts by linear maps, such
    as images of an object that turns. The decoder is a regression on random Fourier
    features.

    Parameters
    ----------
    max_lost : float, default=0.03
        Share of the variance of rows held out that the decoder may leave.
    max_modes : int, default=12
        Leading modes that are looked at.
    max_rows : int, default=8000
        Rows that are looked at, at equal steps.
    scales : tuple of float, default=(2.0, 4.0, 8.0, 16.0)
        Largest frequencies of the decoder to choose from.

    Examples
    --------
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.autoencoders import InvariantModes
    >>> LatentSymmetryDiscoverer(autoencoder=InvariantModes())
    LatentSymmetryDiscoverer(autoencoder=InvariantModes())
    """

    _parameter_constraints: dict = {
        "max_lost": [Interval(Real, 0, 1, closed="neither")],
        "max_modes": [Interval(Integral, 2, None, closed="left")],
        "max_rows": [Interval(Integral, 100, None, closed="left")],
        "scales": [list, tuple],
    }

    def __init__(
        self,
        *,
        max_lost=0.03,
        max_modes=12,
        max_rows=8000,
        scales=(2.0, 4.0, 8.0, 16.0),
    ):
        self.max_lost = max_lost
        self.max_modes = max_modes
        self.max_rows = max_rows
        self.scales = scales

    def why_not(self, problem):
        """Say why this does not apply to a problem; None where it does."""
        if problem.moves:
            return "it is for snapshots without rates"
        if len(problem) < FEWEST_ROWS:
            return f"it needs {FEWEST_ROWS} rows"
        return None

    def is_costly(self, problem):
        """Say that it is left out where cheaper ones leave next to nothing."""
        return True

    def fit(self, problem):
        """Find the encoder, and solve for the decoder.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel

        Raises
        ------
        NothingFoundError
            If no symmetry stands out, or its latents do not tell enough.
        """
        check_positive("scales", self.scales)
        points = problem.curve[0].numpy()
        points = points[:: -(-len(points) // self.max_rows)]
        random, weights = np.random.default_rng(problem.seed), problem.weights.numpy()
        ranks = problem.ranks
        encoder, blocks = symmetric_encoder(
            points, weights, ranks, random, self.max_modes, self.scales
        )
        if encoder is None:
            raise NothingFoundError("no symmetry of the leading modes stands out")
        latents = points @ encoder.T
        data = latents, points, weights, blocks, random
        lost, decoder = fit_waves(*data, self.scales)
        if lost > self.max_lost:
            raise NothingFoundError(
                f"latents with a symmetry leave {lost:.1%} of the snapshots"
            )
        solve_fourier(decoder, torch.from_numpy(latents), torch.from_numpy(points))
        autoencoder = LinearAutoencoder(
            torch.from_numpy(encoder), decoder=decoder, blocks=blocks
        )
        return LatentModel(autoencoder, problem.pod)


def symmetric_encoder(
    points, weights, ranks, random, max_modes=MOST_MODES, scales=SCALES
):
    """Find a linear encoder whose latents a compact group moves linearly.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_modes)
        White coordinates along the modes, leading mode first.
    weights : ndarray of shape (n_modes,)
        Standard deviation along each mode, relative to that of the first.
    ranks : (int, int)
        Largest and smallest number of latents.
    random : numpy.random.Generator
        Draws the waves with which encoders are compared.
    max_modes : int, default=12
        Spans of so many leading modes are looked at, at most: each pair of modes has a
        generator, and needs its share of the data.
    scales : sequence of float, default=(2.0, 4.0, 8.0, 16.0)
        Largest frequencies of waves to choose from.

    Returns
    -------
    encoder : ndarray of shape (rank, n_modes) or None
        On its latents the generators are about skew. None where no symmetry stands
        out.
    blocks : tuple of int
        Sizes of the blocks of latents that the group does not mix.
    """
    # The best of each kind, by few waves; then the best of these, by many.
    kinds = {}
    for n_modes in range(2, min(max_modes, points.shape[1]) + 1):
        for rows, blocks in _unions(points, weights, n_modes, ranks, random):
            data = points @ rows.T, points, weights
            lost, _ = fit_waves(*data, blocks, random, ROUGH_SCALES, N_ROUGHLY)
            if lost < kinds.get(blocks, (np.inf,))[0]:
                kinds[blocks] = lost, rows
    best, chosen = np.inf, (None, ())
    for blocks, (_, rows) in kinds.items():
        parts = np.split(rows, np.cumsum(blocks)[:-1])
        encoder = np.vstack([_rounded(points, part) for part in parts])
        latents = points @ encoder.T
        if count_symmetries(distribution_symmetries(whiten([latents])[0])):
            lost, _ = fit_waves(latents, points, weights, blocks, random, scales)
            lost += MIN_GAIN * len(rows)
            if lost < best:
                best, chosen = lost, (encoder, blocks)
    return chosen


def fit_waves(
    latents, points, weights, blocks, random, scales=SCALES, n_waves=N_FOURIER
):
    """Fit decoders to nine rows of ten; return what the best leaves of the others.

    Parameters
    ----------
    latents : ndarray of shape (n_samples, rank)
        In blocks of the sizes `blocks`.
    points, weights, random
        As of `symmetric_encoder`.
    scales : sequence of float
        Largest frequencies, of one decoder each.
    n_waves : int, default=128
        See `draw_fourier_features`.

    Returns
    -------
    lost : float
        Share of the variance.
    decoder : FourierMap
    """
    held = np.arange(len(points)) % 10 == 9
    spread = np.sum((points[held] * weights) ** 2)
    fitted = [torch.from_numpy(part[~held]) for part in (latents, points)]
    found = []
    for scale in scales:
        decoder = draw_fourier_features(blocks, scale, *points.shape, random, n_waves)
        solve_fourier(decoder, *fitted)
        with torch.no_grad():
            decoded = decoder(torch.from_numpy(latents[held])).numpy()
        residual = (decoded - points[held]) * weights
        found.append((float(np.sum(residual**2) / spread), decoder))
    return min(found, key=lambda pair: pair[0])


def _unions(points, weights, n_modes, ranks, random):
    """Yield encoders: unions of blocks that the symmetries of a span do not mix."""
    leading = points[:, :n_modes]
    rows, columns = np.triu_indices(n_modes, 1)
    skew = np.zeros((len(rows), n_modes, n_modes))
    skew[range(len(rows)), rows, columns] = -1.0
    skew[range(len(rows)), columns, rows] = 1.0
    found = distribution_symmetries([leading], allowed=skew)
    for count in _likely_counts(found.errors, found.chance):
        for share in RANDOM_SHARES:
            form = np.diag(weights[:n_modes] ** 2)
            noise = random.normal(size=form.shape)
            form = form + share * (noise + noise.T) / np.linalg.norm(noise + noise.T, 2)
            frame, labels = _blocks(found.maps[:count], form)
            sizes = np.bincount(labels)
            for union in _subsets(sizes, ranks):
                axes = [np.flatnonzero(labels == block) for block in union]
                encoder = np.zeros((sizes[union].sum(), points.shape[1]))
                encoder[:, :n_modes] = frame[:, np.concatenate(axes)].T
                yield encoder, tuple(sizes[union].tolist())


def _subsets(sizes, ranks):
    """List the subsets of blocks, one of which is moved, with allowed total sizes."""
    numbers = range(len(sizes))
    subsets = [list(s) for n in numbers for s in combinations(numbers, n + 1)]
    return [
        s
        for s in subsets
        if ranks[1] <= sizes[s].sum() <= ranks[0] and sizes[s].max() > 1
    ]


def _likely_counts(errors, chance):
    """Numbers of generators that may be symmetries, to be judged by their latents."""
    errors = np.maximum(errors, chance)
    small = errors[:-1] <= LIKELY_SHARE * np.median(errors)
    return np.flatnonzero(small & (errors[1:] >= LIKELY_GAP * errors[:-1])) + 1


def _blocks(generators, form):
    """Axes along which the generators are block-diagonal, and the block of each."""
    n = len(form)
    units = generators / np.linalg.norm(generators, 2, axis=(1, 2))[:, None, None]
    # The nearest to the covariance that hardly changes: S + a sum_i ad_i^T ad_i S = D.
    change = [np.kron(u, np.eye(n)) + np.kron(np.eye(n), u) for u in units]
    averaging = np.eye(n * n) + AVERAGING * sum(ad.T @ ad for ad in change)
    covariance = linalg.solve(averaging, form.ravel()).reshape(n, n)
    frame = np.linalg.eigh((covariance + covariance.T) / 2)[1][:, ::-1]
    mixing = np.sum((frame.T @ units @ frame) ** 2, axis=0)
    return frame, connected_components(mixing > MIXED * mixing.max())[1]


def _rounded(points, encoder):
    """Move the encoder of a block to where latents lie on a sphere, if they nearly do.

    Modes of similar variance are mixed by chance, and an orbit is then not quite round.
    That it is one says more than means over the data, which vary by chance as well. The
    mean stays the centre: about other centres a circle is round, too, if its angle is
    bent by a Moebius map of the disc.
    """
    size = len(encoder)
    if size < 2 or _roughness(points @ encoder.T) > ROUND:
        return encoder
    maps = encoder
    ridge = ROUNDING_RIDGE * len(points) * np.eye(maps.size)
    for _ in range(N_STEPS):
        latents = points @ maps.T
        slopes = 2 / size * latents[:, :, None] * points[:, None]
        slopes = slopes.reshape(len(points), -1)
        misfit = np.sum(latents**2, axis=1) / size - 1
        step = linalg.solve(
            slopes.T @ slopes + ridge, slopes.T @ misfit, assume_a="pos"
        )
        maps = maps - step.reshape(maps.shape)
    better = _roughness(points @ maps.T) < _roughness(points @ encoder.T)
    return maps if better else encoder


def _roughness(latents):
    squares = np.sum(latents**2, axis=1)
    return np.std(squares) / np.mean(squares)
