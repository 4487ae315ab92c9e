"""What a new process does with the package and with models that were saved."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import GAME, embedded_rotation, no_doubts
from numpy.testing import assert_array_equal

import symdisc
from symdisc import LatentSINDy, LatentSymmetryDiscoverer

OPTIONAL = ["matplotlib", "dask", "distributed", "h5py", "xarray", "zarr"]
HOSTILE = ["__import__('os').system('touch hacked')", "x\n    raise SystemExit"]
# One process for all tests, for it takes seconds to import torch.
SCRIPT = f"""
import sys, symdisc
print(*sys.modules.keys() & set({OPTIONAL}))
import numpy as np, torch
est = symdisc.load('turning')
np.save('moved.npy', est.act(np.load('X.npy'), 0.5))
est = symdisc.load('hostile')
print(est.equations_, est.equations_.to_latex(), list(est.equations_))
est.equations_.to_callable('torch')(torch.ones(3, 2))
est.fit(np.random.rand(50, 2), feature_names=list(est.feature_names_in_))
print('done')
"""

pytestmark = [
    no_doubts,
    pytest.mark.filterwarnings(
        "ignore:Independently trained adversaries:sklearn.exceptions.ConvergenceWarning"
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("another_process")


@pytest.fixture(scope="module")
def turning(folder):
    X, X_dot, _, _ = embedded_rotation(0, n_samples=100, n_features=5)
    options = {"max_iter": 50, "batch_size": 32, "random_state": 0}
    est = LatentSymmetryDiscoverer(**options, **GAME).fit(X, X_dot)
    est.save(folder / "turning")
    np.save(folder / "X.npy", X)
    return est, X


@pytest.fixture(scope="module")
def said(turning, folder):
    """Lines that the other process prints."""
    t = np.linspace(0, 10, 500)
    X = np.column_stack([np.cos(t), -np.sin(t)])
    X_dot = np.column_stack([-np.sin(t), -np.cos(t)])
    est = LatentSINDy(autoencoder="none")
    est.fit(pd.DataFrame(X, columns=HOSTILE), X_dot).save(folder / "hostile")
    paths = [Path(symdisc.__file__).parents[1], os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    options = {"cwd": folder, "env": environment, "timeout": 120, "check": True}
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(command, capture_output=True, text=True, **options).stdout


def test_optional_packages_are_imported_where_they_are_used(said):
    assert said.splitlines()[0] == ""


def test_a_model_does_the_same(said, turning, folder):
    est, X = turning
    assert_array_equal(np.load(folder / "moved.npy"), est.act(X, 0.5))


def test_hostile_names_do_nothing(said, folder):
    assert said.endswith("done\n")
    names = {path.name for path in folder.iterdir()}
    assert names == {"turning", "X.npy", "moved.npy", "hostile"}
