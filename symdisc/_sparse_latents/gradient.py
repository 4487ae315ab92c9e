"""The loss of a `SparseMotion` with its gradient, by the chain rule backwards.

Descents evaluate it thousands of times for some hundred rows. A graph of operations
takes several times as long to build as to compute.
"""

from functools import cached_property

import numpy as np
import torch
from scipy import sparse
from scipy.linalg import lapack

from symdisc._numerics.monomial_table import MonomialTable

TINY = 1e-300


class MotionGradient:
    """Gradient of the loss along encoder and shift.

    Parameters
    ----------
    motion : SparseMotion
    ridge : float
        Relative size of what is added to normal equations.
    """

    def __init__(self, motion, ridge):
        self.motion, self.ridge = motion, ridge
        self.curve = [part.numpy() for part in motion.curve]
        self.columns = [np.ascontiguousarray(part.T) for part in self.curve]
        self.centred = self.curve[0] - self.curve[0].mean(axis=0)
        self.covariance = self.centred.T @ self.centred / len(self.centred)
        self.windows = None
        if motion.average is not None:
            self.windows = [_as_csr(m) for m in (motion.average, motion.derivative)]

    @cached_property
    def candidates(self):
        """Table of the library, where it is of monomials."""
        library = self.motion.library
        return MonomialTable.of_expressions(library.expressions, library.symbols)

    @cached_property
    def decoder(self):
        """Table of the monomials of the decoder."""
        factors = self.motion.decoder.monomials.factors.numpy()
        n = self.motion.decoder.monomials.n_variables
        return MonomialTable(
            [tuple((f == i).sum() for i in range(1, n + 1)) for f in factors.T]
        )

    @cached_property
    def decoded(self):
        """What the decoder predicts, frequencies, phases, and memory for features.

        New memory for every evaluation takes longer than the arithmetic.
        """
        targets = np.ascontiguousarray(self.curve[0][:, : self.motion.n_decoded])
        frequencies, phases = _arrays(self.motion.decoder.cosines)
        shape = self.decoder.n_terms + len(phases), len(targets)
        memory = np.empty(shape), np.empty(shape)
        return targets, frequencies, phases[:, None], memory

    def of_snapshots(self, encoder):
        """Return E_x and its gradient.

        Parameters
        ----------
        encoder : ndarray of shape (k, n_modes)

        Returns
        -------
        float, ndarray of shape (k, n_modes)
        """
        moved = encoder @ self.covariance
        covariance = moved @ encoder.T
        identity = np.eye(len(encoder))
        size = self.ridge * covariance.diagonal().mean()
        factor = np.linalg.cholesky(covariance + size * identity)
        inverse = np.linalg.inv(factor)
        white = inverse @ encoder
        lost, along = self._decoded_from(white @ self.centred.T)
        gradient = inverse.T @ along
        turned = _of_cholesky(factor, inverse, -np.tril(gradient @ white.T))
        turned += self.ridge * np.trace(turned) / len(encoder) * identity
        return lost, gradient + 2 * turned @ moved

    def _decoded_from(self, points):
        """Return E_x of white latents (k, n), and its gradient along their encoder."""
        n, total = self.decoder.n_terms, float(self.motion.total)
        targets, frequencies, phases, (features, slopes) = self.decoded
        self.decoder.values(points, out=features[:n])
        angles = np.matmul(frequencies.T, points, out=slopes[n:])
        angles += phases
        # Those of torch are vectorised, and take a tenth of the time of numpy's.
        angles = torch.from_numpy(angles)
        torch.cos(angles, out=torch.from_numpy(features[n:]))
        sines = angles.sin().numpy()
        normal = NormalEquations(features, targets, self.ridge)
        found = normal.solve(normal.cross) / normal.size[:, None]
        left = targets - features.T @ found
        # At its minimum over the coefficients E_x does not change with them.
        np.matmul((-2 / total) * found, left.T, out=slopes)
        along = self.decoder.pull_back(features[:n], slopes[:n])
        sines *= slopes[n:]
        along -= frequencies @ sines
        return np.vdot(left, left) / total, along @ self.centred

    def of_rates(self, encoder, shift, weight, mu, delta, support=None):
        """Return E_v, the count of the terms, and the gradient of both together.

        Parameters
        ----------
        encoder : ndarray of shape (k, n_modes)
        shift : ndarray of shape (k,)
        weight : callable
            Maps E_v to the derivative of the loss by it.
        mu, delta : float
            Weight of the count, and the share that counts half.
        support : ndarray of bool, of shape (n_terms, k), optional

        Returns
        -------
        error, count : float
        gradient : ndarray of shape (k, n_modes)
        along_shift : ndarray of shape (k,)
        """
        size, unit, state = self.state(encoder, shift)
        values, pull_back = self.evaluated(state)
        values, rates = self.observed(values, state)
        error, count, along = _regressed(
            *(values, rates, self.ridge, weight, mu, delta, support)
        )
        along_values, along_rates = along
        if self.windows:
            average, derivative = self.windows
            along_values = (average.T @ along_values.T).T
        slopes = pull_back(along_values).reshape(-1, *state[0].shape)
        of_state = [*slopes, along_rates]
        if self.windows:
            of_state[0] += (derivative.T @ along_rates.T).T
            of_state.pop()
        pairs = zip(of_state, self.curve, strict=False)
        gradient = sum(slopes @ part for slopes, part in pairs)
        gradient = gradient / size[:, None]
        if not self.motion.has_unit:
            along_size = -(gradient * unit).sum(axis=1)
            gradient += along_size[:, None] * (unit @ self.covariance)
        return error, count, gradient, of_state[0].sum(axis=1)

    def of_axes(self, encoder):
        """Return the logarithm of the determinant of the correlation, and its gradient.

        Parameters
        ----------
        encoder : ndarray of shape (k, n_modes)

        Returns
        -------
        float, ndarray of shape (k, n_modes)
        """
        moved = encoder @ self.covariance
        covariance = moved @ encoder.T
        variances = covariance.diagonal()
        value = np.linalg.slogdet(covariance)[1] - np.log(variances).sum()
        inverse = np.linalg.inv(covariance)
        return value, 2 * (inverse @ moved - moved / variances[:, None])

    def state(self, encoder, shift):
        """Return sizes of latents, the encoder in units of them, latents and rates.

        Parameters
        ----------
        encoder : ndarray of shape (k, n_modes)
        shift : ndarray of shape (k,)

        Returns
        -------
        size : ndarray of shape (k,)
        unit : ndarray of shape (k, n_modes)
        state : list of ndarray of shape (k, n)
        """
        size = np.ones(len(encoder))
        if not self.motion.has_unit:
            size = np.sqrt(((encoder @ self.covariance) * encoder).sum(axis=1))
        unit = encoder / size[:, None]
        state = [unit @ part for part in self.columns]
        state[0] += shift[:, None]
        return size, unit, state

    def observed(self, values, state):
        """Return candidates and rates of rows, or of windows of them: (n_terms, n)."""
        if not self.windows:
            return values, state[-1]
        average, derivative = self.windows
        return (average @ values.T).T, (derivative @ state[0].T).T

    def evaluated(self, state):
        """Return candidates, of shape (n_terms, n), and what pulls slopes back.

        Parameters
        ----------
        state : list of ndarray of shape (k, n)
            The last, of rates, is not used.

        Returns
        -------
        values : ndarray
        pull_back : callable
            Maps slopes along candidates to slopes along the state.
        """
        points = np.vstack(state[:-1])
        if self.candidates is not None:
            values = self.candidates.values(points)
            return values, lambda slopes: self.candidates.pull_back(values, slopes)
        known = torch.from_numpy(points.T.copy()).requires_grad_()
        with torch.enable_grad():
            terms = self.motion.library.evaluate(known)

        def pull_back(slopes):
            slopes = torch.from_numpy(np.ascontiguousarray(slopes.T))
            (along,) = torch.autograd.grad(terms, known, slopes, retain_graph=True)
            return along.numpy().T

        return terms.detach().numpy().T, pull_back


