"""How fine the times are that a file system gives to changes."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import Final

__all__ = ["has_fine_times", "kernel_with_fine_times"]

_FILE_SYSTEMS: Final = frozenset({"btrfs", "ext4", "tmpfs", "xfs"})
"""Those that set ``FS_MGTIME`` in Linux 6.13 (Documentation/filesystems/multigrain-ts.rst of the kernel): a
change that comes after somebody asked for a file's time gets a time of its own."""
_SINCE: Final = (6, 13)


@functools.cache
def has_fine_times(device: int) -> bool:
    """Say whether no two changes between which a file was looked at have the same time, as far as is known.

    Parameters
    ----------
    device
        That of the file system, as `os.stat` says it.
    """
    if not kernel_with_fine_times(os.uname().release):
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    return any(fields[2] == number and after.split()[0] in _FILE_SYSTEMS for fields, after in _mounts())


def kernel_with_fine_times(release: str) -> bool:
    """Say whether a kernel of that release has fine times at all."""
    version = re.match(r"(\d+)\.(\d+)", release)
    return version is not None and (int(version[1]), int(version[2])) >= _SINCE


def _mounts() -> list[tuple[list[str], str]]:
    """Return the fields of each mount before the dash, and what stands after it (see ``man 5 proc``)."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return []
    parts = (line.partition(" - ") for line in lines)
    return [(before.split(), after) for before, _, after in parts if after]
