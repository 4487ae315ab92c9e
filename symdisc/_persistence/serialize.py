"""Fitted estimators as JSON and arrays, and nothing else.

Every class that is written here is read by `symdisc._persistence.deserialize`. Objects
become JSON objects with a "kind"; one that occurs again becomes a reference, so that an
encoder and a decoder still have one network. Sympy expressions become text that is
read without evaluation and gives the same expressions.
"""

import math
import os
from dataclasses import fields
from functools import singledispatchmethod

import numpy as np
import sympy
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import MetadataRequest
from sklearn.utils.validation import check_is_fitted
from torch import nn

from symdisc._discrete.finite_group import FiniteGroup
from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc._equations.model_path import ModelPath
from symdisc._equations.space_table import SpaceTable
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.invariants import InvariantPolynomials
from symdisc._lie.representation import Block, Scalars, Translations
from symdisc._persistence.container import DTYPES, write_file
from symdisc._persistence.formulas import CannotWriteError, write_formula, write_symbol

# Layers of torch that modules of this package consist of.
LAYERS = (
    *(nn.Linear, nn.GELU, nn.SiLU, nn.Sequential, nn.ParameterList),
    *(nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d),
    *(nn.Flatten, nn.Unflatten),
)
# What every module has, beside its own attributes.
INTERNAL = frozenset(vars(nn.Module()))


