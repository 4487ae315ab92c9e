"""How often finite groups are found exactly, and how often one that is not there.

Parts (``--part``):

motions
    Motions in their own columns with exact rates: Lorenz (Z2), Duffing (Z2), Thomas (C3
    x Z2, states in a box), and five without discrete symmetries of the size of the
    tolerance.
embedded
    Lorenz in 128 dimensions, from rates.
labels
    Numbers y = r^2 cos(7 phi + 2 r) of points in a square: C7, and a function without
    symmetry.
clouds
    Points at the images of two points under the rotations of a tetrahedron, a cube and
    an icosahedron, turned at random, with noise of 0.05, 20,000 rows; and clouds of
    seven normal distributions at random places. W1 is the Wasserstein-1 distance of the
    elements, as sets of equal weights, under the Frobenius norm and under the angle of
    the rotation between them in radians. Published: tetrahedron 0.149, octahedron
    0.097, icosahedron 0.129 (LieFlow 2026).
noise
    Duffing and Lorenz with 1 % of noise on the rates, in other units and turned axes.

Limits of rates are those of Wilson at 95 %. Run
``python benchmarks/finite_groups.py --seeds 20 --part motions``.
"""

import argparse
import time
import warnings

import numpy as np
from certified_symmetry import limits
from joblib import Parallel, delayed
from scipy.integrate import solve_ivp
from scipy.optimize import linear_sum_assignment
from scipy.spatial.transform import Rotation
from scipy.stats import special_ortho_group

from symdisc import LatentSymmetryDiscoverer
from symdisc.datasets import make_lorenz


def lorenz(x, y, z):
    """Rates of the Lorenz system."""
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def thomas(x, y, z):
    """Rates of Thomas' cyclic system."""
    return np.sin(y) - 0.208 * x, np.sin(z) - 0.208 * y, np.sin(x) - 0.208 * z


def duffing(x, v):
    """Rates of Duffing's oscillator."""
    return v, x - x**3 - 0.1 * v


def lotka_volterra(x, y):
    """Rates of predators and prey."""
    return x - 0.5 * x * y, -y + 0.5 * x * y


def roessler(x, y, z):
    """Rates of the system of Roessler."""
    return -y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)


def sir(s, i):
    """Rates of an epidemic."""
    return 0.05 - 0.8 * s * i - 0.05 * s, 0.8 * s * i - 0.3 * i


def brusselator(x, y):
    """Rates of the Brusselator."""
    return 1 - 4 * x + x**2 * y, 3 * x - x**2 * y


def selkov(x, y):
    """Rates of glycolysis after Selkov."""
    return -x + 0.1 * y + x**2 * y, 0.5 - 0.1 * y - x**2 * y


ROWS = 20000
# Field, box of the starts, time (0: the starts themselves), and the name of the group.
MOTIONS = {
    "lorenz": (lorenz, ([-10, -10, 15], [10, 10, 35]), 10, "Z2"),
    "duffing": (duffing, ([-1.5] * 2, [1.5] * 2), 10, "Z2"),
    "thomas": (thomas, ([-2.5] * 3, [2.5] * 3), 0, "C3 x Z2"),
    "lotka-volterra": (lotka_volterra, ([0.5] * 2, [4] * 2), 10, "trivial"),
    "roessler": (roessler, ([-5, -5, 0], [5, 5, 1]), 10, "trivial"),
    "sir": (sir, ([0.1] * 2, [1] * 2), 10, "trivial"),
    "brusselator": (brusselator, ([0.5] * 2, [3] * 2), 10, "trivial"),
    "selkov": (selkov, ([0.3] * 2, [2] * 2), 10, "trivial"),
}


def motion(name, seed):
    """Return states, rates and trajectories of a system."""
    field, box, span, _ = MOTIONS[name]
    rng = np.random.default_rng(seed)
    if not span:
        X = rng.uniform(*box, (2000, len(box[0])))
        return X, np.column_stack(field(*X.T)), None
    t = np.linspace(0, span, 100)
    starts = rng.uniform(*box, (10, len(box[0])))
    runs = [
        solve_ivp(
            lambda _, z: field(*z), (0, span), z, t_eval=t, rtol=1e-9, atol=1e-10
        ).y.T
        for z in starts
    ]
    X = np.concatenate(runs)
    return X, np.column_stack(field(*X.T)), np.repeat(range(10), 100)


def group_of(*data, n_components=3, **options):
    """Fit without warnings of the equations; return the group and the estimator."""
    est = LatentSymmetryDiscoverer(n_components, finite_group=True, **options)
    groups = data[2] if len(data) > 2 else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est.fit(*data[:2], groups=groups)
    return est.finite_group_


def of_motion(name, seed):
    """Say whether the group of a motion is right."""
    group = group_of(*motion(name, seed), autoencoder="none", symmetry_of="motion")
    return group.name == MOTIONS[name][3], group


