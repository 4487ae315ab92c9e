"""Symmetry and equations of an array on disk that is larger than the memory allowed.

A state in the plane, which turns and whose radius drifts, is lifted by a cubic map to
10,000 dimensions and written block by block to a temporary file, which is then analysed
as a memory map: `LatentSymmetryDiscoverer` is fitted with times only, all snapshots are
encoded into another memory map, and the reconstruction is scored. The file is deleted
afterwards.

``peak`` is the most memory that was resident at any time, from writing the file to the
end, pages of memory maps included (VmHWM of Linux).

Run it as ``python benchmarks/large_data.py --gigabytes 20 --folder /var/tmp``.
"""

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from symdisc import LatentSymmetryDiscoverer

N_FEATURES = 10_000
N_ROWS = 500
STEP = 0.05
FREQUENCY = 1.0


def main():
    """Write the file, measure, delete the file, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--folder", type=Path, default=tempfile.gettempdir())
    arguments = parser.parse_args()
    n_samples = round(arguments.gigabytes * 1e9 / 8 / N_FEATURES)
    needed, free = 8 * n_samples * N_FEATURES, shutil.disk_usage(arguments.folder).free
    if needed > 0.9 * free:
        parser.error(f"{needed / 1e9:.0f} GB needed, {free / 1e9:.0f} GB free")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        print(json.dumps(measure(Path(folder), n_samples), indent=1))


def measure(folder, n_samples):
    """Write a file, analyse it, and return the figures."""
    clock = Clock()
    write(folder / "X.npy", n_samples)
    clock.lap("write")
    X = np.load(folder / "X.npy", mmap_mode="r")
    est = LatentSymmetryDiscoverer(random_state=0)
    est.fit(X, t=STEP)
    clock.lap("fit")
    Z = np.lib.format.open_memmap(folder / "Z.npy", "w+", float, (n_samples, 2))
    est.transform(X, out=Z)
    clock.lap("transform")
    score = est.score(X)
    clock.lap("score")
    rates = np.linalg.eigvals(est.equations_.coefficients[:, 1:3])
    return {
        "gigabytes": X.nbytes / 1e9,
        "seconds": clock.laps,
        "peak_gigabytes": peak_memory() / 1e9,
        "name": est.lie_algebra_.name,
        "equations": str(est.equations_),
        "frequency": float(np.abs(rates.imag).max()),
        "unexplained": 1 - score,
    }


def write(path, n_samples):
    """Write snapshots of the lifted plane, 500 at a time."""
    rng = np.random.default_rng(0)
    linear, cubic = rng.standard_normal((2, 2, N_FEATURES))
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False}
        header["shape"] = n_samples, N_FEATURES
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, n_samples, N_ROWS):
            rows = np.arange(start, min(start + N_ROWS, n_samples))
            angle = FREQUENCY * STEP * rows
            radius = 1.5 + 0.5 * np.cos(1e-3 * angle)
            Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
            (Z @ linear + 0.05 * Z**3 @ cubic).tofile(file)


def peak_memory():
    """Return the most memory, in bytes, that has been resident."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


class Clock:
    """Seconds between laps."""

    def __init__(self):
        self.laps, self.last = {}, time.perf_counter()

    def lap(self, name):
        """Note the seconds since the last lap."""
        now = time.perf_counter()
        self.laps[name], self.last = round(now - self.last, 1), now


if __name__ == "__main__":
    main()
