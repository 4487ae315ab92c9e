"""How far latents are from obeying sparse equations.

For latents z = P c + b of modes c, and maybe products of these, each latent of size 1,
the coefficients of the best equations are a regression, and so is the best decoder.
Eliminating both leaves a smooth function of the few entries of P and b:

    log(E_v + e_v) + w log(E_x + e_x) + mu sum log(s^2 + delta^2) - nu logdet corr(z),

with E_v and E_x the parts of the rates and of the snapshots that are left, and s the
shares of the rates that single terms make up. The sum is a smooth count of the terms.
Without it, E_v does not depend on the axes; without E_x, latents that lose a part of
the state would be as good.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy import sparse

from symdisc._numerics.lbfgs import lowest, lowest_of_curved
from symdisc._sparse_latents.curvature import curvature
from symdisc._sparse_latents.gradient import MotionGradient

# Relative size of what is added to normal equations.
RIDGE = 1e-10
# Default floor of E_v, and weight of what keeps the axes from falling together.
LEAST_ERROR, INDEPENDENCE = 1e-8, 0.05
# Descents take modes in units of this power of their sizes: faint ones are reached in
# few steps, and leading ones still come first.
POWER = 0.5
# Blocks of rows that standard errors are taken from.
N_BLOCKS = 10
# A descent ends where 20 steps change the loss, a logarithm, by less than this.
LITTLE = 0.01
# A part of the state that is lost has to cost more than its equations may gain.
WEIGHT_OF_X = 3.0


@dataclass
class SparseMotion:
    """Coordinates in motion, and what their latents are to obey.

    Parameters
    ----------
    curve : sequence of tensor of shape (n, n_modes)
        Coordinates and their time derivatives, in one unit.
    library : CandidateLibrary
        Of the state: latents and, for equations of second order, their rates.
    decoder : FourierPolynomialMap, optional
        What the leading coordinates are predicted by.
    max_x_error : float, default=1
        Part of the snapshots that may be lost at no cost, nearly; with 1, all.
    n_decoded : int, default=0
        Number of leading coordinates that are predicted.
    least_error : float, default=1e-8
        Part of the rates below which nothing is gained.
    has_unit : bool, default=False
        Whether the size of the latents matters, as it does where they are in a sine;
        then it is the encoder's.
    average, derivative : sparse tensor of shape (n_windows, n), optional
        Windows over which equations are integrated, without the last of `curve`.
    """

    curve: list
    library: object
    decoder: object = None
    max_x_error: float = 1.0
    n_decoded: int = 0
    least_error: float = LEAST_ERROR
    has_unit: bool = False
    average: torch.Tensor | None = None
    derivative: torch.Tensor | None = None

    @cached_property
    def total(self):
        """Sum of squares of the coordinates that are predicted."""
        return self.curve[0][:, : self.n_decoded].square().sum()

    @cached_property
    def _gradient(self):
        return MotionGradient(self, RIDGE)

    @classmethod
    def of_rows(cls, curve, library, *, weak=None, max_rows, **others):
        """Return that of some rows, or windows, at equal steps.

        Parameters
        ----------
        curve, library
            See above.
        weak : WeakForm or None
        max_rows : int
        **others
            See above.

        Returns
        -------
        SparseMotion
        """
        if weak is None:
            step = -(-len(curve[0]) // max_rows)
            return cls([part[::step] for part in curve], library, **others)
        step = -(-weak.average.shape[0] // max_rows)
        windows = (_tensor(m[::step]) for m in (weak.average, weak.derivative))
        others["average"], others["derivative"] = windows
        return cls(curve, library, **others)

    def size(self, encoder):
        """Return what latents are divided by: their standard deviations."""
        if self.has_unit:
            return torch.ones_like(encoder[:, 0])
        return (self.curve[0] @ encoder.mT).std(dim=0, correction=0)

    def state(self, encoder, shift, size=None):
        """Return latents and their rates, as they enter the equations.

        Parameters
        ----------
        encoder : tensor of shape (k, n_modes)
        shift : tensor of shape (k,)
        size : tensor of shape (k,), optional
            Of other rows.

        Returns
        -------
        list of tensor of shape (n, k)
        """
        size = self.size(encoder) if size is None else size
        state = [part @ (encoder / size[:, None]).mT for part in self.curve]
        return [state[0] + shift, *state[1:]]

    def equations(self, state):
        """Return candidates (n_rows, n_terms) of size 1, their sizes, and rates."""
        *known, rates = state
        features = self.library.evaluate(torch.cat(known, dim=1))
        if self.average is not None:
            features = torch.sparse.mm(self.average, features)
            rates = torch.sparse.mm(self.derivative, state[0])
        size = features.square().mean(dim=0).sqrt()
        size = torch.where(size > 0, size, torch.ones_like(size))
        return features / size, size, rates

    def left_of_rates(self, encoder, shift, support=None):
        """Return E_v, and the share of each term in each rate.

        E_v is the mean over directions of latent space of the part of the rates that is
        left, so that it does not depend on the axes.
        """
        features, _, rates = self.equations(self.state(encoder, shift))
        found = eliminate(features, rates, support)
        error = unexplained(features @ found, rates)
        share = found.abs() / rates.square().mean(dim=0).sqrt()
        return error, share

    @torch.no_grad()
    def left_of_others(self, others, encoder, shift, support=None):
        """Return what the equations of these rows leave of the rates of others.

        Parameters
        ----------
        others : SparseMotion
        encoder, shift, support
            As of `left_of_rates`.

        Returns
        -------
        tensor of shape (n_blocks,)
            Of consecutive rows; the mean is E_v.
        """
        features, size, rates = self.equations(self.state(encoder, shift))
        found = eliminate(features, rates, support)
        state = others.state(encoder, shift, self.size(encoder))
        features, other, rates = others.equations(state)
        predicted = features * (other / size) @ found
        return blocks_unexplained(predicted, rates)

    def left_of_snapshots(self, encoder, shift):
        """Return E_x, of the best decoder of white latents."""
        return self.residual_of_snapshots(encoder).square().sum() / self.total

    def residual_of_snapshots(self, encoder):
        """Return what the best decoder of white latents leaves of each row."""
        latents = self.curve[0] @ encoder.mT
        centred = latents - latents.mean(dim=0)
        # White, so that it does not depend on the axes.
        covariance = centred.mT @ centred / len(centred)
        ridge = RIDGE * covariance.diagonal().mean() * torch.eye(len(encoder))
        factor = torch.linalg.cholesky(covariance + ridge.to(covariance))
        white = torch.linalg.solve_triangular(factor, centred.mT, upper=False).mT
        features = self.decoder.features(white)[0]
        targets = self.curve[0][:, : self.n_decoded]
        # At its minimum over the coefficients E_x does not change with them.
        with torch.no_grad():
            size = features.square().mean(dim=0).sqrt().clamp_min(1e-300)
            found = eliminate(features / size, targets) / size[:, None]
        return targets - features @ found

    def loss(self, encoder, shift, mu=0.0, delta=1.0, support=None, moves=True):
        """Return what is minimised.

        Parameters
        ----------
        encoder : tensor of shape (k, n_modes)
        shift : tensor of shape (k,)
        mu, delta : float
            Weight of the count of terms, and the share that counts half.
        support : tensor of bool, of shape (n_terms, k), optional
            Coefficients that are not zero.
        moves : bool, default=True
            Without motion it is what the decoder leaves.

        Returns
        -------
        tensor
        """
        if not moves:
            return torch.log(self.left_of_snapshots(encoder, shift) + self.max_x_error)
        error, share = self.left_of_rates(encoder, shift, support)
        if self.max_x_error < 1:
            lost = self.left_of_snapshots(encoder, shift)
            loss = loss_of_errors(error, lost, self.max_x_error, self.least_error)
        else:
            loss = torch.log(error + self.least_error)
        if mu:
            loss = loss + mu * torch.log(share.square() + delta**2).sum()
        if len(encoder) > 1:
            correlation = torch.corrcoef((self.curve[0] @ encoder.mT).mT)
            loss = loss - INDEPENDENCE * torch.logdet(correlation)
        return loss

    def descend(self, encoder, shift, n_steps, needed=0.0, **options):
        """Descend in double precision until little changes.

        Parameters
        ----------
        encoder, shift : tensor
            Start.
        n_steps : int
            At most.
        needed : float, default=0
            By how much the loss has to fall; the descent ends where it will not.
        **options
            Of `loss`.

        Returns
        -------
        encoder, shift : tensor
        """
        units = self.curve[0].std(dim=0).clamp_min(1e-300)
        units = ((units[0] / units) ** POWER).numpy()
        size, shape = encoder.numel(), encoder.shape
        scale = np.concatenate([np.tile(units, shape[0]), np.ones(shape[0])])

        def parts(flat):
            flat = flat * scale
            return flat[:size].reshape(shape), flat[size:]

        def evaluated(flat):
            value, *slopes = self.loss_and_gradient(*parts(flat), **options)
            return value, np.concatenate([s.ravel() for s in slopes]) * scale

        def curved(flat):
            known = *parts(flat), options.get("support")
            error, matrix = curvature(self._gradient, *known)
            return matrix * np.outer(scale, scale) * (2 / (error + self.least_error))

        start = torch.cat([encoder.detach().ravel(), shift.detach()]).numpy() / scale
        ends = {"max_steps": n_steps, "little": LITTLE}
        if options.get("moves", True):
            flat = lowest_of_curved(evaluated, curved, start, needed=needed, **ends)
        else:
            flat = lowest(evaluated, start, **ends)
        return tuple(torch.from_numpy(part.copy()) for part in parts(flat))

    def loss_and_gradient(
        self, encoder, shift, mu=0.0, delta=1.0, support=None, moves=True
    ):
        """Return `loss` of arrays, and its gradient.

        Parameters
        ----------
        encoder : ndarray of shape (k, n_modes)
        shift : ndarray of shape (k,)
        mu, delta, support, moves
            As of `loss`.

        Returns
        -------
        value : float
        along, along_shift : ndarray
            Gradient along encoder and shift.
        """
        value, gradient, along_shift = 0.0, np.zeros_like(encoder), np.zeros_like(shift)
        if not moves or self.max_x_error < 1:
            lost, along = self._gradient.of_snapshots(encoder)
            weight = WEIGHT_OF_X if moves else 1.0
            value += weight * np.log(lost + self.max_x_error)
            gradient += weight / (lost + self.max_x_error) * along
        if not moves:
            return value, gradient, along_shift
        support = None if support is None else support.numpy()
        floor = self.least_error
        error, count, along, along_shift = self._gradient.of_rates(
            *(encoder, shift, lambda e: 1 / (e + floor), mu, delta, support)
        )
        value += np.log(error + floor) + mu * count
        gradient += along
        if len(encoder) > 1:
            apart, along = self._gradient.of_axes(encoder)
            value -= INDEPENDENCE * apart
            gradient -= INDEPENDENCE * along
        return value, gradient, along_shift


def loss_of_errors(error, lost, max_x_error, least_error=LEAST_ERROR):
    """Return log(E_v + e_v) + w log(E_x + e_x).

    Parameters
    ----------
    error : tensor
        Part of the rates that is left.
    lost : tensor or float
        Part of the snapshots that is left.
    max_x_error, least_error : float
        Floors of the two.

    Returns
    -------
    tensor
    """
    lost = torch.as_tensor(lost)
    return torch.log(error + least_error) + WEIGHT_OF_X * torch.log(lost + max_x_error)


def eliminate(features, targets, support=None):
    """Return the coefficients of a regression on candidates of size 1.

    Parameters
    ----------
    features : tensor of shape (n, n_terms)
    targets : tensor of shape (n, k)
    support : tensor of bool, of shape (n_terms, k), optional
        Coefficients that are not zero.

    Returns
    -------
    tensor of shape (n_terms, k)
    """
    gram = features.mT @ features / len(features)
    gram = gram + RIDGE * torch.eye(len(gram)).to(gram)
    cross = features.mT @ targets / len(features)
    if support is None or bool(support.all()):
        return torch.linalg.solve(gram, cross)
    columns = []
    for column, kept in zip(cross.mT, support.mT, strict=True):
        (where,) = torch.nonzero(kept, as_tuple=True)
        solved = torch.linalg.solve(gram[where][:, where], column[where])
        columns.append(torch.zeros_like(column).index_put((where,), solved))
    return torch.stack(columns, dim=1)


def unexplained(predicted, targets):
    """Mean over directions of the part of the targets that a prediction leaves."""
    left = targets - predicted
    return torch.linalg.solve(_square(targets), left.mT @ left).trace() / left.shape[1]


def blocks_unexplained(predicted, targets, n_blocks=N_BLOCKS):
    """Return what a prediction leaves of blocks of rows.

    Parameters
    ----------
    predicted, targets : tensor of shape (n, k)
    n_blocks : int

    Returns
    -------
    tensor of shape (n_blocks,)
        Their mean is what `unexplained` returns, where blocks are of the same size.
    """
    left = targets - predicted
    each = (left.mT * torch.linalg.solve(_square(targets), left.mT)).mean(dim=0)
    blocks = torch.tensor_split(each, min(n_blocks, len(each)))
    return len(each) * torch.stack([block.mean() for block in blocks])


def _square(targets):
    square = targets.mT @ targets
    return square + 1e-14 * square.diagonal().mean() * torch.eye(len(square)).to(square)


def _tensor(matrix):
    """Return a sparse matrix as a tensor."""
    matrix = sparse.coo_array(matrix)
    places = torch.from_numpy(np.array(matrix.coords, dtype=np.int64))
    values = torch.from_numpy(matrix.data.astype(float))
    found = torch.sparse_coo_tensor(places, values, matrix.shape, check_invariants=True)
    return found.coalesce()