class Writer:
    """Turns objects into what JSON can hold, and arrays beside it.

    Attributes
    ----------
    arrays : dict of ndarray
        The arrays written so far, by the names that the JSON refers to.
    """

    def __init__(self):
        self.arrays = {}
        self._written, self._numbers = [], {}

    def write(self, value):
        """Return a document; references count objects in the order of completion."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float and math.isfinite(value):
            return value
        if type(value) is list:
            return [self.write(item) for item in value]
        if id(value) in self._numbers:
            return {"kind": "again", "number": self._numbers[id(value)]}
        document = self._object(value)
        # Kept alive, or another object might come to have the same id.
        self._numbers[id(value)] = len(self._written)
        self._written.append(value)
        return document

    @singledispatchmethod
    def _object(self, value):
        raise CannotWriteError(
            f"a {type(value).__module__}.{type(value).__qualname__}, which a file "
            "without code cannot hold"
        )

    @_object.register
    def _(self, value: float):
        return {"kind": "float", "text": repr(float(value))}

    @_object.register
    def _(self, value: tuple):
        if type(value) is not tuple:
            raise CannotWriteError(f"a {type(value).__name__}, not a plain tuple")
        return {"kind": "tuple", "items": [self.write(item) for item in value]}

    @_object.register
    def _(self, value: dict):
        if type(value) is not dict or not all(type(key) is str for key in value):
            raise CannotWriteError("a dict with keys that are not text")
        items = {key: self.write(item) for key, item in value.items()}
        return {"kind": "dict", "items": items}

    @_object.register
    def _(self, value: np.generic):
        if isinstance(value, np.str_):
            return {"kind": "text", "text": str(value)}
        return {"kind": "scalar", "array": self._stored(np.asarray(value))}

    @_object.register
    def _(self, value: np.ndarray):
        if type(value) is np.ndarray and value.dtype.kind in "OU":
            texts = value.tolist()
            if value.ndim == 1 and all(type(text) is str for text in texts):
                dtype = "object" if value.dtype.kind == "O" else "str"
                return {"kind": "texts", "texts": texts, "dtype": dtype}
        return {"kind": "array", **self._stored(value)}

    @_object.register
    def _(self, value: torch.Tensor):
        return {"kind": "tensor", **self._stored(value.detach().cpu().numpy())}

    def _stored(self, array):
        """Store an array; say its name and in which order its axes lie in memory."""
        if type(array) is not np.ndarray or array.dtype.name not in DTYPES.values():
            raise CannotWriteError(f"an array of dtype {array.dtype}")
        name = str(len(self.arrays))
        order = _order_of_axes(array)
        native = array.transpose(order).astype(array.dtype.newbyteorder("="))
        self.arrays[name] = np.array(native, order="C")
        return {"name": name, "order": order}

    @_object.register
    def _(self, value: torch.device):
        return {"kind": "device", "text": str(value)}

    @_object.register
    def _(self, value: os.PathLike):
        return {"kind": "path", "text": os.fspath(value)}

    @_object.register
    def _(self, value: np.random.RandomState):
        name, key, *rest = value.get_state()
        if name != "MT19937":
            raise CannotWriteError(f"a RandomState of {name} instead of MT19937")
        state = [key.tolist(), *rest]
        return {"kind": "random state", "state": [self.write(part) for part in state]}

    @_object.register
    def _(self, value: sympy.Expr):
        try:
            return {"kind": "formula", **write_formula(value)}
        except ValueError as error:
            raise CannotWriteError(f"the expression {value}: {error}") from error

    @_object.register
    def _(self, value: CandidateLibrary):
        return {
            "kind": "library",
            "expressions": [self.write(e) for e in value.expressions],
            "symbols": [write_symbol(symbol) for symbol in value.symbols],
        }

    @_object.register
    def _(self, value: EquationSystem):
        names = ("coefficients", "library", "digits", "errors", "order")
        return {
            "kind": "equations",
            "inputs": list(value.inputs),
            "discrete": value.discrete,
            **{name: self.write(getattr(value, name)) for name in names},
        }

    @_object.register
    def _(self, value: ModelPath):
        models = [[list(model) for model in models] for models in value.models]
        return {
            "kind": "model path",
            "equations": self.write(value.equations),
            "models": self.write(models),
        }

    @_object.register
    def _(self, value: SpaceTable):
        rows = [dict(vars(row)) for row in value]
        return {"kind": "spaces", "rows": self.write(rows)}

    @_object.register
    def _(self, value: LieAlgebra):
        # The rounded generators follow from the others.
        known = {k: v for k, v in vars(value).items() if k != "_generators"}
        return {
            "kind": "algebra",
            "name": type(value).__name__,
            "attributes": self._named(type(value), known),
        }

    @_object.register
    def _(self, value: FiniteGroup):
        return {
            "kind": "finite group",
            "attributes": self._named(FiniteGroup, vars(value)),
        }

    @_object.register
    def _(self, value: InvariantPolynomials):
        return {
            "kind": "invariants",
            "coefficients": self.write(list(value.coefficients)),
            "n_variables": value.n_variables,
            "formulas": [self.write(e) for e in value.expressions],
        }

    @_object.register(Block)
    @_object.register(Scalars)
    @_object.register(Translations)
    def _(self, value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        return {
            "kind": "block",
            "name": type(value).__name__,
            "given": self.write(given),
        }

    @_object.register
    def _(self, value: nn.Module):
        cls = type(value)
        if not cls.__module__.startswith("symdisc.") and cls not in LAYERS:
            raise CannotWriteError(
                f"the module {cls.__qualname__}, whose code a file cannot hold"
            )
        own = {k: v for k, v in vars(value).items() if k not in INTERNAL}
        parameters = value._parameters.items()
        return {
            "kind": "module",
            "name": cls.__name__,
            "training": value.training,
            "attributes": self._named(cls, own),
            "parameters": {k: self._parameter(v) for k, v in parameters},
            "buffers": {k: self.write(v) for k, v in value._buffers.items()},
            "modules": {k: self.write(v) for k, v in value._modules.items()},
        }

    def _parameter(self, value):
        if value is None:
            return None
        return [self.write(value), value.requires_grad]

    @_object.register
    def _(self, value: MetadataRequest):
        methods = {k: v for k, v in vars(value).items() if hasattr(v, "requests")}
        requests = {name: self.write(v.requests) for name, v in methods.items()}
        return {"kind": "requests", "requests": requests}

    @_object.register
    def _(self, value: BaseEstimator):
        cls = type(value)
        if not cls.__module__.startswith("symdisc."):
            raise CannotWriteError(
                f"the estimator {cls.__qualname__} of another package"
            )
        parameters = value.get_params(deep=False)
        fitted = {k: v for k, v in vars(value).items() if k not in parameters}
        return {
            "kind": "estimator",
            "name": cls.__name__,
            "parameters": self._each("parameter", parameters),
            "fitted": self._each("attribute", self._checked(cls, fitted)),
        }

    def _each(self, what, values):
        return {name: self._at(what, name, value) for name, value in values.items()}

    def _at(self, what, name, value):
        try:
            return self.write(value)
        except CannotWriteError as error:
            raise CannotWriteError(f"{what} {name} is or has {error}") from error

    def _named(self, cls, values):
        return {k: self.write(v) for k, v in self._checked(cls, values).items()}

    def _checked(self, cls, values):
        for name in values:
            check_name(cls, name)
        return values


def _order_of_axes(array):
    """Return axes from the outermost to the innermost in memory.

    The last bits of a matrix product depend on it. Strides of axes of length 1 mean
    nothing, but where the others are in their order, so are these.
    """
    order = sorted(range(array.ndim), key=lambda i: -abs(array.strides[i]))
    long = [i for i in order if array.shape[i] != 1]
    if long == sorted(long):
        return list(range(array.ndim))
    return [i for i in range(array.ndim) if array.shape[i] == 1] + long


def check_name(cls, name):
    """Refuse a name that is not that of an attribute of an object's own."""
    if not name.isidentifier() or name.startswith("__") or hasattr(cls, name):
        raise CannotWriteError(f"{name[:80]!r} as an attribute of {cls.__name__}")


def save(est, path):
    """Write a fitted estimator into a file; see `LatentEstimator.save`."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path is {path!r}; give the name of a file.")
    check_is_fitted(est)
    writer = Writer()
    try:
        document = writer.write(est)
    except CannotWriteError as error:
        raise ValueError(
            f"This {type(est).__name__} cannot be saved: {error}. Use "
            "joblib.dump(est, path), whose files must be trusted to be loaded; or, if "
            "it is a parameter that only fit needs, reset that by set_params first."
        ) from error
    write_file(path, "model", document, writer.arrays)
