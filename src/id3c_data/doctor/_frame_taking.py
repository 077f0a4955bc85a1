"""One frame, taken as a session would take it: device, RunEngine, catalog. Runs in a `Looker`.

In a process of its own because the control layer keeps the PVs of a process in tables that it shares with all
devices of a session.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CatalogError, DetectorFault, DetectorTimeout, Id3cDataError, MissingExtra

if TYPE_CHECKING:
    from ..catalog import Subscription

__all__ = ["Place", "Taken", "take_frame"]

_PURPOSE = "id3c-data doctor --expose"
_IN_CATALOG_S = 30.0
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Place:
    """A catalog, and what opens it."""

    uri: str
    api_key: str | None = field(repr=False)


@dataclass(slots=True)
class Taken:
    """What came of it.

    Parameters
    ----------
    documents
        Of the run, as far as it came.
    error
        Why there is no frame, or not all of its files.
    catalog_error
        Why the documents are not in the catalog.
    seconds
        How long the run took.
    """

    documents: list[tuple[str, Any]] = field(default_factory=list["tuple[str, Any]"])
    error: Id3cDataError | None = None
    catalog_error: Id3cDataError | None = None
    seconds: float = 0.0


def take_frame(
    devices: Path, name: str, path_map: Mapping[str, str], connect_s: float, place: Place | None
) -> Taken:
    """Take one frame, and write its documents to a catalog.

    Parameters
    ----------
    devices, name
        File and name of the detector.
    path_map
        Where the read side is mounted on this host.
    connect_s
        How long the device may take to connect.
    place
        The catalog; None where there is none.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are deaf to it
    taken = Taken()
    try:
        with ExitStack() as stack:
            detector = stack.enter_context(_detector(devices, name, path_map, connect_s))
            engine = _engine()
            engine.subscribe(lambda kind, doc: taken.documents.append((kind, doc)))
            subscription = _subscribed(engine, place, taken)
            began = time.perf_counter()
            try:
                _count(engine, detector)
            finally:
                taken.seconds = time.perf_counter() - began
                _finish(subscription, taken)
    except Id3cDataError as error:
        taken.error = type(error)(*error.__reduce__()[1])  # afresh: ophyd hangs its devices on errors
    return taken


@contextmanager
def _detector(devices: Path, name: str, path_map: Mapping[str, str], connect_s: float) -> Iterator[Any]:
    """Make the detector, connected."""
    from ..devices import load_devices

    detector = load_devices(devices, path_map=path_map, timeout=None)[name]
    try:
        detector.wait_for_connection(timeout=connect_s)
    except TimeoutError as error:
        next_step = f"`id3c-data validate --live {devices}` names every PV that does not answer"
        raise DetectorTimeout(f"the device does not connect: {error}", name, next_step) from error
    yield detector


def _engine() -> Any:
    """Make a RunEngine."""
    try:
        from bluesky import RunEngine
    except ImportError as error:
        raise MissingExtra("bluesky", "devices") from error
    return RunEngine({}, context_managers=[])


def _subscribed(engine: Any, place: Place | None, taken: Taken) -> Subscription | None:
    """Let the catalog have the documents, where it takes them."""
    from ..catalog import connect, subscribe

    if place is None:
        return None
    try:
        return subscribe(engine, connect(place.uri, api_key=place.api_key))
    except CatalogError as error:
        taken.catalog_error = error
        return None


def _finish(subscription: Subscription | None, taken: Taken) -> None:
    """Wait until the catalog has the documents."""
    if subscription is None:
        return
    try:
        subscription.close(_IN_CATALOG_S)
    except CatalogError as error:
        taken.catalog_error = error


def _count(engine: Any, detector: Any) -> None:
    """Take one frame; whatever the control layer wraps errors in, ours come out."""
    from bluesky import plans

    with _aborted_by_interrupt(engine) as interrupted:
        try:
            engine(plans.count([detector], num=1), purpose=_PURPOSE)
        except Exception as error:  # a plan fails with whatever a device or a library raises
            if interrupted.is_set():
                raise KeyboardInterrupt from error
            raise _ours(error, detector.name) from error


@contextmanager
def _aborted_by_interrupt(engine: Any) -> Iterator[threading.Event]:
    """Let Ctrl-C abort the run, which stops the detector; in its own way the engine would leave it exposing.

    The event is set from then on, and the context ends in a KeyboardInterrupt.
    """
    interrupted, over = threading.Event(), threading.Event()

    def abort() -> None:
        while not over.wait(_LOOK_EVERY_S):
            if engine.state != "idle":  # it may only be about to begin
                engine.abort("the doctor was interrupted")
                return

    def interrupt(*_: object) -> None:
        if not interrupted.is_set():
            interrupted.set()
            threading.Thread(target=abort, daemon=True).start()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupted
    finally:
        over.set()
        signal.signal(signal.SIGINT, before)
    if interrupted.is_set():
        raise KeyboardInterrupt


def _ours(error: BaseException, detector: str) -> Id3cDataError:
    """Return the error of ours that another was raised for, or one that says what it was."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Id3cDataError):
        cause = cause.__cause__ or cause.__context__
    next_step = "report it with the file that `id3c-data doctor --bundle report.zip` writes"
    return cause or DetectorFault(f"{type(error).__name__}: {error}", detector, next_step)
