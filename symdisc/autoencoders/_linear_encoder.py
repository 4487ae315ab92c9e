"""A linear encoder, with a decoder that is a regression."""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from symdisc._latent.autoencoder import Autoencoder, LinearAutoencoder
from symdisc._latent.latent_model import LatentModel
from symdisc._numerics.features import (
    RadialMap,
    affordable_degree,
    draw_fourier_features,
    farthest_point_rows,
    solve_fourier,
    solve_radial,
)
from symdisc.autoencoders._strategy import Strategy, check_positive

# Width of the perceptrons that stand beside polynomials, and are zero here.
HIDDEN_UNITS = 128


class LinearEncoder(Strategy):
    """A projection of the snapshots, and the best decoder of a family.

    The projection is found by variable projection: for each, the decoder and the
    equations are regressions, and only the few entries of the encoder are left [1]_.

    Parameters
    ----------
    decoder : {"polynomial", "rbf", "fourier"}, default="polynomial"
        Polynomials of degree 3, lower where there would be too many; Gaussians around
        some of the latents; or cosines of random frequencies.
    n_centres : int, default=200
        Number of Gaussians.
    width : float, default=4.0
        Their standard deviation, over the distance within which every point has a
        centre.
    ridge : float, default=1e-10
        Penalty of their weights.
    n_fourier : int, default=128
        Number of cosines.
    scales : tuple of float, default=(0.5, 1.0, 2.0, 4.0)
        Largest frequencies of the cosines, in standard deviations of the latents, to
        choose from by rows that are not fitted.

    References
    ----------
    .. [1] G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and
       nonlinear least squares problems whose variables separate", SIAM Journal on
       Numerical Analysis 10 (1973), 413-432.

    Examples
    --------
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.autoencoders import LinearEncoder
    >>> LatentSymmetryDiscoverer(autoencoder=LinearEncoder("rbf"))
    LatentSymmetryDiscoverer(autoencoder=LinearEncoder(decoder='rbf'))
    """

    _parameter_constraints: dict = {
        "decoder": [StrOptions({"polynomial", "rbf", "fourier"})],
        "n_centres": [Interval(Integral, 1, None, closed="left")],
        "width": [Interval(Real, 0, None, closed="neither")],
        "ridge": [Interval(Real, 0, None, closed="left")],
        "n_fourier": [Interval(Integral, 1, None, closed="left")],
        "scales": [list, tuple],
    }

    def __init__(
        self,
        decoder="polynomial",
        *,
        n_centres=200,
        width=4.0,
        ridge=1e-10,
        n_fourier=128,
        scales=(0.5, 1.0, 2.0, 4.0),
    ):
        self.decoder = decoder
        self.n_centres = n_centres
        self.width = width
        self.ridge = ridge
        self.n_fourier = n_fourier
        self.scales = scales

    def fit(self, problem):
        """Find the encoder, and solve for the decoder.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel
        """
        check_positive("scales", self.scales)
        makers = {
            "polynomial": self._polynomial,
            "rbf": self._radial,
            "fourier": self._fourier,
        }
        start = problem.leading.start
        further = len(problem.weights) - start.shape[1]
        start = torch.nn.functional.pad(start, (0, further))
        return LatentModel(makers[self.decoder](problem, start), problem.pod)

    def _polynomial(self, problem, start):
        return Autoencoder(
            *(start, *_two(problem.curve), problem.weights),
            *(HIDDEN_UNITS, torch.Generator()),
            degree=affordable_degree(len(start)),
        )

    def _radial(self, problem, start):
        autoencoder = LinearAutoencoder(start, *_two(problem.curve))
        with torch.no_grad():
            curve = autoencoder.whiten(*autoencoder.push_forward(*problem.curve))
        autoencoder.decoder = radial_map(
            curve, problem.curve, self.n_centres, self.width, self.ridge
        )
        return autoencoder

    def _fourier(self, problem, start):
        autoencoder = LinearAutoencoder(start, *_two(problem.curve))
        with torch.no_grad():
            latents = autoencoder.whiten(autoencoder.encode(problem.curve[0]))[0]
        autoencoder.decoder = fourier_map(
            latents, problem, self.scales, self.n_fourier, [latents.shape[1]]
        )
        return autoencoder


def _two(curve):
    return [*curve, None][:2]


@torch.no_grad()
def radial_map(inputs, targets, n_centres, width, ridge):
    """Solve for a map by Gaussians around some of the inputs.

    Parameters
    ----------
    inputs, targets : sequence of tensor of shape (n, n_in) and (n, n_out)
        Positions and maybe their rates; all that `targets` has are fitted.
    n_centres : int
        At most half as many as rows.
    width, ridge : float
        See `LinearEncoder`.

    Returns
    -------
    RadialMap
    """
    points = inputs[0].numpy()
    rows, radius = farthest_point_rows(points, max(min(n_centres, len(points) // 2), 1))
    centres = inputs[0][torch.from_numpy(rows)]
    found = RadialMap(centres, width * max(radius, 1e-12), targets[0].shape[1])
    solve_radial(found, inputs, targets, ridge)
    return found


@torch.no_grad()
def fourier_map(latents, problem, scales, n_fourier, blocks):
    """Solve for a decoder by random Fourier features.

    Parameters
    ----------
    latents : tensor of shape (n, rank)
        White.
    problem : LatentProblem
    scales : sequence of float
        Largest frequencies to choose from: by a tenth of the rows.
    n_fourier : int
    blocks : sequence of int
        Sizes of blocks of latents, see `draw_fourier_features`.

    Returns
    -------
    FourierMap
    """
    points, weights = problem.curve[0], problem.weights
    held = torch.arange(len(points)) % 10 == 9
    best = np.inf
    for scale in scales:
        random = np.random.default_rng(problem.seed)
        tried = draw_fourier_features(blocks, scale, *points.shape, random, n_fourier)
        solve_fourier(tried, latents[~held], points[~held])
        lost = ((tried(latents[held]) - points[held]) * weights).square().sum()
        if float(lost) < best:
            best, found = float(lost), tried
    solve_fourier(found, latents, points)
    return found
