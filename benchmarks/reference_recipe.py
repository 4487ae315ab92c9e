"""The published recipe against ours: seconds to the rotation of the spiral wave.

Four ways to the symmetry and the equations of reaction-diffusion (first 4000 of 5000
snapshots of 10,000), one after the other in one process:

``symdisc``  `LatentSymmetryDiscoverer` with adversaries, from the raw array to printed
             equations;
``recipe``   LaLiGAN as published, see ``_recipe.py``: 150 epochs, then 300 of SINDy;
``liegan``   its adversaries alone, with the two leading POD modes as latents;
``pysindy``  equations in the two leading POD modes (no symmetry; if it is installed).

A symmetry is found with 1 - |L - L^T| / 2|L| of 0.1 % at most, and a frequency with an
error of 1 % at most. Before SINDy the frequency of the recipe is that of a linear least
squares fit after each epoch, which flatters the recipe: ``reached`` is the first epoch
at which both are right. Only ``--epochs`` of the 150 are run by default; seconds of the
whole are then EXTRAPOLATED from those of an epoch, on the assumption that 150 epochs
suffice, and are marked by ``~``. ``ratio`` is to ``symdisc`` in the same run, and
``cpu_ratio`` that of processor times, which other jobs on the machine disturb less.

Run it as ``python benchmarks/reference_recipe.py``, or ``--epochs 150`` for the whole;
on a busy machine with ``OMP_NUM_THREADS=1``, where threads wait for each other.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from _common import (
    Clock,
    finds_rotation,
    frequency,
    print_table,
    skew_error,
    spiral,
    write_json,
)
from _recipe import Recipe, SINDyStage

from symdisc import LatentSymmetryDiscoverer
from symdisc._latent.pod import fit_pod

N_TRAIN = 4000
N_EPOCHS, N_SINDY_EPOCHS = 150, 300
COLUMNS = {
    "method": "s",
    "epochs": "d",
    "seconds": "s",
    "cpu": ".1f",
    "whole": "s",
    "ratio": "s",
    "cpu_ratio": "s",
    "skew_error": ".2g",
    "frequency": ".4f",
    "reached": "d",
    "n_terms": "d",
}


def main():
    """Measure all four; print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=2, help="of 150")
    parser.add_argument("--liegan-epochs", type=int, default=20, help="of 150")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small data set")
    parser.add_argument("--out", type=Path, default="reference_recipe.json")
    arguments = parser.parse_args()
    data = spiral(arguments.quick)
    X, X_dot = data.X[:N_TRAIN], data.X_dot[:N_TRAIN]
    truth, seed = data.omega, arguments.seed
    print(f"{X.shape}, {torch.get_num_threads()} threads, true frequency {truth:.4f}")
    ours = measure_ours(X, X_dot, seed)
    Z, Z_dot = pod(X, X_dot, seed)
    rows = [
        ours,
        measure_recipe("recipe", X, X_dot, truth, seed, arguments.epochs, False),
        measure_recipe("liegan", Z, Z_dot, truth, seed, arguments.liegan_epochs, True),
    ]
    row = measure_pysindy(Z, Z_dot, data.t[1] - data.t[0])
    rows += [row] if row else []
    for row in rows:
        mark = "~" if row["extrapolated"] else ""
        for name, clock in (("ratio", "seconds"), ("cpu_ratio", "cpu")):
            quotient = row[f"whole_{clock}"] / ours[f"whole_{clock}"]
            row[name] = f"{mark}{quotient:.3g}"
        row["whole"] = f"{mark}{row['whole_seconds']:.4g}"
        row["seconds"] = f"{row['wall']:.4g}"
    print_table(rows, COLUMNS)
    print("~ extrapolated from the seconds of an epoch; 150 epochs are assumed to do.")
    print(
        "pysindy, and liegan's SINDy, work on two POD modes: no reconstruction beyond."
    )
    write_json(arguments.out, rows)


