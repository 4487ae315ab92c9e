"""Time of ``import symdisc`` beside that of what it cannot do without.

Both are imported by fresh interpreters in turn; medians and their ratio are printed.
Run it as ``python benchmarks/import_time.py``.
"""

import argparse
import statistics
import subprocess
import sys
import time

NEEDED = "import torch, sklearn.decomposition, sympy"
OWN = "import symdisc"


def seconds(code):
    """Return the time that a fresh interpreter takes for some code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    arguments = parser.parse_args()
    # Files are read from the disk once before.
    seconds(OWN)
    pairs = [(seconds(NEEDED), seconds(OWN)) for _ in range(arguments.runs)]
    needed, own = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{NEEDED}: {needed:.2f} s")
    print(f"{OWN}: {own:.2f} s, {own / needed:.2f} times as long")


if __name__ == "__main__":
    main()
