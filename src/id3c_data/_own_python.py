"""The same Python in a process of its own, which finds the modules that this one finds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

__all__ = ["command", "environment", "module_places"]


def command(module: str, *arguments: str) -> list[str]:
    """Return what runs a module; that is never looked for in the working folder."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(more: Mapping[str, str] = {}) -> dict[str, str]:
    """Return this process's environment, with more in it, for a Python that finds the same modules."""
    return {**os.environ, **more, "PYTHONPATH": os.pathsep.join(module_places())}


def module_places() -> list[str]:
    """Return where modules are looked for, but for what is relative to the working folder."""
    return [place for place in sys.path if os.path.isabs(place)]  # noqa: PTH117 (the empty text is none)
