"""The parts that a dataset consists of: itself, or the sources of a virtual one."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import h5py

from ..errors import Hdf5Error, LayoutUnknown, LinkOutsideRoots
from ..h5api import Found, Resolver, VirtualBlock, hdf5_errors, storage_of, virtual_blocks
from ._descriptors import FileReference
from ._frame_source import frame_source, pixel_type
from ._image_shape import ImageShape
from ._parts import Absent, FrameType, Part

__all__ = ["DatasetParts", "Indexer", "check_type"]

_DEEPEST = 4  # virtual datasets of virtual datasets
_MOST_DATASETS = 100_000


@dataclass(frozen=True, slots=True)
class DatasetParts:
    """What a dataset of images consists of."""

    parts: tuple[Part, ...]
    frames: int
    type: FrameType


class Indexer:
    """Finds out where frames are, without reading any.

    Parameters
    ----------
    resolver
        Opens files and follows links.
    """

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self._left = _MOST_DATASETS

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
            virtual = storage_of(found.node) == "virtual"
        if virtual:
            return self._virtual(found, found.node, channel, depth)
        source = frame_source(found.node, FileReference.of(found.file), found.path, channel)
        image = source.image
        frames = FrameType(*image.frame, image.dtype)
        return DatasetParts((Part(0, image.frames, source),), image.frames, frames)

    def _virtual(self, found: Found, dataset: h5py.Dataset, channel: int, depth: int) -> DatasetParts:
        """Return the parts of a virtual dataset, from its blocks alone."""
        with hdf5_errors(found.where):
            dtype = pixel_type(dataset, found.where)
        blocks = virtual_blocks(dataset, found.where)
        image = ImageShape.of(_extent(blocks, found.where), dtype, channel, found.where)
        frames = FrameType(*image.frame, dtype)
        parts: list[Part] = []
        for block in sorted(blocks, key=lambda block: block.start):
            parts += self._block(found, block, image, depth)
        if any(later.start < earlier.stop for earlier, later in pairwise(parts)):
            raise LayoutUnknown("virtual dataset with two sources for one frame", found.where)
        for part in parts:
            check_type(part, frames, found.where)
        return DatasetParts(tuple(parts), image.frames, frames)

    def _block(self, found: Found, block: VirtualBlock, image: ImageShape, depth: int) -> list[Part]:
        """Return the parts behind one block, as frames of the virtual dataset."""
        first, count, source_first, source_channel = _frames_of(block, image, found.where)
        if source_channel is None:
            return []
        try:
            with self.resolver.find_source(found, block) as source:
                inner = self.parts_of(source, source_channel, depth + 1)
        except LinkOutsideRoots:
            raise
        except Hdf5Error as error:
            return [Part(first, count, Absent.because(error))]
        shift = first - source_first
        cut = (part.cut(source_first, source_first + count, shift) for part in inner.parts)
        return [part for part in cut if part is not None]


def check_type(part: Part, frames: FrameType, where: str) -> None:
    """Raise where the frames of a part are of another size or type than they should."""
    if isinstance(part.source, Absent):
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
