"""Coordinates that keep distances, on which compact groups act linearly.

If a compact group moves the snapshots without stretching the surface that they lie on,
it commutes with the Laplacian of that surface, and each eigenspace of it is a linear
representation of the group. The combinations of its eigenfunctions that keep distances
best are unique, so the group moves them linearly too: cosine and sine of the angles of
a torus, the three coordinates of a sphere. Single eigenfunctions are not enough: those
of equal energy mix, such as cos 2u and cos v of a torus whose second ring is half as
wide, and at a boundary all are flat, so that points near it cannot be told apart.
"""

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval

from symdisc._data.user_warning import warn_user
from symdisc._latent.autoencoder import RadialAutoencoder
from symdisc._latent.invariant_projection import invariant_projection
from symdisc._latent.laplacian import landmarks, largest_surface
from symdisc._latent.latent_model import LatentModel, NothingFoundError
from symdisc.autoencoders._linear_encoder import radial_map
from symdisc.autoencoders._strategy import Strategy

# Widths of the Gaussians over the distance within which there is a centre. Penalties of
# the weights of encoder and decoder, to choose from by one row of so many: in the tails
# of a distribution small ones leave weights that cancel where there are rows.
WIDTH = 4.0
RIDGES = (1e-6, 1e-9), (1e-4, 1e-4)
TESTED = 5


class LaplacianEigenfunctions(Strategy):
    """Smooth functions of the snapshots that keep distances between neighbours.

    The eigenfunctions of the Laplacian of the surface under the snapshots [1]_ are
    combined by maximum variance unfolding [2]_, and then with further ones, at little
    distortion, until a compact group moves them linearly. Encoder and decoder are
    regressions on Gaussians. Few rows that no neighbours connect with the others are
    left out, with a warning.

    Parameters
    ----------
    n_neighbors : int, default=32
        Neighbours of a row that make up the surface.
    max_functions : int, default=10
        Eigenfunctions that are looked at, for each latent.
    spread : float, default=0.2
        Weight of the variance of the latents over that of the snapshots, beside the
        mean squared error of squared distances: large enough to leave no folds, and so
        small that distances are kept.
    max_distortion : float, default=1.02
        E|grad z|^2 may grow by this factor where a group then moves the latents
        linearly. Any distribution has a symmetry in coordinates that stretch enough.
    max_rows : int, default=4000
        Rows that the surface is made of: at equal steps, or where they crowd along
        trajectories those that lie apart.
    n_centres : int, default=600
        Gaussians of the encoder and of the decoder.

    References
    ----------
    .. [1] R. R. Coifman, S. Lafon, "Diffusion maps", Applied and Computational Harmonic
       Analysis 21 (2006), 5-30.
    .. [2] K. Q. Weinberger, F. Sha, Q. Zhu, L. K. Saul, "Graph Laplacian regularization
       for large-scale semidefinite programming", NIPS 2006.

    Examples
    --------
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.autoencoders import LaplacianEigenfunctions
    >>> LatentSymmetryDiscoverer(autoencoder=LaplacianEigenfunctions())
    LatentSymmetryDiscoverer(autoencoder=LaplacianEigenfunctions())
    """

    least_distorted = True
    _parameter_constraints: dict = {
        "n_neighbors": [Interval(Integral, 2, None, closed="left")],
        "max_functions": [Interval(Integral, 2, None, closed="left")],
        "spread": [Interval(Real, 0, None, closed="left")],
        "max_distortion": [Interval(Real, 1, None, closed="left")],
        "max_rows": [Interval(Integral, 100, None, closed="left")],
        "n_centres": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_neighbors=32,
        max_functions=10,
        spread=0.2,
        max_distortion=1.02,
        max_rows=4000,
        n_centres=600,
    ):
        self.n_neighbors = n_neighbors
        self.max_functions = max_functions
        self.spread = spread
        self.max_distortion = max_distortion
        self.max_rows = max_rows
        self.n_centres = n_centres

    def why_not(self, problem):
        """Say why this does not apply to a problem; None where it does."""
        fewest = 2 * self.n_neighbors
        return None if len(problem) > fewest else f"it needs more than {fewest} rows"

    def is_costly(self, problem):
        """Say whether it is left out where cheaper ones leave next to nothing.

        Without rates it is not: others say nothing about the symmetry.
        """
        return problem.moves

    def fit(self, problem):
        """Find the functions, and solve for encoder and decoder.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel

        Raises
        ------
        NothingFoundError
            If the snapshots fall into parts that no neighbours connect, and none of
            these has nearly all.
        """
        jet = [part * problem.weights for part in problem.curve]
        points, surface = self._surface(jet[0].numpy(), problem.groups)
        rank = min(problem.ranks[0], len(points) // 20, points.shape[1])
        latents = self._latents(surface, rank)
        points, latents = torch.from_numpy(points), torch.from_numpy(latents)
        held = torch.arange(len(points)) % TESTED == 0

        def lost(ridges):
            encoder = self._map([points[~held]], [latents[~held]], ridges[0])
            encoded = encoder(points)
            decoder = self._map([encoded[~held]], [points[~held]], ridges[1])
            return (points - decoder(encoded))[held].square().sum()

        with torch.no_grad():
            ridges = min(RIDGES, key=lost)
            encoder = self._map([points], [latents], ridges[0])
            curve = encoder.push_forward(*jet)
        decoder = self._map(curve, problem.curve, ridges[1])
        autoencoder = RadialAutoencoder(problem.weights, encoder, decoder)
        return LatentModel(autoencoder, problem.pod)

    def refit(self, problem, model):
        """Return the model; of few rows, one of all of them.

        Where there are more than the surface is made of, it would be no better.
        """
        return model if len(problem) > self.max_rows else self.fit(problem)

    def _surface(self, points, groups):
        """Return rows that lie on one surface, and this."""
        points = points[landmarks(points, self.max_rows, groups)]
        surface, rows = largest_surface(points, self.n_neighbors)
        if surface.parts.any():
            raise NothingFoundError(
                f"the snapshots fall into {1 + surface.parts.max()} parts: on these, "
                "functions vary that have no gradient"
            )
        if apart := len(points) - len(rows):
            warn_user(
                f"{apart} of {len(points)} rows of X lie apart from the others and say "
                "nothing of the latents: look whether they are outliers."
            )
        return points[rows], surface

    def _map(self, inputs, targets, ridge):
        """Solve for a map of curves to others."""
        return radial_map(inputs, targets, self.n_centres, WIDTH, ridge)

    def _latents(self, surface, rank):
        """Return white latents that keep distances, and then maybe a distribution."""
        functions, energies = surface.eigenfunctions(self.max_functions * rank)
        found = surface.unfold(functions, energies, rank, self.spread)
        if rank > 1:
            parts = functions, energies, found, self.max_distortion
            found, _ = invariant_projection(*parts)
        return functions @ found.T
