"""Frames out of data files that an unmodified server lets be read, byte range by byte range.

Tiled's ``/asset/bytes`` gives the files of a node to whoever may read its data, where the server's owner
does not switch that off (``expose_raw_assets``). The table of a file's chunks is read once, by HDF5 through
ranges; then one request brings the chunks of many frames that stand side by side. A table that is known from
an earlier read counts only while its file is as it was, which each read asks of every file that it uses.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice, product
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from tiled.client.context import Context

from ..errors import FrameNotWritten, Hdf5Error
from ..images import StoredFrames
from ._byte_ranges import ByteRanges, NotServed, RangedFile
from ._frame_stream import Expected, Pieces
from ._selection import Selection

__all__ = ["DataFiles", "NotServed"]

HDF5_MIMETYPE: Final = "application/x-hdf5"
_KNOWN_PARAMETERS: Final = frozenset({"dataset", "swmr", "locking", "slice"})
_FEWEST: Final = 8
"""Fewer frames come sooner as pixels than the table of their file does."""
_FRAMES_A_NODE: Final = 32
"""A node of HDF5's index has the places of about so many chunks, and takes a request as a frame does."""
_LARGEST_GAP: Final = 1 << 18
"""Bytes between two frames that come along, rather than having a request for each of them."""
_MOST_TABLES: Final = 256

_tables: weakref.WeakKeyDictionary[Context, OrderedDict[tuple[int, str], _File]] = weakref.WeakKeyDictionary()
"""Of each connection: the files whose chunks are known, by the number of their asset and the dataset."""


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    """A data file whose chunks are known.

    Parameters
    ----------
    asset
        Its number.
    dataset
        Where it holds its frames.
    tag
        What the server said that tells this state of the file from others.
    stored
        Its frames.
    """

    asset: int
    dataset: str
    tag: str
    stored: StoredFrames

    @property
    def frames(self) -> int:
        """How many frames the file has."""
        return self.stored.image.frames

    def missing(self, number: int) -> FrameNotWritten:
        """Return the error of a frame that has no data in the file."""
        return FrameNotWritten(number, self.stored.written_from(0, self.frames), Path(self.stored.where))


@dataclass(frozen=True, slots=True)
class _Listing:
    """The files of a node, as `FilesConsolidator` lists them: their frames one after the other.

    Parameters
    ----------
    dataset
        Where each file holds its frames.
    assets
        Numbers of the files, in order.
    frames
        How many of the files' frames belong to the node.
    each
        How many make an event.
    """

    dataset: str
    assets: tuple[int, ...]
    frames: int
    each: int

    @classmethod
    def of(cls, sources: Any) -> _Listing:
        """Return the listing of a node with such data sources; raises `NotServed` where it has another."""
        (source,) = sources if sources and len(sources) == 1 else (None,)
        if source is None or source.mimetype != HDF5_MIMETYPE:
            raise NotServed
        parameters, shape = source.parameters, source.structure["shape"]  # as it came: a mapping
        each = shape[1] if len(shape) == 4 else 1
        frames = shape[0] * each
        assets = sorted((a for a in source.assets if a.parameter == "data_uris"), key=lambda asset: asset.num)
        plain = (
            parameters.keys() <= _KNOWN_PARAMETERS
            and parameters.get("slice") == f":{frames}"
            and isinstance(parameters.get("dataset"), str)
            and len(shape) in (3, 4)
            and not any(asset.is_directory for asset in assets)
        )
        if not plain:
            raise NotServed
        return cls(parameters["dataset"], tuple(asset.id for asset in assets), frames, each)

    def numbers(self, selection: Selection) -> Iterable[int]:
        """Return which of the node's frames a selection takes."""
        images = selection.indices(1) if len(selection.axes) > 3 else (0,)
        return (event * self.each + image for event, image in product(selection.indices(0), images))


