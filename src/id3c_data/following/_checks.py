"""What has to be true of a run's documents before and after its frames are given."""

from __future__ import annotations

from ..documents import CHANNELS, RunState
from ..errors import DocumentError

__all__ = ["check_complete", "events_lost", "image_key"]


def image_key(run: RunState, data_key: str | None) -> str | None:
    """Return the data key of the images; None where the run ended before its stream began.

    Parameters
    ----------
    run
        Whose stream has begun, or that is over.
    data_key
        That the caller asks for; None for the only detector's.

    Raises
    ------
    DocumentError
        There is no such stream or data key, or several of them.
    """
    if not run.began:
        _check_stream(run)
        return None
    keys, where = run.data_keys, f"run {run.uid}"
    if not keys or (data_key is not None and data_key not in keys):
        asked = "data key" if data_key is None else f"data key {data_key!r}"
        raise DocumentError(
            f"stream {run.stream!r} has no {asked} whose data lies in files",
            where=where,
            next_step=f"it has {', '.join(keys) or 'none'}",
        )
    if data_key is not None:
        return data_key
    suffixes = tuple(suffix for suffix in CHANNELS.values() if suffix)
    first = [key for key in keys if not key.endswith(suffixes)] or list(keys)
    if len(first) > 1:
        raise DocumentError(
            f"stream {run.stream!r} has images under several data keys",
            where=where,
            next_step=f"give data_key, one of {', '.join(keys)}",
        )
    return first[0]


def events_lost(run: RunState) -> int:
    """Return how many of the stream's events never came of those that the stop document counts."""
    return max(0, run.num_events.get(run.stream, 0) - run.events)


def check_complete(run: RunState, data_key: str | None, promises: int) -> None:
    """Check that a run was told to its end, with every event that it counts, and these promised some.

    Parameters
    ----------
    run
        That is over.
    data_key
        Of the images; None where the stream never began.
    promises
        How many events promised some of them.

    Raises
    ------
    DocumentError
        There was no stop document, events never came, or none of them promised images.
    """
    if run.exit_status is None:
        raise DocumentError(run.failure, where=f"run {run.uid}", next_step="give all of its documents")
    lost = events_lost(run)
    if lost:
        raise DocumentError(
            f"{lost} of {run.num_events[run.stream]} events of stream {run.stream!r} never came",
            where=f"run {run.uid}",
            next_step="see what lost them between the RunEngine and here",
        )
    if data_key is not None and run.events and not promises:
        raise DocumentError(
            f"none of {run.events} events of stream {run.stream!r} promises images of {data_key!r}",
            where=f"run {run.uid}",
            next_step="follow a detector whose events name a datum of a file",
        )


def _check_stream(run: RunState) -> None:
    """Check that a run whose stream never began had no other; lost events are told at the end."""
    others = [stream for stream, events in run.num_events.items() if events]
    if others and run.stream not in others:
        raise DocumentError(
            f"stream {run.stream!r} never began",
            where=run.describe(),
            next_step=f"follow a stream that the run has: {', '.join(others)}",
        )
