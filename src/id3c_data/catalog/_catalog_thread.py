"""The thread that writes documents to a catalog: in their order, by and by, and what failed once more."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from tiled.client.container import Container

from ..errors import CatalogError
from ._late_runs import FIRST_PAUSE_S, LateRuns
from ._queue import LOST, DocumentQueue
from ._run_writer import Registered
from ._spool import Spool
from ._tiled_writer import CatalogWriter, OnFailure

__all__ = ["CatalogThread"]


class CatalogThread:
    """Writes documents to a catalog, from a bounded queue.

    Parameters
    ----------
    client
        Root of the catalog, over a connection of the thread's own.
    where
        The catalog, for messages.
    spool
        Has the documents of each run, to write it anew from.
    registered
        See `id3c_data.catalog.subscribe`.
    queue_size
        Documents that may wait.
    flush_period
        Seconds that a document may wait to be written.
    on_written
        Told of each run of which the catalog has all that came so far, and whether that is the whole run.
    on_failure
        Told of each run that could not be written.
    """

    def __init__(
        self,
        client: Container,
        where: str,
        spool: Spool,
        *,
        registered: Registered,
        queue_size: int,
        flush_period: float,
        on_written: Callable[[str, bool], None],
        on_failure: OnFailure,
    ) -> None:
        self._where, self._flush_period = where, flush_period
        self._queue = DocumentQueue(queue_size)
        self._done = threading.Condition()
        self._put = self._written = 0  # documents, ever
        self._asked = self._answered = 0  # flushes that somebody waits for
        self._refused: deque[str] = deque()  # uids of runs whose start document did not fit
        self._writer = CatalogWriter(
            client,
            on_failure=on_failure,
            on_whole=lambda uid: on_written(uid, True),
            registered=registered,
        )
        self._late = LateRuns(
            client,
            registered,
            spool,
            on_written=on_written,
            on_failure=lambda uid, error: on_failure(uid, "", error),
        )
        self._thread = threading.Thread(target=self._work, name="catalog-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def closed(self) -> bool:
        """Whether no more documents are taken."""
        return self._queue.closed

    @property
    def late(self) -> tuple[str, ...]:
        """Uids of the runs that failed on their way to the catalog, and are tried again."""
        return self._late.uids

    @property
    def waiting(self) -> int:
        """Documents that are not in the catalog yet."""
        with self._done:
            return max(0, self._put - self._written)

    def put(self, name: str, doc: Any) -> bool:
        """Take in a document; returns at once, False where it does not fit.

        Its run is written from the spool then, later on.
        """
        if self._queue.put(name, doc):
            with self._done:
                self._put += 1
            return True
        if name == "start":
            self._refused.append(doc["uid"])
        return False

    def try_again(self, uid: str) -> None:
        """Write a run that failed from the spool, when the catalog takes it."""
        self._late.add(uid, failed=True)

    def drain(self, timeout: float | None) -> None:
        """Wait until all that came so far is in the catalog, or failed; what failed before is tried again.

        Raises
        ------
        CatalogError
            Where it is not within the timeout.
        """
        with self._done:
            self._asked += 1
            aim, turn = self._put, self._asked

        def drained() -> bool:
            return self._written >= aim and self._answered >= turn

        self._queue.ask_for_flush()
        with self._done:
            self._done.wait_for(lambda: drained() or not self.alive, timeout)
            if self._written < aim:
                ended = "" if self.alive else "; the thread that writes has ended"
                raise CatalogError(
                    f"{aim - self._written} of {aim} documents are not written after {timeout} s{ended}",
                    where=self._where,
                    next_step="wait longer, or see whether the catalog's server answers",
                )

    def close(self, timeout: float) -> None:
        """Take no more documents, and wait a while until those that came are written and the thread ends."""
        self._queue.close()
        self._thread.join(timeout)

    def _work(self) -> None:
        """Write documents as they come, and flush when the oldest has waited long enough."""
        taken, oldest = 0, None
        while not self._queue.ended or oldest is not None:
            document = self._queue.get(self._patience(oldest))
            if document is not None:
                self._write(*document)
                taken += document[0] != LOST
                oldest = time.monotonic() if oldest is None else oldest
            if document is None or (oldest is not None and time.monotonic() >= oldest + self._flush_period):
                self._flush(taken)
                oldest = None
        self._flush(taken, last=True)

    def _patience(self, oldest: float | None) -> float | None:
        """Return how long to wait for a document before there is something else to do."""
        late = self._late.due_in(self._flush_period)
        if oldest is None:
            return late
        left = max(0.0, oldest + self._flush_period - time.monotonic())
        return left if late is None else min(left, late)

    def _write(self, name: str, doc: Any) -> None:
        """Write one document."""
        if name != LOST:
            self._writer(name, doc)
            return
        for uid in self._writer.abandon():
            self._late.add(uid, failed=False)

    def _flush(self, taken: int, *, last: bool = False) -> None:
        """Write what came so far, of the runs that failed too, and tell those who wait for it.

        Parameters
        ----------
        taken
            Documents that were taken from the queue, ever.
        last
            Whether this is the end, and what failed only just is tried all the same.
        """
        while self._refused:
            self._late.add(self._refused.popleft(), failed=False)
        asked = self._asked
        self._writer.flush()
        self._late.advance(0.0 if last else FIRST_PAUSE_S if asked > self._answered else None)
        with self._done:
            self._written, self._answered = taken, asked
            self._done.notify_all()