class DataFiles:
    """The data files of a node of an unmodified server.

    Parameters
    ----------
    context
        The connection.
    full
        The node's link for whole arrays.
    sources
        Returns the node's data sources.
    """

    def __init__(self, context: Context, full: str, sources: Callable[[], Any]) -> None:
        self._ranges = ByteRanges(context, full.replace("/array/full/", "/asset/bytes/", 1))
        self._known = _tables.setdefault(context, OrderedDict())
        self._sources, self._listing = sources, None

    def answer(self, selection: Selection, expected: Expected, skip: int) -> Iterator[Any]:
        """Yield the frames of a selection but for the first ones, each stretch of a file by one request."""
        listing = self._listed(expected.count, max(selection.indices(0), default=0))
        files = dict[int, _File]()  # of this read, whatever others do to what is known
        numbers = islice(listing.numbers(selection), skip, None)
        places = [self._place(listing, number, files, expected) for number in numbers]
        for file, n in places:
            if not file.stored.written_from(n, 1):
                self._confirm(files.values())
                raise file.missing(n)
        read = {file for file, _ in places}
        passed = [file for file in files.values() if file not in read]
        if len(passed) > expected.count:
            raise NotServed  # the frames come sooner as pixels
        self._confirm(passed)
        for file, some in groupby(places, key=itemgetter(0)):
            for stretch in _stretches(file, [number for _, number in some]):
                yield from self._read(file, stretch)

    def _listed(self, wanted: int, event: int) -> _Listing:
        """Return the node's files, which are as many as an event needs."""
        if not self._ranges.served:
            raise NotServed
        listing = self._listing
        if listing is None or event * listing.each >= listing.frames:
            if wanted < _FEWEST:
                raise NotServed
            listing = self._listing = _Listing.of(self._sources())
        if event * listing.each >= listing.frames or listing.frames < _FEWEST * len(listing.assets):
            raise NotServed
        return listing

    def _place(
        self, listing: _Listing, number: int, files: dict[int, _File], expected: Expected
    ) -> tuple[_File, int]:
        """Return the file that has a frame of the node, and its number there; note the files on the way."""
        for asset in listing.assets:
            if asset not in files:
                files[asset] = self._file(asset, listing.dataset, expected)
            frames = files[asset].frames
            if number < frames:
                return files[asset], number
            number -= frames
        raise NotServed

    def _file(self, asset: int, dataset: str, expected: Expected) -> _File:
        """Return a file with the table of its chunks."""
        file = self._known.get((asset, dataset))
        if file is None:
            file = self._known[asset, dataset] = self._opened(asset, dataset, expected.count)
            while len(self._known) > _MOST_TABLES:
                self._known.popitem(last=False)
        image = file.stored.image
        if (image.frame, image.dtype) != (expected.shape, expected.dtype):
            raise NotServed
        return file

    def _opened(self, asset: int, dataset: str, wanted: int) -> _File:
        """Read the table of a file's chunks, where it does not take longer than what it saves."""
        if wanted < _FEWEST:
            raise NotServed
        with RangedFile(self._ranges, asset) as remote:
            try:
                found = remote.dataset(dataset)
                if len(found) > _FRAMES_A_NODE * wanted:
                    raise NotServed
                stored = StoredFrames.of(found, f"{remote.where}: {dataset}")
            except Hdf5Error:
                raise NotServed from remote.error  # as pixels they come, or it is told why they do not
        grid = stored.chunks.grid
        if grid.layers != 1 or grid.shape[1:] != (1, 1):
            raise NotServed
        return _File(asset, dataset, remote.tag, stored)

    def _confirm(self, files: Iterable[_File]) -> None:
        """Ask whether files are as their tables have them; one byte is enough."""
        for file in files:
            self._compare(file, self._ranges.block(file.asset, 0, 1)[0])

    def _compare(self, file: _File, tag: str) -> None:
        """Forget the table of a file that has changed: its frames may be more now, or stand elsewhere."""
        if tag != file.tag:
            self._known.pop((file.asset, file.dataset), None)
            raise NotServed

    def _read(self, file: _File, numbers: list[int]) -> Iterator[Any]:
        """Yield frames that stand side by side in a file."""
        stored = file.stored
        places = [stored.places(number) for number in numbers]
        (_, first, _), (size, last, _) = places[0][0], places[-1][0]
        with self._ranges.stream(file.asset, first, last + size) as (tag, pieces):
            self._compare(file, tag)
            stream, at = Pieces(pieces), first
            for number, place in zip(numbers, places, strict=True):
                ((size, offset, _),) = place
                stream.take(offset - at)
                yield stored.frame(number, place, (stream.take(size),))
                at = offset + size
            stream.ended()


def _stretches(file: _File, numbers: list[int]) -> Iterator[list[int]]:
    """Yield the frames that stand side by side in a file, in order."""
    stretch, end = list[int](), 0
    for number in numbers:
        ((size, offset, _),) = file.stored.places(number)
        if stretch and not 0 <= offset - end <= _LARGEST_GAP:
            yield stretch
            stretch = []
        stretch.append(number)
        end = offset + size
    if stretch:
        yield stretch
