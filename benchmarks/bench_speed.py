"""Speed and memory of the estimators, in the style of asv.

Classes have `params`, `param_names`, `setup`, and methods `time_*` (seconds) and
`peakmem_*` (bytes). ``python -m benchmarks.bench_speed`` from the root of the project
runs them without asv, in a process for each parameter, and prints the least of three
repetitions; ``--only Coding`` chooses classes by name, and ``--quick`` the first of
each parameter. Data are a spiral, hidden by a random smooth map: no simulation.
"""

import argparse
import itertools
import json
import multiprocessing
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from symdisc import LatentSINDy, LatentSymmetryDiscoverer
from symdisc._data.training_data import as_snapshots
from symdisc._equations.library import CandidateLibrary
from symdisc._latent.autoencoder import Autoencoder
from symdisc._latent.pod import fit_pod
from symdisc._latent.trainer import Settings, Trainer
from symdisc._sindy.stlsq import sparse_regression
from symdisc._symmetry.solver import make_adversary

N_REPEATS = 3
# As many iterations as show all stages of a fit; the default is 600.
N_ITERATIONS = 100


def hidden_spiral(n_samples, n_features, n_planes=1):
    """Return snapshots of turning planes, lifted by a random cubic map, and rates."""
    rng = np.random.default_rng(0)
    t = np.linspace(0, 20, n_samples)[:, None]
    omega = np.arange(1, n_planes + 1)
    size = np.exp(-0.02 * t)
    Z = np.hstack([size * np.cos(omega * t), size * np.sin(omega * t)])
    turned = np.hstack([-omega * Z[:, n_planes:], omega * Z[:, :n_planes]])
    Z_dot = turned - 0.02 * Z
    lift = rng.standard_normal((2, 2 * n_planes, n_features))
    X = Z @ lift[0] + 0.1 * Z**3 @ lift[1]
    return X, Z_dot @ lift[0] + 0.3 * (Z**2 * Z_dot) @ lift[1]


class POD:
    """POD of the raw array."""

    params = ([1000, 5000], [1000, 10_000])
    param_names = ("n_samples", "n_features")

    def setup(self, n_samples, n_features):
        """Make data."""
        self.X, _ = hidden_spiral(n_samples, n_features)

    def time_pod(self, *_):
        """Find the modes."""
        fit_pod(self.X, min_modes=2, random_state=np.random.RandomState(0))

    peakmem_pod = time_pod


