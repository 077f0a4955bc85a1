"""What h5py's low level knows about links, layouts and chunks; with types, which h5py has none of there.

Nothing in here follows a link, opens a source of a virtual dataset or decodes a chunk.
"""

# pyright: reportAttributeAccessIssue=false, reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import h5py
import numpy as np
from h5py import h5d, h5f, h5g, h5l, h5o, h5s
from numpy.typing import NDArray

__all__ = [
    "ENDLESS",
    "Box",
    "LinkKind",
    "Node",
    "RawLink",
    "RawSource",
    "Storage",
    "StoredChunk",
    "address_of",
    "attribute_count",
    "attribute_of",
    "child_of",
    "chunks_of",
    "contiguous_offset",
    "dtype_of",
    "filters_of",
    "link_names",
    "link_of",
    "raw_segments",
    "shape_of",
    "storage_of",
    "stored_chunks",
    "straight_child_of",
    "virtual_sources",
]

Node: TypeAlias = h5py.Group | h5py.Dataset
LinkKind = Literal["hard", "soft", "external", "other"]
Storage = Literal["chunked", "compact", "contiguous", "external", "virtual"]

_LINK_KINDS: dict[int, LinkKind] = {
    h5l.TYPE_HARD: "hard",
    h5l.TYPE_SOFT: "soft",
    h5l.TYPE_EXTERNAL: "external",
}
_STORAGES: dict[int, Storage] = {
    h5d.CHUNKED: "chunked",
    h5d.COMPACT: "compact",
    h5d.CONTIGUOUS: "contiguous",
    h5d.VIRTUAL: "virtual",
}


@dataclass(frozen=True, slots=True)
class RawLink:
    """A link as it stands in the file."""

    kind: LinkKind
    file_name: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk that is in the file: place in the dataset, filters that were left out, place in the file."""

    offset: tuple[int, ...]
    filter_mask: int
    byte_offset: int
    size: int


Box: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""Start and size of a box in a dataspace; both empty for the whole of a source of unknown size."""

ENDLESS: Final = -1
"""Length of a box that goes on as far as its source does."""


@dataclass(frozen=True, slots=True)
class RawSource:
    """One mapping of a virtual dataset; a box is None where the selection is none, or has no end."""

    file_name: str
    dataset_name: str
    target: Box | None
    source: Box | None


def link_of(group: h5py.Group, name: str) -> RawLink | None:
    """Return the link of that name, or None where there is none."""
    key = _key(name)
    if not group.id.links.exists(key):
        return None
    kind = _LINK_KINDS.get(group.id.links.get_info(key).type, "other")
    if kind == "soft":
        return RawLink(kind, path=_text(group.id.links.get_val(key)))
    if kind == "external":
        file_name, path = group.id.links.get_val(key)
        return RawLink(kind, _text(file_name), _text(path))
    return RawLink(kind)


def link_names(group: h5py.Group) -> Iterator[str]:
    """Yield the names of a group's links, whatever they lead to."""
    for key in group.id:
        yield _text(key)


def child_of(group: h5py.Group, name: str) -> Node | None:
    """Return what a hard link leads to, or None where it is neither group nor dataset."""
    child = h5o.open(group.id, _key(name))
    if isinstance(child, h5g.GroupID):
        return h5py.Group(child)
    if isinstance(child, h5d.DatasetID):
        return h5py.Dataset(child)
    return None


def straight_child_of(group: h5py.Group, names: Sequence[str]) -> Node | None:
    """Return what hard links alone lead to; None where there is another link on the way, or nothing.

    Each link is looked at before HDF5 may follow it, as with one `link_of` and `child_of` after the other,
    in a third of the time.
    """
    path = b""
    try:
        for name in names:
            path += b"/" + _key(name)
            if group.id.links.get_info(path).type != h5l.TYPE_HARD:
                return None
    except (KeyError, RuntimeError, ValueError):
        return None
    return child_of(group, path.decode("utf-8", "surrogateescape"))


def shape_of(dataset: h5py.Dataset) -> tuple[int, ...]:
    """Return the shape of a dataset that is no virtual one."""
    return tuple(int(length) for length in dataset.shape)


def dtype_of(dataset: h5py.Dataset) -> np.dtype[Any]:
    """Return the type of a dataset's values; raises TypeError where NumPy has none."""
    return np.dtype(dataset.dtype)


def chunks_of(dataset: h5py.Dataset) -> tuple[int, ...]:
    """Return the shape of a chunk; of a dataset without chunks its own."""
    return tuple(int(length) for length in dataset.chunks or dataset.shape)


