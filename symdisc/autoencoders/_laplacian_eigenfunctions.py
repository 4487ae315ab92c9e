"""Coordinates of least distortion, on which compact groups act linearly.

If a compact group moves the snapshots without stretching the surface that they lie on,
it commutes with the Laplacian of that surface, and each eigenspace of it is a linear
representation of the group: cosine and sine of the angles of a torus, the three
coordinates of a sphere.
"""

from numbers import Integral, Real

import torch
from sklearn.utils._param_validation import Interval

from symdisc._latent.autoencoder import RadialAutoencoder
from symdisc._latent.invariant_projection import invariant_projection
from symdisc._latent.laplacian import Surface, landmarks
from symdisc._latent.latent_model import LatentModel, NothingFoundError
from symdisc.autoencoders._linear_encoder import radial_map
from symdisc.autoencoders._strategy import Strategy

# Widths of the Gaussians over the distance within which there is a centre, and
# penalties of their weights.
ENCODER_WIDTH, ENCODER_RIDGE = 4.0, 1e-6
DECODER_WIDTH, DECODER_RIDGE = 4.0, 1e-9


class LaplacianEigenfunctions(Strategy):
    """The smoothest functions of the snapshots from which these can be predicted.

    Of the eigenfunctions of the Laplacian of the surface under the snapshots [1]_,
    those of least E|grad z|^2 are taken from which the others follow, and combined with
    further ones, at little distortion, until a compact group moves them linearly.
    Encoder and decoder are regressions on Gaussians.

    Parameters
    ----------
    n_neighbors : int, default=32
        Neighbours of a row that make up the surface.
    max_functions : int, default=10
        Eigenfunctions that are looked at, for each latent.
    spread : float, default=0.2
        Weight of the variance of the latents, beside the error of distances.
    max_distortion : float, default=1.02
        E|grad z|^2 may grow by this factor where a group then moves the latents
        linearly. Any distribution has a symmetry in coordinates that stretch enough.
    max_rows : int, default=4000
        Rows that the surface is made of: at equal steps, or where they crowd along
        trajectories those that lie apart.
    n_centres : int, default=300
        Gaussians of the encoder and of the decoder.

    References
    ----------
    .. [1] R. R. Coifman, S. Lafon, "Diffusion maps", Applied and Computational Harmonic
       Analysis 21 (2006), 5-30.

    Examples
    --------
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.autoencoders import LaplacianEigenfunctions
    >>> LatentSymmetryDiscoverer(autoencoder=LaplacianEigenfunctions())
    LatentSymmetryDiscoverer(autoencoder=LaplacianEigenfunctions())
    """

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
        n_centres=300,
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
            If the snapshots fall into parts that no neighbours connect.
        """
        jet = [part * problem.weights for part in problem.curve]
        points = jet[0].numpy()
        points = points[landmarks(points, self.max_rows, problem.groups)]
        surface = Surface(points, self.n_neighbors)
        if surface.n_parts > 1:
            raise NothingFoundError(
                f"the snapshots fall into {surface.n_parts} parts: on these, functions "
                "vary that have no gradient"
            )
        rank = min(problem.ranks[0], len(points) // 20, points.shape[1])
        latents = self._latents(surface, rank)
        inputs = [torch.from_numpy(points)], [torch.from_numpy(latents)]
        encoder = radial_map(*inputs, self.n_centres, ENCODER_WIDTH, ENCODER_RIDGE)
        with torch.no_grad():
            curve = encoder.push_forward(*jet)
        autoencoder = RadialAutoencoder(
            problem.weights, encoder, self._decoder(curve, problem)
        )
        return LatentModel(autoencoder, problem.pod)

    def _decoder(self, curve, problem):
        """Solve for a decoder of latents along a curve."""
        options = self.n_centres, DECODER_WIDTH, DECODER_RIDGE
        return radial_map(curve, problem.curve, *options)

    def _latents(self, surface, rank):
        """Return white latents that keep distances, and then maybe a distribution."""
        functions, energies = surface.eigenfunctions(self.max_functions * rank)
        found = surface.unfold(functions, energies, rank, self.spread)
        if rank > 1:
            parts = functions, energies, found, self.max_distortion
            found, _ = invariant_projection(*parts)
        return functions @ found.T
