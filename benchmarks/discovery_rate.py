"""How often symmetry and equations are found: systems x lifts x seeds, with noise.

``symmetry``   the algebra by default, the number of generators not given: of motions
               (`lifted_motions`) and of point sets (`_lifts`) behind lifts that no
               decoder of the package contains, and of the package's own data sets,
               which have one lift each, ``own``. Of sets without a symmetry it is right
               to certify none.
``equations``  of the motions: as few terms as in their own coordinates, or two more,
               and R2 of rates of trajectories held out at least 0.999.

Noise is that of a Latin square: system i behind lift j with seed s has level i + j + s,
modulo the number of levels, relative to the standard deviation of the snapshots. Each
system, each lift and each seed so has each level as often as the others.

Baselines, with one seed: ``--solver adversarial``, which is told how many generators
there are, and another commit, with ``PYTHONPATH`` and a ``--label``.

Rows are appended to a JSON-lines file as they are measured, and rows already there are
not measured again. With ``--cluster ADDRESS``, of the scheduler of a dask.distributed
cluster, its workers measure. ``right`` has a Wilson interval of 95 %.

Run it as ``python benchmarks/discovery_rate.py --seeds 5 --jobs 2``.
"""

import argparse
import json
import time
import warnings
from collections import Counter
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _lifts import SYMMETRIC, WITHOUT
from joblib import Parallel, delayed, parallel_config
from lifted_motions import LIFTS, find_equations, find_symmetry
from lifted_motions import SYSTEMS as MOTIONS
from scipy.linalg import subspace_angles
from scipy.stats import binomtest

from symdisc import Block, LatentSymmetryDiscoverer
from symdisc.datasets import (
    cached,
    make_double_bump,
    make_embedded,
    make_hyperbolic,
    make_minkowski,
    make_no_symmetry,
    make_pendulum,
    make_reaction_diffusion,
    make_rotating_object,
    make_two_body,
)

N_ROWS = 2000
# Reported, and not in the pooled rate: they have no left inverse that is nearly linear.
HARD = "radial", "pixels"
N_GENERATORS = {"so(3)": 3, "so(2)+so(2)": 2, "so(1,3)": 6}


class Own(NamedTuple):
    """A data set of the package, the name of its algebra, and what is passed."""

    make: object
    n_components: int
    algebra: str
    options: dict


def reaction(noise, random_state):
    """Draw noise alone: the simulation has no other chance in it."""
    data = cached(make_reaction_diffusion, n_steps=5000)
    if noise > 0:
        rng = np.random.default_rng(random_state)
        data.X += rng.normal(scale=noise * data.X.std(), size=data.X.shape)
    return data


COLUMNS = {"autoencoder": "none"}
OWN = {
    "boost": Own(make_hyperbolic, 2, "so(1,1)", {}),
    "no_symmetry": Own(make_no_symmetry, 2, "trivial", {}),
    "reaction": Own(reaction, 2, "so(2)", {}),
    "pendulum_movie": Own(make_pendulum, 2, "so(2)", {}),
    "masses": Own(make_minkowski, 4, "so(1,3)", {"symmetry_of": "labels"} | COLUMNS),
    "two_body": Own(
        make_two_body,
        8,
        "so(2)",
        {"representation": (Block(2, copies=4),), "symmetry_of": "derivatives"}
        | COLUMNS,
    ),
    "bumps": Own(partial(make_double_bump, n_channels=2), 4, "so(2)+so(2)", {}),
    "object": Own(
        partial(make_rotating_object, 8000, n_pixels=16, n_views=2),
        3,
        "so(3)",
        {"autoencoder": "slow", "symmetry_of": "derivatives"},
    ),
}
CLOUDS = SYMMETRIC | WITHOUT


def discover(X, y, n_components, seed, options):
    """Return the fitted estimator, and what is said of it."""
    est = LatentSymmetryDiscoverer(n_components, random_state=seed, **options)
    est.fit(X, y)
    found = " ".join([est.lie_algebra_.name, *sorted(set(est.verdict_))])
    return est, {"x": float(est.reconstruction_error_), "found": found}


def of_cloud(name, lift, seed, noise, options):
    """Return the figures of a point set behind a lift."""
    points = CLOUDS[name](N_ROWS, seed)
    known = {"lift": lift, "strength": 0.5, "noise": noise, "random_state": seed}
    X = make_embedded(points, **known).X
    est, figures = discover(X, None, points.Z.shape[1], seed, options)
    right = est.lie_algebra_.name == points.algebra
    if points.algebra is None:
        right = "certified" not in est.verdict_
    return {"right": right} | figures


def of_own(name, seed, noise, options):
    """Return the figures of a data set of the package."""
    system = OWN[name]
    data = system.make(noise=noise, random_state=seed)
    y = data.y if system.options.get("symmetry_of") == "labels" else data.get("X_dot")
    options = system.options | options
    est, figures = discover(data.X, y, system.n_components, seed, options)
    right = est.lie_algebra_.name == system.algebra
    return {"right": right, "angle": angle_to_truth(est, data)} | figures


def angle_to_truth(est, data):
    """Largest principal angle to the known algebra; None if dimensions differ."""
    found, true = est.lie_algebra_.basis, data.get("algebra")
    if true is None or not len(true) or len(found) != len(true):
        return None
    # The latents are about an affine image of the true ones, which turns each
    # generator L into A L A^-1.
    table = np.hstack([data.Z, np.ones((len(data.Z), 1))])
    image = np.linalg.lstsq(table, est.transform(data.X), rcond=None)[0][:-1].T
    true = image @ true @ np.linalg.pinv(image)
    spans = (matrices.reshape(len(matrices), -1).T for matrices in (found, true))
    return float(subspace_angles(*spans).max())


