"""The loss of a `SparseMotion` with its gradient, by the chain rule backwards.

Descents evaluate it thousands of times for some hundred rows. A graph of operations
takes several times as long to build as to compute.
"""

from functools import cached_property

import numpy as np
import torch
from scipy import sparse

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
        self.centred = self.curve[0] - self.curve[0].mean(axis=0)
        self.covariance = self.centred.T @ self.centred / len(self.centred)
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

    def of_snapshots(self, encoder):
        """Return E_x and its gradient.

        Parameters
        ----------
        encoder : ndarray of shape (k, n_modes)

        Returns
        -------
        float, ndarray of shape (k, n_modes)
        """
        motion, moved = self.motion, encoder @ self.covariance
        covariance = moved @ encoder.T
        identity = np.eye(len(encoder))
        size = self.ridge * covariance.diagonal().mean()
        factor = np.linalg.cholesky(covariance + size * identity)
        inverse = np.linalg.inv(factor)
        white = inverse @ encoder
        points = _product(white, self.centred.T)
        products = self.decoder.values(points)
        frequencies, phases = _arrays(motion.decoder.cosines)
        # Those of torch are vectorised, and take a tenth of the time of numpy's.
        angles = torch.from_numpy(_product(frequencies.T, points) + phases[:, None])
        features = np.vstack([products, angles.cos().numpy()])
        targets = self.curve[0][:, : motion.n_decoded]
        scaled, size = _of_size_one(features)
        wanted = _product(scaled, targets)
        found = _solve(_factor(scaled, self.ridge), wanted)
        found /= len(targets) * size[:, None]
        left = targets - _product(features.T, found)
        total = float(motion.total)
        # At its minimum over the coefficients E_x does not change with them.
        slopes = _product((-2 / total) * found, left.T)
        n = len(products)
        along = self.decoder.pull_back(products, slopes[:n])
        along -= _product(frequencies, angles.sin().numpy() * slopes[n:])
        along = _product(along, self.centred)
        gradient = inverse.T @ along
        turned = _of_cholesky(factor, inverse, -np.tril(gradient @ white.T))
        turned += self.ridge * np.trace(turned) / len(encoder) * identity
        return (left**2).sum() / total, gradient + 2 * turned @ moved

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
        k, moved = len(encoder), encoder @ self.covariance
        size = np.ones(k)
        if not self.motion.has_unit:
            size = np.sqrt((moved * encoder).sum(axis=1))
        unit = encoder / size[:, None]
        state = [_product(part, unit.T) for part in self.curve]
        state[0] = state[0] + shift
        values, pull_back = self._evaluated(np.hstack(state[:-1]).T)
        rates = state[-1]
        if self.motion.average is not None:
            average, derivative = self.windows
            values, rates = (average @ values.T).T, derivative @ state[0]
        error, count, along = _regressed(
            *(values, rates, self.ridge, weight, mu, delta, support)
        )
        of_state = [np.zeros_like(part) for part in state]
        along_values, along_rates = along
        if self.motion.average is None:
            of_state[-1] += along_rates
        else:
            along_values = (average.T @ along_values.T).T
            of_state[0] += derivative.T @ along_rates
        for part, slopes in zip(
            of_state, np.split(pull_back(along_values), len(state) - 1), strict=False
        ):
            part += slopes.T
        pairs = zip(of_state, self.curve, strict=True)
        gradient = sum(_product(slopes.T, part) for slopes, part in pairs)
        gradient = gradient / size[:, None]
        if not self.motion.has_unit:
            along_size = -(gradient * unit).sum(axis=1)
            gradient += (along_size / size)[:, None] * moved
        return error, count, gradient, of_state[0].sum(axis=0)

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

    def _evaluated(self, points):
        """Candidates at points, of shape (n_terms, n), and what pulls slopes back."""
        if self.candidates is not None:
            values = self.candidates.values(points)
            return values, lambda slopes: self.candidates.pull_back(values, slopes)
        known = torch.from_numpy(points.T.copy()).requires_grad_()
        with torch.enable_grad():
            terms = self.motion.library.evaluate(known)

        def pull_back(slopes):
            slopes = torch.from_numpy(np.ascontiguousarray(slopes.T))
            return torch.autograd.grad(terms, known, slopes)[0].numpy().T

        return terms.detach().numpy().T, pull_back


def _regressed(values, rates, ridge, weight, mu, delta, support):
    """Return E_v, the count, and the slopes of the loss along candidates and rates."""
    n, k = rates.shape
    features, size = _of_size_one(values)
    factors = _factors(features, ridge, support, k)
    cross = _product(features, rates) / n
    found = _solve_each(factors, cross)
    left = rates - _product(features.T, found)
    square = rates.T @ rates
    square += 1e-14 * square.diagonal().mean() * np.eye(k)
    inverse, squared = np.linalg.inv(square), left.T @ left
    error = np.trace(inverse @ squared) / k
    speed = np.sqrt((rates**2).mean(axis=0))
    share = np.abs(found) / speed
    along_error, count = weight(error) / k, np.log(share**2 + delta**2).sum()
    along_left = 2 * along_error * left @ inverse
    along_share = 2 * mu * share / (share**2 + delta**2)
    along_found = along_share * np.sign(found) / speed
    along_found -= _product(features, along_left)
    solved = _solve_each(factors, along_found)
    mixed = solved @ found.T
    along_features = _product(solved / n, rates.T)
    along_features -= _product((mixed + mixed.T) / n, features)
    along_features -= _product(found, along_left.T)
    along_rates = along_left + _product(features.T, solved / n)
    along_rates -= 2 * along_error * rates @ (inverse @ squared @ inverse)
    along_rates -= (along_share * share).sum(axis=0) / (n * speed**2) * rates
    along_size = np.einsum("an,an->a", along_features, features) / n
    along_values = (along_features - along_size[:, None] * features) / size[:, None]
    return error, count, (along_values, along_rates)


def _product(a, b):
    """Multiply matrices by torch, which takes no more threads than it may."""
    return torch.mm(torch.from_numpy(a), torch.from_numpy(b)).numpy()


def _of_size_one(values):
    """Return rows divided by their root mean squares, and these."""
    size = np.sqrt(np.einsum("an,an->a", values, values) / values.shape[1])
    size = np.where(size > TINY, size, 1.0)
    return values / size[:, None], size


def _factor(features, ridge):
    gram = _product(features, features.T) / features.shape[1]
    gram.flat[:: len(gram) + 1] += ridge
    return torch.linalg.lu_factor(torch.from_numpy(gram))


def _solve(factor, wanted):
    return torch.linalg.lu_solve(*factor, torch.from_numpy(wanted)).numpy()


def _factors(features, ridge, support, k):
    """Return for each rate the candidates that it has, and factors of their matrix."""
    if support is None or support.all():
        return [(slice(None), _factor(features, ridge))] * k
    return [(kept, _factor(features[kept], ridge)) for kept in support.T]


def _solve_each(factors, wanted):
    """Solve for one column with each of several factors; other entries are zero."""
    found = np.zeros_like(wanted)
    for j, (kept, factor) in enumerate(factors):
        found[kept, j] = _solve(factor, wanted[kept, j, None])[:, 0]
    return found


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
