"""Denominators of equations, and what stands above them."""

from dataclasses import dataclass, field, replace

import numpy as np
import sympy

from symdisc._data.splits import row_blocks
from symdisc._equations.fractions import without_common_powers
from symdisc._equations.library import CandidateLibrary, degree_of, monomials
from symdisc._equations.names import learns_latents
from symdisc._implicit.implicit_regression import ImplicitRegression, choose, has_pole
from symdisc._sindy.free_constants import refine_constants

# The last term of a denominator that is at least this part of the largest has 1.
SMALL = 0.1
# So many other denominators of each equation are tried where states are fitted, and
# those of so many terms where no states fit with these.
MAX_OTHERS, FEW_TERMS = 2, 2


def check_denominators(est):
    """Raise where denominators cannot be found.

    Parameters
    ----------
    est : LatentSINDy
    """
    if not est.denominator_degree:
        return
    others = {
        "autoencoder": learns_latents(est.autoencoder),
        "symmetry": est.symmetry is not None,
        "fix": bool(est.fix),
        "optimizer": est.optimizer is not None,
        "constants": bool(est.constants),
    }
    for name in (name for name, given in others.items() if given):
        raise ValueError(
            f"denominator_degree={est.denominator_degree} looks for equations with "
            f"denominators of given latents, which {name}={getattr(est, name)!r} does "
            f"not allow. Pass denominator_degree=0, or another {name}."
        )


def find_denominators(governing, within, degree):
    """Find the denominators of the equations, and set them and their constants.

    Parameters
    ----------
    governing : Governing
        Its denominators, free constants and values are set.
    within : RatesWithin
    degree : int
        Of the denominators.

    Returns
    -------
    laws : list of list of Law
        Of each equation, the one that was set, and others that may be better.
    active : ndarray of bool, of shape (k, n_terms), or None
        Terms of the equations; None where no constants are to be found.
    """
    regressions, below = implicit_regressions(governing, within, degree)
    n_equations = within.motion.curve[0].shape[1]
    library = governing.library(n_equations)
    laws = [[Law()] for _ in range(n_equations)]
    for i, regression in regressions.items():
        models = regression.models()
        if models:
            first = choose(models)
            others = _others(models, first, len(regression.rate))
            laws[i] = _distinct(
                Law.of(each, library, below, i) for each in (first, *others)
            )
    chosen = [each[0] for each in laws]
    active = set_denominators(governing, within, chosen)
    poles = _poles(governing, within)
    if any(poles):
        # Constants were refined to where a denominator vanishes.
        chosen = [
            Law() if pole else law for law, pole in zip(chosen, poles, strict=True)
        ]
        active = set_denominators(governing, within, chosen)
        laws = [[law, *each[1:]] for law, each in zip(chosen, laws, strict=True)]
    return laws, active


def _distinct(laws):
    """Laws without those whose denominator is that of an earlier one."""
    found = {}
    for law in laws:
        found.setdefault(law.denominator, law)
    return list(found.values())


def _poles(governing, within):
    """Whether each denominator vanishes on the data."""
    library = governing.undivided().library(within.motion.curve[0].shape[1])
    values = {sympy.Symbol(k): sympy.Float(v) for k, v in governing.values.items()}
    found = []
    for denominator in governing.denominators:
        only = CandidateLibrary([denominator.xreplace(values)], library.symbols)
        found.append(has_pole(only.evaluate(within.state)))
    return found


def _others(models, first, n_rows):
    """Models with other denominators, the best by an information criterion, first."""

    def criterion(model):
        return n_rows * np.log(model.losses.sum()) + np.log(n_rows) * model.n_terms

    by_support = {}
    for model in models:
        by_support.setdefault(tuple(model.denominator != 0), []).append(model)
    del by_support[tuple(first.denominator != 0)]
    others = [min(each, key=criterion) for each in by_support.values()]
    others.sort(key=criterion)
    simple = [m for m in others[MAX_OTHERS:] if np.sum(m.denominator != 0) == FEW_TERMS]
    return others[:MAX_OTHERS] + simple


