"""Documents of a RunEngine into a catalog, in a thread of their own."""

from __future__ import annotations

import atexit
import copy
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from tiled.client.container import Container

from ..errors import CatalogError, Id3cDataError
from ._clients import Catalog
from ._queue import LOST, DocumentQueue
from ._run_writer import Registered
from ._tiled_writer import CatalogWriter
from ._translate import translated
from ._transport import own_connection

__all__ = ["Subscription", "subscribe"]

logger = logging.getLogger(__name__)

FLUSH_PERIOD_S = 0.4
"""A document is written at most this long after it came, so that with the time that writing takes its frames
are in the catalog within a second."""

DRAIN_S = 60.0
"""How long the end of the process waits for what is not written yet."""

_COPIED = ("start", "descriptor")  # they hold the caller's own metadata, which he may change afterwards


def subscribe(RE: Any, cat: Container, *, registered: Registered = "auto") -> Subscription:  # noqa: N803
    """Write all documents of a RunEngine to a catalog, without ever making it wait.

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

    Returns
    -------
    Subscription
        To wait for the catalog, to see what failed, and to end it.
    """
    subscription = Subscription(cat, registered=registered)
    subscription.attach(RE)
    if isinstance(cat, Catalog):
        cat.written_by(subscription)
    return subscription


class Subscription:
    """Writes documents to a catalog, from a bounded queue in a thread of its own.

    It is a callback as the RunEngine takes it, and may be fed with documents of any other source. A failure
    ends the writing of its run only; it is logged, and kept in `errors`.

    Parameters
    ----------
    cat
        Root of the catalog. The subscription makes a connection of its own, so that neither waits for the
        other.
    registered
        See `subscribe`.
    queue_size
        Documents that may wait. When they are more, the run that they belong to is given up.
    flush_period
        Seconds that a document may wait to be written.
    """

    def __init__(
        self,
        cat: Container,
        *,
        registered: Registered = "auto",
        queue_size: int = 100_000,
        flush_period: float = FLUSH_PERIOD_S,
    ) -> None:
        self.errors: list[CatalogError] = []
        self._where = str(cat.uri)
        self._queue = DocumentQueue(queue_size)
        self._flush_period = flush_period
        self._told = 0  # errors that a caller of wait() was told of
        self._done = threading.Condition()
        self._put = self._written = 0  # documents, ever
        self._losing = False
        self._latest: str | None = None  # uid of the run that started last
        self._failures: dict[str | None, CatalogError] = {}  # by the uid of their run
        self._detach: Callable[[], None] = lambda: None
        with translated(self._where):
            self._writer = CatalogWriter(
                own_connection(cat), on_failure=self._note_failure, registered=registered
            )
        self._thread = threading.Thread(target=self._work, name="catalog-writer", daemon=True)
        self._thread.start()
        atexit.register(self._at_exit)

    def attach(self, RE: Any) -> None:  # noqa: N803
        """Subscribe to a RunEngine until `close`."""
        token = RE.subscribe(self)
        self._detach = lambda: RE.unsubscribe(token)

    def __call__(self, name: str, doc: Any) -> None:
        """Take in a document; returns at once, whatever happens."""
        name = getattr(name, "value", name)
        if name == "start":
            self._latest = doc["uid"]
        if self._queue.put(name, _own(doc) if name in _COPIED else doc):
            self._losing = False
            with self._done:
                self._put += 1
        elif not self._losing:
            self._losing = True
            self._note(self._loss(name), self._latest)

    def _loss(self, name: str) -> CatalogError:
        """Return the error that documents are lost from this one on."""
        if self._queue.closed:
            what, next_step = f"a {name!r} document came after the end", "subscribe again"
        else:
            what = f"the queue is full from a {name!r} document on; the catalog loses what does not fit"
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
        with self._done:
            news, self._told = self.errors[self._told :], len(self.errors)
        if news:
            raise news[0]

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
        with self._done:
            failure = self._failures.get(self._latest)
        if needs_last and failure is not None:
            raise failure

    def _drain(self, timeout: float | None) -> None:
        """Wait until all that came so far is in the catalog, or given up."""
        self._queue.ask_for_flush()
        with self._done:
            aim = self._put
            self._done.wait_for(lambda: self._written >= aim or not self._thread.is_alive(), timeout)
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
            left = None if oldest is None else max(0.0, oldest + self._flush_period - time.monotonic())
            document = self._queue.get(left)
            if document is not None:
                self._write(*document)
                taken += document[0] != LOST
                oldest = time.monotonic() if oldest is None else oldest
            if document is None or (oldest is not None and time.monotonic() >= oldest + self._flush_period):
                self._writer.flush()
                self._count_written(taken)
                oldest = None

    def _write(self, name: str, doc: Any) -> None:
        """Write one document."""
        if name == LOST:
            self._writer.abandon()
        else:
            self._writer(name, doc)

    def _count_written(self, taken: int) -> None:
        """Tell those who wait how many documents are in the catalog."""
        with self._done:
            self._written = taken
            self._done.notify_all()

    def _note_failure(self, uid: str, name: str, error: Exception) -> None:
        """Keep and log that a run could not be written."""
        try:
            with translated(self._where):
                raise error
        except Id3cDataError as known:
            what, next_step = known.what, known.next_step
        except Exception:  # none that a server or a document causes
            logger.exception("while writing run %s", uid)
            what, next_step = f"{type(error).__name__}: {error}", "see the log"
        failure = CatalogError(
            f"run {uid} could not be written from its {name.removesuffix('_page')!r} document on: {what}",
            where=self._where,
            next_step=next_step,
        )
        failure.__cause__ = error
        self._note(failure, uid)

    def _note(self, error: CatalogError, uid: str | None) -> None:
        with self._done:
            self.errors.append(error)
            self._failures[uid] = error
        logger.error("%s", error)


def _own(doc: Any) -> Any:
    """Return a copy of a document, or itself where it holds what cannot be copied."""
    try:
        return copy.deepcopy(doc)
    except Exception:  # the caller's objects; nothing may stop the RunEngine
        return doc
