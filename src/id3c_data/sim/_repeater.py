"""The caRepeater, which every Channel Access client looks for: here without the program of that name.

The first client on a machine would start the program; the Python packages do not bring it, but EPICS'
library has the function.
"""

from __future__ import annotations

import ctypes
import threading

__all__ = ["repeat", "repeat_in_background"]


def repeat() -> None:
    """Serve on ``EPICS_CA_REPEATER_PORT`` for ever; returns at once if somebody serves there already."""
    from setuptools_dso.runtime import find_dso  # what epicscorelibs finds its libraries with

    ctypes.CDLL(find_dso("epicscorelibs.lib.ca")).caRepeaterThread(None)


def repeat_in_background() -> None:
    """Serve as long as this process lives."""
    threading.Thread(target=repeat, name="caRepeater", daemon=True).start()


if __name__ == "__main__":
    repeat()
