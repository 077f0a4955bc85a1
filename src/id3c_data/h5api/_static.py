"""Answers for nodes of files that are complete."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from ..errors import FileClosed, Hdf5Error, LinkOutsideRoots, NotInFile
from ..paths import PathMapLike
from ._hops import Found
from ._independent import IndependentResolver
from ._nodes import Form, Kind
from ._open import OpenFile
from ._peek import attributes_of, form_of, kind_of, names_of, read_scalar
from ._points import Points, decoded, values_of
from ._roots import RootsLike
from ._rows import Rows
from ._selection import Index, Selection

__all__ = ["DYNAMIC_ARGUMENTS", "StaticBackend", "batch_length", "check_arguments"]

DYNAMIC_ARGUMENTS: Final = frozenset(
    {
        "lima_names",
        "lima_url_template",
        "lima_url_template_args",
        "retry_period",
        "retry_timeout",
        "scan_state",
        "settle_timeout",
    }
)
_BATCH_BYTES: Final = 1 << 20


def check_arguments(mode: str, others: Mapping[str, object] = {}) -> None:
    """Raise for arguments that a file cannot be opened with."""
    if mode != "r":
        raise ValueError(f"mode {mode!r}: files are only read here, with mode 'r'")
    unknown = sorted(set(others) - DYNAMIC_ARGUMENTS)
    if unknown:
        raise TypeError(f"File() got an unexpected keyword argument {unknown[0]!r}")


def batch_length(form: Form, most_bytes: int = _BATCH_BYTES) -> int:
    """Return how many points are read at once where all are iterated over."""
    point = form.dtype.itemsize
    for length in form.shape[1:]:
        point *= length
    return max(1, most_bytes // max(1, point))


def _nothing() -> None:
    """Check nothing: nobody writes."""


class StaticBackend:
    """Reads a file that nobody writes to; thread-safe.

    Parameters
    ----------
    file
        The file.
    path_map, allowed_roots
        As `Resolver` takes them.
    """

    def __init__(
        self, file: str | os.PathLike[str], path_map: PathMapLike = None, allowed_roots: RootsLike = None
    ) -> None:
        self.filename = os.fspath(file)
        self._resolver = IndependentResolver(path_map, allowed_roots)
        self._file: OpenFile | None = self._resolver.open(file)
        self._found: dict[str, Found] = {}
        self._rows: dict[str, tuple[Form, Rows | None]] = {}
        self._lock = threading.RLock()

    def kind(self, path: str) -> Kind:
        return kind_of(self._get(path))

    def kind_now(self, path: str) -> Kind | None:
        try:
            return self.kind(path)
        except LinkOutsideRoots:
            raise
        except Hdf5Error:
            return None

    def names(self, path: str) -> Iterator[str]:
        return iter(self.names_now(path))

    def names_now(self, path: str) -> tuple[str, ...]:
        return names_of(self._get(path))

    def form(self, path: str) -> Form:
        return self._form(path)[0]

    def read(self, path: str, index: Index) -> Any:
        with self._lock:
            form, rows = self._form(path)
            if rows is None:
                return read_scalar(self._get(path), index)
            selection = Selection.of(index, len(form.shape))
            selection.check_masks(form.shape, form.shape[0])
            values = rows.fetch(selection.rows(form.shape[0])).values(_nothing)
        return selection.of_rows(values)

    def points(self, path: str) -> Iterator[Any]:
        form = self.form(path)
        step = batch_length(form)
        starts = range(0, form.shape[0], step)
        parts = (part for start in starts for part in self._parts(path, start, step))
        return chain.from_iterable(decoded(parts, values_of))

    def _parts(self, path: str, start: int, step: int) -> Sequence[Points]:
        """Return some points, their bytes read."""
        with self._lock:
            form, rows = self._form(path)
            if rows is None:
                raise TypeError("a scalar dataset cannot be iterated over")
            return rows.fetch(range(start, min(start + step, form.shape[0]))).load(_nothing)

    def attribute(self, path: str, key: str) -> Any:
        try:
            return self.attributes_now(path)[key]
        except KeyError:
            where = self._get(path).where
            raise NotInFile(f"there is no attribute {key!r}", where, "check the name") from None

    def attributes(self, path: str) -> Iterator[str]:
        return iter(self.attributes_now(path))

    def attributes_now(self, path: str) -> Mapping[str, Any]:
        return attributes_of(self._get(path))

    def close(self) -> None:
        with self._lock:
            for found in self._found.values():
                found.close()
            self._found.clear()
            self._rows.clear()
            if self._file is not None:
                self._file.close()
                self._file = None

    def _get(self, path: str) -> Found:
        with self._lock:
            if self._file is None:
                raise FileClosed("the file is closed", self.filename, "open it again")
            if path not in self._found:
                self._found[path] = self._resolver.find(self._file, path)
            return self._found[path]

    def _form(self, path: str) -> tuple[Form, Rows | None]:
        with self._lock:
            if path not in self._rows:
                self._rows[path] = form_of(self._resolver, self._get(path))
            return self._rows[path]
