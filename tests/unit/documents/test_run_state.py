from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import event_model
import pytest

from id3c_data.documents import RunState
from id3c_data.errors import DocumentError
from id3c_data.h5api import ScanPhase
from id3c_data.testing.documents import Documents, image_run
from id3c_data.testing.scan_states import ScanStateContract, SteppedScan

MASTER = Path("/mnt/eiger/x_7_master.h5")


class TestScanState(ScanStateContract):
    @pytest.fixture
    def scan(self) -> SteppedScan:
        state, documents = RunState(), image_run(MASTER)
        state(*documents[0])
        return SteppedScan(state, lambda: tell(state, documents[1:-1]), lambda: tell(state, documents[-1:]))


def tell(state: RunState, documents: Documents) -> None:
    for name, doc in documents:
        state(name, doc)


class TestPhase:
    def test_the_stream_s_descriptor_makes_it_prepared(self) -> None:
        assert RunState.of(image_run(MASTER)[:2]).phase is ScanPhase.PREPARED

    def test_another_stream_s_descriptor_does_not(self) -> None:
        state = RunState.of(image_run(MASTER, exit_status=None), stream="baseline")
        assert state.phase is ScanPhase.NOT_PREPARED

    def test_a_second_descriptor_after_the_first_changes_nothing(self) -> None:
        start, descriptor, *rest = image_run(MASTER)
        again = ("descriptor", {**descriptor[1], "uid": "again"})
        assert RunState.of([start, descriptor, *rest[:-1], again]).phase is ScanPhase.PREPARED

    def test_a_run_that_stops_before_any_descriptor_is_finished(self) -> None:
        run = event_model.compose_run()
        state = RunState.of([("start", run.start_doc), ("stop", run.compose_stop())])
        assert state.phase is ScanPhase.FINISHED


class TestEnd:
    def test_an_open_run_has_no_exit_status(self) -> None:
        state = RunState.of(image_run(MASTER, exit_status=None))
        assert (state.exit_status, state.reason, state.failure) == (None, "", "")

    def test_a_success_is_no_failure(self) -> None:
        state = RunState.of(image_run(MASTER))
        assert (state.exit_status, state.failure) == ("success", "")

    def test_a_failure_is_told_with_its_reason(self) -> None:
        state = RunState.of(image_run(MASTER, exit_status="fail", reason="no beam"))
        assert (state.exit_status, state.reason) == ("fail", "no beam")
        assert state.failure == "the run ended as 'fail': no beam"


