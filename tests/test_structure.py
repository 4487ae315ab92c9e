"""The folders show the method: imports point down, and no file is long."""

import ast
from pathlib import Path

import pytest

import symdisc

PACKAGE = Path(symdisc.__file__).parent
MODULES = {
    "symdisc." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# From the ground up: a folder imports from those before it.
FOLDERS = [
    "_numerics",
    "_data",
    "_intake",
    "_lie",
    "_equations",
    "_sindy",
    "_implicit",
    "_errors_in_variables",
    "_symmetry",
    "_discrete",
    "_sparse_latents",
    "_persistence",
    "datasets",
    "_latent",
    "autoencoders",
    "_diagnostics",
    "_conserved",
    "plotting",
    "_estimators",
    "_downstream",
    "_report",
]
# What is to be replaced is left as it was. Constructors of estimators assign parameters
# and do nothing else.
LONG = {"read_blocks", "__init__"}


def folder_of(module):
    return module.split(".")[1]


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            targets = [node.module or ""]
            targets += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            continue
        yield from (target for target in targets if target.startswith("symdisc."))


def test_every_folder_has_its_floor():
    found = {p.parent.name for p in PACKAGE.rglob("__init__.py")} - {"symdisc"}
    assert found == set(FOLDERS)


def test_imports_point_down():
    upward = [
        f"{module} -> {target}"
        for module, path in MODULES.items()
        for target in imports_of(path)
        if folder_of(module) in FOLDERS
        and FOLDERS.index(folder_of(target)) > FOLDERS.index(folder_of(module))
    ]
    assert not upward


def test_modules_of_a_folder_do_not_import_each_other_in_a_circle():
    below = {m: set(imports_of(path)) & MODULES.keys() for m, path in MODULES.items()}
    while below:
        ground = [m for m, targets in below.items() if not targets & below.keys()]
        assert ground, f"a circle among {sorted(below)}"
        for module in ground:
            del below[module]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_seen_at_a_glance(folder):
    modules = [p for p in (PACKAGE / folder).glob("*.py") if p.stem != "__init__"]
    assert 1 <= len(modules) <= (20 if folder == "datasets" else 16)


def length(function):
    """Lines of a function, less its docstring."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


@pytest.mark.parametrize("path", MODULES.values(), ids=MODULES)
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    long = {f.name for f in functions if length(f) > 40}
    assert long <= LONG


def test_imports_are_seen():
    assert "symdisc._lie.compact" in imports_of(MODULES["symdisc._symmetry.solver"])
