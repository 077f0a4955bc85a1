"""The shape of both APIs: the read-only part of h5py, as mappings and sequences.

What a node returns at once and what it waits for is its backend's matter.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ._selection import Index

__all__ = ["Attributes", "Backend", "BaseFile", "Dataset", "Form", "Group", "Kind", "Node"]

Kind = Literal["group", "dataset"]


@dataclass(frozen=True, slots=True)
class Form:
    """Shape and type of a dataset, and whether it may get more points."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    grows: bool = False


class Backend(Protocol):
    """Where nodes get from what they give; every path is absolute in the file that was opened."""

    @property
    def filename(self) -> str:
        """The file, as it was named."""
        ...

    def kind(self, path: str) -> Kind:
        """Return what a path leads to; may wait for it."""
        ...

    def kind_now(self, path: str) -> Kind | None:
        """Return what a path leads to at this moment, None where nothing is there or it leads nowhere."""
        ...

    def names(self, path: str) -> Iterator[str]:
        """Yield the names in a group; may wait for more."""
        ...

    def names_now(self, path: str) -> tuple[str, ...]:
        """Return the names in a group at this moment."""
        ...

    def form(self, path: str) -> Form:
        """Return shape and type of a dataset at this moment."""
        ...

    def read(self, path: str, index: Index) -> Any:
        """Return what an index selects of a dataset; may wait for it."""
        ...

    def points(self, path: str) -> Iterator[Any]:
        """Yield the points of a dataset; may wait for more."""
        ...

    def attribute(self, path: str, key: str) -> Any:
        """Return an attribute; may wait for it."""
        ...

    def attributes(self, path: str) -> Iterator[str]:
        """Yield the names of a node's attributes; may wait for more."""
        ...

    def attributes_now(self, path: str) -> Mapping[str, Any]:
        """Return a node's attributes at this moment."""
        ...

    def close(self) -> None:
        """Close all files."""
        ...


class Attributes(Mapping[str, Any]):
    """The attributes of a node.

    ``attrs[key]`` and iteration may wait; ``in``, ``get`` and ``len`` answer for this moment.
    """

    def __init__(self, backend: Backend, path: str) -> None:
        self._backend, self._path = backend, path

    def __getitem__(self, key: str) -> Any:
        return self._backend.attribute(self._path, key)

    def __iter__(self) -> Iterator[str]:
        return self._backend.attributes(self._path)

    def __len__(self) -> int:
        return len(self._backend.attributes_now(self._path))

    def __contains__(self, key: object) -> bool:
        return key in self._backend.attributes_now(self._path)

    def get(self, key: str, default: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return an attribute, or something else where it is not there at this moment."""
        return self._backend.attributes_now(self._path).get(key, default)

    def __repr__(self) -> str:
        return f"<attributes of {self._path!r}>"


class Node:
    """A group or dataset.

    Parameters
    ----------
    file
        The file object that it was reached from.
    name
        Absolute path by which it was reached. Where that crosses an external link it differs from what h5py
        says, which is the path in the other file.
    """

    def __init__(self, backend: Backend, file: Group | None, name: str) -> None:
        self._backend, self._file, self.name = backend, file, name

    @property
    def attrs(self) -> Attributes:
        """The node's attributes."""
        return Attributes(self._backend, self.name)

    @property
    def file(self) -> Any:
        """The file object that the node was reached from."""
        return self._file or self

    @property
    def parent(self) -> Any:
        """The group that holds the node; the root is its own parent."""
        above = posixpath.dirname(self.name)
        return self.file if above == "/" else self.file.node_at("group", above)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and (self._backend, self.name) == (other._backend, other.name)

    def __hash__(self) -> int:
        return hash((id(self._backend), self.name))

    def __repr__(self) -> str:
        return f"<HDF5 {type(self).__name__.lower()} {self.name!r}>"


class Group(Node, Mapping[str, Any]):
    """Names, and what they lead to.

    ``group[name]`` and iteration may wait; ``in``, ``get`` and ``len`` answer for this moment.
    """

    __eq__, __hash__ = Node.__eq__, Node.__hash__  # a Mapping would compare everything in it

    def node_at(self, kind: Kind, path: str) -> Group | Dataset:
        """Return the node of an absolute path."""
        return (Group if kind == "group" else Dataset)(self._backend, self.file, path)

    def __getitem__(self, name: str) -> Any:
        path = self._path(name)
        return self.node_at(self._backend.kind(path), path)

    def __iter__(self) -> Iterator[str]:
        return self._backend.names(self.name)

    def __len__(self) -> int:
        return len(self._backend.names_now(self.name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._backend.kind_now(self._path(name)) is not None

    def get(self, key: str, default: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return what a name leads to, or something else where it leads nowhere at this moment."""
        kind = self._backend.kind_now(self._path(key))
        return default if kind is None else self.node_at(kind, self._path(key))

    def _path(self, name: object) -> str:
        if not isinstance(name, str):
            raise TypeError(f"a group is indexed with a name, not {name!r}")
        if "\0" in name:  # where HDF5 would take the name to end
            raise ValueError(f"no name holds a NUL as {name!r} does")
        parts = (name if name.startswith("/") else f"{self.name}/{name}").split("/")
        return "/" + "/".join(part for part in parts if part not in ("", "."))


class Dataset(Node, Sequence[Any]):
    """Data that may be sliced and iterated over as h5py's; what may wait is said by `Backend`."""

    __eq__, __hash__ = Node.__eq__, Node.__hash__

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape at this moment."""
        return self._backend.form(self.name).shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values."""
        return self._backend.form(self.name).dtype

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many values there are at this moment."""
        return prod(self.shape)

    def __len__(self) -> int:
        shape = self.shape
        if not shape:
            raise TypeError("a scalar dataset has no length")
        return shape[0]

    def __getitem__(self, index: Index) -> Any:
        return self._backend.read(self.name, index)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("a scalar dataset cannot be iterated over")
        return self._backend.points(self.name)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("the values of a file are always copied")
        return np.asarray(self[()] if not self.shape else self[...], dtype)


class BaseFile(Group):
    """A file and its root group, open until `close`."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, None, "/")

    @property
    def filename(self) -> str:
        """The file, as it was named."""
        return self._backend.filename

    def close(self) -> None:
        """Close all files, and end what waits in other threads."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
