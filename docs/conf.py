"""Settings of Sphinx."""

import tempfile
from pathlib import Path

import matplotlib
from sphinx_gallery.sorting import ExplicitOrder

matplotlib.use("agg")
HERE = Path(__file__).parent

project = "symdisc"
author = copyright = "symdisc developers"  # noqa: A001
release = version = "0.1.0.dev0"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "_build",
    "**/GALLERY_HEADER.rst",
    "auto_examples/sg_execution_times*",
]
html_theme = "alabaster"
html_theme_options = {
    "description": "Symmetries, coordinates and equations of data",
    "fixed_sidebar": True,
    "page_width": "1100px",
}
default_role = "any"

autosummary_generate = True
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "within_subsection_order": ExplicitOrder([]),
    # Pictures that scripts save do not belong into the source tree.
    "reset_argv": lambda _, names: [
        str(Path(tempfile.gettempdir()) / Path(names["src_file"]).stem)
    ],
    "show_memory": False,
    "download_all_examples": False,
    "abort_on_example_error": True,
}
