"""The parts that a dataset consists of: itself, or the sources of a virtual one."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np

from ..errors import FileIncomplete, Hdf5Error, LayoutUnknown, LinkOutsideRoots
from ..h5api import (
    Found,
    Hop,
    NotQuiet,
    RawFile,
    Resolver,
    VirtualBlock,
    attribute_of,
    hdf5_errors,
    storage_of,
    virtual_blocks,
)
from ._descriptors import FileReference
from ._frame_source import FrameSource, frame_source, pixel_type, raw_source
from ._image_shape import MOST_FRAMES, ImageShape
from ._late import Late
from ._parts import Absent, Content, FrameType, Part
from ._trail import Record, Trail

__all__ = ["Behind", "DatasetParts", "Indexer", "Postpone", "check_type", "image_nr_low"]

_DEEPEST = 4  # virtual datasets of virtual datasets
_MOST_DATASETS = 100_000


@dataclass(frozen=True, slots=True)
class DatasetParts:
    """What a dataset of images consists of."""

    parts: tuple[Part, ...]
    frames: int
    type: FrameType


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a link, or behind a block of a virtual dataset.

    Parameters
    ----------
    content
        What the dataset consists of, or why it cannot be read.
    low
        Number of its first image in the series, from 1, where the dataset says so.
    """

    content: DatasetParts | Absent
    low: int | None = None


Postpone: TypeAlias = "Callable[[Resolver, tuple[RawFile, Hop], int, FrameType], Late[Content]]"
"""Leaves a file that was located for later; takes the place on the channel axis, and the frames' type."""


class Indexer:
    """Finds out where frames are, without reading any.

    Parameters
    ----------
    resolver
        Opens files and follows links. With a `Trail`, what is behind a link is not opened again as
        long as all files on the way stay as they are.
    postpone
        Leaves the sources of a virtual dataset for later; None to look into all of them.
    """

    def __init__(self, resolver: Resolver, postpone: Postpone | None = None) -> None:
        self.resolver, self._postpone = resolver, postpone
        self._trail = resolver if isinstance(resolver, Trail) else None
        self._left = _MOST_DATASETS

    def behind(
        self, link: tuple[Path, str, int], find: Callable[[], Found], channel: int, depth: int = 0
    ) -> Behind:
        """Return what is behind a link.

        Parameters
        ----------
        link
            What tells it from all others: its file, its path, and its number there.
        find
            Follows it.
        channel, depth
            As for `parts_of`.

        Raises
        ------
        LinkOutsideRoots
            It leads out of the allowed folders.
        """
        trail = self._trail
        if trail is None:
            return self._follow(find, channel, depth, Record())
        known = trail.known.get(link)
        if known is not None and trail.unchanged(known[0]):
            return known[1]
        with trail.record() as record:
            behind = self._follow(find, channel, depth, record)
        if record.lasting:
            trail.known[link] = record, behind
        return behind

    def _follow(self, find: Callable[[], Found], channel: int, depth: int, record: Record) -> Behind:
        try:
            with find() as found:
                return Behind(self.parts_of(found, channel, depth), image_nr_low(found))
        except LinkOutsideRoots:
            raise
        except NotQuiet as error:  # the other files can be read meanwhile
            if self._trail is not None:
                self._trail.passing()  # neither is what is made of it, up to the master
            tried = tuple(record.seen)
            being_written = FileIncomplete(error.reason, str(tried[-1]), "wait for its writer")
            return Behind(Absent(being_written, awaited=True, tried=tried))
        except Hdf5Error as error:
            return Behind(Absent.because(error, record.seen))

    def parts_of(self, found: Found, channel: int, depth: int = 0) -> DatasetParts:
        """Return the parts of a dataset of images.

        Parameters
        ----------
        found
            The dataset.
        channel
            Index on the channel axis, where there is one.
        depth
            How many virtual datasets lead here.

        Raises
        ------
        Hdf5Error
            It holds no images, or cannot be read.
        LinkOutsideRoots
            A source lies outside the allowed folders.
        """
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            raise Hdf5Error("virtual datasets without end", found.where, "check what wrote it")
        if not isinstance(found.node, h5py.Dataset):
            raise LayoutUnknown("this is a group and no dataset", found.where, "check what wrote it")
        with hdf5_errors(found.where):
            storage = storage_of(found.node)
        if storage == "virtual":
            return self._virtual(found, found.node, channel, depth)
        if storage == "external":
            source = raw_source(self.resolver, found, found.node, channel)
        else:
            source = self._source(found, found.node, channel)
        image = source.image
        frames = FrameType(*image.frame, image.dtype)
        return DatasetParts((Part(0, image.frames, source),), image.frames, frames)

    def _source(self, found: Found, dataset: h5py.Dataset, channel: int) -> FrameSource:
        """Return the frames of a dataset: for this look only where it may grow at any time."""
        file = FileReference.of(found.file, live=self._trail is not None)
        lasting = self._trail is None or self._trail.takes_for_lasting(found)
        return frame_source(dataset, file, found.path, channel, lasting=lasting)

    def _virtual(self, found: Found, dataset: h5py.Dataset, channel: int, depth: int) -> DatasetParts:
        """Return the parts of a virtual dataset, from its blocks alone."""
        with hdf5_errors(found.where):
            dtype = pixel_type(dataset, found.where)
        blocks = tuple(
            self._bounded(found, number, block, depth)
            for number, block in enumerate(virtual_blocks(dataset, found.where))
        )
        image = ImageShape.of(_extent(blocks, found.where), dtype, channel, found.where)
        frames = FrameType(*image.frame, dtype)
        parts: list[Part] = []
        for number, block in enumerate(sorted(blocks, key=lambda block: block.start)):
            parts += self._block(found, number, block, image, depth)
        if any(later.start < earlier.stop for earlier, later in pairwise(parts)):
            raise LayoutUnknown("virtual dataset with two sources for one frame", found.where)
        for part in parts:
            check_type(part, frames, found.where)
        return DatasetParts(tuple(parts), image.frames, frames)

    def _bounded(self, found: Found, number: int, block: VirtualBlock, depth: int) -> VirtualBlock:
        """Return a block as far as its source goes."""
        if not block.endless:
            return block
        link = (found.file.path, found.path, -1 - number)
        content = self.behind(link, lambda: self.resolver.find_source(found, block), 0, depth + 1).content
        if isinstance(content, Absent):
            raise content.again()
        return block.bounded(content.frames)

    def _block(
        self, found: Found, number: int, block: VirtualBlock, image: ImageShape, depth: int
    ) -> list[Part]:
        """Return the parts behind one block, as frames of the virtual dataset."""
        first, count, source_first, source_channel = _frames_of(block, image, found.where)
        if source_channel is None:
            return []
        content = self._content(found, number, block, image, source_channel, depth)
        if isinstance(content, Absent | Late):
            return [Part(first, count, content, source_first)]
        shift = first - source_first
        cut = (part.cut(source_first, source_first + count, shift) for part in content.parts)
        return [part for part in cut if part is not None]

    def _content(
        self, found: Found, number: int, block: VirtualBlock, image: ImageShape, channel: int, depth: int
    ) -> DatasetParts | Absent | Late[Content]:
        """Return what is behind one block, or will turn out to be."""
        if self._postpone is not None:
            try:
                located = self.resolver.locate_source(found, block)
            except LinkOutsideRoots:
                raise
            except Hdf5Error as error:
                return Absent.because(error)
            if located is not None:
                return self._postpone(self.resolver, located, channel, FrameType(*image.frame, image.dtype))
        link = (found.file.path, found.path, number)
        return self.behind(link, lambda: self.resolver.find_source(found, block), channel, depth + 1).content


