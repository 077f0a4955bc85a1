"""The verification of one run: all checks, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..catalog import ImageNode, image_nodes
from ..paths import PathMap, PathMapLike
from ._events import check_events, numbers_of
from ._frames import FrameCheck
from ._repair import note_of
from ._report import Finding, FrameCounts, RunReport
from ._server import check_others, check_served

__all__ = ["Progress", "verify_run"]

Progress = Callable[[int, int], None]
"""Is told how many frames of a run are done, of how many."""


def verify_run(run: Any, *, path_map: PathMapLike = None, progress: Progress | None = None) -> RunReport:
    """Return whether all that a run's documents promise is there, and can be read.

    Every frame is read from its file and decoded, as many at a time as there are processors; the first and
    the last event are also read through the catalog's server, and compared.

    Parameters
    ----------
    run
        The run, from a catalog.
    path_map
        From folders as the documents and links name them to where this host has them.
    progress
        Told of each part of the frames that is done.

    Raises
    ------
    CatalogError
        Where the catalog's server does not answer as it should.
    """
    folders = PathMap.of(path_map)
    start, stop = run.metadata["start"], run.metadata.get("stop") or {}
    streams = dict(run.items())
    numbers = {name: numbers_of(stream) for name, stream in streams.items()}
    findings = list(check_events(stop, numbers))
    nodes = list(image_nodes(streams))
    total = sum(len(node.rows.slots) * node.rows.frames_per_event for node in nodes)
    done = 0

    def tell(frames: int) -> None:
        nonlocal done
        done += frames
        if progress is not None:
            progress(done, total)

    counts: list[FrameCounts] = []
    too_long: dict[tuple[str, str], int] = {}
    for node in nodes:
        check = FrameCheck(node, numbers[node.stream].tolist(), folders, tell, start["time"])
        findings += _check_node(check, run.metadata.get("notes") or ())
        counts.append(check.counts)
        if check.events_written < node.events:
            too_long[node.stream, node.data_key] = check.events_written
    findings += check_others(streams, {(node.stream, node.data_key) for node in nodes})
    return RunReport(
        start["uid"],
        start.get("scan_id"),
        stop.get("exit_status", ""),
        tuple(counts),
        tuple(findings),
        too_long,
    )


def _check_node(check: FrameCheck, notes: Iterable[str]) -> Iterator[Finding]:
    """Yield what is wrong with an image node."""
    node = check.node
    yield from _check_length(node, len(check.numbers), notes)
    yield from check.run()
    about: dict[str, Any] = {"stream": node.stream, "data_key": node.data_key}
    yield from check_served(check)
    if check.events_written < node.events:
        yield Finding(
            what=f"{node.events} events in the catalog, of which {check.events_written} were written",
            next_step="`id3c-data verify --repair` shortens it, with a note, when the run is over",
            **about,
        )


def _check_length(node: ImageNode, events: int, notes: Iterable[str]) -> Iterator[Finding]:
    """Yield where the numbers of events of structure, slots and table are not the same.

    After a repair the table has more: what was measured at those events stays, without images.
    """
    placed = len(node.rows.slots)
    if node.events == placed == events:
        return
    about: dict[str, Any] = {"stream": node.stream, "data_key": node.data_key}
    note = note_of(node, notes)
    if note is not None and node.events == placed < events:
        yield Finding(
            severity="note",
            what=f"{events - placed} of {events} events in the table have no images; {note}",
            **about,
        )
        return
    yield Finding(
        what=f"{node.events} events in its structure, {placed} with frames, {events} in the table",
        next_step="wait for the end of the run, or see whether `id3c-data replay` has it whole",
        **about,
    )
