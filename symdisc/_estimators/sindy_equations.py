"""The equations of LatentSINDy in its latent space, and what is known of them."""

from dataclasses import replace
from functools import partial

import numpy as np

from symdisc._diagnostics.rates_within import RatesWithin
from symdisc._equations.equations import EquationSystem
from symdisc._equations.names import learns_latents
from symdisc._errors_in_variables.shooting import shoot
from symdisc._estimators.fit_sindy import take_best_rates
from symdisc._estimators.outcome import warn_of_dependent_terms
from symdisc._estimators.refine_sindy import refined
from symdisc._implicit.compared_laws import MAX_RIVALS, find_among_laws
from symdisc._implicit.denominators import find_denominators
from symdisc._numerics.threads import one_thread
from symdisc._sindy.differentiation import Motion, every_other, rates_along
from symdisc._sindy.free_constants import find_constants, refine_constants
from symdisc._sindy.scoring import pooled_score, rate_scale, without_rounding

# Rates err by at least this power of the step; by a higher one where steps are short.
LEAST_ORDERS = {"central": 2, "savgol": 2, "spline": 4, "weak": 4}


@one_thread()
def find_equations(est, governing, space, t, groups, seed):
    """Find the equations, with the states where noise asks for it.

    Parameters
    ----------
    est : LatentSINDy
    governing : Governing
    space : Space
        Its rates are taken another way where states could not be refined.
    t, groups
        Times and trajectories.
    seed : int
        Of the bootstrap.

    Returns
    -------
    found : Found
    motion : Motion
        What they were fitted to.
    """
    options = {"n_bootstrap": est.n_bootstrap, "seed": seed}
    laws = None
    if est.denominator_degree or governing.free:
        within, laws = _find_constants(est, governing, space, t, groups)
    if space.noisy is not None:
        motion, refine = _motion(est, space), partial(refined, est, space.noisy)

        def find(governing):
            return governing.find(motion, groups, refine=refine, **options)

        if laws:
            found = find_among_laws(governing, within, laws, find)
        else:
            found = find(governing)
        if found.refined is not None:
            return found, motion
        take_best_rates(est, governing, space, t, groups)
    motion = _motion(est, space)
    found = governing.find(motion, groups, **options)
    if space.noisy is None and _can_shoot(est, governing, space):
        points = space.points.astype(float)
        shot = shoot(found.equations, points, t, groups)
        if shot is not None:
            return _as_shot(found, shot), motion
    return _with_bias(est, governing, space, found, motion, t, groups), motion


def _can_shoot(est, governing, space):
    """Say whether coefficients may be those that follow the rows, without noise."""
    asked = est.refine != "none" and est.differentiation == "auto"
    asked = asked and not est.n_bootstrap and est.optimizer is None
    free = est.symmetry is None and not (governing.fix or governing.free)
    usual = est.order == 1 and not est.discrete and not governing.inputs
    own = not learns_latents(est.autoencoder) and space.points is not None
    return asked and free and usual and own and space.method != "given"


def _as_shot(found, shot):
    """Return what was found with the coefficients that follow the rows."""
    known = found.equations
    errors = np.linalg.norm(shot.directions, axis=0)
    equations = EquationSystem(shot.coefficients, known.library, errors=errors)
    changed = {"directions": shot.directions, "left_of_steps": shot.left}
    return replace(found, equations=equations, scores=1 - shot.left, **changed)


def _with_bias(est, governing, space, found, motion, t, groups):
    """Add to the errors of coefficients what derivatives over finite steps are off by.

    Errors of constants inside candidates are those of the regression alone.
    """
    known = space.method == "given" or space.points is None or found.directions is None
    if known or governing.free:
        return found
    options = {"order": est.order, "inputs": governing.inputs}
    options |= {
        "joint": est.symmetry is not None,
        "n_terms": len(found.equations.library),
    }
    coarse, segments = every_other(space, space.points, t, groups, **options)
    if coarse is None:
        return found
    table = found.equations.coefficients
    moved = governing.refit(table, coarse, segments)
    moved -= governing.refit(table, motion, groups)
    bias = moved / (2 ** LEAST_ORDERS[space.method] - 1)
    directions = np.concatenate([found.directions, bias[None]])
    found.equations.errors = np.linalg.norm(directions, axis=0)
    return replace(found, directions=directions)


