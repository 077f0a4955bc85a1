"""Finding objects across links, each looked at before anything follows it.

HDF5 by itself looks for the target of an external link in several places, one of them the process's working
folder, and for an absolute path that is not there it takes a file of the same base name beside the one with
the link. So it may find another file than the one that is meant, or one that must not be read. Here HDF5 is
never let to follow a link: every component of a path is looked at, and the target file is opened by us.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PureWindowsPath
from typing import Final, TypeVar

import h5py

from ..errors import BrokenLink, FileMissing, Hdf5Error, LinkOutsideRoots, NotInFile
from ..paths import PathMap, PathMapLike
from ._hops import Found, Hop, Way
from ._low_level import Node, child_of, link_names, link_of, straight_child_of
from ._open import FileIdentity, OpenFile, open_descriptor, open_file
from ._roots import AllowedRoots, RootsLike
from ._translate import hdf5_errors
from ._virtual import VirtualBlock

__all__ = ["RawFile", "Resolver"]

_MOST_HOPS: Final = 64


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file without HDF5 structure: its path as asked for, where it really is, and its state."""

    path: Path
    real_path: Path
    identity: FileIdentity


class Resolver:
    """Opens files and finds objects in them, across soft and external links.

    Parameters
    ----------
    path_map
        Roots as links name them, and as this host has them mounted; tried after the link as it stands.
    allowed_roots
        Folders that no file may lie outside of, on real paths; None allows all.
    """

    def __init__(self, path_map: PathMapLike = None, allowed_roots: RootsLike | AllowedRoots = None) -> None:
        self.path_map = PathMap.of(path_map)
        self.allowed_roots = AllowedRoots.of(allowed_roots)

    def open(self, path: str | os.PathLike[str]) -> OpenFile:
        """Return a file, open for reading; raises what `open_file` raises."""
        return open_file(path, self.allowed_roots)

    def find(self, file: OpenFile, name: str) -> Found:
        """Return the object of that path, whichever links lead to it.

        Parameters
        ----------
        file
            Where to begin; it stays the caller's to close.
        name
            Path from the root of the file.

        Raises
        ------
        BrokenLink
            Something on the way is not there; file, link, target and what was tried stand in the message.
        LinkOutsideRoots
            A link leads out of the allowed folders.
        """
        with ExitStack() as opened:
            walk = _Walk(self, file, opened)
            node = walk.to(name)
            return Found(node, walk.path, walk.file, tuple(walk.hops), opened.pop_all())

    def find_source(self, found: Found, block: VirtualBlock) -> Found:
        """Return the dataset that a block of a virtual dataset takes its data from.

        Parameters
        ----------
        found
            The virtual dataset.
        block
            One of its blocks.
        """
        hop = Hop("virtual", found.file.path, found.path, block.file_name, block.dataset_name)
        with ExitStack() as opened:
            walk = _Walk(self, found.file, opened)
            walk.hops = list(found.hops)
            walk.follow(hop)
            if block.file_name != ".":  # which is the file of the virtual dataset itself
                walk.enter(hop)
            node = walk.to(block.dataset_name)
            return Found(node, walk.path, walk.file, tuple(walk.hops), opened.pop_all())

    def locate_target(self, found: Found, name: str) -> tuple[RawFile, Hop] | None:
        """Return the file that an external link leads to, without a look into it, and how it was found.

        Parameters
        ----------
        found
            The group that holds the link.
        name
            Of the link.

        Returns
        -------
        tuple or None
            To go on with by `follow`. None where there is no external link of that name.
        """
        path = f"{found.path.rstrip('/')}/{name}"
        with hdf5_errors(f"{found.file.path}: {path}"):
            link = link_of(found.node, name) if isinstance(found.node, h5py.Group) else None
        if link is None or link.kind != "external":
            return None
        return self._located(Hop("external", found.file.path, path, link.file_name, link.path), found)

    def locate_source(self, found: Found, block: VirtualBlock) -> tuple[RawFile, Hop] | None:
        """Return the same for a block of a virtual dataset; None where its source is in the same file."""
        hop = Hop("virtual", found.file.path, found.path, block.file_name, block.dataset_name)
        return None if block.file_name == "." else self._located(hop, found)

    def _located(self, hop: Hop, found: Found) -> tuple[RawFile, Hop]:
        file, way = self._first(hop, found.file, self.raw_file)
        return file, replace(hop, taken=file.path, way=way)

    def follow(self, hop: Hop, check: Callable[[OpenFile], None]) -> Found:
        """Return the object that a link leads to whose file was located.

        Parameters
        ----------
        hop
            The link.
        check
            Is called with that file when it is open, before anything in it is looked at; raises where it is
            not what it was.
        """
        if hop.taken is None:
            raise BrokenLink(f"{hop}: the file was not looked for", hop.where)
        with ExitStack() as opened:
            try:
                file = opened.enter_context(self.open(hop.taken))
            except LinkOutsideRoots:
                raise
            except Hdf5Error as error:
                raise BrokenLink(f"{hop}: {hop.taken}: {error.what}", hop.where, error.next_step) from error
            check(file)
            walk = _Walk(self, file, opened)
            walk.hops = [hop]
            node = walk.to(hop.target_path)
            return Found(node, walk.path, walk.file, tuple(walk.hops), opened.pop_all())

    def open_target(self, hop: Hop, holder: OpenFile) -> tuple[OpenFile, Way]:
        """Return the file that an external link or a virtual source names, open, and how it was found.

        Parameters
        ----------
        hop
            The link.
        holder
            The open file that holds it; relative names are relative to its folder.
        """
        return self._first(hop, holder, self.open)

    def raw_file(self, path: str | os.PathLike[str]) -> RawFile:
        """Return a file without HDF5 structure, as it is now."""
        path = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow symlinks)
        descriptor, real_path = open_descriptor(path, self.allowed_roots)
        try:
            return RawFile(path, real_path, FileIdentity.of(descriptor))
        finally:
            os.close(descriptor)

    def find_raw(self, found: Found, name: str) -> RawFile:
        """Return a file that a dataset keeps its values in; see `locate_raw`."""
        return self.locate_raw(found, name)[0]

    def locate_raw(self, found: Found, name: str) -> tuple[RawFile, Hop]:
        """Return a file that a dataset keeps its values in, and how it was found.

        Parameters
        ----------
        found
            The dataset.
        name
            Of the file, as it stands in the dataset; relative to the folder of the file that holds it.
        """
        return self._located(Hop("raw", found.file.path, found.path, name, ""), found)

    def _first(self, hop: Hop, holder: OpenFile, open_one: Callable[[Path], T]) -> tuple[T, Way]:
        """Return the first of the files that a name may mean, and how it was found."""
        refused: LinkOutsideRoots | None = None
        tried: list[Path] = []
        for candidate, way in self._candidates(hop.target_file, holder):
            if candidate in tried:
                continue
            tried.append(candidate)
            try:
                return open_one(candidate), way
            except FileMissing:
                continue
            except LinkOutsideRoots as error:
                refused = error
            except Hdf5Error as error:
                raise BrokenLink(f"{hop}: {candidate}: {error.what}", hop.where, error.next_step) from error
        if refused:
            raise LinkOutsideRoots(f"{hop}: {refused.what}", hop.where, refused.next_step) from refused
        raise _missing(hop, holder, tried)

    def _candidates(self, target: str, holder: OpenFile) -> Iterator[tuple[Path, Way]]:
        """Yield the paths that a file name in a link may mean, in the order of trying."""
        beside, really_beside = holder.path.parent, holder.real_path.parent
        yield beside / target, "as it stands"
        yield really_beside / target, "beside the real file"
        mapped = self.path_map.to_here(target)
        yield beside / mapped, "path_map"
        yield really_beside / mapped, "path_map"


