from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import event_model
import pytest

from id3c_data.documents import Channel, data_key_name, datum_document, image_data_keys, resource_document

Documents = list[tuple[str, dict[str, Any]]]


def _eiger_run(
    masters: Path | dict[Path, Iterable[int]],
    *,
    slots: Iterable[int] = range(3),
    shape: tuple[int, int] = (16, 20),
    frames_per_event: int = 1,
    channels: tuple[Channel, ...] = ("threshold_1",),
    exit_status: str | None = "success",
    reason: str = "",
) -> Documents:
    """Return one run's documents: an event for each slot of each master; no stop for a status of None."""
    plan = masters if isinstance(masters, dict) else {masters: slots}
    run = event_model.compose_run()
    documents: Documents = [("start", run.start_doc)]
    keys = image_data_keys(
        "eiger2", shape, "<u4", frames_per_event=frames_per_event, source="PV:x", channels=channels
    )
    primary = run.compose_descriptor(name="primary", data_keys=keys, object_keys={"eiger2": list(keys)})
    documents.append(("descriptor", primary.descriptor_doc))
    for master, its_slots in plan.items():
        resource = resource_document(
            master, root=master.parent, frames_per_event=frames_per_event, writer="dcu", sequence_id=7
        )
        resource["run_start"] = run.start_doc["uid"]
        documents.append(("resource", resource))
        for slot in its_slots:
            datums = {c: datum_document(resource["uid"], slot, c) for c in channels}
            documents += [("datum", datum) for datum in datums.values()]
            data = {data_key_name("eiger2", c): datum["datum_id"] for c, datum in datums.items()}
            event = primary.compose_event(
                data=data, timestamps=dict.fromkeys(data, 0.0), filled=dict.fromkeys(data, False)
            )
            documents.append(("event", event))
    if exit_status is not None:
        documents.append(("stop", run.compose_stop(exit_status=exit_status, reason=reason)))
    return documents


@pytest.fixture
def eiger_run() -> Callable[..., Documents]:
    """Makes one run's documents as the device makes them, for any master."""
    return _eiger_run
