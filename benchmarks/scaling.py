"""How time grows with the number of snapshots and of features.

Snapshots are turning planes hidden by a random cubic map. ``pod`` is the POD of the raw
array, ``training`` the rest of a fit of `LatentSymmetryDiscoverer`, which trains
adversaries, with ``max_iter=100`` instead of 600: its iterations cost the same whatever
the size. Either number is varied with the other fixed. An exponent p, of seconds
growing as size^p, is fitted to the upper half of the sizes, in logarithms: below it
constant costs prevail. Seconds are the least of the repetitions, of processor time;
``wall`` marks those of a clock on the wall.

Arrays of X and X_dot, with room for a copy of either, must fit into ``--memory``:
what does not is left out, and said so.

Run it as ``python benchmarks/scaling.py``; ``--quick`` leaves out the larger sizes.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from _common import Clock, print_table, write_json
from bench_speed import hidden_spiral
from sklearn.exceptions import ConvergenceWarning

from symdisc import LatentSymmetryDiscoverer
from symdisc._latent.pod import fit_pod

SIZES = {
    "n_samples": [1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000],
    "n_features": [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000],
}
FIXED = {"n_samples": 1500, "n_features": 1000}
QUICK = 10_000
PARTS = ("pod", "training")
COLUMNS = {
    "n_samples": "d",
    "n_features": "d",
    "pod": ".3f",
    "training": ".3f",
    "pod_wall": ".3f",
    "fit_wall": ".3f",
}


def main():
    """Measure, fit exponents, print, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--memory", type=float, default=6.0, help="GB")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default="scaling.json")
    parser.add_argument("--plot", type=Path, default="scaling.png")
    arguments = parser.parse_args()
    curves = {}
    for axis, sizes in SIZES.items():
        shapes = [FIXED | {axis: n} for n in sizes]
        if arguments.quick:
            shapes = [s for s in shapes if s[axis] <= QUICK]
        curves[axis] = [
            measure(shape, arguments.repeats)
            for shape in shapes
            if fits(shape, arguments.memory)
        ]
        print(f"\n{axis} varied")
        print_table(curves[axis], COLUMNS)
    exponents = {
        axis: {part: exponent(rows, axis, part) for part in PARTS}
        for axis, rows in curves.items()
    }
    print("\nseconds grow as size to the power")
    print_table(
        [{"size": axis, **values} for axis, values in exponents.items()],
        {"size": "s"} | dict.fromkeys(PARTS, ".2f"),
    )
    write_json(arguments.out, {"rows": curves, "exponents": exponents})
    draw(curves, exponents, arguments.plot)


def fits(shape, memory):
    """Tell whether four arrays of this shape fit into so many GB."""
    needed = 4 * 8 * shape["n_samples"] * shape["n_features"] / 1e9
    if needed > memory:
        print(f"{shape} needs {needed:.1f} GB: left out.")
    return needed <= memory


def measure(shape, n_repeats):
    """Return the least times of one shape."""
    X, X_dot = hidden_spiral(**shape)
    options = {"n_generators": 1, "solver": "adversarial", "max_iter": 100}
    est = LatentSymmetryDiscoverer(2, **options, random_state=0)
    pods, wholes = [], []
    for seed in range(n_repeats):
        with Clock().running() as pod:
            fit_pod(X, min_modes=2, random_state=np.random.RandomState(seed))
        with warnings.catch_warnings(), Clock().running() as whole:
            warnings.simplefilter("ignore", ConvergenceWarning)
            est.fit(X, X_dot)
        pods.append(pod)
        wholes.append(whole)
    pairs = zip(pods, wholes, strict=True)
    return shape | {
        "pod": min(pod.cpu for pod in pods),
        "training": min(whole.cpu - pod.cpu for pod, whole in pairs),
        "pod_wall": min(pod.wall for pod in pods),
        "fit_wall": min(whole.wall for whole in wholes),
    }


def exponent(rows, axis, part):
    """Return the slope of the upper half of a curve in logarithms."""
    upper = rows[len(rows) // 2 :]
    sizes = np.log([row[axis] for row in upper])
    return float(np.polyfit(sizes, np.log([row[part] for row in upper]), 1)[0])


def draw(curves, exponents, path):
    """Draw both curves, and the power laws fitted to them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for panel, (axis, rows) in zip(panels, curves.items(), strict=True):
        sizes = np.array([row[axis] for row in rows])
        for part, marker in zip(PARTS, "os", strict=True):
            seconds = np.array([row[part] for row in rows])
            power = exponents[axis][part]
            label = f"{part}, power {power:.2f}"
            panel.loglog(sizes, seconds, "k" + marker, mfc="white", label=label)
            upper = sizes[len(rows) // 2 :]
            middle = np.exp(np.mean(np.log(seconds[len(rows) // 2 :])))
            law = middle * (upper / np.exp(np.mean(np.log(upper)))) ** power
            panel.loglog(upper, law, "k-", linewidth=0.8)
        other = next(name for name in FIXED if name != axis)
        panel.set_title(f"{other} = {FIXED[other]}", fontsize=10)
        panel.set_xlabel(axis)
        panel.legend()
    panels[0].set_ylabel("processor time, s")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
