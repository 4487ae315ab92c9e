"""The race: every latent space is tried the same way, and one rule chooses.

All errors are in units of the data, on rows that no space was fitted to. Symmetry is no
score: minimising it would manufacture it. In a space with one, equations have fewer
coefficients.
"""

import time

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from symdisc._data.splits import held_out_folds
from symdisc._data.user_warning import warn_user
from symdisc._equations.space_table import SpaceTable, TriedSpace
from symdisc._latent.laplacian import landmarks, largest_surface
from symdisc._latent.latent_model import NothingFoundError
from symdisc._latent.problem import EXACT
from symdisc._sindy.calibration import needs_calibration

# One of so many parts of the rows is held out; of few rows more, and of fewer none.
N_FOLDS, FEW_FOLDS, MANY_ROWS, FEWEST_ROWS = 10, 5, 400, 20
# What rounding of single precision leaves at most, squared: other spaces are functions
# of one that loses no more, if not linear ones.
ROUNDING = 1e-10
# Spaces whose error of x is within a standard error of the best, or so many times it,
# are as good; and whose error of x_dot is within one, or so much of |x_dot|^2. Of three
# trajectories held out behind a curved lift, x has a standard error of nearly half: to
# go by the least alone had preferred dense equations to those of Lorenz.
AS_GOOD, AS_FAST = 1.1, 3e-4
# Distortions less apart than this factor are equal: they are measured on a sample.
AS_SMOOTH = 1.02
# A space that loses more than this says little.
LITTLE = 0.5
# Of strategies that train, so many go on after the first round.
N_FINALISTS = 2
# Rows that distortion is measured on.
MAX_ROWS = 1000
# What may be wrong with data for one space and not for another.
FAILURES = ValueError, RuntimeError, ArithmeticError, np.linalg.LinAlgError


def held_out_rows(problem):
    """Return rows to fit to and rows to choose by: the same where there are few.

    Parameters
    ----------
    problem : LatentProblem

    Returns
    -------
    fitted, held : ndarray of int
    """
    n = len(problem)
    if n < FEWEST_ROWS:
        return (rows := np.arange(n)), rows
    n_folds = N_FOLDS if n >= MANY_ROWS else FEW_FOLDS
    return held_out_folds(problem.positions, problem.groups, n_folds)[0]


def race(strategies, problem, max_x_error, *, by_terms=True):
    """Fit each strategy to some rows, choose by others, and fit that one to all.

    Parameters
    ----------
    strategies : sequence of Strategy
        The cheapest first. Costly ones are left out where others leave so little that
        nothing can be better. Of several that train, all begin, and two go on.
    problem : LatentProblem
    max_x_error : float
        Share of the variance of the snapshots that a space may lose.
    by_terms : bool, default=True
        Whether one that loses nothing is no end while its equations are not closed:
        functions of its latents may have shorter ones. A symmetry of a motion has
        another name in these.

    Returns
    -------
    model : LatentModel
    table : SpaceTable

    Raises
    ------
    ValueError
        If no strategy finds a space; the message says why for each.
    """
    for strategy in strategies:
        strategy._validate_params()
    rows = held_out_rows(problem)
    tried, table, failures = [], [], []
    for strategy in strategies:
        row = TriedSpace(repr(strategy))
        table.append(row)
        row.why = _why_skip(strategy, problem, tried, max_x_error, by_terms)
        if row.why:
            continue
        found = _attempt(row, failures, _begun, strategy, problem, rows)
        if found is not None:
            tried.append((strategy, found, row))
    tried = _trained(tried, failures, problem, rows)
    if not tried:
        raise _nothing_found(table, failures)
    strategy, model = _chosen(tried, problem, max_x_error)
    _warn_of_little(model)
    _warn_of_training(strategy, model, problem)
    try:
        model = _refitted(strategy, model, problem)
    except FAILURES as error:
        # What was found in most of the rows stands.
        row = next(row for row in table if row.taken)
        row.why += f"; as fitted to the rows not held out, for with all: {error}"
        warn_user(
            f"{row.strategy} could not be fitted to all rows, and stands as it was "
            f"fitted to those that were not held out: {error}"
        )
    return model, SpaceTable(table)


