"""Warnings of a fit: what its equations leave unexplained, and what is in the way."""

from dataclasses import replace

import numpy as np

from symdisc._data.trajectories import median_step, trajectory_slices
from symdisc._data.user_warning import warn_user
from symdisc._diagnostics.alike_residuals import alike_share
from symdisc._diagnostics.decisive_doubts import (
    ROUNDING,
    few_rows,
    offsets,
    smoothed_away,
)
from symdisc._diagnostics.rates_within import RatesWithin
from symdisc._equations.candidates import numerators
from symdisc._estimators.denominator_doubts import say_denominators, say_poles
from symdisc._estimators.outcome import MOST_LEFT
from symdisc._estimators.refine_sindy import fits_with
from symdisc._numerics.threads import one_thread
from symdisc._sindy.dependence import say_relation
from symdisc._sindy.differentiation import MAX_TERMS, Motion, take_rates
from symdisc._sindy.misfit import (
    MAP,
    MUCH_BETTER,
    SLOPE_SEEN,
    UNEXPLAINED,
    depends_on_state,
    doubts,
    map_score,
    sampling_of,
    unexplained_integrals,
)

# Rows of a map are not correlated with the next ones, and look like so much noise.
LIKE_NOISE = 0.2
# Terms matter that a threshold drops where these leave so much, and so many times what
# all candidates leave.
LOST, TIMES_LEAST = 1e-4, 10.0
# Equations are doubted that leave more than this of exact rates: solvers leave half.
UNEXPLAINED_EXACTLY = 2e-3
# Solutions that leave less than this of the steps between rows follow them.
FOLLOWED = 1e-6
# The other order is pointed to where it leaves less, with few of its candidates.
MOST_LEFT_BY_OTHER, FEW = 1e-3, 0.4
# Central differences divide noise by the step: beyond this fraction rates are lost.
MAX_RATE_NOISE = 0.1
# Central differences that see less than this of a slope bias coefficients; so do other
# ways if they would see less than that.
CENTRAL_SEES, SEEN = 0.99, 0.92
# Sines are nearly polynomials of so many degrees more than an odd one.
HIGHER = 2
LONG, TOO_LONG = "The step of t is long", "The step of t is too long"
# Denominators are not tried where something else is in the way.
OTHER_CAUSES = TOO_LONG, "Pass discrete="


@one_thread()
def warn_of_doubts(est, governing, motion, t, groups, space):
    """Warn of what a user should know about equations, in one line each.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    governing : Governing
    motion : Motion
        Latents with their rates.
    t : ndarray of shape (n_samples,) or None
    groups : array-like of shape (n_samples,) or None
    space : Space
    """
    points = motion.curve[0].astype(float)
    sampling = None if t is None else sampling_of(points, t, groups)
    # Offsets and few rows explain everything else.
    decisive = [*few_rows(est, points), *offsets(est, motion.curve)]
    decisive += smoothed_away(est, space.points, points)
    misfit = list(_rivals(est))
    follows = est._left_of_steps is not None and max(est._left_of_steps) < FOLLOWED
    if est.noise_ is None and not follows:
        # Refined states have been found to differ from the rows by noise alone.
        within = RatesWithin.of(est, governing, motion, space, t, groups)
        misfit = list(_misfit(est, governing, motion, sampling, t, groups, within))
        known = governing, motion, t, groups, space.noisy
        misfit = misfit or list(_not_white(est, *known))
        if not any(cause in text for text in misfit for cause in OTHER_CAUSES):
            text = say_denominators(est, governing, within, misfit=bool(misfit))
            misfit = list(text) or misfit
    others = [
        *_rates_of_rest(est, motion, groups),
        *([] if follows else _sampling_doubts(est, motion, sampling, t, groups)),
        *_relations(est, governing, motion, sampling),
        *say_poles(est, governing),
        *(list(_dropped(est)) or misfit),
    ]
    if any(TOO_LONG in text for text in misfit):
        others = [text for text in others if not text.startswith(LONG)]
    for text in decisive[:1] or others:
        warn_user(text)


