"""Documents of a RunEngine into a catalog, in a thread of their own; on disk too, until they are there."""

from __future__ import annotations

import atexit
import copy
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiled.client.container import Container

from ..errors import CatalogError, Id3cDataError
from ._clients import Catalog
from ._failures import Failures
from ._late_runs import FIRST_PAUSE_S, LateRuns
from ._queue import LOST, DocumentQueue
from ._run_writer import Registered
from ._spool import Spool, default_spool
from ._state import name_of_catalog
from ._tiled_writer import CatalogWriter
from ._translate import may_pass, translated
from ._transport import own_connection

__all__ = ["Subscription", "subscribe"]

logger = logging.getLogger(__name__)

FLUSH_PERIOD_S = 0.4
"""A document is written at most this long after it came, so that with the time that writing takes its frames
are in the catalog within a second."""

DRAIN_S = 60.0
"""How long the end of the process waits for what is not written yet."""

_SPOOL_S = 10.0  # and for what the disk does not take

_COPIED = ("start", "descriptor")  # they hold the caller's own metadata, which he may change afterwards


def subscribe(
    RE: Any,  # noqa: N803
    cat: Container,
    *,
    registered: Registered = "auto",
    spool: str | os.PathLike[str] | None = None,
) -> Subscription:
    """Write all documents of a RunEngine to a catalog, without ever making it wait and without losing a run.

    Until a run is whole in the catalog its documents are on this disk too; what the catalog does not take is
    brought in when its server is back, or by ``id3c-data replay``.

    Parameters
    ----------
    RE
        A `bluesky.RunEngine`, or whatever has its ``subscribe`` and ``unsubscribe``.
    cat
        Root of the catalog, from `connect` or from Tiled's own ``from_uri`` and ``from_profile``.
    registered
        ``"masters"`` registers master files for our server-side adapter; ``"files"`` the data files, for a
        Tiled server without this package, with the limits that the reference names; ``"auto"`` masters,
        and files where the server refuses those.
    spool
        Folder of the files with the documents; ``ID3C_DATA_SPOOL`` when not given, or
        ``~/.local/state/id3c-data/spool``.

    Returns
    -------
    Subscription
        To wait for the catalog, to see what failed, and to end it.
    """
    subscription = Subscription(cat, registered=registered, spool=spool)
    subscription.attach(RE)
    if isinstance(cat, Catalog):
        cat.written_by(subscription)
    return subscription


