"""Answers for nodes of files that are being written: they wait for what may still come."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar, cast

from ..errors import FileClosed, FileIncomplete, FileMissing, Hdf5Error, LinkOutsideRoots, NotInFile
from ._availability import Expected
from ._continuity import Continuity
from ._iteration import Iteration
from ._looks import Look, Memory, NotYet
from ._nodes import Form, Kind
from ._peek import attributes_of, form_of, kind_of, names_of, read_scalar
from ._points import Fetched
from ._reader import Attempt, Reader
from ._rows import Rows
from ._scan_state import ScanPhase
from ._selection import Index, Selection
from ._standing import ScanWatch, Standing
from ._static import batch_length
from ._waiting import Wanted

__all__ = ["DynamicBackend", "OtherData", "Scans"]

T = TypeVar("T")
_BATCH_BYTES: Final = 1 << 23
"""Points that are read at once while the file is written, by a reader that is behind."""


class Scans(Protocol):
    """Which scan a path of a file belongs to."""

    def above(self, path: str) -> ScanWatch:
        """Return the scan that may bring what is at a path."""
        ...

    def inside(self, path: str) -> ScanWatch:
        """Return the scan that may bring what is inside a node."""
        ...


class OtherData(Protocol):
    """Data that the file itself does not lead to, or not yet."""

    def kind(self, look: Look, path: str) -> Kind | None:
        """Return what is at a path; None where that is the file's own matter."""
        ...

    def rows(self, look: Look, path: str) -> tuple[Form, Rows] | None:
        """Return the points of a dataset; None where that is the file's own matter."""
        ...


