"""The one way to wait: for a scan to move on, for files to change, or for the time to be over.

A reader sleeps on its scan's state, so a change of state wakes it at once. In between it looks at the files
with `os.stat`: often after a change, and ever more seldom the longer none came, so that an idle wait costs
less than 1 % of a core.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Final

from ..errors import ConfigError, FileClosed, RetryTimeoutException
from ._looks import Look, NotQuiet
from ._memory import MEMORY_AHEAD
from ._sightings import Sightings, Watch
from ._standing import ScanWatch, Standing

__all__ = ["DEFAULT_RETRY_PERIOD_S", "Patience", "Waiting", "Wanted", "poll_pause"]

DEFAULT_RETRY_PERIOD_S: Final = 1.0
"""How often files are looked at although nothing seems to have changed."""

_LOG = logging.getLogger("id3c_data.h5api")
_TELL_AFTER_S: Final = 5.0
_SHORTEST_PAUSE_S: Final = 0.0005
_PAUSE_SHARE: Final = 1 / 16  # of the time since the last change
_IDLE_PAUSE_S: Final = 0.004
"""Between such pauses there is time for what will be of use later."""
_LONG_PAUSE_S: Final = 0.015
_LONG_PAUSE_SHARE: Final = 1 / 128  # beyond that: nobody expects the next frame at once after some seconds
_LONGEST_PAUSE_S: Final = 0.04
_DOZE_S: Final = 0.125  # some long pauses, between which only the files are asked
_WORK_SHARE: Final = 100  # looks for which nothing had changed take a hundredth of the processor at most


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what.

    Parameters
    ----------
    retry_period
        Seconds after which to look again although nothing seems to have changed. A change that the file
        system shows is seen within milliseconds.
    retry_timeout
        Seconds that one read may wait; None for no limit.
    settle_timeout
        Seconds after the end of the scan in which promised data may still come.

    Raises
    ------
    ConfigError
        One of them is no time.
    """

    retry_period: float = DEFAULT_RETRY_PERIOD_S
    retry_timeout: float | None = None
    settle_timeout: float = 15.0

    def __post_init__(self) -> None:
        for name in ("retry_period", "retry_timeout", "settle_timeout"):
            value: object = getattr(self, name)
            if value is None and name == "retry_timeout":
                continue
            if not isinstance(value, Real) or not float(value) >= 0:
                raise ConfigError(f"{name} is {value!r}", next_step="give seconds, 0 or more")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a read waits for.

    Parameters
    ----------
    what, where
        In words.
    scan
        The scan that may bring it.
    cut
        Whether fewer of the same are also welcome, as points that are iterated over.
    """

    what: str
    where: str
    scan: ScanWatch
    cut: bool = False


class Waiting:
    """The wait of one read.

    Parameters
    ----------
    wanted
        What it waits for.
    patience
        For how long.
    sightings
        What was seen of the files so far.
    closed
        Says whether the file object was closed meanwhile.
    """

    def __init__(
        self, wanted: Wanted, patience: Patience, sightings: Sightings, closed: Callable[[], bool]
    ) -> None:
        self._wanted, self._patience, self._sightings, self._closed = wanted, patience, sightings, closed
        self._started, self._look_began = time.monotonic(), time.thread_time()
        self._told = False
        self.thorough = False

    def settles(self, standing: Standing) -> bool:
        """Say whether files may still be put right.

        They may until ``settle_timeout`` after the end of the scan, or after the beginning of the read where
        that came later.
        """
        if not standing.over:
            return True
        ended = self._wanted.scan.finished_at or self._started
        return time.monotonic() <= max(self._started, ended) + self._patience.settle_timeout

    def begin_look(self) -> None:
        """Note when a look begins."""
        self._look_began = time.thread_time()

    def pause(self, look: Look, standing: Standing, reason: Exception) -> None:
        """Return as soon as another look may give more.

        Parameters
        ----------
        look
            The last look.
        standing
            Where the scan stood before it.
        reason
            Why the look did not give what is wanted.

        Raises
        ------
        RetryTimeoutException
            The read has waited for too long.
        FileClosed
            The file object was closed meanwhile.
        """
        ended, worked = time.monotonic(), time.thread_time() - self._look_began
        again_at = ended + max(self._patience.retry_period, _WORK_SHARE * worked)
        refused = look.met_writer or isinstance(reason, NotQuiet)
        quiet_at = ended + max(look.quiet_in(), _SHORTEST_PAUSE_S if refused else 0.0)
        watch = look.watch()
        while True:
            news = look.news()
            now = time.monotonic()
            self._check(now, reason)
            self.thorough = now >= again_at
            if self.thorough or ended < quiet_at <= now or (not look.quiet_in() if refused else news):
                return
            if self._moved(standing, now):
                return
            self._doze(watch, standing, min(again_at, quiet_at if quiet_at > now else again_at))

    def _check(self, now: float, reason: Exception) -> None:
        """Raise where the wait is to end; tell once what it waits for."""
        wanted, waited = self._wanted, now - self._started
        if self._closed():
            raise FileClosed(
                f"the file was closed while a read waited for {wanted.what}",
                wanted.where,
                "open the file again to go on",
            )
        timeout = self._patience.retry_timeout
        if timeout is not None and waited >= timeout:
            raise RetryTimeoutException(
                f"{wanted.what} did not come within {timeout:g} s ({_words(reason)})",
                wanted.where,
                "see whether its writer still runs, or wait with a longer retry_timeout",
            )
        if waited >= _TELL_AFTER_S and not self._told:
            self._told = True
            _LOG.warning("%s: waiting for %s (%s)", wanted.where, wanted.what, _words(reason))

    def _moved(self, standing: Standing, now: float) -> bool:
        """Say whether the scan has moved on since."""
        if self._wanted.scan.phase != standing.phase:
            return True
        settled_at = self._wanted.scan.settled_at
        return standing.settling and settled_at is not None and now >= settled_at

    def _doze(self, watch: Watch, standing: Standing, until: float) -> None:
        """Sleep until a file changes or the scan moves on, and some times as long as one pause at most."""
        pause = poll_pause(self._sightings)
        if self._patience.retry_timeout is not None:
            until = min(until, self._started + self._patience.retry_timeout)
        if standing.settling and self._wanted.scan.settled_at is not None:
            until = min(until, self._wanted.scan.settled_at)
        if pause >= _IDLE_PAUSE_S and not standing.over:
            MEMORY_AHEAD.get_some()
        for _ in range(int(_DOZE_S / pause) if pause >= _LONG_PAUSE_S else 1):
            left = until - time.monotonic()
            moved = self._wanted.scan.wait(standing.phase, max(0.0, min(pause, left)))
            if moved or left <= pause or watch.changed():
                return


def poll_pause(sightings: Sightings) -> float:
    """Return how many seconds to wait until asking the file system again."""
    still = time.monotonic() - sightings.last_change
    short = min(max(still * _PAUSE_SHARE, _SHORTEST_PAUSE_S), _LONG_PAUSE_S)
    return min(max(still * _LONG_PAUSE_SHARE, short), _LONGEST_PAUSE_S)


def _words(reason: Exception) -> str:
    return " ".join(str(reason).split())
