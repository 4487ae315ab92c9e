"""Fits that are killed or interrupted come to the result of those that are not."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import GAME, embedded_rotation, first_of, no_doubts
from sklearn.exceptions import ConvergenceWarning
from small_training import make_trainer

import symdisc
from symdisc import LatentSINDy, LatentSymmetryDiscoverer
from symdisc._latent.trainer import EPOCH, Trainer
from symdisc._persistence import checkpoint as checkpoints
from symdisc._persistence.checkpoint import Checkpoint
from symdisc._persistence.container import read_file, write_file

pytestmark = [
    no_doubts,
    pytest.mark.filterwarnings("ignore:Independently trained adversaries"),
    pytest.mark.filterwarnings("ignore:The equations leave"),
]

MAX_ITER = 150
MAKE = {
    "solved": lambda **others: LatentSymmetryDiscoverer(
        autoencoder="residual", batch_size=32, **others
    ),
    "game": lambda **others: LatentSymmetryDiscoverer(batch_size=32, **GAME, **others),
    "equations": lambda **others: LatentSINDy(autoencoder="residual", **others),
    "both": lambda **others: LatentSINDy(
        autoencoder="residual", symmetry="discover", **others
    ),
}


def fit(kind, checkpoint=None, n_samples=50, **others):
    X, X_dot, _, _ = embedded_rotation(0, n_samples, n_features=3)
    others = {"max_iter": MAX_ITER, "random_state": 0} | others
    return MAKE[kind](checkpoint=checkpoint, **others).fit(X, X_dot)


@pytest.fixture
def eager(monkeypatch):
    """Let checkpoints be written after every epoch, whatever the cost."""
    monkeypatch.setattr(checkpoints, "MAX_FRACTION", 1e9)


def stop_at(iteration, error, monkeypatch):
    """Let the step of an iteration, counted from 1 in this process, raise an error."""
    step, steps = Trainer._step, []

    def stopped(trainer, progress):
        steps.append(progress)
        if len(steps) == iteration:
            raise error
        return step(trainer, progress)

    monkeypatch.setattr(Trainer, "_step", stopped)


def saved(est, path):
    """Return the JSON and the bytes of the arrays that an estimator is saved as."""
    for space in est.spaces_:
        space.seconds = 0.0  # no two runs take the same time
    est.set_params(checkpoint=None).save(path)
    return read_model(path)


def read_model(path):
    document, arrays = read_file(path, "model", "")
    return document, {name: array.tobytes() for name, array in arrays.items()}


# --- killed ----------------------------------------------------------------------


def environment():
    own = [Path(symdisc.__file__).parents[1], *Path(__file__).parents[:2]]
    paths = [*map(str, own), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def survive(kind, folder, n_kills):
    """Fit again and again in processes that are killed at random; runs in its own.

    Prints the number of kills with a checkpoint and of those before there was one, and
    of how many fits went on from one.
    """
    warnings.simplefilter("ignore")
    checkpoints.MAX_FRACTION = 1e9
    folder, random = Path(folder), np.random.default_rng(0)
    checkpoint, log = folder / "checkpoint", folder / "log"
    log.touch()
    span, kills, before, done = 0.3, 0, 0, 0
    while kills < n_kills or checkpoint.exists() or not done:
        process = os.fork()
        if process == 0:
            fit_in_child(kind, checkpoint, log, folder / f"done{done}")
        if kills < n_kills:
            # One in four also while the start of the training is looked for.
            if random.integers(4):
                wait_for_growth(log)
            time.sleep(random.uniform(0, span))
            os.kill(process, signal.SIGKILL)
        if not os.WIFSIGNALED(os.waitpid(process, 0)[1]):
            done += 1
            span *= 0.8
        elif checkpoint.exists():
            kills += 1
        else:
            # Slower than was thought, or nothing would ever be learned.
            before, span = before + 1, 1.2 * span
    resumed = [int(line) for line in log.read_text().split()]
    print(json.dumps([kills, before, sum(n > 0 for n in resumed)]))  # noqa: T201


def wait_for_growth(log, timeout=60.0):
    """Wait until a child has written, and no longer than a child can take."""
    size, end = log.stat().st_size, time.monotonic() + timeout
    while log.stat().st_size == size:
        assert time.monotonic() < end, f"no child wrote to {log} in {timeout} s"
        time.sleep(0.01)


def fit_in_child(kind, checkpoint, log, path):
    resume = Checkpoint.resume

    def logged(self, trainer):
        history = resume(self, trainer)
        with log.open("a") as file:
            file.write(f"{trainer.n_iter}\n")
        return history

    Checkpoint.resume = logged
    saved(fit(kind, checkpoint), path)
    # Without the clean-up of the parent, of which this is a copy.
    os._exit(0)


def check_survival(kind, folder, n_kills):
    script = (
        "import sys, test_checkpoint as t; t.survive(*sys.argv[1:3], int(sys.argv[3]))"
    )
    command = [sys.executable, "-c", script, kind, str(folder), str(n_kills)]
    run = subprocess.run(
        command, check=True, env=environment(), capture_output=True, text=True
    )
    kills, before, resumed = json.loads(run.stdout)
    finished = sorted(folder.glob("done*"))
    # Nothing but the log and the finished fits: no checkpoint, no half of one.
    assert set(folder.iterdir()) == {folder / "log", *finished}
    expected = saved(fit(kind), folder / "expected")
    assert len(finished) >= 1
    for path in finished:
        assert read_model(path) == expected
    assert kills == n_kills
    assert resumed >= 1
    return kills, before, resumed


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


@pytest.mark.slow
@needs_fork
def test_killed_fits_come_to_the_same_end(tmp_path):
    check_survival("game", tmp_path, n_kills=2)


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKE)
def test_fits_killed_many_times_come_to_the_same_end(kind, tmp_path):
    check_survival(kind, tmp_path, n_kills=40)


# --- resumed ---------------------------------------------------------------------


def fit_until(iteration, kind, path, monkeypatch):
    """Fit until something else than the user ends it in a given iteration of it."""
    with monkeypatch.context() as patched:
        stop_at(iteration, MemoryError(), patched)
        with pytest.raises(MemoryError):
            fit(kind, path)
    assert path.exists()


@pytest.mark.parametrize("kind", first_of(["both", "solved", "game"]))
def test_resumed_in_every_phase(kind, tmp_path, monkeypatch, eager):
    path = tmp_path / "checkpoint"
    # Before and in the game; in the first and in the second round, of 38 and 37.
    stops = (2 * EPOCH + 1, 97) if kind == "game" else (EPOCH + 1, 13 + EPOCH + 1)
    for iteration in stops:
        fit_until(iteration, kind, path, monkeypatch)
    resumed = fit(kind, path)
    assert not path.exists()
    whole = fit(kind)
    n_iter = resumed.n_iter_
    assert n_iter == whole.n_iter_
    assert n_iter in ((MAX_ITER,) if kind == "game" else (38, 75, MAX_ITER))
    if kind == "game":
        assert len(resumed.history_["reconstruction"]) == MAX_ITER // EPOCH
    assert saved(resumed, tmp_path / "a") == saved(whole, tmp_path / "b")


@pytest.mark.slow
def test_several_trainings_of_one_fit(tmp_path, monkeypatch, eager):
    def run_all(checkpoint):
        trainers = [make_trainer(seed=seed, checkpoint=checkpoint) for seed in range(3)]
        return trainers, [trainer.run() for trainer in trainers]

    expected_trainers, expected = run_all(None)
    path, max_iter = tmp_path / "checkpoint", expected_trainers[0].n_iter
    step, steps = Trainer._step, []

    def counted(trainer, progress):
        steps.append(progress)
        # Once, in the second of them, after its first epoch.
        if len(steps) == max_iter + EPOCH + 1:
            raise MemoryError
        return step(trainer, progress)

    monkeypatch.setattr(Trainer, "_step", counted)
    with pytest.raises(MemoryError):
        run_all(Checkpoint(path, {}))
    checkpoint = Checkpoint(path, {})
    trainers, found = run_all(checkpoint)
    assert len(steps) == 3 * max_iter + 1
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[k], other[k], equal_nan=True) for k in one)
    for one, other in zip(trainers, expected_trainers, strict=True):
        assert torch.equal(one.projectors, other.projectors)
        state = other.autoencoder.state_dict()
        for name, tensor in one.autoencoder.state_dict().items():
            assert torch.equal(tensor, state[name])
    checkpoint.finish()
    assert list(tmp_path.iterdir()) == []


def test_writing_takes_a_small_share_of_the_time(tmp_path, monkeypatch):
    now, spent = 0.0, 0.0
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now)
    checkpoint, trainer = Checkpoint(tmp_path / "checkpoint", {}), make_trainer()
    checkpoint.resume(trainer)
    writes = []

    def write():
        nonlocal now, spent
        cost = 0.3 if now > 500 else 0.05
        now, spent = now + cost, spent + cost
        writes.append(now)

    monkeypatch.setattr(checkpoint, "_write", write)
    while now < 1000:
        now += 0.4
        checkpoint.keep(trainer, [])
    assert spent < 0.02 * now
    assert len(writes) > 50
    assert np.diff(writes).max() < 60


def test_a_checkpoint_holds_no_code(tmp_path, monkeypatch, eager):
    fit_until(EPOCH + 1, "game", tmp_path / "checkpoint", monkeypatch)
    document, arrays = read_file(tmp_path / "checkpoint", "checkpoint", "")
    assert len(document["runs"][0]["history"]) == 1
    assert arrays["0/own.n_iter"] == EPOCH
    with pytest.raises(
        ValueError, match="is a symdisc checkpoint, not a symdisc model"
    ):
        symdisc.load(tmp_path / "checkpoint")


# --- refused ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def left_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("left") / "checkpoint"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checkpoints, "MAX_FRACTION", 1e9)
        fit_until(2 * EPOCH + 1, "game", path, patched)
    return path.read_bytes()


@pytest.fixture
def left(left_bytes, tmp_path, eager):
    """Checkpoint that a fit of "game" has left."""
    path = tmp_path / "checkpoint"
    path.write_bytes(left_bytes)
    return path


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"degree": 1}, r"parameters \['degree'\] had other values"),
        ({"n_restarts": 2, "max_iter": 20}, r"\['max_iter', 'n_restarts'\]"),
        ({"random_state": 1}, "starts from other numbers: X, y, t, groups or random"),
        ({"n_samples": 51}, "starts from other numbers: X, y, t, groups or random"),
    ],
)
def test_another_fit_is_refused(left, others, reason):
    before = left.read_bytes()
    with pytest.raises(ValueError, match=f"another fit: .*{reason}.*Delete it, or"):
        fit("game", left, **others)
    assert left.read_bytes() == before


def test_other_data_of_the_same_shape_are_refused(left):
    X, X_dot, _, _ = embedded_rotation(0, 50, n_features=3)
    X[20, 1] += 1e-6
    est = MAKE["game"](max_iter=MAX_ITER, random_state=0, checkpoint=left)
    with pytest.raises(ValueError, match=r"another fit: .*X, y, t, groups"):
        est.fit(X, X_dot)


def test_what_says_nothing_about_the_result_may_change(left):
    random = np.random.RandomState(0)
    assert fit("game", left, random_state=random, verbose=0).n_iter_ == MAX_ITER


def test_another_version_is_refused(left, monkeypatch):
    monkeypatch.setattr(checkpoints, "version", lambda _: "3.1")
    with pytest.raises(ValueError, match=r"with symdisc .*, and this is 3\.1"):
        fit("game", left)


@pytest.mark.parametrize("damage", [lambda b: b[:-5], lambda b: b[:-5] + b"ABCDE"])
def test_a_damaged_checkpoint_is_refused(left, damage):
    left.write_bytes(damage(left.read_bytes()))
    with pytest.raises(ValueError, match=r"is damaged .* Delete it, or choose"):
        fit("game", left)


def test_a_made_up_checkpoint_is_refused(left):
    document, arrays = read_file(left, "checkpoint", "")
    for edit in (
        lambda d, a: d.pop("origin"),
        lambda d, a: d.update(runs=[1]),
        lambda d, a: a.pop("0/generator"),
        lambda d, a: a.update({"0/adversary.frame": np.zeros(3)}),
    ):
        changed = dict(document), dict(arrays)
        edit(*changed)
        write_file(left, "checkpoint", *changed)
        with pytest.raises(ValueError, match=r"is damaged .* Delete it, or choose"):
            fit("game", left)


def test_a_model_is_no_checkpoint(tmp_path):
    with pytest.warns(ConvergenceWarning, match="has not converged: after max_iter=1 "):
        est = fit("equations", max_iter=1)
    est.save(tmp_path / "model")
    with pytest.raises(
        ValueError, match="is a symdisc model, not a symdisc checkpoint"
    ):
        fit("equations", tmp_path / "model")


def test_bad_parameters(tmp_path):
    with pytest.raises(ValueError, match=r"random_state=None .* Set random_state"):
        fit("game", tmp_path / "checkpoint", random_state=None)
    with pytest.raises(ValueError, match="directory that does not exist"):
        fit("game", tmp_path / "none" / "checkpoint")
    with pytest.raises(ValueError, match="'checkpoint' parameter"):
        fit("game", 3)


# --- interrupted -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("iteration", "said"),
    [
        (1, "had not started"),
        (40, "had not started"),
        (130, r"Adversarial training was 7\d% complete"),
    ],
)
@pytest.mark.parametrize("kind", ["game"])
def test_ctrl_c_keeps_what_was_learned(kind, iteration, said, monkeypatch):
    stop_at(iteration, KeyboardInterrupt(), monkeypatch)
    after = f"interrupted after {iteration - 1} of {MAX_ITER} iterations.*{said}"
    with pytest.warns(ConvergenceWarning, match=after):
        est = fit(kind)
    X, _, _, _ = embedded_rotation(0, 50, n_features=3)
    assert est.n_iter_ == iteration - 1
    assert np.isfinite(est.inverse_transform(est.transform(X))).all()
    n_epochs = -(-(iteration - 1) // EPOCH)
    assert len(est.history_.get("reconstruction", [])) == n_epochs
    if "not" in said:
        assert not est.lie_algebra_
        assert est.agreement_ is None or np.isnan(est.agreement_)
    else:
        assert len(est.lie_algebra_) == 1
        assert 0 <= est.agreement_ <= 1


def test_ctrl_c_without_adversaries(monkeypatch):
    stop_at(31, KeyboardInterrupt(), monkeypatch)
    with pytest.warns(ConvergenceWarning, match=r"interrupted .* is kept\.$"):
        est = fit("equations")
    assert est.n_iter_ == 30
    assert est.lie_algebra_ is None


def test_ctrl_c_leaves_the_checkpoint(tmp_path, monkeypatch, eager):
    path = tmp_path / "checkpoint"
    with monkeypatch.context() as patched:
        stop_at(2 * EPOCH + 9, KeyboardInterrupt(), patched)
        with pytest.warns(
            ConvergenceWarning, match="Fit again to go on from checkpoint"
        ):
            est = fit("game", path)
    assert est.n_iter_ == 2 * EPOCH + 8
    resumed = fit("game", path)
    assert not path.exists()
    assert saved(resumed, tmp_path / "a") == saved(fit("game"), tmp_path / "b")


def test_ctrl_c_before_training_ends_the_fit(monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("symdisc._latent.problem.search", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit("game")


def fit_until_interrupted():
    """Fit for ever; say when training has begun, and how it ended."""
    step = Trainer._step

    def slow(trainer, progress):
        if trainer.n_iter == 30:
            print("go", flush=True)  # noqa: T201
        time.sleep(0.01)
        return step(trainer, progress)

    Trainer._step = slow
    # Jobs in the background of a script inherit that it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        est = fit("game", max_iter=100_000)
    print(est.n_iter_, caught[0].message)  # noqa: T201


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_a_real_interrupt():
    script = "import test_checkpoint as t; t.fit_until_interrupted()"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "go\n"
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    n_iter, message = said.split(maxsplit=1)
    assert 30 <= int(n_iter) < 100_000
    assert f"interrupted after {n_iter} of 100000 iterations" in message
