"""A run that is kept in a file, and its documents read back."""

from __future__ import annotations

import fcntl
import uuid
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import CatalogError, DocumentError
from ._document_lines import document_of
from ._spool_file import HEADER, LOST, VERSION

__all__ = ["Busy", "SpooledRun", "documents_from", "is_nobodys"]

Document = tuple[str, dict[str, Any]]


class Busy(CatalogError):
    """The file belongs to a session that runs."""


@dataclass(frozen=True, slots=True)
class SpooledRun:
    """A run that is kept in a file.

    Parameters
    ----------
    path
        The file.
    catalog, registered
        For which catalog it is, and how its files are to be registered there.
    start
        Its start document.
    """

    path: Path
    catalog: str
    registered: Any
    start: dict[str, Any]

    @classmethod
    def of(cls, path: Path) -> SpooledRun:
        """Return the run of a file.

        Raises
        ------
        DocumentError
            Where the file does not begin as it should.
        OSError
            Where it cannot be read.
        """
        found = documents_from(path)
        try:
            (_, name, header), (_, second, start) = next(found), next(found)
            right = (name, second) == (HEADER, "start") and header["version"] == VERSION
            if not right:
                raise DocumentError("does not hold a run")
            return cls(path, header["catalog"], header["registered"], start)
        except StopIteration:
            raise DocumentError("holds no start document", str(path), "remove it") from None
        except (DocumentError, KeyError) as error:
            raise DocumentError(
                f"is no file of kept documents ({error})", str(path), "leave it out"
            ) from error
        finally:
            found.close()

    @property
    def uid(self) -> str:
        """Uid of the run."""
        return self.start["uid"]

    def documents(self) -> Iterator[Document]:
        """Yield the documents; where the file ends without a stop document, one that says so is the last.

        Of a file that is damaged, those before the damage.
        """
        ending = _Ending(self.start)
        fault = "the session that took it ended before the run did"
        try:
            for _, name, doc in documents_from(self.path):
                if name != HEADER:
                    ending.note(name, doc)
                    yield name, doc
        except DocumentError as error:
            fault = f"documents of it were lost: {error.what}"
        if not ending.stopped:
            yield "stop", ending.made(fault)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from bringing the run in meanwhile.

        Raises
        ------
        Busy
            Where the session that takes the run still has the file, or another process brings it in.
        """
        with self.path.open("rb+") as file:
            if not _locked(file):
                raise Busy(
                    "a session that runs still writes this run",
                    str(self.path),
                    "it brings the run in itself; wait for its end, or end the session",
                )
            yield


def is_nobodys(path: Path) -> bool:
    """Say whether no session that runs has a file.

    Raises
    ------
    OSError
        Where it cannot be looked at.
    """
    with path.open("rb+") as file:
        return _locked(file)


def _locked(file: BinaryIO) -> bool:
    """Lock a file as long as it is open; False where somebody else has."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True


class _Ending:
    """What the documents so far say of the end of their run."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.stopped = False
        self._uid, self._time = start["uid"], start["time"]
        self._streams: dict[str, str] = {}
        self._events: Counter[str] = Counter()

    def note(self, name: str, doc: dict[str, Any]) -> None:
        """Take in a document."""
        if name == "descriptor":
            self._streams[doc["uid"]] = doc["name"]
            self._events[doc["name"]] += 0
        elif name in ("event", "event_page"):
            numbers = doc["seq_num"] if name == "event_page" else [doc["seq_num"]]
            self._events[self._streams[doc["descriptor"]]] += len(numbers)
        self._time = doc["time"] if name in ("descriptor", "event") else self._time
        self.stopped |= name == "stop"

    def made(self, reason: str) -> dict[str, Any]:
        """Return a stop document for a run that has none; always the same one for the same documents."""
        return {
            "uid": str(uuid.uuid5(uuid.UUID(self._uid), "stop")),
            "run_start": self._uid,
            "time": self._time,
            "exit_status": "fail",
            "reason": f"{reason}; this stop document was made by id3c-data replay",
            "num_events": dict(self._events),
        }


def documents_from(path: Path, offset: int = 0) -> Generator[tuple[int, str, dict[str, Any]], None, None]:
    """Yield the documents of a file, each with the place where the next one begins.

    A last line that is not whole yet is left alone.

    Raises
    ------
    DocumentError
        At a line that is no document, and where documents are missing.
    OSError
        Where the file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                name, doc = document_of(line)
            except DocumentError as error:
                raise DocumentError(f"the line at byte {offset} {error.what}", str(path)) from error
            if name == LOST:
                raise DocumentError(f"from byte {offset} on the disk did not take them", str(path))
            offset += len(line)
            yield offset, name, doc