def _rates_of_rest(est, motion, groups):
    """Rates that are given as zero of columns that move within a trajectory."""
    if est.differentiation_ != "given":
        return
    points, rates = motion.curve[:2]
    at_rest = ~rates.any(axis=0)
    at_rest[list(est.equations_.inputs)] = False
    for i in np.flatnonzero(at_rest):
        runs = [points[r, i] for r in trajectory_slices(groups, len(points))]
        if any(np.ptp(run) > ROUNDING * np.abs(run).max() for run in runs):
            yield (
                f"y is zero in every row for {_names(est)[i]}, which moves: its "
                "equation is that of rest. Pass its derivative, or groups where it is "
                "a parameter of each trajectory."
            )


def _sampling_doubts(est, motion, sampling, t, groups):
    """Doubts about steps, and about differences along time."""
    if sampling is None or est.differentiation_ == "given":
        return
    central = est.differentiation_ == "central"
    asked = est.differentiation == "central"
    remedy = 'Use differentiation="auto". ' if asked else ""
    names = _names(est)
    seen = _slope_seen(est, sampling)
    worst = int(seen.argmin())
    if seen[worst] < (CENTRAL_SEES if central else SEEN):
        yield (
            f"{LONG} for {names[worst]}, the fastest column: central "
            f"differences see {seen[worst]:.2f} of its slope. {remedy}Take shorter "
            "steps, or pass derivatives as y."
        )
    if not central:
        return
    noise = sampling.noise / (np.sqrt(2) * median_step(t, groups))
    speed = np.sqrt(np.mean(motion.curve[1].astype(float) ** 2, axis=0))
    points = motion.curve[0]
    rounding = 10 * np.finfo(points.dtype).eps * np.abs(points).max(axis=0)
    moving = np.ptp(points, axis=0) > rounding
    noise, speed = (np.linalg.norm(size[moving]) for size in (noise, speed))
    fraction = noise / max(speed, 1e-300)
    if fraction > MAX_RATE_NOISE:
        yield (
            f"X seems to carry noise that makes up {fraction:.0%} of its differences "
            f"along t. {remedy}Take more rows, or pass derivatives as y."
        )


def _slope_seen(est, sampling):
    """Return what differences see of the slope of each column; 1 if not known."""
    seen = np.nan_to_num(sampling.slope_seen, nan=1.0)
    seen[list(est.equations_.inputs)] = 1.0
    return seen


def _relations(est, governing, motion, sampling):
    """Relations between candidates that hold on the data."""
    state = np.hstack(motion.curve[: est.order]).astype(float)
    noise = np.zeros(1) if sampling is None else sampling.noise
    rates = np.sqrt(max(1 - np.nanmax(est.equation_scores_, initial=0.0), 0.0))
    if est.order == 2:
        # Velocities have errors of their own.
        rates = np.inf
    # Those above the same denominator depend on each other as they do without it.
    library = numerators(governing, len(est.coefficients_))
    text = say_relation(library, state, noise, rates)
    if text:
        yield text


def _dropped(est):
    """Terms below a threshold that matter."""
    left, least = 1 - est.equation_score_, 1 - est.dense_score_
    if isinstance(est.threshold, str) or est.optimizer is not None:
        return
    if left > max(LOST, TIMES_LEAST * least):
        yield (
            f"threshold={est.threshold} drops terms that matter: the equations leave "
            f"{left:.2%} of the rates, and all candidates together {least:.2%}. Pass "
            'threshold="auto".'
        )


