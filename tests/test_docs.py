"""What the documentation says exists, and what exists is documented."""

import ast
import doctest
import inspect
import re
from pathlib import Path

import pytest

import symdisc
import symdisc.cluster
import symdisc.datasets
import symdisc.metrics
import symdisc.plotting

ROOT = Path(__file__).parents[1]
# Without sg_execution_times.rst, which building the gallery leaves there.
PAGES = [
    path
    for path in sorted([*ROOT.glob("*.rst"), *(ROOT / "docs").glob("*.rst")])
    if path.stem != "sg_execution_times"
]
MODULES = [
    symdisc,
    symdisc.cluster,
    symdisc.metrics,
    symdisc.datasets,
    symdisc.plotting,
]
ESTIMATORS = (
    *(symdisc.LatentSymmetryDiscoverer, symdisc.LatentSINDy),
    *(symdisc.AugmentedRegressor, symdisc.AugmentedClassifier),
    *(symdisc.EquivariantRegressor, symdisc.InvariantClassifier),
    symdisc.InvariantFeatures,
)


def names(path):
    return path.relative_to(ROOT).as_posix()


def code_blocks(text):
    """Return the bodies of all blocks of Python, without their indentation."""
    pattern = r"^\.\. code-block:: python\n\n((?:(?: {4}.*)?\n)+)"
    blocks = re.findall(pattern, text, flags=re.MULTILINE)
    return [inspect.cleandoc(block) for block in blocks]


@pytest.mark.parametrize("path", PAGES, ids=names)
def test_snippets_are_python(path):
    text = path.read_text(encoding="utf-8")
    examples = doctest.DocTestParser().get_examples(text)
    for source in [*code_blocks(text), *(example.source for example in examples)]:
        ast.parse(source)


def test_snippets_are_seen():
    assert len(code_blocks((ROOT / "README.rst").read_text(encoding="utf-8"))) >= 3


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_public_names_are_in_the_reference(module):
    listed = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8").split()
    prefix = module.__name__.removeprefix("symdisc").lstrip(".")
    missing = [
        name
        for name in module.__all__
        if (f"{prefix}.{name}" if prefix else name) not in listed
    ]
    assert not missing, "add these to docs/api.rst"


def public_docstrings():
    """Yield the name and docstring of all public objects and their public methods."""
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            yield f"{module.__name__}.{name}", inspect.getdoc(value)
            for member in dir(value) if inspect.isclass(value) else ():
                if not member.startswith("_"):
                    docstring = inspect.getdoc(getattr(value, member))
                    yield f"{module.__name__}.{name}.{member}", docstring


def test_public_docstrings_are_found():
    docstrings = dict(public_docstrings())
    assert docstrings["symdisc.LatentSINDy"].startswith("Find latent coordinates")
    assert docstrings["symdisc.LatentSINDy.transform"].startswith("Map snapshots")
    assert docstrings["symdisc.LieAlgebra.group_element"]


def test_no_private_modules_in_what_users_read():
    texts = dict(public_docstrings())
    texts |= {names(path): path.read_text(encoding="utf-8") for path in PAGES}
    shown = sorted(name for name, text in texts.items() if "symdisc._" in (text or ""))
    assert not shown, "these have private modules: import from symdisc instead"


def test_reference_has_no_names_that_are_gone():
    text = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    for name in re.findall(r"^ {3}((?:\w+\.)?\w+)$", text, flags=re.MULTILINE):
        assert eval(f"symdisc.{name}").__doc__


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_theory_has_every_parameter(estimator):
    text = (ROOT / "docs" / "theory.rst").read_text(encoding="utf-8")
    for name in inspect.signature(estimator).parameters:
        assert re.search(rf"``{name}\b|\b{name}=", text), f"{name} is not in theory.rst"


def test_every_page_is_linked():
    text = (ROOT / "docs" / "index.rst").read_text(encoding="utf-8")
    linked = text.split()
    pages = {path.stem for path in PAGES if path.parent != ROOT}
    assert pages - {"index"} <= set(linked), "add these to a toctree of docs/index.rst"


def test_examples_have_titles():
    scripts = sorted((ROOT / "examples").glob("*.py"))
    assert len(scripts) >= 8
    for path in scripts:
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        title, underline = docstring.splitlines()[:2]
        assert underline == "=" * len(title), path.name
