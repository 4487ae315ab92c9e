"""How often the symmetry is found, over systems, seeds and noise.

Every system has a known symmetry, or none, and the number of generators is not given
(the default):

``sphere``      points of a sphere in 100 dimensions, so(3);
``torus``       points of a torus in 4 dimensions, so(2)+so(2);
``boost``       flow along hyperbolas in 100 dimensions, so(1,1);
``scaling``     flow that is the same at all sizes, 100 dimensions, scaling;
``spiral``      linear spiral, 100 dimensions, rotation and scaling, so(2)+R;
``none``        flow without symmetry, 100 dimensions, asked of its dynamics, and
``none_pairs``  of the distribution of states and rates; none is right;
``reaction``    reaction-diffusion, so(2), and ``reaction_3d`` in three components;
``pendulum``    angle and velocity, so(2) in coordinates to be found;
``lotka``       Lotka-Volterra, canonical coordinates, so(2) likewise;
``masses``      four-vectors, light or heavy, so(1,3), in the columns themselves;
``two_body``    two bodies in the plane, so(2), in the columns themselves, where one
                matrix acts on both positions and both momenta;
``bumps``       signals with two bumps on a ring, two channels, so(2)+so(2);
``object``      images of a turning object, in its slowest latents, so(3).

The seed draws data and initial weights; ``reaction`` has the same data for all seeds,
up to noise. Noise is added to snapshots and not to derivatives. It is relative to the
standard deviation of each column, for ``reaction`` of all columns together.

``right`` is how often the algebra has the right name, with a Wilson interval of 95 %.
The other columns are medians, ``-`` where there is nothing to measure: ``closure``,
what brackets leave outside of the span, of two generators and more; ``angle``, the
largest principal angle in radians between the span found and the true one after the
best affine map of the true latents to those found, where the numbers of generators
agree; ``recon`` the reconstruction error; ``agree`` the agreement of generators from
two halves of the data; ``drift``, the orbit drift of the energy under random angles, of
one generator; ``seconds`` of a fit, to be compared for equal ``--jobs`` only. Last
comes what was found instead, and how often.

Run it as ``python benchmarks/discovery_rate.py --noise 0 0.01 0.05 --plot rates.png``.
Rows are appended to a JSON-lines file as they are measured, and rows already there are
not measured again. With ``--cluster ADDRESS``, of the scheduler of a dask.distributed
cluster, its workers measure.
"""

import argparse
import json
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed, parallel_config
from scipy.linalg import subspace_angles
from scipy.stats import binomtest

from symdisc import Block, LatentSymmetryDiscoverer
from symdisc.datasets import (
    cached,
    make_double_bump,
    make_hyperbolic,
    make_lotka_volterra,
    make_minkowski,
    make_no_symmetry,
    make_pendulum,
    make_reaction_diffusion,
    make_rotating_object,
    make_scaling,
    make_sphere,
    make_spiral,
    make_torus,
    make_two_body,
)
from symdisc.metrics import orbit_drift

N_MOVED = 2000
# Printed as medians, with their formats.
COLUMNS = {
    "closure": "9.2g",
    "angle": "9.2g",
    "recon": "9.2g",
    "agree": "8.4f",
    "drift": "8.3f",
    "seconds": "8.1f",
}


class System(NamedTuple):
    """Data, what is asked of them, and the name expected."""

    make: object
    n_components: int
    symmetry_of: str
    expected: str
    # Of the snapshots themselves, not of hidden states.
    has_energy: bool = False
    autoencoder: str = "residual"
    representation: tuple | None = None