def _not_white(est, governing, motion, t, groups, noisy):
    """Say what noisy rows have beside white noise, where no states fit them."""
    if noisy is None:
        return
    text = (
        "No motion under these candidates differs from the rows by white noise alone, "
        "so that terms may be wrong. "
    )
    points = motion.curve[0].astype(float)
    state = np.hstack(motion.curve[: est.order]).astype(float)
    degree = est.degree + HIGHER
    if fits_with(replace(governing, degree=degree), est, noisy):
        yield f"{text}One with degree={degree} does, or maybe denominator_degree=1."
    elif depends_on_state(est.equations_, points, t, groups, state):
        yield (
            f"{text}What is left depends on the state: candidates or columns are "
            "missing, or numbers are rounded. Raise degree, or add to library or X."
        )
    else:
        yield (
            f"{text}What is left does not depend on the state: noise drives the motion,"
            " or is correlated along t. Standard errors are those of least squares."
        )


def _rivals(est):
    """Say which other terms are nearly as likely."""
    if est.rivals_:
        others = "; ".join(_difference(est.equations_, r) for r in est.rivals_)
        yield (
            "Other terms than those of equations_ are nearly as likely on these data: "
            f"{others}. See rivals_. More rows, or less noise, would tell."
        )


def _difference(equations, other):
    """Say which terms another system has, and which it lacks."""
    if equations.library.names != other.library.names:
        mine = str(equations).split("\n")
        return ", ".join(line for line in str(other).split("\n") if line not in mine)
    texts = []
    for symbol, row, kept in zip(
        equations.library.symbols,
        other.coefficients != 0,
        equations.coefficients != 0,
        strict=False,
    ):
        names = np.array(equations.library.names)
        more, less = ", ".join(names[row & ~kept]), ", ".join(names[kept & ~row])
        if more or less:
            change = f"{more} for {less}" if more and less else f"also {more}"
            change = change if more else f"no {less}"
            texts.append(f"{change} in the equation of {symbol}")
    return ", ".join(texts)


def _misfit(est, governing, motion, sampling, t, groups, within):
    """Equations that do not explain their rates, and why."""
    # Smoothed rows are not those that were measured.
    steps = est.differentiation_ in ("weak", "central")
    known = motion, sampling, t, groups
    left, by_noise = _unexplained(est.equations_, *known, steps=steps)
    judged = sampling is not None and not np.isnan(left).all()
    if not judged:
        left, by_noise = 1 - est.equation_scores_, 0.0
    left = np.where(est._rate_scale > 0, left, 0.0)
    left, by_noise = np.nan_to_num(left), np.nan_to_num(by_noise)
    rows = _map_doubt(est, motion, sampling, t, groups)
    if rows:
        yield rows
        return
    exactly = within.left_by(est.equations_) * (est._rate_scale > 0)
    alike = np.maximum(_alike(est, motion), within.left_by(est.equations_, shared=True))
    alike = alike * (est._rate_scale > 0)
    known = (exactly > UNEXPLAINED_EXACTLY) | (alike > LOST)
    left = np.where(known, np.maximum(left, np.maximum(exactly, alike)), left)
    bad = np.union1d(doubts(left, by_noise, judged), np.flatnonzero(known))
    little = np.flatnonzero(left > MOST_LEFT)
    if not len(bad) and not len(little):
        return
    text = (
        "The candidates do not explain these data: of the rates, the equations leave "
        f"{_list(est, left, bad if len(bad) else little)}"
    )
    if judged:
        text += (
            f", and noise explains {by_noise[bad if len(bad) else little].max():.2%}"
        )
    if not len(bad):
        yield f"{text}. Pass data with less noise, or more of them."
        return
    yield f"{text}. {_cause(est, governing, motion, sampling, left, bad, t, groups)}"


def _alike(est, motion):
    """Return the part of what is given that is left, and is alike where states are."""
    given = est.discrete or est.differentiation_ == "given"
    if not given or est.autoencoder != "none":
        return np.zeros(len(est.equation_scores_))
    *state, rates = (part.astype(float) for part in motion.curve)
    state = np.hstack(state)
    left = rates - est.equations_(state)
    left[:, list(est.equations_.inputs)] = 0.0
    sizes = state.std(axis=0)
    share = alike_share(left, state / np.where(sizes > 0, sizes, 1.0))
    return (1 - est.equation_scores_) * share


