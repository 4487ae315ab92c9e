"""Isomap latents for data without an injective linear projection, and their refinement.

The images of a pendulum form a nearly closed loop: no linear projection onto one axis
separates its two sides. Geodesic distances do (Isomap: Tenenbaum, de Silva and Langford
2000, Science 290:2319).

Any smooth function of an angle reconstructs as well as the angle. The equations select
one of these parametrisations. The encoder is linear in its unknowns, and the
coefficients of the equations are eliminated (variable projection, Golub and Pereyra
1973, SIAM J. Numer. Anal. 10:413), which leaves a small least-squares problem.
"""

import numpy as np
import torch
from scipy.sparse.csgraph import connected_components
from sklearn.manifold import Isomap
from sklearn.neighbors import KNeighborsRegressor, kneighbors_graph
from torch import nn

from symdisc._numerics.features import RadialMap, farthest_point_rows, solve_radial
from symdisc._numerics.jvp import push_forward
from symdisc._numerics.levenberg_marquardt import least_squares
from symdisc._sindy.calibration import calibrate, needs_calibration

# Rows for geodesic distances, centres of encoder and decoder, rows for the equations.
N_LANDMARKS = 500
N_CENTRES = 200
N_DECODER_CENTRES = 100
MAX_ROWS = 2000
MAX_EVALUATIONS = 60
# Widths of the Gaussians over the distance within which there is a centre. Narrower,
# they leave gaps; wider, they need huge weights: on points along a circle, 3, 4 and 6
# leave 2e-4, 7e-5 and 1e-4 of the angle, 13 leaves 6e-2; in the movie of a pendulum 3,
# 4 and 6 leave 9e-4, 5e-4 and 4e-4.
ENCODER_WIDTH = 4.0
DECODER_WIDTH = 4.0
START_RIDGE = 1e-6
DECODER_RIDGE = 1e-10
N_NEIGHBORS = 10
# Geodesic latents replace linear ones that leave so many times more unexplained.
ADVANTAGE = 10.0


