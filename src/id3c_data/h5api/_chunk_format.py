"""What stands in a compressed chunk, checked before a decoder sees a byte of it.

Both formats begin with the size of the decoded data (8 bytes) and of a block (4 bytes), big-endian, followed
by blocks with their compressed length (4 bytes) before each. Bitshuffle-LZ4 (HDF5 filter 32008) leaves the
last ``pixels modulo 8`` elements raw at the end. There is no checksum: a chunk that passes may be wrong yet.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Final

from ..errors import LayoutUnknown

__all__ = ["BlockLayout", "Codec", "Inconsistent", "check_length", "codec_of", "read_blocks"]

_HEADER: Final = struct.Struct(">QI")
_LENGTH: Final = struct.Struct(">I")
_LZ4_GROWS_BY_AT_MOST: Final = 255  # times; a property of the LZ4 block format
_FILTER_LZ4, _FILTER_BITSHUFFLE = 32004, 32008
_BITSHUFFLE_LZ4 = 2  # fifth option of the bitshuffle filter


class Codec(enum.Enum):
    """How a chunk is compressed."""

    NONE = "none"
    LZ4 = "lz4"
    BSLZ4 = "bitshuffle-lz4"
    HDF5 = "hdf5"
    """With a filter that only HDF5 itself decodes."""


class Inconsistent(ValueError):
    """A chunk contradicts itself; whoever knows which chunk it is makes a `DamagedChunk` of it."""


def codec_of(filters: tuple[tuple[int, tuple[int, ...]], ...], itemsize: int, where: str) -> Codec:
    """Return how the chunks of a dataset are compressed.

    Parameters
    ----------
    filters
        Number and options of each filter.
    itemsize
        Bytes of a pixel.
    where
        File and path of the dataset, for errors.

    Raises
    ------
    LayoutUnknown
        A filter that would crash the process on a damaged chunk stands in a combination that only HDF5 could
        decode.
    """
    match filters:
        case ():
            return Codec.NONE
        case ((number, _),) if number == _FILTER_LZ4:
            return Codec.LZ4
        case ((number, (_, _, size, _, compression, *_)),) if (
            number == _FILTER_BITSHUFFLE and size == itemsize and compression == _BITSHUFFLE_LZ4
        ):
            return Codec.BSLZ4
        case _ if {_FILTER_LZ4, _FILTER_BITSHUFFLE} & {number for number, _ in filters}:
            raise LayoutUnknown(
                f"compressed by a combination of filters that cannot be decoded safely: {filters}",
                where,
                "convert the file with h5repack",
            )
        case _:
            return Codec.HDF5


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """The blocks of a chunk that has passed the checks.

    Parameters
    ----------
    decoded
        Bytes that the blocks decode to.
    block
        Bytes that one block decodes to; the last may be shorter.
    tail
        Bytes that stand raw at the end.
    lengths
        Compressed length of each block.
    """

    decoded: int
    block: int
    tail: int
    lengths: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of the decoded chunk."""
        return self.decoded + self.tail

    @property
    def last_block(self) -> int:
        """Bytes that the last block decodes to, where there is one."""
        return self.decoded - (len(self.lengths) - 1) * self.block

    @property
    def some_look_raw(self) -> bool:
        """Whether the compressed length of a block is that of the decoded one."""
        return self.block in self.lengths[:-1] or (bool(self.lengths) and self.lengths[-1] == self.last_block)

    def part(self, chunk: bytes, start: int, stop: int) -> tuple[bytes, BlockLayout, int]:
        """Return the blocks that hold some of the decoded bytes, as a chunk of their own without a tail.

        Parameters
        ----------
        chunk
            The compressed bytes.
        start, stop
            Which decoded bytes; at least one, and none of the tail.

        Returns
        -------
        tuple
            The chunk, its layout, and which decoded byte is its first.
        """
        first, last = start // self.block, -(-stop // self.block)
        begin = _HEADER.size + first * _LENGTH.size + sum(self.lengths[:first])
        lengths = self.lengths[first:last]
        end = begin + len(lengths) * _LENGTH.size + sum(lengths)
        decoded = min(last * self.block, self.decoded) - first * self.block
        body = memoryview(chunk)[begin:end]
        header = _HEADER.pack(decoded, self.block)
        return b"".join((header, body)), BlockLayout(decoded, self.block, 0, lengths), first * self.block


def check_length(size: int, expected: int, codec: Codec) -> None:
    """Raise `Inconsistent` where so many bytes cannot decode to what is expected, however they look."""
    most = size if codec is Codec.NONE else _LZ4_GROWS_BY_AT_MOST * size
    if expected > most:
        raise Inconsistent(f"{size} bytes cannot decode to {expected}")


def read_blocks(chunk: bytes, expected: int, itemsize: int, codec: Codec) -> BlockLayout:
    """Return the blocks of a chunk, whose headers and lengths fit each other and the frame.

    Parameters
    ----------
    chunk
        The compressed bytes.
    expected
        Bytes that it must decode to.
    itemsize
        Bytes of a pixel.
    codec
        LZ4 or BSLZ4.

    Raises
    ------
    Inconsistent
        They do not fit.
    """
    if len(chunk) < _HEADER.size:
        raise Inconsistent(f"{len(chunk)} bytes are less than the header's {_HEADER.size}")
    size, block = _HEADER.unpack_from(chunk)
    if size != expected:
        raise Inconsistent(f"the header says {size} bytes where the chunk holds {expected}")
    check_length(len(chunk), expected, codec)
    tail = 0
    if codec is Codec.BSLZ4:
        tail = expected // itemsize % 8 * itemsize
        if block % (8 * itemsize):
            raise Inconsistent(f"the block size {block} is no multiple of 8 pixels")
    decoded = expected - tail
    if block == 0 and decoded:
        raise Inconsistent("the block size is 0")
    return BlockLayout(decoded, block, tail, _block_lengths(chunk, decoded, block, len(chunk) - tail))


def _block_lengths(chunk: bytes, decoded: int, block: int, end: int) -> tuple[int, ...]:
    """Return the compressed length of each block; they fill the chunk exactly."""
    lengths: list[int] = []
    unpack, found, position = _LENGTH.unpack_from, lengths.append, _HEADER.size
    try:
        while position < end:  # a tight loop: there are hundreds of blocks, and the GIL is held
            (length,) = unpack(chunk, position)
            found(length)
            position += 4 + length
    except struct.error:
        raise Inconsistent(f"block {len(lengths)} begins behind the chunk's end") from None
    if position != end:
        raise Inconsistent(f"block {len(lengths) - 1} ends {position - end} bytes behind the chunk's end")
    blocks = -(-decoded // block) if decoded else 0
    if len(lengths) != blocks or 0 in lengths:
        raise Inconsistent(f"{len(lengths)} blocks, {lengths.count(0)} of them empty, should be {blocks}")
    return tuple(lengths)
