"""Denominators of equations, and what stands above them."""

from dataclasses import dataclass, field, replace
from math import comb

import numpy as np
import sympy

from symdisc._data.splits import row_blocks
from symdisc._equations.fractions import without_common_powers
from symdisc._equations.library import CandidateLibrary, degree_of, monomials
from symdisc._implicit.implicit_regression import ImplicitRegression, choose
from symdisc._sindy.free_constants import refine_constants

# Equations that leave more than this, or have so many terms, are tried with
# denominators; not where all candidates leave next to nothing.
LEFT, MANY_TERMS, NEGLIGIBLE = 1e-4, 6, 1e-7
# How much the degree is raised, and that of denominators; not where products of their
# candidates are more, or candidates.
TRIED, MAX_PRODUCTS, MAX_CANDIDATES = ((0, 1), (0, 2), (1, 2)), 60, 35
# Denominators are pointed to where they leave so much less than polynomials of a degree
# that is this much higher.
MUCH_BETTER, HIGHER = 0.2, 2


def check_denominators(est):
    """Raise where denominators cannot be found.

    Parameters
    ----------
    est : LatentSINDy
    """
    if not est.denominator_degree:
        return
    others = {
        "autoencoder": est.autoencoder == "residual",
        "symmetry": est.symmetry is not None,
        "fix": bool(est.fix),
        "optimizer": est.optimizer is not None,
        "constants": any(v is None for v in (est.constants or {}).values()),
    }
    for name in (name for name, given in others.items() if given):
        raise ValueError(
            f"denominator_degree={est.denominator_degree} looks for equations with "
            f"denominators of given latents, which {name}={getattr(est, name)!r} does "
            f"not allow. Pass denominator_degree=0, or another {name}."
        )


def find_denominators(governing, motion, groups, degree, errors=None):
    """Find the denominators of the equations, and set them and their constants.

    Parameters
    ----------
    governing : Governing
        Its denominators, free constants and values are set.
    motion : Motion
    groups : array-like of shape (n_samples,) or None
    degree : int
        Of the denominators.
    errors : ndarray of shape (k,), optional
        What rates without noise are off by, in the mean square, relative.

    Returns
    -------
    ndarray of bool, of shape (k, n_terms), or None
        Terms of the equations; None where no constants are to be found.
    """
    regressions, below = implicit_regressions(governing, motion, groups, degree)
    n_equations = motion.curve[0].shape[1]
    laws, library = [_Law()] * n_equations, governing.library(n_equations)
    for i, regression in regressions.items():
        models = regression.models()
        if models:
            model = choose(models, 0.0 if errors is None else errors[i])
            laws[i] = _Law.of(model, library, below, i)
    if all(law.denominator == 1 for law in laws):
        return None
    governing.denominators = tuple(law.denominator for law in laws)
    values = {name: value for law in laws for name, value in law.values.items()}
    governing.free, governing.values = tuple(values), governing.values | values
    if not values:
        return None
    divided, places = governing.candidates(n_equations)
    active = np.zeros((n_equations, len(divided)), dtype=bool)
    for row, law, own in zip(active, laws, places, strict=True):
        row[own[law.numerator]] = True
    refine_constants(governing, motion, groups, active)
    return active


@dataclass(frozen=True)
class _Law:
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
        numbers = model.denominator[kept] / model.denominator[kept[-1]]
        names = [f"q_{library.symbols[number]}[{e}]" for e in below[:-1]]
        factors = [*map(sympy.Symbol, names), sympy.Integer(1)]
        denominator = sympy.Add(*(c * e for c, e in zip(factors, below, strict=True)))
        values = dict(zip(names, map(float, numbers[:-1]), strict=True))
        return cls(denominator, values, [places[e] for e in above])


