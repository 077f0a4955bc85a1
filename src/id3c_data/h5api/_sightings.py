"""What the file system says about files, and for how long it has said so."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ._open import FileIdentity

__all__ = ["Sightings"]

_CLOCK_REALTIME_COARSE: Final = 5  # of linux/time.h; Python has no name for it
_COARSE_QUIET_S: Final = time.clock_getres(_CLOCK_REALTIME_COARSE) + 0.0005
"""Kernels before 6.13 stamp changes by a clock that ticks every 1 to 10 ms, so two writes within one tick may
leave the same time: only after a tick without change will a further write show."""
_FINE_QUIET_S: Final = 0.0003
"""Where the stamps are finer than a tick, this is only for the pauses between the writes of one flush."""
_TICK_NS: Final = 1_000_000  # the shortest tick in use; the others are multiples of it
_NEAR_TICK_NS: Final = 20_000  # ticks are this regular, and more
_MOST_PATHS: Final = 256


@dataclass(slots=True)
class _Sighting:
    identity: FileIdentity | None
    since: float


class Sightings:
    """Which files are there, in which state, and since when: by `os.stat`, which costs 2 µs.

    Nothing here trusts a clock of another machine: how long a file has been quiet is how long it has looked
    the same from here.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[Path, _Sighting] = OrderedDict()
        self._fine = False
        self.last_change = time.monotonic()

    def see(self, path: Path, *, thorough: bool = False) -> FileIdentity | None:
        """Return the state of a file at this moment, None where it is not there.

        Parameters
        ----------
        path
            The file, or a folder.
        thorough
            Ask in ways that a network file system does not answer from its cache: list the folder, open the
            file.
        """
        identity = _thorough_identity(path) if thorough else _identity(path)
        known = self._seen.get(path)
        if known is None:
            self._seen[path] = _Sighting(identity, time.monotonic())
            if len(self._seen) > _MOST_PATHS:
                self._seen.popitem(last=False)
        elif known.identity != identity:
            self._learn(known.identity, identity)
            known.identity, known.since = identity, time.monotonic()
            self.last_change = known.since
        return identity

    def same_for(self, path: Path, seconds: float) -> float:
        """Return how many seconds a file has yet to stay as it is until it has been so for so long."""
        known = self._seen.get(path)
        since = time.monotonic() if known is None else known.since
        return max(0.0, since + seconds - time.monotonic())

    @property
    def quiet_s(self) -> float:
        """How long a file must have been the same, so that the next change is sure to show."""
        return _FINE_QUIET_S if self._fine else _COARSE_QUIET_S

    def _learn(self, old: FileIdentity | None, new: FileIdentity | None) -> None:
        """See whether the file system's stamps are finer than a clock tick."""
        if self._fine or old is None or new is None or old.inode != new.inode:
            return
        past_tick = abs(new.modified_ns - old.modified_ns) % _TICK_NS
        self._fine = _NEAR_TICK_NS < past_tick < _TICK_NS - _NEAR_TICK_NS


def _identity(path: Path) -> FileIdentity | None:
    try:
        status = os.stat(path)  # noqa: PTH116 (half the time of Path.stat, and asked all the time)
    except (OSError, ValueError):
        return None
    return FileIdentity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _thorough_identity(path: Path) -> FileIdentity | None:
    """Return the identity as the file's server knows it.

    NFS remembers for up to a minute that a name was not there, until the folder is listed; and it asks for a
    file's size and time whenever the file is opened.
    """
    try:
        os.listdir(path.parent)  # noqa: PTH208
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return _identity(path)
    try:
        return FileIdentity.of(descriptor)
    finally:
        os.close(descriptor)
