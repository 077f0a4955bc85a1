"""A look into a master: its layout, where its links lead, which frames there are. Runs in a `Looker`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import FrameNotWritten, Hdf5Error, Id3cDataError

__all__ = [
    "Decoded",
    "LinkLook",
    "MasterLook",
    "decode_frames",
    "look_into_master",
    "read_frames",
    "tree_text",
]


@dataclass(frozen=True, slots=True)
class LinkLook:
    """What was seen of one link to another file, or of one source of a virtual dataset.

    Parameters
    ----------
    name
        Path of the link in the master.
    target
        The file that it names.
    path
        The file that it leads to; None where it leads to none.
    way
        How that file was found: ``"as it stands"``, or by the path map.
    error
        Why it leads nowhere, or why what it leads to cannot be read.
    """

    name: str
    target: str
    path: Path | None
    way: str | None
    error: Hdf5Error | None


@dataclass(frozen=True, slots=True)
class MasterLook:
    """What was seen in a master.

    Parameters
    ----------
    path
        The master.
    links
        To other files, in the order of the file.
    shape, dtype
        Frames that are promised, their height and width, and their pixel type; empty where that is not known.
    written
        How many frames, from the first on, are there.
    error
        Why no frame can be had.
    seconds
        How long it took.
    """

    path: Path
    links: tuple[LinkLook, ...]
    shape: tuple[int, ...]
    dtype: str
    written: int
    error: Id3cDataError | None
    seconds: float

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that links lead to, each once."""
        return tuple(dict.fromkeys(link.path for link in self.links if link.path is not None))


def look_into_master(path: Path, path_map: Mapping[str, str]) -> MasterLook:
    """Return what there is to see in a master.

    Parameters
    ----------
    path
        The master, a file of the HDF5 plugin, or a data file.
    path_map
        Roots as links name them, and as this host has them.

    Raises
    ------
    Hdf5Error
        HDF5 cannot open it.
    """
    from ..images import open_stack

    began = time.perf_counter()
    links = tuple(_links(path, path_map))
    shape: tuple[int, ...] = ()
    dtype, written, error = "", 0, None
    try:
        with open_stack(path, path_map=path_map) as stack:
            shape, dtype, written = stack.shape, str(stack.dtype), stack.written
    except Id3cDataError as raised:
        error = raised
    return MasterLook(path, links, shape, dtype, written, error, time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of decoding frames.

    Parameters
    ----------
    frames
        How many were decoded.
    bytes
        Their size in memory.
    faults
        Number of each frame that could not be decoded, and why.
    seconds
        How long it took.
    """

    frames: int
    bytes: int
    faults: tuple[tuple[int, Id3cDataError], ...]
    seconds: float


def decode_frames(
    master: Path, path_map: Mapping[str, str], frames: Sequence[int], seconds: float
) -> Decoded:
    """Decode frames of a master one after the other, as many as there is time for; at least one."""
    from ..images import open_stack

    faults: list[tuple[int, Id3cDataError]] = []
    decoded = size = 0
    began = time.perf_counter()
    with open_stack(master, path_map=path_map) as stack:
        for frame in frames:
            try:
                size += stack[frame].read().nbytes
            except FrameNotWritten:
                continue
            except Id3cDataError as error:
                faults.append((frame, error))
            decoded += 1
            if time.perf_counter() - began > seconds:
                break
    return Decoded(decoded, size, tuple(faults), time.perf_counter() - began)


def read_frames(master: Path, path_map: Mapping[str, str], channel: str, frames: range) -> Any:
    """Return frames as an array ``(frames, height, width)``."""
    from ..images import open_stack

    with open_stack(master, path_map=path_map, channel=channel) as stack:
        return stack[frames.start : frames.stop].read()


def tree_text(path: Path, path_map: Mapping[str, str]) -> str:
    """Return all that is in a file, as lines of text."""
    from ..h5api import lines_of, tree_of

    return "\n".join(lines_of(tree_of(path, path_map=path_map)))


def _links(path: Path, path_map: Mapping[str, str]) -> Iterator[LinkLook]:
    """Yield what each link of a file to another one leads to."""
    from ..h5api import Branch, Hop, tree_of

    def hop_of(branch: Branch) -> Hop | None:
        first = branch.hops[0] if branch.hops else None
        outside = first is not None and first.target_file not in ("", ".")
        return first if outside and first is not None and first.holder == path else None

    for branch in tree_of(path, path_map=path_map).branches:
        if (hop := hop_of(branch)) is None:
            continue
        if branch.error is None:
            yield LinkLook(hop.name, hop.target_file, hop.taken, hop.way, None)
        else:
            yield _failing(path, path_map, hop.name, hop.target_file, branch.error)


def _failing(path: Path, path_map: Mapping[str, str], name: str, target: str, error: Hdf5Error) -> LinkLook:
    """Return what a link that cannot be followed leads to: nothing, or a file with a fault of its own."""
    from ..h5api import IndependentResolver

    resolver = IndependentResolver(path_map)
    try:
        with resolver.open(path) as file, resolver.find(file, "/") as root:
            return LinkLook(name, target, resolver.find_raw(root, target).path, None, error)
    except Hdf5Error:
        return LinkLook(name, target, None, None, error)
