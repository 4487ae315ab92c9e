"""Checkpoints of a training, from which another process resumes it.

What precedes a training is computed again when it is resumed. This may differ from
before: a checkpoint therefore has a checksum of all that its training started from, and
a training that starts from anything else refuses it.
"""

import time
import warnings
from importlib.metadata import version
from numbers import Real
from pathlib import Path

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from symdisc._persistence.container import (
    checksum,
    damaged,
    parts_of,
    read_file,
    write_file,
)
from symdisc._persistence.formulas import CannotWriteError
from symdisc._persistence.serialize import Writer

# Largest fraction of the time for writing, and estimated seconds of the first time.
MAX_FRACTION = 0.01
FIRST_COST = 0.02
# These do not change the result; `random_state` acts through what it draws.
INDIFFERENT = {"checkpoint", "random_state", "verbose"}
REMEDY = "Delete it, or choose another file as checkpoint."


class Checkpoint:
    """Keeps the state of the trainings that one fit consists of.

    Parameters
    ----------
    path : Path
        The file; read if it exists.
    parameters : dict of str
        A checksum of each parameter of the estimator.
    """

    def __init__(self, path, parameters):
        self.path = path
        self.origin = {
            "parameters": parameters,
            "symdisc": version("symdisc"),
            "torch": torch.__version__,
        }
        self.found, self.runs, self._trainers = [], [], []
        if path.exists():
            self.found = self._read()
        self._last, self._cost = time.monotonic(), FIRST_COST

    @classmethod
    def of(cls, est):
        """Return the checkpoint that an estimator asks for, or None."""
        if est.checkpoint is None:
            return None
        path = Path(est.checkpoint)
        if not path.absolute().parent.is_dir():
            raise ValueError(
                f"checkpoint={str(path)!r} is in a directory that does not exist. "
                "Create the directory."
            )
        if est.random_state is None:
            raise ValueError(
                "random_state=None makes every fit another one, of which none can be "
                f"resumed from checkpoint={str(path)!r}. Set random_state to an int."
            )
        parameters = est.get_params(deep=False).items()
        return cls(path, {k: _digest(v) for k, v in parameters if k not in INDIFFERENT})

    def resume(self, trainer):
        """Bring a trainer to where the checkpoint left it; return its history."""
        self._trainers.append(trainer)
        arrays = _state(trainer)
        start = checksum(_inputs(trainer), arrays)
        number = len(self.runs)
        self.runs.append({"start": start, "history": [], "arrays": arrays})
        if number >= len(self.found):
            return []
        run = self.found[number]
        if run["start"] != start:
            raise self._mismatch(
                "training starts from other numbers: X, y, t, groups or random_state "
                "are others, or the machine computes otherwise"
            )
        self.runs[number] = run
        try:
            _restore(trainer, run["arrays"])
        except (LookupError, RuntimeError, TypeError) as error:
            raise damaged(self.path, error, REMEDY) from error
        return list(run["history"])

    def keep(self, trainer, history):
        """Note the state of a trainer; write it unless that was done just now."""
        begin = time.monotonic()
        is_over = trainer.n_iter == trainer.settings.max_iter
        due = begin - self._last >= self._cost / MAX_FRACTION
        if not (due or is_over):
            return
        self.runs[-1] |= {"history": list(history), "arrays": _state(trainer)}
        if due:
            self._write()
            self._last = time.monotonic()
            self._cost = self._last - begin

    def finish(self):
        """Remove the file, unless a training was interrupted, at the end of a fit."""
        if any(
            trainer.n_iter < trainer.settings.max_iter for trainer in self._trainers
        ):
            return
        self.path.unlink(missing_ok=True)
        for part in parts_of(self.path):
            part.unlink(missing_ok=True)

    def _write(self):
        arrays, runs = {}, []
        for number, run in enumerate(self.runs):
            runs.append({key: run[key] for key in ("start", "history")})
            arrays |= {f"{number}/{key}": value for key, value in run["arrays"].items()}
        document = {"origin": self.origin, "runs": runs}
        write_file(self.path, "checkpoint", document, arrays)

    def _read(self):
        document, arrays = read_file(self.path, "checkpoint", REMEDY)
        try:
            self._check_origin(document["origin"])
            runs = [
                {k: run[k] for k in ("start", "history")} for run in document["runs"]
            ]
        except (LookupError, TypeError, AttributeError) as error:
            raise damaged(self.path, error, REMEDY) from error
        for number, run in enumerate(runs):
            prefix = f"{number}/"
            run["arrays"] = {
                key.removeprefix(prefix): value
                for key, value in arrays.items()
                if key.startswith(prefix)
            }
        return runs

    def _check_origin(self, origin):
        old, new = (o["parameters"] for o in (origin, self.origin))
        changed = sorted(k for k in old | new if old.get(k) != new.get(k))
        if changed:
            raise self._mismatch(f"the parameters {changed} had other values")
        for name in ("symdisc", "torch"):
            if origin[name] != self.origin[name]:
                raise self._mismatch(
                    f"it was written with {name} {origin[name]}, and this is "
                    f"{self.origin[name]}"
                )

    def _mismatch(self, reason):
        return ValueError(
            f"checkpoint={str(self.path)!r} belongs to another fit: {reason}. {REMEDY}"
        )


