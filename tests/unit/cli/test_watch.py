from __future__ import annotations

from pathlib import Path

import h5py
import pytest
from click.testing import CliRunner

from id3c_data import follow
from id3c_data.cli import main
from id3c_data.documents import Runs, RunState
from id3c_data.following import watch
from id3c_data.sim import FrameModel, LegacyWriter, Series
from id3c_data.testing.documents import image_run

MODEL = FrameModel(height=24, width=32)


def master(folder: Path) -> Path:
    return LegacyWriter(folder, Series("run_7", 7, 4, 2), MODEL).write_series().master


def test_a_run_is_shown_in_plain_lines_and_how_it_ended(tmp_path: Path) -> None:
    documents = image_run(master(tmp_path), slots=range(4), shape=MODEL.shape)
    lines: list[str] = []
    ending = watch(follow(documents), lines.append, None)
    assert lines[0].startswith("run ")
    assert "frames" in lines[1]
    assert "counts in the last" in lines[1]
    assert (ending.words, ending.well) == ("the run ended as 'success'; 4 frames, none missing", True)


def test_counts_leave_masked_pixels_out(tmp_path: Path) -> None:
    documents = image_run(master(tmp_path), slots=[0], shape=MODEL.shape)
    shown: list[int] = []
    watch(follow(documents), lambda _: None, lambda progress: shown.append(progress.counts))
    frame = MODEL.frame(7, 1)
    assert shown == [int(frame[frame != 2**32 - 1].sum())]


def test_missing_frames_are_counted_and_named(tmp_path: Path) -> None:
    documents = image_run(master(tmp_path), slots=range(4), shape=MODEL.shape)
    (tmp_path / "run_7_data_000002.h5").unlink()
    ending = watch(follow(documents, settle_timeout=0.1), lambda _: None, None)
    assert ending.words.startswith("the run ended as 'success'; 2 frames, 2 of 4 missing\n")
    assert not ending.well


def test_damaged_frames_are_told_apart_from_missing_ones(tmp_path: Path) -> None:
    documents = image_run(master(tmp_path), slots=range(4), shape=MODEL.shape)
    data_file = tmp_path / "run_7_data_000002.h5"
    with h5py.File(data_file) as file:
        offset = file["entry/data/data"].id.get_chunk_info(0).byte_offset
    with data_file.open("r+b") as raw:
        raw.seek(offset)
        raw.write(b"\xff" * 12)
    ending = watch(follow(documents, settle_timeout=0.1), lambda _: None, None)
    assert ending.words.startswith("the run ended as 'success'; 3 frames, 1 of 4 damaged\n")
    assert not ending.well


def test_events_that_never_came_are_no_frames_that_are_none_missing(tmp_path: Path) -> None:
    documents = image_run(master(tmp_path), slots=range(4), shape=MODEL.shape)
    events = [pair for pair in documents if pair[0] == "event"]
    ending = watch(follow([pair for pair in documents if pair not in events[3:]]), lambda _: None, None)
    assert ending.words.startswith("the run ended as 'success'; 3 frames, 1 events never came\n")
    assert not ending.well


def test_a_run_whose_end_nobody_told_is_not_complete(tmp_path: Path) -> None:
    documents = image_run(master(tmp_path), slots=[0], shape=MODEL.shape, exit_status=None)
    ending = watch(follow(documents, settle_timeout=0.1), lambda _: None, None)
    assert ending.words.startswith("its documents end without a stop document; 1 frames\n")
    assert not ending.well


def test_a_run_that_says_nothing_more_is_summed_up(tmp_path: Path) -> None:
    state = RunState.of(image_run(master(tmp_path), slots=[0], shape=MODEL.shape, exit_status=None))
    ending = watch(follow(state, retry_timeout=0.1), lambda _: None, None)
    first, second = ending.words.splitlines()
    assert first == "its end was not seen; 1 frames"
    assert "no event came after 1 within 0.1 s" in second
    assert not ending.well


def test_a_run_that_never_began_is_summed_up() -> None:
    ending = watch(follow(Runs(), retry_timeout=0.1), lambda _: None, None)
    assert ending.words.startswith("no run was watched\nthe stream of documents: no run began within 0.1 s")
    assert not ending.well


def test_a_failed_run_did_not_end_well() -> None:
    documents = image_run(Path("/x_1_master.h5"), slots=[], exit_status="abort", reason="no beam")
    ending = watch(follow(documents), lambda _: None, None)
    assert (ending.words, ending.well) == (
        "the run ended as 'abort': no beam; 0 frames, none missing",
        False,
    )


@pytest.mark.parametrize("arguments", [["--latest", "--address", "h:1"], ["http://h/1", "--latest"]])
def test_one_kind_of_source_is_taken(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, ["watch", *arguments])
    assert result.exit_code == 2
    assert "give URIs, --address or --latest" in result.output


@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ("run.h5", "a file tells of no run; `id3c-data tree` lists what is in it"),
        ("tcp://localhost:5568", "of a 0MQ proxy, give --address localhost:5568"),
        ("localhost:5568", "of a 0MQ proxy, give --address localhost:5568"),
        ("9acjef", "give http://... as the catalog does"),
    ],
)
def test_what_is_no_uri_is_refused_with_what_to_give(argument: str, hint: str) -> None:
    result = CliRunner().invoke(main, ["watch", argument])
    assert result.exit_code == 2
    assert f"{argument!r} is no URI of a run; {hint}" in result.output


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_what_is_no_time_is_refused(seconds: str) -> None:
    result = CliRunner().invoke(main, ["watch", "--timeout", seconds])
    assert result.exit_code == 2
    assert "--timeout" in result.output


@pytest.mark.parametrize("pair", ["/there", "=/here", "/there="])
def test_half_a_path_map_is_refused(pair: str) -> None:
    result = CliRunner().invoke(main, ["watch", "--path-map", pair])
    assert result.exit_code == 2
    assert "is not THERE=HERE" in result.output


@pytest.mark.parametrize("address", ["localhost", "*:5568", "127.0.0.1:0", "127.0.0.1:65536"])
def test_a_wrong_address_is_said(address: str) -> None:
    result = CliRunner().invoke(main, ["watch", "--address", address])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: '{address}': ")


def test_where_a_run_is_waited_for_is_said() -> None:
    result = CliRunner().invoke(main, ["watch", "--address", "127.0.0.1:1", "--timeout", "0.1"])
    assert result.exit_code == 1
    assert result.stderr == "waiting for a run from 127.0.0.1:1\n"
    assert result.stdout.startswith(
        "no run was watched\ndocuments from 127.0.0.1:1: no run began within 0.1 s"
    )


def test_a_run_that_cannot_be_found_does_not_keep_from_the_next() -> None:
    result = CliRunner().invoke(main, ["watch", "http://127.0.0.1:1/one", "http://127.0.0.1:1/two"])
    assert result.exit_code == 1
    starts = [line[: len("Error: http://127.0.0.1:1/one")] for line in result.stderr.splitlines()]
    assert starts == ["Error: http://127.0.0.1:1/one", "Error: http://127.0.0.1:1/two"]
