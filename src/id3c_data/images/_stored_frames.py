"""Frames of a chunked dataset: where their bytes stand in its file, whoever has got the file."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from dataclasses import dataclass

import h5py

from ..errors import LayoutUnknown
from ..h5api import (
    Codec,
    chunks_of,
    codec_of,
    dtype_of,
    filters_of,
    hdf5_errors,
    shape_of,
    storage_of,
    stored_chunks,
)
from ._chunk_grid import ChunkGrid
from ._chunk_table import Chunks, ChunkTable
from ._compressed import CompressedFrame
from ._image_shape import ImageShape

__all__ = ["StoredFrames"]


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """Where the frames of a dataset stand in its file, and how they are compressed.

    Parameters
    ----------
    image
        How the dataset is seen.
    where
        File and path, for errors.
    codec
        How the chunks are compressed.
    chunks
        Where they stand.
    """

    image: ImageShape
    where: str
    codec: Codec
    chunks: Chunks

    @classmethod
    def of(cls, dataset: h5py.Dataset, where: str) -> StoredFrames:
        """Return the frames of a dataset that can be read and decoded without HDF5.

        Raises
        ------
        LayoutUnknown
            Its frames are not in chunks of their own file, or behind filters that only HDF5 knows.
        Hdf5Error
            It holds no images, or cannot be read.
        """
        with hdf5_errors(where):
            storage, filters, shape, dtype = (
                storage_of(dataset),
                filters_of(dataset),
                shape_of(dataset),
                dtype_of(dataset),
            )
        codec = codec_of(filters, dtype.itemsize, where)
        if storage != "chunked" or codec is Codec.HDF5:
            raise LayoutUnknown(f"{storage}, compressed with {codec.value}", where, "read it with HDF5")
        image = ImageShape.of(shape, dtype, 0, where)
        with hdf5_errors(where):
            grid = ChunkGrid.of(chunks_of(dataset), image, where)
            return cls(image, where, codec, ChunkTable.of(grid, *stored_chunks(dataset)))

    def written_from(self, n: int, count: int) -> int:
        """Return how many of ``count`` frames are in the file without a gap, from frame ``n`` on."""
        return self.chunks.written_from(n, count)

    def places(self, n: int) -> list[tuple[int, int, bool]]:
        """Return size, byte offset and whether the filters were left out, of the chunks of frame ``n``."""
        return [self.chunks.locate(n, row, column) for row, column in self.chunks.grid.cells()]

    def plain_offset(self, n: int) -> int | None:
        """Return the byte offset of frame ``n`` where its pixels stand in the file one after the other.

        None where they are compressed, in several chunks, or in one that is not of its size.
        """
        grid = self.chunks.grid
        if grid.tile != self.image.frame:
            return None
        size, offset, skipped = self.chunks.locate(n, 0, 0)
        if not (skipped or self.codec is Codec.NONE) or size != grid.layers * self.image.frame_bytes:
            return None
        return offset + grid.layer_of(n) * self.image.frame_bytes

    def frame(
        self, n: int, places: list[tuple[int, int, bool]], chunks: tuple[bytes, ...]
    ) -> CompressedFrame:
        """Return frame ``n``, made of the bytes that stand in its places."""
        grid = self.chunks.grid
        return CompressedFrame(
            codec=self.codec,
            dtype=self.image.dtype,
            shape=self.image.frame,
            tile=grid.tile,
            chunks=chunks,
            skipped=tuple(skipped for _, _, skipped in places),
            layers=grid.layers,
            layer=grid.layer_of(n),
            number=n,
            where=self.where,
        )
