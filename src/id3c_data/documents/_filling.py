"""A run's documents with the images in their events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from event_model import DataNotAccessible, EventModelError, Filler

from ..errors import DocumentError
from ..h5api import ScanWatch
from ..paths import PathMapLike
from ._handlers import HANDLERS
from ._reading import DEFAULT_RETRY_TIMEOUT_S
from ._run_state import RunState

__all__ = ["EventFiller", "filled_documents"]


class _Filler(Filler):
    """Takes external data that an event says nothing about as not filled, as the event model has it."""

    def __init__(self, handlers: dict[str, Any]) -> None:
        # One try only: a file that may still come is waited for by the reading layer, which knows the run.
        super().__init__(handlers, inplace=False, retry_intervals=[])
        self._external: dict[str, frozenset[str]] = {}

    def descriptor(self, doc: Any) -> Any:
        keys = doc["data_keys"].items()
        self._external[doc["uid"]] = frozenset(key for key, value in keys if "external" in value)
        return super().descriptor(doc)

    def fill_event(self, doc: Any, *args: Any, **kwargs: Any) -> Any:
        unfilled = dict.fromkeys(self._external[doc["descriptor"]] & doc["data"].keys(), False)
        return super().fill_event({**doc, "filled": unfilled | doc.get("filled", {})}, *args, **kwargs)


class EventFiller:
    """Gives each document of one run back, events with their images in place of datum ids.

    Parameters
    ----------
    run_state
        The state of the run where somebody else keeps it; without it, the filler keeps its own.
    path_map
        Where this host has the documents' roots.
    allowed_roots
        Folders that links may lead to.
    retry_timeout
        Seconds that one event's images are waited for while the run is open. A filler that keeps the state
        itself cannot see the end of the run meanwhile, as the documents wait for it.
    settle_timeout
        Seconds after the end of the run in which what was promised may still come; all events share them.
    handlers
        Handlers of further specs, or others for ours.
    """

    def __init__(
        self,
        run_state: RunState | None = None,
        *,
        path_map: PathMapLike = None,
        allowed_roots: Sequence[str] | None = None,
        retry_timeout: float | None = DEFAULT_RETRY_TIMEOUT_S,
        settle_timeout: float = 15.0,
        handlers: Mapping[str, Any] | None = None,
    ) -> None:
        self._own_state = run_state is None
        self.run_state = RunState() if run_state is None else run_state
        options = {
            "path_map": path_map,
            "allowed_roots": allowed_roots,
            "scan_state": ScanWatch(self.run_state, settle_timeout),
            "retry_timeout": retry_timeout,
            "settle_timeout": settle_timeout,
        }
        ours = {spec: partial(handler, **options) for spec, handler in HANDLERS.items()}
        self._filler = _Filler({**ours, **(handlers or {})})

    def __call__(self, name: str, doc: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return name and document, filled where it is an event; the given one stays as it is.

        Raises
        ------
        FrameNotWritten
            Where a promised frame is not on disk, and the run is over.
        RetryTimeoutException
            Where it did not come in time, and the run is still open.
        Hdf5Error
            Where a file cannot be read.
        DocumentError
            Where the documents do not hold together, or nobody knows how to read a resource's spec.
        """
        if self._own_state:
            self.run_state(name, dict(doc))
        try:
            return self._filler(name, dict(doc))
        except DataNotAccessible as error:
            raise error.__cause__ or error from None
        except EventModelError as error:
            raise DocumentError(
                str(error), where=f"run {self.run_state.uid}", next_step="give a handler, or all documents"
            ) from error

    def close(self) -> None:
        """Forget documents and files."""
        self._filler.close()


def filled_documents(
    documents: Iterable[tuple[str, Mapping[str, Any]]], **options: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a finished run's documents with the images in their events.

    How the run ended is known before the first event is filled, so that a frame that was promised and never
    came is explained by the run's own stop document.

    Parameters
    ----------
    documents
        All documents of one run.
    **options
        See `EventFiller`.
    """
    documents = list(documents)
    filler = EventFiller(RunState.of(documents), **options)
    try:
        for name, doc in documents:
            yield filler(name, doc)
    finally:
        filler.close()
