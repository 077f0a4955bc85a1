"""Opening a file that may still be written, so that no other open of it in this process is in the way."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import os
import weakref
from pathlib import Path

import h5py

from ._bytes import Ranges, RememberedBytes
from ._open import OpenFile, open_descriptor, open_file
from ._resolver import Resolver
from ._roots import AllowedRoots
from ._translate import H5PY_ERRORS, opening_error

__all__ = [
    "IndependentFile",
    "IndependentResolver",
    "in_swmr_mode",
    "open_independent",
    "written_in_swmr_mode",
]

_HEAD_SIZE = 12
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SWMR_WRITER = 0x04  # bit of the superblock's file consistency flags


class IndependentFile(OpenFile):
    """A file that closes itself, at the latest before the interpreter ends.

    HDF5 closes what is left open when the interpreter is gone, and would call the file object then.

    Attributes
    ----------
    content
        What HDF5 has read of it.
    """

    def __init__(
        self, path: Path, real_path: Path, descriptor: int, hdf5: h5py.File, content: RememberedBytes
    ) -> None:
        super().__init__(path, real_path, descriptor, hdf5)
        self.content, self.identity = content, content.identity
        self._finalizer = weakref.finalize(self, _close, hdf5, descriptor)

    def close(self) -> None:
        """Close it; nothing happens when it is closed already."""
        self._finalizer()
        self.descriptor = -1


def _close(hdf5: h5py.File, descriptor: int) -> None:
    hdf5.close()
    os.close(descriptor)


def open_independent(path: Path, roots: AllowedRoots | None = None, ranges: Ranges = ()) -> OpenFile:
    """Return a file, open for reading as it stands on the disk now.

    HDF5 shares what it knows of a file among all opens of it in one process, so a second open sees the
    metadata of the first, however old, and must have the same flags. Through a Python file object each open
    is alone, and also reads a file whose writer has marked it as open.

    Parameters
    ----------
    path
        The file, absolute.
    roots
        Folders that the real path must lie below.
    ranges
        Bytes that HDF5 is likely to read of it, as it did before.

    Raises
    ------
    Hdf5Error
        What `id3c_data.h5api.open_file` raises.
    """
    descriptor, real_path = open_descriptor(path, roots)
    try:
        if not _has_superblock(os.pread(descriptor, _HEAD_SIZE, 0)):
            os.close(descriptor)
            descriptor = -1
            return open_file(path, roots)  # which finds the superblock elsewhere, or says what is wrong
        content = _content(path, descriptor, ranges)
        hdf5 = _open_hdf5(path, content)
    except BaseException:
        if descriptor >= 0:
            os.close(descriptor)
        raise
    return IndependentFile(path, real_path, descriptor, hdf5, content)


class IndependentResolver(Resolver):
    """Opens files so that others in this process may open them with whichever flags they like."""

    def open(self, path: str | os.PathLike[str]) -> OpenFile:
        """Return a file, open for reading as it stands on the disk now."""
        return open_independent(Path(os.path.abspath(path)), self.allowed_roots)  # noqa: PTH100


def written_in_swmr_mode(path: Path) -> bool:
    """Say whether a writer in SWMR mode has a file open, or died with it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    try:
        return in_swmr_mode(descriptor)
    finally:
        os.close(descriptor)


def in_swmr_mode(descriptor: int) -> bool:
    """Say whether an open file has the mark of a writer in SWMR mode."""
    try:
        head = os.pread(descriptor, _HEAD_SIZE, 0)
    except OSError:
        return False
    return _has_superblock(head) and _is_swmr(head)


def _has_superblock(head: bytes) -> bool:
    return len(head) == _HEAD_SIZE and head.startswith(_SIGNATURE)


def _is_swmr(head: bytes) -> bool:
    return head[8] >= 3 and bool(head[11] & _SWMR_WRITER)


def _content(path: Path, descriptor: int, ranges: Ranges) -> RememberedBytes:
    try:
        return RememberedBytes(descriptor, ranges)
    except OSError as error:
        raise opening_error(path, error) from error


def _open_hdf5(path: Path, content: RememberedBytes) -> h5py.File:
    try:
        return h5py.File(content, "r")
    except H5PY_ERRORS as error:
        raise opening_error(path, error) from error