def algebra_of(name, lift):
    """Return the name of the algebra of a system; empty if coordinates decide it."""
    if lift == "own":
        return OWN[name].algebra
    if name in MOTIONS:
        return MOTIONS[name].algebra
    return CLOUDS[name](10, 0).algebra or "trivial"


def measure(label, part, name, lift, seed, noise, solver):
    """Return the row of one fit."""
    options = {}
    if solver == "adversarial":
        count = N_GENERATORS.get(algebra_of(name, lift), 1)
        options = {"solver": solver, "n_generators": count}
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if lift == "own":
            figures = of_own(name, seed, noise, options)
        elif name in CLOUDS:
            figures = of_cloud(name, lift, seed, noise, options)
        elif part == "symmetry":
            figures = find_symmetry(name, lift, seed, 0.5, noise, False, **options)
        else:
            figures = find_equations(name, lift, seed, 0.5, noise, False)
    seconds = time.perf_counter() - begin
    names = "label", "part", "system", "lift", "seed", "noise"
    task = zip(names, (label, part, name, lift, seed, noise), strict=True)
    return dict(task) | figures | {"seconds": seconds}


def tasks_of(arguments):
    """Yield label, part, system, lift, seed and noise of all fits."""
    systems = [*MOTIONS, *CLOUDS, *OWN]
    for part, seed, name in product(
        arguments.parts, range(arguments.seeds), arguments.systems
    ):
        places = [] if name in OWN and name not in MOTIONS else [*arguments.lifts]
        if name in OWN and part == "symmetry":
            places.append("own")
        for lift in places:
            wanted = part == "symmetry" and algebra_of(name, lift)
            if not (wanted or (part == "equations" and name in MOTIONS)):
                continue
            if arguments.solver == "adversarial" and wanted in (False, "trivial"):
                continue  # it has to be told a number of generators
            levels = arguments.noise
            level = systems.index(name) + [*LIFTS, "own"].index(lift) + seed
            noise = levels[level % len(levels)]
            yield arguments.label, part, name, lift, seed, noise


def rate(rows):
    """Return counts and rate of right answers, with a Wilson interval of 95 %."""
    count = sum(row["right"] for row in rows)
    limits = binomtest(count, len(rows)).proportion_ci(method="wilson")
    return f"{count} of {len(rows)}, {limits.low:.3f}-{limits.high:.3f}"


def summarise(rows):
    """Print the counts of each cell, and pooled rates."""
    for label, part in dict.fromkeys((row["label"], row["part"]) for row in rows):
        own = [row for row in rows if (row["label"], row["part"]) == (label, part)]
        lifts = [lift for lift in (*LIFTS, "own") if lift in {r["lift"] for r in own}]
        print(f"\n{label}: {part}, right of seeds")
        print(f"{'':16s}", *(f"{lift[:10]:>10s}" for lift in lifts))
        for name in dict.fromkeys(row["system"] for row in own):
            cells = [
                [r for r in own if r["system"] == name and r["lift"] == lift]
                for lift in lifts
            ]
            counts = [f"{sum(r['right'] for r in cell)}/{len(cell)}" for cell in cells]
            print(f"{name:16s}", *(f"{count:>10s}" for count in counts))
        print("all:", rate(own))
        if easy := [row for row in own if row["lift"] not in HARD]:
            print(f"without {', '.join(HARD)}: {rate(easy)}")
        for noise in sorted({row["noise"] for row in own}):
            print(f"noise {noise:g}: {rate([r for r in own if r['noise'] == noise])}")
        if angles := [a for row in own if (a := row.get("angle")) is not None]:
            print(f"angle to the true algebra: median {np.median(angles):.2g} rad")
        seconds = [row["seconds"] for row in own]
        print(f"seconds: median {np.median(seconds):.1f}, most {np.max(seconds):.1f}")
        wrong = Counter(f"{r['system']}: {r['found']}" for r in own if not r["right"])
        print("instead:", ", ".join(f"{n} x {each}" for each, n in wrong.most_common()))


def main():
    """Measure what is missing, then print the tables."""
    systems = list(dict.fromkeys((*MOTIONS, *CLOUDS, *OWN)))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parts = ["symmetry", "equations"]
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--seeds", type=int, default=5)
    for name, known in (("systems", systems), ("lifts", LIFTS)):
        parser.add_argument(
            f"--{name}", nargs="+", choices=known, default=known, metavar="NAME"
        )
    parser.add_argument("--noise", nargs="+", type=float, default=[0.0, 0.01, 0.05])
    parser.add_argument("--solver", choices=["spectral", "adversarial"])
    parser.add_argument("--label", help="what rows are called; the solver, if given")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cluster", metavar="ADDRESS", help="use its workers instead")
    parser.add_argument("--out", type=Path, default="discovery_rate.jsonl")
    arguments = parser.parse_args()
    arguments.label = arguments.label or arguments.solver or "default"
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    rows = [json.loads(line) for line in lines]
    keys = "label", "part", "system", "lift", "seed", "noise"
    done = {tuple(row[key] for key in keys) for row in rows}
    if arguments.cluster:
        from distributed import Client

        client = Client(arguments.cluster)
        print(f"{sum(client.ncores().values())} threads of {client}")
        parallel_config("dask")
    results = Parallel(arguments.jobs, return_as="generator_unordered")(
        delayed(measure)(*task, arguments.solver)
        for task in tasks_of(arguments)
        if task not in done
    )
    for row in results:
        rows.append(row)
        with arguments.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
    summarise(rows)


if __name__ == "__main__":
    main()
