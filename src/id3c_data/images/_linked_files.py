"""Frames behind a master's links ``data_000001`` and so on, some of which may lead nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..h5api import OpenFile
from ._dataset_parts import DatasetParts, Indexer, check_type
from ._image_shape import MOST_FRAMES
from ._names import DETECTOR, SPECIFIC
from ._parts import Absent, FrameType, MasterFrames, Part
from ._values import Values

__all__ = ["linked_frames"]


@dataclass(frozen=True, slots=True)
class _Link:
    """What is behind one link.

    Parameters
    ----------
    number
        Number of the data file, from 1.
    content
        What the file holds, or why it cannot be read.
    low
        Number of its first image in the series, from 1, where the file says so.
    """

    number: int
    content: DatasetParts | Absent
    low: int | None = None


def linked_frames(
    indexer: Indexer, file: OpenFile, paths: Iterable[str], promised: int | None, channel: int
) -> MasterFrames:
    """Return the frames behind links.

    Parameters
    ----------
    indexer
        Looks into the data files.
    file
        The open master.
    paths
        The links.
    promised
        Images of the series, where the master says so.
    channel
        Place on the channel axis.

    Raises
    ------
    Hdf5Error
        The frames are of different kinds, or none is there and their kind is not known.
    LinkOutsideRoots
        A link leads out of the allowed folders.
    """
    links = [_look(indexer, file, path, channel) for path in paths]
    links.sort(key=lambda link: link.number)
    per_file = _images_per_file(links, promised)
    parts = _placed(links, per_file)
    frame_type = _type_of(links, indexer, file)
    for part in parts:
        check_type(part, frame_type, str(file.path))
    stop = max(part.stop for part in parts)
    if promised is not None and promised <= MOST_FRAMES:
        there = max((part.stop for part in parts if not isinstance(part.source, Absent)), default=0)
        stop = max(promised, there)
        parts = [cut for part in parts if (cut := part.cut(0, stop, 0)) is not None]
    return MasterFrames(file.path, tuple(parts), stop, frame_type, final=promised is not None)


def _look(indexer: Indexer, file: OpenFile, path: str, channel: int) -> _Link:
    """Return what is behind a link."""
    number = int(path.rsplit("_", 1)[1])
    link = (file.path, path, 0)
    behind = indexer.behind(link, lambda: indexer.resolver.find(file, path), channel)
    return _Link(number, behind.content, behind.low)


def _images_per_file(links: list[_Link], promised: int | None) -> int:
    """Return how many images a full data file has: as many as the fullest, and as the series needs.

    Where files say which images they have, that says it best.
    """
    said = [(link.low - 1) // (link.number - 1) for link in links if link.low and link.number > 1]
    if said:
        return max(1, *said)
    contents = (link.content for link in links)
    fullest = max((content.frames for content in contents if not isinstance(content, Absent)), default=1)
    needed = -(-promised // len(links)) if promised and promised <= MOST_FRAMES else 1
    return max(fullest, needed)


def _placed(links: list[_Link], per_file: int) -> list[Part]:
    """Return the parts of all links, each at its place in the series."""
    parts: list[Part] = []
    for link in links:
        behind = parts[-1].stop if parts else 0
        if isinstance(link.content, Absent):
            start = max((link.number - 1) * per_file, behind)
            parts.append(Part(start, per_file, link.content))
            continue
        start = behind
        if link.low is not None:
            start = _start_of(link.low - 1, parts)
        parts += [replace(part, start=part.start + start) for part in link.content.parts]
    return parts


def _start_of(said: int, parts: list[Part]) -> int:
    """Return where a file's frames begin: where it says, unless other files have those frames.

    A missing file before it was given as much room as a full one has; the file itself knows better.
    """
    if parts and isinstance(parts[-1].source, Absent) and parts[-1].start < said < parts[-1].stop:
        parts[-1] = replace(parts[-1], count=said - parts[-1].start)
    return max(said, parts[-1].stop if parts else 0)


def _type_of(links: list[_Link], indexer: Indexer, file: OpenFile) -> FrameType:
    """Return size and type of the frames: from a data file, or, where all are awaited, from the master."""
    absent: list[Absent] = []
    for link in links:
        if not isinstance(link.content, Absent):
            return link.content.type
        absent.append(link.content)
    values = Values(indexer.resolver, file)
    height = values.number(f"{SPECIFIC}/y_pixels_in_detector")
    width = values.number(f"{SPECIFIC}/x_pixels_in_detector")
    depth = values.number(f"{DETECTOR}/bit_depth_image")
    broken = [reason for reason in absent if not reason.awaited]
    if broken or not (height and width and depth in (8, 16, 32)):
        raise (broken or absent)[0].again()
    return FrameType(height, width, np.dtype(f"<u{depth // 8}"))
