"""Polyharmonic splines: smooth interpolation in several dimensions, without a width."""

import torch

from symdisc._numerics.features import FeatureMap, Monomials, farthest_point_rows

# Least smoothing, in units of the kernel: near points make its matrix nearly singular.
LEAST = 1e-10


class PolyharmonicSpline(FeatureMap):
    """Polynomials of degree 2 and powers of the distances from centres, combined.

    Of all functions through given values it bends least, in a sense that does not
    depend on axes or units. It needs no width, and many scattered centres do not
    disturb it.

    Parameters
    ----------
    centres : tensor of shape (n_centres, n_in)
    power : {3, 5}
        Of the distances.
    n_out : int

    References
    ----------
    H. Wendland, "Scattered Data Approximation", Cambridge University Press (2004),
    chapters 8 and 11.
    """

    def __init__(self, centres, power, n_out):
        squares = Monomials(centres.shape[1], 2)
        super().__init__(len(squares) + len(centres), n_out, centres)
        self.squares = squares
        self.register_buffer("centres", centres.clone())
        self.power = int(power)

    def nonlinear(self, x, *rates):
        """Return products of two and powers of distances along a curve."""
        n_linear = 1 + x.shape[1]
        products = self.squares.push_forward(x, *rates)
        powers = self._powers(x, *rates)
        return [
            torch.cat([p[:, n_linear:], q], dim=1)
            for p, q in zip(products, powers, strict=True)
        ]

    def _powers(self, x, *rates):
        """Distances from centres, to the power, and their derivatives along a curve."""
        power, distance = self.power, _distances(x, self.centres)
        images = [distance**power]
        if rates:
            slope = self._slope(x, rates[0])
            images.append(power * distance ** (power - 2) * slope)
        if len(rates) == 2:
            bend = rates[0].square().sum(1, keepdim=True) + self._slope(x, rates[1])
            turn = slope.square() * distance.clamp_min(1e-100) ** (power - 4)
            images.append(power * (distance ** (power - 2) * bend + (power - 2) * turn))
        return images

    def _slope(self, x, rate):
        """(x - centre) . rate for every centre."""
        return (x * rate).sum(1, keepdim=True) - rate @ self.centres.mT


@torch.no_grad()
def fit_polyharmonics(points, targets, powers, smoothing, max_centres):
    """Fit splines through targets, or near them.

    Parameters
    ----------
    points : tensor of shape (n, n_in)
        Of like size in all directions.
    targets : tensor of shape (n, n_out)
    powers : sequence of {3, 5}
    smoothing : sequence of float
        Weights of the bending, in units of that of the kernel.
    max_centres : int
        At most so many of the points are used, each farthest from those before it.

    Returns
    -------
    list of PolyharmonicSpline
        One for each power and weight. Those of a power have the same features.

    Examples
    --------
    >>> import torch
    >>> from symdisc._numerics.polyharmonic import fit_polyharmonics
    >>> x = torch.linspace(-2, 2, 100, dtype=torch.float64)[:, None]
    >>> (found,) = fit_polyharmonics(x[::2], torch.sin(x[::2]), [5], [0.0], 1000)
    >>> bool((found(x) - torch.sin(x)).abs().max() < 1e-4)
    True
    """
    rows = torch.from_numpy(farthest_point_rows(points.numpy(), max_centres)[0])
    return [
        spline
        for power in powers
        for spline in _fit(points[rows], targets[rows], power, smoothing)
    ]


def _fit(points, targets, power, smoothing):
    found = [PolyharmonicSpline(points, power, targets.shape[1]) for _ in smoothing]
    features = found[0].features(points)[0]
    n, n_tail = len(points), features.shape[1] - len(points)
    tail, kernel = features[:, :n_tail], features[:, n_tail:]
    # The kernel is positive on what the polynomials leave: r^3 as it is, -r^5.
    unit = (1.0 if power == 3 else -1.0) * kernel.mean()
    # Polynomials need not be independent of each other, as on a circle.
    corner = -unit * LEAST * torch.eye(n_tail).to(tail)
    below = torch.cat([corner, tail.mT], dim=1)
    wanted = torch.cat([targets, targets.new_zeros(n_tail, targets.shape[1])])
    for spline, weight in zip(found, smoothing, strict=True):
        smoothed = kernel + unit * max(weight, LEAST) * torch.eye(n).to(kernel)
        system = torch.cat([torch.cat([tail, smoothed], dim=1), below])
        spline.weight.copy_(torch.linalg.solve(system, wanted).mT)
    return found


def _distances(x, centres):
    pairs = zip(x.mT, centres.mT, strict=True)
    return sum((a[:, None] - b).square() for a, b in pairs).sqrt()
