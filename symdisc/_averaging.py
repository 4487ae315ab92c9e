"""Scale a plane until radii stay the same along a motion that turns around a centre.

Coordinates in which a motion commutes with rotations (`symdisc._bending`) are least
exact where it is slow, as near the upright pendulum. That the squared radius is
conserved is linear in a factor that multiplies it, and its rate can be weighed by the
time of a turn: what comes out is close to the mean of the squared radius along each
orbit.
"""

import torch
from torch import nn

from symdisc._radial import RadialMap, spread_rows

N_CENTRES = 500
WIDTH = 5.0
MAX_ROWS = 10_000
# Weight of what changes within a turn, against staying near the radius as it was.
CONSERVED = 1e3
RIDGE = 1e-9
# Shares of the median frequency, and of the radius in each step of time: slower turns
# count as that slow, and faster radial motion is no closed orbit.
SLOWEST = 0.05
CLOSED = 0.1
TINY = 1e-6


class ScaledMap(nn.Module):
    """A map of a plane, followed by a change of scale from point to point.

    Parameters
    ----------
    inner : torch.nn.Module
        To (n, 2), with `push_forward`.
    gain : RadialMap
        Factor of the squared radius at the image of `inner`.
    """

    def __init__(self, inner, gain):
        super().__init__()
        self.inner, self.gain = inner, gain

    def forward(self, x):
        """Map x of shape (n, n_in) to (n, 2)."""
        image = self.inner(x)
        return image * self.gain(image).clamp_min(TINY).sqrt()

    def push_forward(self, x, x_dot):
        """Return the image of a curve through x, and its rate."""
        image, rate = self.inner.push_forward(x, x_dot)
        gain, gain_rate = self.gain.push_forward(image, rate)
        root = gain.clamp_min(TINY).sqrt()
        slope = torch.where(gain > TINY, gain_rate, torch.zeros_like(gain_rate))
        return image * root, rate * root + image * slope / (2 * root)


@torch.no_grad()
def conserve_radius(inner, points, rates):
    """Scale a map until the radius of its image is conserved.

    Parameters
    ----------
    inner : RadialMap
        To a plane in which the motion turns around the origin.
    points, rates : tensor of shape (n_samples, n_in)
        Where the motion was seen, and its velocity.

    Returns
    -------
    ScaledMap or RadialMap
        `inner` itself where the motion is not along closed orbits.
    """
    image, velocity = inner.push_forward(points, rates)
    square, change = image.square().sum(1), 2 * (image * velocity).sum(1)
    along = change.square().sum() / (4 * square * velocity.square().sum(1)).sum()
    if along > CLOSED**2:
        return inner
    turn = image[:, 0] * velocity[:, 1] - image[:, 1] * velocity[:, 0]
    frequency = (turn / square.clamp_min(TINY)).abs()
    period = 1 / frequency.clamp_min(SLOWEST * float(frequency.median()))
    # With every point a centre, Gaussians would have no width.
    n_centres = min(N_CENTRES, len(image) // 2)
    rows, radius = spread_rows(image.numpy(), n_centres)
    gain = RadialMap(image[rows], WIDTH * radius, 1)
    thin = slice(None, None, -(-len(image) // MAX_ROWS))
    square, change, period = (s[thin, None] for s in (square, change, period))
    values, slopes = gain.features(image[thin], velocity[thin])
    kept = square * values
    lost = period * (change * values + square * slopes)
    gram = kept.mT @ kept + CONSERVED * lost.mT @ lost
    gram.diagonal().add_(RIDGE * gram.diagonal().mean())
    gain.weight.copy_(torch.linalg.solve(gram, kept.mT @ square).mT)
    return ScaledMap(inner, gain)
