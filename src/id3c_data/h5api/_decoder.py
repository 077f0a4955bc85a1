"""Decoders: compressed bytes in, pixels out.

A decoder only ever sees a chunk whose header and lengths were checked. h5py with the bitshuffle filter, and
that filter's own library, are none: they die of a segmentation fault on damaged chunks.
"""

from __future__ import annotations

import struct
import threading
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ._chunk_format import BlockLayout, Codec, Inconsistent, read_blocks

__all__ = ["Decoder", "ImagecodecsDecoder", "decode_chunk"]


_BUFFERS = threading.local()


class Decoder(Protocol):
    """Decodes LZ4 and bitshuffle-LZ4; thread-safe."""

    @property
    def name(self) -> str:
        """Name for humans."""
        ...

    def decode(
        self, chunk: bytes, layout: BlockLayout, codec: Codec, itemsize: int, out: NDArray[np.uint8]
    ) -> None:
        """Decode the blocks of a chunk; the raw tail is not the decoder's business.

        Parameters
        ----------
        chunk
            The compressed bytes, header included.
        layout
            Its blocks, checked.
        codec
            LZ4 or BSLZ4.
        itemsize
            Bytes of a pixel.
        out
            Where the bytes go, of exactly ``layout.decoded`` bytes.

        Raises
        ------
        Inconsistent
            The blocks do not decode to that many bytes.
        """
        ...


def decode_chunk(chunk: bytes, codec: Codec, itemsize: int, out: NDArray[np.uint8], decoder: Decoder) -> None:
    """Decode a chunk into a buffer of exactly its size.

    Parameters
    ----------
    chunk
        The bytes as they stand in the file.
    codec
        How they are compressed; not HDF5.
    itemsize
        Bytes of a pixel.
    out
        One-dimensional, contiguous, of the size of the decoded chunk.
    decoder
        Who decodes.

    Raises
    ------
    Inconsistent
        The chunk contradicts itself or does not fit.
    """
    if codec is Codec.NONE:
        if len(chunk) != out.size:
            raise Inconsistent(f"{len(chunk)} bytes where {out.size} should be")
        out[:] = np.frombuffer(chunk, np.uint8)
        return
    layout = read_blocks(chunk, out.size, itemsize, codec)
    decoder.decode(chunk, layout, codec, itemsize, out[: layout.decoded])
    if layout.tail:
        out[layout.decoded :] = np.frombuffer(chunk, np.uint8)[-layout.tail :]


class ImagecodecsDecoder:
    """imagecodecs: wheels on every platform."""

    name = "imagecodecs"

    def decode(
        self, chunk: bytes, layout: BlockLayout, codec: Codec, itemsize: int, out: NDArray[np.uint8]
    ) -> None:
        """Decode the blocks of a chunk; see `Decoder.decode`."""
        import imagecodecs  # takes its time to load, and not every reader decodes

        library = cast("Any", imagecodecs)  # without types
        if not layout.decoded:
            return
        target = out if codec is Codec.LZ4 else _scratch(layout.decoded)
        try:
            if codec is Codec.BSLZ4 and layout.some_look_raw:
                _decode_one_by_one(library, chunk, layout, target)
            else:
                _decode_all(library, chunk, layout, target)
            if codec is Codec.BSLZ4:
                # Not the array itself: of an array imagecodecs takes the item size, which is 1 here.
                library.bitshuffle_decode(
                    target.data, itemsize=itemsize, blocksize=layout.block // itemsize, out=out
                )
        except (RuntimeError, ValueError) as error:
            raise Inconsistent(str(error)) from error


def _scratch(size: int) -> NDArray[np.uint8]:
    """Return a buffer that this thread has for itself until it decodes again.

    The first touch of fresh memory takes longer than decoding into it.
    """
    buffer: NDArray[np.uint8] | None = getattr(_BUFFERS, "buffer", None)
    if buffer is None or not size <= buffer.size <= 4 * size:
        buffer = _BUFFERS.buffer = np.empty(size, np.uint8)
    return buffer[:size]


def _decode_all(library: Any, chunk: bytes, layout: BlockLayout, out: NDArray[np.uint8]) -> None:
    """Decode all blocks in one call; one as long as the decoded block is taken for raw bytes."""
    body = memoryview(chunk)[12 : len(chunk) - layout.tail]
    patched = b"".join((struct.pack(">QI", layout.decoded, layout.block), body))
    decoded = library.lz4h5_decode(patched, out=out)
    if len(decoded) != layout.decoded:
        raise Inconsistent(f"the blocks decode to {len(decoded)} bytes, not {layout.decoded}")


def _decode_one_by_one(library: Any, chunk: bytes, layout: BlockLayout, out: NDArray[np.uint8]) -> None:
    """Decode block by block, each of them as LZ4: in bitshuffle-LZ4 none is ever raw."""
    view, position = memoryview(chunk), 12
    for number, length in enumerate(layout.lengths):
        start = number * layout.block
        block = out[start : start + layout.block]
        position += 4
        decoded = library.lz4_decode(view[position : position + length], out=block)
        position += length
        if len(decoded) != block.size:
            raise Inconsistent(f"block {number} decodes to {len(decoded)} bytes, not {block.size}")
