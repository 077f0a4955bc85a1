"""One look at files that somebody may be writing, and whether it counts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import BrokenLink
from ._files import Files
from ._hops import Found
from ._open import FileIdentity, OpenFile
from ._resolver import RawFile, Resolver
from ._sightings import Watch
from ._swmr import alone, newest
from ._virtual import VirtualBlock

__all__ = ["Look", "Memory", "NotQuiet", "NotYet"]

_MOST_WATCHED: Final = 8


class NotYet(Exception):
    """What was asked for may still come; this never leaves the package.

    Parameters
    ----------
    reason
        What it is that has not come, in words.
    """

    @property
    def reason(self) -> str:
        """What has not come."""
        return str(self.args[0])


class NotQuiet(NotYet):
    """A file was written to at the moment of the look, so the look does not count."""


@dataclass(frozen=True, slots=True)
class Memory:
    """In which state files were in a look, so that what it found need not be found again."""

    seen: dict[Path, FileIdentity | None]
    opened: int


class Look(Resolver):
    """One look: it counts only if none of its files changed meanwhile.

    As a context manager it keeps the other readers of this process from SWMR files, from the first one that
    it opens on until it is confirmed or over.

    Parameters
    ----------
    files
        What to look at.
    calm
        Only look at files that have been quiet for a moment.
    strict
        It counts only if no file changed meanwhile. A look that is not is one of two that are to agree.
    thorough
        Ask a network file system's server, not this machine's cache of it.

    Attributes
    ----------
    met_writer
        Whether it met a file that was written to at that moment, even if that kept it from nothing.
    stood
        Whether all that HDF5 had read still stood in the files when it was confirmed, so that another look
        would have found the same. Of a file that is not open for that, nobody can say.
    """

    def __init__(
        self,
        files: Files,
        *,
        calm: bool = False,
        strict: bool = True,
        thorough: bool = False,
    ) -> None:
        super().__init__(files.path_map, files.allowed_roots)
        self._files, self._calm, self._strict, self._thorough = files, calm, strict, thorough
        self._seen: dict[Path, FileIdentity | None] = {}
        self._growing: set[Path] = set()
        self._opened: dict[Path, OpenFile] = {}
        self._confirmed = self.met_writer = self.stood = False
        self._alone = ExitStack()

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *_: object) -> None:
        self._alone.close()

    def open(self, path: str | os.PathLike[str]) -> OpenFile:
        """Return a file, open, and note in which state it is; it stays open when the look is over."""
        path = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow symlinks)
        if path not in self._opened:
            self._opened[path] = self._open(path)
        return self._opened[path]

    def _open(self, path: Path) -> OpenFile:
        identity = self.note(path)
        grows = identity is not None and self._files.grows(path, identity)
        if grows:
            self._growing.add(path)
            self._alone.enter_context(alone())
        elif identity is not None and self._calm and not self.is_quiet(path):
            raise self._refusal(f"{path} is being written")
        held = self._files.hold(path, identity, swmr=grows, thorough=self._thorough)
        if not held.swmr and held.identity != identity:
            if self._strict:
                raise self._refusal(f"{path} changed while it was opened")
            self._seen[path] = held.identity
        return held

    def raw_file(self, path: str | os.PathLike[str]) -> RawFile:
        """Return a file without HDF5 structure, as it is now."""
        self.note(Path(os.path.abspath(path)))  # noqa: PTH100
        return super().raw_file(path)

    def get(self, path: Path, name: str) -> Found:
        """Return an object, as it is now."""
        return self.find(self.open(path), name)

    def find(self, file: OpenFile, name: str) -> Found:
        """Return an object, as it is now."""
        return newest(super().find(file, name))

    def find_source(self, found: Found, block: VirtualBlock) -> Found:
        """Return the source of a virtual dataset, as it is now."""
        return newest(super().find_source(found, block))

    def get_or_none(self, path: Path, name: str) -> Found | None:
        """Return an object, or None where the file can be read and does not have it."""
        try:
            return self.get(path, name)
        except BrokenLink:
            return None

    def note(self, path: Path) -> FileIdentity | None:
        """Return the state of a file or folder, and take it for a part of the look."""
        if path not in self._seen:
            self._seen[path] = self._files.sightings.see(path, thorough=self._thorough)
        return self._seen[path]

    def remember(self) -> Memory | None:
        """Return what tells later whether all is as it is now; None where a file grows all the time."""
        return None if self._growing else Memory(dict(self._seen), self._files.opened)

    def is_as(self, memory: Memory) -> bool:
        """Say whether all files are as they were, as far as HDF5 knows; they become a part of the look."""
        return self._files.opened == memory.opened and all(
            self._is_as_before(path, identity) for path, identity in memory.seen.items()
        )

    def _is_as_before(self, path: Path, before: FileIdentity | None) -> bool:
        """Say whether a file is as it was; of one that is open, whether what HDF5 has read of it is."""
        now = self.note(path)
        if now == before and not self._files.holds(path):
            return True
        if now != before and self._calm and not self.is_quiet(path):
            raise self._refusal(f"{path} is being written")
        return self._files.still_serves(path, now, thorough=self._thorough)

    def confirm(self) -> None:
        """Raise `NotQuiet` if a file has changed that may not; what changes afterwards is no matter."""
        if not self._confirmed:
            if self._strict and self._spoiled():
                raise self._refusal("a file changed while it was read")
            self.stood = self._strict or self._stands()
            self._confirmed = True
        self._alone.close()

    def check_bytes(self) -> None:
        """Raise `NotQuiet` if the bytes of chunks, read after `confirm`, may be others than were meant.

        A file that has only grown still has them where they were: HDF5 writes the data of a chunk before it
        writes where they are. One that is written over from the beginning does not grow at first.
        """
        for path, before in self._seen.items():
            now = self._files.sightings.see(path)
            if path not in self._growing and now != before and not _grown(before, now):
                raise self._refusal(f"{path} changed while it was read")

    def _stands(self) -> bool:
        """Say whether all that HDF5 has read in this look still stands in the files, which may have grown."""
        for path, before in self._seen.items():
            now = self._files.sightings.see(path)
            same = now == before or _grown(before, now)
            if path not in self._growing and not (
                same and self._files.still_serves(path, now, thorough=True)
            ):
                return False
        return True

    def agrees_with(self, later: Look) -> bool:
        """Say whether the files of both looks have only grown from this one until now, if they changed."""
        return self._seen.keys() == later._seen.keys() and all(
            path in self._growing or before == (now := self._files.sightings.see(path)) or _grown(before, now)
            for path, before in self._seen.items()
        )

    def changed(self) -> bool:
        """Say whether a file that may not change while it is read has changed."""
        return any(
            self._files.sightings.see(path) != identity
            for path, identity in self._seen.items()
            if path not in self._growing
        )

    def _spoiled(self) -> bool:
        """Say whether a file has changed that was not read at once, or otherwise than by growing."""
        for path, before in self._seen.items():
            now = self._files.sightings.see(path)
            grown_since = _grown(before, now) and self._files.were_read_at(path, before)
            if path not in self._growing and now != before and not grown_since:
                return True
        return False

    def watch(self) -> Watch:
        """Return what tells cheaply of changes; of many files the first and the last ones are watched."""
        return Watch(self._watched())

    def news(self) -> bool:
        """Note what has changed since, of what is watched, and say whether anything has."""
        seen = [self._files.sightings.see(path) != identity for path, identity in self._watched()]
        return any(seen)

    def _refusal(self, reason: str) -> NotQuiet:
        self.met_writer = True
        return NotQuiet(reason)

    def _watched(self) -> list[tuple[Path, FileIdentity | None]]:
        seen = list(self._seen.items())
        return seen if len(seen) <= _MOST_WATCHED else [seen[0], *seen[1 - _MOST_WATCHED :]]

    def need(self, paths: Iterable[Path]) -> None:
        """Have these files of the look watched for changes, however many it has."""
        for path in paths:
            if path in self._seen:
                self._seen[path] = self._seen.pop(path)  # to the end

    def quiet_in(self) -> float:
        """Return in how many seconds a change that came in the moment of the look is sure to show."""
        return max((self._quiet_in(path) for path in self._seen), default=0.0)

    def is_quiet(self, path: Path) -> bool:
        """Say whether the next change of a file is sure to show."""
        return self._quiet_in(path) <= 0

    def _quiet_in(self, path: Path) -> float:
        return self._files.sightings.unquiet_for(path)


def _grown(before: FileIdentity | None, now: FileIdentity | None) -> bool:
    """Say whether it is the same file, and longer than before."""
    return before is not None and now is not None and now.inode == before.inode and now.size > before.size
