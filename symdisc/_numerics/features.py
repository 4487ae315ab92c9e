"""Maps linear in their unknowns: monomials, Gaussians, random Fourier features.

Once monomials, centres or frequencies are set, encoder and decoder are regressions,
solved to many digits where gradient descent leaves per cents.

A pixel that an edge passes on its way around a ring has many harmonics of the angle.
Random Fourier features have frequencies and phases that are drawn (Rahimi and Recht,
Advances in Neural Information Processing Systems 20 (2007), 1177-1184). Some of them
depend on one block of latents only, so that parts of the data that move independently
need no more features together than alone.
"""

from itertools import combinations_with_replacement
from math import comb

import numpy as np
import torch
from torch import nn

MAX_TERMS = 64
N_FOURIER = 128
ROWS_PER_FOURIER = 4
FOURIER_RIDGE = 1e-8


def farthest_point_rows(points, n_rows):
    """Choose rows by farthest-point sampling: each is farthest from those before it.

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
    >>> from symdisc._numerics.features import farthest_point_rows
    >>> farthest_point_rows(np.array([[0.0], [1.0], [9.0], [10.0]]), 2)
    (array([0, 3]), 1.0)
    """
    columns = np.ascontiguousarray(points.T)

    def squares_from(row):
        return np.square(columns - columns[:, row, None]).sum(axis=0)

    rows, squares = [0], squares_from(0)
    radius = squares.max()
    while len(rows) < n_rows and squares.max() > 0:
        radius = squares.max()
        rows.append(int(squares.argmax()))
        squares = np.minimum(squares, squares_from(rows[-1]))
    return np.array(rows), float(squares.max() or radius) ** 0.5


class FeatureMap(nn.Module):
    """Constant, linear part and further features, combined linearly.

    Subclasses have `nonlinear`: the further features along a curve.

    Parameters
    ----------
    n_features : int
        Number of all features.
    n_out : int
    like : tensor
        Has the dtype and device of the weights.
    """

    def __init__(self, n_features, n_out, like):
        super().__init__()
        self.weight = nn.Parameter(like.new_zeros(n_out, n_features))

    def forward(self, x):
        """Map x of shape (n, n_in) to (n, n_out)."""
        return self.push_forward(x)[0]

    def push_forward(self, *jet):
        """Return the image of a curve through x, given as x, x_dot and maybe x_ddot."""
        return tuple(f @ self.weight.mT for f in self.features(*jet))

    def features(self, x, *rates):
        """Return what is combined, along a curve: (n, n_features) each."""
        jet = x, *rates
        constant = [torch.full_like(x[:, :1], float(i == 0)) for i in range(len(jet))]
        parts = zip(constant, jet, self.nonlinear(*jet), strict=True)
        return [torch.cat(part, dim=1) for part in parts]


class RadialMap(FeatureMap):
    """Constant, linear part and Gaussians around centres, combined linearly.

    Parameters
    ----------
    centres : tensor of shape (n_centres, n_in)
    width : float
        Standard deviation of the Gaussians.
    n_out : int
    """

    def __init__(self, centres, width, n_out):
        super().__init__(1 + centres.shape[1] + len(centres), n_out, centres)
        self.register_buffer("centres", centres.clone())
        self.width = float(width)

    def nonlinear(self, x, *rates):
        """Return the Gaussians along a curve: (n, n_centres) each."""
        precision = 1 / self.width**2
        gaussians = torch.exp(-0.5 * precision * torch.cdist(x, self.centres).square())
        images = [gaussians]
        # The exponent and its derivatives along the curve.
        if rates:
            first = -precision * self._slope(x, rates[0])
            images.append(gaussians * first)
        if len(rates) == 2:
            second = rates[0].square().sum(1, keepdim=True) + self._slope(x, rates[1])
            images.append(gaussians * (first.square() - precision * second))
        return images

    def _slope(self, x, rate):
        """(x - centre) . rate for every centre."""
        return (x * rate).sum(1, keepdim=True) - rate @ self.centres.mT


def normal_equations(features, targets):
    """Return F^T F and F^T y of a curve on the features of another.

    Parameters
    ----------
    features, targets : sequence of tensor of shape (n, n_features) and (n, n_out)
        Positions and their time derivatives. Each derivative counts alike, in units of
        its own mean square.

    Returns
    -------
    gram : tensor of shape (n_features, n_features)
    cross : tensor of shape (n_features, n_out)
    """
    gram = cross = 0
    for columns, target in zip(features, targets, strict=True):
        size = target.square().mean()
        if size < torch.finfo(target.dtype).tiny ** 0.5:
            size = torch.ones_like(size)  # nothing to explain; 1 / size would overflow
        gram = gram + columns.mT @ columns / size
        cross = cross + columns.mT @ target / size
    return gram, cross


@torch.no_grad()
def solve_radial(radial, inputs, targets, ridge):
    """Set the weights by ridge regression of a curve on the features of another.

    Parameters
    ----------
    radial : RadialMap
        Changed in place.
    inputs, targets : sequence of tensor
        Positions and their time derivatives; `targets` may have fewer of them.
    ridge : float
        Penalty of the weights of the Gaussians, relative to the mean square of all
        features.
    """
    gram, cross = normal_equations(radial.features(*inputs[: len(targets)]), targets)
    penalty = torch.zeros_like(gram.diagonal())
    penalty[1 + radial.centres.shape[1] :] = ridge * gram.diagonal().mean()
    # A floor for constant and linear part, which some data cannot distinguish.
    penalty += 1e-14 * gram.diagonal().mean()
    radial.weight.copy_(torch.linalg.solve(gram + penalty.diag(), cross).mT)


