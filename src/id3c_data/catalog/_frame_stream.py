"""Frames on their way over HTTP, compressed as the detector did it: the format of the stream.

All numbers are little-endian. The stream begins with 16 bytes: the ten letters ``id3cframes``, the version
(2 bytes) and how many frames follow (4 bytes). Records follow, each of which begins with a letter:

``L`` (layout)
    How the frames are stored that follow: codec (1 byte; 0 none, 1 LZ4, 2 bitshuffle-LZ4), pixel type as
    NumPy writes it (4 bytes, such as ``<u4``), height and width of the frame, height and width of a chunk,
    frames in a chunk (4 bytes each), the file with the path in it (2 bytes for the length, then UTF-8).
``F`` (frame)
    Its number in the dataset (8 bytes), its place in the chunk (4), and for each chunk that covers it, row by
    row, the number of bytes (4) and whether they are not compressed (1); then these bytes.
``E`` (error)
    Instead of the next frame: why it cannot be read, as JSON (4 bytes for the length) with the name and the
    arguments of an error, or null in place of the name.
``Z`` (end)
    The number of frames that there were (4 bytes). A stream without it is not whole.

Whoever reads it knows size and pixel type of the frames, and how many there must be. Every length is held
against these before memory is reserved: no chunk is more than four frames large when it is decoded, and
no frame takes more bytes than its pixels do.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final

import numpy as np

from ..errors import CatalogError, Id3cDataError
from ..images import Codec, CompressedFrame
from ._refusals import error_from_header, value_of

__all__ = [
    "MARK",
    "MEDIA_TYPE",
    "ROUTE",
    "VERSION",
    "BrokenStream",
    "Expected",
    "Pieces",
    "encoded",
    "frames_of",
]

ROUTE: Final = "id3c/frames"
"""Where the route is below the server's API, in front of the node's path."""
MEDIA_TYPE: Final = "application/x-id3c-frames"
VERSION: Final = 1
MARK: Final = {"x-id3c-frames": str(VERSION)}
"""Header of all answers of the route, by which a client knows that a server has it, and which version."""

_BEGIN: Final = struct.Struct("<10sHI")
_LAYOUT: Final = struct.Struct("<B4s5IH")
_FRAME: Final = struct.Struct("<QI")
_CHUNK: Final = struct.Struct("<IB")
_LENGTH: Final = struct.Struct("<I")
_MAGIC: Final = b"id3cframes"
_CODECS: Final = (Codec.NONE, Codec.LZ4, Codec.BSLZ4)
_MOST_FRAMES_IN_CHUNK: Final = 4
_MOST_CHUNKS: Final = 1024
_LONGEST_TEXT: Final = 1 << 16
_FIRST_MESSAGE_BYTES: Final = 1 << 18
_MESSAGE_BYTES: Final = 1 << 21
"""What goes to the network at a time: little at first, so that the client begins soon, then more and more,
because each message passes all of Tiled's middleware."""


class BrokenStream(Exception):
    """The stream ends before it is whole; what came of it is right. This never leaves the package."""


def encoded(frames: Iterable[CompressedFrame], count: int) -> Generator[bytes]:
    """Yield the bytes of a stream, at last about two megabytes at a time.

    Parameters
    ----------
    frames
        The frames. An error of ours that they raise is told in the stream.
    count
        How many there are.
    """
    parts: list[bytes] = [_BEGIN.pack(_MAGIC, VERSION, count)]
    size, enough = 0, _FIRST_MESSAGE_BYTES
    for record in _records(frames):
        parts += record
        size += sum(map(len, record))
        if size >= enough:
            yield b"".join(parts)
            parts, size, enough = [], 0, min(2 * enough, _MESSAGE_BYTES)
    yield b"".join(parts)


def _records(frames: Iterable[CompressedFrame]) -> Iterator[list[bytes]]:
    """Yield the parts of each record."""
    layout, done = b"", 0
    try:
        for frame in map(_sendable, frames):
            new = _layout_of(frame)
            chunks = zip(frame.chunks, frame.skipped, strict=True)
            header = b"".join(_CHUNK.pack(len(chunk), skipped) for chunk, skipped in chunks)
            record = [b"F", _FRAME.pack(frame.number, frame.layer), header, *frame.chunks]
            yield record if new == layout else [new, *record]
            layout, done = new, done + 1
    except Id3cDataError as error:
        value = value_of(error).encode()
        yield [b"E", _LENGTH.pack(len(value)), value]
    else:
        yield [b"Z", _LENGTH.pack(done)]


def _layout_of(frame: CompressedFrame) -> bytes:
    """Return the record of a frame's layout."""
    where = frame.where.encode()[: _LONGEST_TEXT - 1]
    numbers = _LAYOUT.pack(
        _CODECS.index(frame.codec),
        frame.dtype.str.encode(),
        *frame.shape,
        *frame.tile,
        frame.layers,
        len(where),
    )
    return b"L" + numbers + where


def _sendable(frame: CompressedFrame) -> CompressedFrame:
    """Return a frame as it stands, or decoded where its chunks are larger than what they bring."""
    pixels = prod(frame.shape) * frame.dtype.itemsize
    fits = (
        frame.nbytes <= pixels
        and frame.layers * prod(frame.tile) <= _MOST_FRAMES_IN_CHUNK * prod(frame.shape)
        and len(frame.chunks) <= _MOST_CHUNKS
    )
    if fits:
        return frame
    return CompressedFrame.plain(
        frame.pixels().tobytes(), frame.dtype, frame.shape, frame.number, frame.where
    )


