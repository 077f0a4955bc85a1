"""Whether files may be those of a run, by names and times."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from id3c_data.documents import of_another_series, out_of_time

MASTER = PurePosixPath("/data/2026/eiger2_ab12_7_master.h5")
HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("files", "strange"),
    [
        ((), None),
        (("eiger2_ab12_7_data_000001.h5", "/x/eiger2_ab12_7_data_000002.h5", str(MASTER)), None),
        (("D:\\data\\eiger2_ab12_7_data_000001.h5",), None),
        (("eiger2_ab12_7_data_000001.h5", "/x/eiger2_ab12_8_data_000002.h5"), "eiger2_ab12_8_data_000002.h5"),
        (("D:\\data\\eiger2_cd34_7_data_000001.h5",), "eiger2_cd34_7_data_000001.h5"),
        (("eiger2_ab12_77_data_000001.h5",), "eiger2_ab12_77_data_000001.h5"),
    ],
)
def test_files_of_another_series_are_known_by_their_names(
    files: tuple[str, ...], strange: str | None
) -> None:
    assert of_another_series(MASTER, files) == strange


def test_of_a_file_that_is_no_master_nothing_is_said() -> None:
    assert of_another_series(PurePosixPath("/data/eiger2_ab12.h5"), ["other_data_000001.h5"]) is None


@pytest.mark.parametrize(
    ("modified_h", "said"),
    [
        (-1.0, ""),
        (0.5, ""),
        (2.0, ""),
        (-2.5, "2.5 h before the run began"),
        (4.0, "3.0 h after its last event"),
    ],
)
def test_only_what_no_clock_explains_is_out_of_time(modified_h: float, said: str) -> None:
    assert out_of_time(1e9 + modified_h * HOUR_S, began=1e9, ended=1e9 + HOUR_S) == said
