"""How many samples a known symmetry saves, and how much noise it makes bearable.

Systems in their own coordinates, sought among all polynomials of degree 3:

``oscillator``  z' = -0.1 z + J z; so(2) leaves 4 of 20 coefficients free;
``hopf``        z' = (1 - |z|^2) z + 2 J z; the same symmetry;
``sphere``      z' = (1 - |z|^2) z in three dimensions; so(3) leaves 2 of 60;
``growth``      x' = -0.3 x + 0.1 y^2, y' = y; scaling by diag(2, 1) leaves 3 of 20.

Data are short trajectories of 25 snapshots with white noise, whose standard deviation
is relative to that of the states. Rates are taken along time by splines, terms are
chosen by ``threshold="auto"``, and nothing is tuned to a system. Three fits share the
same data: ``free`` knows no symmetry, ``soft`` is penalised for breaking it
(``equivariance_weight=10``), ``exact`` obeys it. With one seed, more trajectories
contain the fewer, and stronger noise is the weaker one multiplied.

``error`` is the root mean square error of all coefficients relative to their root mean
square, its median over seeds; ``right`` is how often exactly the true terms are found.
``fewer`` is the factor by which fewer samples (or in the second table of a system, by
which more noise) leave the fit the error of the free one in the same line, by
interpolation of the curves; with ``>`` where even the fewest samples (the strongest
noise) do better, and ``-`` where the error is not reached.

Run it as ``python benchmarks/symmetry_helps.py --seeds 20 --plot helps.png``. Rows are
appended to a JSON-lines file as they are measured, and seeds already there are not
measured again.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sympy
from joblib import Parallel, delayed

from symdisc import LatentSINDy, LieAlgebra
from symdisc.datasets._ode import latent_equations, simulate

N_ROWS = 25
N_TRAJECTORIES = (2, 4, 8, 16, 32)
NOISES = (0.02, 0.05, 0.1, 0.2)
# What is kept fixed while the other is varied.
FIXED_TRAJECTORIES = 16
FIXED_NOISE = 0.05
WEIGHT = 10.0
KINDS = ("free", "soft", "exact")
# Seeds that find the right terms for a marker to be filled.
MOST = 0.9


class System(NamedTuple):
    """What is simulated, its symmetry, and where trajectories start."""

    equations: object
    symmetry: object
    starts: object
    dt: float


def main():
    """Measure what is missing, then print tables and draw curves."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default="symmetry_helps.jsonl")
    parser.add_argument("--plot", type=Path, help="picture to write")
    arguments = parser.parse_args()
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    rows = [json.loads(line) for line in lines]
    done = {(row["system"], row["seed"]) for row in rows}
    missing = [
        (system, seed)
        for system in arguments.systems
        for seed in range(arguments.seeds)
        if (system, seed) not in done
    ]
    results = Parallel(arguments.jobs, return_as="generator")(
        delayed(measure)(*task) for task in missing
    )
    for new in results:
        rows.extend(new)
        with arguments.out.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in new)
    for system in arguments.systems:
        for axis in AXES:
            summarise(system, axis, curves(rows, system, axis))
    if arguments.plot:
        draw(rows, arguments.systems, arguments.plot)


def measure(name, seed):
    """Fit the data of one seed at every point of both curves; return the figures."""
    system, rng = SYSTEMS[name], np.random.default_rng(seed)
    starts = system.starts(rng, max(N_TRAJECTORIES))
    data = simulate(system.equations, starts, dt=system.dt, n_steps=N_ROWS)
    disturbance = data["Z"].std(axis=0) * rng.standard_normal(data["Z"].shape)
    points = {(n, FIXED_NOISE) for n in N_TRAJECTORIES}
    points |= {(FIXED_TRAJECTORIES, noise) for noise in NOISES}
    rows = []
    for n, noise in sorted(points):
        used = data["groups"] < n
        X = (data["Z"] + noise * disturbance)[used]
        for kind in KINDS:
            error, right = fit(system, kind, X, data["t"][used], data["groups"][used])
            rows.append(
                {
                    "system": name,
                    "seed": seed,
                    "samples": len(X),
                    "noise": noise,
                    "fit": kind,
                    "error": error,
                    "right": right,
                }
            )
    return rows


def fit(system, kind, X, t, groups):
    """Return the error of the coefficients, and whether the terms are right."""
    est = LatentSINDy(
        degree=3,
        autoencoder="none",
        threshold="auto",
        differentiation="spline",
        symmetry=None if kind == "free" else system.symmetry,
        equivariance_weight=WEIGHT if kind == "soft" else np.inf,
    ).fit(X, t=t, groups=groups)
    truth = np.zeros_like(est.coefficients_)
    equations = system.equations
    columns = [est.library_.names.index(name) for name in equations.library.names]
    truth[:, columns] = equations.coefficients
    error = np.linalg.norm(est.coefficients_ - truth) / np.linalg.norm(truth)
    return float(error), bool(((est.coefficients_ != 0) == (truth != 0)).all())


def curves(rows, system, axis):
    """Abscissae, then median errors and rates of right terms of each kind of fit."""
    other, fixed = AXES[axis]
    chosen = [row for row in rows if row["system"] == system and row[other] == fixed]
    values = sorted({row[axis] for row in chosen})
    errors, right = (
        {
            kind: np.array(
                [
                    summary(
                        [r[key] for r in chosen if (r["fit"], r[axis]) == (kind, v)]
                    )
                    for v in values
                ]
            )
            for kind in KINDS
        }
        for key, summary in (("error", np.median), ("right", np.mean))
    )
    return np.array(values), errors, right


