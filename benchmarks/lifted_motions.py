"""Equations and symmetry of motions behind lifts that no decoder of the package has.

``equations``  LatentSINDy by default: right is at most two terms more than the system
               has in its own coordinates, and R2 of the latent rates of trajectories
               held out at least 0.999. Beside it R2 of the rates of the snapshots,
               through the decoder, which a lift without a good one makes worse, and
               the largest error of the eigenvalues at the fixed points, relative to the
               largest of each: no change of coordinates changes them.
``symmetry``   LatentSymmetryDiscoverer by default: right is the name of the algebra, of
               the systems where coordinates do not decide it.

``latents``    estimate_dimension: right is the number of variables of the system.

A cell is a system and a lift. Lifts have 100 features (144 pixels) and a nonlinear part
of ``--strength`` times the linear one; 30 trajectories are fitted, 6 are held out. With
``--times`` no rates are given. Rows are appended to a JSON-lines file as they are
measured, and rows already there are not measured again.

Run it as ``python benchmarks/lifted_motions.py --seeds 5 --jobs 2``.
"""

import argparse
import json
import time
import warnings
from collections import Counter
from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _lifts import LIFTS as FAMILIES
from joblib import Parallel, delayed
from scipy.integrate import solve_ivp
from scipy.optimize import approx_fprime, root
from scipy.stats import binomtest
from sklearn.utils import Bunch

from symdisc import LatentSINDy, LatentSymmetryDiscoverer, estimate_dimension
from symdisc.datasets import make_embedded

LIFTS = FAMILIES[1:]  # all but the linear one
N_FITTED, N_HELD = 30, 6
GOOD, MORE_TERMS = 0.999, 2


class System(NamedTuple):
    """A motion: its field, a box of starts, times, candidates and what is true."""

    field: Callable
    low: tuple
    high: tuple
    step: float
    n_steps: int
    degree: int
    n_terms: int
    algebra: str
    library: tuple | None = None


def spiral(x):
    """Return the rates of a decaying rotation."""
    return np.stack([-0.1 * x[0] - x[1], x[0] - 0.1 * x[1]])


def hopf(x):
    """Return those of a limit cycle, and of a third coordinate that decays."""
    r2 = x[0] ** 2 + x[1] ** 2
    grow = 0.5 - r2
    turn = np.stack([grow * x[0] - 1.5 * x[1], grow * x[1] + 1.5 * x[0]])
    return np.concatenate([turn, -0.3 * x[2:3]])


def stuart_landau(x):
    """Return those of a limit cycle."""
    grow = 1 - x[0] ** 2 - x[1] ** 2
    return np.stack([grow * x[0] - 2 * x[1], grow * x[1] + 2 * x[0]])


def van_der_pol(x):
    """Return those of the van der Pol oscillator."""
    return np.stack([x[1], 1.5 * (1 - x[0] ** 2) * x[1] - x[0]])


def duffing(x):
    """Return those of an oscillator with a stiffening spring."""
    return np.stack([x[1], -x[0] - x[0] ** 3])


def pendulum(x):
    """Return those of a pendulum."""
    return np.stack([x[1], -np.sin(x[0])])


def lotka_volterra(x):
    """Return those of hunters and prey."""
    return np.stack([x[0] - x[0] * x[1], x[0] * x[1] - x[1]])


def lorenz(x):
    """Return those of the Lorenz system."""
    rates = 10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]
    return np.stack(rates)


def boost(x):
    """Return those of a saddle."""
    return np.stack([0.5 * x[1], 0.5 * x[0]])


def scaling(x):
    """Return those of a node."""
    return np.stack([-0.5 * x[0], -0.2 * x[1]])


def two_rotors(x):
    """Return those of two oscillators whose periods have no common multiple."""
    return np.stack([-x[1], x[0], -(2**0.5) * x[3], 2**0.5 * x[2]])


