"""Sharpen a linear encoder: latents that predict themselves and everything else.

For a linear encoder W the best equations dz/dt = Xi Theta(z) and the best polynomial
decoder are linear solves. Eliminating both (variable projection, Golub and Pereyra
1973, SIAM J. Numer. Anal. 10:413) leaves a least-squares problem in the few entries of
W, which Levenberg-Marquardt solves in some ten steps, to rounding where the snapshots
are a polynomial of a linear image of themselves.
"""

import numpy as np
import torch
from scipy.optimize import least_squares

from symdisc._monomials import Monomials, affordable_degree

MAX_ROWS = 2000
MAX_EVALUATIONS = 60
# Equation and reconstruction error count relative to what is left of each: exact
# snapshots are not to be bent for the sake of derivatives from differences.
N_WEIGHTINGS = 4
SMALLEST_ERROR = 1e-12
# Candidate equations at least of this degree: a start for any library.
MIN_DEGREE = 2


def polish_start(start, curve, weights, degree):
    """Descend from a linear encoder on equation and reconstruction error together.

    Parameters
    ----------
    start : tensor of shape (rank, n_modes)
        Encoder.
    curve : sequence of tensor of shape (n_samples, n_modes)
        Whitened coordinates, their velocity and, for equations of second order,
        their acceleration.
    weights : tensor of shape (n_modes,)
        Weight of each coordinate's squared error.
    degree : int
        Degree of the polynomial equations.

    Returns
    -------
    tensor of shape (rank, n_modes)
        In float64; encoder with rows that span the subspace found.
    """
    frame = np.linalg.qr(start.double().cpu().numpy().T)[0].T
    if len(frame) == frame.shape[1]:
        return torch.from_numpy(frame)
    step = -(-len(curve[0]) // MAX_ROWS)
    curve = [c[::step].numpy() for c in curve]
    weights = np.sqrt(weights.numpy())
    problem = _Projection(frame, curve, weights, max(degree, MIN_DEGREE))
    entries = np.zeros(problem.n_entries)
    for _ in range(N_WEIGHTINGS):
        entries = least_squares(
            problem.residual,
            entries,
            problem.jacobian,
            x_scale="jac",
            max_nfev=MAX_EVALUATIONS,
            ftol=1e-10,
            xtol=1e-10,
        ).x
        problem.reweigh(entries)
    return torch.from_numpy(problem.encoder(entries))


class _Projection:
    """Residuals, with equations and decoder eliminated, as a function of the encoder.

    The encoder is frame + B complement: one matrix B for each subspace near the
    start, so that no freedom of scale or rotation is left.
    """

    def __init__(self, frame, curve, weights, degree):
        self.frame, self.curve = frame, curve
        rank, n_modes = frame.shape
        self.complement = np.linalg.svd(frame)[2][rank:]
        self.n_entries = rank * (n_modes - rank)
        order = len(curve) - 1
        self.library = Monomials(order * rank, degree)
        self.decoder = Monomials(rank, affordable_degree(rank))
        n = len(curve[0])
        rates = curve[-1] @ frame.T
        size = np.sqrt(np.mean(rates**2, axis=0))
        self.rate_scale = 1 / np.where(size > 0, size, 1.0) / np.sqrt(n * rank)
        self.error_scale = weights / np.sqrt(np.sum(weights**2) * n)

    def encoder(self, entries):
        return self.frame + entries.reshape(len(self.frame), -1) @ self.complement

    def _fits(self, entries):
        """Latent curve and both regressions: (Q of the features, coefficients)."""
        latents = [c @ self.encoder(entries).T for c in self.curve]
        state = torch.from_numpy(np.hstack(latents[:-1]))
        fits = []
        for module, points, target in (
            (self.library, state, latents[-1]),
            (self.decoder, torch.from_numpy(latents[0]), self.curve[0]),
        ):
            q, r = np.linalg.qr(module(points).numpy())
            fits.append((q, np.linalg.lstsq(r, q.T @ target, rcond=None)[0]))
        return latents, state, fits

    def residual(self, entries):
        latents, _, fits = self._fits(entries)
        rates, errors = (
            target - q @ (q.T @ target)
            for target, (q, _) in zip((latents[-1], self.curve[0]), fits, strict=True)
        )
        scaled = rates * self.rate_scale, errors * self.error_scale
        return np.concatenate([part.ravel() for part in scaled])

    def reweigh(self, entries):
        """Divide equation and reconstruction errors by what is left of each."""
        residual = self.residual(entries)
        n_rates = len(self.curve[0]) * len(self.frame)
        rates, errors = residual[:n_rates], residual[n_rates:]
        self.rate_scale /= max(np.linalg.norm(rates), SMALLEST_ERROR)
        self.error_scale /= max(np.linalg.norm(errors), SMALLEST_ERROR)

    def jacobian(self, entries):
        """Kaufman's approximation (1975, BIT 15:49): features change, fits do not."""
        latents, state, fits = self._fits(entries)
        moves = [c @ self.complement.T for c in self.curve]
        blocks = [
            self._column_block(i, latents, state, fits, moves)
            for i in range(len(self.frame))
        ]
        return np.concatenate(blocks, axis=1)

    def _column_block(self, i, latents, state, fits, moves):
        """Change of the residual with the entries of row i of the encoder."""
        (q_rates, xi), (q_errors, decoder) = fits
        rank = len(self.frame)
        rates = np.zeros((*latents[0].shape, moves[0].shape[1]))
        rates[:, i] = moves[-1]
        for derivative, move in enumerate(moves[:-1]):
            slope = _slope(self.library, state, derivative * rank + i) @ xi
            rates -= slope[:, :, None] * move[:, None]
        points = torch.from_numpy(latents[0])
        slope = _slope(self.decoder, points, i) @ decoder
        errors = -slope[:, :, None] * moves[0][:, None]
        parts = []
        for part, q, scale in (
            (rates, q_rates, self.rate_scale),
            (errors, q_errors, self.error_scale),
        ):
            flat = part.reshape(len(part), -1)
            flat -= q @ (q.T @ flat)
            scaled = flat.reshape(part.shape) * scale[:, None]
            parts.append(scaled.reshape(-1, part.shape[-1]))
        return np.concatenate(parts)


def _slope(module, points, variable):
    direction = torch.zeros_like(points)
    direction[:, variable] = 1
    return module.push_forward(points, direction)[1].numpy()
