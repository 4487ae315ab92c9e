"""Rotation-equivariant normal form of a planar motion, and a radius that it conserves.

Orbits of a pendulum or of predators and prey are closed but not round, and no linear
map makes them so. Among nonlinear coordinates there are some in which the motion
commutes with rotations, dz/dt = a(|z|) z + b(|z|) J z. For a map that is linear in its
unknowns, with a and b eliminated (variable projection), they are a least-squares
problem, as in `symdisc._latent.isomap`.

These coordinates are least exact where the motion is slow, as near the upright
pendulum. That the squared radius is conserved is linear in a factor that multiplies it,
and its rate can be weighed by the time of a turn: what comes out is close to the mean
of the squared radius along each orbit.
"""

import numpy as np
import torch
from torch import nn

from symdisc._numerics.features import RadialMap, farthest_point_rows, solve_radial
from symdisc._numerics.levenberg_marquardt import least_squares
from symdisc._numerics.regression import regression

N_CENTRES = 150
WIDTH = 8.0
MAX_ROWS = 2000
MAX_EVALUATIONS = 60
# Penalty of the weights of the Gaussians.
RIDGE = 1e-8
# Degree of a and b in |z|^2.
DEGREE = 4
# Residuals from here on are worth bending for, and have to fall by this factor.
CURVED = 1e-3
MIN_GAIN = 0.1
INVERSE_RIDGE = 1e-10
N_NEWTON = 20
ROUNDING, NEAR = 1e-13, 1e-6
N_INVERSE_CENTRES = 300
N_GAIN_CENTRES = 500
GAIN_WIDTH = 5.0
MAX_GAIN_ROWS = 10_000
# Weight of what changes within a turn, against staying near the radius as it was.
CONSERVED = 1e3
GAIN_RIDGE = 1e-9
# Shares of the median frequency, and of the radius in each step of time: slower turns
# count as that slow, and faster radial motion is no closed orbit.
SLOWEST = 0.05
CLOSED = 0.1
TINY = 1e-6


class Bent(nn.Module):
    """An autoencoder and a map of its latent plane, undone by Newton's method.

    Parameters
    ----------
    autoencoder : torch.nn.Module
    bend : RadialMap or ScaledMap
        From latents to bent latents.
    unbend : RadialMap
        Approximate inverse, where Newton's method starts.
    """

    def __init__(self, autoencoder, bend, unbend):
        super().__init__()
        self.autoencoder, self.bend, self.unbend = autoencoder, bend, unbend

    @property
    def shift(self):
        """Buffer of the autoencoder that has the latents' number, dtype and device."""
        return self.autoencoder.shift

    def encode(self, coordinates):
        """Map coordinates (n, n_modes) to latents (n, 2)."""
        return self.bend(self.autoencoder.encode(coordinates))

    def decode(self, latent):
        """Map latents (n, 2) to coordinates (n, n_modes)."""
        return self.autoencoder.decode(self._straight(latent))

    def push_forward(self, *jet):
        """Return latents along a curve: z, J_phi(x) x_dot."""
        return self.bend.push_forward(*self.autoencoder.push_forward(*jet))

    def push_back(self, latent, *rates):
        """Return coordinates along a curve, given as z and z_dot."""
        straight = self._straight(latent)
        slopes = self._slopes(straight)
        rates = [torch.linalg.solve(slopes, r.unsqueeze(-1)).squeeze(-1) for r in rates]
        return self.autoencoder.push_back(straight, *rates)

    def _straight(self, latent):
        point = self.unbend(latent)
        gap = latent - self.bend(point)
        share = torch.ones_like(latent[:, :1])
        ends = torch.zeros_like(latent[:, 0], dtype=torch.bool)
        for _ in range(N_NEWTON):
            open_ = ~ends & (gap.norm(dim=1) > ROUNDING * latent.norm(dim=1))
            if not open_.any():
                break
            start, left = point[open_], gap[open_]
            step = regression(self._slopes(start), left.unsqueeze(-1))
            trial = start + share[open_] * step.squeeze(-1)
            missed = latent[open_] - self.bend(trial)
            # Where the map folds, outside of the data, not even a short step helps.
            better = missed.norm(dim=1, keepdim=True) < left.norm(dim=1, keepdim=True)
            point[open_] = torch.where(better, trial, start)
            gap[open_] = torch.where(better, missed, left)
            # So near, it is rounding that is left.
            near = left.norm(dim=1) < NEAR * latent[open_].norm(dim=1)
            ends[open_] = near & ~better[:, 0]
            longer = (2 * share[open_]).clamp_max(1)
            share[open_] = torch.where(better, longer, share[open_] / 4)
        return point

    def _slopes(self, points):
        """Jacobians of the bend, (n, 2, 2)."""
        axes = torch.eye(points.shape[1]).to(points)
        columns = [
            self.bend.push_forward(points, axis.expand_as(points))[1] for axis in axes
        ]
        return torch.stack(columns, dim=2)