SYSTEMS = {
    "spiral": System(spiral, (-2, -2), (2, 2), 0.1, 100, 2, 4, "so(2)"),
    # Its motion commutes with growth of the third coordinate, too.
    "hopf": System(hopf, (-1.2,) * 3, (1.2,) * 3, 0.05, 120, 3, 9, "so(2), so(2)+R"),
    "stuart_landau": System(
        stuart_landau, (-1.6, -1.6), (1.6, 1.6), 0.04, 120, 3, 8, "so(2)"
    ),
    "van_der_pol": System(van_der_pol, (-3, -3), (3, 3), 0.05, 150, 3, 4, ""),
    "duffing": System(duffing, (-1.5, -1.5), (1.5, 1.5), 0.05, 150, 3, 3, "so(2)"),
    "pendulum": System(
        pendulum, (-1.9, -0.8), (1.9, 0.8), 0.08, 150, 1, 2, "", ("sin",)
    ),
    "lotka_volterra": System(
        lotka_volterra, (0.4, 0.4), (2.2, 2.2), 0.05, 150, 2, 4, "so(2)"
    ),
    "lorenz": System(lorenz, (-30, -22, 2), (30, 22, 48), 0.02, 200, 2, 7, "trivial"),
    "boost": System(boost, (-1, -1), (1, 1), 0.05, 60, 2, 2, ""),
    "scaling": System(scaling, (-2, -2), (2, 2), 0.1, 60, 2, 2, ""),
    "two_rotors": System(
        two_rotors, (-1.2,) * 4, (1.2,) * 4, 0.08, 120, 2, 4, "so(2)+so(2)"
    ),
}


def trajectories(system, seed):
    """Return states, rates, times and trajectories."""
    random = np.random.default_rng(seed)
    t = system.step * np.arange(system.n_steps)
    n = N_FITTED + N_HELD
    starts = random.uniform(system.low, system.high, (n, len(system.low)))
    options = {"t_eval": t, "rtol": 1e-9, "atol": 1e-11}
    Z = np.vstack(
        [
            solve_ivp(lambda _, x: system.field(x), (0, t[-1]), x, **options).y.T
            for x in starts
        ]
    )
    groups = np.repeat(np.arange(n), len(t))
    return Bunch(Z=Z, Z_dot=system.field(Z.T).T, t=np.tile(t, n), groups=groups)


def lifted(name, lift, seed, strength, noise):
    """Return lifted data, and which rows are fitted."""
    system = SYSTEMS[name]
    states = trajectories(system, seed)
    n_features = 144 if lift == "pixels" else 100
    options = {"lift": lift, "strength": strength, "noise": noise}
    data = make_embedded(states, n_features, random_state=seed, **options)
    return system, data, data.groups < N_FITTED


def spectra(field, starts):
    """Return the fixed points that are found from starts, and their eigenvalues."""

    def rates(point):
        return field(point[None])[0]

    found = []
    for start in starts:
        solved = root(rates, start, tol=1e-12)
        known = any(np.allclose(solved.x, other, atol=1e-3) for other, _ in found)
        if np.abs(solved.fun).max() < 1e-8 and not known:
            jacobian = approx_fprime(solved.x, rates)
            found.append((solved.x, np.linalg.eigvals(jacobian)))
    return found


def wrong_eigenvalues(system, states, equations, latents):
    """Return the largest error of an eigenvalue, relative to the largest there."""
    true = spectra(lambda x: system.field(x.T).T, states[::37])
    found = spectra(equations, latents[::37])
    inside = np.abs(states).max(axis=0)
    errors = []
    for point, values in true:
        if np.any(np.abs(point) > inside):
            continue
        gaps = [
            min(
                np.abs(values - np.array(order)).max() for order in permutations(others)
            )
            for _, others in found
        ]
        errors.append(min(gaps, default=np.inf) / np.abs(values).max())
    return float(max(errors))


def find_equations(name, lift, seed, strength, noise, times, **options):
    """Fit LatentSINDy; return the figures."""
    system, data, fitted = lifted(name, lift, seed, strength, noise)
    options |= {"degree": system.degree, "random_state": seed}
    if system.library:
        options["library"] = list(system.library)
    est = LatentSINDy(len(system.low), **options)
    known = {"t": data.t[fitted]} if times else {"y": data.X_dot[fitted]}
    est.fit(data.X[fitted], groups=data.groups[fitted], **known)
    held, rates = data.X[~fitted], data.X_dot[~fitted]
    latents, velocity = est._push(est.encoder_, held, rates)
    wrong = np.mean((velocity - est.equations_(latents)) ** 2, axis=0)
    r2 = 1 - wrong / np.maximum(velocity.var(axis=0), 1e-300)
    (taken,) = (space.strategy for space in est.spaces_ if space.taken)
    return {
        "right": bool(
            est.complexity_ <= system.n_terms + MORE_TERMS and r2.min() >= GOOD
        ),
        "terms": int(est.complexity_),
        "r2": float(r2.min()),
        "x_dot": float(est.score(held, rates)),
        "x": float(est.errors_["x"]),
        "eigenvalues": wrong_eigenvalues(
            system, data.Z[fitted], est.equations_, est.transform(data.X[fitted])
        ),
        "found": taken,
    }