def main():
    """Measure what is missing, then print the table and draw the rates."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument(
        "--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), metavar="NAME"
    )
    parser.add_argument("--noise", nargs="+", type=float, default=[0.0])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cluster", metavar="ADDRESS", help="use its workers instead")
    parser.add_argument("--out", type=Path, default="discovery_rate.jsonl")
    parser.add_argument("--plot", type=Path, help="picture to write")
    arguments = parser.parse_args()
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    rows = [json.loads(line) for line in lines]
    done = {(row["system"], row["noise"], row["seed"]) for row in rows}
    cells = [(s, noise) for s in arguments.systems for noise in arguments.noise]
    tasks = [(*cell, seed) for cell in cells for seed in range(arguments.seeds)]
    if arguments.cluster:
        from distributed import Client

        client = Client(arguments.cluster)
        print(f"{sum(client.ncores().values())} threads of {client}")
        parallel_config("dask")
    results = Parallel(arguments.jobs, return_as="generator_unordered")(
        delayed(measure)(*task) for task in tasks if task not in done
    )
    for row in results:
        rows.append(row)
        with arguments.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
    summarise(rows, cells)
    if arguments.plot:
        draw(rows, arguments.systems, arguments.noise, arguments.plot)


def measure(name, noise, seed):
    """Fit the data of one seed; return the figures."""
    system = SYSTEMS[name]
    data = system.make(noise=noise, random_state=seed)
    est = LatentSymmetryDiscoverer(
        system.n_components,
        symmetry_of=system.symmetry_of,
        autoencoder=system.autoencoder,
        representation=system.representation,
        random_state=seed,
    )
    start = time.perf_counter()
    est.fit(data.X, data.y if system.symmetry_of == "labels" else data.get("X_dot"))
    seconds = time.perf_counter() - start
    algebra = est.lie_algebra_
    return {
        "system": name,
        "noise": noise,
        "seed": seed,
        "right": algebra.name == system.expected,
        "name": algebra.name,
        "n_generators": len(algebra),
        "rank": est.rank_,
        "closure": algebra.bracket_residual if len(algebra) > 1 else None,
        "angle": angle_to_truth(est, data),
        "recon": est.reconstruction_error_,
        "agree": est.agreement_,
        "drift": energy_drift(est, data, seed) if system.has_energy else None,
        "seconds": seconds,
    }


def angle_to_truth(est, data):
    """Largest principal angle to the known algebra; None if dimensions differ."""
    found, true = est.lie_algebra_.basis, data.get("algebra")
    if true is None or not len(true) or len(found) != len(true):
        return None
    if est.rank_ < est.n_components:
        return None
    # The latents are about an affine image of the true ones, which turns each
    # generator L into A L A^-1.
    table = np.hstack([data.Z, np.ones((len(data.Z), 1))])
    image = np.linalg.lstsq(table, est.transform(data.X), rcond=None)[0][:-1].T
    true = image @ true @ np.linalg.pinv(image)
    spans = (matrices.reshape(len(matrices), -1).T for matrices in (found, true))
    return float(subspace_angles(*spans).max())


def energy_drift(est, data, seed):
    """Change of the energy under random angles; None without a single generator."""
    if len(est.lie_algebra_) != 1:
        return None
    rng = np.random.default_rng(seed)
    X = data.X[rng.choice(len(data.X), N_MOVED, replace=False)]
    theta = rng.uniform(0, 2 * np.pi, (N_MOVED, 1))
    # A generator that is wrongly not a rotation may move snapshots very far.
    with np.errstate(over="ignore", invalid="ignore"):
        moved = data.energy(est.act(X, theta))
        if not np.isfinite(moved).all():
            return float("inf")
        return orbit_drift(moved, data.energy(X))


def reaction(noise, random_state):
    """Draw noise alone: the simulation has no other chance in it."""
    data = cached(make_reaction_diffusion, n_steps=5000)
    if noise > 0:
        rng = np.random.default_rng(random_state)
        data.X += rng.normal(scale=noise * data.X.std(), size=data.X.shape)
    return data


SYSTEMS = {
    "sphere": System(make_sphere, 3, "auto", "so(3)"),
    "torus": System(make_torus, 4, "auto", "so(2)+so(2)"),
    "boost": System(make_hyperbolic, 2, "dynamics", "so(1,1)"),
    "scaling": System(make_scaling, 2, "dynamics", "scaling"),
    "spiral": System(make_spiral, 2, "dynamics", "so(2)+R"),
    "none": System(make_no_symmetry, 2, "dynamics", "trivial"),
    "none_pairs": System(make_no_symmetry, 2, "derivatives", "trivial"),
    "reaction": System(reaction, 2, "derivatives", "so(2)"),
    "reaction_3d": System(reaction, 3, "derivatives", "so(2)"),
    "pendulum": System(make_pendulum, 2, "derivatives", "so(2)", True),
    "lotka": System(make_lotka_volterra, 2, "derivatives", "so(2)", True),
    "masses": System(make_minkowski, 4, "labels", "so(1,3)", autoencoder="none"),
    "two_body": System(
        make_two_body,
        8,
        "derivatives",
        "so(2)",
        autoencoder="none",
        representation=(Block(2, copies=4),),
    ),
    "bumps": System(partial(make_double_bump, n_channels=2), 4, "auto", "so(2)+so(2)"),
    "object": System(
        partial(make_rotating_object, 8000, n_pixels=16, n_views=2),
        3,
        "derivatives",
        "so(3)",
        autoencoder="slow",
    ),
}


def summarise(rows, cells):
    """Print one line for each system and noise."""
    head = "".join(f"{n:>{f.split('.')[0]}s}" for n, f in COLUMNS.items())
    print(f"{'system':12s}{'noise':>6s}{'seeds':>6s}  right  95 %      {head}  instead")
    for system, noise in cells:
        chosen = select(rows, system, noise)
        rate, low, high = rate_of(chosen)
        medians = "".join(_median(chosen, name) for name in COLUMNS)
        wrong = Counter(
            f"{row['name']} ({row['n_generators']})"
            for row in chosen
            if not row["right"]
        )
        instead = ", ".join(f"{n} x {found}" for found, n in wrong.most_common())
        print(
            f"{system:12s}{noise:6g}{len(chosen):6d}  {rate:5.0%}  "
            f"{f'{100 * low:.0f}-{100 * high:.0f}':10s}{medians}  {instead}".rstrip()
        )


def select(rows, system, noise):
    """Rows of one system and noise."""
    return [row for row in rows if (row["system"], row["noise"]) == (system, noise)]


def rate_of(rows):
    """Rate of right answers, and both ends of its Wilson interval of 95 %."""
    result = binomtest(sum(row["right"] for row in rows), len(rows))
    return (result.statistic, *result.proportion_ci(method="wilson"))


def draw(rows, systems, noises, path):
    """Draw a bar for each system and noise, told apart by shade and hatching."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.9 * len(systems) + 2, 3.5), layout="constrained")
    panel = figure.subplots()
    width = 0.8 / len(noises)
    for i, noise in enumerate(noises):
        rates = [rate_of(select(rows, system, noise)) for system in systems]
        rate, low, high = np.transpose(rates)
        shade, hatch = STYLES[i % len(STYLES)]
        panel.bar(
            np.arange(len(systems)) + (i - (len(noises) - 1) / 2) * width,
            rate,
            width,
            # Rounding may leave an end of the interval on the wrong side.
            yerr=np.maximum([rate - low, high - rate], 0),
            capsize=3,
            color=shade,
            edgecolor="black",
            hatch=hatch,
            label=f"{noise:.3g}",
        )
    panel.set_xticks(range(len(systems)), systems, rotation=30, ha="right")
    panel.set_ylim(0, 1.05)
    panel.set_ylabel("symmetry found")
    if len(noises) > 1:
        figure.legend(title="noise", loc="outside right upper")
    figure.savefig(path, dpi=120)


def _median(rows, name):
    form = COLUMNS[name]
    values = [row[name] for row in rows if row[name] is not None]
    if not values:
        return f"{'-':>{form.split('.')[0]}s}"
    return format(float(np.median(values)), form)


STYLES = (("white", ""), ("lightgrey", "///"), ("grey", "..."), ("white", "xxx"))


if __name__ == "__main__":
    main()
