"""Configuration: devices.yml checked with positions before anything is made of it."""

from __future__ import annotations

from ._arguments import Arguments, FindArguments, find_by_import, import_by_path
from ._entries import DeviceEntry
from ._problem import Problem
from ._run import CHECKS, check, codes, error_of, read_devices

__all__ = [
    "CHECKS",
    "Arguments",
    "DeviceEntry",
    "FindArguments",
    "Problem",
    "check",
    "codes",
    "error_of",
    "find_by_import",
    "import_by_path",
    "read_devices",
]