class Monomials(nn.Module):
    """All monomials up to a degree, the constant first, then the variables.

    Parameters
    ----------
    n_variables : int
    degree : int
        Highest degree.
    device : torch.device, optional
    """

    def __init__(self, n_variables, degree, device=None):
        super().__init__()
        self.n_variables = n_variables
        # Index 0 stands for the constant 1: each monomial is a product of `degree`
        # factors, and a lower one has constants among them.
        factors = list(combinations_with_replacement(range(n_variables + 1), degree))
        factors.sort(key=lambda f: (sum(i > 0 for i in f), [i for i in f if i > 0]))
        factors = torch.tensor(factors, device=device).T
        self.register_buffer("factors", factors.contiguous())

    def __len__(self):
        return self.factors.shape[1]

    def forward(self, x):
        """Map x of shape (n, n_variables) to (n, n_monomials)."""
        return self.push_forward(x)[0]

    def push_forward(self, x, *rates):
        """Return the monomials along a curve given as x, x_dot and maybe x_ddot."""
        curve = [nn.functional.pad(x, (1, 0), value=1.0)]
        curve += [nn.functional.pad(rate, (1, 0)) for rate in rates]
        product, *others = ([c[:, f] for c in curve] for f in self.factors)
        for factor in others:
            product = _leibniz(product, factor)
        return tuple(product)


def _leibniz(a, b):
    """Differentiate a product, given the derivatives of its factors."""
    product = [a[0] * b[0]]
    if len(a) > 1:
        product.append(a[1] * b[0] + a[0] * b[1])
    if len(a) > 2:
        product.append(a[2] * b[0] + 2 * a[1] * b[1] + a[0] * b[2])
    return product


def affordable_degree(n_variables, highest=3):
    """Return the highest degree whose monomials are at most `MAX_TERMS`."""
    degrees = range(highest, 1, -1)
    return next((d for d in degrees if comb(n_variables + d, d) <= MAX_TERMS), 1)


def beyond_polynomials(scale, n_variables):
    """Return the least fraction of the variance that polynomials leave unexplained.

    Parameters
    ----------
    scale : array-like of shape (n_modes,)
        Standard deviation along each mode, descending.
    n_variables : int
        Number of variables; the polynomials are of `affordable_degree`.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._numerics.features import beyond_polynomials
    >>> beyond_polynomials(np.ones(12), 2)  # nine monomials to degree 3, and 1
    0.25
    """
    n_terms = comb(n_variables + affordable_degree(n_variables), n_variables)
    return float((scale[n_terms - 1 :] ** 2).sum() / (scale**2).sum())


class FourierMap(FeatureMap):
    """Constant, linear part and cosines, combined linearly.

    Parameters
    ----------
    frequencies : tensor of shape (n_in, n_fourier)
    phases : tensor of shape (n_fourier,)
    n_out : int
    """

    def __init__(self, frequencies, phases, n_out):
        super().__init__(1 + sum(frequencies.shape), n_out, frequencies)
        self.register_buffer("frequencies", frequencies.clone())
        self.register_buffer("phases", phases.clone())

    def nonlinear(self, z, *rates):
        """Return the cosines along a curve: (n, n_fourier) each."""
        angle = z @ self.frequencies + self.phases
        images = [torch.cos(angle)]
        if rates:
            speed = rates[0] @ self.frequencies
            images.append(-torch.sin(angle) * speed)
        if len(rates) == 2:
            second = torch.sin(angle) * (rates[1] @ self.frequencies)
            images.append(-images[0] * speed.square() - second)
        return images


def draw_fourier_features(blocks, scale, n_rows, n_out, random, n_fourier=N_FOURIER):
    """Draw random Fourier features of each block of latents and, of several, of all.

    Parameters
    ----------
    blocks : sequence of int
        Sizes of the blocks, one after the other.
    scale : float
        Largest frequency along an axis.
    n_rows : int
        Number of rows to fit: where there are few, fewer features are drawn.
    n_out : int
    random : numpy.random.Generator
    n_fourier : int, default=128
        Number of features of each block, and of all.

    Returns
    -------
    FourierMap
        In double precision, its weights zero.
    """
    ends = np.cumsum(blocks)
    groups = [slice(end - size, end) for size, end in zip(blocks, ends, strict=True)]
    groups += [slice(0, ends[-1])] * (len(blocks) > 1)
    n_fourier = max(min(n_fourier, n_rows // (ROWS_PER_FOURIER * len(groups))), 1)
    frequencies = np.zeros((ends[-1], len(groups), n_fourier))
    for i, rows in enumerate(groups):
        shape = rows.stop - rows.start, n_fourier
        frequencies[rows, i] = random.uniform(-scale, scale, shape)
    frequencies = torch.from_numpy(frequencies).flatten(start_dim=1)
    phases = torch.from_numpy(random.uniform(0, 2 * np.pi, frequencies.shape[1]))
    return FourierMap(frequencies, phases, n_out)


@torch.no_grad()
def solve_fourier(fourier, latents, targets):
    """Set the weights by ridge regression.

    Parameters
    ----------
    fourier : FourierMap
        Changed in place.
    latents : tensor of shape (n_samples, n_in)
    targets : tensor of shape (n_samples, n_out)
    """
    gram, cross = normal_equations(fourier.features(latents), [targets])
    # The constant is a feature of unit size: its diagonal entry is that of the ridge.
    gram.diagonal().add_(FOURIER_RIDGE * gram[0, 0].clone())
    fourier.weight.copy_(torch.linalg.solve(gram, cross).mT)
