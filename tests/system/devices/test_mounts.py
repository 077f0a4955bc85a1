"""What becomes of a scan where the read side is not as it should be."""

from __future__ import annotations

import os
import shutil
import threading
import time
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


class LateMirror(threading.Thread):
    """Shows each file of a folder in another one, so many seconds after it has come."""

    def __init__(self, folder: Path, mirror: Path, delay_s: float) -> None:
        super().__init__(daemon=True)
        self._folder, self._mirror, self._delay_s = folder, mirror, delay_s
        self._over = threading.Event()

    def run(self) -> None:
        came: dict[Path, float] = {}
        while not self._over.wait(0.05):
            for file in self._folder.rglob("*.h5"):
                seen = self._mirror / file.relative_to(self._folder)
                if time.monotonic() - came.setdefault(file, time.monotonic()) > self._delay_s:
                    seen.parent.mkdir(parents=True, exist_ok=True)
                    if not seen.exists():
                        shutil.copy(file, seen.with_suffix(".part"))
                        seen.with_suffix(".part").rename(seen)

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


@pytest.mark.fault(
    "read mount shows the file 20 s late", injected="a mirror of the write side has each file 20 s later"
)
def test_files_that_are_seen_late_are_waited_for(
    bench: Any, engine: Any, docs: Any, tmp_path: Path, fault_report: Any
) -> None:
    detector = bench.detector(read_path_template=f"{tmp_path}/%Y/%m/", file_timeout=60.0)
    with LateMirror(bench.folder, tmp_path, 20.0):
        engine(bp.count([detector]))
    (event,), (start,) = docs.of("event"), docs.of("start")
    assert event["time"] - start["time"] > 20
    fault_report(
        f"nothing but the wait: {docs.exit_status}, where the device's `file_timeout` is longer",
        lost=unreadable(tmp_path, 1),
    )


@pytest.mark.fault(
    "read mount shows the file 20 s late", injected="the same, and the device's `file_timeout` is 1 s"
)
def test_files_that_are_seen_later_than_the_device_waits_are_not_lost(
    bench: Any, engine: Any, tmp_path: Path, fault_report: Any
) -> None:
    detector = bench.detector(read_path_template=f"{tmp_path}/%Y/%m/")
    with LateMirror(bench.folder, tmp_path, 20.0):
        error = failure(engine, bp.count([detector]))
    fault_report(error, lost=unreadable(bench.folder, 1))
