"""Frames of one dataset on disk, whichever way they are stored."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedChunk, Hdf5Error
from ..h5api import (
    Codec,
    Found,
    Inconsistent,
    RawStorage,
    Resolver,
    chunks_of,
    codec_of,
    contiguous_offset,
    dtype_of,
    filters_of,
    hdf5_errors,
    open_independent,
    shape_of,
    storage_of,
    stored_chunks,
)
from ._chunk_grid import ChunkGrid
from ._chunk_table import ChunkLookup, Chunks, ChunkTable
from ._compressed import CompressedFrame
from ._descriptors import DESCRIPTORS, FileReference
from ._image_shape import ImageShape
from ._selection import Selection
from ._stored_frames import StoredFrames

__all__ = ["FrameSource", "LibrarySource", "frame_source", "pixel_type", "raw_source"]

_DAMAGED = "copy the file again from where it was written; the other frames can be read"


class FrameSource(Protocol):
    """Frames of one dataset; reading is thread-safe."""

    @property
    def image(self) -> ImageShape:
        """How the dataset is seen."""
        ...

    @property
    def file(self) -> FileReference:
        """The file that holds it."""
        ...

    @property
    def where(self) -> str:
        """File and path, for errors."""
        ...

    def written_from(self, n: int, count: int) -> int:
        """Return how many of ``count`` frames are in the file without a gap, from frame ``n`` on."""
        ...

    def compressed(self, n: int) -> CompressedFrame:
        """Return frame ``n`` as it stands in the file.

        Raises
        ------
        DamagedChunk
            What stands in the file contradicts itself.
        Hdf5Error
            The file cannot be read, or is not what it was.
        """
        ...

    def read(self, n: int, part: Selection, out: NDArray[Any]) -> None:
        """Put the pixels of frame ``n`` into an array: all, or a part of them.

        Parameters
        ----------
        n
            Number of the frame.
        part
            Which rows and columns; its frames do not matter.
        out
            Of their shape, and of a type that can hold them.

        Raises
        ------
        DamagedChunk, Hdf5Error
            As `compressed` does.
        """
        ...


def frame_source(
    dataset: h5py.Dataset, file: FileReference, name: str, channel: int, *, lasting: bool = True
) -> FrameSource:
    """Return the frames of a dataset that is no virtual one.

    Parameters
    ----------
    dataset
        The open dataset; it is not needed any more afterwards, if the source is to be lasting.
    file
        Its file.
    name
        Its path in the file.
    channel
        Which index on the channel axis, where there is one.
    lasting
        Whether the source is to be used after the dataset was closed. One that is not finds the chunks of a
        few frames without asking for those of all.
    """
    where = f"{file.path}: {name}"
    with hdf5_errors(where):
        storage, filters, shape = storage_of(dataset), filters_of(dataset), shape_of(dataset)
        dtype = pixel_type(dataset, where)
    image = ImageShape.of(shape, dtype, channel, where)
    if storage in ("external", "virtual"):
        raise Hdf5Error("its values lie in other files", where, "read it through its own sources")
    if storage == "contiguous":
        with hdf5_errors(where):
            offset = contiguous_offset(dataset)
        return ContiguousSource(image, file, where, offset, shape[1] if image.lead == 2 else 1)
    if storage == "compact":
        return LibrarySource(image, file, name, None)
    codec = codec_of(filters, dtype.itemsize, where)
    with hdf5_errors(where):
        grid = ChunkGrid.of(chunks_of(dataset), image, where)
        chunks: Chunks = (
            ChunkTable.of(grid, *stored_chunks(dataset)) if lasting else ChunkLookup(grid, dataset, where)
        )
    if codec is Codec.HDF5:
        return LibrarySource(image, file, name, chunks)
    return ChunkedSource(image, where, codec, chunks, file)


def raw_source(resolver: Resolver, found: Found, dataset: h5py.Dataset, channel: int) -> FrameSource:
    """Return the frames of a dataset whose values lie in files without HDF5 structure.

    Parameters
    ----------
    resolver
        Finds the files.
    found
        The dataset, and what it was found by.
    dataset
        The open dataset.
    channel
        Which index on the channel axis, where there is one.
    """
    with hdf5_errors(found.where):
        shape, dtype = shape_of(dataset), pixel_type(dataset, found.where)
    image = ImageShape.of(shape, dtype, channel, found.where)
    storage = RawStorage.of(resolver, found, dataset)
    channels = shape[1] if image.lead == 2 else 1
    return RawSource(image, FileReference.of(found.file), found.where, storage, channels)


def pixel_type(dataset: h5py.Dataset, where: str) -> np.dtype[Any]:
    """Return the type of a dataset's values."""
    try:
        return dtype_of(dataset)
    except TypeError as error:  # of types that NumPy does not have
        raise Hdf5Error(f"values that are no numbers ({error})", where, "check what wrote it") from error


