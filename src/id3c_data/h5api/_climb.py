"""One way through all that is in a file, and in those that its links lead to."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportAttributeAccessIssue=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import h5py

from ..errors import BrokenLink, FileIncomplete, Hdf5Error, LayoutUnknown
from ._branch import Branch
from ._dataset_form import dataset_form
from ._hops import Found, Hop
from ._low_level import (
    ENDLESS,
    RawLink,
    RawSource,
    address_of,
    attribute_count,
    child_of,
    link_names,
    link_of,
    raw_segments,
    storage_of,
    virtual_sources,
)
from ._open import OpenFile
from ._resolver import Resolver
from ._rows import dataset_of
from ._translate import hdf5_errors
from ._virtual import VirtualBlock

__all__ = ["Climb"]

_DEEPEST: Final = 64

_Key = tuple[int, int, int]


class Climb:
    """One way through all of a file.

    Parameters
    ----------
    resolver
        Opens files and follows links.
    file
        Where to begin.
    """

    def __init__(self, resolver: Resolver, file: OpenFile) -> None:
        self._resolver, self._file = resolver, file
        self._known: dict[_Key, str] = {}

    def branches(self) -> Iterator[Branch]:
        """Yield each group before what is in it."""
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
                segments = list(raw_segments(dataset)) if storage == "external" else []
                mappings = list(virtual_sources(dataset)) if storage == "virtual" else []
            yield from self._raw_files(found, segments, depth)
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

    def _raw_files(
        self, found: Found, segments: list[tuple[str, int, int | None]], depth: int
    ) -> Iterator[Branch]:
        """Yield the files without HDF5 structure that hold a dataset's values; they are not read."""
        start = 0
        for name, first, size in segments:
            stop = "" if size is None else start + size
            hop = Hop("raw", found.file.path, found.path, name, "")
            error = None
            try:
                file, hop = self._resolver.locate_raw(found, name)
                if size is not None and file.identity.size < first + size:
                    raise FileIncomplete(
                        f"the file has {file.identity.size} bytes, where {first + size} should be",
                        str(file.path),
                        "see what stopped its writer",
                    )
            except Hdf5Error as refusal:
                error = refusal
            yield Branch(depth, f"[bytes {start}:{stop}]", "raw file", (hop,), error=error)
            start += size or 0

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
