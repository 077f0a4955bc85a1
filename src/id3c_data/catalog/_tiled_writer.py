"""All runs into Tiled: each by a writer of its own, so that one that fails takes no other with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from bluesky_tiled_plugins import TiledWriter
from tiled.client.container import Container

from ._consolidator import register_consolidator
from ._normalizer import Normalizer
from ._run_writer import Registered, RunWriter

__all__ = ["CatalogWriter"]

OnFailure = Callable[[str, str, Exception], None]
"""Called with the run's uid, the kind of document (or ``"flush"``), and the error."""


class CatalogWriter(TiledWriter):
    """A `TiledWriter` that writes what came so far when `flush` is called, and outlives failures.

    Parameters
    ----------
    client
        The catalog.
    on_failure
        Told of each run that could not be written. From then on that run gets nothing more, above all no stop
        document: a partial run must not look like a whole one.
    registered
        See `id3c_data.catalog.subscribe`.
    """

    def __init__(self, client: Container, *, on_failure: OnFailure, registered: Registered = "auto") -> None:
        super().__init__(client)
        register_consolidator()
        self._on_failure = on_failure
        self._registered: Registered = registered
        self._runs: dict[str, GuardedRun] = {}

    def _factory(self, name: str, doc: Any) -> tuple[list[GuardedRun], list[Any]]:
        """Return the callback that writes one run; called by the run router with a start document."""
        del name
        writer = RunWriter(
            cast("Container", self.client), registered=self._registered, batch_size=self._batch_size
        )
        run = GuardedRun(doc["uid"], writer, self._on_failure)
        self._runs[doc["uid"]] = run
        return [run], []

    def __call__(self, name: str, doc: Any) -> None:
        """Write a document. One of which nobody can tell the run fails all runs that are open."""
        try:
            super().__call__(name, doc)
        except Exception as error:  # of the router: the runs keep theirs to themselves
            still_open = [run for run in self._runs.values() if not run.over]
            for run in still_open:
                run.fail(name, error)
            if not still_open:
                self._on_failure("unknown", name, error)

    def flush(self) -> None:
        """Write all that came so far of every open run."""
        for run in self._runs.values():
            run.flush()
        self._runs = {uid: run for uid, run in self._runs.items() if not run.over}

    def abandon(self) -> None:
        """Give up every open run, because documents of them were lost."""
        for run in self._runs.values():
            run.over = True
        self._runs.clear()


class GuardedRun:
    """One run's documents, normalised and written, until the first that fails."""

    def __init__(self, uid: str, writer: RunWriter, on_failure: OnFailure) -> None:
        self.uid, self.over = uid, False
        self._writer, self._on_failure = writer, on_failure
        self._normalizer = Normalizer()
        self._normalizer.subscribe(writer)

    def __call__(self, name: str, doc: Any) -> None:
        """Write a document."""
        self._attempt(name, self._normalizer, name, doc)
        self.over |= name == "stop"

    def flush(self) -> None:
        """Write what came so far."""
        self._attempt("flush", self._writer.flush)

    def fail(self, name: str, error: Exception) -> None:
        """Give the run up, and tell why."""
        if not self.over:
            self.over = True
            self._on_failure(self.uid, name, error)

    def _attempt(self, name: str, action: Callable[..., object], *args: Any) -> None:
        """Do something, unless the run is over; where it fails, so does the run."""
        if self.over:
            return
        try:
            action(*args)
        except Exception as error:  # whatever it is must not reach the other runs
            self.fail(name, error)
