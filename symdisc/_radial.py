"""Radial basis functions as encoder and decoder, for data that a network learns slowly.

Maps that are linear in their unknowns: once the centres are set, encoder and decoder
are regressions, solved to many digits where gradient descent leaves per cents.
"""

import numpy as np
import torch
from torch import nn


def spread_rows(points, n_rows):
    """Choose rows that lie as far from each other as possible, one after the other.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_features)
    n_rows : int

    Returns
    -------
    rows : ndarray of int
        At most `n_rows`; fewer where there are no more distinct points.
    radius : float
        Distance within which every point has one of these rows, or, where all points
        are among them, had one before the last was chosen.

    References
    ----------
    T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance",
    Theoretical Computer Science 38 (1985), 293-306.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._radial import spread_rows
    >>> spread_rows(np.array([[0.0], [1.0], [9.0], [10.0]]), 2)
    (array([0, 3]), 1.0)
    """
    rows = [0]
    distances = np.linalg.norm(points - points[0], axis=1)
    radius = distances.max()
    while len(rows) < n_rows and distances.max() > 0:
        radius = distances.max()
        rows.append(int(distances.argmax()))
        latest = np.linalg.norm(points - points[rows[-1]], axis=1)
        distances = np.minimum(distances, latest)
    return np.array(rows), float(distances.max() or radius)


class RadialMap(nn.Module):
    """Constant, linear part and Gaussians around centres, combined linearly.

    Parameters
    ----------
    centres : tensor of shape (n_centres, n_in)
    width : float
        Standard deviation of the Gaussians.
    n_out : int
    """

    def __init__(self, centres, width, n_out):
        super().__init__()
        self.register_buffer("centres", centres.clone())
        self.width = float(width)
        n_features = 1 + centres.shape[1] + len(centres)
        self.weight = nn.Parameter(centres.new_zeros(n_out, n_features))

    def forward(self, x):
        """Map x of shape (n, n_in) to (n, n_out)."""
        return self.push_forward(x)[0]

    def push_forward(self, *jet):
        """Return the image of a curve through x, given as x, x_dot and maybe x_ddot."""
        return tuple(f @ self.weight.mT for f in self.features(*jet))

    def features(self, *jet):
        """Return what is combined, along a curve: (n, 1 + n_in + n_centres) each."""
        x, *rates = jet
        precision = 1 / self.width**2
        gaussians = torch.exp(-0.5 * precision * torch.cdist(x, self.centres).square())
        images = [gaussians]
        # The exponent and its derivatives along the curve.
        if rates:
            first = -precision * self._slope(x, rates[0])
            images.append(gaussians * first)
        if len(rates) == 2:
            bend = rates[0].square().sum(1, keepdim=True) + self._slope(x, rates[1])
            images.append(gaussians * (first.square() - precision * bend))
        constant = [torch.full_like(x[:, :1], float(i == 0)) for i in range(len(jet))]
        parts = zip(constant, jet, images, strict=True)
        return [torch.cat(part, dim=1) for part in parts]

    def _slope(self, x, rate):
        """(x - centre) . rate for every centre."""
        return (x * rate).sum(1, keepdim=True) - rate @ self.centres.mT


class RadialAutoencoder(nn.Module):
    """Radial maps between whitened coordinates and latents.

    Parameters
    ----------
    weights : tensor of shape (n_modes,)
        The encoder sees the coordinates times these: distances are those of the data.
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


@torch.no_grad()
def solve_radial(radial, inputs, targets, ridge):
    """Set the weights by ridge regression of a curve on the features of another.

    Parameters
    ----------
    radial : RadialMap
        Changed in place.
    inputs, targets : sequence of tensor
        Positions and their time derivatives; `targets` may have fewer of them. Each
        derivative counts alike, in units of its own mean square.
    ridge : float
        Penalty of the weights of the Gaussians, relative to the mean square of all
        features.
    """
    gram = cross = 0
    for features, target in zip(
        radial.features(*inputs[: len(targets)]), targets, strict=True
    ):
        size = target.square().mean()
        if size < torch.finfo(target.dtype).tiny ** 0.5:
            size = torch.ones_like(size)  # nothing to explain; 1 / size would overflow
        gram = gram + features.mT @ features / size
        cross = cross + features.mT @ target / size
    penalty = torch.zeros_like(gram.diagonal())
    penalty[1 + radial.centres.shape[1] :] = ridge * gram.diagonal().mean()
    # A floor for constant and linear part, should the data not tell them apart.
    penalty += 1e-14 * gram.diagonal().mean()
    radial.weight.copy_(torch.linalg.solve(gram + penalty.diag(), cross).mT)