def of_noisy_motion(name, seed):
    """Say whether it is with noise, in other axes and units."""
    X, X_dot, groups = motion(name, seed)
    rng = np.random.default_rng(seed)
    X_dot = X_dot + 0.01 * X_dot.std(axis=0) * rng.standard_normal(X.shape)
    # Axes that are not those of the equations, in units of their own.
    change = special_ortho_group.rvs(X.shape[1], random_state=seed)
    change = change * 10.0 ** rng.uniform(-0.4, 0.4, X.shape[1])
    data = X @ change, X_dot @ change, groups
    group = group_of(*data, autoencoder="none", symmetry_of="motion")
    return group.name == MOTIONS[name][3], group


def of_embedded(_, seed):
    """Say whether that of the Lorenz system behind a lift is right."""
    data = make_lorenz(random_state=seed)
    group = group_of(data.X, data.X_dot, data.groups, random_state=seed)
    return group.name == "Z2", group


def of_labels(name, seed):
    """Say whether the group of labels is right."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.5, 1.5, (3000, 2))
    radius, angle = np.hypot(*X.T), np.arctan2(*X.T[::-1])
    y = radius**2 * np.cos(7 * angle + 2 * radius)
    if name == "trivial":
        y = np.sin(X[:, 0]) + 0.5 * X[:, 0] * X[:, 1] + 0.3 * X[:, 1] ** 3
    group = group_of(X, y, autoencoder="none", symmetry_of="labels")
    return group.name == name, group


def cloud(name, seed):
    """Return points and the true elements."""
    rng = np.random.default_rng(seed)
    if name == "trivial":
        centres = rng.standard_normal((7, 3))
        X = centres[rng.integers(7, size=ROWS)]
        return X + 0.2 * rng.standard_normal(X.shape), np.eye(3)[None]
    elements = Rotation.create_group(name).as_matrix()
    places = rng.standard_normal((2, 3))
    places *= (rng.uniform(0.8, 1.2, 2) / np.linalg.norm(places, axis=1))[:, None]
    X = places[rng.integers(2, size=ROWS)] + 0.05 * rng.standard_normal((ROWS, 3))
    X = np.einsum("nab,nb->na", elements[rng.integers(len(elements), size=ROWS)], X)
    turn = special_ortho_group.rvs(3, random_state=seed)
    return X @ turn.T, turn @ elements @ turn.T


def of_cloud(name, seed):
    """Say whether the group of a cloud is right."""
    X, truth = cloud(name, seed)
    group = group_of(X, autoencoder="none")
    group.w1 = wasserstein(group.elements, truth)
    return group.name == name, group


def wasserstein(found, truth):
    """W1 between two sets of matrices, each of equal weights: Frobenius and angle."""
    count = np.lcm(len(found), len(truth))
    found = np.repeat(found, count // len(found), axis=0)
    truth = np.repeat(truth, count // len(truth), axis=0)
    apart = np.linalg.norm(found[:, None] - truth, axis=(2, 3))
    rows, columns = linear_sum_assignment(apart)
    frobenius = apart[rows, columns]
    angle = 2 * np.arcsin(np.clip(frobenius / np.sqrt(8), 0, 1))
    return frobenius.mean(), angle.mean()


PARTS = {
    "motions": (of_motion, MOTIONS),
    "embedded": (of_embedded, ["lorenz in 128 dimensions"]),
    "labels": (of_labels, ["C7", "trivial"]),
    "clouds": (of_cloud, ["T", "O", "I", "trivial"]),
    "noise": (of_noisy_motion, ["duffing", "lorenz", "lotka-volterra", "sir"]),
}


def timed(find, name, seed):
    """Return whether the name is right, the name, seconds and W1."""
    start = time.perf_counter()
    right, group = find(name, seed)
    return right, group.name, time.perf_counter() - start, getattr(group, "w1", None)


def main():
    """Print a line for each system."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, default="motions")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--name", help="of one system")
    arguments = parser.parse_args()
    find, names = PARTS[arguments.part]
    names = [arguments.name] if arguments.name else names
    for name in names:
        found = Parallel(arguments.jobs)(
            delayed(timed)(find, name, seed) for seed in range(arguments.seeds)
        )
        right, labels, seconds, w1 = zip(*found, strict=True)
        low, high = limits(sum(right), len(right))
        others = sorted(
            {label for r, label in zip(right, labels, strict=True) if not r}
        )
        line = (
            f"{name:25s} right {sum(right)} of {len(right)} ({low:.2f} to {high:.2f})"
        )
        line += f", {np.median(seconds):.1f} s, at most {max(seconds):.1f} s"
        if w1[0] is not None:
            frobenius, angle = np.mean(w1, axis=0)
            line += f", W1 {frobenius:.4f} (angle {angle:.4f})"
            line += f", at most {np.max(w1, axis=0)[0]:.4f}"
        print(line + (f", else {others}" if others else ""), flush=True)


if __name__ == "__main__":
    main()