def _attempt(row, failures, find, *known):
    """Return the model that is found, noted in a row of the table, or None."""
    begin = time.perf_counter()
    try:
        model = find(*known)
    except FAILURES as error:
        nothing = isinstance(error, NothingFoundError)
        row.why = f"{'found nothing' if nothing else 'failed'}: {error}"
        failures.append(error)
        return None
    row.seconds += time.perf_counter() - begin
    row.x, row.x_dot = model.errors["x"], model.errors.get("x_dot", np.nan)
    row.n_coefficients = model.n_coefficients
    return model


def _trained(tried, failures, problem, rows):
    """Return what was tried; of those that began to train, the best have gone on."""
    begun = sorted(m.errors["x"] for _, m, _ in tried if m.training is not None)
    most, found = max(begun[:N_FINALISTS], default=0.0), []
    for strategy, model, row in tried:
        if model.training is not None:
            if model.errors["x"] > most:
                row.why = f"x above {most:.2g}, of others that began to train"
                continue
            known = strategy, model, problem, rows
            model = _attempt(row, failures, _gone_on, *known)
        if model is not None:
            found.append((strategy, model, row))
    return found


def _nothing_found(table, failures):
    """Return the error of the only strategy, or one with the reasons of all."""
    if len(table) == 1 and failures:
        return failures[0]
    whys = "; ".join(f"{row.strategy}: {row.why}" for row in table)
    return ValueError(f"No latent space was found: {whys}.")


def _warn_of_little(model):
    """Warn where the latents explain little; estimators say what equations leave."""
    if model.errors["x"] > LITTLE:
        warn_user(
            f"The latents lose {model.errors['x']:.0%} of the variance of X, in rows "
            "held out. Raise n_components, or pass more rows; X may be noise."
        )


def _warn_of_training(strategy, model, problem):
    """Warn where the iterations were used up while rows held out still gained."""
    if not model.still_gains:
        return
    most = problem.settings.max_iter
    warn_user(
        f"Training of {strategy!r} has not converged: after max_iter={most} iterations "
        "the errors of rows held out still fall. Raise max_iter, or take a strategy "
        'that solves for its latents, such as autoencoder="auto".',
        ConvergenceWarning,
    )


def _of(problem, strategy):
    """Return the problem in the coordinates that a strategy takes."""
    if strategy.of_pixels and problem.pixels is not None:
        return problem.pixels()
    return problem


def _begun(strategy, problem, rows):
    """Return what a strategy finds, or has found when it begins to train."""
    problem, (fitted, held) = _of(problem, strategy), rows
    part = problem if fitted is held else problem.part(fitted)
    return _judged(strategy.begin(part), problem, rows)


def _gone_on(strategy, model, problem, rows):
    """Return what is found after the rest of the training."""
    return _judged(strategy.go_on(model), _of(problem, strategy), rows)


def _judged(model, problem, rows):
    """Return a model with its errors of the rows held out."""
    model.judge(problem, *rows)
    if not np.isfinite(list(model.errors.values())).all():
        raise FloatingPointError("its latents are not finite")
    return model


def _refitted(strategy, model, problem):
    """Return the model of all rows, with the errors of rows that were held out."""
    problem = _of(problem, strategy)
    found = strategy.refit(problem, model)
    if found is model:
        return model
    lost, before = (m.lost_of_each(problem).mean() for m in (found, model))
    if not lost <= max(AS_GOOD * before, ROUNDING):
        return model  # what was held out leads elsewhere, as outliers do
    known = "errors", "standard_errors", "n_coefficients", "distortion"
    vars(found).update({name: getattr(model, name) for name in known})
    return found


def _why_skip(strategy, problem, tried, max_x_error, by_terms):
    """Say why a strategy is not tried, or return nothing."""
    if reason := strategy.why_not(problem):
        return f"not tried: {reason}"
    for other, model, _ in tried:
        if strategy.is_reached(other, model):
            return f"not tried: {other!r} is what it would find"
    models = [model for _, model, _ in tried]
    if any(_is_exact(model, problem, by_terms) for model in models):
        return "not tried: another is exact"
    lossless = any(
        m.errors["x"] <= ROUNDING and not _has_sines(m, problem) for m in models
    )
    if lossless and (strategy.is_costly(problem) or not strategy.seeks_terms):
        return "not tried: another loses nothing"
    if strategy.is_costly(problem) and any(
        _suffices(m, problem, max_x_error) for m in models
    ):
        return "not tried: a cheaper one leaves next to nothing"
    if strategy.seeks_terms and any(
        _suffices(m, problem, max_x_error) and _has_fewest_terms(m, problem)
        for m in models
    ):
        return "not tried: a cheaper one has the fewest terms that there can be"
    return ""


