"""Documents: what they say about frames, where a run stands, and how an event is filled.

The names load what they need when they are first used, so that a device can take the specs without HDF5.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._specs import (
        CHANNELS,
        MIMETYPE,
        SPEC,
        Channel,
        Writer,
        data_key,
        data_key_name,
        datum_document,
        image_data_keys,
        resource_document,
    )

_HOME = {
    "_specs": (
        "CHANNELS",
        "MIMETYPE",
        "SPEC",
        "Channel",
        "Writer",
        "data_key",
        "data_key_name",
        "datum_document",
        "image_data_keys",
        "resource_document",
    ),
}

__all__ = [
    "CHANNELS",
    "MIMETYPE",
    "SPEC",
    "Channel",
    "Writer",
    "data_key",
    "data_key_name",
    "datum_document",
    "image_data_keys",
    "resource_document",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