def isomap_spaces(curve, weights, linear, library, ridges):
    """Look for latents of data without an injective linear projection.

    Parameters
    ----------
    curve : sequence of tensor of shape (n_samples, n_modes)
        Whitened coordinates and their time derivatives.
    weights : tensor of shape (n_modes,)
        Standard deviation of each coordinate over that of the first.
    linear : tensor of shape (rank, n_modes)
        Linear encoder to compare with.
    library : CandidateLibrary
        Candidate functions of the equations that the latents are to obey.
    ridges : sequence of float
        Penalties of the encoder's weights.

    Returns
    -------
    list of RadialAutoencoder
        One for each penalty; empty where the linear encoder does as well.
    """
    jet = [c * weights for c in curve]
    projected = (curve[0] @ linear.mT).numpy()
    encoder = _start_encoder(jet[0].numpy(), projected)
    if encoder is None:
        return []
    rows = slice(None, None, -(-len(jet[0]) // MAX_ROWS))
    features = [f.numpy() for f in encoder.features(*(c[rows] for c in jet))]
    start = _calibrated(encoder.weight.detach().numpy(), features, library)
    spaces = []
    for ridge in ridges:
        penalty = np.full(start.shape, ridge)
        penalty[:, : -len(encoder.centres)] = 0.0
        refined = RadialMap(encoder.centres, encoder.width, len(start))
        with torch.no_grad():
            weight = _refine(start, features, library, penalty)
            refined.weight.copy_(torch.from_numpy(weight))
            latents = refined.push_forward(*jet)
        decoder = _solve_decoder(latents, curve)
        spaces.append(RadialAutoencoder(weights, refined, decoder))
    return spaces


def _start_encoder(points, projected):
    """Radial map to geodesic latents, or None where a projection does as well."""
    landmarks, _ = farthest_point_rows(points, N_LANDMARKS)
    latents = isomap_latents(points[landmarks], projected[landmarks])
    if latents is None:
        return None
    latents = latents / latents.std(axis=0)
    rows, radius = farthest_point_rows(points, N_CENTRES)
    centres, width = torch.from_numpy(points[rows]), ENCODER_WIDTH * radius
    encoder = RadialMap(centres, width, latents.shape[1])
    inputs = [torch.from_numpy(points[landmarks])]
    solve_radial(encoder, inputs, [torch.from_numpy(latents)], START_RIDGE)
    return encoder


def _calibrated(weight, features, library):
    """Calibrate scale and origin of the latents to the library."""
    weight = weight.copy()
    if needs_calibration(library):
        *state, rates = (f @ weight.T for f in features)
        scale, offset = calibrate(state, rates, library)
        weight *= scale
        weight[:, 0] += offset
    return weight


def _refine(start, features, library, penalty):
    """Minimise the equation error over the encoder by variable projection."""
    problem = _EquationError(features, library, penalty)
    weights, _ = least_squares(
        problem.residual, problem.jacobian, start.ravel(), MAX_EVALUATIONS
    )
    return weights.reshape(start.shape)


def _solve_decoder(latents, curve):
    points = latents[0].numpy()
    rows, radius = farthest_point_rows(points, N_DECODER_CENTRES * points.shape[1])
    width = DECODER_WIDTH * max(radius, 1e-12)
    decoder = RadialMap(torch.from_numpy(points[rows]), width, curve[0].shape[1])
    solve_radial(decoder, latents, curve, DECODER_RIDGE)
    return decoder


class _EquationError:
    """Relative equation error, coefficients eliminated, as a function of weights.

    It is relative to the rates, because every equation holds as latents shrink to zero.
    """

    def __init__(self, features, library, penalty):
        self.features, self.library = features, library
        self.shape, self.penalty = penalty.shape, np.sqrt(penalty).ravel()

    def _fit(self, entries):
        weights = entries.reshape(self.shape)
        *state, rates = (f @ weights.T for f in self.features)
        state = torch.from_numpy(np.hstack(state))
        q, r = np.linalg.qr(self.library.evaluate(state).numpy())
        xi = np.linalg.lstsq(r, q.T @ rates, rcond=None)[0]
        return state, rates, q, xi

    def residual(self, entries):
        _, rates, q, _ = self._fit(entries)
        misfit = (rates - q @ (q.T @ rates)) / np.linalg.norm(rates, axis=0)
        return np.concatenate([misfit.T.ravel(), self.penalty * entries])

    def jacobian(self, entries):
        """Kaufman's approximation (1975, BIT 15:49): features change, fits do not."""
        fit = self._fit(entries)
        blocks = [self._column_block(j, *fit) for j in range(self.shape[0])]
        return np.concatenate([np.hstack(blocks), np.diag(self.penalty)])

    def _column_block(self, j, state, rates, q, xi):
        """Change of the residual with the weights of latent j."""
        *moves, rate_moves = self.features
        rank = self.shape[0]
        sizes = np.linalg.norm(rates, axis=0)
        slopes = [
            self._slope(state, order * rank + j) @ xi for order in range(len(moves))
        ]
        rows = []
        for i, size in enumerate(sizes):
            change = -sum(
                slope[:, i, None] * move
                for slope, move in zip(slopes, moves, strict=True)
            )
            if i == j:
                change = change + rate_moves
            change = (change - q @ (q.T @ change)) / size
            if i == j:
                misfit = rates[:, i] - q @ (q.T @ rates[:, i])
                change -= np.outer(misfit, rates[:, i] @ rate_moves / size**3)
            rows.append(change)
        return np.concatenate(rows)

    def _slope(self, state, variable):
        direction = torch.zeros_like(state)
        direction[:, variable] = 1
        return push_forward(self.library.evaluate, state, direction)[1].numpy()


def isomap_latents(points, linear):
    """Return Isomap latents where a linear projection of the data is not injective.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_modes)
        Data, evenly distributed, in a metric that measures their difference.
    linear : ndarray of shape (n_samples, rank)
        Latents of a linear projection to compare with.

    Returns
    -------
    latents : ndarray of shape (n_samples, rank) or None
        None where the linear projection does as well.
    """
    if len(points) <= 2 * N_NEIGHBORS:
        return None
    linear_error = _unexplained(linear, points)
    graph = kneighbors_graph(points, N_NEIGHBORS)
    if linear_error == 0 or connected_components(graph, directed=False)[0] > 1:
        return None
    # Dense: the iterative solver starts at random.
    isomap = Isomap(
        n_neighbors=N_NEIGHBORS, n_components=linear.shape[1], eigen_solver="dense"
    )
    latents = isomap.fit_transform(points)
    worth_it = _unexplained(latents, points) * ADVANTAGE < linear_error
    return latents if worth_it else None


def _unexplained(latents, points):
    """Fraction of the variance that neighbours in latent space do not predict."""
    order = np.random.default_rng(0).permutation(len(points))
    fitted, held = np.array_split(order, 2)
    neighbors = KNeighborsRegressor(3, weights="distance")
    predicted = neighbors.fit(latents[fitted], points[fitted]).predict(latents[held])
    centred = points[held] - points[held].mean(axis=0)
    lost = np.sum((points[held] - predicted) ** 2)
    return float(lost / max(np.sum(centred**2), 1e-300))


class RadialAutoencoder(nn.Module):
    """Radial maps between whitened coordinates and latents.

    Parameters
    ----------
    weights : tensor of shape (n_modes,)
        The input of the encoder is the coordinates times these, so that distances are
        those of the data.
    encoder, decoder : RadialMap
    """

    def __init__(self, weights, encoder, decoder):
        super().__init__()
        self.register_buffer("weights", weights.clone())
        self.register_buffer("shift", weights.new_zeros(len(encoder.weight)))
        self.encoder, self.decoder = encoder, decoder

    def encode(self, coordinates):
        """Map coordinates (n, n_modes) to latents (n, rank)."""
        return self.encoder(coordinates * self.weights)

    def decode(self, latent):
        """Map latents (n, rank) to coordinates (n, n_modes)."""
        return self.decoder(latent)

    def push_forward(self, *jet):
        """Return latents along a curve: z, J_phi(x) x_dot and maybe z_ddot."""
        return self.encoder.push_forward(*(x * self.weights for x in jet))

    def push_back(self, *curve):
        """Return coordinates along a curve, given as z, z_dot and maybe z_ddot."""
        return self.decoder.push_forward(*curve)
