"""Which maps leave a distribution unchanged: the mean change of test functions.

LieGAN (Yang, Walters, Dehmamy and Yu, ICML 2023, arXiv:2302.00236) looks for generators
L such that no discriminator separates data moved by exp(wL) from the data. For small w
and discriminators from a space of functions this condition is linear in L: the mean of
every test function must not change along the flow, E[grad f(z) . L z] = 0. For the
functions of a Gaussian kernel that is the derivative of the maximum mean discrepancy
(Gretton, Borgwardt, Rasch, Schölkopf and Smola, JMLR 13 (2012), 723-773).

Test functions are waves f = cos(w . z + b). The defect is the root mean square over w
of E[grad f . L z], at the worst phase b, relative to that of grad f . L z itself, at
the average phase. It is one at the length scale of the waves: finer structure of a
distribution is not seen.
"""

import numpy as np
from scipy.stats import chi2

from symdisc._data.splits import independent_blocks
from symdisc._numerics.norm_bounds import Spread
from symdisc._symmetry.residuals import Residuals

# Half as many waves cos(w . u + b), at two phases that are a quarter apart. Their w . u
# have these standard deviations on white data.
N_TESTS = 256
SCALES = (1.0, 2.0)
MAX_ROWS = 20000
# Blocks of rows that are looked at together, so that their changes are near at hand.
CHUNK = 1000
# Rows beyond this quantile of normal data count in the size only as if they lay there.
BULK = 0.999
# Degrees of freedom of the t distribution whose scatter is fitted to the bulk.
T_DOF = 3.0
N_STEPS = 30
# Part of the scatter that every direction has.
FAINT = 1e-4


def robust_scatter(points):
    """Return the scatter matrix of a multivariate t distribution, around the origin.

    It is as large as the covariance of normal data with the same bulk.

    Parameters
    ----------
    points : ndarray of shape (n, k)

    Returns
    -------
    ndarray of shape (k, k)

    References
    ----------
    J. T. Kent and D. E. Tyler, "Redescending M-estimates of multivariate location and
    scatter", Annals of Statistics 19 (1991), 2102-2119.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.distribution_residuals import robust_scatter
    >>> points = np.random.default_rng(0).standard_normal((5000, 2))
    >>> points[:20] *= 100
    >>> robust_scatter(points).round(1) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """
    k = points.shape[1]
    # Vectors that are zero, such as rates at rest, have no length.
    points = points[points.any(axis=1)]
    if not len(points):
        return np.eye(k)
    n = len(points)
    floor = FAINT * np.trace(points.T @ points) / n * np.eye(k)
    scatter = points.T @ points / n + floor
    for _ in range(N_STEPS):
        distances = np.sum(points * np.linalg.solve(scatter, points.T).T, axis=1)
        weights = (T_DOF + k) / (T_DOF + distances)
        scatter = (points * weights[:, None]).T @ points / n + floor
    distances = np.sum(points * np.linalg.solve(scatter, points.T).T, axis=1)
    return scatter * np.median(distances) / chi2.ppf(0.5, k)


