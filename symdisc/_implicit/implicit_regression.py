"""Rational functions fitted to rates in the implicit form q(x) x' = p(x)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symdisc._numerics.triangular import triangle
from symdisc._sindy.best_subset import best_subsets, block_factors, fit_subset
from symdisc._sindy.model_selection import FOLDS, smallest_adequate

# Models of more terms than this are not rational laws but fits of anything.
MAX_TERMS = 16
# Models are sought again so many times with the help of the best one.
N_AGAIN = 2
# Losses below this are those of rounding; further terms have to halve them.
EXACT, HALF = 1e-12, 1.0
# So are those that are not above this many times the errors of the rate.
TIMES_ERROR = 4.0
# A denominator that is this much smaller on one row than on another is a pole.
POLE = 1e-6
# Rows for each product of candidates that the rate is smoothed by.
ROWS_PER_PRODUCT = 5


@dataclass(frozen=True)
class Rational:
    """A rational function and how well it predicts.

    Parameters
    ----------
    numerator : ndarray of shape (n_numerators,)
    denominator : ndarray of shape (n_denominators,)
        Coefficients.
    losses : ndarray of shape (n_blocks,)
        Squared errors of the rate in blocks left out, in units of its mean square.
    cost : float
        Of all terms, summed.
    floor : float
        Losses that mean nothing.
    sizes : ndarray of shape (n_denominators,)
        Of the candidates of the denominator, in the root mean square.
    """

    numerator: np.ndarray
    denominator: np.ndarray
    losses: np.ndarray
    cost: float
    floor: float
    sizes: np.ndarray

    @property
    def n_terms(self):
        """Number of coefficients."""
        return np.count_nonzero(self.numerator) + np.count_nonzero(self.denominator)


@dataclass(frozen=True)
class ImplicitRegression:
    """A regression of a rate on a fraction of two sums of candidates.

    Each candidate of the denominator is the left-hand side in turn, with coefficient 1,
    and the others times the rate are columns beside those of the numerator [1]_. Rates
    with noise in the columns bias coefficients, so that those predicted by a smooth
    function of the candidates stand there, too, and then those that the best model
    predicts, with the rows divided by its denominator [2]_. All models are compared by
    the errors of the rate in blocks left out. Those whose denominators change sign on
    the data are refused.

    Parameters
    ----------
    numerators : ndarray of shape (n_samples, n_numerators)
    denominators : ndarray of shape (n_samples, n_denominators)
        Values of the candidates; the first of the denominators is 1.
    rate : ndarray of shape (n_samples,)
    blocks : list of ndarray of int
        Rows that are left out in turn.
    costs : ndarray of shape (n_numerators + n_denominators,)
        Of the terms, which decide between models of as many terms that predict alike.
    domain : ndarray of shape (n_rows, n_denominators), optional
        Values of the candidates of the denominators where these must not vanish, beside
        the samples.
    error : float, default=0.0
        What a rate without noise is off by, in the mean square, relative.

    References
    ----------
    .. [1] K. Kaheman, J. N. Kutz, S. L. Brunton, "SINDy-PI: a robust algorithm for
       parallel implicit sparse identification of nonlinear dynamics", Proc. R. Soc. A
       476 (2020), 20200279.
    .. [2] C. Sanathanan, J. Koerner, "Transfer function synthesis as a ratio of two
       complex polynomials", IEEE Transactions on Automatic Control 8 (1963), 56-58.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._implicit.implicit_regression import ImplicitRegression, choose
    >>> x = np.linspace(0.1, 3, 60)
    >>> powers, blocks = x[:, None] ** np.arange(3), np.split(np.arange(60), 6)
    >>> costs = np.array([0, 1, 2, 0, 1])
    >>> of = ImplicitRegression(powers, powers[:, :2], 2 * x / (0.5 + x), blocks, costs)
    >>> found = choose(of.models())
    >>> (found.numerator / found.denominator[1]).round(6) + 0.0
    array([0., 2., 0.])
    """

    numerators: np.ndarray
    denominators: np.ndarray
    rate: np.ndarray
    blocks: list
    costs: np.ndarray
    domain: np.ndarray | None = None
    error: float = 0.0

    @cached_property
    def _sizes(self):
        return np.sqrt(np.mean(self.denominators**2, axis=0))

    @property
    def floor(self):
        """Losses below this are those of rounding, or of the rate itself."""
        return max(TIMES_ERROR * self.error, EXACT)

    def models(self):
        """Return good models of each number of terms and each denominator.

        Returns
        -------
        list of Rational
        """
        even, best = np.ones(len(self.rate)), {}
        for rate in (self.rate, self._smooth_rate()[0]):
            self._search(best, rate, even)
        for _ in range(N_AGAIN if best else 0):
            model = choose(list(best.values()))
            below = self.denominators @ model.denominator
            weight = np.abs(below).mean() / np.abs(below)
            predicted = self.numerators @ model.numerator / below
            for rate in (self.rate, predicted):
                self._search(best, rate, weight)
        return list(best.values())

    def least_loss(self):
        """Return what a smooth function of the candidates leaves of the rate.

        Returns
        -------
        float
            Mean square, adjusted for the number of coefficients, in units of that of
            the rate; infinity where rows are too few to tell. No fraction leaves much
            less.
        """
        smooth, n_fitted = self._smooth_rate()
        if not n_fitted:
            return np.inf
        left = np.mean((self.rate - smooth) ** 2) / np.mean(self.rate**2)
        return left / (1 - n_fitted / len(self.rate))

    def _smooth_rate(self):
        """Return the rate as a sum of products of candidates, and how many."""
        if not len(self.rate):
            return self.rate, 0
        products = self.numerators[:, :, None] * self.denominators[:, None]
        columns = products.reshape(len(self.rate), -1)
        # In two steps: squares of large products overflow.
        largest = np.abs(columns).max(axis=0)
        columns = columns[:, largest > 0] / largest[largest > 0]
        columns = columns / np.sqrt(np.mean(columns**2, axis=0))
        weights, _, rank, _ = np.linalg.lstsq(columns, self.rate, rcond=1e-8)
        if len(self.rate) < ROWS_PER_PRODUCT * rank:
            return self.rate, 0
        return columns @ weights, rank

    def _search(self, best, rate, weight):
        """Fit models of every size, and keep those that are better."""
        sides = self.denominators * self.rate[:, None]
        columns = np.hstack([self.numerators, self.denominators * rate[:, None], sides])
        columns = columns * weight[:, None]
        sizes = np.sqrt(np.mean(columns**2, axis=0))
        scaled = columns / np.where(sizes > 0, sizes, 1.0)
        factors = block_factors(scaled[:, None, :-1], scaled[:, -1:], self.blocks)
        n_above, n_below = self.numerators.shape[1], sides.shape[1]
        for side in np.flatnonzero(sizes[-n_below:] > 0):
            for n_used in {n_above, n_above + n_below}:
                used = np.flatnonzero(sizes[:n_used] > 0)
                used = used[used != n_above + side]
                order = np.append(used, n_above + n_below + side)
                parts = [factor[:, order] for factor in factors]
                folded = _Folded.of(parts, self.blocks)
                for subset in best_subsets(folded.whole):
                    places = order[[*subset, -1]]
                    if len(places) <= MAX_TERMS and places.min() < n_above:
                        self._keep(best, folded, subset, places, sizes[places])

    def _keep(self, best, folded, subset, places, sizes):
        """Keep a model where it is the best with as many terms."""
        n_above, n_below = self.numerators.shape[1], self.denominators.shape[1]

        def fraction(factor):
            found = np.zeros(n_above + 2 * n_below)
            found[places] = np.append(fit_subset(factor, subset), -1.0) / sizes
            return found[:n_above], -found[n_above:].reshape(2, n_below).sum(axis=0)

        above, below = fraction(folded.whole)
        domain = self.denominators if self.domain is None else self.domain
        if has_pole(domain @ below):
            return
        losses = self._losses(folded, fraction)
        terms = np.where(places < n_above + n_below, places, places - n_below)
        known = self.costs[terms].sum(), self.floor, self._sizes
        model = Rational(above, below, losses, *known)
        if np.isfinite(losses).all():
            key = model.n_terms, tuple(np.flatnonzero(below))
            best[key] = choose([best.get(key, model), model])

    def _losses(self, folded, fraction):
        """Squared errors in each block left out, as parts of the mean square."""
        gaps = np.empty(len(self.rate))
        for rows, factor in zip(folded.rows, folded.others, strict=True):
            above, below = fraction(factor)
            with np.errstate(all="ignore"):
                found = self.numerators[rows] @ above
                gaps[rows] = self.rate[rows] - found / (self.denominators[rows] @ below)
        total = np.sum(self.rate**2)
        with np.errstate(all="ignore"):
            return np.array([np.sum(gaps[rows] ** 2) for rows in self.blocks]) / total


@dataclass(frozen=True)
class _Folded:
    """Triangular factors of all rows, and of all but those of each fold."""

    whole: np.ndarray
    others: list
    rows: list

    @classmethod
    def of(cls, parts, blocks):
        """Join blocks of rows to folds."""
        folds = [range(i, len(blocks), FOLDS) for i in range(min(FOLDS, len(blocks)))]
        of_folds = [triangle(*(parts[i] for i in fold)) for fold in folds]
        rows = [np.concatenate([blocks[i] for i in fold]) for fold in folds]
        others = [
            triangle(*of_folds[:i], *of_folds[i + 1 :]) for i in range(len(folds))
        ]
        return cls(triangle(*of_folds), others, rows)


def choose(models):
    """Choose the model of fewest terms that leaves at most twice the least.

    Of those with as many terms that predict alike, the one of the lowest degrees.

    Parameters
    ----------
    models : list of Rational

    Returns
    -------
    Rational
    """
    by_size = sorted(models, key=lambda model: (model.n_terms, model.losses.sum()))
    first = by_size[_adequate(by_size, HALF)]
    alike = [model for model in models if model.n_terms == first.n_terms]
    alike = sorted(alike, key=lambda model: model.cost)
    return alike[_adequate(alike)]


def _adequate(models, *fraction):
    losses = np.array([model.losses for model in models])
    return smallest_adequate(losses, models[0].floor, *fraction)


def has_pole(values):
    """Check whether a denominator changes sign, or nearly vanishes, on the data.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)

    Returns
    -------
    bool
    """
    least, most = np.abs(values).min(), np.abs(values).max()
    return values.min() * values.max() <= 0 or least < POLE * most
