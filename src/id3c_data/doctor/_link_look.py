"""A look at the links of a master, without following them: what they name, what is there. In a `Looker`.

HDF5 is not asked to open what they lead to: a data file on a dead file server would keep it, and the master
would seem to be at fault.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from ..paths import PathMap

__all__ = ["Link", "Links", "Target", "find_target", "links_of"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another file, or a source of a virtual dataset.

    Parameters
    ----------
    name
        Path of the link, or of the virtual dataset.
    target
        The file that it names.
    """

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a file to others, in its order, and how long it took HDF5 to open and list it."""

    links: tuple[Link, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads.

    Parameters
    ----------
    path
        The file that is there; None where none is.
    way
        How it was found: ``"as it stands"``, ``"beside the real file"`` or ``"path_map"``.
    tried
        Where it was looked for.
    beside
        A file of that name in the folder of the one with the link, where the link leads nowhere.
    """

    path: Path | None
    way: str
    tried: tuple[Path, ...]
    beside: Path | None = None


def links_of(path: Path) -> Links:
    """Return the links of a file to others; raises `Hdf5Error` where HDF5 cannot read it."""
    from ..h5api import hdf5_errors, open_independent

    began = time.perf_counter()
    with open_independent(path) as file, hdf5_errors(str(path)):
        links = tuple(dict.fromkeys(_below(file.hdf5, "")))
    return Links(links, time.perf_counter() - began)


def _below(group: Any, path: str) -> Iterator[Link]:
    """Yield the links in a group, and in the groups that are in it."""
    import h5py

    from ..h5api import child_of, link_names, link_of, storage_of, virtual_blocks

    for name in link_names(group):
        link, below = link_of(group, name), f"{path}/{name}"
        if link is not None and link.kind == "external":
            yield Link(below, link.file_name)
        child = child_of(group, name) if link is not None and link.kind == "hard" else None
        if isinstance(child, h5py.Group):
            yield from _below(child, below)
        elif child is not None and storage_of(child) == "virtual":
            for block in virtual_blocks(child, below):
                if block.file_name != ".":
                    yield Link(below, block.file_name)


def find_target(master: Path, target: str, path_map: Mapping[str, str]) -> Target:
    """Return where a link of a master leads, in the order in which readers of this package look.

    Parameters
    ----------
    master
        The file with the link.
    target
        The file that the link names.
    path_map
        Roots as links name them, and as this host has them.
    """
    mapped = PathMap.of(path_map).to_here(target)
    ways: dict[Path, str] = {master.parent / target: "as it stands"}
    ways.setdefault(master.resolve().parent / target, "beside the real file")
    ways.setdefault(master.parent / mapped, "path_map")
    for candidate, way in ways.items():
        if candidate.exists():
            return Target(candidate, way, tuple(ways))
    beside = master.parent / PureWindowsPath(target).name  # which knows both kinds of separators
    return Target(None, "", tuple(ways), beside if beside.exists() else None)