class DistributionResiduals(Residuals):
    """Residuals of maps of a distribution.

    Parameters
    ----------
    slots : sequence of ndarray of shape (n, k)
        White vectors that one map moves together, for example latents and their rates.
    constants : sequence of float
        The constant coordinate of each slot, 1 for points and 0 for rates, which no
        translation changes.
    groups : array-like of shape (n,), optional
    seed : int
        Draws the test functions.
    """

    def __init__(self, slots, constants, groups=None, seed=0):
        random = np.random.default_rng(seed)
        step = -(-len(slots[0]) // MAX_ROWS)
        stacked = np.stack(slots, axis=1)[::step]
        groups = None if groups is None else np.asarray(groups)[::step]
        blocks = independent_blocks(stacked.reshape(len(stacked), -1), groups)
        order = np.argsort(blocks, kind="stable")
        stacked, self.blocks = stacked[order], blocks[order]
        self.starts = np.searchsorted(self.blocks, np.arange(self.blocks.max() + 1))
        n, n_slots, k = stacked.shape
        frequencies = random.standard_normal((N_TESTS // 2, n_slots, k))
        frequencies *= random.choice(SCALES, (N_TESTS // 2, 1, 1))
        frequencies /= np.sqrt(n_slots * k)
        self.bulk = np.ones(n)
        for s in range(n_slots):
            # In units of the bulk: outliers would make all of it a point.
            scatter = robust_scatter(stacked[:, s])
            undo = np.linalg.inv(np.linalg.cholesky(scatter))
            frequencies[:, s] = frequencies[:, s] @ undo
            distances = np.sum((stacked[:, s] @ undo.T) ** 2, axis=1)
            far = chi2.ppf(BULK, k) / np.maximum(distances, 1e-300)
            self.bulk = np.minimum(self.bulk, far)
        phases = np.einsum("nsk,tsk->nt", stacked, frequencies, optimize=True)
        self.slopes = np.hstack([np.sin(phases), np.cos(phases)])
        self.frequencies = frequencies = np.concatenate([frequencies, frequencies])
        column = np.broadcast_to(np.reshape(constants, (n_slots, 1)), (n, n_slots, 1))
        self.stacked = np.concatenate([stacked, column], axis=2)
        # Mean change of each test function along each elementary map E_ab, z_b to a.
        moments = np.tensordot(self.slopes, self.stacked, axes=(0, 0)) / n
        means = np.einsum("tsa,tsb->abt", frequencies, moments)
        means = means.reshape(k * (k + 1), N_TESTS) / np.sqrt(N_TESTS / 2)
        size, dof = self._size(), max(int(self.blocks.max()), 1)
        super().__init__(means, size, (k, k + 1), dof, stacked[:, 0])

    def _size(self):
        """Mean square of the change of test functions."""
        n, n_slots, width = self.stacked.shape
        squares, size = self.slopes**2, 0.0
        for s, r in np.ndindex(n_slots, n_slots):
            pairs = self.stacked[:, s], self.stacked[:, r]
            products = np.einsum("n,nb,nd->nbd", self.bulk, *pairs).reshape(n, -1)
            moments = (squares.T @ products / n).reshape(-1, width, width)
            pairs = self.frequencies[:, s], self.frequencies[:, r]
            size = size + np.einsum("ta,tc,tbd->abcd", *pairs, moments)
        n_maps = width * (width - 1)
        return size.reshape(n_maps, n_maps) / N_TESTS

    def noise(self, flat, removed):
        """See `Residuals.noise`."""
        if len(self.starts) < 2:  # one block does not tell how much others would differ
            size = float(flat @ self.size @ flat)
            return Spread(size, size**2, size), np.zeros((len(removed), 1))
        covariance = self._covariance(flat)
        if not len(removed):
            return Spread.of(covariance), np.zeros((0, 1))
        inner = removed @ covariance
        outside = covariance - removed.T @ inner
        outside -= (outside @ removed.T) @ removed
        values, vectors = np.linalg.eigh(inner @ removed.T)
        return Spread.of(outside), vectors * np.sqrt(np.maximum(values, 0.0))

    def _covariance(self, flat):
        """Return that of the mean changes of test functions along a map."""
        turn = flat.reshape(self.shape).T
        # Of the constant coordinate and the others: the change of each phase.
        turned = (turn @ self.frequencies.transpose(1, 2, 0)).reshape(-1, N_TESTS)
        n, n_blocks = len(self.stacked), len(self.starts)
        ends = np.append(self.starts[1:], n)
        square, total, crossed = 0.0, 0.0, 0.0
        for first in range(0, n_blocks, CHUNK):
            starts, last = self.starts[first : first + CHUNK], first + CHUNK
            begin, end = starts[0], ends[min(last, n_blocks) - 1]
            changes = self.stacked[begin:end].reshape(end - begin, -1) @ turned
            changes *= self.slopes[begin:end]
            if n_blocks < n:
                changes = np.add.reduceat(changes, starts - begin, axis=0)
            square += changes.T @ changes
            total += changes.sum(axis=0)
            crossed += (ends[first:last] - starts) @ changes
        mean, size = total / n, float(np.sum((ends - self.starts) ** 2))
        square -= np.outer(crossed, mean) + np.outer(mean, crossed)
        square += size * np.outer(mean, mean)
        return square * (n_blocks / self.dof / (N_TESTS / 2) / n**2)
