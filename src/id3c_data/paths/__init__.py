"""Paths: the rules for templates, their expansion, and the translation between the sides of one disk.

Pure text, and the bytes at the head of an HDF5 file: nothing here looks at a disk.
"""

from ._hdf5_head import HDF5_HEAD_SIZE, HDF5_SIGNATURE, promised_size
from ._lexical import PathSemantics, is_below
from ._map import PathMap, PathMapLike
from ._problem import TemplateProblem
from ._rules import FILE_NAME_ROOM, FILE_PATH_LENGTH, template_problems
from ._templates import Directories, PathTemplates
from ._warnings import template_warnings

__all__ = [
    "FILE_NAME_ROOM",
    "FILE_PATH_LENGTH",
    "HDF5_HEAD_SIZE",
    "HDF5_SIGNATURE",
    "Directories",
    "PathMap",
    "PathMapLike",
    "PathSemantics",
    "PathTemplates",
    "TemplateProblem",
    "is_below",
    "promised_size",
    "template_problems",
    "template_warnings",
]
