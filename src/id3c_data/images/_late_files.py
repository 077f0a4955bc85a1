"""Data files that are not looked into before one of their frames is needed.

Opening a master with hundreds of data files must not take opening all of them. Where the master, its first
and its last data file agree on where the frames of each belong, the others are only looked for.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import h5py

from ..errors import Hdf5Error, LinkOutsideRoots
from ..h5api import Found, Hop, OpenFile, RawFile, Resolver, hdf5_errors, shape_of, storage_of
from ._dataset_parts import DatasetParts, Indexer, check_type, image_nr_low
from ._descriptors import FileReference
from ._frame_source import pixel_type
from ._image_shape import MOST_FRAMES, ImageShape
from ._late import Late
from ._parts import Absent, Content, FrameType, MasterFrames, Part

__all__ = ["late_frames", "late_source"]


@dataclass(frozen=True, slots=True)
class _Form:
    """What a data file says of its frames: how many, of which type, and the first one's number from 1."""

    frames: int
    type: FrameType
    low: int | None


@dataclass(frozen=True, slots=True)
class _Promise:
    """What a data file is to hold.

    Parameters
    ----------
    resolver
        Opens the file.
    hop
        The link to it.
    file
        Its state when it was looked for.
    channel
        Place on the channel axis.
    type
        Size and type of its frames.
    room
        Number of its first frame in the series, from 0, and how many it may have; None where that does not
        depend on what it says.
    """

    resolver: Resolver
    hop: Hop
    file: FileReference
    channel: int
    type: FrameType
    room: tuple[int, int] | None = None

    def kept(self) -> Content:
        """Return what is there, or why that cannot be read or is not what was promised."""
        link = self.hop.holder, self.hop.name, 0
        behind = Indexer(self.resolver).behind(link, self._find, self.channel)
        content = behind.content
        if isinstance(content, Absent):
            return content
        try:
            self._check_promised(content, behind.low)
        except Hdf5Error as error:  # the other files can be read nevertheless
            return Absent(error, awaited=False)
        return content.parts

    def _check_promised(self, content: DatasetParts, low: int | None) -> None:
        """See that what is there is what was promised."""
        for part in content.parts:
            check_type(part, self.type, self.hop.where)
        if self.room is None:
            return
        first, most = self.room
        if low != first + 1 or content.frames > most:
            raise Hdf5Error(
                f"a data file with {content.frames} frames from number {low} on, where the files "
                f"beside it leave room for {most} from number {first + 1} on",
                self.hop.where,
                "open the data files one by one",
            )

    def _find(self) -> Found:
        return self.resolver.follow(self.hop, self._check_located)

    def _check_located(self, file: OpenFile) -> None:
        """See that the file which the link leads to is the one that was located; it may lead on to others."""
        now = FileReference.of(file)
        replace(self.file, growing=now.growing).check(now.identity)


def late_source(
    resolver: Resolver,
    located: tuple[RawFile, Hop],
    channel: int,
    frames: FrameType,
    room: tuple[int, int] | None = None,
) -> Late[Content]:
    """Return the frames of a file that was located, and is looked into later.

    Parameters
    ----------
    resolver
        Opens the file.
    located
        The file and the link to it.
    channel
        Place on the channel axis.
    frames
        Size and type that its frames must have.
    room
        Number of its first frame in the series, from 0, and how many it may have, where it says so itself.
    """
    file, hop = located
    reference = FileReference(file.path, file.real_path, file.identity, growing=False)
    return Late(_Promise(resolver, hop, reference, channel, frames, room).kept)


def late_frames(
    resolver: Resolver, file: OpenFile, paths: Sequence[str], promised: int, channel: int
) -> MasterFrames | None:
    """Return the frames behind links, as the master and its first and last data file say.

    Parameters
    ----------
    resolver
        Opens files and follows links.
    file
        The open master.
    paths
        The links, all of one group, in order.
    promised
        Images of the series, as the master says.
    channel
        Place on the channel axis.

    Returns
    -------
    MasterFrames or None
        None where these three leave a doubt about where the frames of the other files belong.

    Raises
    ------
    LinkOutsideRoots
        A link leads out of the allowed folders.
    """
    numbers = [int(path.rsplit("_", 1)[1]) for path in paths]
    if numbers != list(range(1, len(paths) + 1)) or promised > MOST_FRAMES:
        return None
    first = _form(resolver, file, paths[0], channel)
    last = first if len(paths) == 1 else _form(resolver, file, paths[-1], channel)
    if first is None or last is None or first.type != last.type or first.low != 1:
        return None
    each, before = first.frames, (len(paths) - 1) * first.frames
    if last.low != before + 1 or last.frames > each or before + last.frames > promised:
        return None
    parts: list[Part] = []
    with resolver.find(file, paths[0].rsplit("/", 1)[0]) as group:
        for n, path in enumerate(paths):
            room = n * each, each if n + 1 < len(paths) else last.frames
            source = _source(resolver, group, path, channel, first.type, room)
            if source is None:
                return None
            parts.append(Part(*room, source))
    return MasterFrames(file.path, tuple(parts), promised, first.type, final=True)


def _form(resolver: Resolver, file: OpenFile, path: str, channel: int) -> _Form | None:
    """Return what a data file says; None where that is not simple."""
    try:
        with resolver.find(file, path) as found:
            node = found.node
            with hdf5_errors(found.where):
                if not isinstance(node, h5py.Dataset) or storage_of(node) not in ("chunked", "contiguous"):
                    return None
                shape = shape_of(node)
            image = ImageShape.of(shape, pixel_type(node, found.where), channel, found.where)
            return _Form(image.frames, FrameType(*image.frame, image.dtype), image_nr_low(found))
    except LinkOutsideRoots:
        raise
    except Hdf5Error:  # whoever looks at all of them finds it too, and says so
        return None


def _source(
    resolver: Resolver, group: Found, path: str, channel: int, frames: FrameType, room: tuple[int, int]
) -> Late[Content] | Absent | None:
    """Return what is behind a link, or will turn out to be; None where it leads to no other file."""
    try:
        located = resolver.locate_target(group, path.rsplit("/", 1)[1])
    except LinkOutsideRoots:
        raise
    except Hdf5Error as error:
        return Absent.because(error)
    return None if located is None else late_source(resolver, located, channel, frames, room)
