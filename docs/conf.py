"""Settings of Sphinx."""

import re
import tempfile
from importlib import metadata
from pathlib import Path

import matplotlib
from sphinx_gallery.sorting import ExplicitOrder

matplotlib.use("agg")
HERE = Path(__file__).parent
# Those that one learns most from come first, and those not named here last.
EXAMPLES = [
    "own_data",
    "reaction_diffusion",
    "lorenz",
    "pendulum_movie",
    "lotka_volterra",
    "pipeline_search",
    "double_bump",
    "rotating_object",
]

project = "symdisc"
author = copyright = "symdisc developers"  # noqa: A001
release = version = metadata.version("symdisc")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = [
    "_build",
    "_templates",
    "**/GALLERY_HEADER.rst",
    "auto_examples/sg_execution_times*",
]
html_theme = "alabaster"
html_theme_options = {
    "description": "Symmetries, coordinates and equations of data",
    "fixed_sidebar": True,
    "page_width": "1100px",
}

autosummary_generate = True
numpydoc_show_class_members = False

# The configuration of the gallery has a function in it, which cannot be cached.
suppress_warnings = ["config.cache"]
sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "within_subsection_order": ExplicitOrder(
        [*(f"plot_{name}.py" for name in EXAMPLES), "*"]
    ),
    # Pictures that scripts save do not belong into the source tree.
    "reset_argv": lambda _, names: [
        str(Path(tempfile.gettempdir()) / Path(names["src_file"]).stem)
    ],
    "show_memory": False,
    "download_all_examples": False,
    "abort_on_example_error": True,
}


def setup(app):
    """Leave out links of inherited docstrings to the guide of scikit-learn."""

    def plain(app, what, name, obj, options, lines):
        lines[:] = [
            re.sub(r":ref:`([^`<]+) <\w+_score>`", r"\1", line) for line in lines
        ]

    app.connect("autodoc-process-docstring", plain)
