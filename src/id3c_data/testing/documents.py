"""Documents of a run as the device makes them, for tests of whatever reads documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import event_model

from ..documents import Channel, Writer, data_key_name, datum_document, image_data_keys, resource_document

__all__ = ["Documents", "image_run"]

Documents: TypeAlias = list[tuple[str, Any]]
"""Names and documents, in the order in which they are made."""


def image_run(
    masters: Path | Mapping[Path, Iterable[int]],
    *,
    slots: Iterable[int] = range(3),
    root: Path | None = None,
    detector: str = "eiger2",
    shape: tuple[int, int] = (514, 1030),
    dtype_numpy: str = "<u4",
    frames_per_event: int = 1,
    channels: tuple[Channel, ...] = ("threshold_1",),
    writer: Writer = "dcu",
    exit_status: Literal["success", "abort", "fail"] | None = "success",
    reason: str = "",
) -> Documents:
    """Return the documents of one run with one event for each slot of each master.

    Parameters
    ----------
    masters
        One master, or each master with its slots.
    slots
        Of the one master.
    root
        Read side's root; without it, each master's folder.
    detector
        Its name, which data keys and axes start with.
    shape, dtype_numpy, frames_per_event, channels, writer
        What the descriptor and the resources say.
    exit_status, reason
        Of the stop document; a status of None leaves the run open.
    """
    run = event_model.compose_run()
    keys = image_data_keys(
        detector,
        shape,
        dtype_numpy,
        frames_per_event=frames_per_event,
        source="SIM:cam1:",
        channels=channels,
    )
    primary = run.compose_descriptor(
        name="primary",
        data_keys=keys,
        object_keys={detector: list(keys)},
        configuration={detector: {"data": {}, "data_keys": {}, "timestamps": {}}},
        hints={detector: {"fields": []}},
    )
    documents: Documents = [("start", run.start_doc), ("descriptor", primary.descriptor_doc)]
    plan = masters if isinstance(masters, Mapping) else {masters: slots}
    for master, its_slots in plan.items():
        resource = resource_document(
            master,
            root=master.parent if root is None else root,
            frames_per_event=frames_per_event,
            writer=writer,
        )
        documents.append(("resource", {**resource, "run_start": run.start_doc["uid"]}))
        for slot in its_slots:
            datums: list[tuple[Channel, dict[str, Any]]] = [
                (channel, datum_document(resource["uid"], slot, channel)) for channel in channels
            ]
            documents += [("datum", datum) for _, datum in datums]
            data = {data_key_name(detector, channel): datum["datum_id"] for channel, datum in datums}
            times: dict[str, Any] = dict.fromkeys(data, 0.0)
            filled: dict[str, Any] = dict.fromkeys(data, False)
            documents.append(("event", primary.compose_event(data=data, timestamps=times, filled=filled)))
    if exit_status is not None:
        documents.append(("stop", run.compose_stop(exit_status=exit_status, reason=reason)))
    return documents