def find_symmetry(name, lift, seed, strength, noise, times, **options):
    """Fit LatentSymmetryDiscoverer; return the figures."""
    system, data, fitted = lifted(name, lift, seed, strength, noise)
    est = LatentSymmetryDiscoverer(
        len(system.low), degree=max(system.degree, 2), random_state=seed, **options
    )
    known = {"t": data.t[fitted]} if times else {"y": data.X_dot[fitted]}
    est.fit(data.X[fitted], groups=data.groups[fitted], **known)
    found = est.lie_algebra_.name
    return {
        "right": found in system.algebra.split(", "),
        "x": float(est.reconstruction_error_),
        "found": " ".join([found, *sorted(set(est.verdict_))]),
    }


def count_latents(name, lift, seed, strength, noise, times):
    """Count the latents; return the figures."""
    system, data, fitted = lifted(name, lift, seed, strength, noise)
    found = estimate_dimension(data.X[fitted], random_state=seed)
    return {
        "right": found.n_components == len(system.low),
        "x": float(found.unexplained[found.n_components - 1]),
        "found": str(found.n_components),
    }


PARTS = {
    "equations": find_equations,
    "symmetry": find_symmetry,
    "latents": count_latents,
}


def measure(part, *task):
    """Return the row of one fit."""
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figures = PARTS[part](*task)
    seconds = time.perf_counter() - begin
    names = "system", "lift", "seed", "strength", "noise", "times"
    return (
        {"part": part, **dict(zip(names, task, strict=True))}
        | figures
        | {"seconds": seconds}
    )


def summarise(rows, systems, lifts):
    """Print the counts of each cell, then the pooled rate."""
    print(f"{'right of seeds':16s}", *(f"{lift[:10]:>10s}" for lift in lifts))
    cells = []
    for system in systems:
        line = []
        for lift in lifts:
            own = [r for r in rows if (r["system"], r["lift"]) == (system, lift)]
            line.append(f"{sum(r['right'] for r in own)}/{len(own)}")
            if own and lift not in ("radial", "pixels"):
                cells.append(sum(r["right"] for r in own) / len(own))
        print(f"{system:16s}", *(f"{each:>10s}" for each in line))
    for title, left_out in (("all", ()), ("without radial, pixels", LIFTS[-2:])):
        own = [r["right"] for r in rows if r["lift"] not in left_out]
        limits = binomtest(sum(own), len(own)).proportion_ci(method="wilson")
        print(f"{title}: {sum(own)} of {len(own)}, {limits.low:.3f}-{limits.high:.3f}")
    seconds = [r["seconds"] for r in rows]
    print(
        f"least cell {min(cells):.2f}; seconds: median {np.median(seconds):.1f}, "
        f"most {np.max(seconds):.1f}"
    )
    print(Counter(r["found"] for r in rows).most_common(8))
    errors = [r["eigenvalues"] for r in rows if "eigenvalues" in r]
    if errors:
        low, high = np.mean(np.array(errors)[:, None] <= (0.01, 0.05), axis=0)
        print(f"eigenvalues at fixed points within 1 %: {low:.2f}, 5 %: {high:.2f}")


def main():
    """Measure what is missing, then print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["equations"])
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=[*SYSTEMS])
    parser.add_argument("--lifts", nargs="+", choices=LIFTS, default=[*LIFTS])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--times", action="store_true", help="rates are not given")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default="lifted_motions.jsonl")
    arguments = parser.parse_args()
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    rows = [json.loads(line) for line in lines]
    how = arguments.strength, arguments.noise, arguments.times
    keys = "part", "system", "lift", "seed", "strength", "noise", "times"
    done = {tuple(row[key] for key in keys) for row in rows}
    axes = arguments.parts, range(arguments.seeds), arguments.systems, arguments.lifts
    tasks = [
        (part, system, lift, seed, *how)
        for part, seed, system, lift in product(*axes)
        if part != "symmetry" or SYSTEMS[system].algebra
    ]
    run = Parallel(arguments.jobs, return_as="generator_unordered")
    for row in run(delayed(measure)(*task) for task in tasks if task not in done):
        rows.append(row)
        with arguments.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
    for part in arguments.parts:
        print("==", part)
        own = [r for r in rows if tuple(r[key] for key in keys) in set(tasks)]
        own = [r for r in own if r["part"] == part]
        systems = [
            name for name in arguments.systems if name in {r["system"] for r in own}
        ]
        summarise(own, systems, arguments.lifts)


if __name__ == "__main__":
    main()
