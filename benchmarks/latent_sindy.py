"""Equations in latent spaces, over many seeds: what is found, how well, how fast.

``lorenz``    128 dimensions, cubic lift; 64 trajectories, tested on 32 others and on 32
              that start outside of the training box;
``pendulum``  movie of 51 x 51 pixels, second order; 20 trajectories, tested on 5;
``reaction``  reaction-diffusion, first 4000 of 5000 snapshots, without symmetry, and
``discover``  with a symmetry discovered and imposed; forecasts of 1000 steps from the
              first held-out snapshot.

Run it as ``python benchmarks/latent_sindy.py --seeds 5``. Rows are appended to a
JSON-lines file as they are measured, and rows already there are not measured again.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from symdisc import LatentSINDy
from symdisc.datasets import (
    cached,
    make_lorenz,
    make_pendulum,
    make_reaction_diffusion,
)
from symdisc.metrics import equation_error, forecast_error


def main():
    """Measure what is missing, then print the worst and the median of each figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--systems", nargs="+", default=list(MEASURES))
    parser.add_argument("--out", type=Path, default="latent_sindy.jsonl")
    arguments = parser.parse_args()
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    rows = [json.loads(line) for line in lines]
    done = {(row["system"], row["seed"]) for row in rows}
    for system in arguments.systems:
        for seed in range(arguments.seeds):
            if (system, seed) in done:
                continue
            row = {"system": system, "seed": seed, **MEASURES[system](seed)}
            rows.append(row)
            print(json.dumps(row), flush=True)
            with arguments.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
    for system in arguments.systems:
        summarise(system, [row for row in rows if row["system"] == system])


def unexplained(true, found):
    """Fraction of variance unexplained."""
    return float(((true - found) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum())


def lorenz(seed):
    """Find exact equations; test inside and outside of the training range."""
    data = make_lorenz(random_state=seed)
    inside = make_lorenz(32, random_state=100 + seed)
    outside = make_lorenz(
        32, initial_scale=1.5, excluded_scale=1.0, random_state=200 + seed
    )
    est = LatentSINDy(3, threshold="auto", random_state=seed)
    seconds = _fit(est, data.X, data.X_dot, data.groups)
    found = equation_error(est, data.equations, inside.X, inside.Z)
    row = {"seconds": seconds, "n_terms": found.n_terms}
    row["coefficient_error"] = float(found.max_coefficient_error)
    for name, test in (("inside", inside), ("outside", outside)):
        decoded = est.inverse_transform(est.transform(test.X))
        row[f"x_{name}"] = unexplained(test.X, decoded)
        row[f"x_dot_{name}"] = unexplained(test.X_dot, est.predict(test.X))
        row[f"z_dot_{name}"] = 1 - est.score(test.X, test.X_dot)
    return row


def pendulum(seed):
    """Find the angle and its equation, from pixels."""
    data = make_pendulum(20, as_movie=True, random_state=seed)
    test = make_pendulum(5, as_movie=True, random_state=100 + seed)
    est = LatentSINDy(1, order=2, degree=0, library=["sin"], random_state=seed)
    rates = np.hstack([data.X_dot, data.X_ddot])
    seconds = _fit(est, data.X, rates, data.groups)
    rates = np.hstack([test.X_dot, test.X_ddot])
    return {
        "seconds": seconds,
        "equation": str(est.equations_),
        "n_terms": est.complexity_,
        "x": unexplained(test.X, est.inverse_transform(est.transform(test.X))),
        "x_ddot": unexplained(test.X_ddot, est.predict(test.X, test.X_dot)),
        "z_ddot": 1 - est.score(test.X, rates),
    }


def reaction(seed, symmetry=None):
    """Two linear terms, and forecasts."""
    data = cached(make_reaction_diffusion, n_steps=5000)
    X, test = data.X[:4000], data.X[4000:]
    est = LatentSINDy(2, symmetry=symmetry, random_state=seed)
    seconds = _fit(est, X, data.X_dot[:4000], None)
    path = est.simulate(test[0], data.t[4000:])
    state = est.transform(test)
    errors = forecast_error(test, path)
    latent = forecast_error(state, est.transform(path))
    return {
        "seconds": seconds,
        "n_terms": est.complexity_,
        "coefficients": est.coefficients_[est.coefficients_ != 0].tolist(),
        "x": unexplained(test, est.inverse_transform(state)),
        "x_dot": unexplained(data.X_dot[4000:], est.predict(test)),
        "z_dot": 1 - est.score(test, data.X_dot[4000:]),
        "forecast_end": float(errors[-1]),
        "forecast_latent_end": float(latent[-1]),
    }


def discover(seed):
    """Measure `reaction` with the symmetry discovered and imposed."""
    return reaction(seed, "discover")


MEASURES = {
    "lorenz": lorenz,
    "pendulum": pendulum,
    "reaction": reaction,
    "discover": discover,
}


def _fit(est, X, rates, groups):
    start = time.perf_counter()
    est.fit(X, rates, groups=groups)
    return time.perf_counter() - start


def summarise(system, rows):
    """Print the distribution of every figure over seeds."""
    print(f"\n{system}: {len(rows)} seeds")
    for name, value in rows[0].items() if rows else ():
        if isinstance(value, float | int) and name != "seed":
            low, middle, high = np.quantile([row[name] for row in rows], [0, 0.5, 1])
            print(f"  {name:20s} min {low:.3g}  median {middle:.3g}  max {high:.3g}")


if __name__ == "__main__":
    main()
