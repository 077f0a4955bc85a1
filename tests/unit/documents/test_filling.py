from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor, wait
from copy import deepcopy
from pathlib import Path
from typing import Any

import event_model
import numpy as np
import pytest

from id3c_data.documents import EventFiller, RunState, filled_documents
from id3c_data.errors import DocumentError, FileMissing, FrameNotWritten, RetryTimeoutException
from id3c_data.sim import FrameModel, LegacyWriter, Series
from id3c_data.testing.documents import Documents, image_run

MODEL = FrameModel(height=16, width=20, bit_depth=32)


@pytest.fixture
def master(tmp_path: Path) -> Path:
    series = Series(name="x_7", number=7, images=4, images_per_file=2)
    return LegacyWriter(tmp_path, series, MODEL).write_series().master


def images(documents: Any) -> list[np.ndarray]:
    return [doc["data"]["eiger2_image"] for name, doc in documents if name == "event"]


def test_each_event_gets_its_frames(master: Path) -> None:
    filled = images(filled_documents(image_run(master)))
    np.testing.assert_array_equal(filled, [MODEL.frame(7, n) for n in (1, 2, 3)])


def test_all_documents_come_through_in_their_order(master: Path) -> None:
    documents = image_run(master)
    filled = list(filled_documents(documents))
    assert [name for name, _ in filled] == [name for name, _ in documents]
    assert filled[-1] == documents[-1]


def test_a_filled_event_says_so_with_the_datum_s_id(master: Path) -> None:
    documents = image_run(master, slots=[0])
    (event,) = [doc for name, doc in filled_documents(documents) if name == "event"]
    (datum,) = [doc for name, doc in documents if name == "datum"]
    assert event["filled"] == {"eiger2_image": datum["datum_id"]}


def test_the_given_documents_stay_as_they_are(master: Path) -> None:
    documents = image_run(master)
    before = deepcopy(documents)
    list(filled_documents(documents))
    assert documents == before


def test_an_event_that_says_nothing_of_filling_is_filled(master: Path) -> None:
    documents = image_run(master)
    for name, doc in documents:
        if name == "event":
            del doc["filled"]
    np.testing.assert_array_equal(images(filled_documents(documents))[2], MODEL.frame(7, 3))


def test_a_page_of_events_is_filled(master: Path) -> None:
    documents = image_run(master)
    page = event_model.pack_event_page(*(doc for name, doc in documents if name == "event"))
    rest = [(name, doc) for name, doc in documents if name not in ("event", "stop")]
    (filled,) = [d for n, d in filled_documents([*rest, ("event_page", page)]) if n == "event_page"]
    np.testing.assert_array_equal(filled["data"]["eiger2_image"], [MODEL.frame(7, n) for n in (1, 2, 3)])


def test_a_run_may_be_filled_while_it_goes_on(master: Path) -> None:
    filler = EventFiller()
    filled = images(filler(name, doc) for name, doc in image_run(master, exit_status=None))
    np.testing.assert_array_equal(filled[0], MODEL.frame(7, 1))


def test_a_state_kept_by_somebody_else_is_left_to_him(master: Path) -> None:
    documents = image_run(master)
    state = RunState.of(documents)
    filler = EventFiller(state)
    assert len(images(filler(name, doc) for name, doc in documents)) == 3
    assert len(state.promised("eiger2_image")) == 3


def test_a_path_map_leads_to_this_host_s_mount(master: Path) -> None:
    documents = image_run(Path("/mnt/eiger") / master.name)
    filled = images(filled_documents(documents, path_map={"/mnt/eiger": str(master.parent)}))
    np.testing.assert_array_equal(filled[1], MODEL.frame(7, 2))


def test_a_path_map_is_enough_for_a_state_that_has_none(master: Path) -> None:
    """A state that knows the file here promises its frames, so what comes late is waited for."""
    documents = image_run(Path("/mnt/eiger") / master.name)
    state = RunState.of(documents)
    filler = EventFiller(state, path_map={"/mnt/eiger": str(master.parent)})
    images(filler(name, doc) for name, doc in documents)
    assert state.promised_points(master, "/entry/data/data") == 3


