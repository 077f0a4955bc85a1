"""A look at a folder: whether it is there, which disk it is on, what room it has. Runs in a `Looker`."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "FolderLook",
    "Mount",
    "existing_part",
    "look_at_folder",
    "make_folder",
    "remove_folder",
    "subfolders",
]

_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}  # proc(5), mountinfo


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system.

    Parameters
    ----------
    point
        Where it is mounted.
    kind
        Its type, such as ``nfs4``.
    source
        What is mounted, such as ``server:/export``.
    read_only
        Whether nothing can be written there.
    """

    point: str
    kind: str
    source: str
    read_only: bool

    def __str__(self) -> str:
        mode = ", read-only" if self.read_only else ""
        return f"{self.kind} from {self.source} on {self.point}{mode}"


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What was seen of a folder.

    Parameters
    ----------
    mount
        The file system that it is on; None where the system does not say.
    free
        Bytes that this user may still write there.
    entries
        How many names are in it.
    seconds
        How long listing it took.
    """

    mount: Mount | None
    free: int
    entries: int
    seconds: float


def look_at_folder(folder: Path) -> FolderLook:
    """Return what there is to see of a folder; raises OSError where it cannot be listed."""
    began = time.perf_counter()
    entries = len(os.listdir(folder))  # noqa: PTH208 - names are all that is wanted
    seconds = time.perf_counter() - began
    disk = os.statvfs(folder)
    return FolderLook(_mount_of(folder), disk.f_bavail * disk.f_frsize, entries, seconds)


def existing_part(path: Path) -> Path:
    """Return the longest beginning of a path that is there."""
    return next(part for part in (path, *path.parents) if part.exists())


def make_folder(folder: Path) -> None:
    """Make a folder; raises OSError where that cannot be."""
    folder.mkdir()


def remove_folder(folder: Path) -> None:
    """Remove an empty folder; raises OSError where that cannot be."""
    folder.rmdir()


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, in order."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def _mount_of(folder: Path) -> Mount | None:
    """Return the file system that a folder is on, as Linux tells it."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    real = folder.resolve()
    found = None
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:  # not on Linux
        return None
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, (kind, source, *_) = left.split(), right.split()
        point = _plain(fields[4])
        if (fields[2] == wanted or kind == "btrfs") and real.is_relative_to(point):
            options = f"{fields[5]},{right.split()[-1]}".split(",")
            found = Mount(point, kind, _plain(source), "ro" in options)  # the last one covers those before
    return found


def _plain(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text
