"""Load a saved estimator, from a file that need not be trusted."""

import math
from pathlib import Path

import numpy as np
import sympy
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import MetadataRequest
from torch import nn

from symdisc._data.validation import check_device
from symdisc._discrete.finite_group import FiniteGroup
from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc._equations.model_path import ModelPath
from symdisc._equations.space_table import SpaceTable, TriedSpace
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.invariants import InvariantPolynomials
from symdisc._lie.representation import Block, Scalars, Translations
from symdisc._numerics.rounding import rounded_matrix
from symdisc._persistence.container import damaged, read_file
from symdisc._persistence.formulas import read_formula, read_symbol
from symdisc._persistence.serialize import INTERNAL, LAYERS, check_name

LAYERS_BY_NAME = {cls.__name__: cls for cls in LAYERS}
CONVOLUTIONS = nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d
REMEDY = "Save the estimator again, or use another copy of the file."
BLOCKS = {cls.__name__: cls for cls in (Block, Scalars, Translations)}


def load(path, device="cpu"):
    """Load an estimator that was saved by its method `save`.

    No code is executed from the file, so it need not be trusted: what it may contain
    is numbers, text, arrays, formulas, and the names of classes of this package.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    device : str or torch.device, default="cpu"
        Where the encoder and the decoder are to be, wherever they were.

    Returns
    -------
    estimator : LatentSymmetryDiscoverer, LatentSINDy, EquivariantRegressor and others
        Its methods return the same as those of the estimator that was saved, to the
        last bit on the same kind of machine.

    Raises
    ------
    ValueError
        If the file is damaged, of another kind or from a newer version of the package.
    OSError
        If there is no file, or it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from symdisc import LatentSINDy, load
    >>> t = np.linspace(0, 10, 500)
    >>> X = np.column_stack([np.cos(t), -np.sin(t)])
    >>> est = LatentSINDy(autoencoder="none", degree=1).fit(X, t=t)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     est.save(f"{folder}/model.safetensors")
    ...     again = load(f"{folder}/model.safetensors")
    >>> print(again.equations_)
    dz0/dt = z1
    dz1/dt = -z0
    """
    device = check_device(device)
    document, arrays = read_file(path, "model", REMEDY)
    # Whatever a made-up document runs into ends here.
    try:
        est = _Reader(arrays, Path(path).stat().st_size, device).read(document)
        _try_out(est)
    except Exception as error:
        reason = f"{type(error).__name__}, {str(error)[:300]}"
        raise damaged(path, reason, REMEDY) from error
    return est


