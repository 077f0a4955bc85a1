"""How Sphinx builds these pages."""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "id3c-data"
author = "the id3c-data developers"
copyright = "2026, the id3c-data developers"  # noqa: A001 - Sphinx wants this name
release = version_of("id3c-data")
version = release.rpartition(".")[0]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
copybutton_prompt_text = r"\$ |>>> |\.\.\. |In \[\d*\]: "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "id3c-data"
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False, "secondary_sidebar_items": ["page-toc"]}