def bend_plane(autoencoder, latents, generator, n_centres=N_CENTRES, width=WIDTH):
    """Bend two latents until their motion commutes with rotations.

    Parameters
    ----------
    autoencoder : torch.nn.Module
        In float64.
    latents : list of ndarray of shape (n_samples, 2)
        Its latents and their rates.
    generator : ndarray of shape (2, 2)
        Rotation in suitable coordinates to start from: the linear map that changes the
        data least.
    n_centres : int, default=150
        Number of Gaussians of the map.
    width : float, default=8.0
        Their standard deviation, over the distance between centres.

    Returns
    -------
    Bent or None
        None where the plane need not be bent, or bending does not help.
    """
    eigenvalues, vectors = np.linalg.eig(generator)
    if np.abs(eigenvalues.imag).max() < np.abs(eigenvalues.real).max():
        return None
    vector = vectors[:, eigenvalues.imag.argmax()]
    frame = np.stack([vector.real, -vector.imag], axis=1)
    frame /= np.sqrt(abs(np.linalg.det(frame)))
    if _left_by_linear(*latents) < CURVED:
        return None  # it commutes with itself as it is
    points, rates = (torch.tensor(z) for z in latents)
    # With every point a centre, Gaussians would have no width.
    half = len(points) // 2
    rows, radius = farthest_point_rows(latents[0], min(n_centres, half))
    bend = RadialMap(points[rows], width * radius, 2)
    mean, inverse = latents[0].mean(axis=0), np.linalg.inv(frame)
    start = np.zeros(bend.weight.shape)
    start[:, 0], start[:, 1:3] = -inverse @ mean, inverse
    step = -(-len(points) // MAX_ROWS)
    features = [f.numpy() for f in bend.features(points[::step], rates[::step])]
    weight = _round(features, start, n_linear=3)
    if weight is None:
        return None
    # Of no consequence for the residual, but penalties let the latents shrink.
    weight /= np.sqrt(np.mean((features[0] @ weight.T) ** 2))
    with torch.no_grad():
        bend.weight.copy_(torch.from_numpy(weight))
        bend = conserve_radius(bend, points, rates)
        bent = bend.push_forward(points, rates)
    rows, radius = farthest_point_rows(bent[0].numpy(), min(N_INVERSE_CENTRES, half))
    unbend = RadialMap(bent[0][rows], width * radius, 2)
    solve_radial(unbend, bent, [points, rates], INVERSE_RIDGE)
    return Bent(autoencoder, bend, unbend)


def _left_by_linear(points, rates):
    """Return the share of the rates that the best affine motion leaves."""
    table = np.column_stack([np.ones(len(points)), points])
    left = rates - table @ np.linalg.lstsq(table, rates, rcond=None)[0]
    return np.sum(left**2) / np.sum(rates**2)


def _round(features, start, n_linear):
    """Weights that make the motion round, or None where that is of no use."""
    penalty = np.full(start.shape, np.sqrt(RIDGE))
    penalty[:, :n_linear] = 0.0
    problem = _Rounding(features, penalty.ravel())
    n = 2 * len(features[0])
    before = np.sum(problem.residual(start.ravel())[:n] ** 2)
    if before < CURVED:
        return None
    weights, found = least_squares(
        problem.residual, problem.jacobian, start.ravel(), MAX_EVALUATIONS
    )
    after = np.sum(found[:n] ** 2)
    return None if after > MIN_GAIN * before else weights.reshape(start.shape)


class _Rounding:
    """Relative misfit of the best motion that commutes with rotations."""

    def __init__(self, features, penalty):
        (self.points, self.rates), self.penalty = features, penalty

    def _fit(self, entries):
        weights = entries.reshape(2, -1)
        z, rates = self.points @ weights.T, (self.rates @ weights.T).ravel()
        # The radii in units of their size: powers stay of order one.
        scale = np.mean(z**2) * 2
        fields = _fields(z, scale)
        q, r = np.linalg.qr(fields.reshape(len(rates), -1))
        xi = np.linalg.lstsq(r, q.T @ rates, rcond=None)[0]
        return z, rates, q, xi, scale

    def residual(self, entries):
        _, rates, q, _, _ = self._fit(entries)
        misfit = (rates - q @ (q.T @ rates)) / np.linalg.norm(rates)
        return np.concatenate([misfit, self.penalty * entries])

    def jacobian(self, entries):
        """Kaufman's approximation (1975, BIT 15:49): features change, fits do not."""
        z, rates, q, xi, scale = self._fit(entries)
        size, misfit = np.linalg.norm(rates), rates - q @ (q.T @ rates)
        slopes = _slopes(z, xi, scale)
        blocks = []
        for j in range(2):
            moved = np.zeros((len(z), 2, self.rates.shape[1]))
            moved[:, j] = self.rates
            change = moved - slopes[:, :, j, None] * self.points[:, None]
            change, moved = (part.reshape(len(rates), -1) for part in (change, moved))
            change = (change - q @ (q.T @ change)) / size
            blocks.append(change - np.outer(misfit, rates @ moved) / size**3)
        return np.concatenate([np.hstack(blocks), np.diag(self.penalty)])


def _turned(z):
    return np.stack([-z[:, 1], z[:, 0]], axis=1)


def _powers(z, scale):
    """Powers of the squared radius, and their derivatives by it."""
    square = (z**2).sum(axis=1) / scale
    exponents = np.arange(DEGREE + 1)
    powers = square[:, None] ** exponents
    slopes = np.zeros_like(powers)
    slopes[:, 1:] = exponents[1:] * powers[:, :-1] / scale
    return powers, slopes


def _fields(z, scale):
    """Motions that commute with rotations, (n, 2, 2 * (DEGREE + 1))."""
    powers, _ = _powers(z, scale)
    parts = [axes[:, :, None] * powers[:, None] for axes in (z, _turned(z))]
    return np.concatenate(parts, axis=2)


def _slopes(z, xi, scale):
    """Jacobian of a combination of the fields, (n, 2, 2)."""
    powers, slopes = _powers(z, scale)
    rotation = np.array([[0.0, -1.0], [1.0, 0.0]])
    jacobian = 0.0
    for axes, linear, part in zip(
        (z, _turned(z)), (np.eye(2), rotation), np.split(xi, 2), strict=True
    ):
        along = 2 * (slopes @ part)[:, None, None] * axes[:, :, None] * z[:, None]
        jacobian = jacobian + (powers @ part)[:, None, None] * linear + along
    return jacobian


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
    n_centres = min(N_GAIN_CENTRES, len(image) // 2)
    rows, radius = farthest_point_rows(image.numpy(), n_centres)
    gain = RadialMap(image[rows], GAIN_WIDTH * radius, 1)
    thin = slice(None, None, -(-len(image) // MAX_GAIN_ROWS))
    square, change, period = (s[thin, None] for s in (square, change, period))
    values, slopes = gain.features(image[thin], velocity[thin])
    kept = square * values
    lost = period * (change * values + square * slopes)
    gram = kept.mT @ kept + CONSERVED * lost.mT @ lost
    gram.diagonal().add_(GAIN_RIDGE * gram.diagonal().mean())
    gain.weight.copy_(torch.linalg.solve(gram, kept.mT @ square).mT)
    return ScaledMap(inner, gain)
