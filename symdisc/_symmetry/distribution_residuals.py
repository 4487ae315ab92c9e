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

from symdisc._data.splits import independent_blocks
from symdisc._numerics.norm_bounds import Spread
from symdisc._symmetry.residuals import Residuals

# Half as many waves cos(w . u + b), at two phases that are a quarter apart. Their w . u
# have these standard deviations on white data.
N_TESTS = 256
SCALES = (1.0, 2.0)
MAX_ROWS = 20000


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
        n, n_slots, k = stacked.shape
        frequencies = random.standard_normal((N_TESTS // 2, n_slots, k))
        frequencies *= random.choice(SCALES, (N_TESTS // 2, 1, 1))
        frequencies /= np.sqrt(n_slots * k)
        phases = np.einsum("nsk,tsk->nt", stacked, frequencies, optimize=True)
        self.slopes = np.hstack([np.sin(phases), np.cos(phases)])
        self.frequencies = frequencies = np.concatenate([frequencies, frequencies])
        column = np.broadcast_to(np.reshape(constants, (n_slots, 1)), (n, n_slots, 1))
        self.stacked = np.concatenate([stacked, column], axis=2)
        flat = stacked.reshape(n, -1)
        self.blocks = independent_blocks(flat, groups)
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
            products = np.einsum("nb,nd->nbd", *pairs).reshape(n, -1)
            moments = (squares.T @ products / n).reshape(-1, width, width)
            pairs = self.frequencies[:, s], self.frequencies[:, r]
            size = size + np.einsum("ta,tc,tbd->abcd", *pairs, moments)
        n_maps = width * (width - 1)
        return size.reshape(n_maps, n_maps) / N_TESTS

    def noise(self, flat, removed):
        """See `Residuals.noise`."""
        moved = np.einsum("nsb,ab->nsa", self.stacked, flat.reshape(self.shape))
        turned = np.einsum("nsa,tsa->nt", moved, self.frequencies, optimize=True)
        changes = self.slopes * turned
        n, n_blocks = len(changes), int(self.blocks.max()) + 1
        if n_blocks < 2:  # one block does not tell how much others would differ
            size = float(flat @ self.size @ flat)
            return Spread(size, size**2, size), np.zeros((len(removed), 1))
        changes = (changes - changes.mean(axis=0)) / np.sqrt(N_TESTS / 2) / n
        if n_blocks < n:
            order = np.argsort(self.blocks, kind="stable")
            starts = np.searchsorted(self.blocks[order], np.arange(n_blocks))
            changes = np.add.reduceat(changes[order], starts, axis=0)
        changes *= np.sqrt(n_blocks / self.dof)
        inner = changes @ removed.T
        outside = changes - inner @ removed
        small = outside.T @ outside if n_blocks > N_TESTS else outside @ outside.T
        return Spread.of(small), inner.T