def set_denominators(governing, within, laws):
    """Set denominators and their constants.

    Parameters
    ----------
    governing, within
        As of `find_denominators`.
    laws : list of Law
        Of each equation.

    Returns
    -------
    ndarray of bool, of shape (k, n_terms), or None
        Terms of the equations; None where no constants are to be found.
    """
    values = {name: value for law in laws for name, value in law.values.items()}
    trivial = all(law.denominator == 1 for law in laws)
    governing.denominators = () if trivial else tuple(law.denominator for law in laws)
    governing.free, governing.values = tuple(values), dict(values)
    if not values:
        return None
    divided, places = governing.candidates(len(laws))
    active = np.zeros((len(laws), len(divided)), dtype=bool)
    for row, law, own in zip(active, laws, places, strict=True):
        row[own[law.numerator]] = True
    refine_constants(governing, within.motion, within.groups, active)
    return active


@dataclass(frozen=True)
class Law:
    """Denominator, values of its constants, and numbers of the terms above it."""

    denominator: sympy.Expr = sympy.S.One
    values: dict = field(default_factory=dict)
    numerator: list = field(default_factory=list)

    @classmethod
    def of(cls, model, library, candidates, number):
        """Name the constants of a model, and cancel common powers."""
        kept = np.flatnonzero(model.denominator)
        above = [library.expressions[i] for i in np.flatnonzero(model.numerator)]
        below = [candidates.expressions[i] for i in kept]
        cancelled = without_common_powers(above, below, library.symbols)
        places = {e: i for i, e in enumerate(library.expressions)}
        if all(e in places for e in cancelled[0]):
            above, below = cancelled
        sizes = np.abs(model.denominator[kept]) * model.sizes[kept]
        unit = np.flatnonzero(sizes > SMALL * sizes.max())[-1]
        factors, values = [], {}
        for each, value in zip(below, model.denominator[kept], strict=True):
            name = f"q_{library.symbols[number]}[{each}]"
            values[name] = float(value / model.denominator[kept[unit]])
            factors.append(sympy.Symbol(name))
        del values[factors[unit].name]
        factors[unit] = sympy.S.One
        denominator = sympy.Add(*(c * e for c, e in zip(factors, below, strict=True)))
        return cls(denominator, values, [places[e] for e in above])

    @property
    def terms(self):
        """Terms of the denominator."""
        return [
            term.as_independent(*map(sympy.Symbol, self.values))[0]
            for term in sympy.Add.make_args(self.denominator)
        ]

    def without(self, name):
        """Return the law without a term of the denominator, if it has that."""
        values = {n: value for n, value in self.values.items() if n != name}
        denominator = self.denominator.xreplace({sympy.Symbol(name): sympy.S.Zero})
        return replace(self, denominator=denominator, values=values)


def implicit_regressions(governing, within, degree):
    """Set up the regression of each rate on fractions.

    Parameters
    ----------
    governing, within, degree
        As of `find_denominators`.

    Returns
    -------
    dict of int to ImplicitRegression
        By the number of the equation, without those whose rate is zero.
    candidates : CandidateLibrary
        Terms of the denominators.
    """
    curve = within.motion.curve
    state = np.hstack(curve[:-1]).astype(float)
    rates = curve[-1].astype(float)
    errors = np.zeros(rates.shape[1]) if within.errors is None else within.errors
    library = governing.library(rates.shape[1])
    below = CandidateLibrary(monomials(library.symbols, 0, degree), library.symbols)
    every = (*library.expressions, *below.expressions)
    costs = np.array([degree_of(e) for e in every], dtype=float)
    values = governing.features(state, library), below.evaluate(state)
    domain = below.evaluate(within.state)
    blocks = row_blocks(within.groups, len(state))
    regressions = {
        i: ImplicitRegression(*values, rate, blocks, costs, domain, errors[i])
        for i, rate in enumerate(rates.T)
        if i not in governing.inputs and rate.any()
    }
    return regressions, below
