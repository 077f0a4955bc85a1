"""All runs into Tiled: each by a writer of its own, so that one that fails takes no other with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from bluesky_tiled_plugins import TiledWriter
from tiled.client.container import Container

from ._consolidator import register_consolidator
from ._normalizer import Normalizer
from ._run_writer import Registered, RunWriter

__all__ = ["CatalogWriter", "OnFailure", "RunCallback"]

OnFailure = Callable[[str | None, str, Exception], None]
"""Called with the run's uid (None where no run is open), kind of document or ``"flush"``, and the error."""


class CatalogWriter(TiledWriter):
    """A `TiledWriter` that writes what came so far when `flush` is called, and outlives failures.

    Parameters
    ----------
    client
        The catalog.
    on_failure
        Told of each run that could not be written. From then on that run gets nothing more, above all no stop
        document: a partial run must not look like a whole one.
    on_whole
        Told of each run that was written to its stop document.
    registered
        See `id3c_data.catalog.subscribe`.
    """

    def __init__(
        self,
        client: Container,
        *,
        on_failure: OnFailure,
        on_whole: Callable[[str], None],
        registered: Registered = "auto",
    ) -> None:
        super().__init__(client)
        register_consolidator()
        self._on_failure, self._on_whole = on_failure, on_whole
        self._registered: Registered = registered
        self._runs: dict[str, GuardedRun] = {}

    def _factory(self, name: str, doc: Any) -> tuple[list[GuardedRun], list[Any]]:
        """Return the callback that writes one run; called by the run router with a start document."""
        del name
        callback = RunCallback(cast("Container", self.client), self._registered)
        run = GuardedRun(doc["uid"], callback, self._on_failure, self._on_whole)
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
                self._on_failure(None, name, error)

    def flush(self) -> None:
        """Write all that came so far of every open run."""
        for run in self._runs.values():
            run.flush()
        self._runs = {uid: run for uid, run in self._runs.items() if not run.over}

    def abandon(self) -> list[str]:
        """Give up every open run, because documents of them were lost; return their uids."""
        abandoned = [uid for uid, run in self._runs.items() if not run.over]
        for uid in abandoned:
            self._runs[uid].over = True
        self._runs.clear()
        return abandoned


class RunCallback:
    """Writes one run's documents, normalised; the first failure is the caller's to handle.

    Parameters
    ----------
    client
        The catalog.
    registered
        See `id3c_data.catalog.subscribe`.
    """

    def __init__(self, client: Container, registered: Registered) -> None:
        self._writer = RunWriter(client, registered=registered)
        self._normalizer = Normalizer()
        self._normalizer.subscribe(self._writer)

    def __call__(self, name: str, doc: Any) -> None:
        """Write a document, or keep it for `flush`."""
        self._normalizer(name, doc)

    def flush(self) -> None:
        """Write what came so far."""
        self._writer.flush()


class GuardedRun:
    """One run's documents, normalised and written, until the first that fails."""

    def __init__(
        self, uid: str, callback: RunCallback, on_failure: OnFailure, on_whole: Callable[[str], None]
    ) -> None:
        self.uid, self.over = uid, False
        self._callback, self._on_failure, self._on_whole = callback, on_failure, on_whole

    def __call__(self, name: str, doc: Any) -> None:
        """Write a document."""
        self._attempt(name, self._callback, name, doc)
        if name == "stop" and not self.over:
            self.over = True
            self._on_whole(self.uid)

    def flush(self) -> None:
        """Write what came so far."""
        self._attempt("flush", self._callback.flush)

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
