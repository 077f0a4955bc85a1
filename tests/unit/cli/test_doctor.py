"""``id3c-data doctor``: its lines, its JSON, its exit codes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from id3c_data.cli import main
from id3c_data.doctor import HOPS
from id3c_data.sim import FrameModel, LegacyWriter, Series, SeriesFiles


@pytest.fixture
def series(tmp_path: Path) -> SeriesFiles:
    return LegacyWriter(tmp_path, Series("run_a", 1, 3, 2), FrameModel(height=8, width=8)).write_series()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without configuration."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments], catch_exceptions=False)


def test_file_that_is_well_has_a_line_for_each_hop_and_exit_code_0(series: SeriesFiles) -> None:
    result = run(str(series.master))
    lines = result.stdout.splitlines()
    assert [line[:15].strip() for line in lines[: len(HOPS)]] == list(HOPS)
    assert "no hop failed: 5 of 12 were looked at" in lines[-1]
    assert result.exit_code == 0


def test_first_hop_that_fails_is_the_headline_and_exit_code_1(series: SeriesFiles) -> None:
    series.data[0].unlink()
    result = run(str(series.master))
    headline = result.stdout[result.stdout.index("The chain breaks at") :].splitlines()
    assert headline[0] == "The chain breaks at: external links"
    assert [line.split(":")[0].strip() for line in headline[1:]] == ["cause", "where", "next"]
    assert result.exit_code == 1


def test_json_has_all_that_was_found(series: SeriesFiles) -> None:
    series.data[0].unlink()
    result = run(str(series.master), "--json")
    found = json.loads(result.stdout)
    assert (found["schema"], found["first_failing"], found["exit_code"]) == (1, "external links", 1)
    assert [hop["hop"] for hop in found["hops"]] == list(HOPS)
    links = found["hops"][5]
    assert links["state"] == "failed"
    assert links["measured"] == {"links": 2, "leading_nowhere": 1}
    assert set(links["faults"][0]) == {"severity", "what", "where", "next_step"}
    assert result.exit_code == 1


def test_number_is_a_run_and_not_an_option() -> None:
    result = run("-1", "--catalog", "http://127.0.0.1:1/api/v1")
    assert "The chain breaks at: catalog entry" in result.stdout
    assert result.exit_code == 1


def test_nothing_to_look_at_is_exit_code_2() -> None:
    result = run()
    assert "there is no configuration configs/devices.yml" in result.stderr
    assert "--devices FILE" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--expsoe"], "No such option"),
        (["-x"], "No such option"),
        (["--expose", "-1"], "leave out the run or file"),
        (["--catalog", "http://h", "--profile", "p"], "give --catalog or --profile"),
        (["a.h5", "--path-map", "/a"], "is not THERE=HERE"),
        (["--devices", "no/such.yml"], "there is no configuration no/such.yml"),
    ],
)
def test_wrong_use_is_exit_code_2(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert said in result.stderr
    assert result.exit_code == 2


def test_bundle_is_written_beside_what_is_said(series: SeriesFiles, tmp_path: Path) -> None:
    result = run(str(series.master), "--bundle", "report.zip")
    assert "report.zip: doctor.txt, doctor.json" in result.stderr
    with zipfile.ZipFile(tmp_path / "report.zip") as file:
        assert "doctor.txt" in file.namelist()
    assert result.exit_code == 0


def test_names_that_a_terminal_would_obey_are_escaped(tmp_path: Path) -> None:
    result = run(str(tmp_path / "\x1b[31m_master.h5"))
    assert "\x1b[31m_master" not in result.stdout
    assert "\\x1b[31m_master" in result.stdout
