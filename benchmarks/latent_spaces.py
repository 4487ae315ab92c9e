"""Latent spaces of distributions behind lifts that no decoder of the package contains.

``lifts``       sphere, torus, annulus and two rings under each family of lifts: how
                often the algebra has the right name, with Wilson limits of 95 %, and
                the least count of a cell; square, clusters and a swiss roll: what is
                said of them, and that none is certified behind a nonlinear encoder.
``distortion``  the least distortion at which a symmetry is exact to ``max_defect``, by
                `LaplacianEigenfunctions` with ever larger ``max_distortion``: the area
                under the curve with which it tells the symmetric sets from the others.
``winners``     how often each strategy of "auto" is taken, of the same distributions
                and of motions, and how many of these results are right with it and
                without it: one that wins nowhere is not needed.

Lifts have 100 features and a nonlinear part of ``--strength`` times the linear one.
Run it as ``python benchmarks/latent_spaces.py --part lifts``.
"""

import argparse
import time
import warnings
from collections import Counter
from functools import partial
from itertools import product

import joblib
import numpy as np
from _lifts import SYMMETRIC, WITHOUT
from lifted_motions import GOOD, MORE_TERMS, find_equations
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from symdisc import LatentSINDy, LatentSymmetryDiscoverer
from symdisc.autoencoders import AUTO, LaplacianEigenfunctions
from symdisc.datasets import (
    make_embedded,
    make_lorenz,
    make_lotka_volterra,
    make_pendulum,
    make_reaction_diffusion,
    make_spiral,
)

FAMILIES = "polynomial5", "tanh_quadratic", "fourier", "radial"
N_ROWS = 5000
CAPS = 1.0, 1.005, 1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0


def lifted(name, family, seed, strength):
    """Return snapshots of a point set behind a lift, and the points.

    A negative strength is one in 2 k + 1 dimensions, the fewest for a generic inverse.
    """
    points = (SYMMETRIC | WITHOUT)[name](N_ROWS, seed)
    options = {"lift": family, "strength": abs(strength), "random_state": seed}
    if strength < 0:
        options["n_dimensions"] = 2 * points.Z.shape[1] + 1
    return make_embedded(points, **options).X, points


def discover(X, n_components, seed, **options):
    """Fit, and return the estimator and how long it took."""
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est = LatentSymmetryDiscoverer(n_components, random_state=seed, **options)
        est.fit(X)
    return est, time.perf_counter() - begin


def name_and_verdict(name, family, seed, strength, **options):
    """Return the name found, verdicts, the strategy taken and seconds."""
    X, points = lifted(name, family, seed, strength)
    est, seconds = discover(X, points.Z.shape[1], seed, **options)
    linear = "not linear" not in str(est.lie_algebra_)
    return est.lie_algebra_.name, est.verdict_, taken_by(est), linear, seconds


def taken_by(est):
    """Return the strategy whose space is taken."""
    (taken,) = (space.strategy for space in est.spaces_ if space.taken)
    return taken


def rates_behind_lifts(seeds, strength, jobs):
    """Print the rates of the right name."""
    print("\nright name of", len(seeds), "seeds, by lift:", *FAMILIES)
    cells, times = [], []
    run = joblib.Parallel(jobs)
    for name in (*SYMMETRIC, *WITHOUT):
        tasks = list(product([name], FAMILIES, seeds))
        found = run(joblib.delayed(name_and_verdict)(*t, strength) for t in tasks)
        times += [each[-1] for each in found]
        spaces = Counter(each[2] for each in found)
        if name in SYMMETRIC:
            right = SYMMETRIC[name](5, 0).algebra
            counts = [
                sum(each[0] == right for each in found[i : i + len(seeds)])
                for i in range(0, len(found), len(seeds))
            ]
            cells += counts
            wrong = Counter(each[0] for each in found if each[0] != right)
            print(f"{name:10s}", counts, dict(wrong), dict(spaces))
        else:
            said = Counter((each[0], *set(each[1]), each[3]) for each in found)
            print(f"{name:10s}", {str(k): v for k, v in said.items()}, dict(spaces))
    total = len(seeds) * len(cells)
    limits = binomtest(sum(cells), total).proportion_ci(method="wilson")
    print(
        f"pooled {sum(cells)} of {total}, {limits.low:.3f} to {limits.high:.3f}; least "
        f"{min(cells)} of {len(seeds)}; seconds {np.median(times):.1f} median, "
        f"{np.max(times):.1f} at most"
    )


def least_distortion(name, family, seed, strength):
    """Return the distortion at which all generators that there may be are exact."""
    X, points = lifted(name, family, seed, strength)
    k = points.Z.shape[1]
    for cap in CAPS:
        strategy = LaplacianEigenfunctions(max_distortion=cap)
        options = {"autoencoder": strategy, "max_x_error": 0.999}
        est, _ = discover(X, k, seed, **options)
        if len(est.lie_algebra_):
            return cap
    return 10.0


