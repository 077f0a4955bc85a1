"""The doctor: asks the beamline itself, the IOCs, the file systems and the catalog, whether they agree.

`check_live` yields problems of the same kind as `id3c_data.config`, at the lines of the files that say
otherwise; `diagnose` follows frames hop by hop, from the configuration to the pixels that a client gets.

The names load what they need when they are first used: the process that looks at files needs little of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._bundle import kept_log, write_bundle
    from ._diagnose import HOPS, Diagnosis, diagnose
    from ._hop import Fault, HopResult
    from ._live import Patience, check_live
    from ._settings import Settings
    from ._text import as_json, headline_of, line_of

_HOME = {
    "HOPS": "_diagnose",
    "Diagnosis": "_diagnose",
    "Fault": "_hop",
    "HopResult": "_hop",
    "Patience": "_live",
    "Settings": "_settings",
    "as_json": "_text",
    "check_live": "_live",
    "diagnose": "_diagnose",
    "headline_of": "_text",
    "kept_log": "_bundle",
    "line_of": "_text",
    "write_bundle": "_bundle",
}

__all__ = [
    "HOPS",
    "Diagnosis",
    "Fault",
    "HopResult",
    "Patience",
    "Settings",
    "as_json",
    "check_live",
    "diagnose",
    "headline_of",
    "kept_log",
    "line_of",
    "write_bundle",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
