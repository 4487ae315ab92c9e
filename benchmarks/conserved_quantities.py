"""How often conserved quantities are found, all of them and no others.

Trajectories of systems in their own columns, with exact rates. ``right`` is how often
the number of quantities is the true one; ``rank correlation`` is Spearman's, of a true
quantity with the sum of found ones and their squares that is nearest to it on half of
the trajectories, over the means of the 20 other trajectories; the least over seeds. Of
two bodies the true quantities are momenta, R x P, the relative angular momentum and
energy; of a Kepler motion the last two, and the direction of the Laplace vector counts
for the rank.
Published (Lu et al. 2023): pendulum 0.9997, double pendulum 0.996.

Run ``python benchmarks/conserved_quantities.py --seeds 20``; ``--noise 0.01`` adds
noise to the rates, in units of their standard deviations.
"""

import argparse
import time

import numpy as np
from certified_symmetry import limits
from scipy.integrate import solve_ivp
from scipy.stats import spearmanr

from symdisc import conserved_quantities

N_TRAJECTORIES = 40


def damped(friction):
    """Return a pendulum with friction."""

    def field(x, v):
        return v, -np.sin(x) - friction * v

    return field


def double_pendulum(a, b, w, u):
    """Rates of two angles and their velocities, of equal masses and lengths."""
    d = a - b
    below = 2 - np.cos(d) ** 2
    top = -(w**2) * np.sin(d) * np.cos(d) + np.sin(b) * np.cos(d)
    top = top - u**2 * np.sin(d) - 2 * np.sin(a)
    low = u**2 * np.sin(d) * np.cos(d)
    low = low + 2 * (np.sin(a) * np.cos(d) + w**2 * np.sin(d) - np.sin(b))
    return w, u, top / below, low / below


def double_energy(a, b, w, u):
    """Energy of the double pendulum."""
    kinetic = w**2 + u**2 / 2 + w * u * np.cos(a - b)
    return kinetic - 2 * np.cos(a) - np.cos(b)


def two_bodies(x, y, X, Y, u, v, U, V):
    """Rates of two equal masses that attract each other."""
    r3 = np.hypot(x - X, y - Y) ** 3
    return u, v, U, V, (X - x) / r3, (Y - y) / r3, (x - X) / r3, (y - Y) / r3


def kepler(x, y, u, v):
    """Rates of a mass around a fixed one."""
    r3 = np.hypot(x, y) ** 3
    return u, v, -x / r3, -y / r3


def lorenz(x, y, z):
    """Rates of the Lorenz system."""
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def ellipses(rng):
    """Positions and velocities of Kepler motions of moderate eccentricity."""
    angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.5)
    out = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-out[1], out[0]]) * rng.choice([-1, 1])
    speed = rng.uniform(0.8, 1.15) / np.sqrt(radius)
    return radius * out, speed * across + 0.1 * rng.standard_normal(2)


def kepler_start(rng):
    """Draw a state of a Kepler motion."""
    return np.concatenate(ellipses(rng))


def two_start(rng):
    """Draw a state of two bodies."""
    d, w = ellipses(rng)
    w = np.sqrt(2) * w
    middle, drift = 0.5 * rng.standard_normal(2), 0.3 * rng.standard_normal(2)
    return np.concatenate(
        [middle + d / 2, middle - d / 2, drift + w / 2, drift - w / 2]
    )


def swing(rng):
    """Draw a state of a pendulum."""
    return np.array([rng.uniform(-2, 2), rng.uniform(-0.5, 0.5)])


def box(low, high):
    """Return a function that draws states from a box."""
    return lambda rng: rng.uniform(low, high)


