"""Isomap latents for data without an injective linear projection, and their refinement.

The images of a pendulum form a nearly closed loop: no linear projection onto one axis
separates its two sides. Geodesic distances do (Isomap: Tenenbaum, de Silva and Langford
2000, Science 290:2319).

Any smooth function of an angle reconstructs as well as the angle. The equations select
one of these parametrisations. The encoder is linear in its unknowns, and the
coefficients of the equations are eliminated (variable projection, Golub and Pereyra
1973, SIAM J. Numer. Anal. 10:413), which leaves a small least-squares problem.
"""

from numbers import Integral

import numpy as np
import torch
from scipy.sparse.csgraph import connected_components
from sklearn.manifold import Isomap
from sklearn.neighbors import KNeighborsRegressor, kneighbors_graph
from sklearn.utils._param_validation import Interval

from symdisc._latent.autoencoder import RadialAutoencoder
from symdisc._latent.latent_model import LatentModel, NothingFoundError
from symdisc._latent.selection import held_out_rows
from symdisc._numerics.features import RadialMap, farthest_point_rows, solve_radial
from symdisc._numerics.jvp import push_forward
from symdisc._numerics.levenberg_marquardt import least_squares
from symdisc._sindy.calibration import calibrate, needs_calibration
from symdisc.autoencoders._linear_encoder import radial_map
from symdisc.autoencoders._strategy import Strategy, check_positive

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


class IsomapEncoder(Strategy):
    """Geodesic latents, refined until the equations hold, for data that fold.

    It applies to snapshots with rates of which no linear projection is injective, such
    as the movie of a pendulum. Encoder and decoder are sums of Gaussians.

    Parameters
    ----------
    n_landmarks : int, default=500
        Rows between which geodesic distances are measured.
    n_centres, n_decoder_centres : int, default=200, 100
        Gaussians of the encoder, and of the decoder for each latent.
    ridges : tuple of float, default=(1e-10, 1e-8, 1e-6)
        Penalties of the encoder's weights to choose from by rows that are not fitted:
        the noisier the data, the larger.
    n_neighbors : int, default=10
        Neighbours of a row along whose edges distances are measured.
    max_rows : int, default=2000
        Rows that the equations are fitted to, at equal steps.

    Examples
    --------
    >>> from symdisc import LatentSINDy
    >>> from symdisc.autoencoders import IsomapEncoder
    >>> LatentSINDy(autoencoder=IsomapEncoder(n_neighbors=12))
    LatentSINDy(autoencoder=IsomapEncoder(n_neighbors=12))
    """

    _parameter_constraints: dict = {
        "n_landmarks": [Interval(Integral, 30, None, closed="left")],
        "n_centres": [Interval(Integral, 1, None, closed="left")],
        "n_decoder_centres": [Interval(Integral, 1, None, closed="left")],
        "ridges": [list, tuple],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "max_rows": [Interval(Integral, 30, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_landmarks=500,
        n_centres=200,
        n_decoder_centres=100,
        ridges=(1e-10, 1e-8, 1e-6),
        n_neighbors=10,
        max_rows=2000,
    ):
        self.n_landmarks = n_landmarks
        self.n_centres = n_centres
        self.n_decoder_centres = n_decoder_centres
        self.ridges = ridges
        self.n_neighbors = n_neighbors
        self.max_rows = max_rows

    def is_costly(self, problem):
        """Say that it is left out where cheaper ones leave next to nothing."""
        return True

    def why_not(self, problem):
        """Say why this does not apply to a problem; None where it does."""
        return (
            None
            if problem.moves
            else "it needs time derivatives: pass X_dot as y, or t"
        )

    def fit(self, problem):
        """Find latents for each penalty; take those whose equations hold best.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel

        Raises
        ------
        NothingFoundError
            If a linear projection does as well.
        """
        check_positive("ridges", self.ridges)
        fitted, held = held_out_rows(problem)
        start, found = problem.leading.start, []
        if fitted is not held and len(self.ridges) > 1:
            models = self._models(problem.part(fitted), self.ridges, start)
            for ridge, model in zip(self.ridges, models, strict=True):
                model.judge(problem, fitted, held)
                left = [max(error, 1e-300) for error in model.errors.values()]
                found.append((np.prod(left), ridge))
        ridge = min(found)[1] if found else self.ridges[0]
        (model,) = self._models(problem, [ridge], start)
        return model

    def _models(self, problem, ridges, start):
        """Return a model for each penalty."""
        weights = problem.weights
        jet = [c * weights for c in problem.curve]
        projected = problem.curve[0][:, : start.shape[1]] @ start.mT
        encoder = self._start_encoder(jet[0].numpy(), projected.numpy())
        rows = slice(None, None, -(-len(jet[0]) // self.max_rows))
        features = [f.numpy() for f in encoder.features(*(c[rows] for c in jet))]
        library = problem.library(len(start))
        first = _calibrated(encoder.weight.detach().numpy(), features, library)
        models = []
        for ridge in ridges:
            penalty = np.full(first.shape, ridge)
            penalty[:, : -len(encoder.centres)] = 0.0
            refined = RadialMap(encoder.centres, encoder.width, len(first))
            with torch.no_grad():
                weight = _refine(first, features, library, penalty)
                refined.weight.copy_(torch.from_numpy(weight))
                latents = refined.push_forward(*jet)
            n_centres = self.n_decoder_centres * latents[0].shape[1]
            decoder = radial_map(
                latents, problem.curve, n_centres, DECODER_WIDTH, DECODER_RIDGE
            )
            autoencoder = RadialAutoencoder(weights, refined, decoder)
            models.append(LatentModel(autoencoder, problem.pod))
        return models

    def _start_encoder(self, points, projected):
        """Radial map to geodesic latents."""
        landmarks, _ = farthest_point_rows(points, self.n_landmarks)
        near = points[landmarks], projected[landmarks]
        latents = isomap_latents(*near, self.n_neighbors)
        if latents is None:
            raise NothingFoundError(
                "a linear projection is as injective, or neighbours connect no more "
                "than parts of the data"
            )
        latents = latents / latents.std(axis=0)
        rows, radius = farthest_point_rows(points, self.n_centres)
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


def isomap_latents(points, linear, n_neighbors=N_NEIGHBORS):
    """Return Isomap latents where a linear projection of the data is not injective.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_modes)
        Data, evenly distributed, in a metric that measures their difference.
    linear : ndarray of shape (n_samples, rank)
        Latents of a linear projection to compare with.
    n_neighbors : int, default=10

    Returns
    -------
    latents : ndarray of shape (n_samples, rank) or None
        None where the linear projection does as well.
    """
    if len(points) <= 2 * n_neighbors:
        return None
    linear_error = _unexplained(linear, points)
    graph = kneighbors_graph(points, n_neighbors)
    if linear_error == 0 or connected_components(graph, directed=False)[0] > 1:
        return None
    # Dense: the iterative solver starts at random.
    isomap = Isomap(
        n_neighbors=n_neighbors, n_components=linear.shape[1], eigen_solver="dense"
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
