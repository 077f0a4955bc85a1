"""What is fed with bytes of strangers: a target takes one input, or refuses it in words of ours."""

from __future__ import annotations

import json
import pickle
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st

from id3c_data.catalog._document_lines import document_of as document_of_line
from id3c_data.catalog._document_lines import line_of
from id3c_data.catalog._frame_stream import BrokenStream, Expected, encoded, frames_of
from id3c_data.catalog._masters_elsewhere import Master, Processes
from id3c_data.catalog._masters_elsewhere import _found as where_frames_are
from id3c_data.catalog._refusals import error_from_header, header_of
from id3c_data.devices._folder import missing_bytes
from id3c_data.errors import DocumentError, FrameNotWritten, Id3cDataError
from id3c_data.following._unpickling import document_of as document_of_pickle
from id3c_data.h5api import Codec, Inconsistent, decode_chunk, decoders_here
from id3c_data.images import decode_frames, open_stack
from id3c_data.sim import Compression, FrameModel, LegacyWriter, NexusWriter, PluginWriter, Series

__all__ = ["TARGETS", "Target"]

FOLDER = Path(tempfile.mkdtemp(prefix="id3c-fuzz-"))
MODEL = FrameModel(32, 48, 16)


@dataclass(frozen=True)
class Target:
    """A way in: how its inputs are made, what takes one, and which errors are right."""

    inputs: st.SearchStrategy[Any]
    take: Callable[[Any], object]
    refusals: tuple[type[BaseException], ...]


@st.composite
def damaged(draw: st.DrawFn, *wholes: bytes) -> bytes:
    """Bytes that are right but for some: set, flipped, cut off, put in, or under extreme numbers."""
    content = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        how = draw(st.sampled_from(("set", "flip", "cut", "insert", "number", "number")))
        if how == "set":
            content[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif how == "flip":
            content[at : at + 1] = bytes([content[at] ^ 1 << draw(st.integers(0, 7))]) if content else b""
        elif how == "cut":
            del content[at : at + draw(st.sampled_from((1, 4, 1 << 20)))]
        elif how == "insert":
            content[at:at] = draw(st.binary(max_size=16))
        else:
            number = draw(
                st.sampled_from((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1))
            )
            order = draw(st.sampled_from("<>"))
            content[at : at + 8] = struct.pack(f"{order}Q", number)[: max(1, len(content) - at)]
    return bytes(content)


def stored_chunk(compression: Compression) -> bytes:
    """A chunk as the filters of HDF5 write it."""
    series = Series(f"chunk_{compression}_1", 1, 1)
    with h5py.File(LegacyWriter(FOLDER, series, MODEL, compression=compression).write_data(1)) as file:
        return file["entry/data/data"].id.read_direct_chunk((0, 0, 0))[1]


def chunks() -> Target:
    pixels = MODEL.frame(1, 1)
    whole = {Codec.BSLZ4: stored_chunk("bslz4"), Codec.LZ4: stored_chunk("lz4")}
    header = struct.pack(">QI", pixels.nbytes, 4096)
    chunk = st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=300).map(lambda body: header + body),
        damaged(*whole.values()),
    )
    codecs, decoders = st.sampled_from(list(Codec)[:3]), st.sampled_from(decoders_here())

    def take(given: Any) -> None:
        data, codec, decoder, itemsize = given
        if codec in (Codec.NONE, *whole):
            decode_chunk(data, codec, itemsize, pixels.nbytes, decoder)

    return Target(st.tuples(chunk, codecs, decoders, st.sampled_from((1, 2, 4))), take, (Inconsistent,))