def _find_constants(est, governing, space, t, groups):
    """Find what is inside of candidates, from rates that are taken as well as may be.

    Constants are found from rates at points, and refined by integrals. Returns these
    rates and, for each equation, the denominators that explain them.
    """
    laws = None
    known = governing, _motion(est, space), space, t, groups
    within = RatesWithin.of(est, *known)
    if est.denominator_degree:
        laws, active = find_denominators(governing, within, est.denominator_degree)
    else:
        active = find_constants(governing, within.motion, within.groups)
    governing.unknown = False
    if within.errors is None:
        return within, laws
    if active is not None:
        options = {"order": est.order, "n_terms": int(active.sum(axis=1).max())}
        options["inputs"] = governing.inputs
        windows = rates_along("weak", space.points, t, groups, **options)
        refine_constants(governing, windows, groups, active)
    take_best_rates(est, governing, space, t, groups)
    if active is not None:
        refine_constants(governing, _motion(est, space), groups, active)
    return within, laws


def _motion(est, space):
    """Return the motion in a latent space, less what is rounding."""
    dtype = space.curve[0].dtype
    step = None if space.method == "given" else est._median_step
    est._rate_scale = rate_scale(space.curve, dtype, step)
    speeds = without_rounding(space.curve, dtype, step)
    return Motion([*space.curve[:-1], speeds], space.weak)


def set_space(est, space, governing):
    """Set what is known of the latent space."""
    discovers = est.symmetry == "discover"
    est.lie_algebra_ = space.algebra if discovers else governing.algebra
    est.encoder_, est.decoder_ = space.encoder, space.decoder
    model = space.model
    est.history_ = {} if model is None else model.history
    est.errors_ = {} if model is None else model.errors
    est.n_iter_ = 1 if model is None else model.n_iter
    est._explained = 1 - est.errors_.get("x_dot", 0.0)
    est.spaces_, est.differentiation_ = space.spaces, space.method


def set_equations(est, governing, found, space):
    """Set what is known of the equations, and of the states they are of."""
    est.constants_ = dict(governing.values)
    est.equations_, est.library_ = found.equations, found.equations.library
    varies = est._rate_scale > 0
    est.equation_scores_ = np.where(varies, found.scores, 1.0)
    est.equation_score_ = pooled_score(found.scores[varies])
    est.dense_score_ = pooled_score(found.dense_scores[varies])
    est.n_free_, est.path_ = found.n_free, found.path
    est._error_directions = found.directions
    est.coefficients_ = est.equations_.coefficients
    est.n_components_ = len(est.coefficients_)
    est.complexity_ = est.equations_.n_terms
    est._latent_size = float(np.abs(np.hstack(space.curve[:-1])).max())
    est.states_, est.rates_ = space.curve[0], space.curve[-1]
    if space.model is not None:
        state = np.hstack(space.curve[:-1]).astype(float)
        warn_of_dependent_terms(est.equations_, state, est.equation_score_)
    est.noise_, est.rivals_, est.constant_errors_ = None, [*found.rivals], {}
    if found.constant_errors is not None:
        errors = map(float, found.constant_errors)
        est.constant_errors_ = dict(zip(governing.free, errors, strict=True))
    est._left_of_steps = found.left_of_steps
    if found.left_of_steps is not None:
        # Rows without noise are the states.
        est.states_ = space.points.astype(est.states_.dtype)
        est.rates_ = found.equations(est.states_).astype(est.states_.dtype)
    if found.refined is not None:
        k, states = est.n_components_, found.refined.states
        dtype = est.states_.dtype
        est.states_ = states[:, :k].astype(dtype)
        est.rates_ = found.equations(states).astype(dtype)
        est.noise_ = found.refined.noise
        for table, errors, constants in found.refined.rivals:
            named = dict(zip(governing.free, constants, strict=True))
            library = replace(governing, values=governing.values | named).library(k)
            options = {"order": est.order, "inputs": governing.inputs}
            options["errors"] = errors
            est.rivals_.append(EquationSystem(table, library, **options))
        est.rivals_ = est.rivals_[:MAX_RIVALS]
