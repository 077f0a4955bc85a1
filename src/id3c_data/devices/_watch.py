"""The newest values of the signals that an exposure depends on, and waiting for them to change."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from ophyd.signal import EpicsSignalBase

from ..errors import DetectorFault, DetectorTimeout

__all__ = ["Interrupted", "SignalWatch"]


class Interrupted(Exception):
    """A wait was called off.

    Parameters
    ----------
    reason
        By what, in words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignalWatch:
    """Follows a few signals by monitors, so that looking at one costs no round trip.

    All of them come over one Channel Access circuit and through one thread, so their changes arrive in the
    order in which the IOC made them.

    Parameters
    ----------
    where
        The IOC's prefix, for messages.
    *signals
        What to follow.
    """

    def __init__(self, where: str, *signals: EpicsSignalBase) -> None:
        self._where, self._signals = where, signals
        self._values: dict[EpicsSignalBase, Any] = {}
        self._changes: Counter[EpicsSignalBase] = Counter()
        self._lost: set[EpicsSignalBase] = set()
        self._changed = threading.Condition()
        self._conditions: list[Callable[[], bool]] = []
        self._last_news = time.monotonic()
        self._interruptions: WeakKeyDictionary[threading.Thread, str] = WeakKeyDictionary()
        self._started = False

    def start(self, timeout_s: float) -> None:
        """Subscribe; returns when each signal has a value.

        Raises
        ------
        DetectorTimeout
            Some signals did not connect.
        """
        if not self._started:
            self._started = True
            for signal in self._signals:
                signal.subscribe(self._connection_changed, event_type=signal.SUB_META, run=False)
                # run: where somebody else has a monitor on it, its newest value comes from there
                signal.subscribe(self._value_changed, event_type=signal.SUB_VALUE, run=True)
        with self._changed, self._waiting_for(lambda: not self._missing()) as condition:
            if not self._changed.wait_for(condition, timeout_s):
                raise DetectorTimeout(
                    f"no answer within {timeout_s:g} s",
                    where=", ".join(signal.pvname for signal in self._missing()[:3]),
                    next_step="see whether the IOC runs, and whether this prefix and the EPICS_CA_… settings "
                    "are those of its network",
                )

    def stop(self) -> None:
        """Unsubscribe."""
        for signal in self._signals:
            signal.unsubscribe_all()
        self._started = False

    def __getitem__(self, signal: EpicsSignalBase) -> Any:
        return self._values[signal]

    def changes(self, signal: EpicsSignalBase) -> int:
        """Return how often a signal has changed: it may have come back to what it was."""
        return self._changes[signal]

    @property
    def connected(self) -> bool:
        """Whether all signals are connected."""
        return not self._missing()

    def interrupt(self, thread: threading.Thread, reason: str) -> None:
        """Let the wait under way in a thread, and all its later ones, raise `Interrupted`."""
        with self._changed:
            self._interruptions[thread] = reason
            self._changed.notify_all()

    def sleep(self, seconds: float) -> None:
        """Sleep, unless this thread is interrupted.

        Raises
        ------
        Interrupted
            It was.
        """
        with self._changed:
            self._changed.wait_for(self._interruption, seconds)
            if reason := self._interruption():
                raise Interrupted(reason)

    def notify(self) -> None:
        """Let waits look at their condition again: something else than a signal changed."""
        with self._changed:
            self._last_news = time.monotonic()
            self._changed.notify_all()

    def wait_for(
        self,
        condition: Callable[[], bool],
        patience_s: float,
        *,
        expected_s: float = 0.0,
        interruptible: bool = True,
    ) -> bool:
        """Wait until a condition holds, and return whether it does.

        Parameters
        ----------
        condition
            Of the values of this watch.
        patience_s
            Give up this long after the last change of any signal.
        expected_s
            But not before so long from now: nothing changes during a long exposure.
        interruptible
            Whether `interrupt` ends this wait.

        Raises
        ------
        DetectorFault
            The connection to the IOC broke.
        Interrupted
            The wait was called off.
        """
        not_before = time.monotonic() + expected_s
        with self._changed, self._waiting_for(condition):
            self._last_news = time.monotonic()
            while True:
                if interruptible and (reason := self._interruption()):
                    raise Interrupted(reason)
                if self._lost:
                    raise self._connection_lost()
                if condition():
                    return True
                left = max(self._last_news, not_before) + patience_s - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)

    @contextmanager
    def _waiting_for(self, condition: Callable[[], bool]) -> Iterator[Callable[[], bool]]:
        self._conditions.append(condition)
        try:
            yield condition
        finally:
            self._conditions.remove(condition)

    def _interruption(self) -> str:
        return self._interruptions.get(threading.current_thread(), "")

    def _missing(self) -> list[EpicsSignalBase]:
        return [signal for signal in self._signals if signal in self._lost or signal not in self._values]

    def _connection_lost(self) -> DetectorFault:
        return DetectorFault(
            "the IOC is gone: the connection broke",
            where=", ".join(sorted(signal.pvname for signal in self._lost)[:3]),
            next_step=f"start the IOC of {self._where} again, look at its console for the reason, and repeat "
            "the run; what was exposed since the last event is not recorded",
        )

    def _value_changed(self, *, value: Any, obj: EpicsSignalBase, **_: Any) -> None:
        with self._changed:
            if self._values.get(obj) != value:
                self._changes[obj] += 1
            self._values[obj] = value
            self._lost.discard(obj)
            self._last_news = time.monotonic()
            if any(condition() for condition in self._conditions):  # a thread is not woken in vain
                self._changed.notify_all()

    def _connection_changed(self, *, connected: bool, obj: EpicsSignalBase, **_: Any) -> None:
        with self._changed:
            if not connected and obj in self._values:
                self._lost.add(obj)
                self._changed.notify_all()
