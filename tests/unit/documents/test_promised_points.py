from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from id3c_data.documents import RunState
from id3c_data.errors import FrameNotWritten
from id3c_data.h5api import PromisingScanState, dynamic_hdf5
from id3c_data.sim import FrameModel, LegacyWriter, Series
from id3c_data.testing.documents import image_run

THERE = Path("/mnt/eiger/x_7_master.h5")
DATA = "/entry/data/data"


def state_of(master: Path = THERE, per_file: int | None = 4, **more: Any) -> RunState:
    documents = image_run(master, slots=range(6), **more)
    for name, doc in documents:
        if name == "resource" and per_file is not None:
            doc["resource_kwargs"]["images_per_file"] = per_file
    return RunState.of(documents, path_map={"/mnt/eiger": "/here"})


def test_a_run_state_is_a_promising_scan_state() -> None:
    assert isinstance(RunState(), PromisingScanState)


@pytest.mark.parametrize("folder", ["/mnt/eiger", "/here"])
@pytest.mark.parametrize(
    ("file", "name", "points"),
    [
        ("x_7_master.h5", DATA, 6),
        ("x_7_master.h5", "/entry/data/data_000001", 4),
        ("x_7_master.h5", "entry/data/data_000002", 2),
        ("x_7_master.h5", "/entry/data/data_000003", None),
        ("x_7_master.h5", "/entry/instrument/detector/count_time", None),
        ("x_7_data_000002.h5", DATA, 2),
        ("x_7_data_000002.h5", "/entry/other", None),
        ("x_8_master.h5", DATA, None),
    ],
)
def test_each_dataset_has_its_share(folder: str, file: str, name: str, points: int | None) -> None:
    assert state_of().promised_points(Path(folder, file), name) == points


def test_the_file_of_the_plugin_holds_all_frames() -> None:
    state = state_of(Path("/mnt/eiger/x_000.h5"), None, writer="hdf5")
    names = [DATA, "/entry/instrument/detector/data", "/entry/data/data_000001"]
    assert [state.promised_points(Path("/here/x_000.h5"), name) for name in names] == [6, 6, None]


def test_data_files_of_unknown_length_are_not_guessed() -> None:
    assert state_of(per_file=None).promised_points(THERE, "/entry/data/data_000001") is None


def test_a_dynamic_file_raises_what_was_promised_and_never_came(tmp_path: Path) -> None:
    model = FrameModel(height=24, width=32)
    writer = LegacyWriter(tmp_path, Series("x", 7, 4, 4), model)
    master = writer.write_series().master
    state = state_of(master)
    data_file = next(tmp_path.glob("*_data_000001.h5"))
    promised = RunState.of(image_run(data_file, slots=range(6), writer="hdf5"))
    assert state.promised_points(data_file, DATA) == 4
    with dynamic_hdf5.File(data_file, scan_state=promised, settle_timeout=0.1) as file:
        points = iter(file["entry/data/data"])
        seen = [next(points).shape for _ in range(4)]
        with pytest.raises(FrameNotWritten, match="frame 4 is not there, the first 4 are"):
            next(points)
    assert seen == [model.shape] * 4


def test_a_map_that_comes_later_is_as_good() -> None:
    state = RunState()
    documents = image_run(THERE, slots=range(6))
    for name, doc in documents[:7]:
        state(name, doc)
    assert state.promised_points(THERE, DATA) == 2
    state.also_mapped({"/mnt/eiger": "/here"})
    state.also_mapped({"/mnt": "/there"})
    for name, doc in documents[7:]:
        state(name, doc)
    paths = [THERE, Path("/here/x_7_master.h5"), Path("/there/eiger/x_7_master.h5")]
    assert [state.promised_points(path, DATA) for path in paths] == [6, 6, 6]