def _list(est, left, which):
    names = _names(est)
    return ", ".join(f"{names[i]} {min(left[i], 1):.2%}" for i in which)


def _map_doubt(est, motion, sampling, t, groups):
    """Say where rows are those of a map; None where they are not."""
    points = motion.curve[0].astype(float)
    if sampling is None or est.order != 1:
        return None
    noise = sampling.noise / np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
    if noise.max() < LIKE_NOISE:
        return None
    score = map_score(est.library_.evaluate(points), points, groups, t)
    if score < MAP:
        return None
    return (
        f"The rows look like those of a map: a combination of the candidates explains "
        f"{score:.4f} of the next row, whose differences look like noise. Equations of "
        "motion do not hold for them. Pass discrete=True."
    )


def _unexplained(equations, motion, sampling, t, groups, *, steps=False):
    if sampling is None:
        return np.full((2, len(equations.coefficients)), np.nan)
    points = motion.curve[0].astype(float)
    state = np.hstack(motion.curve[: equations.order]).astype(float)
    known = {"state": state, "steps": steps}
    return unexplained_integrals(equations, points, t, groups, sampling.noise, **known)


def _cause(est, governing, motion, sampling, left, bad, t, groups):
    """Say what stands in the way, or what may be missing."""
    names = _names(est)
    if sampling is not None:
        better = None
        # A column whose velocity is missing has hardly any equation.
        if left[bad].max() > UNEXPLAINED:
            better = _other_order(est, governing, motion, sampling, t, groups)
        enough = np.minimum(MUCH_BETTER * left[bad], MOST_LEFT_BY_OTHER)
        if better is not None and (better[bad] < enough).all():
            other = 3 - est.order
            return (
                f"order={other} explains them: it leaves {better[bad].max():.2%}. "
                f"Pass order={other}."
            )
        seen = _slope_seen(est, sampling)
        if seen.min() < SLOPE_SEEN:
            return (
                f"{TOO_LONG} for {names[int(seen.argmin())]}: "
                f"differences over one step see {seen.min():.2f} of its slope. Take "
                "shorter steps, or pass derivatives as y."
            )
    saturating = "Rates that saturate need denominator_degree=1 or 2."
    if est.denominator_degree:
        saturating = "Raise denominator_degree, too; poles on the data are refused."
    text = (
        "Raise degree, add functions to library, or columns that are missing from X; a "
        f"threshold that is too high drops terms that matter. {saturating}"
    )
    if est.autoencoder == "none" and len(bad) < len(est.equations_):
        which = [names[i] for i in bad]
        text += (
            f" If {', '.join(which)} drives the others and has no law itself, pass "
            f"inputs={which}."
        )
    return text


def _other_order(est, governing, motion, sampling, t, groups):
    """Return what equations of the other order leave; None where not tried."""
    points, other = motion.curve[0], 3 - est.order
    if (
        governing.inputs
        or governing.algebra
        or governing.optimizer is not None
        or est.library is not None
    ):
        return None
    swapped = replace(governing, order=other)
    if len(swapped.library(points.shape[1])) > MAX_TERMS:
        return None
    options = {"order": other, "n_terms": 0, "joint": False}
    try:
        found = take_rates("spline", points, t, groups, **options)
    except ValueError:
        # Some trajectory is too short for second derivatives.
        return None
    equations = swapped.equations(Motion(found.curve), groups)
    if equations.n_terms > FEW * equations.coefficients.size:
        # With velocities, many candidates fit any smooth motion.
        return None
    return _unexplained(equations, found, sampling, t, groups)[0]


def _names(est):
    return [symbol.name for symbol in est.library_.symbols]
