"""Denominators compared by fits of the states, where rows are noisy."""

from dataclasses import dataclass, field, replace

import numpy as np

from symdisc._implicit.denominators import MAX_OTHERS, set_denominators

# Criteria that are less apart than this, twice a difference of log likelihoods, do not
# tell denominators apart; so many others are reported.
RIVAL, MAX_RIVALS = 6.0, 3


@dataclass(frozen=True)
class _Fit:
    """Denominators, the equations found with them, and a criterion to minimise."""

    laws: tuple
    governing: object
    found: object
    criterion: float


def find_among_laws(governing, within, laws, find):
    """Find equations with the denominators that explain the rows best.

    Denominators are exchanged, one equation after the other, simple ones that rates
    make unlikely where no motion fits the states with the others, and terms whose
    coefficient may be zero are left out, as long as the Bayesian information criterion
    falls: n times the logarithm of the variance of the noise of each column, plus the
    logarithm of n for each coefficient.

    Parameters
    ----------
    governing : Governing
        With the first of the laws; the best are set.
    within : RatesWithin
    laws : list of list of Law
        Of each equation.
    find : callable
        Maps a Governing to a Found.

    Returns
    -------
    Found
        With other denominators that are nearly as likely among its rivals.
    """
    search = _Search(within, find)
    best = search.fit([each[0] for each in laws], governing)
    for part in slice(1, 1 + MAX_OTHERS), slice(1 + MAX_OTHERS, None):
        for i, law in [(i, law) for i, each in enumerate(laws) for law in each[part]]:
            chosen = [*best.laws[:i], law, *best.laws[i + 1 :]]
            best = min(best, search.fit(chosen, governing), key=_by_criterion)
        if np.isfinite(best.criterion):
            break
    best = search.pruned(best)
    governing.denominators = best.governing.denominators
    governing.free, governing.values = best.governing.free, best.governing.values
    return replace(best.found, rivals=search.rivals(best))


def _by_criterion(fit):
    return fit.criterion


@dataclass
class _Search:
    """Fits with several denominators, each made once."""

    within: object
    find: object
    tried: dict = field(default_factory=dict)

    def fit(self, laws, governing):
        """Fit equations with these denominators."""
        key = tuple(law.denominator for law in laws)
        if key not in self.tried:
            trial = replace(governing)
            set_denominators(trial, self.within, laws)
            found = self.find(trial)
            criterion = _criterion(found, trial, len(self.within.state))
            self.tried[key] = _Fit(tuple(laws), trial, found, criterion)
        return self.tried[key]

    def pruned(self, best):
        """Leave out terms of denominators while that lowers the criterion."""
        better = True
        while better:
            fits = (self.fit(laws, best.governing) for laws in self._fewer(best))
            better = next((f for f in fits if f.criterion < best.criterion), None)
            best = better or best
        return best

    def _fewer(self, fit):
        """Laws without one constant that may be zero, the least certain first."""
        refined, names = fit.found.refined, fit.governing.free
        if refined is None:
            return []
        errors = np.maximum(refined.constant_errors, np.finfo(float).tiny)
        certain = np.abs(refined.constants) / errors
        return [
            [law.without(names[i]) for law in fit.laws]
            for i in np.argsort(certain)
            if certain[i] ** 2 < np.log(len(self.within.state))
        ]

    def rivals(self, best):
        """Return equations of other denominators that are nearly as likely."""
        near = {
            str(fit.found.equations): fit.found.equations
            for fit in sorted(self.tried.values(), key=_by_criterion)
            if fit.criterion < best.criterion + RIVAL and not _contains(fit, best)
        }
        near.pop(str(best.found.equations), None)
        return list(near.values())[:MAX_RIVALS]


def _contains(fit, other):
    """Whether denominators are those of another fit, with further terms or without."""
    pairs = zip(fit.laws, other.laws, strict=True)
    return all(set(b.terms) <= set(a.terms) for a, b in pairs)


def _criterion(found, governing, n_rows):
    """Bayesian information criterion; infinite where no states fit."""
    if found.refined is None:
        return np.inf
    noise = found.refined.noise[found.refined.noise > 0]
    n_fitted = found.equations.n_terms + len(governing.free)
    return 2 * n_rows * np.log(noise).sum() + np.log(n_rows) * n_fitted