class _Reader:
    """Makes objects of what `symdisc._persistence.serialize.Writer` has written."""

    def __init__(self, arrays, size, device):
        self.arrays, self.size, self.device = arrays, size, device
        self._read = []

    def read(self, document):
        if isinstance(document, list):
            return [self.read(item) for item in document]
        if not isinstance(document, dict):
            return document
        content = dict(document)
        kind = content.pop("kind")
        if kind == "again":
            return self._again(**content)
        if kind not in READERS:
            raise ValueError(f"{str(kind)[:80]!r} is no kind of object")
        value = READERS[kind](self, **content)
        self._read.append(value)
        return value

    def _again(self, number):
        return self._read[number]

    def _float(self, text):
        value = float(text)
        if math.isfinite(value):
            raise ValueError(f"{text[:80]} is not a special number")
        return value

    def _tuple(self, items):
        return tuple(self.read(list(items)))

    def _dict(self, items):
        return {key: self.read(item) for key, item in items.items()}

    def _text(self, text):
        return np.str_(text)

    def _texts(self, texts, dtype):
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("names are not text")
        return np.array(texts, dtype={"object": object, "str": str}[dtype])

    def _scalar(self, array):
        return self._view(**array)[()]

    def _array(self, name, order):
        return np.array(self._view(name, order))

    def _tensor(self, name, order):
        # A clone is aligned as torch likes it, or last bits might differ.
        tensor = torch.from_numpy(self._view(name, order))
        return tensor.clone(memory_format=torch.preserve_format).to(self.device)

    def _view(self, name, order):
        """Return a stored array with its axes as they were."""
        if sorted(order) != list(range(self.arrays[name].ndim)):
            raise ValueError(f"{str(order)[:80]} is no order of axes")
        return self.arrays[name].transpose(np.argsort(np.array(order, dtype=int)))

    def _device(self, text):
        return torch.device(text)

    def _path(self, text):
        return Path(text)

    def _random_state(self, state):
        random = np.random.RandomState()
        key, *rest = self.read(state)
        random.set_state(("MT19937", np.array(key, dtype=np.uint32), *rest))
        return random

    def _formula(self, text, symbols):
        return read_formula({"text": text, "symbols": symbols})

    def _library(self, expressions, symbols):
        symbols = [read_symbol(symbol) for symbol in symbols]
        # Text among them would be a way around the reader of formulas.
        terms = [_expect(sympy.Expr, term) for term in self.read(expressions)]
        return CandidateLibrary(terms, symbols)

    def _equations(self, coefficients, library, **others):
        arguments = (
            self.read(coefficients),
            _expect(CandidateLibrary, self.read(library)),
        )
        return EquationSystem(
            *arguments, **{name: self.read(value) for name, value in others.items()}
        )

    def _model_path(self, equations, models):
        equations = _expect(EquationSystem, self.read(equations))
        shape = equations.coefficients.shape
        models = self.read(models)
        if len(models) != shape[0]:
            raise ValueError("models of other equations")
        for error, coefficients in (model for each in models for model in each):
            _expect(float, error)
            if coefficients.shape != shape[1:]:
                raise ValueError("models of other candidates")
        return ModelPath(equations, models)

    def _spaces(self, rows):
        return SpaceTable(TriedSpace(**row) for row in self.read(rows))

    def _algebra(self, attributes, name="LieAlgebra"):
        cls = (own_classes(LieAlgebra) | {"LieAlgebra": LieAlgebra})[name]
        algebra = cls.__new__(cls)
        vars(algebra).update(self._named(cls, attributes))
        basis, matrices = algebra.basis, algebra.matrices
        square = basis.ndim == 3 and basis.shape[1] == basis.shape[2]
        if not square or matrices.shape != basis.shape:
            raise ValueError("a Lie algebra without square matrices")
        algebra._generators = tuple(
            rounded_matrix(matrix, algebra.decimals) for matrix in matrices
        )
        return algebra

    def _finite_group(self, attributes):
        group = FiniteGroup.__new__(FiniteGroup)
        vars(group).update(self._named(FiniteGroup, attributes))
        if group.elements.ndim != 3 or max(group.generators, default=0) >= group.order:
            raise ValueError("a finite group without its elements")
        return group

    def _invariants(self, coefficients, n_variables, formulas):
        invariants = InvariantPolynomials.__new__(InvariantPolynomials)
        invariants.coefficients = self.read(coefficients)
        invariants.n_variables = n_variables
        formulas = tuple(_expect(sympy.Expr, e) for e in self.read(formulas))
        invariants.expressions = formulas
        return invariants

    def _block(self, name, given):
        return BLOCKS[name](**self.read(given))

    def _module(self, name, training, attributes, parameters, buffers, modules):
        cls = (LAYERS_BY_NAME | own_classes(nn.Module))[name]
        module = cls.__new__(cls)
        nn.Module.__init__(module)
        for key, value in self._named(cls, attributes).items():
            if key in INTERNAL:
                raise ValueError(f"{key!r} as an attribute of {name}")
            # Sizes of what its tensors hold: larger ones would only fill the memory.
            if type(value) is int and abs(value) > self.size:
                raise ValueError(f"{key}={value} of {name} is too large")
            setattr(module, key, value)
        for key, written in parameters.items():
            module.register_parameter(key, self._parameter(written))
        for key, written in buffers.items():
            module.register_buffer(key, self.read(written))
        for key, written in modules.items():
            module.register_module(key, self.read(written))
        if isinstance(module, CONVOLUTIONS):
            _check_layer(module)
        return module.train(training is True)

    def _parameter(self, written):
        if written is None:
            return None
        tensor, requires_grad = written
        return nn.Parameter(self.read(tensor), requires_grad is True)

    def _estimator(self, name, parameters, fitted):
        cls = own_classes(BaseEstimator)[name]
        est = cls(**{key: self.read(value) for key, value in parameters.items()})
        for key, value in self._named(cls, fitted).items():
            if not (key.endswith("_") or key.startswith("_")):
                raise ValueError(f"{key[:80]!r} is no fitted attribute")
            setattr(est, key, value)
        return est

    def _requests(self, requests):
        found = MetadataRequest(owner="")
        for method, written in requests.items():
            for name, alias in self.read(written).items():
                getattr(found, method).add_request(param=name, alias=alias)
        return found

    def _named(self, cls, attributes):
        for name in attributes:
            check_name(cls, name)
        return {name: self.read(value) for name, value in attributes.items()}


