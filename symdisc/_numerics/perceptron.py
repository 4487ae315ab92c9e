"""A perceptron of one hidden layer, fitted by variable projection.

For given hidden units the outputs are a regression. What it leaves is a smooth function
of the few weights of these units, and a quasi-Newton method goes to many digits where
gradient descent on all weights stops at per cents.
"""

import torch

from symdisc._numerics.features import FeatureMap, Monomials, normal_equations

# Steepest start of a unit, in units of the inputs, and penalty of the outputs.
STEEP, RIDGE = 1.5, 1e-7


class PerceptronMap(FeatureMap):
    """Polynomials of degree 2 and tanh of linear functions, combined linearly.

    Parameters
    ----------
    slopes : tensor of shape (n_in, n_units)
    offsets : tensor of shape (n_units,)
    n_out : int
    n_members : int, default=1
        The map is the mean of so many perceptrons, each with as many of the units. Away
        from the data they differ, and their mean is nearer to the truth than most.
    """

    def __init__(self, slopes, offsets, n_out, n_members=1):
        n_in, n_units = slopes.shape
        squares = Monomials(n_in, 2)
        super().__init__(len(squares) + n_units, n_out, slopes)
        self.squares = squares
        self.register_buffer("slopes", slopes)
        self.register_buffer("offsets", offsets)
        self.n_members = n_members

    @classmethod
    def mean_of(cls, members):
        """Return the mean of perceptrons, its outputs to be solved for."""
        slopes = torch.cat([member.slopes for member in members], dim=1)
        offsets = torch.cat([member.offsets for member in members])
        return cls(slopes, offsets, len(members[0].weight), len(members))

    @torch.no_grad()
    def solve(self, inputs, targets):
        """Fit the outputs to a curve, the hidden units given."""
        n_common = self.weight.shape[1] - len(self.offsets)
        features = self.features(*inputs)
        self.weight.zero_()
        for units in torch.arange(n_common, self.weight.shape[1]).chunk(self.n_members):
            own = torch.cat([torch.arange(n_common), units])
            outputs = _outputs([f[:, own] for f in features], targets)
            self.weight[:, own] += outputs.mT / self.n_members

    def nonlinear(self, x, *rates):
        """Return products of two and hidden units along a curve."""
        n_linear = 1 + x.shape[1]
        products = self.squares.push_forward(x, *rates)
        units = hidden_units(self.slopes, self.offsets, x, *rates)
        return [
            torch.cat([p[:, n_linear:], u], dim=1)
            for p, u in zip(products, units, strict=True)
        ]


def hidden_units(slopes, offsets, x, *rates):
    """Return tanh of linear functions, and its derivatives along a curve."""
    moves = [rate @ slopes for rate in rates]
    units = torch.tanh(x @ slopes + offsets)
    images = [units]
    if moves:
        slope = 1 - units.square()
        images.append(slope * moves[0])
        if len(moves) == 2:
            images.append(slope * (moves[1] - 2 * units * moves[0].square()))
    return images


def fit_perceptron(inputs, targets, n_units, n_steps, generator):
    """Fit a perceptron to a curve.

    Parameters
    ----------
    inputs, targets : sequence of tensor of shape (n, n_in) and (n, n_out)
        Positions and their time derivatives, of like size.
    n_units : int
        Number of hidden units.
    n_steps : int
        Of L-BFGS.
    generator : torch.Generator
        Draws the start.

    Returns
    -------
    PerceptronMap

    Examples
    --------
    >>> import torch
    >>> from symdisc._numerics.perceptron import fit_perceptron
    >>> x = torch.linspace(-2, 2, 100, dtype=torch.float64)[:, None]
    >>> draws = torch.Generator().manual_seed(0)
    >>> found = fit_perceptron([x], [torch.tanh(3 * x - 1)], 8, 100, draws)
    >>> bool((found(x) - torch.tanh(3 * x - 1)).abs().max() < 0.01)
    True
    """
    points, n_in = inputs[0], inputs[0].shape[1]
    slopes = torch.randn(n_in, n_units, generator=generator, dtype=points.dtype)
    slopes = STEEP * slopes / points.std(dim=0).clamp_min(1e-12)[:, None] / n_in**0.5
    rows = torch.randint(len(points), (n_units,), generator=generator)
    # Each unit bends somewhere among the points.
    offsets = -(points[rows].mT * slopes).sum(dim=0)
    found = PerceptronMap(slopes, offsets, targets[0].shape[1])
    slopes, offsets = found.slopes.requires_grad_(), found.offsets.requires_grad_()
    optimizer = torch.optim.LBFGS(
        [slopes, offsets], n_steps, history_size=30, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        features = found.features(*inputs)
        loss = torch.log(_left(features, targets, _outputs(features, targets)))
        loss.backward()
        return loss

    optimizer.step(closure)
    for part in (slopes, offsets):
        part.requires_grad_(False)
    found.solve(inputs, targets)
    return found


def _outputs(features, targets):
    gram, cross = normal_equations(features, targets)
    ridge = RIDGE * gram.diagonal().mean() * torch.eye(len(gram)).to(gram)
    return torch.linalg.solve(gram + ridge, cross)


def _left(features, targets, weights):
    """Sum of the parts of the targets that are left."""
    return sum(
        (wanted - known @ weights).square().sum() / wanted.square().sum()
        for known, wanted in zip(features, targets, strict=True)
    )
