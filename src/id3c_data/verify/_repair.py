"""The one thing that may be mended in a catalog: images that it has more of than were ever written."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from ..catalog import ImageNode, image_nodes, shorten
from ..errors import CatalogError
from ._report import RunReport

__all__ = ["note_of", "repair"]


def repair(run: Any, report: RunReport) -> list[str]:
    """Shorten the image nodes of a run to what was written, and note it in the run's metadata.

    No pixel is dropped: only events at the end go of which not one frame is on disk, of a run that is over,
    and whose master's folder is there. The table of events stays as it is, because what else was measured is
    true; the note says so, and `verify_run` finds a note in place of a problem then.

    Parameters
    ----------
    run
        The run, from a catalog.
    report
        From `verify_run`.

    Returns
    -------
    list of str
        What was done, as it is noted under ``notes``.

    Raises
    ------
    CatalogError
        Where the run is not over, or the server refuses.
    """
    if not report.too_long:
        return []
    if not report.exit_status:
        raise CatalogError(
            "the run has no stop document, so what is missing may still come",
            str(run.uri),
            "wait for its end, or bring it in by `id3c-data replay`",
        )
    day = time.strftime("%Y-%m-%d")
    notes: list[str] = []
    for node in image_nodes(run):
        events = report.too_long.get((node.stream, node.data_key))
        if events is not None:
            shorten(node, events)
            notes.append(
                f"{_about(node)}shortened from {node.events} to {events} events by "
                f"id3c-data verify --repair on {day}: the others were never written"
            )
    run.update_metadata({"notes": [*run.metadata.get("notes", []), *notes]}, drop_revision=True)
    return notes


def note_of(node: ImageNode, notes: Iterable[str]) -> str | None:
    """Return the note that an image node was made as short as it is; None where there is none.

    Parameters
    ----------
    node
        The node.
    notes
        Of the run.
    """
    wanted = f"{_about(node)}shortened from "
    made = (note for note in notes if note.startswith(wanted) and f" to {node.events} events " in note)
    return next(made, None)


def _about(node: ImageNode) -> str:
    return f"{node.stream}/{node.data_key}: "
