"""Paths: the rules for templates, their expansion, and the translation between the sides of one disk.

Pure text: nothing here looks at a disk.
"""

from ._lexical import PathSemantics, is_below
from ._map import PathMap, PathMapLike
from ._problem import TemplateProblem
from ._rules import FILE_NAME_ROOM, FILE_PATH_LENGTH, template_problems
from ._templates import Directories, PathTemplates
from ._warnings import template_warnings

__all__ = [
    "FILE_NAME_ROOM",
    "FILE_PATH_LENGTH",
    "Directories",
    "PathMap",
    "PathMapLike",
    "PathSemantics",
    "PathTemplates",
    "TemplateProblem",
    "is_below",
    "template_problems",
    "template_warnings",
]
