"""A look at a file's bytes before HDF5 sees them, so that a fault of the disk is told from one of the file.

Runs in a `Looker`.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from ..errors import FileIncomplete, FileMissing, FileUnreadable, Hdf5Error, NotHdf5
from ..paths import HDF5_HEAD_SIZE, HDF5_SIGNATURE, promised_size

__all__ = ["RawLook", "look_at_bytes"]

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class RawLook:
    """What was seen of a file's bytes.

    Parameters
    ----------
    path
        The file.
    size
        Of the file, in bytes.
    modified
        When it was last written to, in seconds since 1970, by the clock of its file server.
    read
        How many bytes were read.
    seconds
        How long that took.
    """

    path: Path
    size: int
    modified: float
    read: int
    seconds: float


def look_at_bytes(path: Path, read_s: float = 0.5) -> RawLook:
    """Return what there is to see of a file's bytes.

    Parameters
    ----------
    path
        The file.
    read_s
        How long to read; the file may be longer.

    Raises
    ------
    FileMissing, FileUnreadable
        It is not there, or not for this user.
    FileIncomplete
        It is empty, or shorter than its first bytes say.
    NotHdf5
        It is something else.
    Hdf5Error
        Its bytes cannot be read: the file system says why.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise NotHdf5("this is no file but something else", str(path), "name the HDF5 file itself")
        with path.open("rb", buffering=0) as file:
            head, count, seconds = _read(file.fileno(), read_s)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileMissing("the file is not there", str(path)) from error
    except PermissionError as error:
        raise FileUnreadable("this user may not read the file", str(path)) from error
    except (NotHdf5, TimeoutError):
        raise
    except OSError as error:
        raise Hdf5Error(f"the file system cannot read it ({error.strerror or error})", str(path)) from error
    _check_head(path, head, status.st_size)
    return RawLook(path, status.st_size, status.st_mtime, count, seconds)


def _read(descriptor: int, read_s: float) -> tuple[bytes, int, float]:
    """Return a file's first bytes, how many were read in all, and how long that took."""
    began = time.perf_counter()
    head = block = os.read(descriptor, _BLOCK)
    count = len(block)
    while block and time.perf_counter() - began < read_s:
        block = os.read(descriptor, _BLOCK)
        count += len(block)
    return head[:HDF5_HEAD_SIZE], count, time.perf_counter() - began


def _check_head(path: Path, head: bytes, size: int) -> None:
    """Raise where a file is not HDF5, or shorter than it says it is."""
    if not size:
        raise FileIncomplete("the file is empty", str(path))
    if not any(head):
        raise FileIncomplete("the file begins with zeros: its beginning is not written", str(path))
    if not head.startswith(HDF5_SIGNATURE):
        raise NotHdf5(f"the file is not HDF5: it begins with {head[:8]!r}", str(path))
    promised = promised_size(head)
    if promised is not None and size < promised:
        raise FileIncomplete(f"the file has {size:,} of its {promised:,} bytes", str(path))
