"""One chunk of a dataset: where it is in the file, its bytes, and what stands for one that is not there."""

# pyright: reportAttributeAccessIssue=false, reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import os
from typing import Any, Final, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedChunk, Hdf5Error
from ._low_level import StoredChunk

__all__ = ["chunk_at", "chunk_bytes", "fill_value_of", "longest_of", "read_chunk_into"]

_DAMAGED: Final = "copy the file again from where it was written, or leave this point out"


def chunk_at(dataset: h5py.Dataset, offset: tuple[int, ...]) -> StoredChunk | None:
    """Return the chunk that begins at that place of a dataset, or None where none was written."""
    info = dataset.id.get_chunk_info_by_coord(offset)
    if info.byte_offset is None or not info.size:
        return None
    return StoredChunk(offset, int(info.filter_mask), int(info.byte_offset), int(info.size))


def longest_of(dataset: h5py.Dataset) -> int | None:
    """Return how many points a dataset may get; None where there is no limit."""
    longest = cast("tuple[int | None, ...]", dataset.maxshape)[0]
    return None if longest is None else int(longest)


def fill_value_of(dataset: h5py.Dataset) -> Any:
    """Return what stands for values that were never written."""
    return dataset.fillvalue


def chunk_bytes(descriptor: int, chunk: StoredChunk, where: str) -> bytes:
    """Return the bytes of a chunk.

    Raises
    ------
    DamagedChunk
        The file ends before the chunk does.
    """
    _check_end(descriptor, chunk, where)
    try:
        data = os.pread(descriptor, chunk.size, chunk.byte_offset)
    except OSError as error:
        raise _failed(error, where) from error
    if len(data) != chunk.size:
        raise _shorter(where)
    return data


def read_chunk_into(descriptor: int, chunk: StoredChunk, out: NDArray[Any], where: str) -> None:
    """Read a chunk that is not compressed into an array.

    Raises
    ------
    DamagedChunk
        It is not of that size, or the file ends before.
    """
    if chunk.size != out.nbytes:
        raise DamagedChunk(
            f"the chunk at {chunk.offset} has {chunk.size} bytes where {out.nbytes} should be",
            where,
            _DAMAGED,
        )
    _check_end(descriptor, chunk, where)
    _read(descriptor, chunk, out.reshape(-1).view(np.uint8).data, where)


def _check_end(descriptor: int, chunk: StoredChunk, where: str) -> None:
    try:
        left = os.fstat(descriptor).st_size - chunk.byte_offset
    except OSError as error:  # as of a file that was removed on its server
        raise _failed(error, where) from error
    if chunk.size > left:  # so that no forged size reserves memory
        raise DamagedChunk(
            f"the chunk at {chunk.offset} reaches {chunk.size - left} bytes beyond the end of the file",
            where,
            _DAMAGED,
        )


def _read(descriptor: int, chunk: StoredChunk, out: memoryview, where: str) -> None:
    done = 0
    while done < len(out):
        try:
            count = os.preadv(descriptor, [out[done:]], chunk.byte_offset + done)
        except OSError as error:
            raise _failed(error, where) from error
        if not count:
            raise _shorter(where)
        done += count


def _failed(error: OSError, where: str) -> Hdf5Error:
    return Hdf5Error(f"reading failed ({error})", where, "see the file system")


def _shorter(where: str) -> Hdf5Error:
    return Hdf5Error("the file became shorter while it was read", where, "read again")