def image_nr_low(found: Found) -> int | None:
    """Return the number of a dataset's first image in the series, from 1."""
    with hdf5_errors(found.where):
        low: Any = attribute_of(found.node, "image_nr_low")
    if np.ndim(low) or np.asarray(low).dtype.kind not in "iu":
        return None
    return int(low) if 0 < int(low) <= MOST_FRAMES else None


def check_type(part: Part, frames: FrameType, where: str) -> None:
    """Raise where the frames of a part are of another size or type than they should."""
    if isinstance(part.source, Absent | Late):
        return
    image = part.source.image
    if image.frame != frames.shape or image.dtype != frames.dtype:
        other = FrameType(*image.frame, image.dtype)
        raise Hdf5Error(
            f"frames of different kinds in one stack: {frames}, but {other} in {part.source.where}",
            where,
            "open them one by one",
        )


def _extent(blocks: tuple[VirtualBlock, ...], where: str) -> tuple[int, ...]:
    """Return the shape that the blocks of a virtual dataset fill."""
    ends = [tuple(s + c for s, c in zip(block.start, block.count, strict=True)) for block in blocks]
    if not ends or len({len(end) for end in ends}) != 1:
        raise LayoutUnknown("virtual dataset without sources", where, "check what wrote it")
    return tuple(max(lengths) for lengths in zip(*ends, strict=True))


def _frames_of(block: VirtualBlock, image: ImageShape, where: str) -> tuple[int, int, int, int | None]:
    """Return first frame, count, first frame in the source, and channel in the source, of a block.

    The last is None where the block holds other channels.
    """
    start, count = block.start, block.count
    whole = start[-2:] == (0, 0) and count[-2:] == image.frame
    source_start = block.source_start or (0,) * len(start)
    source_whole = source_start[-2:] == (0, 0) and (block.source_count or count)[-2:] == image.frame
    if not (whole and source_whole):
        raise LayoutUnknown("virtual dataset with frames of several tiles", where, "read it with h5py")
    lead, source_lead = start[:-2], source_start[:-2]
    first, frames = (lead[0], count[0]) if lead else (0, 1)
    source_first = source_lead[0] if source_lead else 0
    if image.lead < 2:
        return first, frames, source_first, source_lead[1] if len(source_lead) > 1 else 0
    if not lead[1] <= image.channel < lead[1] + count[1]:
        return first, frames, source_first, None
    source_channel = source_lead[1] if len(source_lead) > 1 else 0
    return first, frames, source_first, source_channel + image.channel - lead[1]
