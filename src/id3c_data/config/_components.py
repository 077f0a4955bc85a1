"""The signals of a class of ophyd, by name, without making a device of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["base_of", "is_of_ophyd", "signal_names"]

_OURS = "id3c_data.devices"


def signal_names(made_by: object) -> tuple[str, ...]:
    """Return the names of all signals of a class's devices, such as ``stats1.total``; else none."""
    try:
        return tuple(_signals(made_by, ""))
    except Exception:  # a class of anybody's may raise anything
        return ()


def _signals(made_by: Any, before: str) -> Iterator[str]:
    components: dict[str, Any] = getattr(made_by, "_sig_attrs", {})  # ophyd's; with those of its bases
    for name, component in components.items():
        if component.is_device:
            yield from _signals(component.cls, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def base_of(made_by: object) -> str:
    """Return the import path of this package's class that a class derives from or is; empty if of none."""
    for base in getattr(made_by, "__mro__", ()):
        if base.__module__.startswith(f"{_OURS}.") and not base.__name__.startswith("_"):
            return f"{_OURS}.{base.__name__}"
    return ""


def is_of_ophyd(made_by: object) -> bool:
    """Say whether it is a class of ophyd's signals or devices."""
    bases = getattr(made_by, "__mro__", ())
    return any((base.__module__, base.__name__) == ("ophyd.ophydobj", "OphydObject") for base in bases)
