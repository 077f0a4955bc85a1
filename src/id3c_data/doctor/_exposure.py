"""One frame that is taken to be followed."""

from __future__ import annotations

import re
from pathlib import Path

from ..documents import RunState
from ..errors import DetectorFault, FramesMissing, Hdf5Error, Id3cDataError
from ._case import Case, Master
from ._frame_taking import Place, Taken, take_frame
from ._hop import Fault, Skipped
from ._note import Note
from ._run_of_case import open_catalog, read_run, take_run

__all__ = ["expose"]

IOC_HOP, WRITE_HOP = "IOC", "write path"
_STOPPING_S = 30.0  # the driver fetches files for seconds more, and the catalog gets the last documents
_LONGEST_S = 300.0  # the device has timeouts of its own; this is for what hangs all the same
_OF_SERIES = re.compile(r"(.*)_(?:master|data_\d{6})\.h5", re.DOTALL)


def expose(case: Case) -> tuple[str, Note | Fault | Skipped]:
    """Take one frame; return the hop that this says something of, and what.

    Where files do not come, or the catalog does not take the documents, later hops say so.
    """
    open_catalog(case)
    try:
        taken = _taken(case)
    except TimeoutError as error:
        case.not_exposed = "no frame could be taken"
        what = f"taking a frame does not end: {error}"
        next_step = "see the IOC's console; writing 0 to cam1:Acquire ends an acquisition"
        return IOC_HOP, Fault(what, next_step, str(case.site and case.site.entry.location))
    except Hdf5Error:  # the process that takes it has ended
        case.not_exposed = "no frame could be taken"
        where = str(case.site and case.site.entry.location)
        what = "no frame could be taken: the process that takes it ended by itself"
        next_step = (
            f"load the device in a Python of your own to see why: `load_devices({str(case.files[0])!r})`"
        )
        return IOC_HOP, Fault(what, next_step, where)
    case.documents = taken.documents
    _note_run(case, taken)
    if taken.error is not None:
        return _why_not(case, taken.error)
    words = f"it took a frame in {taken.seconds:.1f} s"
    return IOC_HOP, Note(IOC_HOP, words, {"exposure_s": round(taken.seconds, 3)})


def _taken(case: Case) -> Taken:
    """Take a frame in the process that looks at files; Ctrl-C here ends it there too."""
    assert case.site is not None  # noqa: S101 - the configuration has been looked at
    entry, catalog, looker = case.site.entry, case.catalog, case.looker
    place = None if catalog is None else Place(catalog.uri, catalog.context.api_key)
    path_map, connect_s = dict(case.settings.path_map), 4 * case.settings.answer_s
    try:
        return looker.ask_within(
            _LONGEST_S, take_frame, entry.path, str(entry.name), path_map, connect_s, place
        )
    except KeyboardInterrupt:
        if looker.interrupt(_STOPPING_S):
            raise KeyboardInterrupt("the exposure was stopped") from None
        raise KeyboardInterrupt(
            f"the exposure did not stop within {_STOPPING_S:g} s; see the IOC's console: writing 0 to "
            f"cam1:Acquire ends it"
        ) from None


def _note_run(case: Case, taken: Taken) -> None:
    """Note what the documents promise, and which node of the catalog has the images."""
    if not taken.documents:
        return
    state = RunState.of(taken.documents)
    take_run(case, state)
    for name, doc in taken.documents:
        if name == "descriptor" and case.data_key in doc["data_keys"]:
            case.described = doc["data_keys"][case.data_key]
    case.catalog_error = case.catalog_error or taken.catalog_error
    if case.catalog is None or case.catalog_error is not None or not case.promises:
        return
    try:
        read_run(case, case.catalog, state.uid)
    except Id3cDataError as error:
        case.catalog_error = error


def _why_not(case: Case, error: Id3cDataError) -> tuple[str, Note | Fault]:
    """Return which hop an error speaks of; where files did not come in time, later hops look at them."""
    series = _OF_SERIES.fullmatch(error.where)
    if isinstance(error, FramesMissing) and series is not None:
        case.came_late = error.where
        case.masters = [Master(Path(f"{series[1]}_master.h5"), needed=1)]
        return IOC_HOP, Note(IOC_HOP, "it took a frame, and not all of its files came in time")
    case.not_exposed = "no frame could be taken"
    hop = WRITE_HOP if isinstance(error, DetectorFault) and error.where.endswith("FilePath") else IOC_HOP
    return hop, Fault(f"no frame could be taken: {error.what}", error.next_step, error.where)
