"""Opening files: without a lock, with the right SWMR flag, and checked on the descriptor."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import h5py

from ..errors import FileIncomplete, FileMissing, FileUnreadable, Hdf5Error, NotHdf5
from ._roots import AllowedRoots
from ._translate import opening_error

__all__ = ["FileIdentity", "OpenFile", "open_descriptor", "open_file"]

_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_SWMR_WRITER = 0x04  # bit of the superblock's file consistency flags
_FLAGS_DIFFER = ("SWMR read access flag not the same", "flag values don't match")


class FileIdentity(NamedTuple):
    """Which file it is, and in which state: what changes when somebody writes to it or replaces it."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, descriptor: int) -> FileIdentity:
        """Return the identity of an open file."""
        status = os.fstat(descriptor)
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class OpenFile:
    """An HDF5 file, open for reading without a lock.

    The descriptor and HDF5 look at the same file, whatever happens to its name meanwhile.

    Attributes
    ----------
    path
        The path as it was asked for, absolute.
    real_path
        Where the file really is, symlinks resolved.
    descriptor
        For reading raw bytes.
    identity
        The state of the file when it was opened.
    hdf5
        The same file through h5py.
    swmr
        Whether a writer in SWMR mode had it open; only such a file may grow while it is read.
    """

    def __init__(
        self, path: Path, real_path: Path, descriptor: int, hdf5: h5py.File, *, swmr: bool = False
    ) -> None:
        self.path, self.real_path, self.descriptor, self.hdf5 = path, real_path, descriptor, hdf5
        self.swmr = swmr
        self.identity = FileIdentity.of(descriptor)

    def close(self) -> None:
        """Close it; nothing happens when it is closed already."""
        if self.descriptor >= 0:
            self.hdf5.close()
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_file(path: str | os.PathLike[str], roots: AllowedRoots | None = None) -> OpenFile:
    """Return an HDF5 file, open for reading.

    No lock is taken, so a writer is never kept from opening it. A file that is being written in SWMR mode is
    opened in SWMR mode.

    Parameters
    ----------
    path
        The file.
    roots
        Folders that the real path must lie below.

    Raises
    ------
    FileMissing
        It is not there.
    FileUnreadable
        It is there and may not be read.
    FileIncomplete
        It is empty, cut off, or held open by a writer that is not in SWMR mode.
    NotHdf5
        It is something else.
    LinkOutsideRoots
        Its real path lies below none of the roots.
    Hdf5Error
        HDF5 cannot open it.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow symlinks)
    descriptor, real_path = open_descriptor(path, roots)
    try:
        swmr = _swmr_writer_at_work(path, descriptor)
        hdf5 = _open_hdf5(path, descriptor, swmr)
    except BaseException:
        os.close(descriptor)
        raise
    return OpenFile(path, real_path, descriptor, hdf5, swmr=swmr)


def open_descriptor(path: Path, roots: AllowedRoots | None = None) -> tuple[int, Path]:
    """Return a descriptor of a regular file, and its real path, which was checked on the descriptor.

    A descriptor that can only name the file is opened first, and checked; what is read is then opened through
    it. So no moment is left in which a symlink could be swapped, and a device, a FIFO or a file that must not
    be read is never opened itself.
    """
    with _named(path) as handle:
        real_path = Path(os.readlink(f"/proc/self/fd/{handle}"))  # noqa: PTH115
        (roots or AllowedRoots()).check(real_path, path)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotHdf5("this is no regular file", str(path), "name the HDF5 file itself")
        with _opening_errors(path):
            return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC), real_path


@contextmanager
def _named(path: Path) -> Generator[int]:
    """Yield a descriptor that says which file it is, and cannot read it."""
    with _opening_errors(path):
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _opening_errors(path: Path) -> Generator[None]:
    """Turn what the system says of a file that cannot be opened into errors of ours."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileMissing("the file is not there", str(path), "check the name, and the mount") from error
    except PermissionError as error:
        raise FileUnreadable(
            "the file may not be read", str(path), "ask its owner, or run as a user who may read it"
        ) from error
    except (OSError, ValueError) as error:  # a symlink to itself, a name too long or with a NUL in it
        raise FileMissing(f"the file cannot be opened ({error})", str(path), "check the name") from error


def _swmr_writer_at_work(path: Path, descriptor: int) -> bool:
    """Say whether the superblock has the mark of a SWMR writer; raise where there is no superblock."""
    size = os.fstat(descriptor).st_size
    if size == 0:
        raise FileIncomplete("the file is empty", str(path), "wait for its writer, or see why it stopped")
    offset = 0
    while offset < size:
        head = os.pread(descriptor, 12, offset)
        if head[:8] == _SIGNATURE:
            return len(head) == 12 and head[8] >= 3 and bool(head[11] & _SWMR_WRITER)
        offset = offset * 2 or 512  # HDF5 looks for its signature at 0, 512, 1024, 2048, ...
    if not any(os.pread(descriptor, 8, 0)):
        raise FileIncomplete("the file's beginning is not written yet", str(path), "wait for its writer")
    raise NotHdf5("the file is not HDF5", str(path), "check what wrote it")


def _open_hdf5(path: Path, descriptor: int, swmr: bool) -> h5py.File:
    """Return the open file through h5py.

    HDF5 wants every open of one file in one process to have the same flags, so where this process has it
    open already, the flags of that open are found by trying.
    """
    for flags in _flags(swmr):
        try:
            return h5py.File(f"/proc/self/fd/{descriptor}", "r", **flags)
        except (OSError, RuntimeError, ValueError) as error:
            if not any(text in str(error) for text in _FLAGS_DIFFER):
                raise opening_error(path, error) from error
    raise Hdf5Error(
        "this process has the file open in another way", str(path), "close it there, or open it after this"
    )


def _flags(swmr: bool) -> Iterator[dict[str, Any]]:
    """Yield the flags to open a file with: the right ones first, then those that others may have used."""
    for locking in (False, None, "best-effort", True):
        yield {"swmr": swmr, "locking": locking}
        yield {"swmr": not swmr, "locking": locking}
