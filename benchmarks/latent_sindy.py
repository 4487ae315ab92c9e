"""Equations in latent spaces, over many seeds: what is found, how well, how fast.

``lorenz``    128 dimensions, cubic lift; 64 trajectories, tested on 32 others and on 32
              that start outside of the training box; statistics of the attractor;
``times``     the same without derivatives, and ``noise`` with 1 % noise as well;
``pendulum``  movie of 51 x 51 pixels, second order; 100 trajectories of 100 frames,
              tested on 20;
``reaction``  reaction-diffusion, first 4000 of 5000 snapshots, without symmetry, and
``discover``  with a symmetry discovered and imposed; forecasts of 1000 steps from the
              first held-out snapshot; ``reaction_3d`` and ``discover_3d`` in three
              latent dimensions.

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
    return row | _attractor(est, 300 + seed)


def _attractor(est, seed):
    """Compare long simulations with the true ones, from the same starts."""
    true = make_lorenz(8, 3000, random_state=seed)
    first = true.t == 0
    found = est.simulate(true.X[first], true.t[:3000])
    true = true.X.reshape(found.shape)
    true, found = (x[:, 500:].reshape(-1, x.shape[-1]) for x in (true, found))
    size = np.linalg.norm(true.std(axis=0))
    mean, spread = (
        np.linalg.norm(moment(true) - moment(found)) / size
        for moment in (lambda x: x.mean(axis=0), lambda x: x.std(axis=0))
    )
    # Two halves of the truth differ as well: what is to be expected by chance.
    half, other = np.array_split(true, 2)
    chance = np.linalg.norm(half.mean(axis=0) - other.mean(axis=0)) / size
    return {
        "attractor_mean": float(mean),
        "attractor_spread": float(spread),
        "attractor_chance": float(chance),
    }


def times(seed, noise=0.0):
    """Find the equations from snapshots and times alone."""
    data = make_lorenz(noise=noise, random_state=seed)
    test = make_lorenz(32, random_state=100 + seed)
    est = LatentSINDy(3, threshold="auto", differentiation="weak", random_state=seed)
    seconds = _fit(est, data.X, None, data.groups, data.t)
    found = equation_error(est, data.equations, test.X, test.Z)
    # Parameters as Champion et al. (2019) compare them, and the damping of z1.
    terms = {"sigma": (0, 1), "rho": (1, 0), "beta": (2, 2), "damping": (1, 1)}
    rows = equations_table(found)
    row = {"seconds": seconds, "n_terms": found.n_terms}
    for name, (equation, variable) in terms.items():
        true = {"sigma": 10.0, "rho": 28.0, "beta": -8 / 3, "damping": -1.0}[name]
        row[name] = abs(float(rows[equation, variable]) / true - 1)
    row["largest_error"] = float(found.max_coefficient_error)
    row["x"] = unexplained(test.X, est.inverse_transform(est.transform(test.X)))
    row["x_dot"] = unexplained(test.X_dot, est.predict(test.X))
    row["z_dot"] = 1 - est.score(test.X, test.X_dot)
    return row


def equations_table(found):
    """Coefficients of the linear terms, (equation, variable)."""
    names = [str(e) for e in found.equations.library.expressions]
    columns = [names.index(f"z{i}") for i in range(3)]
    return found.equations.coefficients[:, columns]


def noise(seed):
    """Measure `times` with 1 % noise."""
    return times(seed, 0.01)


def pendulum(seed):
    """Find the angle and its equation, from pixels."""
    data = make_pendulum(100, 100, 0.1, as_movie=True, random_state=seed)
    test = make_pendulum(20, 100, 0.1, as_movie=True, random_state=100 + seed)
    est = LatentSINDy(1, order=2, degree=0, library=["sin"], random_state=seed)
    rates = np.hstack([data.X_dot, data.X_ddot])
    seconds = _fit(est, data.X, rates, data.groups)
    rates = np.hstack([test.X_dot, test.X_ddot])
    return {
        "seconds": seconds,
        "equation": str(est.equations_),
        "n_terms": est.complexity_,
        "k": float(-est.coefficients_.min()),
        "beyond": float(np.abs(test.Z).max() - np.abs(data.Z).max()),
        "x": unexplained(test.X, est.inverse_transform(est.transform(test.X))),
        "x_ddot": unexplained(test.X_ddot, est.predict(test.X, test.X_dot)),
        "z_ddot": 1 - est.score(test.X, rates),
    }


def reaction(seed, symmetry=None, n_components=2):
    """Two linear terms, and forecasts."""
    data = cached(make_reaction_diffusion, n_steps=5000)
    X, test = data.X[:4000], data.X[4000:]
    est = LatentSINDy(n_components, symmetry=symmetry, random_state=seed)
    seconds = _fit(est, X, data.X_dot[:4000], None)
    path = est.simulate(test[0], data.t[4000:])
    state = est.transform(test)
    errors = forecast_error(test, path, relative_to="size")
    latent = forecast_error(state, est.transform(path), relative_to="size")
    return {
        "seconds": seconds,
        "n_terms": est.complexity_,
        "n_nonlinear": int(np.count_nonzero(est.coefficients_[:, n_components + 1 :])),
        "coefficients": est.coefficients_[est.coefficients_ != 0].tolist(),
        "equations": str(est.equations_),
        "x": unexplained(test, est.inverse_transform(state)),
        "x_dot": unexplained(data.X_dot[4000:], est.predict(test)),
        "z_dot": 1 - est.score(test, data.X_dot[4000:]),
        "forecast_end": float(errors[-1]),
        "forecast_latent_end": float(latent[-1]),
        "forecast": errors[::50].tolist(),
    }


def discover(seed):
    """Measure `reaction` with the symmetry discovered and imposed."""
    return reaction(seed, "discover")


def reaction_3d(seed):
    """Measure `reaction` in three latent dimensions."""
    return reaction(seed, None, 3)


def discover_3d(seed):
    """Measure `discover` in three latent dimensions."""
    return reaction(seed, "discover", 3)


MEASURES = {
    "lorenz": lorenz,
    "times": times,
    "noise": noise,
    "pendulum": pendulum,
    "reaction": reaction,
    "discover": discover,
    "reaction_3d": reaction_3d,
    "discover_3d": discover_3d,
}


def _fit(est, X, rates, groups, t=None):
    start = time.perf_counter()
    est.fit(X, rates, t=t, groups=groups)
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
