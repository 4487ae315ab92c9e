"""Waves of latents as decoder: fine structure that a perceptron learns slowly.

Where edges move around a ring, what is seen at a pixel has many harmonics of the angle.
Waves whose directions and phases are drawn at random (Rahimi and Recht, Advances in
Neural Information Processing Systems 20 (2007), 1177-1184) are combined linearly: one
regression. Some of them run along one block of latents only, so that the parts of the
data that move by themselves need no more waves together than alone.
"""

import numpy as np
import torch
from torch import nn

N_WAVES = 128
ROWS_PER_WAVE = 4
RIDGE = 1e-8


class FourierMap(nn.Module):
    """Constant, linear part and cosines, combined linearly.

    Parameters
    ----------
    frequencies : tensor of shape (n_in, n_waves)
    phases : tensor of shape (n_waves,)
    n_out : int
    """

    def __init__(self, frequencies, phases, n_out):
        super().__init__()
        self.register_buffer("frequencies", frequencies.clone())
        self.register_buffer("phases", phases.clone())
        n_features = 1 + sum(frequencies.shape)
        self.weight = nn.Parameter(frequencies.new_zeros(n_out, n_features))

    def forward(self, z):
        """Map z of shape (n, n_in) to (n, n_out)."""
        return self.push_forward(z)[0]

    def push_forward(self, *jet):
        """Return the image of a curve through z, given as z, z_dot and maybe z_ddot."""
        return tuple(f @ self.weight.mT for f in self.features(*jet))

    def features(self, z, *rates):
        """Return what is combined, along a curve: (n, 1 + n_in + n_waves) each."""
        angle = z @ self.frequencies + self.phases
        images = [torch.cos(angle)]
        if rates:
            speed = rates[0] @ self.frequencies
            images.append(-torch.sin(angle) * speed)
        if len(rates) == 2:
            bend = torch.sin(angle) * (rates[1] @ self.frequencies)
            images.append(-images[0] * speed.square() - bend)
        jet = z, *rates
        constant = [torch.full_like(z[:, :1], float(i == 0)) for i in range(len(jet))]
        parts = zip(constant, jet, images, strict=True)
        return [torch.cat(part, dim=1) for part in parts]


def draw_waves(blocks, scale, n_rows, n_out, random, n_waves=N_WAVES):
    """Draw waves along each block of latents and, of several blocks, along all.

    Parameters
    ----------
    blocks : sequence of int
        Sizes of the blocks, one after the other.
    scale : float
        Largest frequency along an axis.
    n_rows : int
        Number of rows to fit: fewer waves where there are few.
    n_out : int
    random : numpy.random.Generator
    n_waves : int, default=128
        Number of waves along each block, and along all.

    Returns
    -------
    FourierMap
        In double precision, its weights zero.
    """
    ends = np.cumsum(blocks)
    groups = [slice(end - size, end) for size, end in zip(blocks, ends, strict=True)]
    groups += [slice(0, ends[-1])] * (len(blocks) > 1)
    n_waves = max(min(n_waves, n_rows // (ROWS_PER_WAVE * len(groups))), 1)
    frequencies = np.zeros((ends[-1], len(groups), n_waves))
    for i, rows in enumerate(groups):
        shape = rows.stop - rows.start, n_waves
        frequencies[rows, i] = random.uniform(-scale, scale, shape)
    frequencies = torch.from_numpy(frequencies).flatten(start_dim=1)
    phases = torch.from_numpy(random.uniform(0, 2 * np.pi, frequencies.shape[1]))
    return FourierMap(frequencies, phases, n_out)


@torch.no_grad()
def solve_waves(waves, latents, targets):
    """Set the weights by ridge regression.

    Parameters
    ----------
    waves : FourierMap
        Changed in place.
    latents : tensor of shape (n_samples, n_in)
    targets : tensor of shape (n_samples, n_out)
    """
    (features,) = waves.features(latents)
    gram = features.mT @ features / len(features)
    gram.diagonal().add_(RIDGE)
    cross = features.mT @ targets / len(features)
    waves.weight.copy_(torch.linalg.solve(gram, cross).mT)
