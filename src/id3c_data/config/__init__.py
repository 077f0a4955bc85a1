"""Configuration: devices.yml checked with positions before anything is made of it."""

from __future__ import annotations

from ._arguments import Arguments, FindArguments, find_by_import, find_here
from ._checks import Check, Code, Devices, checks_in, rule
from ._document import Document, members, read_document
from ._entries import DeviceEntry
from ._problem import Finding, Problem, Severity
from ._registry import CHECKS, codes
from ._run import Loaded, check, error_of, load, run_checks
from ._template_sites import TemplateSite, template_sites

__all__ = [
    "CHECKS",
    "Arguments",
    "Check",
    "Code",
    "DeviceEntry",
    "Devices",
    "Document",
    "FindArguments",
    "Finding",
    "Loaded",
    "Problem",
    "Severity",
    "TemplateSite",
    "check",
    "checks_in",
    "codes",
    "error_of",
    "find_by_import",
    "find_here",
    "load",
    "members",
    "read_document",
    "rule",
    "run_checks",
    "template_sites",
]
