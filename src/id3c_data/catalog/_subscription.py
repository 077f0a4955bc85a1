"""Documents of a RunEngine into a catalog, in a thread of their own; on disk too, until they are there."""

from __future__ import annotations

import atexit
import copy
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiled.client.container import Container

from ..errors import CatalogError, Id3cDataError
from ._catalog_thread import CatalogThread
from ._failures import Failures, failure_of
from ._run_writer import Registered
from ._spool import Spool, default_spool
from ._state import name_of_catalog
from ._translate import may_pass, translated
from ._transport import own_connection

__all__ = ["Subscription"]

logger = logging.getLogger(__name__)

FLUSH_PERIOD_S = 0.4
"""A document is written at most this long after it came, so that with the time that writing takes its frames
are in the catalog within a second."""

DRAIN_S = 60.0
"""How long the end of the process waits for what is not written yet."""

_SPOOL_S = 10.0  # and for what the disk does not take

_COPIED = ("start", "descriptor")  # they hold the caller's own metadata, which he may change afterwards


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
        with translated(self._where):
            client = own_connection(cat)
        self._failures = Failures()
        self._losing = False
        self._latest: str | None = None  # uid of the run that started last
        self._detach: Callable[[], None] = lambda: None
        self.spool = Spool(
            Path(spool).expanduser() if spool else default_spool(),
            catalog=name_of_catalog(self._where),
            registered=registered,
            on_trouble=self._note_trouble,
            size=10 * queue_size,
        )
        self._writing = CatalogThread(
            client,
            self._where,
            self.spool,
            registered=registered,
            queue_size=queue_size,
            flush_period=flush_period,
            on_written=self._note_written,
            on_failure=self._note_failure,
        )
        self._writing.start()
        atexit.register(self._at_exit)

    @property
    def errors(self) -> list[CatalogError]:
        """All that went wrong so far, also what was mended since."""
        return self._failures.all

    @property
    def late(self) -> tuple[str, ...]:
        """Uids of the runs that failed on their way to the catalog, and are tried again."""
        return self._writing.late

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
        if not self._writing.closed:
            self.spool.put(name, doc)
        if self._writing.put(name, doc):
            self._losing = False
            return
        if not self._losing:
            self._losing = True
            self._note(self._loss(name), self._latest)

    def _loss(self, name: str) -> CatalogError:
        """Return the error that documents are lost from this one on."""
        if self._writing.closed:
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
        self._writing.drain(timeout)
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
        self._writing.drain(timeout)
        failure = self._failures.of(self._latest)
        if needs_last and failure is not None:
            raise failure

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
        self._writing.close(timeout)
        self.spool.close(_SPOOL_S)
        if self.late:
            logger.warning("runs that are not in the catalog: %d; see `id3c-data replay`", len(self.late))
        self.wait(0 if self._writing.alive else None)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def waiting(self) -> int:
        """Documents that are not in the catalog yet."""
        return self._writing.waiting

    def _at_exit(self) -> None:
        """Write what is left when the process ends, for a bounded time."""
        if self.waiting:
            logger.info("writing %d documents to the catalog before the end", self.waiting)
        try:
            self.close()
        except Id3cDataError as error:
            logger.error("at the end of the process: %s", error)

    def _note_written(self, uid: str, whole: bool) -> None:
        """Note that the catalog has what came so far of a run, or the whole run."""
        if self._failures.mended(uid):
            logger.warning("run %s is in the catalog now", uid)
        if whole:
            self.spool.settle(uid)

    def _note_failure(self, uid: str | None, name: str, error: Exception) -> None:
        """Keep and log that a run could not be written, and what becomes of it."""
        future = self._future(uid, error) if uid else ""
        self._note(failure_of(uid, name, error, self._where, future), uid)

    def _future(self, uid: str, error: Exception) -> str:
        """Return what becomes of a run that failed, and see to it."""
        command = f"`id3c-data replay {self.spool.path_of(uid)}`"
        if not may_pass(error):
            return f"its documents are kept for {command}"
        self._writing.try_again(uid)
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
