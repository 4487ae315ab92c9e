"""Tables and figures of "Latent Space Symmetry Discovery", over several seeds.

J. Yang, N. Dehmamy, R. Walters, R. Yu, TAG-ML workshop at ICML 2023 and ICML 2024,
arXiv:2310.00105: reaction-diffusion with latents of two and of three dimensions.

Table 1   symmetry and equations found together, in two and in three dimensions;
Table 2   equations without symmetry, by `LatentSINDy` and by a plain SINDy autoencoder;
Figure 2  latent trajectories of all of them;
Figure 3  snapshots, reconstructed and turned by the symmetry;
Figure 4  errors of long simulations from the first held-out snapshot.

Fits see the first 80 % of the snapshots. Published numbers are those of the tables;
errors are published as a figure alone. True values are those of the simulation. Signs
and axes of latents have no meaning: numbers are compared up to these, and frequencies
as they are. The equations are searched for twice in the same latents, with the symmetry
imposed and without, and the times of both are printed.

The plain SINDy autoencoder (``_recipe.py``) sees POD coordinates, which loses nothing
and saves time, has 128 units and fewer epochs (``--epochs``) than the 300 published;
its equations are then found by the same regression as ours. It is what symmetry and
gauge are compared with, not a measurement of the published code.

With ``--system excitable`` the same is done for a spiral wave of FitzHugh and Nagumo
(``_excitable.py``), of which nothing is published.

Run it as ``python benchmarks/reproduce_paper.py``; ``--quick`` takes a small data set
and one seed. Text, JSON and pictures go to the folder ``--out``.
"""

import argparse
import contextlib
import io
import warnings
from pathlib import Path

import numpy as np
import torch
from _common import (
    Clock,
    frequency,
    print_table,
    skew_error,
    spiral,
    turn,
    unexplained,
    write_json,
)
from _excitable import excitable
from _recipe import Recipe
from torch import nn

from symdisc import LatentSINDy, LatentSymmetryDiscoverer
from symdisc._latent.pod import fit_pod
from symdisc.metrics import forecast_error

DIMS = (2, 3)
# Of the game, and of an autoencoder without one: full, and quick.
ITERATIONS = {False: (1200, 1200), True: (600, 200)}
METHODS = ("LaLiGAN + SINDy", "SINDy", "plain SINDy autoencoder")
PUBLISHED = {
    "generator, 2-D": "[[0.058, -3.074], [3.047, -0.043]]",
    "equations, 2-D": "dz1/dt = 0.91 z2; dz2/dt = -0.91 z1",
    "generator, 3-D": "skew, a rotation about one axis",
    "equations, 3-D": "dz1/dt = 0.43 z2 - 0.53 z3; dz2/dt = -0.51 z1 + 0.66 z3; "
    "dz3/dt = 0.47 z1 - 0.52 z2",
    "equations without symmetry, 2-D": "dz1/dt = -0.85 z2; dz2/dt = 0.97 z1",
    "equations without symmetry, 3-D": "dz1/dt = 0.65 z2 - 0.16 z3 + 0.20 z1^2 "
    "+ 0.11 z1 z2 + 0.29 z1 z3 - 0.41 z2 z3 - 0.16 z3^2; dz2/dt = -0.57 z1 + 0.18 z2 "
    "- 0.24 z1 z2 + 0.46 z1 z3 - 0.18 z2^2 - 0.26 z2 z3 + 0.29 z3^2; dz3/dt = 0.45 z1 "
    "- 0.57 z2 - 0.27 z1^2 + 0.18 z2^2 - 0.19 z2 z3",
    "simulation error": "near zero with symmetry, growing without (figure alone)",
    "seconds of the search for equations": "not published",
}
# Frequencies of the published linear parts.
PUBLISHED_FREQUENCIES = {
    "equations, 2-D": [[0, 0.91], [-0.91, 0]],
    "equations, 3-D": [[0, 0.43, -0.53], [-0.51, 0, 0.66], [0.47, -0.52, 0]],
    "equations without symmetry, 2-D": [[0, -0.85], [0.97, 0]],
    "equations without symmetry, 3-D": [
        [0, 0.65, -0.16],
        [-0.57, 0.18, 0],
        [0.45, -0.57, 0],
    ],
}
TABLES = {
    1: {
        "dim": "d",
        "seed": "d",
        "name": "s",
        "skew_error": ".1e",
        "rank": "d",
        "n_terms": "d",
        "n_nonlinear": "d",
        "frequency": ".4f",
        "x": ".1e",
        "end": ".2g",
        "seconds": ".1f",
    },
    2: {
        "method": "s",
        "dim": "d",
        "seed": "d",
        "n_terms": "d",
        "n_nonlinear": "d",
        "frequency": ".4f",
        "x": ".1e",
        "end": ".2g",
        "seconds": ".1f",
    },
}


