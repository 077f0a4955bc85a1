"""What the file system says about files, and for how long it has said so."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ._file_times import has_fine_times
from ._open import FileIdentity

__all__ = ["Sightings", "Watch"]

_CLOCK_REALTIME_COARSE: Final = 5  # of linux/time.h; Python has no name for it
_COARSE_QUIET_S: Final = time.clock_getres(_CLOCK_REALTIME_COARSE) + 0.0005
"""Kernels before 6.13 stamp changes by a clock that ticks every 1 to 10 ms, so two writes within one tick may
leave the same time: only after a tick without change will a further write show."""
_FINE_QUIET_S: Final = 0.0003
"""Where the stamps are finer than a tick, this is only for the pauses between the writes of one flush."""
_TICK_NS: Final = 1_000_000  # the shortest tick in use; the others are multiples of it
_NEAR_TICK_NS: Final = 20_000  # ticks are this regular, and more
_MOST_PATHS: Final = 16_384
"""More than one look goes by: one that were forgotten would never have been quiet for long."""


@dataclass(slots=True)
class _Sighting:
    identity: FileIdentity | None
    since: float


class Watch:
    """Some files, asked for changes all the time; a change found here is not noted as one.

    Between two sleeps of a process everything costs many times what it does in a loop, as no cache knows it
    any more, so this makes no objects and calls nothing but `os.stat`.

    Parameters
    ----------
    states
        The files, and in which state they were.
    """

    def __init__(self, states: Iterable[tuple[Path, FileIdentity | None]]) -> None:
        self._states = [(str(path), identity and _as_tuple(identity)) for path, identity in states]

    def changed(self) -> bool:
        """Say whether one of them is in another state by now."""
        for path, known in self._states:
            try:
                status = os.stat(path)  # noqa: PTH116
            except (OSError, ValueError):
                now = None
            else:
                now = status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev
            if now != known:
                return True
        return False


class Sightings:
    """Which files are there, in which state, and since when: by `os.stat`.

    Nothing here trusts a clock of another machine: how long a file has been quiet is how long it has looked
    the same from here.

    Parameters
    ----------
    known_to_be_fine
        Says of a device whether its file system is known to have times finer than a tick. Of others it shows
        with the first change whose time is none of a tick.
    """

    def __init__(self, known_to_be_fine: Callable[[int], bool] = has_fine_times) -> None:
        self._seen: OrderedDict[Path, _Sighting] = OrderedDict()
        self._fine: dict[int, bool] = {}
        self._known_to_be_fine = known_to_be_fine
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

    def unquiet_for(self, path: Path) -> float:
        """Return how long (s) a file has yet to stay the same, so that the next change is sure to show."""
        known = self._seen.get(path)
        now = time.monotonic()
        since, identity = (now, None) if known is None else (known.since, known.identity)
        fine = identity is not None and self.has_fine_times(identity.device)
        return max(0.0, since + (_FINE_QUIET_S if fine else _COARSE_QUIET_S) - now)

    def has_fine_times(self, device: int) -> bool:
        """Say whether the times of a file system are known to be finer than a tick."""
        if device not in self._fine:
            self._fine[device] = self._known_to_be_fine(device)
        return self._fine[device]

    def _learn(self, old: FileIdentity | None, new: FileIdentity | None) -> None:
        """See whether the file system's stamps are finer than a clock tick."""
        if old is None or new is None or (old.device, old.inode) != (new.device, new.inode):
            return
        if not self.has_fine_times(new.device):
            past_tick = abs(new.modified_ns - old.modified_ns) % _TICK_NS
            self._fine[new.device] = _NEAR_TICK_NS < past_tick < _TICK_NS - _NEAR_TICK_NS


def _as_tuple(identity: FileIdentity) -> tuple[int, int, int, int]:
    return identity.modified_ns, identity.size, identity.inode, identity.device


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
        if not path.is_file():  # to open a device or a FIFO does something to it
            return _identity(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return _identity(path)
    try:
        return FileIdentity.of(descriptor)
    finally:
        os.close(descriptor)