class DynamicBackend:
    """Reads a file that somebody may be writing; thread-safe.

    Parameters
    ----------
    filename
        The file, as it was named.
    reader
        Looks at it.
    scans
        Which scan what belongs to.
    others
        Where data lie that the file does not lead to.
    """

    def __init__(
        self, filename: str | os.PathLike[str], reader: Reader, scans: Scans, others: Sequence[OtherData] = ()
    ) -> None:
        self.filename = os.fspath(filename)
        self._reader, self._scans, self._others = reader, scans, others
        self._known: dict[str, tuple[Memory, tuple[Form, Rows | None]]] = {}

    def kind(self, path: str) -> Kind:
        return self._until(lambda look, _: self._kind(look, path), self._scans.above(path), path, path)

    def kind_now(self, path: str) -> Kind | None:
        def attempt(look: Look, _: Standing) -> Kind | None:
            try:
                return self._kind(look, path)
            except LinkOutsideRoots:
                raise
            except Hdf5Error:
                return None

        return self._until(attempt, self._scans.above(path), path, path)

    def names(self, path: str) -> Iterator[str]:
        return self._all_names(path, "names", lambda look: names_of(look.get(self._reader.path, path)))

    def names_now(self, path: str) -> tuple[str, ...]:
        def attempt(look: Look, _: Standing) -> tuple[str, ...]:
            try:
                return names_of(look.get(self._reader.path, path))
            except (FileIncomplete, FileMissing):
                return ()

        return self._until(attempt, self._scans.inside(path), path, f"the names in {path}")

    def form(self, path: str) -> Form:
        return self._until(
            lambda look, _: self._rows(look, path)[0], self._scans.inside(path), path, "its shape and type"
        )

    def read(self, path: str, index: Index) -> Any:
        scan = self._scans.inside(path)

        def attempt(look: Look, standing: Standing) -> Any:
            form, rows = self._rows(look, path)
            if rows is None:
                return read_scalar(look.get(self._reader.path, path), index)
            selection = Selection.of(index, len(form.shape))
            fetched = rows.fetch(self._expected(scan, standing, path).chosen(selection, form, rows))
            look.confirm()
            return selection.of_rows(fetched.values(look.check_bytes))

        return self._until(attempt, scan, path, f"[{_words(index)}]")

    def points(self, path: str) -> Iterator[Any]:
        scan, continuity = self._scans.inside(path), Continuity(f"{self._reader.path}: {path}")

        def find(look: Look, standing: Standing, done: int, most: int) -> Fetched | None:
            form, rows = self._rows(look, path)
            if rows is None:
                raise TypeError("a scalar dataset cannot be iterated over")
            continuity.check(look, standing, look.note(self._reader.path), form, rows, done)
            batch = batch_length(form) if standing.over else min(most, batch_length(form, _BATCH_BYTES))
            following = self._expected(scan, standing, path).following(done, batch, form, rows)
            return rows.fetch(following) if following else None

        def until(attempt: Attempt[T], done: int) -> T:
            return self._until(attempt, scan, path, f"point {done}", cut=True)

        for point in Iteration(find, until):
            continuity.begin(point)
            yield point

    def attribute(self, path: str, key: str) -> Any:
        scan = self._scans.inside(path)

        def attempt(look: Look, standing: Standing) -> Any:
            found = look.get(self._reader.path, path)
            attributes = attributes_of(found)
            if key in attributes:
                return attributes[key]
            if not standing.over:
                raise NotYet("there is no such attribute")
            raise NotInFile(f"there is no attribute {key!r}", found.where, "check the name")

        return self._until(attempt, scan, path, f"attribute {key!r}")

    def attributes(self, path: str) -> Iterator[str]:
        return self._all_names(path, "attributes", lambda look: tuple(self._attributes(look, path)))

    def attributes_now(self, path: str) -> Mapping[str, Any]:
        return self._until(
            lambda look, _: self._attributes(look, path), self._scans.inside(path), path, "the attributes"
        )

    def close(self) -> None:
        self._reader.close()

    def _until(self, attempt: Attempt[T], scan: ScanWatch, path: str, what: str, *, cut: bool = False) -> T:
        return self._reader.until(attempt, Wanted(what, f"{self._reader.path}: {path}", scan, cut))

    def _expected(self, scan: ScanWatch, standing: Standing, path: str) -> Expected:
        return Expected(self._reader.path, standing, scan.promised_points(self._reader.path, path))

    def _all_names(self, path: str, what: str, list_names: Callable[[Look], Iterable[str]]) -> Iterator[str]:
        """Yield names as they come, until the scan is PREPARED."""
        scan, known = self._scans.inside(path), set[str]()

        def attempt(look: Look, standing: Standing) -> tuple[list[str], bool]:
            new = [name for name in list_names(look) if name not in known]
            last = standing.phase >= ScanPhase.PREPARED
            if not new and not last:
                raise NotYet("the scan is not prepared yet")
            return new, last

        last = False
        while not last:
            try:
                new, last = self._until(attempt, scan, path, f"more {what}")
            except FileClosed:
                if scan.state is None:  # nothing else ever ends this loop
                    return
                raise
            known.update(new)
            yield from new

    def _kind(self, look: Look, path: str) -> Kind:
        try:
            return kind_of(look.get(self._reader.path, path))
        except LinkOutsideRoots:
            raise
        except Hdf5Error:
            for other in self._others:
                if (kind := other.kind(look, path)) is not None:
                    return kind
            raise

    def _rows(self, look: Look, path: str) -> tuple[Form, Rows | None]:
        known = self._known.get(path)
        if known is not None and look.is_as(known[0]):
            return known[1]
        found = self._find_rows(look, path)
        if (found[1] is None or found[1].lasting) and (memory := look.remember()) is not None:
            self._known[path] = memory, found
        else:
            self._known.pop(path, None)
        return found

    def _find_rows(self, look: Look, path: str) -> tuple[Form, Rows | None]:
        try:
            return form_of(look, look.get(self._reader.path, path))
        except LinkOutsideRoots:
            raise
        except Hdf5Error:
            for other in self._others:
                if (rows := other.rows(look, path)) is not None:
                    return rows
            raise

    def _attributes(self, look: Look, path: str) -> Mapping[str, Any]:
        return attributes_of(look.get(self._reader.path, path))


def _words(index: Index) -> str:
    """Return an index as it was written, more or less."""
    items = cast("tuple[Any, ...]", index) if isinstance(index, tuple) else (index,)
    return ", ".join(_word(item) for item in items)


def _word(item: Any) -> str:
    if isinstance(item, slice):
        taken = cast("slice[Any, Any, Any]", item)
        ends = ("" if end is None else str(end) for end in (taken.start, taken.stop))
        return ":".join(ends) + ("" if taken.step is None else f":{taken.step}")
    return "..." if item is Ellipsis else repr(item)