class TestPromises:
    def test_each_event_promises_its_frames(self) -> None:
        promises = RunState.of(image_run(MASTER, frames_per_event=4)).promised("eiger2_image")
        assert [(p.seq_num, p.path, p.frames) for p in promises] == [
            (n + 1, PurePosixPath(MASTER), range(4 * n, 4 * n + 4)) for n in range(3)
        ]

    def test_slots_may_be_skipped(self) -> None:
        promises = RunState.of(image_run(MASTER, slots=[0, 3])).promised("eiger2_image")
        assert [p.frames for p in promises] == [range(1), range(3, 4)]

    def test_each_channel_is_promised_under_its_own_key(self) -> None:
        state = RunState.of(image_run(MASTER, channels=("threshold_1", "difference")))
        assert state.data_keys == ("eiger2_image", "eiger2_image_difference")
        assert {p.channel for p in state.promised("eiger2_image_difference")} == {"difference"}

    def test_a_run_of_several_masters_names_each_once_in_order(self) -> None:
        other = MASTER.with_name("a_8_master.h5")
        state = RunState.of(image_run({MASTER: range(2), other: range(2)}))
        assert state.masters("eiger2_image") == (PurePosixPath(MASTER), PurePosixPath(other))

    def test_pages_promise_what_their_events_would(self) -> None:
        documents = image_run(MASTER)
        datums = event_model.pack_datum_page(*(d for n, d in documents if n == "datum"))
        events = event_model.pack_event_page(*(d for n, d in documents if n == "event"))
        head = [(n, d) for n, d in documents if n in ("start", "descriptor", "resource")]
        paged = RunState.of([*head, ("datum_page", datums), ("event_page", events)])
        assert paged.promised("eiger2_image") == RunState.of(documents).promised("eiger2_image")

    def test_a_datum_may_come_after_its_event(self) -> None:
        documents = image_run(MASTER, slots=[0], exit_status=None)
        late = [documents.pop(i) for i, (name, _) in enumerate(documents) if name == "datum"]
        state = RunState.of(documents)
        assert state.promised("eiger2_image") == ()
        state(*late[0])
        assert [p.frames for p in state.promised("eiger2_image")] == [range(1)]

    def test_a_datum_that_never_came_is_named(self) -> None:
        documents = [(name, doc) for name, doc in image_run(MASTER, slots=[0]) if name != "datum"]
        with pytest.raises(DocumentError, match=r"event 1 refers to datum \S+/0, which never came"):
            RunState.of(documents).promised("eiger2_image")

    def test_what_is_filled_already_is_not_promised(self) -> None:
        documents = image_run(MASTER)
        for name, doc in documents:
            if name == "event":
                doc["filled"] = {"eiger2_image": doc["data"]["eiger2_image"]}
        assert RunState.of(documents).promised("eiger2_image") == ()

    def test_an_unknown_key_is_refused_with_the_known_ones(self) -> None:
        with pytest.raises(DocumentError, match=r"no data key 'image'.*it has eiger2_image"):
            RunState.of(image_run(MASTER)).promised("image")

    def test_the_state_keeps_what_it_was_told_when_the_document_changes(self) -> None:
        documents = image_run(MASTER)
        state = RunState.of(documents)
        for name, doc in documents:
            if name == "resource":
                doc["resource_path"] = "elsewhere"
        assert state.masters("eiger2_image") == (PurePosixPath(MASTER),)

    def test_a_foreign_spec_does_not_say_its_frames(self) -> None:
        documents = image_run(MASTER, slots=[0])
        for name, doc in documents:
            if name == "resource":
                doc["spec"] = "AD_TIFF"
        (promise,) = RunState.of(documents).promised("eiger2_image")
        with pytest.raises(DocumentError, match="spec 'AD_TIFF' does not say which frames"):
            _ = promise.frames


class TestRefusals:
    @pytest.mark.parametrize("name", ["start", "descriptor", "resource", "stop"])
    def test_a_document_of_another_run_is_refused(self, name: str) -> None:
        state = RunState.of(image_run(MASTER, exit_status=None))
        other = next(doc for each, doc in image_run(MASTER) if each == name)
        with pytest.raises(
            DocumentError, match=f"^run {state.uid}: a {name} document of run .* came; make one"
        ):
            state(name, other)

    def test_an_event_of_another_run_is_refused(self) -> None:
        state = RunState.of(image_run(MASTER, exit_status=None))
        other = next(doc for name, doc in image_run(MASTER) if name == "event")
        with pytest.raises(DocumentError, match=r"refers to descriptor .* which never came"):
            state("event", other)

    def test_a_datum_without_its_resource_is_refused(self) -> None:
        documents = [(name, doc) for name, doc in image_run(MASTER) if name != "resource"]
        with pytest.raises(DocumentError, match=r"refers to resource .* which never came"):
            RunState.of(documents)

    def test_a_stream_that_was_joined_too_late_is_refused(self) -> None:
        documents = [(name, doc) for name, doc in image_run(MASTER) if name != "start"]
        with pytest.raises(DocumentError, match="before the run's start document; subscribe before the run"):
            RunState.of(documents)


def test_a_run_router_makes_a_state_for_each_run() -> None:
    states: list[RunState] = []

    def new_state(_name: str, _doc: dict[str, Any]) -> tuple[list[RunState], list[Any]]:
        states.append(RunState())
        return [states[-1]], []

    router = event_model.RunRouter([new_state])
    for _ in range(2):
        for name, doc in image_run(MASTER):
            router(name, doc)
    assert [(s.phase, len(s.promised("eiger2_image"))) for s in states] == [(ScanPhase.FINISHED, 3)] * 2