class NormalEquations:
    """Those of a regression on candidates, each divided by its root mean square.

    Parameters
    ----------
    values : ndarray of shape (n_terms, n)
    targets : ndarray of shape (n, k)
    ridge : float
        What is added to the diagonal, which is of ones.
    """

    def __init__(self, values, targets, ridge):
        n = values.shape[1]
        gram = values @ values.T / n
        size = np.sqrt(gram.diagonal())
        self.size = np.where(size > TINY, size, 1.0)
        self.gram = gram / np.outer(self.size, self.size)
        self.cross = values @ targets / (n * self.size[:, None])
        self.ridge = ridge

    def solve(self, wanted, support=None):
        """Solve for each column, with the candidates that it has; others are zero."""
        if support is None or support.all():
            return self._solve(slice(None), wanted)
        found = np.zeros_like(wanted)
        for j, kept in enumerate(support.T):
            found[kept, j] = self._solve(np.flatnonzero(kept), wanted[kept, j])
        return found

    def _solve(self, kept, wanted):
        gram = self.gram[kept][:, kept].copy()
        gram.flat[:: len(gram) + 1] += self.ridge
        factor, failed = lapack.dpotrf(gram, lower=True)
        if failed:
            return np.full_like(wanted, np.nan)
        return lapack.dpotrs(factor, wanted, lower=True)[0]


