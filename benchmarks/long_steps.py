"""Equations from times alone at longer and longer steps, without noise.

Thirteen systems, four trajectories each. A fit is right with as many terms as the law
and rates that are off by at most 0.2 %, in the root mean square over the rows. A wrong
one without a warning is silent; warnings that candidates depend on each other, or that
others are nearly as likely, do not count.

Run it as ``python benchmarks/long_steps.py``, and with ``--refine none`` for least
squares alone.
"""

import argparse
import time
import warnings

import numpy as np
import sympy
from scipy.integrate import solve_ivp

from symdisc import LatentSINDy

HONEST = "depend on each other", "nearly as likely"
# Rates, box of starts, end, step, degree.
SYSTEMS = {
    "epidemic": ("-0.4*x*y, 0.4*x*y-0.1*y, 0.1*y", "0.7 0.01 0:1 0.06 0", 60, 0.25, 2),
    "brusselator": ("1-4*x+x**2*y, 3*x-x**2*y", "0.5 0.5:3 3", 20, 0.05, 3),
    "glycolysis": ("-x+0.08*y+x**2*y, 0.6-0.08*y-x**2*y", "0.3 0.3:2 2", 30, 0.1, 3),
    "duffing": ("y, x-x**3-0.2*y", "-1.5 -1.5:1.5 1.5", 20, 0.05, 3),
    "fitzhugh": ("x-x**3/3-y+0.5, 0.08*x+0.056-0.064*y", "-2 -2:2 2", 60, 0.2, 3),
    "roessler": ("-y-z, x+0.2*y, 0.2-5.7*z+x*z", "-5 -5 0.1:5 5 0.1", 40, 0.05, 2),
    "chua": ("10*y+1.6*x-0.63*x**3, x-y+z, -16*y", "-.5 -.5 -.5:.5 .5 .5", 20, 0.02, 3),
    "rabinovich": (
        "y*z-y+x**2*y+0.1*x, 3*x*z+x-x**3+0.1*y, -0.28*z-2*x*y*z",
        "-1.1 -0.1 0.4:-0.9 0.1 0.6",
        30,
        0.02,
        3,
    ),
    "lorenz 96": (
        "(y-u)*v-x+8, (z-v)*x-y+8, (u-x)*y-z+8, (v-y)*z-u+8, (x-z)*u-v+8",
        "6 6 6 6 6:10 10 10 10 10",
        10,
        0.02,
        2,
    ),
    "thomas": (
        "sin(y)-0.2*x, sin(z)-0.2*y, sin(x)-0.2*z",
        "-3 -3 -3:3 3 3",
        60,
        0.1,
        1,
    ),
    "rigid body": ("-0.5*y*z, 0.8*x*z, -0.3*x*y", "-2 -2 -2:2 2 2", 15, 0.03, 2),
    "logistic": ("0.8*x-0.08*x**2,", "0.2:15", 10, 0.1, 2),
    "predators": ("1.1*x-0.4*x*y, -0.4*y+0.1*x*y", "1 1:8 8", 30, 0.1, 2),
}


def trajectories(law, variables, box, end, step, seed):
    """Return states along four trajectories, and their rates."""
    low, high = (np.array(part.split(), dtype=float) for part in box.split(":"))
    starts = np.random.default_rng(seed).uniform(low, high, (4, len(low)))
    rates, t = sympy.lambdify(variables, law), np.arange(0, end, step)
    known = {"t_eval": t, "rtol": 1e-10, "atol": 1e-12, "method": "LSODA"}
    paths = [
        solve_ivp(lambda _, z: rates(*z), (0, end), start, **known).y.T
        for start in starts
    ]
    states = np.vstack(paths)
    columns = [np.broadcast_to(rate, len(states)) for rate in rates(*states.T)]
    return paths, np.column_stack(columns)


def measure(name, longer, seed, refine):
    """Return whether a fit is right, whether it warned, and its seconds."""
    text, box, end, step, degree = SYSTEMS[name]
    law = [*sympy.sympify(text)]
    variables = sympy.symbols("x y z u v")[: len(law)]
    paths, rates = trajectories(law, variables, box, end, step * longer, seed)
    library = ["sin"] if "sin" in text else None
    known = {"library": library, "refine": refine, "random_state": seed}
    est = LatentSINDy(autoencoder="none", degree=degree, **known)
    begin = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        est.fit(paths, t=step * longer)
    seconds = time.perf_counter() - begin
    off = est.equations_(np.vstack(paths)) - rates
    n_terms = sum(len(sympy.Add.make_args(sympy.expand(rate))) for rate in law)
    right = est.equations_.n_terms == n_terms
    right = right and np.mean(off**2) < 0.002**2 * np.mean(rates**2)
    texts = [str(each.message) for each in caught]
    warned = any(not any(word in text for word in HONEST) for text in texts)
    return bool(right), warned, seconds


def main():
    """Print counts for each length of the steps."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--refine", choices=["auto", "none"], default="auto")
    arguments = parser.parse_args()
    for longer in (1, 2, 4, 8):
        rows = [
            measure(name, longer, seed, arguments.refine)
            for name in SYSTEMS
            for seed in range(arguments.seeds)
        ]
        right, warned, seconds = map(np.array, zip(*rows, strict=True))
        print(
            f"steps x {longer}: {right.sum()} of {len(rows)} right, of these "
            f"{(right & warned).sum()} warned; {(~right & ~warned).sum()} wrong "
            f"without a word; median {np.median(seconds):.1f} s, most "
            f"{seconds.max():.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
