from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fastapi import HTTPException
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.data_source import Asset, DataSource

from id3c_data.catalog import MasterAdapter
from id3c_data.catalog._adapter import ROOTS_VARIABLE
from id3c_data.sim import FrameModel, LegacyWriter, Series

MODEL = FrameModel(height=40, width=50)
NODE = SimpleNamespace(metadata_={"run_ended": True}, specs=[])


def write(folder: Path, number: int = 1, images: int = 4) -> Path:
    return LegacyWriter(folder, Series(f"s_{number}", number, images, 3), MODEL).write_series().master


def source(*masters: Path, shape: tuple[int, ...], **parameters: Any) -> DataSource[ArrayStructure]:
    structure = ArrayStructure(
        data_type=BuiltinDtype.from_numpy_dtype(MODEL.dtype),
        shape=shape,
        chunks=tuple((size,) for size in shape),
    )
    assets = [Asset(path.as_uri(), False, "data_uris", num) for num, path in enumerate(masters)]
    return DataSource("array", structure, parameters=parameters, assets=assets[::-1])  # type: ignore[arg-type]


def adapter(folder: Path, described: DataSource[ArrayStructure], node: Any = NODE) -> MasterAdapter:
    return MasterAdapter.within([folder]).from_catalog(described, node, **described.parameters)


def test_files_by_themselves_are_all_their_frames(tmp_path: Path) -> None:
    masters = [write(tmp_path, number) for number in (1, 2)]
    made = MasterAdapter.within([tmp_path]).from_uris(*(master.as_uri() for master in masters))
    assert made.structure().shape == (8, *MODEL.shape)
    assert np.array_equal(made.read()[5], MODEL.frame(2, 2))


def test_assets_are_taken_in_their_order_of_number(tmp_path: Path) -> None:
    masters = [write(tmp_path, number) for number in (1, 2)]
    described = source(*masters, shape=(2, *MODEL.shape), slots=[[2, 0, 0, 1, 0]])
    assert np.array_equal(adapter(tmp_path, described).read()[0], MODEL.frame(1, 1))


def test_only_the_masters_that_are_asked_for_are_looked_up() -> None:
    described = source(shape=(5, *MODEL.shape), slots=[[3, 0, 0, 1, 0], [2, 3, 0, 0, 1]])
    look_up = MasterAdapter.file_indices_for_slice
    for asked, numbers in ((..., (0, 1, 2, 3)), (np.s_[1], (1,)), (np.s_[::4], (0, 3)), (np.s_[3:], (3,))):
        assert look_up(described.structure, 4, asked, parameters=described.parameters) == numbers
    assert look_up(described.structure, 4, ..., parameters={"slots": "nonsense"}) is None


def test_masters_that_are_not_asked_for_need_not_be_there(tmp_path: Path) -> None:
    described = source(
        write(tmp_path), tmp_path / "gone.h5", shape=(2, *MODEL.shape), slots=[[2, 0, 0, 1, 0]]
    )
    assert np.array_equal(adapter(tmp_path, described).read(np.s_[0]), MODEL.frame(1, 1))


def half_written(folder: Path) -> DataSource[ArrayStructure]:
    """Return a node of two events, of which the data file of the second is not there."""
    master = LegacyWriter(folder, Series("s_1", 1, 2, 1), MODEL).write_series(taken=1).master
    return source(master, shape=(2, *MODEL.shape), slots=[[2, 0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("ended_before_s", "status", "words"),
    [
        (None, 425, "event 1: not on disk yet: frame 1"),
        (1, 425, "event 1: not on disk yet: frame 1"),
        (60, 404, "frame 1 is not there, the first is"),
    ],
)
def test_a_missing_frame_is_not_on_disk_yet_until_its_run_has_been_over_for_a_while(
    ended_before_s: float | None, status: int, words: str, tmp_path: Path
) -> None:
    metadata = {} if ended_before_s is None else {"run_ended": time.time() - ended_before_s}
    made = adapter(tmp_path, half_written(tmp_path), SimpleNamespace(metadata_=metadata, specs=[]))
    with pytest.raises(HTTPException, match=words) as error:
        made.read(np.s_[1])
    assert error.value.status_code == status
    assert "s_1_data_000002.h5" in error.value.detail
    assert np.array_equal(made.read(np.s_[0]), MODEL.frame(1, 1))


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [
        ((2, 40, 50), {"slots": [[2, 0, 0, 1, 0]]}),  # two masters, one asset
        ((2, 40, 50), {"slots": None}),
        ((2, 5, 40, 50), {"slots": [[2, 0, 0, 0, 1]], "frames_per_event": 4}),
        ((2, 40, 50), {"slots": [[2, 0, 0, 0, 1]], "frames_per_event": 4}),
        ((2, 40, 50), {"slots": [[2, 0, 0, 0, 1]], "frames_per_event": -1}),
        ((2, 40, 50), {"slots": [[2, 0, 0, 0, 1]], "frames_per_event": "many"}),
        ((1, 1, 1, 40, 50), {"slots": [[1, 0, 0, 0, 1]]}),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    shape: tuple[int, ...], parameters: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(HTTPException) as error:
        adapter(tmp_path, source(write(tmp_path), shape=shape, **parameters))
    assert error.value.status_code == 422


def test_a_structure_with_more_events_than_slots_is_refused(tmp_path: Path) -> None:
    described = source(write(tmp_path), shape=(3, *MODEL.shape), slots=[[2, 0, 0, 0, 1]])
    made = adapter(tmp_path, described)
    assert np.array_equal(made.read(np.s_[1]), MODEL.frame(1, 2))
    with pytest.raises(HTTPException, match="no slot is known") as error:
        made.read()
    assert error.value.status_code == 400


def test_without_roots_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = source(write(tmp_path), shape=(1, *MODEL.shape), slots=[[1, 0, 0, 0, 1]])
    made = MasterAdapter.from_catalog(described, NODE, **described.parameters)
    monkeypatch.delenv(ROOTS_VARIABLE, raising=False)
    with pytest.raises(HTTPException, match="now none") as error:
        made.read()
    assert error.value.status_code == 403
    monkeypatch.setenv(ROOTS_VARIABLE, f"/nowhere:{tmp_path}")
    assert made.read().shape == (1, *MODEL.shape)
