"""Whether the catalog's server gives what stands in the files; of other detectors, what Bluesky checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalog import external_nodes
from ..errors import Id3cDataError
from ..images import open_stack
from ._report import Finding

if TYPE_CHECKING:
    from ._frames import FrameCheck

__all__ = ["check_others", "check_served"]


def check_served(check: FrameCheck) -> Iterator[Finding]:
    """Yield where the server gives other pixels for the first or the last event that is there, or none.

    Parameters
    ----------
    check
        Of the frames, after its run.
    """
    node, rows = check.node, check.node.rows
    there = sorted(check.present - set(check.absent))
    for event in dict.fromkeys([*there[:1], *there[-1:]]):
        about: dict[str, Any] = {
            "stream": node.stream,
            "data_key": node.data_key,
            "event": int(check.numbers[event]) if event < len(check.numbers) else event + 1,
        }
        if event >= node.events:
            continue
        try:
            given = np.asarray(node.client[event])
            master = check.path_map.to_here(rows.masters[rows.slots[event].master])
            frames = rows.slots[event].slot * rows.frames_per_event + np.arange(rows.frames_per_event)
            with open_stack(master, path_map=check.path_map, channel=rows.channel) as stack:
                here = stack[list(frames)].read()
        except Id3cDataError as error:
            next_step = error.next_step or "ask the server by `id3c-data doctor`"
            yield Finding(what=f"the server does not give it: {error.what}", next_step=next_step, **about)
            continue
        if not np.array_equal(given.reshape(here.shape), here):
            yield Finding(
                what="the server gives other pixels than stand in the file here",
                next_step="see what the server has mounted in that folder",
                file=str(master),
                **about,
            )


def check_others(streams: Mapping[str, Any], ours: set[tuple[str, str]]) -> Iterator[Finding]:
    """Yield what `bluesky_tiled_plugins` finds wrong with external data of other detectors.

    Parameters
    ----------
    streams
        The streams of a run.
    ours
        Stream and data key of the image nodes, which are checked frame by frame.
    """
    from bluesky_tiled_plugins.writing.validator import validate_reading, validate_structure

    for stream, node in streams.items():
        for data_key, client in external_nodes(node):
            if (stream, data_key) in ours:
                continue
            for validate in (validate_structure, validate_reading):
                try:
                    validate(client)
                except Exception as error:  # whatever reads the format may raise what it likes
                    why = " ".join(f"{type(error).__name__}: {error}".split())
                    yield Finding(
                        what=f"{validate.__name__}: {why:.300}",
                        next_step="see whether its files are there; `bluesky_tiled_plugins` has checked it",
                        stream=stream,
                        data_key=data_key,
                    )
                    break