R = "((z0 - z2)**2 + (z1 - z3)**2)"
DOUBLE = ["cos", "sin", "cos(z0 - z1)", "sin(z0 - z1)"]
DOUBLE += ["z2*z3*cos(z0 - z1)", "z2*z3*sin(z0 - z1)"]
KEPLER = ["(z0**2 + z1**2)**(-1/2)", "z0*(z0**2 + z1**2)**(-1/2)"]
KEPLER += ["z1*(z0**2 + z1**2)**(-1/2)"]
# Field, starts, time, options, and the true quantities; their number is the rank.
SYSTEMS = {
    "oscillator": (
        lambda x, v: (v, -x),
        box([-2] * 2, [2] * 2),
        10,
        {},
        [lambda x, v: x**2 + v**2],
    ),
    "pendulum": (
        damped(0.0),
        swing,
        10,
        {"library": ["sin", "cos"]},
        [lambda x, v: v**2 / 2 - np.cos(x)],
    ),
    "pendulum, polynomials": (
        damped(0.0),
        swing,
        10,
        {"degree": 6},
        [lambda x, v: v**2 / 2 - np.cos(x)],
    ),
    "double pendulum": (
        double_pendulum,
        box([-1.5, -1.5, -0.5, -0.5], [1.5, 1.5, 0.5, 0.5]),
        10,
        {"library": DOUBLE},
        [double_energy],
    ),
    "lotka-volterra": (
        lambda x, y: (x * (1 - y), y * (x - 1)),
        box([0.4] * 2, [1.6] * 2),
        10,
        {"library": ["log"]},
        [lambda x, y: x + y - np.log(x * y)],
    ),
    "two bodies": (
        two_bodies,
        two_start,
        8,
        {"library": [R + "**(-1/2)"]},
        [
            lambda x, y, X, Y, u, v, U, V: u + U,
            lambda x, y, X, Y, u, v, U, V: v + V,
            lambda x, y, X, Y, u, v, U, V: (x + X) * (v + V) - (y + Y) * (u + U),
            lambda x, y, X, Y, u, v, U, V: (x - X) * (v - V) - (y - Y) * (u - U),
            lambda x, y, X, Y, u, v, U, V: (
                ((u - U) ** 2 + (v - V) ** 2) / 4 - 1 / np.hypot(x - X, y - Y)
            ),
        ],
    ),
    "kepler": (
        kepler,
        kepler_start,
        8,
        {"library": KEPLER, "degree": 3},
        [
            lambda x, y, u, v: x * v - y * u,
            lambda x, y, u, v: (u**2 + v**2) / 2 - 1 / np.hypot(x, y),
        ],
    ),
    "lorenz": (lorenz, box([-10, -10, 15], [10, 10, 35]), 10, {"degree": 3}, []),
    "van der pol": (
        lambda x, v: (v, (1 - x**2) * v - x),
        box([-3] * 2, [3] * 2),
        10,
        {"degree": 4},
        [],
    ),
    "damped 0.1": (damped(0.1), swing, 10, {"library": ["sin", "cos"]}, []),
    "damped 0.01": (damped(0.01), swing, 10, {"library": ["sin", "cos"]}, []),
}


def trajectories(name, seed, noise=0.0):
    """Return states, rates, the step, and the trajectory of each row."""
    field, start, span = SYSTEMS[name][:3]
    rng = np.random.default_rng(seed)
    t = np.linspace(0, span, 100)
    runs = [
        solve_ivp(
            lambda _, z: field(*z),
            (0, span),
            start(rng),
            t_eval=t,
            rtol=1e-9,
            atol=1e-10,
        ).y.T
        for _ in range(N_TRAJECTORIES)
    ]
    X = np.concatenate(runs)
    X_dot = np.column_stack(field(*X.T))
    X_dot = X_dot + noise * X_dot.std(axis=0) * rng.standard_normal(X.shape)
    return X, X_dot, t[1], np.repeat(range(N_TRAJECTORIES), len(t))


def means(values):
    """Means over the rows of each trajectory."""
    return values.reshape(N_TRAJECTORIES, -1).mean(axis=1)


def correlation(design, truth):
    """Correlate ranks on the trajectories that a fit to the others did not see."""
    weights = np.linalg.lstsq(design[::2], truth[::2], rcond=None)[0]
    return abs(spearmanr(design[1::2] @ weights, truth[1::2])[0])


def fit(name, seed, noise):
    """Return the number of quantities, correlations of the true ones, seconds."""
    X, X_dot, dt, groups = trajectories(name, seed, noise)
    options, truths = SYSTEMS[name][3:]
    start = time.perf_counter()
    found = conserved_quantities(None, X, X_dot, t=dt, groups=groups, **options)
    seconds = time.perf_counter() - start
    values = [means(h(X)) for h in found]
    design = np.column_stack([np.ones(N_TRAJECTORIES), *values, *np.square(values)])
    correlations = [correlation(design, means(truth(*X.T))) for truth in truths]
    return len(found), correlations, seconds


def main():
    """Print a line for each system."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--system", choices=SYSTEMS)
    arguments = parser.parse_args()
    for name in [arguments.system] if arguments.system else SYSTEMS:
        found = [fit(name, s, arguments.noise) for s in range(arguments.seeds)]
        counts, correlations, seconds = zip(*found, strict=True)
        # The direction of the Laplace vector is the third of a Kepler motion.
        rank = len(SYSTEMS[name][4]) + (name == "kepler")
        right = sum(count == rank for count in counts)
        low, high = limits(right, len(counts))
        least = np.min(correlations, axis=0).round(5).tolist() if rank else "-"
        print(
            f"{name:22s} rank {rank}, right {right} of {len(counts)} ({low:.2f} to "
            f"{high:.2f}), found {sorted(set(counts))}, rank correlation {least}, at "
            f"most {max(seconds):.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