def measure_ours(X, X_dot, seed):
    """Time one fit, from the raw array to text."""
    clock = Clock()
    with clock.running():
        game = {"n_generators": 1, "solver": "adversarial"}
        est = LatentSymmetryDiscoverer(2, **game, random_state=seed).fit(X, X_dot)
        text = f"{est.lie_algebra_}; {est.equations_}"
    return {
        "method": "symdisc",
        **_figures(est.lie_algebra_.basis[0], est.equations_.coefficients),
        "wall": clock.wall,
        "cpu": clock.cpu,
        "whole_seconds": clock.wall,
        "whole_cpu": clock.cpu,
        "extrapolated": False,
        "found": text,
    }


def pod(X, X_dot, seed):
    """Return the two leading POD coordinates, the first of unit variance, and rates."""
    pod = fit_pod(X, min_modes=2, random_state=np.random.RandomState(seed))
    scale = pod.scale[:2] / pod.scale[0]
    both = pod.coordinates(X), pod.push_forward(X_dot)
    return [z[:, :2] * scale for z in both]


def measure_recipe(method, X, X_dot, truth, seed, n_epochs, identity):
    """Run some epochs of the game and the same share of the SINDy stage."""
    recipe = Recipe(X, X_dot, 2, seed, identity=identity)
    game, sindy, reached = Clock(), Clock(), None
    for epoch in range(n_epochs):
        with game.running():
            recipe.epoch()
        skew, omega = skew_error(_numpy(recipe.basis)), fitted_frequency(recipe)
        print(f"{method} epoch {epoch + 1}: {game.wall:.1f} s, ", end="")
        print(f"skew error {skew:.2g}, frequency {omega:.4f}", flush=True)
        if reached is None and finds_rotation(skew, omega, truth):
            reached = epoch + 1
    n_sindy = N_SINDY_EPOCHS * n_epochs // N_EPOCHS
    with sindy.running():
        stage = SINDyStage(*recipe.latents(), seed, n_sindy)
        for _ in range(n_sindy):
            stage.epoch()
    shares = N_EPOCHS / n_epochs, N_SINDY_EPOCHS / n_sindy
    complete = n_epochs >= N_EPOCHS
    return {
        "method": method,
        **_figures(_numpy(recipe.basis), stage.table()),
        # Of terms after a few epochs there is nothing to say.
        "n_terms": int(np.count_nonzero(stage.table())) if complete else None,
        "frequency": frequency(stage.table()[:, 1:3]) if complete else omega,
        "epochs": n_epochs,
        "reached": reached,
        "wall": game.wall + sindy.wall,
        "cpu": game.cpu + sindy.cpu,
        "seconds_per_epoch": game.wall / n_epochs,
        "whole_seconds": shares[0] * game.wall + shares[1] * sindy.wall,
        "whole_cpu": shares[0] * game.cpu + shares[1] * sindy.cpu,
        "extrapolated": not complete,
    }


def fitted_frequency(recipe):
    """Return the frequency of the best affine equations, on every eighth snapshot."""
    z, z_dot = map(_numpy, recipe.latents(every=8))
    table = np.column_stack([z, np.ones(len(z))])
    return frequency(np.linalg.lstsq(table, z_dot, rcond=None)[0][:-1].T)


def measure_pysindy(Z, Z_dot, dt):
    """Fit equations to POD coordinates; None if pysindy is not installed."""
    try:
        import pysindy
    except ImportError:
        print("pysindy is not installed: left out (pip install pysindy).")
        return None
    clock = Clock()
    with clock.running():
        est = pysindy.SINDy(
            optimizer=pysindy.STLSQ(threshold=0.1),
            feature_library=pysindy.PolynomialLibrary(degree=2),
        ).fit(Z, t=dt, x_dot=Z_dot)
    coefficients = est.coefficients()
    return {
        "method": "pysindy",
        "n_terms": int(np.count_nonzero(coefficients)),
        "frequency": frequency(coefficients[:, 1:3]),
        "wall": clock.wall,
        "cpu": clock.cpu,
        "whole_seconds": clock.wall,
        "whole_cpu": clock.cpu,
        "extrapolated": False,
        "found": "; ".join(est.equations()),
    }


def _figures(basis, coefficients):
    return {
        "skew_error": skew_error(basis),
        "frequency": frequency(coefficients[:, 1:3]),
        "n_terms": int(np.count_nonzero(coefficients)),
    }


def _numpy(tensor):
    return tensor.detach().double().numpy()


if __name__ == "__main__":
    main()
