"""The caRepeater, which every Channel Access client looks for: here without the program of that name.

The first client on a machine would start the program; the Python packages do not bring it, but EPICS'
library has the function.
"""

from __future__ import annotations

import ctypes
import os
import threading

from id3c_data.sim._ports import is_free

__all__ = ["repeat", "repeat_in_background"]


def repeat() -> None:
    """Serve on ``EPICS_CA_REPEATER_PORT`` for ever."""
    from setuptools_dso.runtime import find_dso  # what epicscorelibs finds its libraries with

    ctypes.CDLL(find_dso("epicscorelibs.lib.ca")).caRepeaterThread(None)


def repeat_in_background() -> None:
    """Serve as long as this process lives, unless somebody serves there already."""
    if is_free(int(os.environ["EPICS_CA_REPEATER_PORT"]), udp=True):
        threading.Thread(target=repeat, name="caRepeater", daemon=True).start()


if __name__ == "__main__":
    repeat()