def _digest(value):
    """Checksum of a parameter, or of its type where it cannot be written."""
    writer = Writer()
    try:
        document = writer.write(value)
    except CannotWriteError:
        return f"{type(value).__module__}.{type(value).__qualname__}"
    return checksum({"value": str(document)}, writer.arrays)


def _inputs(trainer):
    """Return what training depends on beside its initial state, as text."""
    settings = {
        name: value
        for name, value in vars(trainer.settings).items()
        if name not in INDIFFERENT
    }
    data = Writer()
    document = data.write(dict(vars(trainer.snapshots)))
    return {
        "settings": str(settings),
        "library": str(trainer.library.names),
        "snapshots": str(document) + checksum({}, data.arrays),
    }


def _tensors(trainer):
    """Return all tensors that training changes in place, by name."""
    tensors = {}
    for name in ("autoencoder", "adversary"):
        module = getattr(trainer, name)
        state = {} if module is None else module.state_dict()
        tensors |= {f"{name}.{key}": tensor for key, tensor in state.items()}
    for i, state in enumerate(trainer.optimizer.state.values()):
        tensors |= {f"optimizer.{i}.{key}": tensor for key, tensor in state.items()}
    return tensors


def _state(trainer):
    """Return all that training has come to, as arrays by name."""
    tensors = _tensors(trainer) | {"generator": trainer.generator.get_state()}
    for name, value in vars(trainer).items():
        if isinstance(value, torch.Tensor):
            tensors[f"own.{name}"] = value
        elif isinstance(value, Real):
            tensors[f"own.{name}"] = torch.from_numpy(np.array(value))
    return {key: _array(tensor) for key, tensor in tensors.items()}


def _array(tensor):
    return np.array(tensor.detach().cpu().numpy(), order="C")


@torch.no_grad()
def _restore(trainer, arrays):
    """Undo `_state`; what is changed in place keeps its layout in memory."""
    state = {key: torch.from_numpy(array) for key, array in arrays.items()}
    trainer.generator.set_state(state["generator"])
    for key, tensor in _tensors(trainer).items():
        tensor.copy_(state[key])
    device = trainer.generator.device
    for key, tensor in state.items():
        if key.startswith("own."):
            name = key.removeprefix("own.")
            number = isinstance(getattr(trainer, name), Real)
            value = tensor.item() if number else tensor.to(device)
            setattr(trainer, name, value)


def warn_of_interruption(n_iter, max_iter, game, checkpoint):
    """Warn that a training ended early, and say what its result is worth.

    Parameters
    ----------
    n_iter, max_iter : int
        Iterations that were run, and that were asked for.
    game : float or None
        Share of the adversaries' game that was played; not above 0 where they had not
        joined, and None where there are none.
    checkpoint : Checkpoint or None
    """
    text = (
        f"Training was interrupted after {n_iter} of {max_iter} iterations, and what "
        "was learned until then is kept."
    )
    if game is not None and game > 0:
        text += (
            f" Adversarial training was {game:.0%} complete: the symmetry is "
            "provisional, see agreement_."
        )
    elif game is not None:
        text += (
            " Adversarial training had not started, and no symmetry was looked for: "
            "lie_algebra_ is empty or None."
        )
    if checkpoint is not None and checkpoint.path.exists():
        text += f" Fit again to go on from checkpoint={str(checkpoint.path)!r}."
    warnings.warn(text, ConvergenceWarning, stacklevel=7)