READERS = {
    "invariants": _Reader._invariants,
    "block": _Reader._block,
    "float": _Reader._float,
    "tuple": _Reader._tuple,
    "dict": _Reader._dict,
    "text": _Reader._text,
    "texts": _Reader._texts,
    "scalar": _Reader._scalar,
    "array": _Reader._array,
    "tensor": _Reader._tensor,
    "device": _Reader._device,
    "path": _Reader._path,
    "random state": _Reader._random_state,
    "formula": _Reader._formula,
    "library": _Reader._library,
    "equations": _Reader._equations,
    "algebra": _Reader._algebra,
    "finite group": _Reader._finite_group,
    "model path": _Reader._model_path,
    "module": _Reader._module,
    "spaces": _Reader._spaces,
    "estimator": _Reader._estimator,
    "requests": _Reader._requests,
}


def own_classes(base):
    """Return the classes of this package that derive from another, by name."""
    found, waiting = {}, [base]
    while waiting:
        waiting += (subclasses := waiting.pop().__subclasses__())
        own = (c for c in subclasses if c.__module__.startswith("symdisc."))
        found |= {cls.__name__: cls for cls in own}
    return found


def _check_layer(layer):
    """Refuse a convolution whose output is large although it has few weights."""
    kernel = tuple(layer.weight.shape[2:])
    sizes = layer.stride, layer.padding, layer.output_padding, layer.dilation
    fits = all(
        type(size) is int and 0 <= size <= largest
        for given in sizes
        for size, largest in zip(given, kernel, strict=True)
    )
    if layer.kernel_size != kernel or not fits:
        raise ValueError("a convolution with other sizes than its kernel's")


def _expect(cls, value):
    if not isinstance(value, cls):
        raise ValueError(f"a {type(value).__name__} in place of a {cls.__name__}")
    return value


def _try_out(est):
    """Encode and decode one snapshot, or raise: the parts may not fit together."""
    _expect(BaseEstimator, est)
    if not hasattr(est, "encoder_"):
        # Models with a symmetry: one snapshot goes through all that they have.
        run = est.predict if hasattr(est, "predict") else est.transform
        run(np.zeros((1, est.n_features_in_)))
        return
    # Layers that widen have a product that no single one of them shows.
    growth = math.prod(
        math.prod(module.stride)
        for module in est.decoder_.modules()
        if isinstance(module, nn.ConvTranspose1d | nn.ConvTranspose2d)
    )
    if growth > est.n_features_in_:
        raise ValueError("a decoder that widens beyond the snapshots")
    mean = est.encoder_.mean[None].cpu().numpy()
    if mean.shape != (1, est.n_features_in_):
        raise ValueError(f"the mean of the data has shape {mean.shape}")
    latent = est._apply(est.encoder_, mean)
    if latent.shape != (1, est._n_features_out):
        raise ValueError(f"the latents of a snapshot have shape {latent.shape}")
    decoded = est._apply(est.decoder_, latent)
    if decoded.shape != mean.shape:
        raise ValueError(f"a decoded snapshot has shape {decoded.shape}")
