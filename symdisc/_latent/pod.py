"""Proper orthogonal decomposition (POD): a linear projection before the autoencoder.

On the span of the data, the first and last linear layers of an autoencoder see only
POD coordinates, and an orthonormal basis preserves squared error. Training on these
few coordinates therefore minimises the same objective at a hundredth of the cost.
"""

from dataclasses import dataclass, replace

import numpy as np

from symdisc._data.out_of_core import rows_of_block
from symdisc._numerics.threads import one_thread

# Modes beyond this residual fraction of the variance are left out: 1e-7 is far below
# the reconstruction error of any latent space with fewer dimensions than modes.
RESIDUAL_VARIANCE = 1e-7
MAX_MODES = 32
# Signs of modes follow from so many rows, of coordinates skewed by more than this.
SIGNING_ROWS, SYMMETRIC = 2000, 1e-6
# Faint modes hold the left inverses of lifts, and accelerations need finer modes than
# snapshots: in a movie of a pendulum, modes that leave 1e-7 of the variance leave 6e-4
# of that of the accelerations. More are taken where these leave more, unless the last
# TAIL of them hardly fall, as those of noise.
FINE, MANY_MODES = 1e-11, 128
TAIL, FLAT = 8, 1.2
N_OVERSAMPLES = 8
# Blocks of the Krylov space that leading modes are sought in.
N_KRYLOV = 2


@dataclass(frozen=True)
class PODProjection:
    """Orthonormal modes of a data set and its standard deviations along them.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
    modes : ndarray of shape (n_modes, n_features) or None
        Orthonormal rows, leading mode first. None takes the features as they are.
    scale : ndarray of shape (n_modes,)
        Standard deviation of the data along each mode, positive.
    residual : float
        Sum of squares of the centred data outside the modes.
    total : float
        Sum of squares of the centred data.
    n_samples : int
    """

    mean: np.ndarray
    modes: np.ndarray
    scale: np.ndarray
    residual: float
    total: float
    n_samples: int

    def truncate(self, n_modes):
        """Return the projection onto the leading modes alone."""
        left_out = float(np.sum(self.scale[n_modes:].astype(float) ** 2))
        return replace(
            self,
            modes=self.modes[:n_modes],
            scale=self.scale[:n_modes],
            residual=self.residual + left_out * self.n_samples,
        )

    def coordinates(self, X):
        """Return the whitened POD coordinates of `X`, shape (n_samples, n_modes)."""
        if self.modes is None:
            return (X - self.mean) / self.scale
        return (X @ self.modes.T - self.mean @ self.modes.T) / self.scale

    def push_forward(self, X_dot):
        """Return the velocity of the coordinates, given that of the data."""
        rates = X_dot if self.modes is None else X_dot @ self.modes.T
        return rates / self.scale


def identity_projection(X):
    """Return a projection without modes: features less their mean, at one common scale.

    Networks for images need the pixels in their places.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)

    Returns
    -------
    PODProjection
    """
    mean = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    total = _centred_sum_of_squares(X, mean)
    deviation = np.sqrt(total / X.size)
    if (X[0] == X).all():
        raise _constant()
    scale = np.full(X.shape[1], deviation, dtype=X.dtype)
    return PODProjection(mean, None, scale, 0.0, total, len(X))


def _constant():
    return ValueError(
        "X is constant: every row is the same snapshot, so there is no latent "
        "space to find. Pass rows that differ, e.g. a longer trajectory."
    )


