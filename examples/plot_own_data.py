r"""
Your own data, from a CSV file
==============================

What is needed: a table with one snapshot a row, the times, and (with several
recordings) a column that says which recording a row belongs to. This example writes
such a file first, of a damped oscillator seen by 12 noisy sensors in eight runs; with
your own data start at the second step.
"""

import csv
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from symdisc import LatentSINDy

rng = np.random.default_rng(0)
path = Path(tempfile.mkdtemp()) / "recordings.csv"
times = np.arange(0, 12, 0.05)
decay, frequency = 0.15, 2.0
mixing = rng.standard_normal((2, 12))
with path.open("w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["run", "t", *(f"sensor{i}" for i in range(12))])
    for run in range(8):
        start = rng.uniform(1, 2) * np.exp(1j * rng.uniform(0, 2 * np.pi))
        state = start * np.exp((-decay + 1j * frequency) * times)
        signal = np.column_stack([state.real, state.imag]) @ mixing
        signal += 0.02 * rng.standard_normal(signal.shape)
        writer.writerows(
            [run, f"{t:g}", *row] for t, row in zip(times, signal, strict=True)
        )

# %%
# Read
# ----
# ``groups`` keeps derivatives from crossing from one run into the next.

table = np.genfromtxt(path, delimiter=",", names=True)
names = [name for name in table.dtype.names if name.startswith("sensor")]
X = np.column_stack([table[name] for name in names])
t, groups = table["t"], table["run"]
print(X.shape, "snapshots of", len(np.unique(groups)), "runs")

# %%
# Fit
# ---
# Two runs are held out. Real sensors are noisy: no derivative is taken, and equations
# are fitted to integrals over time. Cross-validation selects the terms. Standard errors
# of the coefficients follow from how much the residuals of the runs vary.

train = groups < 6
model = LatentSINDy(2, random_state=0)
model.fit(X[train], t=t[train], groups=groups[train])
print(model.equations_.to_text(errors=True))
print(model.equations_.to_table())

# %%
# Is it real?
# -----------
# Decay rate and frequency do not depend on the choice of coordinates: they are the
# real and the imaginary part of the eigenvalues of the linear terms. The snapshots are
# reconstructed exactly because the errors count only the modes above the noise, of
# which there are two.

columns = [model.library_.names.index(name) for name in ("z0", "z1")]
eigenvalues = np.linalg.eigvals(model.coefficients_[:, columns])
print("Eigenvalues:", eigenvalues.round(3), "truth:", -decay, "+-", frequency, "i")
print("Unexplained on held-out rows of the first six runs:", model.errors_)

# %%
# The last two runs: a simulation from their first row alone, against the sensors.

fig, axes = plt.subplots(1, 2, figsize=(10, 3.5), sharey=True, layout="constrained")
for ax, run in zip(axes, (6, 7), strict=True):
    rows = groups == run
    predicted = model.simulate(X[rows][0], t[rows])
    ax.plot(t[rows][::6], X[rows][::6, :3], "o", color="black", fillstyle="none", ms=4)
    for sensor, style in enumerate(["-", "--", "-."]):
        ax.plot(t[rows], predicted[:, sensor], style, label=f"sensor {sensor}")
    ax.set(title=f"run {run}, not seen before", xlabel="time (s)")
    error = np.mean((predicted - X[rows]) ** 2) / X[rows].var()
    print(f"Run {run}: {error:.2%} of the variance is not predicted")
axes[0].set_ylabel("data (every sixth, circles), simulation")
axes[1].legend()
plt.show()
