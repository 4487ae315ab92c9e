"""The main job over many seeds: what is found, how well, how fast.

`LatentSymmetryDiscoverer` on reaction-diffusion (5000 snapshots of 10,000 after a
burn-in of 200 steps), by default and with adversaries:

``default``  by default on all snapshots, and the time of the whole fit;
``few``      by default on the first 400;
``thin``     by default on 400 spread over all;
``2d``       adversaries, n_components=2 on all snapshots;
``decoded``  the same, 1200 iterations, discriminators that see reconstructions, too;
``split``    adversaries, n_components=2 on the first 4000, reconstruction of the last
             1000;
``3d``       adversaries, n_components=3 on all snapshots.

Run it as ``python benchmarks/reaction_diffusion.py --seeds 20``. Rows are appended to
a JSON-lines file as they are measured, and rows already there are not measured again.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

from symdisc import LatentSymmetryDiscoverer
from symdisc.datasets import cached, make_reaction_diffusion

GAME = {"n_generators": 1, "solver": "adversarial"}
DECODED = {"discriminator": "reconstructions", "max_iter": 1200}
SETTINGS = {
    "default": ({}, slice(None)),
    "few": ({}, slice(400)),
    "thin": ({}, slice(None, None, 12)),
    "2d": ({"n_components": 2} | GAME, slice(None)),
    "split": ({"n_components": 2} | GAME, slice(4000)),
    "decoded": ({"n_components": 2} | GAME | DECODED, slice(None)),
    "3d": ({"n_components": 3} | GAME, slice(None)),
}
FREQUENCY = 0.9075


def main():
    """Measure what is missing, then print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS))
    parser.add_argument("--out", type=Path, default="reaction_diffusion.jsonl")
    arguments = parser.parse_args()
    data = cached(make_reaction_diffusion, n_steps=5000)
    rows = _read(arguments.out)
    done = {(row["setting"], row["seed"]) for row in rows}
    for setting in arguments.settings:
        for seed in range(arguments.seeds):
            if (setting, seed) in done:
                continue
            row = measure(data, setting, seed)
            rows.append(row)
            print(json.dumps(row), flush=True)
            with arguments.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
    for setting in arguments.settings:
        summarise(setting, [row for row in rows if row["setting"] == setting])


def measure(data, setting, seed):
    """Fit once; return the figures of this fit."""
    options, rows = SETTINGS[setting]
    X, X_dot = data.X[rows], data.X_dot[rows]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    est = LatentSymmetryDiscoverer(random_state=seed, **options).fit(X, X_dot)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    basis = est.lie_algebra_.basis[0] if len(est.lie_algebra_.basis) else np.eye(1)
    spectrum = np.abs(np.linalg.eigvals(basis))
    coefficients = est.equations_.coefficients
    linear = coefficients[:, 1 : 1 + len(coefficients)]
    rates = np.linalg.eigvals(linear)
    return {
        "setting": setting,
        "seed": seed,
        "seconds": seconds,
        "extra_memory": (after - before) * 1024 / X.nbytes,
        "name": est.lie_algebra_.name,
        "skew": float(np.linalg.norm(basis - basis.T) / 2 / np.linalg.norm(basis)),
        "agreement": est.agreement_,
        "smallest_eigenvalue": float(spectrum.min() / spectrum.max()),
        "rank": est.rank_,
        "n_terms": est.equations_.n_terms,
        "n_nonlinear": int(np.count_nonzero(coefficients) - np.count_nonzero(linear)),
        "frequency": float(np.abs(rates.imag).max()),
        "growth": float(np.abs(rates.real).max()),
        "coefficients": np.abs(coefficients[coefficients != 0]).tolist(),
        "r2": est.equation_score_,
        "train_error": est.reconstruction_error_,
        "test_error": 1 - est.score(data.X[4000:]) if setting == "split" else None,
    }


def passes(row):
    """Tell whether one fit found the truth."""
    frequency = abs(row["frequency"] / FREQUENCY - 1) < 0.01
    if row["setting"] == "3d":
        rotation = row["smallest_eigenvalue"] < 0.02 and row["name"] == "so(2)"
        return rotation and frequency and row["n_nonlinear"] == 0
    exact = all(abs(c / FREQUENCY - 1) < 0.01 for c in row["coefficients"])
    found = row["skew"] >= 0.999 and row["n_terms"] == 2 and row["r2"] >= 0.999
    extrapolates = row["test_error"] is None or row["test_error"] <= 0.002
    return found and exact and frequency and extrapolates


def summarise(setting, rows):
    """Print the distribution of every figure over seeds."""
    print(f"\n{setting}: {sum(map(passes, rows))} of {len(rows)} seeds find the truth")
    for name in (
        "seconds",
        "extra_memory",
        "skew",
        "agreement",
        "smallest_eigenvalue",
        "rank",
        "n_terms",
        "frequency",
        "r2",
        "train_error",
        "test_error",
    ):
        values = [row[name] for row in rows if row[name] is not None]
        if values:
            low, middle, high = np.quantile(values, [0, 0.5, 1])
            print(f"  {name:20s} min {low:.5g}  median {middle:.5g}  max {high:.5g}")


def _read(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    main()