class Modes:
    """The modes of a data set, found once for all that ask for some of them.

    Parameters
    ----------
    X : ndarray or Rows of shape (n_samples, n_features)
        Rows are read in five passes, that for the coordinates included, and the first
        of them once more.
    random_state : numpy.random.RandomState
        Draws the sketch that the modes are found from.
    n_modes : int, default=32
        Number of modes that are looked for at once; more, where more are asked for.
    """

    def __init__(self, X, random_state, n_modes=MAX_MODES):
        self.X, self.n_modes = X, n_modes
        self._random_state, self._found = random_state, None

    def leading(
        self,
        *,
        min_modes=1,
        max_modes=MAX_MODES,
        residual_variance=RESIDUAL_VARIANCE,
    ):
        """Return the modes that hold all but `residual_variance` of the variance.

        Parameters
        ----------
        min_modes : int, default=1
            Number of modes to keep at least, as far as the rank of the data allows.
        max_modes : int, default=32
            Number of modes to keep at most, unless `min_modes` is larger.
        residual_variance : float, default=1e-7
            Fraction of the variance that may be left out.

        Returns
        -------
        PODProjection
            The signs of its modes follow from the rows, and do not depend on the order
            of the features, nor on a rotation of them.
        """
        X, most = self.X, max(max_modes, min_modes)
        mean, singular, modes, total, rank = self._decomposed(most)
        held = np.cumsum(singular[:most] ** 2)
        residual_variance = max(residual_variance, 10 * np.finfo(X.dtype).eps)
        enough = np.searchsorted(held, (1 - residual_variance) * total) + 1
        n_modes = min(max(enough, min_modes), rank, len(held))
        modes = _signed(modes[:n_modes], X, mean)
        scale = (singular[:n_modes] / np.sqrt(len(X))).astype(X.dtype)
        residual = float(max(total - held[n_modes - 1], 0.0))
        return PODProjection(mean, modes, scale, residual, total, len(X))

    def above_noise(self, n_modes, min_modes):
        """Return as many modes of a motion as there are above the noise, nearly.

        Parameters
        ----------
        n_modes : int
            Number of modes that are looked at first.
        min_modes : int
            As of `leading`.

        Returns
        -------
        PODProjection
        """
        options = {"min_modes": min_modes, "residual_variance": FINE}
        pod = self.leading(max_modes=n_modes, **options)
        tail = pod.scale[-TAIL:]
        if len(pod.scale) < n_modes or tail[0] < FLAT * tail[-1]:
            return pod
        return self.leading(max_modes=MANY_MODES, **options)

    def _decomposed(self, most):
        """Return mean, singular values, modes, sum of squares and rank."""
        X = self.X
        n_modes = min(max(most, self.n_modes), *X.shape)
        if self._found is None or len(self._found[1]) < n_modes:
            decompose = _decompose if isinstance(X, np.ndarray) else _decompose_rows
            *found, extremes = decompose(X, n_modes, self._random_state)
            mean, singular, modes, total = found
            singular = singular.astype(np.float64)
            rank = _rank(X, singular, *extremes)
            self._found = mean, singular, modes, total, rank
        return self._found


def _rank(X, singular, lowest, highest):
    """Return the number of modes above rounding; raise where X is constant."""
    # Below this, singular values are the rounding of X and of its mean.
    eps, largest = np.finfo(X.dtype).eps, max(highest.max(), -lowest.min())
    rank = np.sum(singular > eps * largest * np.sqrt(np.prod(X.shape, dtype=float)))
    if rank == 0 or (highest == lowest).all():
        raise _constant()
    span = float((highest.astype(float) - lowest.astype(float)).max())
    if span**2 < 1e6 * np.finfo(X.dtype).tiny:
        raise ValueError(
            f"X varies by {span:.3g}, which is too little for its square to fit "
            f"{X.dtype}. Divide X by its size."
        )
    return rank


def fit_pod(X, *, random_state, **options):
    """Find the leading modes of a data set.

    Parameters are those of `Modes` and of `Modes.leading`.

    Returns
    -------
    PODProjection
    """
    return Modes(X, random_state).leading(**options)


def _signed(modes, X, mean):
    """Give modes the signs with which coordinates of the first rows are skewed right.

    Those of coordinates that are not skewed are such that the first row's are positive.
    """
    n_rows = SIGNING_ROWS
    if not isinstance(X, np.ndarray):
        n_rows = min(n_rows, rows_of_block(X.shape[1]))
    coordinates = X[slice(0, n_rows)] @ modes.T - mean @ modes.T
    coordinates = coordinates.astype(float)
    coordinates /= np.abs(coordinates).max(axis=0).clip(np.finfo(float).tiny)
    sizes, skewness = (np.sum(c**3, axis=0) for c in (abs(coordinates), coordinates))
    is_skewed = np.abs(skewness) > SYMMETRIC * sizes
    signs = np.where(is_skewed, skewness, coordinates[0])
    return modes * np.where(signs < 0, -1, 1).astype(modes.dtype)[:, None]


