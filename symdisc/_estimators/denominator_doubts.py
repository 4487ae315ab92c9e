"""Warnings about denominators that equations lack, or that vanish."""

from dataclasses import replace
from math import comb

import numpy as np
import sympy

from symdisc._equations.library import CandidateLibrary
from symdisc._implicit.denominators import implicit_regressions
from symdisc._implicit.implicit_regression import choose, has_pole

# Equations that leave more than this, or have so many terms, are tried with
# denominators; not where all candidates leave next to nothing.
LEFT, MANY_TERMS, NEGLIGIBLE = 1e-4, 6, 1e-7
# How much the degree is raised, and that of denominators; not where products of their
# candidates are more, or candidates.
TRIED, MAX_PRODUCTS, MAX_CANDIDATES = ((0, 1), (0, 2), (1, 2)), 60, 35
# Denominators are pointed to where they leave so much less than polynomials of a degree
# that is this much higher.
MUCH_BETTER, HIGHER = 0.2, 2
# And no more than so many times what rates without noise are off by.
TIMES_ERRORS = 100.0


def say_denominators(est, governing, within, *, misfit):
    """Say in words that equations with denominators explain rates better.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    governing, within
        As of `symdisc._implicit.denominators.find_denominators`.
    misfit : bool
        Whether its equations leave too much.

    Yields
    ------
    str
        Nothing where they do not, or where few terms explain the rates without.
    """
    if est.denominator_degree and within.errors is not None:
        yield from _stand_ins(est, governing, within)
    others = est.library, est.optimizer, est.symmetry, est.fix
    if est.denominator_degree or any(other is not None for other in others):
        return
    sums = _insufficient_sums(est, governing, within, misfit)
    if not sums:
        return
    tried = [_tried(governing, within, sums, *each) for each in TRIED]
    texts, needed = [], 0
    for i, polynomial in sums.items():
        models = [models[i] for models in tried if i in models]
        if models:
            model = choose(models)
            needed = max(needed, *(n for n, m in enumerate(tried) if m.get(i) is model))
            texts.append(
                f"of {est.library_.symbols[i]}, {model.n_terms} terms leave "
                f"{model.losses.sum():.1g}, and {polynomial.n_terms - 1} without a "
                f"denominator {polynomial.losses.sum():.1g}"
            )
    if texts:
        more, degree = TRIED[needed]
        option = f"degree={governing.degree + more}, " if more else ""
        yield (
            "Denominators explain rates much better: of the mean square on rows not "
            f"fitted, {'; '.join(texts)}. Pass {option}denominator_degree={degree}."
        )


def _stand_ins(est, governing, within):
    """Fractions that are near exact rates, and not as near as these are exact."""
    left = within.left_by(est.equations_)
    for i, below in enumerate(governing.denominators):
        if below != 1 and left[i] > max(NEGLIGIBLE, TIMES_ERRORS * within.errors[i]):
            yield (
                f"The fraction of {est.library_.symbols[i]} leaves {left[i]:.1g} of a "
                f"rate that is exact to {within.errors[i]:.1g}: it may stand in for "
                "another law, unless a solver with a loose tolerance made the rows. "
                "Raise degree or denominator_degree."
            )
            return


def _insufficient_sums(est, governing, within, misfit):
    """Polynomials of a higher degree that leave more than a smooth function does."""
    left, n_terms = 1 - est.equation_scores_, (est.coefficients_ != 0).sum(axis=1)
    asked = np.flatnonzero(misfit | (left > LEFT) | (n_terms >= MANY_TERMS))
    # These explain what a fraction would only stand in for.
    high = replace(governing, degree=governing.degree + HIGHER)
    n_variables = len(est.library_.symbols)
    if not len(asked) or comb(n_variables + high.degree, n_variables) > MAX_CANDIDATES:
        return {}
    without = implicit_regressions(high, within, 0)[0]
    smooth = implicit_regressions(high, within, HIGHER)[0]
    asked = [
        i
        for i in asked
        if i in without
        and smooth[i].least_loss() < MUCH_BETTER * without[i].least_loss()
    ]
    sums = {i: choose(without[i].models()) for i in asked}
    return {i: model for i, model in sums.items() if model.losses.sum() > NEGLIGIBLE}


def _tried(governing, within, sums, more, degree):
    """Fractions that have fewer terms than sums and leave much less."""
    raised = replace(governing, degree=governing.degree + more)
    regressions, below = implicit_regressions(raised, within, degree)
    better = {}
    for i, polynomial in sums.items():
        regression = regressions[i]
        if regression.numerators.shape[1] * len(below) > MAX_PRODUCTS:
            continue
        models = regression.models()
        model = choose(models) if models else polynomial
        is_one = np.count_nonzero(model.denominator) == 1
        few = model.n_terms < polynomial.n_terms
        enough = MUCH_BETTER * polynomial.losses.sum()
        if within.errors is not None:
            # A fraction that stands in for another function is not exact.
            enough = min(enough, TIMES_ERRORS * regression.floor)
        if few and not is_one and model.losses.sum() < enough:
            better[i] = model
    return better


def say_poles(est, governing):
    """Say in words which denominators vanish between the rows.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    governing : Governing

    Yields
    ------
    str
    """
    values = {sympy.Symbol(name): value for name, value in est.constants_.items()}
    symbols = est.library_.symbols
    state = est.states_ if est.order == 1 else None
    for symbol, below in zip(symbols, governing.denominators, strict=False):
        if below != 1 and state is not None:
            library = CandidateLibrary([below.xreplace(values)], symbols)
            if has_pole(library.evaluate(state)[:, 0]):
                yield (
                    f"The denominator of {symbol} vanishes between rows: its equation "
                    "does not hold there. Pass another denominator_degree or degree."
                )