class Step:
    """Iterations of the game, with the network as it is in `fit`."""

    params = ([2, 4], [1, 2], [256, 1024])
    param_names = ("n_components", "n_generators", "batch_size")

    def setup(self, n_components, n_generators, batch_size):
        """Prepare a trainer."""
        X, X_dot = hidden_spiral(2000, 100, n_components // 2)
        random = torch.Generator().manual_seed(0)
        pod = fit_pod(X, min_modes=n_components, random_state=np.random.RandomState(0))
        data = as_snapshots(
            pod, X, X_dot, None, None, symmetry_of="derivatives", device="cpu"
        )
        start = torch.eye(n_components, len(pod.scale))
        autoencoder = Autoencoder(
            start, data.coordinates, data.velocity, data.weights, 128, random
        )
        self.trainer = Trainer(
            autoencoder,
            make_adversary(n_components, n_generators, data, random),
            data,
            CandidateLibrary.polynomial(n_components, 2),
            sparse_regression,
            Settings(batch_size=batch_size),
            random,
        )
        self.trainer._start_epoch()

    def time_20_reconstruction_steps(self, *_):
        """Let encoder and decoder learn."""
        self._steps(0.3)

    def time_20_game_steps(self, *_):
        """Let all players take their turns."""
        self._steps(0.8)

    def _steps(self, progress):
        for _ in range(20):
            self.trainer._step(progress)


class Fit:
    """Fits of `N_ITERATIONS`, from the raw array."""

    params = ([1000, 5000], [100, 2000], [2, 3], ["adversarial", "spectral"])
    param_names = ("n_samples", "n_features", "n_components", "solver")

    def setup(self, n_samples, n_features, n_components, solver):
        """Make data."""
        self.data = hidden_spiral(n_samples, n_features)
        options = {"max_iter": N_ITERATIONS, "random_state": 0, "solver": solver}
        if solver == "adversarial":
            options["n_generators"] = 1
        self.discoverer = LatentSymmetryDiscoverer(n_components, **options)

    def time_discoverer(self, *_):
        """Fit the discoverer."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.discoverer.fit(*self.data)

    peakmem_discoverer = time_discoverer


class FitSINDy:
    """Fits of equations, from the raw array."""

    params = ([1000, 5000], [100, 2000], [2, 3])
    param_names = ("n_samples", "n_features", "n_components")

    def setup(self, n_samples, n_features, n_components):
        """Make data."""
        self.data = hidden_spiral(n_samples, n_features)
        options = {"max_iter": N_ITERATIONS, "random_state": 0}
        self.sindy = LatentSINDy(n_components, **options)

    def time_sindy(self, *_):
        """Fit equations."""
        self.sindy.fit(*self.data)

    peakmem_sindy = time_sindy


class Coding:
    """What a fitted estimator does with snapshots."""

    params = ([1000, 5000], [1000, 10_000], [2, 3])
    param_names = ("n_samples", "n_features", "n_components")

    def setup(self, n_samples, n_features, n_components):
        """Fit, briefly."""
        self.X, X_dot = hidden_spiral(n_samples, n_features)
        est = LatentSINDy(n_components, max_iter=1, random_state=0)
        self.est = est.fit(self.X, X_dot)
        self.Z = self.est.transform(self.X)
        self.t = np.linspace(0, 20, 500)

    def time_transform(self, *_):
        """Encode."""
        self.est.transform(self.X)

    def time_inverse_transform(self, *_):
        """Decode."""
        self.est.inverse_transform(self.Z)

    def time_simulate(self, *_):
        """Follow the equations for 500 snapshots."""
        self.est.simulate(self.X[0], self.t)


def main():
    """Run all of it, or a part; print and maybe write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=SUITE, default=list(SUITE))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.only:
        params = SUITE[name].params
        values = [p[:1] for p in params] if arguments.quick else params
        for point in itertools.product(*values):
            rows += measure_apart(name, point)
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n")


def measure_apart(name, point):
    """Measure in a process of its own, whose peak of memory is that of this point."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        rows = pool.apply(measure, (name, point))
    for row in rows:
        values = ", ".join(f"{k}={v}" for k, v in row["params"].items())
        value = f"{row['value']:.4g} {row['unit']}"
        print(f"{name}.{row['method']}({values}): {value}", flush=True)
    return rows


def measure(name, point):
    """Return rows of the methods of one class at one point of its parameters."""
    suite = SUITE[name]()
    suite.setup(*point)
    params = dict(zip(suite.param_names, point, strict=True))
    before, rows = _peak(), []
    for method in dir(suite):
        kind = method.split("_")[0]
        if kind not in ("time", "peakmem"):
            continue
        seconds = []
        for _ in range(N_REPEATS if kind == "time" else 1):
            start = time.perf_counter()
            getattr(suite, method)(*point)
            seconds.append(time.perf_counter() - start)
        value, unit = (min(seconds), "s") if kind == "time" else (_peak(), "bytes")
        rows.append(
            {
                "benchmark": f"{name}.{method}",
                "method": method,
                "params": params,
                "value": value,
                "unit": unit,
                "bytes_before": before,
            }
        )
    return rows


def _peak():
    """Return the largest memory this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


SUITE = {suite.__name__: suite for suite in (POD, Step, Fit, FitSINDy, Coding)}


if __name__ == "__main__":
    main()