def _has_fewest_terms(model, problem):
    """Whether there is one term for each rate, and a rate for each direction."""
    rank = min(problem.ranks[0], len(problem.weights))
    return problem.moves and model.n_solved == model.rank == rank


def _suffices(model, problem, max_x_error):
    """Whether no space can be better by more than what counts as equal."""
    if model.errors["x"] > max_x_error:
        return False
    return not problem.moves or model.errors.get("x_dot", np.inf) <= AS_FAST


def _has_sines(model, problem):
    """Whether the size of the latents, and their axes, decide about equations."""
    return problem.moves and needs_calibration(problem.library(model.rank))


def _is_exact(model, problem, by_terms):
    """Whether nothing is left to be explained."""
    if model.errors["x"] <= ROUNDING:
        if _has_sines(model, problem):
            return False
        # Other axes of the same space have the same equations.
        if not (problem.moves and by_terms) or model.rank >= len(problem.weights):
            return True
    return max(model.errors["x"], model.errors.get("x_dot", np.inf)) <= EXACT


def _chosen(tried, problem, max_x_error):
    """Return the strategy and model that the rule takes, and note why in the rows."""
    if len(tried) == 1:
        strategy, model, row = tried[0]
        row.taken, row.why = True, "the only one that was tried"
        _measure_distortion(tried, problem)
        return strategy, model
    nearest = min((model for _, model, _ in tried), key=lambda m: m.errors["x"])
    best = nearest.errors["x"]
    # What no latents can tell is beside what they may lose.
    floor = min(model.pod.residual / model.pod.total for _, model, _ in tried)
    most = max(floor + max_x_error, AS_GOOD * best, best + nearest.standard_errors["x"])
    left = _keep(tried, lambda m: m.errors["x"] <= most, f"x above {most:.2g}")
    reason = f"x at most {most:.2g}"
    if best > floor + max_x_error:
        reason = "least error of x"
    if problem.moves and all("x_dot" in model.errors for _, model, _ in left):
        left, reason = _of_least_rates(left)
    _measure_distortion(left, problem)
    if len(left) > 1:
        reason = "least distortion"
        least = min(model.distortion for _, model, _ in left)
        most = AS_SMOOTH * least
        left = _keep(left, lambda m: m.distortion <= most, "more distortion")
    if not problem.moves:
        # Compact groups act linearly on them: what is measured is less certain.
        left.sort(key=lambda entry: not entry[0].least_distorted)
    for _, _, row in left[1:]:
        row.why = "later in the list"
    strategy, model, row = left[0]
    row.taken, row.why = True, reason
    return strategy, model


def _of_least_rates(tried):
    """Return those that leave least of the rates, of these with the fewest terms."""
    fastest = min((model for _, model, _ in tried), key=lambda m: m.errors["x_dot"])
    left = _keep(
        tried,
        lambda m: m.moves_as_well(fastest, AS_FAST),
        f"x_dot above {fastest.errors['x_dot']:.2g} by more than a standard error",
    )
    if len(left) == 1:
        return left, "least error of x_dot"
    fewest = min(model.n_coefficients for _, model, _ in left)
    why = f"more than {fewest} terms"
    return _keep(left, lambda m: m.n_coefficients <= fewest, why), "fewest terms"


def _keep(tried, good, why):
    """Return those that are good; note of the others why they are not."""
    for _, model, row in tried:
        if not good(model):
            row.why = why
    return [entry for entry in tried if good(entry[1])]


def _measure_distortion(tried, problem):
    points = problem.positions
    rows = landmarks(points, MAX_ROWS, problem.groups)
    surface, connected = largest_surface(points[rows])
    rows = rows[connected]
    for strategy, model, row in tried:
        latents = model.latents(_of(problem, strategy).curve[0][rows])
        model.distortion = row.distortion = surface.distortion(latents)
