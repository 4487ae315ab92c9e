"""Exact equations of many known systems, from two trajectories of each.

Every system of ``_systems.py`` is observed in two trajectories of 1000 rows. Noise is
white; its standard deviation is a fraction of that of each column over both. An answer
is exact if every equation has the right terms, see `_systems.is_exact`. symdisc is told
the degree and the further candidates, and nothing else; ``--set`` changes its settings.

pysindy gets the same rows of the polynomial systems, and the degree, if ``--pysindy``
names the interpreter of an environment that has it; see ``_pysindy_fits.py``.

``oracle`` counts the systems all of whose coefficients are above three of their
standard errors, with the right terms given: what trying all supports could find. Those
of a wrong answer are not known, and count for it.

A cell of the first table says of each noise whether the answer is exact, and how many
terms it has. The second table pools systems; limits are those of Wilson at 95 %, and
``seconds`` is the median of a fit.

Run it as ``python benchmarks/equation_recovery.py --pysindy ENVIRONMENT/bin/python``.
"""

import argparse
import json
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import sympy
from _common import print_table, pysindy_answers, write_json
from _systems import SYSTEMS, is_exact, simulate, truth
from scipy.stats import binomtest

from symdisc import LatentSINDy


def main():
    """Fit everything, then print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.01, 0.05])
    parser.add_argument("--only", nargs="+", default=list(SYSTEMS), metavar="NAME")
    parser.add_argument("--pysindy", type=Path, metavar="PYTHON")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--out", type=Path, help="JSON file of all answers")
    arguments = parser.parse_args()
    settings = dict(map(_setting, arguments.set))
    rows = [
        measure(SYSTEMS[name], noise, settings)
        for name in arguments.only
        for noise in arguments.noise
    ]
    if arguments.pysindy is not None:
        rows += measure_pysindy(arguments.pysindy, arguments.only, arguments.noise)
    if arguments.out is not None:
        write_json(arguments.out, rows)
    print_systems(rows)
    print()
    print_pooled(rows)


def observe(system, noise):
    """Return times and noisy states (2, n_rows, n_variables) of both trajectories."""
    t, states, _ = simulate(system)
    X = np.stack(states)
    rng = np.random.default_rng(zlib.crc32(system.name.encode()))
    return t, X + noise * X.std(axis=(0, 1)) * rng.standard_normal(X.shape)


def measure(system, noise, settings):
    """Fit symdisc to one data set; return its figures."""
    t, X = observe(system, noise)
    estimator = LatentSINDy(
        autoencoder="none", degree=system.degree, library=system.library or None
    ).set_params(**settings)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            estimator.fit(
                np.vstack(X), t=np.tile(t, len(X)), groups=np.repeat([0, 1], len(t))
            )
    except (ValueError, FloatingPointError) as error:
        return _row(system, noise, "symdisc", time.perf_counter() - start, error=error)
    seconds = time.perf_counter() - start
    found = estimator.coefficients_, list(estimator.library_.expressions)
    row = _row(system, noise, "symdisc", seconds, found)
    # Standard errors of the right terms are those of Cramer and Rao, or above these.
    sizes, errors = np.abs(found[0]), estimator.equations_.errors
    uncertain = errors is not None and np.any((sizes > 0) & (sizes <= 3 * errors))
    return row | {"oracle": not (row["exact"] and uncertain)}


def measure_pysindy(python, names, noises):
    """Fit pysindy in its environment to the polynomial systems; return its figures."""
    chosen = [SYSTEMS[name] for name in names if not SYSTEMS[name].library]
    data = {}
    for system in chosen:
        data[f"degree|{system.name}"] = system.degree
        for noise in noises:
            t, data[f"X|{system.name}|{noise}"] = observe(system, noise)
            data[f"t|{system.name}"] = t
    answers = pysindy_answers(python, data)
    return [
        _pysindy_row(system, noise, setting, answer)
        for system in chosen
        for noise in noises
        for setting, answer in answers[f"X|{system.name}|{noise}"].items()
    ]


def print_systems(rows):
    """Print what was found, a line for each system and a column for each method."""
    noises = "/".join(f"{100 * n:g}%" for n in dict.fromkeys(r["noise"] for r in rows))
    lines, columns = {}, {"system": "", "true terms": ""}
    for row in rows:
        line = lines.setdefault(row["system"], {"system": row["system"]})
        line["true terms"] = sum(map(len, truth(SYSTEMS[row["system"]])))
        exact = "exact" if row["exact"] else "wrong"
        cell = "failed" if row["terms"] is None else f"{exact} {row['terms']}"
        column = f"{row['method']} {noises}"
        columns[column] = ""
        line[column] = f"{line[column]}, {cell}" if column in line else cell
    print_table(lines.values(), columns)


def print_pooled(rows):
    """Print rates of exact answers over the systems of a kind."""
    lines = []
    for kind in ("polynomial", "other"):
        for method, noise in dict.fromkeys((r["method"], r["noise"]) for r in rows):
            key = (kind, method, noise)
            chosen = [r for r in rows if (r["kind"], r["method"], r["noise"]) == key]
            if not chosen:
                continue
            result = binomtest(sum(row["exact"] for row in chosen), len(chosen))
            low, high = result.proportion_ci(method="wilson")
            lines.append(
                {
                    "systems": kind,
                    "method": method,
                    "noise": f"{100 * noise:g}%",
                    "exact": f"{result.k}/{result.n}",
                    "rate": result.statistic,
                    "limits": f"{low:.2f}-{high:.2f}",
                    "oracle": _oracle(chosen),
                    "failed": sum(row["terms"] is None for row in chosen),
                    "seconds": np.median([row["seconds"] for row in chosen]),
                    "slowest": max(row["seconds"] for row in chosen),
                }
            )
    forms = {"rate": ".2f", "seconds": ".3f", "slowest": ".2f"}
    print_table(lines, {name: forms.get(name, "") for name in lines[0]})


def _oracle(rows):
    """At most so many are found by an oracle that tries all supports."""
    known = [row["oracle"] for row in rows if "oracle" in row]
    return f"{sum(known)}/{len(known)}" if known else ""


def _row(system, noise, method, seconds, found=None, error=None):
    return {
        "system": system.name,
        "kind": "other" if system.library else "polynomial",
        "noise": noise,
        "method": method,
        "exact": found is not None and is_exact(system, found),
        "terms": None if found is None else int(np.count_nonzero(found[0])),
        "seconds": seconds,
        "equations": None if found is None else _equations(*found),
        "error": None if error is None else repr(error),
    }


def _pysindy_row(system, noise, setting, answer):
    method, seconds = f"pysindy {setting}", answer["seconds"]
    if "error" in answer:
        return _row(system, noise, method, seconds, error=answer["error"])
    expressions = list(map(sympy.sympify, answer["terms"]))
    found = np.array(answer["coefficients"]), expressions
    return _row(system, noise, method, seconds, found)


def _equations(coefficients, expressions):
    return [
        {str(expressions[i]): float(row[i]) for i in np.flatnonzero(row)}
        for row in coefficients
    ]


def _setting(text):
    """Split NAME=VALUE; the value is JSON, or else text."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


if __name__ == "__main__":
    main()
