"""The layouts of masters, and where the frames of each are.

=============== ==========================================================================================
legacy          ``/entry/data/data_000001`` and so on: external links to data files, or datasets where the
                images are in the master itself (``nimages_per_file`` 0)
very old        the same links in ``/entry``
v2024.2         ``/entry/data/data``: a virtual dataset ``[image, channel, y, x]`` over the data files
HDF5 plugin     ``/entry/data/data``: ``[image, y, x]``, or ``[y, x]`` in file write mode Single
=============== ==========================================================================================
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import h5py

from ..errors import BrokenLink, LayoutUnknown
from ..h5api import OpenFile, Resolver, hdf5_errors, link_names
from ._dataset_parts import Indexer
from ._late_files import late_frames, late_source
from ._linked_files import linked_frames
from ._names import DETECTOR, SPECIFIC
from ._parts import MasterFrames
from ._values import Values

__all__ = ["CHANNELS", "Layout", "channel_names", "read_master"]

CHANNELS: Final = ("threshold_1", "threshold_2", "difference")
"""The channels that an Eiger2 can write, in the order of the files' channel axis."""

_DATA_NAME = re.compile(r"data_\d{1,9}")
_SINGLE_DATASETS: Final = ("/entry/data/data", f"{DETECTOR}/data")
_GROUPS_OF_LINKS: Final = ("/entry/data", "/entry")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the frames of a master stand in it.

    Parameters
    ----------
    channel
        Place on the channel axis.
    promised
        How many images the series was to have, where the master says so.
    links
        The links to data files, in their group.
    dataset
        The dataset that has all frames, where there are no such links.
    """

    channel: int
    promised: int | None
    links: tuple[str, ...] = ()
    dataset: str = ""

    @classmethod
    def of(cls, resolver: Resolver, file: OpenFile, channel: str) -> Layout:
        """Return the layout of a master; see `read_master`."""
        number, promised = _channel_number(resolver, file, channel), _promised(resolver, file)
        for group in _GROUPS_OF_LINKS:
            names = [name for name in _names(resolver, file, group) if _DATA_NAME.fullmatch(name)]
            if names:
                return cls(number, promised, links=tuple(f"{group}/{name}" for name in names))
        for path in _SINGLE_DATASETS:
            folder, name = path.rsplit("/", 1)
            if name in _names(resolver, file, folder):
                return cls(number, promised, dataset=path)
        raise LayoutUnknown(
            "no images: neither /entry/data/data nor /entry/data/data_000001 is there",
            str(file.path),
            "name the master (..._master.h5), a data file or the HDF5 plugin's file",
        )

    def frames(self, resolver: Resolver, file: OpenFile, *, late: bool = False) -> MasterFrames:
        """Return the frames of a master that has this layout; see `read_master`.

        Parameters
        ----------
        resolver, file
            As `read_master` takes them.
        late
            Whether data files may be looked into later.
        """
        if late and self.links and self.promised is not None:
            frames = late_frames(resolver, file, self.links, self.promised, self.channel)
            if frames is not None:
                return frames
        indexer = Indexer(resolver, late_source if late else None)
        if self.links:
            return linked_frames(indexer, file, self.links, self.promised, self.channel)
        with resolver.find(file, self.dataset) as found:
            whole = indexer.parts_of(found, self.channel)
        frames = max(self.promised or 0, whole.frames)
        return MasterFrames(file.path, whole.parts, frames, whole.type, final=self.promised is not None)


def read_master(resolver: Resolver, file: OpenFile, channel: str) -> MasterFrames:
    """Return the frames of a master; data files are looked into when that is needed.

    Parameters
    ----------
    resolver
        Opens files and follows links.
    file
        The open master, plugin file or data file.
    channel
        Name of the channel.

    Raises
    ------
    LayoutUnknown
        It has none of the layouts, or not that channel.
    BrokenLink
        No data file is there, and the master does not say how large the frames are.
    LinkOutsideRoots
        A link leads out of the allowed folders.
    Hdf5Error
        The datasets hold no images, or images of different kinds.
    """
    return Layout.of(resolver, file, channel).frames(resolver, file, late=True)


def channel_names(resolver: Resolver, file: OpenFile) -> tuple[str, ...]:
    """Return the names of the channels that a master describes, in the order of the channel axis."""
    described = _names(resolver, file, DETECTOR)
    return tuple(channel for channel in CHANNELS if f"{channel}_channel" in described)


def _channel_number(resolver: Resolver, file: OpenFile, channel: str) -> int:
    """Return the place of a channel on the channel axis."""
    channels: Sequence[str] = channel_names(resolver, file) or CHANNELS
    if channel not in channels:
        raise LayoutUnknown(
            f"there is no channel {channel!r}; there is {', '.join(channels)}", str(file.path), "name another"
        )
    return channels.index(channel)


def _promised(resolver: Resolver, file: OpenFile) -> int | None:
    """Return how many images the series was to have, where the file says so."""
    values = Values(resolver, file)
    images = values.number(f"{SPECIFIC}/nimages")
    triggers = values.number(f"{SPECIFIC}/ntrigger")
    return None if images is None else images * (triggers or 1)


def _names(resolver: Resolver, file: OpenFile, group: str) -> list[str]:
    """Return the names in a group, in order; none where there is no such group."""
    try:
        found = resolver.find(file, group)
    except BrokenLink as error:
        if error.__cause__ is not None:  # it is there, and leads to a file that is not
            raise
        return []
    with found, hdf5_errors(found.where):
        return sorted(link_names(found.node)) if isinstance(found.node, h5py.Group) else []
