"""What becomes of a scan where the read side is not as it should be."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from bluesky import plans as bp

from ..._mounts import hanging_folder
from .conftest import unreadable
from .test_faults import failure


@pytest.mark.fault("read mount hangs", injected="a FUSE file system that never answers is mounted there")
def test_read_side_that_never_answers(
    bench: Any, engine: Any, docs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault_report: Any
) -> None:
    monkeypatch.setattr("id3c_data.devices._folder._ANSWER_S", 1.0)
    with hanging_folder(tmp_path) as hanging:
        detector = bench.detector(read_path_template=f"{hanging}/%Y/%m/")
        error = failure(engine, bp.count([detector]))
    assert not docs
    fault_report(error, hide={str(hanging): "/data"})


@pytest.mark.fault("read mount hangs", injected="it stops to answer between two points")
def test_read_side_that_stops_to_answer(
    bench: Any, engine: Any, docs: Any, monkeypatch: pytest.MonkeyPatch, fault_report: Any
) -> None:
    monkeypatch.setattr("id3c_data.devices._folder._ANSWER_S", 1.0)
    released, list_folder = threading.Event(), os.listdir

    def stop_answering(name: str, _doc: Any) -> None:
        if name == "event":
            monkeypatch.setattr(os, "listdir", lambda folder: released.wait() and list_folder(folder))

    engine.subscribe(stop_answering)
    try:
        error = failure(engine, bp.count([bench.detector()], num=3))
    finally:
        released.set()
    assert len(docs.of("event")) == 1
    fault_report(error, lost=unreadable(bench.folder, 2))
