"""Coordinates of least distortion, on which compact groups act linearly.

If a compact group moves the snapshots without stretching the surface that they lie on,
it commutes with the Laplacian of that surface, and each eigenspace of it is a linear
representation of the group: cosine and sine of the angles of a torus, the three
coordinates of a sphere.
"""

from itertools import combinations, islice
from math import comb
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval

from symdisc._latent.autoencoder import RadialAutoencoder
from symdisc._latent.invariant_projection import invariant_projection
from symdisc._latent.laplacian import Surface, landmarks
from symdisc._latent.latent_model import LatentModel, NothingFoundError
from symdisc.autoencoders._linear_encoder import radial_map
from symdisc.autoencoders._strategy import Strategy

# Gaussians of the decoders that functions are compared by, and of the one that all
# functions together are.
FEW_CENTRES, MANY_CENTRES = 100, 200
# A choice replaces a smoother one that leaves so many times more; and ends the search
# where it leaves no more times what all functions do. One row of so many is held out.
AS_GOOD = 1.1
TESTED = 5
# Choices that are put in order; of many latents, among fewer functions.
MAX_SORTED = 20_000
# Widths of the Gaussians over the distance within which there is a centre, and
# penalties of their weights.
ENCODER_WIDTH, ENCODER_RIDGE = 4.0, 1e-6
DECODER_WIDTH, DECODER_RIDGE, COMPARED_RIDGE = 4.0, 1e-9, 1e-8


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
    max_functions : int, default=5
        Eigenfunctions that are looked at, for each latent.
    max_subsets : int, default=100
        Choices among them that are compared, the smoothest first.
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
        "max_subsets": [Interval(Integral, 1, None, closed="left")],
        "max_distortion": [Interval(Real, 1, None, closed="left")],
        "max_rows": [Interval(Integral, 100, None, closed="left")],
        "n_centres": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_neighbors=32,
        max_functions=5,
        max_subsets=100,
        max_distortion=1.02,
        max_rows=4000,
        n_centres=300,
    ):
        self.n_neighbors = n_neighbors
        self.max_functions = max_functions
        self.max_subsets = max_subsets
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
        n_functions = self.max_functions * rank
        functions, energies = surface.eigenfunctions(n_functions)
        latents = functions @ self._chosen(functions, energies, points, rank).T
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

    def _chosen(self, functions, energies, points, rank):
        """Return orthonormal combinations of the functions, (rank, n_functions)."""
        subset = self._subset(functions, energies, points, rank)
        start = np.zeros((rank, len(energies)))
        start[range(rank), subset] = 1.0
        if rank < 2:
            return start
        scaled = energies / max(energies[0], 1e-300)
        return invariant_projection(functions, scaled, start, self.max_distortion)[0]

    def _subset(self, functions, energies, points, rank):
        """Return the smoothest functions from which the snapshots can be predicted.

        A function of others, such as the cosine of twice an angle, predicts nothing
        that these do not.
        """
        lost = _left_by(functions, points, MANY_CENTRES)
        n_functions = len(energies)
        while comb(n_functions, rank) > MAX_SORTED and n_functions > rank:
            n_functions -= 1
        subsets = sorted(
            combinations(range(n_functions), rank), key=lambda s: energies[[*s]].sum()
        )
        best, chosen = np.inf, None
        for subset in islice(subsets, self.max_subsets):
            left = _left_by(functions[:, subset], points, FEW_CENTRES)
            if left < best / AS_GOOD:
                best, chosen = left, subset
            if left <= AS_GOOD * lost:
                break
        return list(chosen)


def _left_by(inputs, points, n_centres):
    """Share of the variance of some rows that Gaussians leave, fitted to others."""
    held = np.arange(len(points)) % TESTED == 0
    fitted = [[torch.from_numpy(part[~held])] for part in (inputs, points)]
    found = radial_map(*fitted, n_centres, DECODER_WIDTH, COMPARED_RIDGE)
    with torch.no_grad():
        predicted = found(torch.from_numpy(inputs[held])).numpy()
    centred = points[held] - points[~held].mean(axis=0)
    lost = np.sum((points[held] - predicted) ** 2)
    return float(lost / max(np.sum(centred**2), 1e-300))