def _decompose(X, n_modes, random_state):
    """Mean, singular values, modes, sum of squares and extremes of an array."""
    mean = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    if min(X.shape) <= 2 * (n_modes + N_OVERSAMPLES):
        _, singular, modes = np.linalg.svd(X - mean, full_matrices=False)
    else:
        singular, modes = _randomized_svd(X, mean, n_modes, random_state)
    extremes = X.min(axis=0), X.max(axis=0)
    return mean, singular, modes, _centred_sum_of_squares(X, mean), extremes


# With threads each small block waits for a second core, which another program may have.
@one_thread()
def _centred_sum_of_squares(X, mean, n_rows=32):
    blocks = (X[i : i + n_rows] - mean for i in range(0, len(X), n_rows))
    return float(sum(np.vdot(block, block) for block in blocks))


def _randomized_svd(X, mean, n_modes, random_state):
    """Leading singular values and right vectors of X - mean, without copying X.

    The rows are projected onto the block Krylov space of a random sketch [1]_.

    References
    ----------
    .. [1] C. Musco, C. Musco, "Randomized block Krylov methods for stronger and faster
       approximate singular value decomposition", NeurIPS 2015.
    """
    size = n_modes + N_OVERSAMPLES
    sketch = random_state.standard_normal((X.shape[1], size)).astype(X.dtype)
    left, right = np.empty((len(X), 0), X.dtype), []
    for _ in range(N_KRYLOV):
        rows = _apart(X @ sketch - mean @ sketch, left)
        # Reads the rows of X in order, unlike X.T @ rows.
        right.append((rows.T @ X).T - np.outer(mean, rows.sum(axis=0)))
        left, sketch = np.hstack([left, rows]), _orthonormal(right[-1])
    with one_thread():
        _, singular, modes = np.linalg.svd(np.hstack(right).T, full_matrices=False)
    return singular[:n_modes], modes[:n_modes]


def _apart(columns, known):
    """Return an orthonormal basis of columns, orthogonal to that of others."""
    # Twice, since rounding leaves a part the first time.
    for _ in range(2):
        columns = _orthonormal(columns - known @ (known.T @ columns))
    return columns


@one_thread()
def _orthonormal(columns):
    return np.linalg.qr(columns)[0]


def _decompose_rows(X, n_modes, random_state):
    """As `_decompose`, in few passes over blocks of rows and in double precision.

    A sketch of the rows is multiplied by the Gram matrix of the columns, never formed,
    again and again, and the data on the span of all of them are reduced to a triangle
    (QR factors of blocks, stacked and factored again), so that no singular value is
    squared in the end.
    """
    total, lowest, highest = X.reduce(_summary, _merge_summaries)
    mean = (total / len(X)).astype(X.dtype)
    size = n_modes + N_OVERSAMPLES
    if min(X.shape) <= 2 * size:
        # As wide as the data: exact.
        size = min(X.shape)
    sketch = random_state.standard_normal((X.shape[1], size))
    sketch = _orthonormal(X.reduce(_gram_product, np.add, mean, sketch))
    if size < min(X.shape):
        further = X.reduce(_gram_product, np.add, mean, sketch)
        sketch = np.hstack([sketch, _apart(further, sketch)])
    triangle, total = X.reduce(_triangle, _merge_triangles, mean, sketch)
    _, singular, right = np.linalg.svd(triangle, full_matrices=False)
    modes = (right[:n_modes] @ sketch.T).astype(X.dtype)
    return mean, singular[:n_modes], modes, total, (lowest, highest)


def _summary(block):
    total = block.sum(axis=0, dtype=np.float64)
    return total, block.min(axis=0), block.max(axis=0)


def _merge_summaries(one, other):
    total, lowest, highest = zip(one, other, strict=True)
    return total[0] + total[1], np.minimum(*lowest), np.maximum(*highest)


def _gram_product(block, mean, sketch):
    centred = np.subtract(block, mean, dtype=np.float64)
    return centred.T @ (centred @ sketch)


def _triangle(block, mean, sketch):
    centred = np.subtract(block, mean, dtype=np.float64)
    square = float(np.einsum("ij,ij->", centred, centred))
    return np.linalg.qr(centred @ sketch, mode="r"), square


def _merge_triangles(one, other):
    triangle = np.linalg.qr(np.vstack([one[0], other[0]]), mode="r")
    return triangle, one[1] + other[1]
