"""Sections of the report on equations, and on what they predict."""

import warnings

import numpy as np

from symdisc._equations.printing import error_texts
from symdisc._report.html import Numeral, paragraph, picture, section, table
from symdisc._report.mathml import equations_mathml
from symdisc.plotting._coefficients import CoefficientDisplay
from symdisc.plotting._model_path import ModelPathDisplay
from symdisc.plotting._simulation import simulation_display

WAYS = {
    "given": "The rates came with the data.",
    "central": "Rates are central differences along t.",
    "savgol": "Rates are those of local polynomials along t.",
    "spline": "Rates are those of smoothing splines along t.",
    "weak": "Instead of rates, equations were integrated over windows of t.",
}


def equations_section(est):
    """Return equations, their coefficients with errors, scores, and their choice."""
    equations, title = est.equations_, "Equations"
    if equations is None:
        return section(
            title, paragraph("There are none: the data came without time derivatives.")
        )
    drawn = picture(
        lambda ax: CoefficientDisplay.from_estimator(est, ax=ax),
        f"Coefficients of the equations {'; '.join(str(equations).splitlines())}",
        "Coefficients of the terms.",
        size=(7, 2 + 0.3 * equations.coefficients.any(axis=0).sum()),
    )
    set_lines = "".join(equations_mathml(equations))
    parts = [f'<div class="math">{set_lines}</div>', *_scores(est)]
    if equations.errors is not None:
        parts.append(_coefficient_table(equations))
    return section(title, *parts, *_states(est), drawn, *_path(est))


def _states(est):
    """Say how noisy the rows are, and which other terms are nearly as likely."""
    noise = getattr(est, "noise_", None)
    if noise is None:
        return
    names = [symbol.name for symbol in est.library_.symbols]
    yield table(
        "States were fitted with the equations, and rows differ from them by noise",
        ["Variable", "Standard deviation"],
        zip(names, map(float, noise), strict=False),
    )
    for number, rival in enumerate(est.rivals_, 1):
        lines = "".join(equations_mathml(rival))
        yield paragraph(f"Other terms that are nearly as likely ({number}):")
        yield f'<div class="math">{lines}</div>'


def _scores(est):
    """Say how well each equation explains its rate, and where rates are from."""
    way = WAYS.get(getattr(est, "differentiation_", None))
    scores = getattr(est, "equation_scores_", None)
    if way is not None:
        yield paragraph(way)
    if scores is not None:
        names = est.equations_.to_table().equations
        counts = np.count_nonzero(est.equations_.coefficients, axis=1)
        own = np.setdiff1d(np.arange(len(scores)), est.equations_.inputs)
        scores, counts = np.asarray(scores)[own], counts[own]
        yield table(
            "Scores on the training data",
            ["Equation", "R2 of its rate", "Terms"],
            zip(names, map(float, scores), map(int, counts), strict=True),
        )


def _coefficient_table(equations):
    found, digits = equations.to_table(), equations.digits
    errors = np.delete(equations.errors, equations.inputs, axis=0)
    rows = [
        (
            f"{found.terms[term]} in {found.equations[equation]}",
            *map(Numeral, error_texts(value, error, digits)),
        )
        for equation, term in np.argwhere(found.coefficients)
        for value, error in [
            (found.coefficients[equation, term], errors[equation, term])
        ]
    ]
    return table("Coefficients", ["Term", "Value", "Standard error"], rows)


def _path(est):
    """Draw the models that terms were chosen from."""
    if getattr(est, "path_", None) is None:
        return
    yield picture(
        lambda ax: ModelPathDisplay.from_estimator(est, ax=ax),
        "Held-out errors of models against their number of terms",
        "Error on rows that were not fitted, against the number of terms. Rings mark "
        "the models chosen. Where errors go on falling beyond them, terms may be "
        "missing; where they do not fall steeply before, terms may be too many.",
    )


def simulation_section(est, X, X_dot, t, groups):
    """Return data and simulations, or nothing without times or equations."""
    equations, title = est.equations_, "Data and simulation"
    if t is None or equations is None:
        return ""
    if equations.order == 2 and X_dot is None:
        return section(
            title,
            paragraph(
                "Equations of second order are simulated from velocities: pass X_dot."
            ),
        )
    with warnings.catch_warnings():
        # The picture shows where simulations diverge.
        warnings.simplefilter("ignore", RuntimeWarning)
        display = simulation_display(est, X, t, X_dot, groups)
    drawn = picture(
        display.plot,
        f"Data and simulations of {len(display.times)} trajectories",
        "Data (grey) and simulations from their first snapshots (dashed). The horizon "
        "(dotted) is the time until the error exceeds 40 % of the standard deviation "
        "of the trajectory.",
        size=display.figure_size,
    )
    return section(title, drawn, _horizon_table(display))


def _horizon_table(display):
    header = ["Trajectory", "Horizon"]
    horizons = [
        Numeral(f"{'at least ' if followed else ''}{value:.4g}")
        for value, followed in zip(display.horizon, display.followed, strict=True)
    ]
    columns = [display.labels, horizons]
    if display.horizon_in_lyapunov_times is not None:
        header.append(f"Lyapunov times (of {1 / display.lyapunov_exponent:.3g})")
        columns.append(map(float, display.horizon_in_lyapunov_times))
    return table("Horizons", header, zip(*columns, strict=True))
