"""Sphinx: ``sphinx-build -W docs results/docs``, without a network."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import inventories
import pages

project, author, copyright = (
    "brian_rflo",
    "the authors of brian_rflo",
    "2026, the authors of brian_rflo",
)
version = release = version_of("brian_rflo")

pages.make()
inventories.make(pages.MADE)

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
    "site_parts",
]
exclude_patterns = [
    "made/examples",
    pages.REFERENCE,
    "figures",
    "made/gallery/*.ipynb",
    "made/figures/*.ipynb",
    "**/.ipynb_checkpoints",
]
suppress_warnings = ["config.cache"]  # sphinx_gallery's own settings are functions
templates_path, html_static_path, html_css_files = ["_templates"], ["_static"], ["brian_rflo.css"]
html_theme, html_title, html_copy_source = "furo", f"brian_rflo {version}", False
html_math_renderer = "mathml"
pygments_style, pygments_dark_style = "friendly", "monokai"

default_role = "py:obj"
autosummary_generate = [pages.REFERENCE]
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_ivar = False
napoleon_attr_annotations = False
napoleon_use_rtype = False
napoleon_preprocess_types = True
napoleon_type_aliases = {"Quantity": "`~brian2.Quantity`", "ndarray": "`~numpy.ndarray`"}
intersphinx_mapping = {
    name: (where, str(pages.MADE / f"{name}.inv")) for name, where in inventories.SITES.items()
}

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_execution_show_tb = True
nb_merge_streams = True

sphinx_gallery_conf = dict(
    examples_dirs=["made/examples", "figures"],
    gallery_dirs=["made/gallery", "made/figures"],
    filename_pattern=r"\.py$",
    reset_modules=("matplotlib", "site_parts.fresh_brian"),
    image_srcset=["2x"],
    thumbnail_size=(640, 440),
    capture_repr=(),
    show_memory=False,
    min_reported_time=1e6,
    download_all_examples=False,
    abort_on_example_error=True,
    within_subsection_order="site_parts.in_order",
    write_computation_times=False,
)