class Subscription:
    """Writes documents to a catalog, from a bounded queue in a thread of its own.

    It is a callback as the RunEngine takes it, and may be fed with documents of any other source. A failure
    keeps no other run from being written, and nothing is lost by it: the documents are in the spool, from
    which the run is written anew when the server is back, as long as the subscription lives.

    Parameters
    ----------
    cat
        Root of the catalog. The subscription makes a connection of its own, so that neither waits for the
        other.
    registered, spool
        See `subscribe`.
    queue_size
        Documents that may wait. When they are more, the run that they belong to is written from the spool
        later on.
    flush_period
        Seconds that a document may wait to be written.
    """

    def __init__(
        self,
        cat: Container,
        *,
        registered: Registered = "auto",
        spool: str | os.PathLike[str] | None = None,
        queue_size: int = 100_000,
        flush_period: float = FLUSH_PERIOD_S,
    ) -> None:
        self._where = str(cat.uri)
        self._failures = Failures()
        self._queue = DocumentQueue(queue_size)
        self._flush_period = flush_period
        self._done = threading.Condition()
        self._put = self._written = 0  # documents, ever
        self._asked = self._answered = 0  # flushes that somebody waits for
        self._losing = False
        self._refused: deque[str] = deque()  # uids of runs whose start document did not fit
        self._latest: str | None = None  # uid of the run that started last
        self._detach: Callable[[], None] = lambda: None
        with translated(self._where):
            client = own_connection(cat)
            self._writer = CatalogWriter(
                client,
                on_failure=self._note_failure,
                on_whole=lambda uid: self._note_written(uid, True),
                registered=registered,
            )
        self.spool = Spool(
            Path(spool).expanduser() if spool else default_spool(),
            catalog=name_of_catalog(self._where),
            registered=registered,
            on_trouble=self._note_trouble,
            size=10 * queue_size,
        )
        self._late = LateRuns(
            client,
            registered,
            self.spool,
            on_written=self._note_written,
            on_failure=lambda uid, error: self._note_failure(uid, "", error),
        )
        self._thread = threading.Thread(target=self._work, name="catalog-writer", daemon=True)
        self._thread.start()
        atexit.register(self._at_exit)

    @property
    def errors(self) -> list[CatalogError]:
        """All that went wrong so far, also what was mended since."""
        return self._failures.all

    @property
    def late(self) -> tuple[str, ...]:
        """Uids of the runs that failed on their way to the catalog, and are tried again."""
        return self._late.uids

    def attach(self, RE: Any) -> None:  # noqa: N803
        """Subscribe to a RunEngine until `close`."""
        token = RE.subscribe(self)
        self._detach = lambda: RE.unsubscribe(token)

    def __call__(self, name: str, doc: Any) -> None:
        """Take in a document; returns at once, whatever happens."""
        name = getattr(name, "value", name)
        doc = _own(doc) if name in _COPIED else doc
        if name == "start":
            self._latest = doc["uid"]
        if not self._queue.closed:
            self.spool.put(name, doc)
        if self._queue.put(name, doc):
            self._losing = False
            with self._done:
                self._put += 1
            return
        if name == "start":
            self._refused.append(doc["uid"])
        if not self._losing:
            self._losing = True
            self._note(self._loss(name), self._latest)

    def _loss(self, name: str) -> CatalogError:
        """Return the error that documents are lost from this one on."""
        if self._queue.closed:
            what, next_step = f"a {name!r} document came after the end", "subscribe again"
        else:
            what = (
                f"the queue is full from a {name!r} document on; the run is written from the spool later on"
            )
            next_step = "see why the catalog's server is slow or does not answer"
        return CatalogError(what, where=self._where, next_step=next_step)

    def wait(self, timeout: float | None = 30.0) -> None:
        """Wait until all that came so far is in the catalog.

        Raises
        ------
        CatalogError
            Where it is not within the timeout, or a run could not be written and no one was told yet.
        """
        self._drain(timeout)
        if (news := self._failures.news()) is not None:
            raise news

    def catch_up(self, *, needs_last: bool, timeout: float | None = 30.0) -> None:
        """Wait until all that came so far is in the catalog; `Catalog` does before it looks for a run.

        Parameters
        ----------
        needs_last
            Whether the run that started last must be there: without it an older one would pass for the last.

        Raises
        ------
        CatalogError
            Where it is not within the timeout, or the last run could not be written.
        """
        self._drain(timeout)
        failure = self._failures.of(self._latest)
        if needs_last and failure is not None:
            raise failure

    def _drain(self, timeout: float | None) -> None:
        """Wait until all that came so far is in the catalog, or failed; what failed before is tried again."""
        with self._done:
            self._asked += 1
            aim, turn = self._put, self._asked

        def drained() -> bool:
            return self._written >= aim and self._answered >= turn

        self._queue.ask_for_flush()
        with self._done:
            self._done.wait_for(lambda: drained() or not self._thread.is_alive(), timeout)
            if self._written < aim:
                ended = "" if self._thread.is_alive() else "; the thread that writes has ended"
                raise CatalogError(
                    f"{aim - self._written} of {aim} documents are not written after {timeout} s{ended}",
                    where=self._where,
                    next_step="wait longer, or see whether the catalog's server answers",
                )

    flush = wait
    """`wait` writes at once what is held back, so that the two are one."""

    def close(self, timeout: float = DRAIN_S) -> None:
        """Take no more documents, write those that came, and end the thread.

        Raises
        ------
        CatalogError
            As `wait` does. The thread goes on trying where the time was too short.
        """
        self._detach()
        self._detach = lambda: None
        atexit.unregister(self._at_exit)
        self._queue.close()
        self._thread.join(timeout)
        self.spool.close(_SPOOL_S)
        if self.late:
            logger.warning("runs that are not in the catalog: %d; see `id3c-data replay`", len(self.late))
        self.wait(0 if self._thread.is_alive() else None)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def waiting(self) -> int:
        """Documents that are not in the catalog yet."""
        with self._done:
            return max(0, self._put - self._written)

    def _at_exit(self) -> None:
        """Write what is left when the process ends, for a bounded time."""
        if self.waiting:
            logger.info("writing %d documents to the catalog before the end", self.waiting)
        try:
            self.close()
        except Id3cDataError as error:
            logger.error("at the end of the process: %s", error)

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

    def _note_written(self, uid: str, whole: bool) -> None:
        """Note that the catalog has what came so far of a run, or the whole run."""
        if self._failures.mended(uid):
            logger.warning("run %s is in the catalog now", uid)
        if whole:
            self.spool.settle(uid)

    def _note_failure(self, uid: str | None, name: str, error: Exception) -> None:
        """Keep and log that a run could not be written, and what becomes of it."""
        try:
            with translated(self._where):
                raise error
        except Id3cDataError as known:
            what, next_step = known.what, known.next_step
        except Exception:  # none that a server or a document causes
            logger.exception("while writing run %s", uid)
            what, next_step = f"{type(error).__name__}: {error}", "see the log"
        since = f" from its {name.removesuffix('_page')!r} document on" if name not in ("", "flush") else ""
        failure = CatalogError(
            f"run {uid or 'unknown'} could not be written{since}: {what}",
            where=self._where,
            next_step=f"{next_step}; {self._future(uid, error)}" if uid else next_step,
        )
        failure.__cause__ = error
        self._note(failure, uid)

    def _future(self, uid: str, error: Exception) -> str:
        """Return what becomes of a run that failed, and see to it."""
        command = f"`id3c-data replay {self.spool.path_of(uid)}`"
        if not may_pass(error):
            return f"its documents are kept for {command}"
        self._late.add(uid, failed=True)
        return f"it is tried again while this session lasts, and then {command} does it"

    def _note_trouble(self, uid: str, error: CatalogError) -> None:
        """Keep and log that documents are not on the disk; the catalog may have them all the same."""
        del uid
        self._failures.remark(error)
        logger.error("%s", error)

    def _note(self, error: CatalogError, uid: str | None) -> None:
        self._failures.note(error, uid)
        logger.error("%s", error)


def _own(doc: Any) -> Any:
    """Return a copy of a document, or itself where it holds what cannot be copied."""
    try:
        return copy.deepcopy(doc)
    except Exception:  # the caller's objects; nothing may stop the RunEngine
        return doc