def rank_by_distortion(seeds, strength, jobs):
    """Print how well the least distortion tells symmetric sets from others."""
    tasks = list(product((*SYMMETRIC, *WITHOUT), FAMILIES, seeds))
    run = joblib.Parallel(jobs)
    found = run(joblib.delayed(least_distortion)(*t, strength) for t in tasks)
    symmetric = [name in SYMMETRIC for name, *_ in tasks]
    for name in (*SYMMETRIC, *WITHOUT):
        print(
            f"{name:10s}",
            sorted(f for f, t in zip(found, tasks, strict=True) if t[0] == name),
        )
    print("AUC", round(roc_auc_score(symmetric, -np.array(found)), 3))


# Each with its number of latents, the terms of its equations, and options.
MOTIONS = {
    "spiral": (make_spiral, 2, 4, {}),
    "lorenz": (make_lorenz, 3, 7, {}),
    "lotka": (partial(make_lotka_volterra, coordinates="population"), 2, 4, {}),
    "pendulum movie": (
        lambda random_state: make_pendulum(
            40, 50, 0.2, as_movie=True, n_grid=21, random_state=random_state
        ),
        1,
        1,
        {"order": 2, "degree": 0, "library": ["sin"]},
    ),
    "reaction-diffusion": (
        lambda random_state: make_reaction_diffusion(
            n_steps=1500, n_grid=48, random_state=random_state
        ),
        2,
        2,
        {},
    ),
}
LIFTED_MOTIONS = "stuart_landau", "lotka_volterra", "pendulum", "lorenz"


def set_is_right(name, family, seed, strength, strategies):
    """Return whether a distribution is told rightly, and the strategy taken."""
    task = name, family, seed, strength
    found, verdicts, taken, linear, _ = name_and_verdict(*task, autoencoder=strategies)
    if name in SYMMETRIC:
        return found == SYMMETRIC[name](5, 0).algebra, taken
    return linear or "certified" not in verdicts, taken


def motion_is_right(name, seed, strategies):
    """Return whether equations are right and as few, and the strategy taken."""
    make, n_components, n_terms, options = MOTIONS[name]
    data = make(random_state=seed)
    rates = data.X_dot
    if options.get("order") == 2:
        rates = np.hstack([data.X_dot, data.X_ddot])
    known = {"random_state": seed, "autoencoder": strategies, **options}
    est = LatentSINDy(n_components, **known)
    est.fit(data.X, rates, groups=data.get("groups"))
    score = est.score(data.X, rates, groups=data.get("groups"))
    return score >= GOOD and est.complexity_ <= n_terms + MORE_TERMS, taken_by(est)


def lifted_motion_is_right(name, family, seed, strength, strategies):
    """As `motion_is_right`, behind a lift."""
    task = name, family, seed, abs(strength), 0.0, False
    found = find_equations(*task, autoencoder=strategies)
    return found["right"], found["found"]


def with_and_without(judge, *task):
    """Return the strategy taken, and what is right with it and without it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        right, taken = judge(*task, list(AUTO))
        others = [strategy for strategy in AUTO if repr(strategy) != taken]
        try:
            without, _ = judge(*task, others)
        except ValueError:  # nothing else finds anything
            without = False
    return taken, right, without


def which_wins(seeds, strength, jobs):
    """Print which strategy is taken where, over distributions and motions."""
    sets = product((*SYMMETRIC, *WITHOUT), FAMILIES, seeds, [strength])
    lifts = product(LIFTED_MOTIONS, FAMILIES, seeds, [strength])
    tasks = [
        *((set_is_right, *task) for task in sets),
        *((motion_is_right, *task) for task in product(MOTIONS, seeds)),
        *((lifted_motion_is_right, *task) for task in lifts),
    ]
    run = joblib.Parallel(jobs)
    found = run(joblib.delayed(with_and_without)(*task) for task in tasks)
    for strategy in AUTO:
        of_it = [each for each in found if each[0] == repr(strategy)]
        print(
            f"{strategy!r:35s} taken {len(of_it):3d} times, right "
            f"{sum(each[1] for each in of_it):3d}, without it "
            f"{sum(each[2] for each in of_it):3d}"
        )


PARTS = {
    "lifts": rates_behind_lifts,
    "distortion": rank_by_distortion,
    "winners": which_wins,
}


def main():
    """Print the parts asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument("--crowded", action="store_true", help="in 2 k + 1 dimensions")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    for name, part in PARTS.items():
        if arguments.part in (name, "all"):
            print("==", name, flush=True)
            sign = -1 if arguments.crowded else 1
            part(range(arguments.seeds), sign * arguments.strength, arguments.jobs)


if __name__ == "__main__":
    main()