def implicit_regressions(governing, motion, groups, degree):
    """Set up the regression of each rate on fractions.

    Parameters
    ----------
    governing, motion, groups, degree
        As of `find_denominators`.

    Returns
    -------
    dict of int to ImplicitRegression
        By the number of the equation, without those whose rate is zero.
    candidates : CandidateLibrary
        Terms of the denominators.
    """
    state = np.hstack(motion.curve[:-1]).astype(float)
    rates = motion.curve[-1].astype(float)
    library = governing.library(rates.shape[1])
    below = CandidateLibrary(monomials(library.symbols, 0, degree), library.symbols)
    every = (*library.expressions, *below.expressions)
    costs = np.array([degree_of(e) for e in every], dtype=float)
    values = governing.features(state, library), below.evaluate(state)
    blocks = row_blocks(groups, len(state))
    regressions = {
        i: ImplicitRegression(*values, rate, blocks, costs)
        for i, rate in enumerate(rates.T)
        if i not in governing.inputs and rate.any()
    }
    return regressions, below


def say_denominators(est, governing, motion, groups, errors, *, misfit):
    """Say in words that equations with denominators explain rates better.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    governing, motion, groups, errors
        As of `find_denominators`.
    misfit : bool
        Whether its equations leave too much.

    Yields
    ------
    str
        Nothing where they do not, or where few terms explain the rates without.
    """
    others = est.library, est.optimizer, est.symmetry, est.fix
    if est.denominator_degree or any(other is not None for other in others):
        return
    left, n_terms = 1 - est.equation_scores_, (est.coefficients_ != 0).sum(axis=1)
    asked = np.flatnonzero(misfit | (left > LEFT) | (n_terms >= MANY_TERMS))
    # Polynomials that are higher explain what a fraction would only stand in for.
    high = replace(governing, degree=governing.degree + HIGHER)
    n_variables = len(est.library_.symbols)
    if not len(asked) or comb(n_variables + high.degree, n_variables) > MAX_CANDIDATES:
        return
    without = implicit_regressions(high, motion, groups, 0)[0]
    smooth = implicit_regressions(high, motion, groups, HIGHER)[0]
    asked = [
        i
        for i in asked
        if i in without
        and smooth[i].least_loss() < MUCH_BETTER * without[i].least_loss()
    ]
    floors = np.zeros(len(est.coefficients_)) if errors is None else errors
    sums = {i: choose(without[i].models(), floors[i]) for i in asked}
    sums = {i: model for i, model in sums.items() if model.losses.sum() > NEGLIGIBLE}
    known = governing, motion, groups, floors
    found = [_tried(*known, sums, *each) for each in TRIED if sums]
    found = [each for each in found if each[0]]
    if found:
        better, option = min(found, key=lambda each: (-len(each[0]), _n_terms(each[0])))
        texts = [
            f"of {est.library_.symbols[i]}, {model.n_terms} terms leave "
            f"{model.losses.sum():.1g}, and {sums[i].n_terms - 1} without a "
            f"denominator {sums[i].losses.sum():.1g}"
            for i, model in better.items()
        ]
        yield (
            "Denominators explain rates much better: of the mean square on rows not "
            f"fitted, {'; '.join(texts)}. Pass {option}."
        )


def _n_terms(models):
    return sum(model.n_terms for model in models.values())


def _tried(governing, motion, groups, floors, sums, more, degree):
    """Fractions that have fewer terms than sums and leave much less; the options."""
    raised = replace(governing, degree=governing.degree + more)
    regressions, below = implicit_regressions(raised, motion, groups, degree)
    better = {}
    for i, polynomial in sums.items():
        if regressions[i].numerators.shape[1] * len(below) > MAX_PRODUCTS:
            continue
        models = regressions[i].models()
        model = choose(models, floors[i]) if models else polynomial
        is_one = np.count_nonzero(model.denominator) == 1
        few = model.n_terms < polynomial.n_terms
        enough = MUCH_BETTER * polynomial.losses.sum()
        if few and not is_one and model.losses.sum() < enough:
            better[i] = model
    option = f"degree={raised.degree}, " if more else ""
    return better, f"{option}denominator_degree={degree}"
