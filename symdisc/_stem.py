"""Proper orthogonal decomposition (POD): the linear stem in front of the autoencoder.

On the span of the data, the first and last linear layers of an autoencoder see only
POD coordinates, and an orthonormal basis preserves squared error. Training on these
few coordinates therefore minimises the same objective at a hundredth of the cost.
"""

from dataclasses import dataclass, replace

import numpy as np

# Modes beyond this residual fraction of the variance are left out: 1e-7 is far below
# the reconstruction error of any latent space with fewer dimensions than modes.
RESIDUAL_VARIANCE = 1e-7
MAX_MODES = 32
N_OVERSAMPLES = 8
N_POWER_ITERATIONS = 2


@dataclass(frozen=True)
class Stem:
    """Orthonormal modes of a data set and the spread of the data along them.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
    modes : ndarray of shape (n_modes, n_features)
        Orthonormal rows, leading mode first.
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
        """Return the stem of the leading modes alone."""
        left_out = float(np.sum(self.scale[n_modes:].astype(float) ** 2))
        return replace(
            self,
            modes=self.modes[:n_modes],
            scale=self.scale[:n_modes],
            residual=self.residual + left_out * self.n_samples,
        )

    def coordinates(self, X):
        """Return the whitened POD coordinates of `X`, shape (n_samples, n_modes)."""
        return (X @ self.modes.T - self.mean @ self.modes.T) / self.scale

    def push_forward(self, X_dot):
        """Return the velocity of the coordinates, given that of the data."""
        return X_dot @ self.modes.T / self.scale


def fit_stem(
    X,
    *,
    min_modes,
    random_state,
    max_modes=MAX_MODES,
    residual_variance=RESIDUAL_VARIANCE,
):
    """Find the modes that hold all but `residual_variance` of the variance of `X`.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    min_modes : int
        Number of modes to keep at least, as far as the rank of the data allows.
    random_state : numpy.random.RandomState
        Draws the sketch of the randomised decomposition (Halko, Martinsson and Tropp,
        2011, SIAM Review 53:217).
    max_modes : int, default=32
        Number of modes to keep at most, unless `min_modes` is larger.
    residual_variance : float, default=1e-7
        Fraction of the variance that may be left out.

    Returns
    -------
    Stem
    """
    mean = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    n_modes = min(max(max_modes, min_modes), *X.shape)
    if min(X.shape) <= 2 * (n_modes + N_OVERSAMPLES):
        _, singular, modes = np.linalg.svd(X - mean, full_matrices=False)
    else:
        singular, modes = _randomized_svd(X, mean, n_modes, random_state)
    singular = singular.astype(np.float64)
    # Below this, singular values are the rounding of X and of its mean.
    eps = np.finfo(X.dtype).eps
    rank = np.sum(singular > eps * max(X.max(), -X.min()) * np.sqrt(X.size))
    if rank == 0 or (X.max(axis=0) == X.min(axis=0)).all():
        raise ValueError(
            "X is constant: every row is the same snapshot, so there is no latent "
            "space to find. Pass rows that differ, e.g. a longer trajectory."
        )
    total = _centred_sum_of_squares(X, mean)
    held = np.cumsum(singular**2)
    residual_variance = max(residual_variance, 10 * eps)
    enough = np.searchsorted(held, (1 - residual_variance) * total) + 1
    n_modes = min(max(enough, min_modes), rank, n_modes)
    scale = (singular[:n_modes] / np.sqrt(len(X))).astype(X.dtype)
    residual = float(max(total - held[n_modes - 1], 0.0))
    return Stem(mean, modes[:n_modes], scale, residual, total, len(X))


def _centred_sum_of_squares(X, mean, n_rows=256):
    blocks = (X[i : i + n_rows] - mean for i in range(0, len(X), n_rows))
    return float(sum(np.einsum("ij,ij->", block, block) for block in blocks))


def _randomized_svd(X, mean, n_modes, random_state):
    """Leading singular values and right vectors of X - mean, without copying X."""
    size = n_modes + N_OVERSAMPLES
    sketch = random_state.standard_normal((X.shape[1], size)).astype(X.dtype)
    for _ in range(N_POWER_ITERATIONS + 1):
        rows, _ = np.linalg.qr(X @ sketch - mean @ sketch)
        columns = X.T @ rows - np.outer(mean, rows.sum(axis=0))
        sketch, _ = np.linalg.qr(columns)
    _, singular, modes = np.linalg.svd(columns.T, full_matrices=False)
    return singular[:n_modes], modes[:n_modes]
