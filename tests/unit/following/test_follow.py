from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from id3c_data import follow
from id3c_data.documents import Runs, RunState
from id3c_data.errors import DocumentError, FrameNotWritten, RetryTimeoutException
from id3c_data.images import open_stack
from id3c_data.sim import FrameModel, LegacyWriter, Series
from id3c_data.testing.documents import image_run

MODEL = FrameModel(height=24, width=32)
PATIENCE_S = 30.0


def write(folder: Path, number: int = 7, images: int = 6, per_file: int = 2) -> Path:
    return (
        LegacyWriter(folder, Series(f"run_{number}", number, images, per_file), MODEL).write_series().master
    )


def run_of(master: Path, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    return image_run(master, shape=MODEL.shape, **more)


def test_each_frame_comes_once_in_order_with_its_pixels(tmp_path: Path) -> None:
    master = write(tmp_path)
    frames = list(follow(run_of(master, slots=range(3), frames_per_event=2)))
    assert [(f.seq_num, f.index, f.number) for f in frames] == [
        (1, 0, 0), (1, 1, 1), (2, 0, 2), (2, 1, 3), (3, 0, 4), (3, 1, 5),
    ]  # fmt: skip
    for frame in frames:
        np.testing.assert_array_equal(frame.image, MODEL.frame(7, frame.number + 1))


def test_several_masters_follow_one_another(tmp_path: Path) -> None:
    first, second = write(tmp_path, 7), write(tmp_path, 8)
    frames = list(follow(image_run({first: [0, 2], second: [1]}, shape=MODEL.shape)))
    assert [(f.master, f.number) for f in frames] == [(first, 0), (first, 2), (second, 1)]
    np.testing.assert_array_equal(frames[2].image, MODEL.frame(8, 2))


def test_a_path_map_leads_to_where_the_files_are_here(tmp_path: Path) -> None:
    write(tmp_path)
    there = Path("/elsewhere/run_7_master.h5")
    frames = follow(run_of(there, slots=[0]), path_map={"/elsewhere": str(tmp_path)})
    assert [f.master for f in frames] == [tmp_path / there.name]


def test_a_path_map_is_enough_for_a_state_that_has_none(tmp_path: Path) -> None:
    """Frames that come after the stop document are waited for where the file is here."""
    master = write(tmp_path)
    late = tmp_path / "run_7_data_000003.h5"
    kept = late.rename(tmp_path / "kept")
    state = RunState.of(run_of(Path("/elsewhere") / master.name, slots=range(6)))
    following = follow(state, path_map={"/elsewhere": str(tmp_path)}, settle_timeout=PATIENCE_S)
    assert [next(following).number for _ in range(4)] == [0, 1, 2, 3]
    coming = threading.Timer(0.2, kept.rename, [late])
    coming.start()
    assert [frame.number for frame in following] == [4, 5]
    coming.join()


def test_stacks_are_opened_with_the_settle_time_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def opened(*masters: Any, settle_timeout: float, **options: Any) -> Any:
        given.append(settle_timeout)
        return open_stack(*masters, settle_timeout=settle_timeout, **options)

    monkeypatch.setattr("id3c_data.following._event_frames.open_stack", opened)
    list(follow(run_of(write(tmp_path), slots=[0]), settle_timeout=0.25))
    assert given == [0.25]


def test_what_never_came_is_raised_after_the_last_that_came(tmp_path: Path) -> None:
    master = write(tmp_path)
    (tmp_path / "run_7_data_000002.h5").unlink()
    following, seen = follow(run_of(master, slots=range(6)), settle_timeout=0.1), []
    with pytest.raises(FrameNotWritten, match="frame 2 is not there"):  # noqa: PT012
        for frame in following:
            seen.append(frame.number)  # noqa: PERF401 - the iterator raises
    assert seen == [0, 1, 4, 5]
    assert (following.missing, following.promised) == (2, 6)


def test_the_error_says_how_the_run_ended(tmp_path: Path) -> None:
    documents = run_of(tmp_path / "x_1_master.h5", slots=[0], exit_status="abort", reason="no beam")
    with pytest.raises(FrameNotWritten, match="the run ended as 'abort': no beam"):
        list(follow(documents, settle_timeout=0.1))


def test_a_run_without_events_gives_no_frames() -> None:
    assert list(follow(run_of(Path("/x_1_master.h5"), slots=[]))) == []


def test_a_state_is_followed_while_it_is_fed(tmp_path: Path) -> None:
    documents = run_of(write(tmp_path), slots=range(3))
    state = RunState()
    state(*documents[0])
    following = follow(state, retry_timeout=PATIENCE_S)
    seen = []
    for name, doc in documents[1:]:
        state(name, doc)
        if name == "event":
            seen.append(next(following).seq_num)
    assert seen == [1, 2, 3]
    assert list(following) == []


def test_the_next_of_several_runs_is_followed(tmp_path: Path) -> None:
    runs, master = Runs(), write(tmp_path)
    thread = threading.Thread(target=lambda: [runs(n, d) for n, d in run_of(master, slots=[0])])
    thread.start()
    assert [f.seq_num for f in follow(runs, retry_timeout=PATIENCE_S)] == [1]
    thread.join()


def test_a_generator_of_documents_that_breaks_off_is_told(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[str, dict[str, Any]]]:
        yield from run_of(write(tmp_path), slots=[0])[:2]
        raise ConnectionError("gone")

    with pytest.raises(DocumentError, match=r"broke off \(ConnectionError: gone\)"):
        list(follow(broken(), retry_timeout=PATIENCE_S))


def test_documents_without_a_stop_give_their_frames_and_then_an_error(tmp_path: Path) -> None:
    following, seen = follow(run_of(write(tmp_path), slots=[0], exit_status=None), settle_timeout=0.1), []
    with pytest.raises(DocumentError, match="without a stop document"):  # noqa: PT012
        for frame in following:
            seen.append(frame.seq_num)  # noqa: PERF401 - the iterator raises
    assert seen == [1]


def test_a_run_that_says_nothing_more_ends_in_a_timeout(tmp_path: Path) -> None:
    state = RunState()
    for name, doc in run_of(write(tmp_path), slots=[0], exit_status=None):
        state(name, doc)
    following = follow(state, retry_timeout=0.2)
    assert next(following).seq_num == 1
    with pytest.raises(RetryTimeoutException, match=r"no event came after 1 within 0\.2 s"):
        next(following)


def test_several_detectors_have_to_be_told_apart() -> None:
    documents = run_of(Path("/x_1_master.h5"), slots=[])
    documents[1][1]["data_keys"]["other_image"] = documents[1][1]["data_keys"]["eiger2_image"]
    with pytest.raises(DocumentError, match="give data_key, one of eiger2_image, other_image"):
        list(follow(documents))


def test_what_tells_of_no_run_is_refused() -> None:
    with pytest.raises(DocumentError, match="int tells of no run"):
        follow(7)


def test_an_unknown_data_key_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    documents = run_of(write(tmp_path), slots=[0])
    with pytest.raises(DocumentError, match=r"no data key 'typo'.*it has eiger2_image"):
        list(follow(documents, data_key="typo"))


def test_a_stream_without_images_is_refused() -> None:
    documents = run_of(Path("/x_1_master.h5"), slots=[])
    del documents[1][1]["data_keys"]["eiger2_image"]["external"]
    with pytest.raises(DocumentError, match="'primary' has no data key whose data lies in files"):
        list(follow(documents))


def test_a_stream_that_never_began_is_refused_with_those_that_did(tmp_path: Path) -> None:
    documents = run_of(write(tmp_path), slots=[0])
    with pytest.raises(DocumentError, match=r"stream 'other' never began.*primary"):
        list(follow(documents, stream="other"))


def test_events_that_promise_no_images_are_told(tmp_path: Path) -> None:
    documents = run_of(write(tmp_path), slots=[0])
    for name, doc in documents:
        if name == "event":
            doc["filled"] = {"eiger2_image": True}
    with pytest.raises(DocumentError, match=r"none of 1 events .* promises images of 'eiger2_image'"):
        list(follow(documents))


def test_events_that_never_came_are_told_after_the_frames_that_did(tmp_path: Path) -> None:
    documents = run_of(write(tmp_path), slots=range(4))
    events = [pair for pair in documents if pair[0] == "event"]
    left = [pair for pair in documents if pair not in events[2:]]
    following, seen = follow(left), []
    with pytest.raises(DocumentError, match="2 of 4 events of stream 'primary' never came"):  # noqa: PT012
        for frame in following:
            seen.append(frame.seq_num)  # noqa: PERF401 - the iterator raises
    assert seen == [1, 2]


def test_a_descriptor_that_never_came_is_told_by_its_events(tmp_path: Path) -> None:
    documents = run_of(write(tmp_path), slots=[0])
    left = [pair for pair in documents if pair[0] in ("start", "stop")]
    with pytest.raises(DocumentError, match="1 of 1 events of stream 'primary' never came"):
        list(follow(left))


def test_an_event_that_comes_twice_counts_once(tmp_path: Path) -> None:
    documents = run_of(write(tmp_path), slots=range(2))
    again = next(pair for pair in documents if pair[0] == "event")
    assert [frame.number for frame in follow([*documents[:-1], again, documents[-1]])] == [0, 1]


def test_a_point_that_is_taken_again_after_a_pause_gives_its_new_frame_too(tmp_path: Path) -> None:
    documents = run_of(write(tmp_path), slots=range(3))
    for name, doc in documents:
        if name == "event":
            doc["seq_num"] = max(1, doc["seq_num"] - 1)  # 1, 1, 2
        if name == "stop":
            doc["num_events"] = {"primary": 2}
    frames = [(frame.seq_num, frame.number) for frame in follow(documents)]
    assert frames == [(1, 0), (1, 1), (2, 2)]