@dataclass(frozen=True, slots=True)
class ChunkedSource(StoredFrames):
    """Frames in chunks that are read and decoded here."""

    file: FileReference

    def compressed(self, n: int) -> CompressedFrame:
        """Return frame ``n`` as it stands in the file."""
        places = self.places(n)
        try:
            chunks = tuple(DESCRIPTORS.read(self.file, size, offset) for size, offset, _ in places)
        except Inconsistent as error:
            raise _cut_off(n, self.where, error) from error
        return self.frame(n, places, chunks)

    def read(self, n: int, part: Selection, out: NDArray[Any]) -> None:
        """Put pixels of frame ``n`` into an array, without a copy in between where none need be decoded."""
        offset = self.plain_offset(n) if _as_stored(self.image, part, out) else None
        if offset is None:
            self.compressed(n).pixels(part, out)
        else:
            _read_plain(self.file, offset, n, out, self.where)


@dataclass(frozen=True, slots=True)
class ContiguousSource:
    """Frames that stand one after the other in the file."""

    image: ImageShape
    file: FileReference
    where: str
    offset: int | None
    channels: int

    def written_from(self, n: int, count: int) -> int:  # noqa: ARG002 (HDF5 allots all space at once)
        """Return how many frames are in the file without a gap, from frame ``n`` on."""
        return 0 if self.offset is None else count

    def compressed(self, n: int) -> CompressedFrame:
        """Return frame ``n`` as it stands in the file."""
        try:
            data = DESCRIPTORS.read(self.file, self.image.frame_bytes, self._offset_of(n))
        except Inconsistent as error:
            raise _cut_off(n, self.where, error) from error
        return CompressedFrame.plain(data, self.image.dtype, self.image.frame, n, self.where)

    def read(self, n: int, part: Selection, out: NDArray[Any]) -> None:
        """Put pixels of frame ``n`` into an array, without a copy in between where it takes them all."""
        if _as_stored(self.image, part, out):
            _read_plain(self.file, self._offset_of(n), n, out, self.where)
        else:
            self.compressed(n).pixels(part, out)

    def _offset_of(self, n: int) -> int:
        return (self.offset or 0) + (n * self.channels + self.image.channel) * self.image.frame_bytes


@dataclass(frozen=True, slots=True)
class RawSource:
    """Frames that stand one after the other in files without HDF5 structure."""

    image: ImageShape
    file: FileReference
    where: str
    storage: RawStorage
    channels: int

    def written_from(self, n: int, count: int) -> int:
        """Return how many frames are in the files without a gap, from frame ``n`` on."""
        there = self.storage.size // (self.image.frame_bytes * self.channels)
        return max(0, min(count, there - n))

    def compressed(self, n: int) -> CompressedFrame:
        """Return frame ``n`` as it stands in the files."""
        size = self.image.frame_bytes
        data = self.storage.read((n * self.channels + self.image.channel) * size, size)
        return CompressedFrame.plain(data, self.image.dtype, self.image.frame, n, self.where)

    def read(self, n: int, part: Selection, out: NDArray[Any]) -> None:
        """Put pixels of frame ``n`` into an array."""
        self.compressed(n).pixels(part, out)


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """Frames behind filters that HDF5 itself decodes; the file is opened for each of them."""

    image: ImageShape
    file: FileReference
    name: str
    chunks: Chunks | None

    @property
    def where(self) -> str:
        """File and path, for errors."""
        return f"{self.file.path}: {self.name}"

    def written_from(self, n: int, count: int) -> int:
        """Return how many frames are in the file without a gap, from frame ``n`` on."""
        return count if self.chunks is None else self.chunks.written_from(n, count)

    def compressed(self, n: int) -> CompressedFrame:
        """Return frame ``n``, decoded by HDF5."""
        out = np.empty(self.image.frame, self.image.dtype)
        with open_independent(self.file.real_path) as file:
            self.file.check(file.identity)
            try:
                dataset: Any = file.hdf5[self.name]  # by its own path in its own file: no link is on it
                out[...] = dataset[self.image.place(n)]
            except (OSError, RuntimeError) as error:
                raise DamagedChunk(f"frame {n} cannot be decoded: {error}", self.where, _DAMAGED) from error
        return CompressedFrame.plain(out.tobytes(), out.dtype, self.image.frame, n, self.where)

    def read(self, n: int, part: Selection, out: NDArray[Any]) -> None:
        """Put pixels of frame ``n`` into an array."""
        self.compressed(n).pixels(part, out)


def _as_stored(image: ImageShape, part: Selection, out: NDArray[Any]) -> bool:
    """Say whether an array takes all pixels of a frame, as they stand in a file."""
    return (
        out.flags.carray
        and out.dtype == image.dtype
        and out.shape == image.frame
        and part.whole_frames(*image.frame)
    )


def _read_plain(file: FileReference, offset: int, n: int, out: NDArray[Any], where: str) -> None:
    """Read frame ``n``, which stands in the file as it is to be in an array."""
    try:
        DESCRIPTORS.read_into(file, out.reshape(-1).view(np.uint8).data, offset)
    except Inconsistent as error:
        raise _cut_off(n, where, error) from error


def _cut_off(n: int, where: str, error: Inconsistent) -> DamagedChunk:
    return DamagedChunk(f"frame {n} is cut off: {error}", where, _DAMAGED)