def main():
    """Fit everything, print the tables, write JSON and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30, help="plain autoencoder's")
    parser.add_argument("--system", choices=("spiral", "excitable"), default="spiral")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default="reproduce_paper")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.epochs = 1, 4
    budget = arguments.epochs, *ITERATIONS[arguments.quick]
    known = arguments.system == "spiral"
    if known:
        data = spiral(arguments.quick)
    else:
        data = excitable(*((600, 48) if arguments.quick else (2500, 64)))
    fits = []
    for seed in range(arguments.seeds):
        for dim in DIMS:
            for fit in fit_all(data, dim, seed, budget):
                fits.append(fit)
                print(f"{fit['row']['method']}, {dim}-D, seed {seed}: ", end="")
                print(str(fit["est"].equations_).replace("\n", "; "), flush=True)
    rows = [fit["row"] for fit in fits]
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print_tables(rows, data.omega, PUBLISHED if known else {})
    print(text.getvalue())
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "tables.txt").write_text(text.getvalue())
    write_json(
        arguments.out / "tables.json",
        {
            "true_frequency": data.omega,
            "published": PUBLISHED if known else {},
            "rows": rows,
        },
    )
    first = [fit for fit in fits if fit["row"]["seed"] == 0]
    draw_latents(first, arguments.out / "figure2.png")
    draw_snapshots(first, data, arguments.out / "figure3.png")
    draw_errors(rows, data, arguments.out / "figure4.png")
    print(f"written to {arguments.out}")


def fit_all(data, dim, seed, budget):
    """Yield one fit of each method: estimator, latents and figures.

    The budget: epochs of the plain autoencoder, iterations with and without a game.
    """
    n_epochs, with_game, without = budget
    n_train = 4 * len(data.X) // 5
    X, X_dot = data.X[:n_train], data.X_dot[:n_train]
    for method in METHODS:
        clock = Clock()
        with clock.running():
            symmetry = None
            coders = "residual"
            if method == METHODS[0]:
                symmetry = "discover"
                game = {"n_generators": 1, "solver": "adversarial"}
                coders = LatentSymmetryDiscoverer(
                    dim, **game, max_iter=with_game, random_state=seed
                )
                coders.fit(X, X_dot)
            elif method == METHODS[2]:
                coders = plain_coders(X, X_dot, dim, seed, n_epochs)
            options = {"max_iter": without, "random_state": seed}
            est, seconds = search(X, X_dot, dim, coders, symmetry, **options)
        row = {"method": method, "dim": dim, "seed": seed, **figures(est, data)}
        row |= {"seconds": clock.wall, "cpu": clock.cpu}
        if symmetry:
            basis = est.lie_algebra_.basis[0]
            row |= {
                "name": est.lie_algebra_.name,
                "generator": basis.tolist(),
                "skew_error": skew_error(basis),
                "rank": coders.rank_,
                "search": seconds,
                "free_search": search(X, X_dot, dim, coders, None, **options)[1],
            }
        yield {"row": row, "est": est, "latents": est.transform(data.X)}


def search(X, X_dot, dim, coders, symmetry, **options):
    """Return equations under a symmetry or none, and the seconds that they took."""
    clock = Clock()
    est = LatentSINDy(dim, autoencoder=coders, symmetry=symmetry, **options)
    with clock.running():
        est.fit(X, X_dot)
    return est, clock.wall


def plain_coders(X, X_dot, dim, seed, n_epochs):
    """Train a SINDy autoencoder as published; return encoder and decoder of snapshots.

    In POD coordinates, scaled so that squared errors are those of the snapshots over
    their variance per mode.
    """
    pod = fit_pod(X, min_modes=dim, random_state=np.random.RandomState(seed))
    scale = pod.scale / pod.scale[0]
    coordinates = pod.coordinates(X) * scale
    rates = pod.push_forward(X_dot) * scale
    recipe = Recipe(coordinates, rates, dim, seed, hidden_units=128, sindy=True)
    for _ in range(n_epochs):
        recipe.epoch()
    n_features, n_modes = X.shape[1], len(scale)
    into, out = nn.Linear(n_features, n_modes), nn.Linear(n_modes, n_features)
    modes = pod.modes / pod.scale[0]
    with torch.no_grad():
        into.weight.copy_(torch.from_numpy(modes))
        into.bias.copy_(torch.from_numpy(-modes @ pod.mean))
        out.weight.copy_(torch.from_numpy(pod.modes.T * pod.scale[0]))
        out.bias.copy_(torch.from_numpy(pod.mean))
    encoder = nn.Sequential(into, recipe.encoder).eval().double()
    return encoder, nn.Sequential(recipe.decoder, out).eval().double()


def figures(est, data):
    """Return what is printed of one fit, and its errors along a long simulation."""
    n_train, dim = 4 * len(data.X) // 5, est.coefficients_.shape[0]
    test = data.X[n_train:]
    with warnings.catch_warnings():
        # A trajectory that blows up is counted as such, and drawn until then.
        warnings.simplefilter("ignore", RuntimeWarning)
        path = est.simulate(test[0], data.t[n_train:])
    alive = int(np.isfinite(path).all(axis=1).sum())
    errors = forecast_error(test[:alive], path[:alive], relative_to="size")
    coefficients = est.coefficients_
    return {
        "equations": str(est.equations_),
        "n_terms": est.complexity_,
        "n_nonlinear": int(np.count_nonzero(coefficients[:, dim + 1 :])),
        "frequency": frequency(coefficients[:, 1 : dim + 1]),
        "x": unexplained(test, est.inverse_transform(est.transform(test))),
        "end": float(errors[-1]) if alive == len(test) else float("inf"),
        "errors": errors.tolist(),
    }


def print_tables(rows, truth, published):
    """Print both tables, then published, true and found values side by side."""
    titles = "with the symmetry discovered", "without symmetry"
    for (number, columns), title in zip(TABLES.items(), titles, strict=True):
        print(f"\nTable {number}: {title}; x and end: errors held out, see below")
        chosen = [r for r in rows if (r["method"] == METHODS[0]) == (number == 1)]
        print_table(sorted(chosen, key=lambda r: (r["method"], r["dim"])), columns)
    print("x: variance of held-out snapshots left unexplained; end: relative squared")
    print("error of the simulation at its last step, inf where it blew up.\n")
    for what in PUBLISHED:
        print(what)
        if what in published:
            print(f"  published: {published[what]}{_published_frequency(what)}")
        print(f"  true:      {_true(what, truth)}\n  found:     {_found(rows, what)}")


def _published_frequency(what):
    if what not in PUBLISHED_FREQUENCIES:
        return ""
    return f" (frequency {frequency(np.array(PUBLISHED_FREQUENCIES[what])):.4f})"


def _true(what, truth):
    if "generator" in what:
        return "so(2), at any scale"
    return f"linear, frequency {truth:.4f}" if "equations," in what else "-"


def _found(rows, what):
    """Say in words what our fits show."""
    dims = [d for d in DIMS if f"{d}-D" in what] or [*DIMS]
    if "without" in what:
        parts = (f"{m}: {_equations(rows, m, dims)}" for m in METHODS[1:])
        return "\n             ".join(parts)
    method = METHODS[0]
    chosen = [r for r in rows if r["method"] == method and r["dim"] in dims]
    if what.startswith("generator"):
        names = sorted({r["name"] for r in chosen})
        worst = max(r["skew_error"] for r in chosen)
        shown = np.round(chosen[0]["generator"], 3).tolist()
        return f"{', '.join(names)}, {shown}, skew error at most {worst:.1e}"
    if what.startswith("equations"):
        return _equations(rows, method, dims)
    if what.startswith("seconds"):
        with_it, free = (
            np.median([r[key] for r in chosen]) for key in ("search", "free_search")
        )
        return f"{with_it:.2g} with the symmetry imposed, {free:.2g} without"
    values = [r["end"] for r in chosen]
    return f"median {np.median(values):.2g}, at most {max(values):.2g}"


def _equations(rows, method, dims):
    chosen = [r for r in rows if r["method"] == method and r["dim"] in dims]
    terms = sorted({r["n_terms"] for r in chosen})
    nonlinear = max(r["n_nonlinear"] for r in chosen)
    omegas = ", ".join(f"{r['frequency']:.4f}" for r in chosen)
    first = chosen[0]["equations"].replace("\n", "; ")
    return f"{first}; {terms} terms, at most {nonlinear} nonlinear, frequency {omegas}"


def draw_latents(fits, path):
    """Draw latent trajectories, one panel for each method and dimension."""
    figure = _figure(9, 6)
    for i, fit in enumerate(sorted(fits, key=lambda f: f["row"]["dim"])):
        dim, z = fit["row"]["dim"], fit["latents"]
        options = {"projection": "3d"} if dim == 3 else {}
        panel = figure.add_subplot(2, 3, i + 1, **options)
        panel.plot(*z.T, color="black", linewidth=0.3)
        panel.set_title(f"{fit['row']['method']}, {dim}-D", fontsize=9)
        if dim == 2:
            panel.set_aspect("equal", "datalim")
    figure.savefig(path, dpi=120)


def draw_snapshots(fits, data, path):
    """Draw a held-out snapshot, its reconstruction, and turns of both by a quarter."""
    by_dim = {
        f["row"]["dim"]: f["est"] for f in fits if f["row"]["method"] == METHODS[0]
    }
    index, size = 9 * len(data.X) // 10, len(data.grid)
    period = 2 * np.pi / data.omega
    later = index + round(period / 4 / (data.t[1] - data.t[0]))
    figure = _figure(10, 4.6)
    panels = figure.subplots(len(by_dim), 4, squeeze=False)
    limit = np.abs(data.X[index]).max()
    for row, (dim, est) in zip(panels, by_dim.items(), strict=True):
        z = est.transform(data.X[index : index + 1])
        basis = est.lie_algebra_.basis[0]
        # The sense of the generator is arbitrary: that in which the wave turns.
        motion = est.coefficients_[:, 1 : dim + 1]
        sense = np.sign(np.sum(motion * basis))
        moved = z @ turn(basis, sense * np.pi / 2).T
        images = {
            "snapshot": data.X[index],
            f"reconstructed, {dim}-D": est.inverse_transform(z)[0],
            "a quarter turn later": data.X[later],
            f"turned by the symmetry, {dim}-D": est.inverse_transform(moved)[0],
        }
        for panel, (title, image) in zip(row, images.items(), strict=True):
            image = image.reshape(size, size)
            panel.imshow(image, cmap="gray", vmin=-limit, vmax=limit)
            panel.set_title(title, fontsize=9)
            panel.set_axis_off()
    figure.savefig(path, dpi=120)


def draw_errors(rows, data, path):
    """Draw errors of simulations over time: a line for each seed."""
    figure = _figure(9, 3.6)
    times = data.t - data.t[4 * len(data.X) // 5]
    times = times[times >= 0]
    for panel, dim in zip(figure.subplots(1, 2, sharey=True), DIMS, strict=True):
        for method, style in zip(METHODS, ("-", "--", ":"), strict=True):
            chosen = [r for r in rows if (r["method"], r["dim"]) == (method, dim)]
            for i, row in enumerate(chosen):
                errors = row["errors"]
                label = None if i else method
                line = times[: len(errors)], errors, style
                panel.semilogy(*line, color="black", linewidth=0.9, label=label)
        panel.set_title(f"{dim}-D", fontsize=10)
        panel.set_xlabel("time")
    figure.axes[0].set_ylabel("relative squared error")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    figure.savefig(path, dpi=120)


def _figure(width, height):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


if __name__ == "__main__":
    main()
