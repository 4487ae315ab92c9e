"""Latents linear in modes, and products of these, that obey equations of few terms."""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval

from symdisc._equations.library import degree_of
from symdisc._latent.autoencoder import LinearAutoencoder
from symdisc._latent.latent_model import LatentModel, NothingFoundError
from symdisc._latent.selection import AS_FAST, AS_GOOD, held_out_rows
from symdisc._sparse_latents.axes import anneal, count_of_terms, sparse_axes, whitened
from symdisc._sparse_latents.elimination import (
    Limits,
    eliminate_past_worse,
    eliminate_terms,
    fewest_possible,
    is_as_good,
    what_is_left,
)
from symdisc._sparse_latents.linear_motion import linear_latents
from symdisc._sparse_latents.objective import LEAST_ERROR
from symdisc._sparse_latents.projections import best_projections, mixed_modes
from symdisc._sparse_latents.search import (
    Judge,
    count_products,
    found_of,
    judge_of,
    motion_of_rows,
    motions_of_rows,
    products_of,
)
from symdisc.autoencoders._decoders import best_decoder
from symdisc.autoencoders._strategy import Strategy, check_positive

# Steps of descents.
N_STEPS, N_ANNEALED = 600, 60
# Axes are better where the loss, which counts terms, is less by this: half a term.
FEWER = 1.0
# Fewer terms may leave so many times as much as all do.
TIMES = 4.0
# Default of what may be lost: more than the decoders of the search leave.
MAX_X_ERROR = 1e-3
# Sizes of latents to start from, where these matter, and steps from each start.
UNITS, N_TRIED = (1.0, 2.0), 40


