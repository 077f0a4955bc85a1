"""One frame, taken as a session would take it: device, RunEngine, catalog."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CatalogError, DetectorFault, FramesMissing, Id3cDataError, MissingExtra
from ._case import Case, Master
from ._hop import Fault, Skipped
from ._note import Note
from ._run_of_case import open_catalog, read_run, take_run

if TYPE_CHECKING:
    from ..catalog import Subscription

__all__ = ["IOC_HOP", "WRITE_HOP", "expose"]

IOC_HOP, WRITE_HOP = "IOC", "write path"
_PURPOSE = "id3c-data doctor --expose"
_IN_CATALOG_S = 30.0
_OF_SERIES = re.compile(r"(.*)_(?:master|data_\d{6})\.h5", re.DOTALL)


def expose(case: Case) -> tuple[str, Note | Fault | Skipped]:
    """Take one frame; return the hop that this says something of, and what.

    Where files do not come, or the catalog does not take the documents, later hops say so.
    """
    open_catalog(case)
    began = time.perf_counter()
    try:
        with ExitStack() as stack:
            detector = stack.enter_context(_detector(case))
            engine = stack.enter_context(_engine())
            engine.subscribe(lambda name, doc: case.documents.append((name, doc)))
            subscription = _subscribed(case, engine)
            try:
                _count(engine, detector)
            finally:
                seconds = time.perf_counter() - began
                _note_run(case, subscription)
    except FramesMissing as error:
        return IOC_HOP, _missing(case, error)
    except Id3cDataError as error:
        case.not_exposed = "no frame could be taken"
        hop = WRITE_HOP if isinstance(error, DetectorFault) and error.where.endswith("FilePath") else IOC_HOP
        return hop, Fault(f"no frame could be taken: {error.what}", error.next_step, error.where)
    return IOC_HOP, Note(IOC_HOP, f"it took a frame in {seconds:.1f} s", {"exposure_s": round(seconds, 3)})


@contextmanager
def _detector(case: Case) -> Iterator[Any]:
    """Make the configured detector, connected, and let it go again."""
    from ..devices import load_devices

    assert case.site is not None  # noqa: S101 - the configuration has been looked at
    entry, patience = case.site.entry, case.settings.answer_s
    devices = load_devices(entry.path, path_map=case.here, timeout=None)
    try:
        detector = devices[str(entry.name)]
        try:
            detector.wait_for_connection(timeout=2 * patience)
        except TimeoutError as error:
            next_step = f"`id3c-data validate --live {entry.path}` names every PV that does not answer"
            raise DetectorFault(f"the device does not connect: {error}", entry.location, next_step) from error
        yield detector
    finally:
        for device in devices.values():
            destroy = getattr(device, "destroy", None)
            if destroy is not None:
                destroy()


@contextmanager
def _engine() -> Iterator[Any]:
    """Make a RunEngine for any thread, and end its own."""
    try:
        from bluesky import RunEngine
    except ImportError as error:
        raise MissingExtra("bluesky", "devices") from error
    engine = RunEngine({}, context_managers=[])
    try:
        yield engine
    finally:
        if engine.state != "idle":
            engine.halt()
        engine.loop.call_soon_threadsafe(engine.loop.stop)
        engine._th.join()
        engine.loop.close()


def _subscribed(case: Case, engine: Any) -> Subscription | None:
    """Let the catalog have the documents, where it answers."""
    from ..catalog import subscribe

    if case.catalog is None:
        return None
    try:
        return subscribe(engine, case.catalog)
    except Id3cDataError as error:
        case.catalog_error = error
        return None


def _count(engine: Any, detector: Any) -> None:
    """Take one frame; whatever the control layer wraps errors in, ours come out."""
    from bluesky import plans

    try:
        engine(plans.count([detector], num=1), purpose=_PURPOSE)
    except Exception as error:  # a plan fails with whatever a device or a library raises
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, Id3cDataError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, Id3cDataError):
            raise cause from error
        next_step = "report it with the file that `id3c-data doctor --bundle report.zip` writes"
        raise DetectorFault(f"{type(error).__name__}: {error}", detector.name, next_step) from error


def _note_run(case: Case, subscription: Subscription | None) -> None:
    """Note what the documents promise, and wait until the catalog has them."""
    from ..documents import RunState

    if not case.documents:
        return
    state = RunState.of(case.documents)
    take_run(case, state)
    for name, doc in case.documents:
        if name == "descriptor" and case.data_key in doc["data_keys"]:
            case.described = doc["data_keys"][case.data_key]
    if subscription is None or case.catalog is None:
        return
    try:
        subscription.close(_IN_CATALOG_S)
        if case.promises:
            read_run(case, case.catalog, state.uid)
    except CatalogError as error:
        case.catalog_error = error


def _missing(case: Case, error: FramesMissing) -> Note | Fault:
    """Note which files did not come in time, so that later hops look at them."""
    series = _OF_SERIES.fullmatch(error.where)
    if series is None:  # the IOC itself says that it did not write the last one
        case.not_exposed = "the IOC did not write all files of the frame"
        return Fault(error.what, error.next_step, error.where)
    case.came_late = error.where
    case.masters = [Master(Path(f"{series[1]}_master.h5"), needed=1)]
    return Note(IOC_HOP, "it took a frame, and not all of its files came in time")