class _Walk:
    """A way through groups and links."""

    def __init__(self, resolver: Resolver, file: OpenFile, opened: ExitStack) -> None:
        self.resolver, self.file, self.opened = resolver, file, opened
        self.path = "/"
        self.hops: list[Hop] = []

    def to(self, name: str) -> Node:
        """Return the object of that path, from the root of the file where the walk stands."""
        node: Node = self._root()
        names = _components(name)
        if names and (straight := self._straight(names)) is not None:
            return straight
        while names:
            component = names.pop(0)
            if not isinstance(node, h5py.Group):
                raise self._lacks(component, "that is a dataset and holds nothing")
            hop = self._hop(node, component)
            if hop is None:
                node = self._child(node, component)
                continue
            self.follow(hop)
            if hop.kind == "external":
                self.enter(hop)
            if hop.kind == "external" or hop.target_path.startswith("/"):
                node = self._root()
            names = _components(hop.target_path) + names
        return node

    def _straight(self, names: list[str]) -> Node | None:
        """Return the object of that path, and stand there, if hard links alone lead to it."""
        with hdf5_errors(f"{self.file.path}: /{'/'.join(names)}"):
            node = straight_child_of(self.file.hdf5, names)
        if node is not None:
            self.path = "/" + "/".join(names)
        return node

    def follow(self, hop: Hop) -> None:
        """Note a link that is followed; raise where they come in a circle, or without end."""
        if len(self.hops) >= _MOST_HOPS:
            way = " -> ".join(str(known) for known in self.hops[-3:])
            raise BrokenLink(
                f"more than {_MOST_HOPS} links one after another, so they go in a circle (... {way})",
                self.hops[0].where,
                "mend the link in the file",
            )
        self.hops.append(hop)

    def enter(self, hop: Hop) -> None:
        """Go on in the file that a link names."""
        file, way = self.resolver.open_target(hop, self.file)
        self.file = self.opened.enter_context(file)
        self.hops[-1] = replace(hop, taken=file.path, way=way)

    def _root(self) -> h5py.Group:
        self.path = "/"
        return self.file.hdf5

    def _hop(self, group: h5py.Group, name: str) -> Hop | None:
        """Return the link of that name, or None where the object itself is there."""
        path = self._below(name)
        with hdf5_errors(f"{self.file.path}: {path}"):
            link = link_of(group, name)
            listed = _listed(group) if link is None else ""
        if link is None:
            raise self._lacks(name, listed)
        match link.kind:
            case "hard":
                return None
            case "soft" | "external":
                return Hop(link.kind, self.file.path, path, link.file_name, link.path)
            case "other":
                raise BrokenLink(
                    "this link is of a kind that HDF5 itself has not", f"{self.file.path}: {path}"
                )

    def _child(self, group: h5py.Group, name: str) -> Node:
        """Return what a hard link leads to, and stand there."""
        path = self._below(name)
        with hdf5_errors(f"{self.file.path}: {path}"):
            child = child_of(group, name)
        if child is None:
            raise BrokenLink("that is neither a group nor a dataset", f"{self.file.path}: {path}")
        self.path = path
        return child

    def _below(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}"

    def _lacks(self, name: str, has: str) -> BrokenLink:
        """Return the error for a name that is not there."""
        place = f"{self.file.path}: {self.path}"
        if not self.hops:
            return NotInFile(f"there is no {name!r}; {has}", place, "check the name")
        return BrokenLink(
            f"{self.hops[-1]}: {place} lacks {name!r}; {has}",
            self.hops[0].where,
            "check that the target is the file that was meant, and complete",
        )


def _components(name: str) -> list[str]:
    """Return the components of an HDF5 path."""
    return [component for component in name.split("/") if component not in ("", ".")]


def _listed(group: h5py.Group) -> str:
    """Return in words what a group holds."""
    names = list(islice(link_names(group), 9))
    shown = ", ".join(repr(name) for name in names[:8]) + (", ..." if len(names) > 8 else "")
    return f"the group holds {shown}" if names else "the group is empty"


def _missing(hop: Hop, holder: OpenFile, tried: list[Path]) -> BrokenLink:
    """Return the error for a file that is in none of the places where it may be."""
    base = PureWindowsPath(hop.target_file).name  # knows both kinds of separators
    next_step = "it may not be written yet, or not be copied here; see what stopped the run"
    beside = holder.path.parent / base
    if beside not in tried and beside.exists():
        there = hop.target_file[: -len(base)].rstrip("/\\")
        next_step = (
            f"a file of that name lies beside the link: path_map={{{there!r}: {str(beside.parent)!r}}}"
        )
    places = ", ".join(map(str, tried))
    error = BrokenLink(f"{hop}: the file is missing (tried {places})", hop.where, next_step)
    error.__cause__ = FileMissing("the file is not there", str(tried[0]), next_step)
    return error
