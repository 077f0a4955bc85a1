"""The driver as a file mover: fetches the files of a series from the DCU, in order, one by one.

The master comes first, then the data files. A file that is not there yet is looked for about ten times a
second. Each is written straight into its final name: opened without truncating, nothing renamed, so that a
half-written file can be seen, and an older and longer file keeps its tail.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["DownloadError", "FileMover", "FileSource", "MoveJob", "write_in_place"]

_POLL_S = 0.1
_WAIT_S = 1.0  # for one file, before the mover looks whether it is asked to stop
_TRIES_AFTER_STOP = 3


class DownloadError(OSError):
    """The DCU has the file but its download failed."""


class FileSource(Protocol):
    """Where the files come from."""

    def has_file(self, name: str) -> bool:
        """Whether the file can be fetched."""
        ...

    def fetch_file(self, name: str) -> bytes:
        """Return its content."""
        ...

    def delete_file(self, name: str) -> None:
        """Remove it."""
        ...


@dataclass(frozen=True, slots=True)
class MoveJob:
    """The files of one series, and what is to be done with each."""

    names: Sequence[str]
    """Master first, then data files."""
    save: Callable[[str, bytes], None] | None
    """Writes a file to disk, if files are saved."""
    parse: Callable[[bytes], None] | None
    """Takes the images out of a data file, if the file writer is the data source."""
    remove: bool
    """Whether a file is deleted on the DCU once it is saved."""

    @property
    def hangs_on_failure(self) -> bool:
        """Whether a failed download is waited for without end.

        The driver counts each file once for saving and once for parsing, but a failed download only once.
        """
        return self.save is not None and self.parse is not None


class FileMover:
    """Fetches files, as the driver's poll, download, save and parse tasks do together.

    Parameters
    ----------
    source
        Where the files are.
    closed
        Set when the IOC ends.
    check_download
        Called with a file's name before its download; may raise `DownloadError`.
    """

    def __init__(
        self, source: FileSource, closed: threading.Event, check_download: Callable[[str], None]
    ) -> None:
        self._source, self._closed, self._check_download = source, closed, check_download

    def run(self, job: MoveJob, stop: threading.Event) -> bool:
        """Move all files of a job and return whether all came.

        Parameters
        ----------
        job
            What to fetch.
        stop
            Set when the series is over: a file that does not come within three more seconds never comes.
        """
        tries = 0
        for name in job.names:
            while not self._wait_for(name):
                tries += stop.is_set()
                if tries >= _TRIES_AFTER_STOP or self._closed.is_set():
                    return False
            self._move(name, job, is_master=name == job.names[0])
        return True

    def _wait_for(self, name: str) -> bool:
        """Wait about a second for a file to appear."""
        deadline = time.monotonic() + _WAIT_S
        while not self._source.has_file(name):
            if time.monotonic() > deadline or self._closed.wait(_POLL_S):
                return False
        return True

    def _move(self, name: str, job: MoveJob, *, is_master: bool) -> None:
        try:
            self._check_download(name)
            content = self._source.fetch_file(name)
        except DownloadError:
            if job.hangs_on_failure and not is_master:
                self._closed.wait()
            return
        if job.parse is not None and not is_master:
            job.parse(content)
        if job.save is not None:
            job.save(name, content)
        if job.remove:
            self._source.delete_file(name)


def write_in_place(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o644,
    half_way: Callable[[], None] | None = None,
    only_half: bool = False,
) -> None:
    """Write a file straight under its name, without truncating what is there.

    Parameters
    ----------
    path
        The file.
    content
        What to write.
    mode
        Permissions of the file.
    half_way
        Called when half of it is written.
    only_half
        Whether to stop there.

    Raises
    ------
    OSError
        The folder does not exist or cannot be written.
    """
    half = len(content) // 2
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content[:half])
        file.flush()
        if half_way is not None:
            half_way()
        if not only_half:
            file.write(content[half:])
