"""Configuration: devices.yml checked with positions before anything is made of it."""

from __future__ import annotations

from ._arguments import FindArguments, find_by_import, find_here, import_by_path
from ._beside import ICONFIG, TILED, beside, value_at
from ._checks import Check, Code, Devices, checks_in, rule
from ._device_rules import check_eiger2_options
from ._document import Document, members, read_document
from ._entries import DeviceEntry
from ._expansion import expansions
from ._faults import unknown_argument
from ._ignores import without_ignored
from ._plugin_rules import OF_EIGER2, agreement_faults, check_settings, no_list_of_plugins, plugin_faults
from ._problem import Finding, Problem, Severity
from ._registry import CHECKS, codes
from ._report import Format, Report, render
from ._run import Loaded, check, error_of, load, run_checks
from ._schema import schema
from ._signatures import Arguments
from ._template_sites import RightSite, TemplateSite, right_sites, template_sites

__all__ = [
    "CHECKS",
    "ICONFIG",
    "OF_EIGER2",
    "TILED",
    "Arguments",
    "Check",
    "Code",
    "DeviceEntry",
    "Devices",
    "Document",
    "FindArguments",
    "Finding",
    "Format",
    "Loaded",
    "Problem",
    "Report",
    "RightSite",
    "Severity",
    "TemplateSite",
    "agreement_faults",
    "beside",
    "check",
    "check_eiger2_options",
    "check_settings",
    "checks_in",
    "codes",
    "error_of",
    "expansions",
    "find_by_import",
    "find_here",
    "import_by_path",
    "load",
    "members",
    "no_list_of_plugins",
    "plugin_faults",
    "read_document",
    "render",
    "right_sites",
    "rule",
    "run_checks",
    "schema",
    "template_sites",
    "unknown_argument",
    "value_at",
    "without_ignored",
]
