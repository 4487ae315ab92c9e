"""Sharpen a linear encoder: latents that predict themselves and everything else.

For a linear encoder W the best equations dz/dt = Xi Theta(z) and the best polynomial
decoder are linear solves. Eliminating both (variable projection, Golub and Pereyra
1973, SIAM J. Numer. Anal. 10:413) leaves a least-squares problem in the few entries of
W, which Levenberg-Marquardt solves in some ten steps, to rounding where the snapshots
are a polynomial of a linear image of themselves.
"""

from operator import itemgetter

import numpy as np
import torch
from scipy import sparse

from symdisc._numerics.features import Monomials, affordable_degree
from symdisc._numerics.levenberg_marquardt import least_squares

MAX_ROWS = 2000
MAX_EVALUATIONS = 60
TOLERANCE = 1e-10
# Candidate equations at least of this degree: a start for any library.
MIN_DEGREE = 2


def polish_start(
    start,
    curve,
    weights,
    degree,
    weak=None,
    *,
    max_evaluations=MAX_EVALUATIONS,
    max_rows=MAX_ROWS,
    tol=TOLERANCE,
):
    """Descend from a linear encoder on equation and reconstruction error together.

    Parameters
    ----------
    start : tensor of shape (rank, n_modes)
        Encoder.
    curve : sequence of tensor of shape (n_samples, n_modes)
        Whitened coordinates and, where known, their velocity and, for equations of
        second order, their acceleration.
    weights : tensor of shape (n_modes,)
        Weight of each coordinate's squared error.
    degree : int
        Degree of the polynomial equations.
    weak : WeakForm, optional
        The equations are integrated over its windows, and the highest derivative in
        `curve` is not used.
    max_evaluations : int, default=60
    max_rows : int, default=2000
        Rows, at equal steps, that are predicted.
    tol : float, default=1e-10
        Relative change that ends it.

    Returns
    -------
    tensor of shape (rank, n_modes)
        In float64; encoder with rows that span the subspace found.
    """
    options = {"max_evaluations": max_evaluations, "max_rows": max_rows, "tol": tol}
    return _descend(start, curve, weights, degree, weak, **options)[0]


def polish_best(starts, curve, weights, degree, weak=None, **few):
    """Descend from the best of several linear encoders, after some steps of each.

    Parameters
    ----------
    starts : sequence of tensor of shape (rank, n_modes)
        Encoders.
    curve, weights, degree, weak
        See `polish_start`.
    **few
        Evaluations, rows and tolerance of the first steps.

    Returns
    -------
    tensor of shape (rank, n_modes)
    """
    known = curve, weights, degree, weak
    if len(starts) > 1:
        found = [_descend(start, *known, **few) for start in starts]
        starts = [min(found, key=itemgetter(1))[0]]
    return polish_start(starts[0], *known, tol=few["tol"])


def _descend(start, curve, weights, degree, weak, *, max_evaluations, max_rows, tol):
    """Return an encoder, and its sum of squares."""
    frame = np.linalg.qr(start.double().cpu().numpy().T)[0].T
    if len(frame) == frame.shape[1]:
        return torch.from_numpy(frame), 0.0
    rows = slice(None, None, -(-len(curve[0]) // max_rows))
    points = curve[0][rows].numpy()
    *state, rates = (c.numpy() for c in curve)
    if not state:
        # Without derivatives: one equation, of nothing.
        state, rates = [points], np.zeros((1, points.shape[1]))
        average = sparse.csr_array((1, len(points)))
    elif weak is None:
        state, rates = [c[rows] for c in state], rates[rows]
        average = sparse.csr_array(sparse.identity(len(rates)))
    else:
        average, rates = weak.average, weak.derivative @ state[0]
    equations = state, rates, average
    weights = np.sqrt(weights.numpy())
    problem = _Projection(frame, points, equations, weights, max(degree, MIN_DEGREE))
    start = np.zeros(problem.n_entries)
    entries, left = least_squares(
        problem.residual, problem.jacobian, start, max_evaluations, tol=tol
    )
    return torch.from_numpy(problem.encoder(entries)), left @ left


class _Projection:
    """Residuals, with equations and decoder eliminated, as a function of the encoder.

    The encoder is frame + B complement: one matrix B for each subspace near the
    start, so that no freedom of scale or rotation is left. `points` are decoded;
    `equations` are the state, its rates, and the matrix that averages the candidate
    functions of the state to go with the rates.
    """

    def __init__(self, frame, points, equations, weights, degree):
        self.frame, self.points = frame, points
        self.state, self.rates, self.average = equations
        rank, n_modes = frame.shape
        self.complement = np.linalg.svd(frame)[2][rank:]
        self.n_entries = rank * (n_modes - rank)
        self.library = Monomials(len(self.state) * rank, degree)
        self.decoder = Monomials(rank, affordable_degree(rank))
        size = np.sqrt(np.mean((self.rates @ frame.T) ** 2, axis=0))
        size[size == 0] = 1.0
        self.rate_scale = 1 / size / np.sqrt(len(self.rates) * rank)
        self.error_scale = weights / np.sqrt(np.sum(weights**2) * len(points))

    def encoder(self, entries):
        return self.frame + entries.reshape(len(self.frame), -1) @ self.complement

    def _fits(self, entries):
        """Both regressions: inputs, Q of the features, targets, coefficients."""
        encoder = self.encoder(entries)
        state = torch.from_numpy(np.hstack([c @ encoder.T for c in self.state]))
        latents = torch.from_numpy(self.points @ encoder.T)
        fits = []
        for inputs, features, target in (
            (state, self.average @ self.library(state).numpy(), self.rates @ encoder.T),
            (latents, self.decoder(latents).numpy(), self.points),
        ):
            q, r = np.linalg.qr(features)
            coefficients = np.linalg.lstsq(r, q.T @ target, rcond=None)[0]
            fits.append((inputs, q, target, coefficients))
        return fits

    def residual(self, entries):
        rates, errors = (
            target - q @ (q.T @ target) for _, q, target, _ in self._fits(entries)
        )
        scaled = rates * self.rate_scale, errors * self.error_scale
        return np.concatenate([part.ravel() for part in scaled])

    def jacobian(self, entries):
        """Kaufman's approximation (1975, BIT 15:49): features change, fits do not."""
        fits = self._fits(entries)
        moves = [c @ self.complement.T for c in (*self.state, self.rates, self.points)]
        blocks = [self._column_block(i, fits, moves) for i in range(len(self.frame))]
        return np.concatenate(blocks, axis=1)

    def _column_block(self, i, fits, moves):
        """Change of the residual with the entries of row i of the encoder."""
        (state, q_rates, _, xi), (latents, q_errors, _, decoder) = fits
        *state_moves, rate_moves, point_moves = moves
        rank = len(self.frame)
        change = 0.0
        for derivative, move in enumerate(state_moves):
            slope = _slope(self.library, state, derivative * rank + i) @ xi
            change = change + slope[:, :, None] * move[:, None]
        change = self.average @ change.reshape(len(change), -1)
        rates = -change.reshape(len(rate_moves), rank, -1)
        rates[:, i] += rate_moves
        slope = _slope(self.decoder, latents, i) @ decoder
        errors = -slope[:, :, None] * point_moves[:, None]
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
