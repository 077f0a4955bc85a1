"""Compressed bytes in, pixels out: what a decoder is, and what it is never given to see.

A decoder only ever sees a chunk whose header and lengths were checked. h5py with the bitshuffle filter, and
that filter's own library, are none: they die of a segmentation fault on damaged chunks.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ._chunk_format import BlockLayout, Codec, Inconsistent, read_blocks

__all__ = ["Decoder", "decode_chunk"]


class Decoder(Protocol):
    """Decodes LZ4 and bitshuffle-LZ4; thread-safe, and most of the time without Python's global lock.

    `id3c_data.testing.decoders.DecoderContract` is what it has to pass.
    """

    @property
    def name(self) -> str:
        """Name of the library."""
        ...

    @property
    def version(self) -> str:
        """Version of the library."""
        ...

    def decode(
        self, chunk: bytes, layout: BlockLayout, codec: Codec, itemsize: int, out: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        """Return the decoded bytes of a chunk.

        Parameters
        ----------
        chunk
            The compressed bytes, with header and tail.
        layout
            Its blocks, checked; there is at least one.
        codec
            LZ4 or BSLZ4.
        itemsize
            Bytes of a pixel.
        out
            Where the bytes go, of exactly ``layout.size`` bytes; None for memory of the decoder's choice.

        Returns
        -------
        numpy.ndarray
            `out` where it was given; otherwise an array that may be read-only.

        Raises
        ------
        Inconsistent
            The blocks do not decode to that many bytes.
        """
        ...


def decode_chunk(
    chunk: bytes,
    codec: Codec,
    itemsize: int,
    size: int,
    decoder: Decoder,
    *,
    start: int = 0,
    stop: int | None = None,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Return the decoded bytes of a chunk, or some of them; only the blocks that hold these are decoded.

    Parameters
    ----------
    chunk
        The bytes as they stand in the file.
    codec
        How they are compressed; not HDF5.
    itemsize
        Bytes of a pixel.
    size
        Bytes of the decoded chunk.
    decoder
        Who decodes.
    start, stop
        Which of the decoded bytes; by default all.
    out
        Where they go: one-dimensional, contiguous, of exactly their size. None for an array that may be
        read-only, and over the bytes of the chunk itself.

    Raises
    ------
    Inconsistent
        The chunk contradicts itself or does not fit.
    """
    stop = size if stop is None else stop
    if codec is Codec.NONE:
        if len(chunk) != size:
            raise Inconsistent(f"{len(chunk)} bytes where {size} should be")
        return _placed(np.frombuffer(chunk, np.uint8)[start:stop], out)
    layout = read_blocks(chunk, size, itemsize, codec)
    if not layout.decoded or start >= layout.decoded:
        tail = np.frombuffer(chunk, np.uint8)[len(chunk) - layout.tail :]
        return _placed(tail[start - layout.decoded : stop - layout.decoded], out)
    if (start, stop) == (0, size):
        return decoder.decode(chunk, layout, codec, itemsize, out)
    if stop > layout.decoded:
        return _placed(decoder.decode(chunk, layout, codec, itemsize, None)[start:stop], out)
    part, blocks, first = layout.part(chunk, start, stop)
    decoded = decoder.decode(part, blocks, codec, itemsize, None)
    return _placed(decoded[start - first : stop - first], out)


def _placed(data: NDArray[np.uint8], out: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    if out is None:
        return data
    out[:] = data
    return out
