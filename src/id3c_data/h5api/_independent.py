"""Opening a file that may still be written, so that no other open of it in this process is in the way."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import io
import os
import weakref
from pathlib import Path

import h5py

from ._open import OpenFile, open_descriptor, open_file
from ._resolver import Resolver
from ._roots import AllowedRoots
from ._translate import H5PY_ERRORS, opening_error

__all__ = ["IndependentResolver", "open_independent", "written_in_swmr_mode"]

_HEAD_SIZE = 12
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SWMR_WRITER = 0x04  # bit of the superblock's file consistency flags


class _Bytes(io.RawIOBase):
    """The bytes of a descriptor, for HDF5's driver for Python's file objects."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._position = descriptor, 0

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        # h5py takes no notice of how much was read, so less than all is an error.
        done = 0
        while done < len(buffer):
            try:
                count = os.preadv(self._descriptor, [buffer[done:]], self._position + done)
            except OverflowError as error:
                raise OSError(f"no file has a byte {self._position}") from error
            if not count:
                raise OSError(f"the file ends at byte {self._position + done}, before its data do")
            done += count
        self._position += done
        return done

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset if whence == os.SEEK_SET else os.fstat(self._descriptor).st_size + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


class _Independent(OpenFile):
    """A file that closes itself, at the latest before the interpreter ends.

    HDF5 closes what is left open when the interpreter is gone, and would call the file object then.
    """

    def __init__(self, path: Path, real_path: Path, descriptor: int, hdf5: h5py.File) -> None:
        super().__init__(path, real_path, descriptor, hdf5)
        self._finalizer = weakref.finalize(self, _close, hdf5, descriptor)

    def close(self) -> None:
        """Close it; nothing happens when it is closed already."""
        self._finalizer()
        self.descriptor = -1


def _close(hdf5: h5py.File, descriptor: int) -> None:
    hdf5.close()
    os.close(descriptor)


def open_independent(path: Path, roots: AllowedRoots | None = None) -> OpenFile:
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
        hdf5 = _open_hdf5(path, descriptor)
    except BaseException:
        if descriptor >= 0:
            os.close(descriptor)
        raise
    return _Independent(path, real_path, descriptor, hdf5)


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
        head = os.pread(descriptor, _HEAD_SIZE, 0)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return _has_superblock(head) and _is_swmr(head)


def _has_superblock(head: bytes) -> bool:
    return len(head) == _HEAD_SIZE and head.startswith(_SIGNATURE)


def _is_swmr(head: bytes) -> bool:
    return head[8] >= 3 and bool(head[11] & _SWMR_WRITER)


def _open_hdf5(path: Path, descriptor: int) -> h5py.File:
    try:
        return h5py.File(_Bytes(descriptor), "r")
    except H5PY_ERRORS as error:
        raise opening_error(path, error) from error