def frames_over_http() -> Target:
    stack = np.random.default_rng(3).poisson(2, (4, *MODEL.shape)).astype(np.uint16)
    master = LegacyWriter(FOLDER, Series("http_1", 1, 4), MODEL).write_series().master
    with open_stack(master) as opened:
        stream = b"".join(encoded(opened.compressed(), 4))
    expected, out = Expected(MODEL.shape, np.dtype("<u2"), 4), np.empty(stack.shape, "<u2")

    def take(data: bytes) -> None:
        decode_frames(frames_of([data], expected, "here"), out)

    return Target(st.one_of(st.binary(max_size=200), damaged(stream)), take, (BrokenStream, Id3cDataError))


def superblocks() -> Target:
    file = LegacyWriter(FOLDER, Series("superblock_1", 1, 2), MODEL).write_series().data[0]
    head, path = file.read_bytes()[:200], FOLDER / "head.h5"

    def take(data: bytes) -> None:
        path.write_bytes(data)
        missing_bytes(path)

    return Target(st.one_of(st.binary(max_size=100), damaged(head)), take, ())


def errors_in_headers() -> Target:
    header = next(iter(header_of(FrameNotWritten(1, 0, Path("/data/m.h5"))).values()))
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
    texts = st.one_of(
        st.text(max_size=100),
        values.map(json.dumps),
        damaged(header.encode()).map(lambda raw: raw.decode("latin-1")),
    )
    return Target(texts, error_from_header, ())


DOCUMENT = {"uid": "a", "time": 1.5, "data": {"x": [1, 2], "y": np.arange(3)}, "filled": {}}


def pickled_documents() -> Target:
    wholes = [pickle.dumps(DOCUMENT, protocol) for protocol in (2, 3, 4, 5)]
    # what a pickle that is damaged raises is anything at all; the dispatcher drops the document
    return Target(st.one_of(st.binary(max_size=100), damaged(*wholes)), document_of_pickle, (Exception,))


def spooled_documents() -> Target:
    whole = line_of("event", DOCUMENT)
    return Target(st.one_of(st.binary(max_size=100), damaged(whole)), document_of_line, (DocumentError,))


def files() -> Target:
    """Whole HDF5 files, which the HDF5 library itself reads: the structure, not the chunks."""

    def read(master: Path) -> None:
        with open_stack(master, allowed_roots=[FOLDER]) as stack:
            stack[: stack.written].read()

    return _files(read)


def files_on_the_server() -> Target:
    """The same as a server does it: it never opens them with HDF5 itself."""
    processes = Processes(1, 10.0)

    def read(path: Path) -> None:
        master = Master(path, (str(FOLDER),), "threshold_1")
        stack = processes.ask(master, where_frames_are, master)
        stack[: stack.written].read()

    return _files(read)


def _files(read: Callable[[Path], None]) -> Target:
    legacy = LegacyWriter(FOLDER, Series("legacy_1", 1, 4, 2), MODEL).write_series()
    nexus = NexusWriter(FOLDER, Series("nexus_1", 1, 4, 2), MODEL).write_series()
    with PluginWriter(FOLDER / "plugin.h5", MODEL.shape, MODEL.dtype) as plugin:
        plugin.append(MODEL.frame(1, 1), 1, 1.7e9)
    paths = (legacy.master, legacy.data[0], nexus.master, nexus.data[0], plugin.path)
    masters = {legacy.data[0]: legacy.master, nexus.data[0]: nexus.master}
    given = st.one_of(*(st.tuples(st.just(path), damaged(path.read_bytes())) for path in paths))
    whole = {path: path.read_bytes() for path in paths}

    def take(one: tuple[Path, bytes]) -> None:
        path, data = one
        path.write_bytes(data)
        try:
            read(masters.get(path, path))
        finally:
            path.write_bytes(whole[path])

    return Target(given, take, (Id3cDataError,))


TARGETS: dict[str, Callable[[], Target]] = {
    "chunks": chunks,
    "frames over HTTP": frames_over_http,
    "superblocks": superblocks,
    "errors in HTTP headers": errors_in_headers,
    "pickled documents": pickled_documents,
    "spooled documents": spooled_documents,
    "HDF5 files": files,
    "HDF5 files on the server": files_on_the_server,
}
