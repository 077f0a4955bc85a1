"""One chunk of a dataset: where it stands in the file, and its bytes."""

# pyright: reportAttributeAccessIssue=false, reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import os

import h5py

from ..errors import DamagedChunk, Hdf5Error
from ._low_level import StoredChunk

__all__ = ["chunk_at", "chunk_bytes"]


def chunk_at(dataset: h5py.Dataset, offset: tuple[int, ...]) -> StoredChunk | None:
    """Return the chunk that begins at that place of a dataset, or None where none was written."""
    info = dataset.id.get_chunk_info_by_coord(offset)
    if info.byte_offset is None or not info.size:
        return None
    return StoredChunk(offset, int(info.filter_mask), int(info.byte_offset), int(info.size))


def chunk_bytes(descriptor: int, chunk: StoredChunk, where: str) -> bytes:
    """Return the bytes of a chunk.

    Raises
    ------
    DamagedChunk
        The file ends before the chunk does.
    """
    left = os.fstat(descriptor).st_size - chunk.byte_offset
    if chunk.size > left:  # so that no forged size reserves memory
        raise DamagedChunk(
            f"the chunk at {chunk.offset} reaches {chunk.size - left} bytes beyond the end of the file",
            where,
            "copy the file again from where it was written",
        )
    try:
        data = os.pread(descriptor, chunk.size, chunk.byte_offset)
    except OSError as error:
        raise Hdf5Error(f"reading failed ({error})", where, "see the file system") from error
    if len(data) != chunk.size:
        raise Hdf5Error("the file became shorter while it was read", where, "read again")
    return data