@dataclass(frozen=True, slots=True)
class Expected:
    """What a stream must hold.

    Parameters
    ----------
    shape
        Height and width of each frame.
    dtype
        Pixel type.
    count
        How many frames.
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    count: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of the pixels of a frame."""
        return prod(self.shape) * self.dtype.itemsize


class Pieces:
    """Takes exactly as many bytes as asked for from pieces of any size."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece, self._at = memoryview(b""), 0

    def take(self, size: int) -> bytes:
        """Return the next bytes; raises `BrokenStream` where there are fewer."""
        if self._at + size <= len(self._piece):
            self._at += size
            return bytes(self._piece[self._at - size : self._at])
        parts = [self._piece[self._at :]]
        missing = size - len(parts[0])
        while missing > 0:
            piece = next(self._pieces, None)
            if piece is None:
                raise BrokenStream(f"the stream ends {missing} bytes too early")
            self._piece = memoryview(piece)
            parts.append(self._piece[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        return b"".join(parts)

    def ended(self) -> bool:
        """Say whether nothing is left; asks for the last piece, so that a connection can be used again."""
        return self._at == len(self._piece) and not any(self._pieces)

    def numbers(self, layout: struct.Struct) -> tuple[Any, ...]:
        """Return the numbers of a fixed layout."""
        return layout.unpack(self.take(layout.size))


def frames_of(pieces: Iterable[bytes], expected: Expected, where: str) -> Iterator[CompressedFrame]:
    """Yield the frames of a stream; none of what it says is believed.

    Parameters
    ----------
    pieces
        The bytes, as they come.
    expected
        What the stream must hold.
    where
        Where it comes from, for errors.

    Raises
    ------
    BrokenStream
        It ends before it is whole.
    CatalogError
        It is none, or says what cannot be.
    Id3cDataError
        The error that it tells of.
    """
    stream, layout, done = Pieces(pieces), None, 0
    magic, version, count = stream.numbers(_BEGIN)
    _require((magic, version) == (_MAGIC, VERSION), "is no stream of frames of this version", where)
    _require(count == expected.count, f"brings {count} frames, not {expected.count}", where)
    while True:
        match stream.take(1):
            case b"L":
                layout = _read_layout(stream, expected, where)
            case b"F" if layout is not None and done < count:
                yield _read_frame(stream, layout, expected, where)
                done += 1
            case b"E":
                raise _read_error(stream, where)
            case b"Z":
                (said,) = stream.numbers(_LENGTH)
                _require(said == done == count, f"ends with frame {done} of {count}", where)
                _require(stream.ended(), "goes on behind its end", where)
                return
            case other:
                _require(False, f"has a record {other!r} where none can be", where)


def _read_layout(stream: Pieces, expected: Expected, where: str) -> CompressedFrame:
    """Return a layout, as a frame without bytes."""
    codec, name, height, width, *rest, length = stream.numbers(_LAYOUT)
    tile_height, tile_width, layers = rest
    file = stream.take(length).decode(errors="replace")
    dtype = name.rstrip(b"\0")
    same = (dtype, (height, width)) == (expected.dtype.str.encode(), expected.shape)
    found = f"frames of ({height}, {width}) {dtype!r}"
    _require(same, f"brings {found}, not {expected.shape} {expected.dtype}", where)
    decoded = layers * tile_height * tile_width
    _require(
        codec < len(_CODECS) and 0 < decoded <= _MOST_FRAMES_IN_CHUNK * height * width,
        f"has chunks of {layers} times ({tile_height}, {tile_width}), codec {codec}",
        where,
    )
    frame = CompressedFrame(
        codec=_CODECS[codec],
        dtype=expected.dtype,
        shape=expected.shape,
        tile=(tile_height, tile_width),
        chunks=(),
        skipped=(),
        layers=layers,
        where=file,
    )
    _require(prod(frame.grid) <= _MOST_CHUNKS, f"has {prod(frame.grid)} chunks a frame", where)
    return frame


def _read_frame(stream: Pieces, layout: CompressedFrame, expected: Expected, where: str) -> CompressedFrame:
    """Return the next frame."""
    number, layer = stream.numbers(_FRAME)
    headers = [stream.numbers(_CHUNK) for _ in range(prod(layout.grid))]
    size = sum(length for length, _ in headers)
    most = expected.frame_bytes
    _require(size <= most, f"has a frame of {size} bytes, whose pixels have {most}", where)
    chunks = tuple(stream.take(length) for length, _ in headers)
    skipped = tuple(bool(raw) for _, raw in headers)
    return replace(layout, chunks=chunks, skipped=skipped, layer=layer, number=number)


def _read_error(stream: Pieces, where: str) -> Id3cDataError:
    """Return the error that a stream tells of."""
    (length,) = stream.numbers(_LENGTH)
    _require(length <= _LONGEST_TEXT, f"has an error of {length} bytes", where)
    value = stream.take(length).decode(errors="replace")
    error = error_from_header(value)
    return error or CatalogError(f"the catalog's server tells of an error: {value:.300}", where=where)


def _require(fulfilled: bool, what: str, where: str) -> None:
    """Raise where a stream is not as it must be."""
    if not fulfilled:
        raise CatalogError(
            f"the stream of frames {what}",
            where=where,
            next_step="see whether something between this machine and the server changes what it sends",
        )
