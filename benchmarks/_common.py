"""What several benchmarks share: clocks, files of rows, figures of a rotation."""

import json
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy.linalg import expm

from symdisc.datasets import cached, make_reaction_diffusion

# A rotation counts as found with this skew error and this error of its frequency.
MAX_SKEW_ERROR, MAX_FREQUENCY_ERROR = 1e-3, 1e-2


class Clock:
    """Seconds of wall-clock time and of processor time spent in `running`."""

    def __init__(self):
        self.wall = self.cpu = 0.0

    @contextmanager
    def running(self):
        """Count the time of a block."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield self
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


def pysindy_answers(python, data):
    """Fit pysindy in an environment of its own, see ``_pysindy_fits.py``.

    Parameters
    ----------
    python : path of its interpreter
    data : dict of ndarray
        ``degree|NAME``, ``t|NAME``, and ``X|NAME|...`` of shape (n_trajectories,
        n_rows, n_variables).

    Returns
    -------
    dict
        By the keys that begin with ``X|``: what each setting finds.
    """
    script = Path(__file__).with_name("_pysindy_fits.py")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "data.npz"), Path(folder, "found.json")
        np.savez(source, **data)
        subprocess.run([python, script, source, target], check=True)
        return json.loads(target.read_text())


def spiral(quick=False):
    """Return the reaction-diffusion data of the paper, or a small set like it."""
    if quick:
        return make_reaction_diffusion(1500, n_grid=40)
    return cached(make_reaction_diffusion, n_steps=5000)


def skew_error(basis):
    """Return 1 - |L - L^T| / (2 |L|): 0 for a rotation, 1 without any."""
    return float(1 - np.linalg.norm(basis - basis.T) / (2 * np.linalg.norm(basis)))


def frequency(linear):
    """Return the largest angular frequency of dz/dt = linear z."""
    return float(np.abs(np.linalg.eigvals(linear).imag).max())


def canonical_angle(basis):
    """Return |L| / sqrt(2), the angle by which exp(L) turns if L is a rotation."""
    return float(np.linalg.norm(basis) / np.sqrt(2))


def turn(basis, angle):
    """Return the group element that turns by an angle."""
    return expm(angle / canonical_angle(basis) * basis)


def finds_rotation(skew, omega, true_omega):
    """Tell whether symmetry and frequency are right to the two tolerances."""
    error = abs(omega / true_omega - 1)
    return skew <= MAX_SKEW_ERROR and error <= MAX_FREQUENCY_ERROR


def unexplained(true, found):
    """Fraction of variance unexplained."""
    return float(((true - found) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum())


def write_json(path, content):
    """Write a JSON file that a person can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


def print_table(rows, columns):
    """Print dictionaries as a table; columns are name -> format, "-" for None."""
    cells = [
        [_cell(row.get(name), form) for name, form in columns.items()] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in [list(columns), *cells]:
        pairs = zip(line, widths, strict=True)
        print("  ".join(f"{text:<{width}s}" for text, width in pairs).rstrip())


def _cell(value, form):
    return "-" if value is None else format(value, form)
