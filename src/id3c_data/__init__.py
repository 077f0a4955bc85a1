"""Eiger2 frames from the detector to the scientist's array.

The rooms, from the control side to the reading side: `devices`, `documents`, `h5api`, `images`, `catalog`.
Heavy parts load when they are used, so importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from id3c_data.catalog import connect
    from id3c_data.following import follow

__all__ = ["connect", "follow"]


def __getattr__(name: str) -> Any:
    if name == "connect":
        from id3c_data.catalog import connect

        return connect
    if name == "follow":
        from id3c_data.following import follow

        return follow
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
