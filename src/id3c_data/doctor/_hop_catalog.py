"""The hops behind the files: documents, the catalog's entry, what its server reads, what a client gets."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..documents import of_another_series, out_of_time
from ..errors import Id3cDataError
from ._bounded import within
from ._case import Case, Master
from ._catalog_checks import server_findings
from ._file_words import size_words
from ._frames_look import read_frames
from ._hop import Fault, Seen, Skipped
from ._note import Note
from ._run_of_case import open_catalog

__all__ = ["catalog_entry", "client_pixels", "documents", "server"]

_READING_S = 30.0  # for a frame through the server
_A_FILE = "a file was named, not a run: `id3c-data doctor -1` follows the last run"
_NOTHING_TAKEN = "no frame was taken: `id3c-data doctor --expose` takes one and follows it"


def documents(case: Case) -> Seen:
    """See how the run ended, and whether its documents and its files agree."""
    run = case.run
    if run is None:
        yield Skipped(_why_no_run(case))
        return
    if run.exit_status is None:
        yield Note("run", f"run {run.uid} goes on, with {run.events} events so far")
    elif run.exit_status == "success":
        yield Note("run", f"run {run.uid}, {run.events} events, ended as 'success'")
    else:
        next_step = "take it again if events are missing; what it has can be read"
        yield Fault(f"{run.failure}, with {run.events} events", next_step, f"run {run.uid}", "warning")
    if not case.promises:
        what = "no event of the run has an image of an Eiger2"
        yield Fault(
            what, "see whether the detector was among the plan's detectors", f"run {run.uid}", "warning"
        )
    for master in case.masters:
        yield from _agreement(case, master)


def _why_no_run(case: Case) -> str:
    if case.from_file:
        return _A_FILE
    if case.from_run:
        return "the run could not be had from the catalog"
    return case.not_exposed or _NOTHING_TAKEN


def _agreement(case: Case, master: Master) -> Seen:
    """Yield where a master is not what the documents say."""
    look = master.frames
    if look is None:
        return
    where, again = str(master.path), "bring the run's own file back: this one was put in its place"
    other = of_another_series(master.path, (link.target for link in master.links or ()))
    if other is not None:
        yield Fault(f"this is the master of another series: it leads to {other}", again, where)
    shape = tuple(case.described.get("shape", ()))[-2:]
    if shape and look.shape and shape != look.shape[1:]:
        what = f"the documents promise frames of {shape}, the file has {look.shape[1:]}"
        yield Fault(what, again, where)
    dtype = case.described.get("dtype_numpy")
    if dtype and look.dtype and np.dtype(dtype) != np.dtype(look.dtype):
        what = f"the documents promise {np.dtype(dtype)}, the file has {look.dtype}"
        yield Fault(
            what, "do not change the bit depth while the detector is staged; take the run again", where
        )
    yield from _time_of(case, master)


def _time_of(case: Case, master: Master) -> Seen:
    """Yield where a master was not written while its run was taken, and no clock can be at fault."""
    last = max((p.time for p in case.promises if case.path_of(p) == master.path), default=0)
    if case.run is None or not last:
        return
    began = float(case.run.metadata.get("time", last))
    if when := out_of_time(master.modified, began, last):
        what = f"the file was written to {when}: it may be another run's, or a copy"
        next_step = (
            f"compare with a copy from then; `ls -l --time-style=full-iso {master.path}` shows the time"
        )
        yield Fault(what, next_step, str(master.path), "warning")


def catalog_entry(case: Case) -> Seen:
    """See whether the catalog answers, and has the run."""
    if case.from_file:
        yield Skipped(_A_FILE)
        return
    open_catalog(case)
    if case.catalog is not None:
        info = case.catalog.context.server_info
        values = {
            "connect_s": round(case.catalog_s, 3),
            "tiled_server": info.library_version,
            "uri": case.catalog.uri,
        }
        words = f"{case.catalog_name} answers (Tiled {info.library_version})"
        yield Note("catalog", words, values)
    if case.catalog_error is not None:
        yield Fault.of_error(case.catalog_error)
    elif case.images is not None:
        words = f"it has the run; {case.data_key} is {case.images.shape} {case.images.dtype}"
        yield Note("catalog", words, {"shape": list(case.images.shape), "dtype": str(case.images.dtype)})
    elif case.run is not None:
        yield Fault(
            "it has the run, and no images in it", "see what the log of the session says of its catalog"
        )


def server(case: Case) -> Seen:
    """See whether the catalog's server can read the files."""
    if case.from_file:
        yield Skipped(_A_FILE)
    elif case.catalog is None:
        yield Skipped("the catalog does not answer")
    elif case.images is not None:
        yield from _frames_of_server(case)
    elif case.site is not None and case.run is None and not case.from_run:
        root, seconds = str(case.here.to_here(case.site.templates.read_base)), case.settings.answer_s
        yield from server_findings(case.catalog_name, case.catalog, case.site, root, seconds)
    else:
        yield Skipped("the catalog has no images of the run")


