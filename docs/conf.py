"""Sphinx configuration."""

from importlib.metadata import version as installed_version

project = "sot"
author = "The sot authors"
copyright = "The sot authors"
version = release = installed_version("sot-loss")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
templates_path = ["_templates"]
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# Every script of the gallery is run; one that fails, fails the build.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "abort_on_example_error": True,
    "min_reported_time": 60,
    "download_all_examples": False,
    "show_signature": False,
    "plot_gallery": True,
}

# References to other packages and short names of types lead nowhere; those to this package have to.
nitpicky = True
nitpick_ignore_regex = [("py:class", r"(?!sot\.).*"), ("py:class", r"sot\.(.*\.)?_.*")]

html_theme = "pydata_sphinx_theme"
html_title = "sot"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "navbar_center": []}
html_static_path = ["_static"]
html_css_files = ["width.css"]
html_sidebars = {"**": ["pages.html"]}  # all pages by their headings, on every page