def test_frames_that_never_came_are_explained_by_the_stop_document(master: Path) -> None:
    documents = image_run(master, slots=range(5), exit_status="abort", reason="no beam")
    seen: Documents = []
    with pytest.raises(FrameNotWritten, match=r"frame 4 is not there, the first 4 are .*'abort': no beam"):
        seen.extend(filled_documents(documents, settle_timeout=0))
    assert len(images(seen)) == 4


def test_a_missing_file_is_told_when_the_settling_is_over(tmp_path: Path) -> None:
    with pytest.raises(FrameNotWritten, match=r"x_7_master.h5.*not there.*run ") as caught:
        list(filled_documents(image_run(tmp_path / "x_7_master.h5"), settle_timeout=0.1))
    assert isinstance(caught.value.__cause__, FileMissing)


def test_events_that_never_came_settle_together(tmp_path: Path) -> None:
    documents = image_run({tmp_path / f"x_{number}_master.h5": [0] for number in range(5)})
    filler = EventFiller(RunState.of(documents), settle_timeout=0.5)
    began = time.monotonic()
    for name, doc in documents:
        if name != "event":
            filler(name, doc)
            continue
        with pytest.raises(FrameNotWritten):
            filler(name, doc)
    filler.close()
    assert 0.5 <= time.monotonic() - began < 2.5


def test_an_event_of_an_open_run_is_filled_when_its_image_lands(tmp_path: Path) -> None:
    spool, place = tmp_path / "spool", tmp_path / "place"
    spool.mkdir()
    place.mkdir()
    series = Series(name="x_7", number=7, images=3, images_per_file=2)
    files = LegacyWriter(spool, series, MODEL).write_series()
    filler = EventFiller()
    with ThreadPoolExecutor(1) as pool:
        for name, doc in image_run(place / files.master.name, exit_status=None):
            filling = pool.submit(filler, name, doc)
            if name == "event" and doc["seq_num"] == 1:
                assert not wait([filling], 0.15).done
                for path in (files.master, *files.data):
                    shutil.copyfile(path, place / path.name)
            name, filled = filling.result(30)
            if name == "event":
                image = filled["data"]["eiger2_image"]
                np.testing.assert_array_equal(image, MODEL.frame(7, doc["seq_num"]))
    filler.close()


def test_an_image_that_does_not_come_is_a_timeout_while_the_run_is_open(tmp_path: Path) -> None:
    filler = EventFiller(retry_timeout=0.1)
    *before, event = image_run(tmp_path / "x_7_master.h5", slots=[0], exit_status=None)
    for name, doc in before:
        filler(name, doc)
    with pytest.raises(RetryTimeoutException, match=r"x_7_master.h5"):
        filler(*event)
    filler.close()


def test_a_spec_that_nobody_knows_is_refused(master: Path) -> None:
    documents = image_run(master)
    for name, doc in documents:
        if name == "resource":
            doc["spec"] = "AD_UNKNOWN"
    with pytest.raises(DocumentError, match="AD_UNKNOWN"):
        list(filled_documents(documents))


def test_a_handler_of_another_spec_can_be_given(master: Path) -> None:
    class Ones:
        def __init__(self, path: str, **_: Any) -> None:
            self.path = path

        def __call__(self, **_: Any) -> np.ndarray:
            return np.ones(3)

    documents = image_run(master)
    for name, doc in documents:
        if name == "resource":
            doc["spec"] = "ONES"
    np.testing.assert_array_equal(
        images(filled_documents(documents, handlers={"ONES": Ones})), np.ones((3, 3))
    )


def test_a_series_of_another_facility_is_filled(master: Path) -> None:
    documents = image_run(master, slots=[0])
    for name, doc in documents:
        if name == "resource":
            doc.update(spec="AD_EIGER2", resource_path="x", resource_kwargs={"images_per_file": 2})
        if name == "datum":
            doc["datum_kwargs"] = {"seq_id": 7}
    np.testing.assert_array_equal(
        images(filled_documents(documents))[0], [MODEL.frame(7, n) for n in (1, 2, 3, 4)]
    )