def address_of(node: Node) -> int:
    """Return where an object begins in its file, which tells it from the others there."""
    return int(h5o.get_info(node.id).addr)


def attribute_count(node: Node) -> int:
    """Return how many attributes an object has."""
    return int(h5o.get_info(node.id).num_attrs)


def attribute_of(node: Node, name: str) -> Any:
    """Return the value of an attribute, or None where there is none."""
    return node.attrs.get(name)


def storage_of(dataset: h5py.Dataset) -> Storage:
    """Return how a dataset's values are stored, from its creation property list alone."""
    properties = dataset.id.get_create_plist()
    if properties.get_external_count():
        return "external"
    return _STORAGES[properties.get_layout()]


def filters_of(dataset: h5py.Dataset) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Return number and options of each filter of a dataset, in the order of writing."""
    properties = dataset.id.get_create_plist()
    filters = (properties.get_filter(n) for n in range(properties.get_nfilters()))
    return tuple((int(number), tuple(int(option) for option in options)) for number, _, options, _ in filters)


def stored_chunks(dataset: h5py.Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all chunks that are in the file, as two arrays with a row for each.

    Returns
    -------
    tuple
        Where each begins in the dataset, and its byte offset, size, and filters that were left out.
    """
    numbers: list[int] = []
    extend, append = numbers.extend, numbers.append

    def take(chunk: Any) -> None:  # as little as can be: there may be 100 000 of them
        offset, mask, place, size = chunk
        extend(offset)
        append(place)
        append(size)
        append(mask)

    dataset.id.chunk_iter(take)
    table = np.array(numbers, np.int64).reshape(-1, dataset.ndim + 3)
    return table[:, :-3], table[:, -3:]


def contiguous_offset(dataset: h5py.Dataset) -> int | None:
    """Return where the values of a contiguous dataset begin in the file; None where nothing is written."""
    offset = dataset.id.get_offset()
    return None if offset is None else int(offset)


def raw_segments(dataset: h5py.Dataset) -> Iterator[tuple[str, int, int | None]]:
    """Yield name, first byte and number of bytes of the files without HDF5 structure that hold the values.

    The number is None where there is no end.
    """
    properties = dataset.id.get_create_plist()
    for n in range(properties.get_external_count()):
        name, offset, size = properties.get_external(n)
        yield _text(name), int(offset), None if size >= h5f.UNLIMITED else int(size)


def virtual_sources(dataset: h5py.Dataset) -> Iterator[RawSource]:
    """Yield the mappings of a virtual dataset, in the order of the file."""
    properties = dataset.id.get_create_plist()
    for n in range(properties.get_virtual_count()):
        yield RawSource(
            properties.get_virtual_filename(n),
            properties.get_virtual_dsetname(n),
            _box(properties.get_virtual_vspace(n)),
            _box(properties.get_virtual_srcspace(n)),
        )


def _box(space: h5s.SpaceID) -> Box | None:
    """Return the box that a dataspace selects, if it is one."""
    if space.get_select_type() == h5s.SEL_ALL:
        shape = tuple(int(length) for length in space.get_simple_extent_dims())
        return tuple(0 for _ in shape), shape
    try:
        low, high = space.get_select_bounds()
    except (RuntimeError, ValueError):  # of a selection without an end
        return _endless_box(space)
    start = tuple(int(first) for first in low)
    count = tuple(int(last) - first + 1 for first, last in zip(start, high, strict=True))
    size = 1
    for length in count:
        size *= length
    return (start, count) if size == space.get_select_npoints() else None


def _endless_box(space: h5s.SpaceID) -> Box | None:
    """Return the box that a dataspace without an end along its first axis selects, if it is one."""
    if not space.is_regular_hyperslab():
        return None
    start, stride, count, block = ([int(n) for n in part] for part in space.get_regular_hyperslab())
    endless = [h5s.UNLIMITED in pair for pair in zip(count, block, strict=True)]
    dense = all(s == b or c == 1 or b == h5s.UNLIMITED for s, c, b in zip(stride, count, block, strict=True))
    if not endless[0] or any(endless[1:]) or not dense:
        return None
    rest = (c * b for c, b in zip(count[1:], block[1:], strict=True))
    return tuple(start), (ENDLESS, *rest)


def _key(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    """Return a name from a file as text; what is not UTF-8 survives the way back."""
    return raw.decode("utf-8", "surrogateescape")
