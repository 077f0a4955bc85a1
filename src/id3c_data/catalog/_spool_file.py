"""One run's documents in a file, a line for each; kept in memory as long as the disk does not take them."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from ._document_lines import line_of

__all__ = ["ENDING", "HEADER", "LOST", "VERSION", "SpoolFile"]

ENDING = ".jsonl"
HEADER = "spool"
"""Name of the first line, which says for which catalog the run is."""
LOST = "lost"
"""Name of the line in whose place documents are missing."""
VERSION = 1

_HELD = 64 * 2**20  # bytes of a run that wait in memory for a disk with room


class SpoolFile:
    """Writes the documents of one run.

    What the disk does not take stays in memory and is tried again with the next document, so a disk that has
    room again has the run whole.

    Parameters
    ----------
    path
        Of the file; made by the first `flush`, with its folder, for its owner only. One that is there already
        is left alone.
    catalog, registered
        For which catalog the run is, and what of its files is to be registered there.
    """

    def __init__(self, path: Path, catalog: str, registered: str) -> None:
        self.path = path
        self._file: int | None = None
        self._made = self._lost = self._over = False
        self._sync = True
        header = {
            "version": VERSION,
            "catalog": catalog,
            "registered": registered,
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        self._unwritten = bytearray(line_of(HEADER, header))

    @property
    def over(self) -> bool:
        """Whether all is written and the file let go of, so that others may take it."""
        return self._over and self._made and self._file is None

    def append(self, name: str, doc: Any) -> None:
        """Take in a document, to be written by the next `flush`; after a stop document none should come."""
        if len(self._unwritten) > _HELD:
            self.lose()
        if not self._lost:
            self._unwritten += line_of(name, doc)
        self._sync |= name == "start"
        self._over |= name == "stop"

    def lose(self) -> None:
        """Note that documents are missing from here on; those that come later are left out, too."""
        if not self._lost:
            self._lost = True
            self._unwritten += line_of(LOST, {})

    def end(self) -> None:
        """Take no more documents."""
        self._over = True

    def flush(self) -> None:
        """Hand all that came to the operating system; at the start and the end, to the disk.

        Raises
        ------
        OSError
            Where that fails; what is not written is kept.
        """
        if not self._made:
            self._file, self._made = _made(self.path), True
        if self._file is None:
            return
        while self._unwritten:
            del self._unwritten[: os.write(self._file, self._unwritten)]
        if self._sync or self._over:
            os.fsync(self._file)
            self._sync = False
        if self._over:
            self._close()

    def remove(self) -> None:
        """Close the file and take it away."""
        self._close()
        if self._made:
            self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _made(path: Path) -> int:
    """Return a new file that is locked as long as this process has it open."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    with suppress(OSError):  # file systems without locks; a reader then takes the file for nobody's
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with suppress(OSError):  # file systems without it
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # or a power failure takes the file's name
        finally:
            os.close(folder)
    return file
