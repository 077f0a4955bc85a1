"""Every check, and what the reference says about each code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from . import (
    _argument_checks,
    _device_checks,
    _eiger2_checks,
    _file_checks,
    _iconfig_checks,
    _place_checks,
    _plugin_checks,
    _signal_name_checks,
    _template_checks,
    _tiled_checks,
)
from ._checks import Check, Code, checks_in
from ._live_codes import LIVE_CODES

__all__ = ["BESIDE_CHECKS", "CHECKS", "codes"]

CHECKS: tuple[Check, ...] = checks_in(
    _file_checks,
    _device_checks,
    _argument_checks,
    _plugin_checks,
    _eiger2_checks,
    _signal_name_checks,
    _template_checks,
    _place_checks,
)
"""Every check of files of devices by themselves."""

BESIDE_CHECKS: tuple[Check, ...] = checks_in(_iconfig_checks, _tiled_checks)
"""Every check of what stands beside them."""


@cache
def codes() -> Mapping[str, Code]:
    """Return what the reference says about each code, in their order: the one source of that page."""
    every = [
        *_file_checks.READING_CODES,
        *LIVE_CODES,
        *(code for check in (*CHECKS, *BESIDE_CHECKS) for code in check.codes),
    ]
    return MappingProxyType({code.code: code for code in sorted(every, key=lambda code: code.code)})
