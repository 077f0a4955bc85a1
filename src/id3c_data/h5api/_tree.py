"""All that is in a file: groups, datasets and links, also those that lead nowhere."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportAttributeAccessIssue=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import h5py

from ..errors import BrokenLink, Hdf5Error, LayoutUnknown
from ..paths import PathMapLike
from ._dataset_form import DatasetForm, dataset_form
from ._hops import Found, Hop
from ._independent import IndependentResolver
from ._low_level import (
    ENDLESS,
    RawLink,
    RawSource,
    address_of,
    attribute_count,
    child_of,
    link_names,
    link_of,
    raw_files,
    storage_of,
    virtual_sources,
)
from ._open import FileIdentity, OpenFile
from ._roots import RootsLike
from ._rows import dataset_of
from ._translate import hdf5_errors
from ._virtual import VirtualBlock

__all__ = ["Branch", "Tree", "tree_of"]

_DEEPEST: Final = 64
_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.05

_Key = tuple[int, int, int]
_What = Literal["group", "dataset", "type", "source", "raw file", "unreadable"]


@dataclass(frozen=True, slots=True)
class Branch:
    """One name in a file, or one place that a dataset takes its values from.

    Parameters
    ----------
    depth
        How many groups it lies in, from 1.
    name
        The name in its group; of a source, where in the dataset its values go.
    what
        What it is, or leads to.
    hops
        The links from here to there, if there are any; a link that leads nowhere is the last of them.
    form
        Of a dataset.
    attributes
        How many there are.
    same_as
        Path of the same object, which stands elsewhere in the tree, and what is in it with it.
    error
        Why it cannot be read, or where a link fails.
    """

    depth: int
    name: str
    what: _What
    hops: tuple[Hop, ...] = ()
    form: DatasetForm | None = None
    attributes: int = 0
    same_as: str = ""
    error: Hdf5Error | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """All that is in a file.

    Parameters
    ----------
    path
        The file.
    branches
        Each group before what is in it; names in the order of the file.
    changed
        Whether the file was written to while it was read.
    """

    path: Path
    branches: tuple[Branch, ...]
    changed: bool

    @property
    def errors(self) -> tuple[Hdf5Error, ...]:
        """Why which parts cannot be read, and which links lead nowhere."""
        return tuple(branch.error for branch in self.branches if branch.error is not None)


def tree_of(
    path: str | os.PathLike[str], *, path_map: PathMapLike = None, allowed_roots: RootsLike = None
) -> Tree:
    """Return all that is in a file; no value of a dataset is read, and no link is followed unseen.

    What is behind links to other files is listed with it, each group once. A file that is being written is
    read again, a few times, if it changed meanwhile and parts of it could not be read.

    Parameters
    ----------
    path
        The file.
    path_map
        Roots as links name them, and as this host has them mounted; tried after the link as it stands.
    allowed_roots
        Folders that no file may lie outside of, whichever link leads there; None allows all.

    Raises
    ------
    Hdf5Error
        The file itself cannot be opened; ``FileMissing`` and the others say why.
    """
    resolver = IndependentResolver(path_map, allowed_roots)
    tree = _look(resolver, path)
    for _ in range(_ATTEMPTS):
        if not (tree.changed and tree.errors):
            break
        time.sleep(_PAUSE_S)
        tree = _look(resolver, path)
    return tree


def _look(resolver: IndependentResolver, path: str | os.PathLike[str]) -> Tree:
    """Return all that is in a file at this moment."""
    with resolver.open(path) as file:
        branches = tuple(_Climb(resolver, file).branches())
        return Tree(file.path, branches, FileIdentity.of(file.descriptor) != file.identity)


class _Climb:
    """One way through all of a file."""

    def __init__(self, resolver: IndependentResolver, file: OpenFile) -> None:
        self._resolver, self._file = resolver, file
        self._known: dict[_Key, str] = {}

    def branches(self) -> Iterator[Branch]:
        with self._resolver.find(self._file, "/") as root:
            yield from self._inside(root, 1)

    def _inside(self, group: Found, depth: int) -> Iterator[Branch]:
        """Yield what is in a group."""
        try:
            self._is_known(group)
            with hdf5_errors(group.where):
                names = list(link_names(group.node))  # pyright: ignore[reportArgumentType]
        except Hdf5Error as error:
            yield Branch(depth, "?", "unreadable", error=error)
            return
        for name in names:
            yield from self._named(group, name, depth)

    def _named(self, group: Found, name: str, depth: int) -> Iterator[Branch]:
        """Yield what a name in a group leads to, and what is in that."""
        path, hops = f"{group.path.rstrip('/')}/{name}", ()
        try:
            with hdf5_errors(f"{group.file.path}: {path}"):
                link = link_of(group.node, name)  # pyright: ignore[reportArgumentType]
                named_type = _leads_to_type(group, name, link)
            if named_type:
                yield Branch(depth, name, "type")
                return
            if link is not None and link.kind in ("soft", "external"):
                hops = (Hop(link.kind, group.file.path, path, link.file_name, link.path),)
            with self._resolver.find(group.file, path) as found:
                yield from self._found(found, name, depth)
        except Hdf5Error as error:
            yield Branch(depth, name, "unreadable", hops, error=error)

    def _found(self, found: Found, name: str, depth: int) -> Iterator[Branch]:
        """Yield an object, and what is in it."""
        in_this_file = _same_file(found.file, self._file)
        with hdf5_errors(found.where):
            same_as = self._known.get(_key(found), "")
            attributes = attribute_count(found.node)
            form = dataset_form(found.node) if isinstance(found.node, h5py.Dataset) else None
        if found.hops and in_this_file:
            same_as = found.path  # it has its place in the tree, there or further down
        what = "group" if form is None else "dataset"
        branch = Branch(depth, name, what, found.hops, form, attributes, same_as)
        if not found.hops:
            self._is_known(found)
        if same_as:
            yield branch
        elif form is not None:
            yield branch
            yield from self._sources(found, depth + 1)
        elif depth >= _DEEPEST:
            error = BrokenLink(
                f"groups in more than {_DEEPEST} groups", found.where, "list its file by itself"
            )
            yield replace(branch, error=error)
        else:
            yield branch
            yield from self._inside(found, depth + 1)

    def _sources(self, found: Found, depth: int) -> Iterator[Branch]:
        """Yield where a dataset's values lie, if that is elsewhere."""
        dataset = dataset_of(found)
        try:
            with hdf5_errors(found.where):
                storage = storage_of(dataset)
                files = list(raw_files(dataset)) if storage == "external" else []
                mappings = list(virtual_sources(dataset)) if storage == "virtual" else []
            for name in files:
                yield Branch(depth, name, "raw file")
            for mapping in mappings:
                yield self._source(found, mapping, depth)
        except Hdf5Error as error:
            yield Branch(depth, "?", "source", error=error)

    def _source(self, found: Found, mapping: RawSource, depth: int) -> Branch:
        """Return one source of a virtual dataset."""
        name = "[no box, or without end]" if mapping.target is None else _box(*mapping.target)
        block = VirtualBlock(mapping.file_name, mapping.dataset_name, (), (), (), ())
        hop = Hop("virtual", found.file.path, found.path, block.file_name, block.dataset_name)
        try:
            with self._resolver.find_source(found, block) as source:
                hops = source.hops[len(found.hops) :]
                with hdf5_errors(source.where):
                    if not isinstance(source.node, h5py.Dataset):
                        raise LayoutUnknown("a group as the source of a virtual dataset", source.where)
                    return Branch(depth, name, "source", hops, dataset_form(source.node))
        except Hdf5Error as error:
            return Branch(depth, name, "source", (hop,), error=error)

    def _is_known(self, found: Found) -> None:
        """Note that an object has its place in the tree."""
        same_file = _same_file(found.file, self._file)
        with hdf5_errors(found.where):
            self._known.setdefault(_key(found), found.path if same_file else found.where)


def _leads_to_type(group: Found, name: str, link: RawLink | None) -> bool:
    """Say whether a name leads to what is neither a group nor a dataset, and so to a named type."""
    hard = link is not None and link.kind == "hard"
    return hard and child_of(group.node, name) is None  # pyright: ignore[reportArgumentType]


def _box(start: tuple[int, ...], count: tuple[int, ...]) -> str:
    ends = ("" if n == ENDLESS else first + n for first, n in zip(start, count, strict=True))
    return f"[{', '.join(f'{first}:{end}' for first, end in zip(start, ends, strict=True))}]"


def _key(found: Found) -> _Key:
    identity = found.file.identity
    return identity.device, identity.inode, address_of(found.node)


def _same_file(one: OpenFile, other: OpenFile) -> bool:
    return (one.identity.device, one.identity.inode) == (other.identity.device, other.identity.inode)
