"""A cluster of several processes gives the right answers, even if it loses some."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold

from symdisc import LatentSINDy
from symdisc._data import out_of_core as streaming
from symdisc.cluster import ClusterBackend

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def client():
    """Two processes, one thread each."""
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def circles():
    """Four circles in the plane, run through at frequency 3."""
    t = np.tile(np.linspace(0, 2, 80), 4)
    groups = np.repeat(np.arange(4), 80)
    radius = 1 + groups[:, None]
    X = radius * np.column_stack([np.cos(3 * t), np.sin(3 * t)])
    return X, 3 * X @ np.array([[0.0, 1.0], [-1.0, 0.0]]), groups


class Killer(threading.Thread):
    """Kill the first process that says it is at work, once it is on its third task."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.killed = folder, None

    def run(self):
        deadline = time.monotonic() + 60
        while self.killed is None and time.monotonic() < deadline:
            time.sleep(0.01)
            at_work = [int(path.name.split("-")[0]) for path in self.folder.iterdir()]
            busy = [pid for pid in at_work if at_work.count(pid) == 3]
            if busy:
                self.killed = busy[0]
                os.kill(self.killed, signal.SIGKILL)

    @property
    def who_worked(self):
        return {int(path.name.split("-")[0]) for path in self.folder.iterdir()}


def slow_down(folder):
    """Return a function that says which process is at work, and takes its time."""

    def work():
        (folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()
        time.sleep(0.2)

    return work


def test_a_grid_search_survives_the_loss_of_a_worker(client, circles, tmp_path):
    X, X_dot, groups = circles
    work = slow_down(tmp_path)

    def score(est, X, y):
        work()
        return est.score(X, y)

    grid = {"degree": [0, 1, 2], "threshold": [0.05, 0.2]}
    search = GridSearchCV(
        LatentSINDy(autoencoder="none"), grid, cv=GroupKFold(4), n_jobs=2
    )
    expected = clone(search).set_params(n_jobs=1).fit(X, X_dot, groups=groups)
    workers = set(client.run(os.getpid).values())
    killer = Killer(tmp_path)
    killer.start()
    with parallel_config(ClusterBackend(client=client)):
        search.set_params(scoring=score).fit(X, X_dot, groups=groups)
    killer.join()
    assert killer.killed in workers
    # The grid is 24 fits: others went on with it after the third of one process.
    assert len(killer.who_worked - {killer.killed}) >= 1
    assert killer.killed not in client.run(os.getpid).values()
    assert_array_equal(
        search.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
    assert search.best_params_ == expected.best_params_
    assert str(search.best_estimator_.equations_) == "dz0/dt = -3*z1\ndz1/dt = 3*z0"


@pytest.mark.slow
def test_an_ensemble_survives_the_loss_of_a_worker(client, circles, tmp_path):
    X, X_dot, _ = circles
    work = slow_down(tmp_path)

    def member(seed):
        work()
        rows = np.random.default_rng(seed).choice(len(X), 100)
        return LatentSINDy(autoencoder="none").fit(X[rows], X_dot[rows]).coefficients_

    killer = Killer(tmp_path)
    killer.start()
    with parallel_config("dask"):
        found = Parallel()(delayed(member)(seed) for seed in range(20))
    killer.join()
    assert killer.killed is not None
    truth = np.zeros((2, 6))
    truth[0, 2], truth[1, 1] = -3, 3
    assert_allclose(found, np.broadcast_to(truth, (20, 2, 6)), atol=1e-9)


def test_dask_arrays_are_reduced_by_the_workers(client, circles, monkeypatch):
    monkeypatch.setattr(streaming, "IN_MEMORY", 0)
    lift = np.random.default_rng(0).standard_normal((2, 100))
    X, X_dot = (array @ lift for array in circles[:2])
    dask_X, dask_X_dot = (da.from_array(A, chunks=(50, 60)) for A in (X, X_dot))
    est = LatentSINDy(random_state=0).fit(dask_X, dask_X_dot)
    assert_allclose(np.linalg.norm(est.coefficients_), 3 * np.sqrt(2), rtol=1e-3)
    keys = client.run_on_scheduler(
        lambda dask_scheduler: [
            prefix.name
            for prefix in dask_scheduler.task_prefixes.values()
            if prefix.state_counts["memory"] + prefix.state_counts["forgotten"]
        ]
    )
    assert {"summary", "gram_product", "triangle", "matmul"} <= set(keys)
    # The workers encode as well: they are sent the estimator.
    rows = dask_X.rechunk((50, 100))
    latent = rows.map_blocks(est.transform, chunks=(rows.chunks[0], 2), dtype=X.dtype)
    assert_allclose(latent.compute(), est.transform(X), atol=1e-12)


@pytest.mark.slow
def test_the_benchmark_runs_on_a_cluster(client, tmp_path):
    command = [sys.executable, "benchmarks/discovery_rate.py", "--systems", "spiral"]
    command += ["--parts", "symmetry", "--lifts", "sine", "--noise", "0"]
    command += ["--seeds", "1", "--out", str(tmp_path / "rates.jsonl")]
    command += ["--cluster", client.scheduler.address]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("2 threads of <Client")
    assert re.search(r"spiral +1/1", ran.stdout)
