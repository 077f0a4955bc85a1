from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from id3c_data import follow
from id3c_data.cli import main
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