def _frames_of_server(case: Case) -> Seen:
    """Let the server read the first and the last event."""
    images = case.images
    assert images is not None  # noqa: S101 - its caller has looked
    events = len(case.promises)
    if not events:
        yield Skipped("the run has no event with images")
        return
    began, size = time.perf_counter(), 0
    for event in sorted({0, events - 1}):
        try:
            frames = within(_READING_S, lambda event=event: np.asarray(images[event].read()))
        except Id3cDataError as error:
            yield _server_fault(case, error, event)
            return
        except TimeoutError as error:
            yield Fault(f"event {event}: {error}", "see whether the server, or its disk, is busy", images.uri)
            return
        case.served[event] = frames
        size += frames.nbytes
    seconds = time.perf_counter() - began
    words = f"it read {len(case.served)} of {events} events, {size_words(size)} in {seconds:.2f} s"
    yield Note("server", words, {"served_bytes": size, "serve_s": round(seconds, 3)})


def _server_fault(case: Case, error: Id3cDataError, event: int) -> Fault:
    """Return why the server does not give an event, and what to do."""
    here = all(master.frames is not None and master.frames.written for master in case.masters)
    also = "; this host can read the file, so it is the server's view of the disk" if here else ""
    return Fault(f"event {event}: {error.what}{also}", error.next_step, error.where)


def client_pixels(case: Case) -> Seen:
    """See whether a client gets the pixels that are in the files."""
    if not case.served:
        yield Skipped(
            "the server gave no frame" if case.images is not None else "there is no frame to compare"
        )
        return
    different: list[Fault] = []
    compared = 0
    for event, served in case.served.items():
        promise = case.promises[event]
        master = next(master for master in case.masters if master.path == case.path_of(promise))
        if master.frames is None or master.frames.written < promise.frames.stop:
            yield Skipped("the frames cannot be read from the files here")
            return
        local = case.looker.ask_within(
            _READING_S,
            read_frames,
            master.path,
            dict(case.settings.path_map),
            promise.channel,
            promise.frames,
        )
        compared += local.size
        if not np.array_equal(local.reshape(-1), served.reshape(-1)):
            different.append(_different(local, served, event, str(master.path)))
    yield Note("client", f"{compared:,} pixels of {len(case.served)} events compared", {"pixels": compared})
    yield from different


def _different(local: Any, served: Any, event: int, where: str) -> Fault:
    same_size = local.size == served.size
    count = int(np.count_nonzero(local.reshape(-1) != served.reshape(-1))) if same_size else 0
    what = (
        f"event {event}: {count:,} of {local.size:,} pixels differ"
        if same_size
        else f"event {event}: the server gives {served.shape}, the file has {local.shape}"
    )
    next_step = "compare what the server has mounted there: `sha256sum` of the file on both hosts"
    return Fault(f"{what} between server and file", next_step, where)