def advantage(values, free, other):
    """Ratio of abscissae at which two falling curves have equal ordinates.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Ascending abscissae of both curves.
    free, other : ndarray of shape (n,)
        Ordinates. The other curve is replaced by its largest value from each
        abscissa on, so that it falls.

    Returns
    -------
    ratios : ndarray of shape (n,)
        For each point of the first curve its abscissa over that at which the other
        has the same ordinate, by interpolation in logarithms; NaN where the other
        stays above.
    is_bound : ndarray of bool of shape (n,)
        Where the other is below from its first abscissa on.
    """
    falling = np.maximum.accumulate(other[::-1])[::-1]
    needed = np.exp(np.interp(-np.log(free), -np.log(falling), np.log(values)))
    # Equal errors may differ in rounding.
    ratios = np.where(free < 0.999 * falling[-1], np.nan, values / needed)
    return ratios, free > falling[0]


def summarise(system, axis, points):
    """Print one table."""
    values, errors, right = points
    # Errors fall with less noise.
    order = slice(None) if axis == "samples" else slice(None, None, -1)
    abscissae = values if axis == "samples" else 1 / values[::-1]
    gains = {
        kind: [
            part[order]
            for part in advantage(abscissae, errors["free"][order], errors[kind][order])
        ]
        for kind in KINDS[1:]
    }
    other, fixed = AXES[axis]
    gain = "fewer" if axis == "samples" else "more"
    print(f"\n{system}, {other} = {fixed:g}")
    print(f"{axis:>8s}  error: free    soft   exact  right: free soft exact  ", end="")
    print(f"{gain}: soft   exact")
    for i, value in enumerate(values):
        print(
            f"{value:8g}      "
            + " ".join(f"{errors[kind][i]:7.4f}" for kind in KINDS)
            + "       "
            + " ".join(f"{right[kind][i]:5.0%}" for kind in KINDS)
            + "      "
            + " ".join(
                _factor(ratios[i], bounds[i]) for ratios, bounds in gains.values()
            )
        )
    print("median factor: ", end="")
    print(", ".join(f"{kind} {_median(*gains[kind])}" for kind in gains))


def draw(rows, systems, path):
    """Draw both curves of every system; filled markers: terms mostly right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.3 * len(systems) + 0.5), layout="constrained")
    panels = figure.subplots(len(systems), 2, squeeze=False)
    for system, pair in zip(systems, panels, strict=True):
        for axis, panel in zip(AXES, pair, strict=True):
            values, errors, right = curves(rows, system, axis)
            for kind, (line, marker) in STYLES.items():
                panel.loglog(values, errors[kind], line, color="black", label=kind)
                for full in (False, True):
                    at = (right[kind] >= MOST) == full
                    face = "black" if full else "white"
                    panel.loglog(
                        values[at], errors[kind][at], marker, color="black", mfc=face
                    )
            panel.set_title(
                f"{system}, {AXES[axis][0]} = {AXES[axis][1]:g}", fontsize=10
            )
            panel.set_xlabel(axis)
            panel.set_xticks(values, [f"{value:g}" for value in values])
            panel.minorticks_off()
        pair[0].set_ylabel("error of coefficients")
    handles = [
        panels[0, 0].plot([], [], line + marker, color="black", label=kind)[0]
        for kind, (line, marker) in STYLES.items()
    ]
    title = f"filled: right terms in at least {MOST:.0%} of seeds"
    figure.legend(handles=handles, loc="outside upper center", ncols=3, title=title)
    figure.savefig(path, dpi=120)


def _factor(ratio, is_bound):
    if np.isnan(ratio):
        return f"{'-':>7s}"
    return f"{('>' if is_bound else '') + format(ratio, '.1f'):>7s}"


def _median(ratios, bounds):
    """Lower median of the lines in which the error is reached."""
    # At the fewest samples or the strongest noise there is nothing to compare with.
    reached = np.flatnonzero(~np.isnan(ratios) & ~(bounds & (ratios == 1)))
    if not len(reached):
        return "-"
    middle = reached[np.argsort(ratios[reached])[(len(reached) - 1) // 2]]
    return _factor(ratios[middle], bounds[middle]).strip()


def _ball(dim):
    def starts(rng, n):
        directions = rng.standard_normal((n, dim))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return directions * rng.uniform(0.3, 1.5, (n, 1))

    return starts


def _box(rng, n):
    return rng.uniform(0.2, 1, (n, 2))


_x, _y, _z = sympy.symbols("z:3")
_disc, _sphere = 1 - _x**2 - _y**2, 1 - _x**2 - _y**2 - _z**2
SYSTEMS = {
    "oscillator": System(
        latent_equations(-_x / 10 - _y, _x - _y / 10), "so(2)", _ball(2), 0.1
    ),
    "hopf": System(
        latent_equations(_disc * _x - 2 * _y, _disc * _y + 2 * _x),
        "so(2)",
        _ball(2),
        0.05,
    ),
    "sphere": System(
        latent_equations(_sphere * _x, _sphere * _y, _sphere * _z),
        "so(3)",
        _ball(3),
        0.05,
    ),
    "growth": System(
        latent_equations(-0.3 * _x + 0.1 * _y**2, _y),
        LieAlgebra(np.diag([2.0, 1.0])),
        _box,
        0.1,
    ),
}
# What is varied: what is fixed, and at which value.
AXES = {
    "samples": ("noise", FIXED_NOISE),
    "noise": ("samples", N_ROWS * FIXED_TRAJECTORIES),
}
STYLES = {"free": (":", "o"), "soft": ("--", "s"), "exact": ("-", "^")}


if __name__ == "__main__":
    main()