class SparseLatents(Strategy):
    """Latents linear in the snapshots, faint modes included, with sparse equations.

    A lift with enough features has a nearly linear left inverse among its faint modes,
    whatever its form; one with few, or with local ones, has one among products of the
    leading modes. The encoder minimises what the equations leave of the rates, what
    polynomials and cosines leave of the snapshots, and a smooth count of the terms;
    then terms are eliminated. Coefficients and decoder are regressions throughout [1]_.

    Parameters
    ----------
    gains : tuple of float, default=(30, 200, 2000, 20000)
        Modes as large as the first over this are used: it bounds how much of the noise
        the latents have. The smallest is taken that leaves no more of the rates than
        any, but for a standard error, in rows held out.
    mus : tuple of float, default=(0.5, 0.15)
        Weights of the logarithm of a term's share of a rate. The first is taken with
        which the equations leave no more of the rates than all candidates would.
    deltas : tuple of float, default=(0.3, 0.1, 0.03)
        Shares of a rate that count half; each descent starts from the last.
    tolerance : float, default=4e-6
        Part of the rates held out that fewer terms may leave in addition, but at most
        four times what all terms leave; or a standard error of it, where that is more.
        Of the rates fitted to they may leave four times as much as all.
    max_x_error : float, default=1e-3
        Share of the snapshots that a decoder may lose at no cost, nearly. A latent that
        moves the snapshots by less is free to be anything; with less than the default,
        the strategy is left out where a cheaper one leaves next to nothing.
    n_starts : int, default=5
        Axes to start from.
    degree : int, default=5
        Highest degree of products of the leading modes that the encoder combines, too,
        where it leaves less of the rates held out with them; lower where there were
        more than 64 of them. With 1 the encoder is linear, which says more of rows
        outside the range of those it was fitted to.

    References
    ----------
    .. [1] G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and
       nonlinear least squares problems whose variables separate", SIAM Journal on
       Numerical Analysis 10 (1973), 413-432.

    Examples
    --------
    >>> from symdisc import LatentSINDy
    >>> from symdisc.autoencoders import SparseLatents
    >>> LatentSINDy(3, autoencoder=SparseLatents(gains=(200,)))
    LatentSINDy(autoencoder=SparseLatents(gains=(200,)), n_components=3)
    """

    seeks_terms = True
    _parameter_constraints: dict = {
        "gains": [list, tuple],
        "mus": [list, tuple],
        "deltas": [list, tuple],
        "tolerance": [Interval(Real, 0, 1, closed="neither")],
        "max_x_error": [Interval(Real, 0, 1, closed="neither")],
        "n_starts": [Interval(Integral, 1, None, closed="left")],
        "degree": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        gains=(30, 200, 2000, 20000),
        mus=(0.5, 0.15),
        deltas=(0.3, 0.1, 0.03),
        tolerance=4e-6,
        max_x_error=MAX_X_ERROR,
        n_starts=5,
        degree=5,
    ):
        self.gains = gains
        self.mus = mus
        self.deltas = deltas
        self.tolerance = tolerance
        self.max_x_error = max_x_error
        self.n_starts = n_starts
        self.degree = degree

    def is_costly(self, problem):
        """Say whether it is left out where cheaper ones leave next to nothing."""
        return self.max_x_error < MAX_X_ERROR

    def is_reached(self, strategy, model):
        """Say whether one that may lose more lost no more, or twice what it may."""
        if not isinstance(strategy, SparseLatents):
            return False
        alike = strategy.get_params() | {"max_x_error": self.max_x_error}
        most, noise = AS_GOOD * self.max_x_error, 2 * strategy.max_x_error
        return alike == self.get_params() and not most < model.errors["x"] <= noise

    def why_not(self, problem):
        """Say why this does not apply to a problem; None where it does."""
        if not problem.moves:
            return "it is for snapshots with rates"
        return None

    def fit(self, problem):
        """Find the encoder and the terms, and choose a decoder.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel
        """
        check_positive("gains", self.gains)
        check_positive("mus", self.mus)
        check_positive("deltas", self.deltas)
        rank = min(problem.ranks[0], len(problem.weights))
        rows = held_out_rows(problem)
        random = np.random.default_rng(problem.seed)
        start = self._start(problem, rows[0], rank)
        dense, judge = self._dense(problem, rows, start, random), start[1]
        fitted, held = motions_of_rows(
            problem, rows, dense.n_modes, judge, dense.products
        )
        begin = dense.encoder, dense.shift
        if not fitted.has_unit:
            weak = problem.part(rows[0]).weak
            begin = self._turned(fitted, dense.encoder, weak, random)
        with torch.no_grad():
            lost = max(dense.lost, float(fitted.left_of_snapshots(*begin)))
            own = TIMES * float(fitted.left_of_rates(*begin)[0]) + LEAST_ERROR
        tolerance = min(self.tolerance, TIMES * float(dense.left.mean()) + LEAST_ERROR)
        lost = max(judge.floor, AS_GOOD * lost)
        limits = Limits(dense.left, lost, tolerance, AS_FAST, own)
        found = self._sparse(fitted, held, begin, limits)
        if not fitted.has_unit:
            found = self._better(fitted, held, found, limits, weak, random)
        encoder, shift, support = found
        encoder = encoder / fitted.size(encoder)[:, None]
        return _model(problem, encoder, shift, support, products=dense.products)

    def _sparse(self, fitted, held, begin, limits):
        """Return encoder, shift and the terms that the equations need.

        A weight is lowered where it costs more of the rates than all terms together, or
        a part of the snapshots.
        """
        found = fewest_possible(fitted, held, *begin, limits)
        if found is not None:
            return found
        tried = []
        for mu in self.mus:
            start = anneal(fitted, *begin, self.deltas, N_ANNEALED, mu)
            refused = {}
            found = eliminate_terms(fitted, held, *start, limits, refused)
            if not limits.keep(fitted, *found):
                continue
            left = what_is_left(fitted, held, *found)
            tried.append((left, found, refused))
            if is_as_good(left, limits.left, limits.tolerance):
                break
        if not tried:
            return eliminate_terms(fitted, held, *begin, limits)
        best = min((left for left, *_ in tried), key=torch.mean)
        good = [f for left, *f in tried if is_as_good(left, best, limits.tolerance)]
        found, refused = min(good, key=lambda each: int(each[0][2].sum()))
        return eliminate_past_worse(fitted, held, found, limits, refused)

    def _better(self, fitted, held, found, limits, weak, random):
        """Return what other axes lead to, if these have clearly fewer terms.

        Axes are sought again along latents that obey equations more closely, and terms
        are dropped there that make up for what others would leave on the way.
        """
        encoder, _, support = found
        if int(support.sum()) <= len(encoder):
            return found
        begin = self._turned(fitted, encoder, weak, random, found[1])
        most = min(AS_FAST, TIMES * float(limits.left.mean()))
        loose = limits._replace(tolerance=max(limits.tolerance, most))
        if begin is None and loose == limits:
            return found
        other = self._sparse(fitted, held, begin or found[:2], loose)
        best, left = (what_is_left(fitted, held, *each) for each in (found, other))
        fewer = int(support.sum() - other[2].sum())
        good = limits.allow(left, best) or self._is_worth(fewer, left, best, limits)
        return other if fewer > 0 and good else found

    def _is_worth(self, fewer, left, best, limits):
        """Say whether so many fewer terms make up for what is left in addition.

        Where no encoder is exact, further terms follow what it does wrong. Each counts
        by the least of `mus`, against the logarithm of what is left, as in the loss.
        """
        if not is_as_good(left, best, limits.negligible):
            return False
        return float((left.mean() / best.mean()).log()) <= min(self.mus) * fewer

    def refit(self, problem, model):
        """Return the model with encoder and decoder fitted to all rows."""
        known, n_all = model.autoencoder.encoder, len(problem.weights)
        of_modes, of_products = known.weight[:, 1:].tensor_split([n_all], dim=1)
        products = known if of_products.shape[1] else None
        n_modes = int((of_modes != 0).any(0).sum())
        of_modes = of_modes[:, :n_modes] / problem.weights[:n_modes]
        encoder = torch.cat([of_modes, of_products], dim=1)
        most = max(model.errors["x"], self.max_x_error)
        judge = judge_of(problem, None, encoder, most, 1.0, products)
        motion = motion_of_rows(problem, None, n_modes, judge, products)
        start = encoder, model.autoencoder.offset
        encoder, shift = motion.descend(*start, N_STEPS, support=model.support)
        encoder = encoder / motion.size(encoder)[:, None]
        known = model.support, model.make_decoder, products
        return _model(problem, encoder, shift, *known)

    def _start(self, problem, rows, rank):
        """Return the encoder of least E_x, and how what it loses is judged."""
        weights = problem.weights
        n_modes = max(int((weights > 1 / min(self.gains)).sum()), rank)
        judge = Judge(floor=self.max_x_error)
        motion = motion_of_rows(problem, rows, n_modes, judge)
        random = np.random.RandomState(problem.seed)
        starts = mixed_modes(motion.curve[0], rank, random)
        encoder = best_projections(motion.curve[0], starts, random)[0]
        encoder = encoder / motion.size(encoder)[:, None]
        return encoder, judge_of(problem, rows, encoder, self.max_x_error)

    def _dense(self, problem, rows, start, random):
        """Return the encoder with the best equations, preferably linear ones."""
        encoder, judge = start
        floor = judge.floor
        tried = self._linear(problem, rows, len(encoder), judge)
        if not any(t.left.mean() <= self.tolerance and t.lost <= floor for t in tried):
            tried += self._path(problem, rows, start, random)
        if not tried:
            raise NothingFoundError("no encoder has finite equations")
        best = min(tried, key=lambda each: each.loss(floor))
        most = max(floor, AS_GOOD * best.lost)
        found = next(
            each
            for each in tried
            if each.lost <= most and is_as_good(each.left, best.left, LEAST_ERROR)
        )
        if is_as_good(torch.ones_like(found.left), found.left, 0.0):
            raise NothingFoundError("no equations explain the rates of rows held out")
        return found

    def _n_modes(self, problem, rank):
        """Return how many modes each gain allows, in ascending order."""
        counts = {int((problem.weights > 1 / gain).sum()) for gain in self.gains}
        return sorted({max(count, rank) for count in counts})

    def _linear(self, problem, rows, rank, judge):
        """Return the encoder with the best linear equations, where these may be all."""
        n_modes = self._n_modes(problem, rank)[-1]
        fitted, held = motions_of_rows(problem, rows, n_modes, judge)
        if fitted.has_unit:
            return []
        degrees = [degree_of(each) for each in fitted.library.expressions]
        support = (torch.tensor(degrees) <= 1)[:, None].repeat(1, rank)
        encoder = linear_latents(fitted, rank, support)
        if encoder is None:
            return []
        moved = fitted.descend(
            encoder, encoder.new_zeros(rank), N_ANNEALED, support=support
        )
        return found_of(fitted, held, *moved, support)

    def _path(self, problem, rows, start, random):
        """Follow the best encoder from few modes to many, and to products of them."""
        (encoder, judge), found = start, []
        for n_modes in self._n_modes(problem, len(encoder)):
            fitted, held = motions_of_rows(problem, rows, n_modes, judge)
            if not found:
                encoder, shift = self._begun(fitted, encoder, random)
            n_steps = N_STEPS // 2 if found else N_STEPS
            encoder, shift = self._followed(fitted, encoder, shift, n_steps)
            found += found_of(fitted, held, encoder, shift)
        if all(each.left.mean() > LEAST_ERROR for each in found):
            products = products_of(problem, rows[0], n_modes, self.degree)
            if products is not None:
                fitted, held = motions_of_rows(problem, rows, n_modes, judge, products)
                moved = self._followed(fitted, encoder, shift, N_STEPS)
                found += found_of(fitted, held, *moved, products=products)
        return found

    def _followed(self, motion, encoder, shift, n_steps):
        """Return encoder and shift after a descent from an encoder of fewer modes."""
        further = motion.curve[0].shape[1] - encoder.shape[1]
        encoder = torch.nn.functional.pad(encoder, (0, further))
        return motion.descend(encoder, shift, n_steps, **self._few(motion))

    def _few(self, motion):
        """Return the count of the terms that the first descents have."""
        if not motion.has_unit:
            return {}
        # All candidates together hold at any size, terms cancelling each other.
        return {"mu": self.mus[0], "delta": self.deltas[0]}

    def _begun(self, motion, encoder, random):
        """Return the best of several encoders and shifts after a few steps."""
        rank, shift = len(encoder), encoder.new_zeros(len(encoder))
        starts = [encoder, *mixed_modes(motion.curve[0], rank, random)]
        if motion.has_unit:
            starts = []
            for i in range(self.n_starts * len(UNITS)):
                turn = np.linalg.qr(random.standard_normal((rank, rank)))[0]
                starts.append(UNITS[i % len(UNITS)] * torch.from_numpy(turn) @ encoder)
        few, tried = self._few(motion), []
        for start in starts:
            moved = motion.descend(start, shift, N_TRIED, **few)
            with torch.no_grad():
                tried.append((float(motion.loss(*moved, **few)), *moved))
        return min(tried, key=lambda each: each[0])[1:]

    def _turned(self, motion, encoder, weak, random, known=None):
        """Return encoder and shift along axes with few terms.

        With the shift of those that are known, it is None unless others have fewer.
        """
        with torch.no_grad():
            white, centre = whitened(motion.curve, encoder)
        curve = [part @ white.mT for part in motion.curve]
        curve[0] = curve[0] - centre
        axes = sparse_axes(curve, motion.library, random, self.n_starts, weak)
        if not axes:
            raise NothingFoundError("no axes have finite equations")
        loss, turn, shift = axes[0]
        if known is not None:
            own = encoder @ torch.linalg.pinv(white)
            moved = known + (own @ centre) / motion.size(encoder)
            count = count_of_terms(curve, motion.library, own, moved, weak)
            if loss > count - FEWER:
                return None
        encoder = turn @ white
        return encoder, shift - (turn @ centre) / motion.size(encoder)


def _model(problem, encoder, shift, support, make_decoder=None, products=None):
    """Return the model of an encoder of leading modes, and products, with a decoder."""
    n_all, n_modes = len(problem.weights), encoder.shape[1] - count_products(products)
    of_modes, of_products = encoder.tensor_split([n_modes], dim=1)
    of_modes = of_modes * problem.weights[:n_modes]
    of_modes = torch.nn.functional.pad(of_modes, (0, n_all - n_modes))
    encoder = torch.cat([of_modes, of_products], dim=1)
    autoencoder = LinearAutoencoder(encoder, products=products)
    autoencoder.rescale(1.0, shift)
    with torch.no_grad():
        curve = autoencoder.whiten(*autoencoder.push_forward(*problem.curve))
    if not curve[0].any():
        raise NothingFoundError("its latents say no more of X than noise would")
    make_decoder = make_decoder or best_decoder(curve, problem)
    autoencoder.decoder = make_decoder(curve, problem)
    known = {"support": support, "make_decoder": make_decoder}
    return LatentModel(autoencoder, problem.pod, **known)
