"""How many dimensions data have, and how many latent coordinates they need."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch
from scipy.spatial import cKDTree
from sklearn.utils import check_random_state

from symdisc._data.trajectories import trajectory_slices
from symdisc._data.user_warning import warn_user
from symdisc._data.validation import MIN_SAMPLES, as_samples
from symdisc._latent.pod import fit_pod
from symdisc._numerics.threads import one_thread
from symdisc._sparse_latents.number_of_latents import MAX_LATENTS, count_latents

# Rows among which neighbours are looked for at once, at least and at most.
FEWEST_ROWS, MOST_ROWS = 100, 4000
# Rows, at most, whose neighbours an estimate at one scale is taken from.
POOLED_ROWS = 8000
# Share of the variance that a direction has to tell.
LEAST_GAIN = 1e-3
# Rows nearer than this, in units of the first mode, are the same.
SAME = 1e-4


@dataclass(frozen=True, repr=False)
class DimensionEstimate:
    """What `estimate_dimension` found.

    Parameters
    ----------
    n_components : int
        Number of latent coordinates that an autoencoder needs.
    unexplained : ndarray of shape (n_tried,)
        Fraction of the variance that a decoder of 1, 2, ... latent coordinates leaves
        of rows that it was not fitted to; it determines `n_components`.
    two_nn : float
        Intrinsic dimension, from ratios of distances to the two nearest neighbours, at
        the finest scale where it is the same at half as many rows.
    two_nn_error : float
        Its standard error.
    two_nn_scales : ndarray of shape (n_scales, 2)
        Numbers of rows among which neighbours were looked for, and the dimension at
        each. A dimension that grows with the number of rows is that of noise.
    window : int
        Rows of a trajectory nearer than this, in time, were not taken for neighbours.
    pod_spectrum : ndarray of shape (n_modes,)
        Fraction of the variance along each mode, descending.
    """

    n_components: int
    unexplained: np.ndarray
    two_nn: float
    two_nn_error: float
    two_nn_scales: np.ndarray
    window: int
    pod_spectrum: np.ndarray

    def n_modes(self, variance=0.99):
        """Return how many POD modes hold this fraction of the variance.

        Parameters
        ----------
        variance : float, default=0.99
            Between 0 and the fraction that all modes of `pod_spectrum` hold together.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If all modes hold less.
        """
        held = np.cumsum(self.pod_spectrum)
        if not 0 < variance <= held[-1]:
            raise ValueError(
                f"variance={variance} is not between 0 and {held[-1]:.9f}, the "
                "fraction that the modes of pod_spectrum hold together. Pass one that "
                "is."
            )
        return int(np.searchsorted(held, variance)) + 1

    def __repr__(self):
        return (
            f"DimensionEstimate(n_components={self.n_components}, "
            f"two_nn={self.two_nn:.2f} +- {self.two_nn_error:.2f}, "
            f"{len(self.pod_spectrum)} POD modes)"
        )


def estimate_dimension(X, *, groups=None, window="auto", random_state=None):
    """Estimate how many dimensions data have, and how many latents they need.

    These are different numbers. A circle has one dimension, and a sphere two; but a
    linear action of a group, or an injective linear projection, needs two and three
    coordinates. ``n_components="auto"`` of the estimators is the second number.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Snapshots, at least 5; those of a trajectory in order of time.
    groups : array-like of shape (n_samples,), default=None
        Trajectory that each snapshot belongs to. All are one trajectory by default.
    window : int or "auto", default="auto"
        Snapshots of a trajectory that are fewer rows apart are no neighbours to each
        other (Theiler window): snapshots at equal steps have two nearest neighbours
        at nearly the same distance, whatever the dimension. "auto" is the number of
        rows in which the autocorrelation falls below 1/e, which is 1 for snapshots in
        no order.
    random_state : int, RandomState instance or None, default=None
        Seed of what is drawn to find `DimensionEstimate.n_components`.

    Returns
    -------
    DimensionEstimate

    Raises
    ------
    ValueError
        If an argument has a bad shape or value, or `X` fewer than three rows that
        differ; the message names it.

    Warns
    -----
    UserWarning
        If more latent coordinates than are tried (8) would still explain more.

    Notes
    -----
    Of N points that fill d dimensions with a density that hardly changes between
    neighbours, the ratios mu of the distances to the second and the first neighbour
    follow ``P(mu) = d mu^-(d+1)``, and ``d = (N - 1) / sum log mu`` [1]_. It is
    taken from all rows, then among half as many, and so on.

    Latents are counted by the linear encoder from which polynomials and cosines predict
    the snapshots best, and polyharmonic splines, fitted to other rows. One more is
    taken as long as it explains 1e-3 of the variance, at a level of 5 %, and twice the
    share that each direction of noise would. Directions of smaller extent, and latents
    that only a nonlinear encoder finds, are not counted.

    References
    ----------
    .. [1] E. Facco, M. d'Errico, A. Rodriguez, A. Laio, "Estimating the intrinsic
       dimension of datasets by a minimal neighborhood information", Scientific
       Reports 7 (2017), 12140.

    Examples
    --------
    >>> from symdisc import estimate_dimension
    >>> from symdisc.datasets import make_sphere
    >>> data = make_sphere(random_state=0)  # a sphere, curled up in 100 dimensions
    >>> found = estimate_dimension(data.X, random_state=0)
    >>> found.n_components, round(found.two_nn)
    (3, 2)
    """
    X = as_samples(X, "X", ensure_min_samples=MIN_SAMPLES)
    random = check_random_state(random_state)
    pod = fit_pod(X, min_modes=1, random_state=random)
    coordinates = pod.coordinates(X)
    order = np.concatenate(trajectory_slices(groups, len(X)))
    points = (coordinates * pod.scale)[order]
    window = _check_window(window, points, groups, order)
    # Rows nearer than what rounding makes of equal ones are the same.
    extent = np.abs(pod.mean).max() + np.abs(points).max()
    smallest = 100 * np.finfo(X.dtype).eps * extent
    scales, errors = _two_nn_scales(points, window, smallest, random)
    chosen = _plateau(scales[:, 1], errors)
    n_components, unexplained = _count(pod, coordinates, LEAST_GAIN, random)
    return DimensionEstimate(
        n_components=n_components,
        unexplained=unexplained,
        two_nn=float(scales[chosen, 1]),
        two_nn_error=float(errors[chosen]),
        two_nn_scales=scales,
        window=window,
        pod_spectrum=pod.scale.astype(float) ** 2 * len(X) / pod.total,
    )


def resolve_components(est, modes, random):
    """Return `n_components` of an estimator, counted where it is "auto".

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
    modes : Modes
        Those of X.
    random : numpy.random.RandomState

    Returns
    -------
    int
    """
    X = modes.X
    if est.n_components != "auto":
        est._check_n_components(X)
        return est.n_components
    few = X[:: -(-len(X) // MOST_ROWS)]
    pod = modes.leading()
    return _count(pod, pod.coordinates(few), est.max_x_error, random)[0]


def warn_of_directions_left_out(est, rank):
    """Warn where fewer latents carry information than were asked for.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
    rank : int
        Number of latents that do.
    """
    if est.n_components != "auto" and rank < est.n_components:
        warn_user(
            f"n_components={est.n_components}, but {est.n_components - rank} of these "
            "directions explain no more of X than noise would, and are left out: the "
            f"last latents are zero. Pass n_components={rank}, or more rows."
        )


def _count(pod, coordinates, least_gain, random):
    """Count the latents that are needed; also what 1, 2, ... leave unexplained."""
    rows = slice(None, None, -(-len(coordinates) // MOST_ROWS))
    points = (coordinates[rows] * pod.scale).astype(float)
    # Splines know rows that come again, as those of a whole number of steps to a turn.
    near = np.round(points / max(SAME * pod.scale[0], np.finfo(float).tiny))
    points = torch.from_numpy(points[np.sort(np.unique(near, True, axis=0)[1])])
    total = pod.total / pod.n_samples
    # Whatever mode the caller has set, descents need gradients.
    with torch.inference_mode(False), one_thread():
        count, errors = count_latents(points.clone(), total, least_gain, random)
    if count == MAX_LATENTS < len(pod.scale) and errors[-1] >= least_gain:
        warn_user(
            f"{MAX_LATENTS} latent coordinates leave {errors[-1]:.0%} of X "
            "unexplained, and more would explain more. Pass n_components as a number "
            "if you know it, and look at the reconstruction."
        )
    return count, errors


def _check_window(window, points, groups, order):
    """Rows of a trajectory that count as one, at most all of the longest."""
    if window != "auto":
        if not isinstance(window, Integral) or window < 1:
            raise ValueError(f'window={window!r}; give an int >= 1 or "auto".')
        return int(window)
    slices = trajectory_slices(groups, len(order))
    ends = np.cumsum([len(rows) for rows in slices])
    centred = np.split(points - points.mean(axis=0), ends[:-1])
    longest = max(len(c) for c in centred)
    for lag in range(1, longest):
        pairs = [(c[:-lag], c[lag:]) for c in centred if len(c) > lag]
        product = sum(np.einsum("ij,ij->", *pair) for pair in pairs)
        squares = sum(np.einsum("ij,ij->", a, a) for a, _ in pairs)
        if product < squares / np.e:
            return lag
    return longest


def _two_nn_scales(points, window, smallest, random):
    """Numbers of rows with the dimensions found among them, and standard errors.

    From each block of so many rows, one is drawn, at least a window after the last one:
    every n-th row of a regular motion would be as regular, and random rows are not.
    """
    n_samples = len(points)
    stride = max(2 * window if window > 1 else 1, -(-n_samples // MOST_ROWS))
    stride = min(stride, n_samples // 3)
    scales, errors = [], []
    while stride <= n_samples // (FEWEST_ROWS if scales else 3):
        starts = np.arange(0, n_samples - stride + 1, stride)
        n_draws = max(min(stride, POOLED_ROWS // len(starts)), 1)
        latest = max(stride - window + 1, 1)
        draws = random.randint(latest, size=(n_draws, len(starts)))
        logs = [_log_ratios(points[starts + shift], smallest) for shift in draws]
        logs = np.concatenate(logs)
        stride *= 2
        if len(logs) < 2 or logs.sum() == 0:
            if scales:
                break
            # Where all rows come twice or more, fewer of them are not all duplicates.
            continue
        dimension = (len(logs) - 1) / logs.sum()
        scales.append((len(starts), dimension))
        # Rows nearer than a window are not independent.
        n_independent = min(len(logs), n_samples / window)
        errors.append(dimension / np.sqrt(n_independent))
    if not scales:
        raise ValueError(
            f"X has {n_samples} rows, but too few of them differ to have two "
            "neighbours each. Pass more rows that are not duplicates."
        )
    return np.array(scales), np.array(errors)


def _log_ratios(points, smallest):
    """Logarithms of the distances to the second neighbour over those to the first."""
    if len(points) < 3:
        return np.empty(0)
    distances, _ = cKDTree(points).query(points, k=3)
    first, second = distances[distances[:, 1] > smallest, 1:].T
    return np.log(second / first)


def _plateau(dimensions, errors):
    """Index of the finest scale whose dimension is that of the next, or the last."""
    same = np.abs(np.diff(dimensions)) < np.hypot(errors[1:], errors[:-1])
    return int(np.argmax(same)) if same.any() else len(dimensions) - 1