def _regressed(values, rates, ridge, weight, mu, delta, support):
    """Return E_v, the count, and the slopes of the loss along candidates and rates.

    Slopes are combinations of rates, what is left of them, and candidates.
    """
    k, n = rates.shape
    normal = NormalEquations(values, rates.T, ridge)
    size, found = normal.size[:, None], normal.solve(normal.cross, support)
    left = rates - (found / size).T @ values
    square = rates @ rates.T
    speed = np.sqrt(square.diagonal() / n)
    square += 1e-14 * square.diagonal().mean() * np.eye(k)
    inverse, squared = np.linalg.inv(square), left @ left.T
    error = np.trace(inverse @ squared) / k
    share = np.abs(found) / speed
    along_error, count = weight(error) / k, np.log(share**2 + delta**2).sum()
    of_left = 2 * along_error * inverse
    along_share = 2 * mu * share / (share**2 + delta**2)
    features_left = values @ left.T / size @ of_left
    along_found = along_share * np.sign(found) / speed - features_left
    solved = normal.solve(along_found, support) / n
    mixed = solved @ found.T
    mixed += mixed.T
    along_size = (solved * normal.cross).sum(axis=1)
    along_size -= (mixed * normal.gram).sum(axis=1)
    along_size -= (found * features_left).sum(axis=1) / n
    mixed.flat[:: len(mixed) + 1] += along_size
    along_values = (solved / size) @ rates - (found @ of_left / size) @ left
    along_values -= (mixed / size / size.T) @ values
    of_rates = 2 * along_error * inverse @ squared @ inverse
    of_rates.flat[:: k + 1] += (along_share * share).sum(axis=0) / (n * speed**2)
    along_rates = of_left @ left + (solved / size).T @ values - of_rates @ rates
    return error, count, (along_values, along_rates)


def _of_cholesky(factor, inverse, along):
    """Return the slope along a matrix of what has one along its Cholesky factor [1]_.

    References
    ----------
    .. [1] S. P. Smith, "Differentiation of the Cholesky algorithm", Journal of
       Computational and Graphical Statistics 4 (1995), 134-147.
    """
    inner = np.tril(factor.T @ along)
    inner.flat[:: len(inner) + 1] /= 2
    slope = inverse.T @ inner @ inverse
    return (slope + slope.T) / 2


def _arrays(cosines):
    return cosines.frequencies.numpy(), cosines.phases.numpy()


def _as_csr(matrix):
    places, values = matrix.indices().numpy(), matrix.values().numpy()
    return sparse.csr_array((values, tuple(places)), shape=tuple(matrix.shape))
