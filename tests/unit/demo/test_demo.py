"""What the demo refuses before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from id3c_data.cli import main
from id3c_data.demo import Settings, run_demo
from id3c_data.errors import ConfigError

DEVICES = Path(__file__).parents[3] / "configs" / "devices.yml"


def refusal(settings: Settings) -> str:
    """Return why a demo does not start; one that starts tells so."""
    told: list[str] = []
    with pytest.raises(ConfigError) as refused:
        run_demo(settings, told.append)
    assert told == []
    return str(refused.value)


def test_outside_a_checkout_it_says_where_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["demo"])
    assert done.exit_code == 1
    assert done.output == (
        "Error: configs/devices.yml: no such file; run the demo in the folder of a checkout, or give a file "
        "with --devices FILE\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ophyd.sim.SynAxis:\n  - name: motor\n", "names no device 'eiger2'; name the simulated detector"),
        ("ophyd.sim.SynAxis: 3\n", ":1:20: "),
    ],
)
def test_a_file_without_the_detector_is_told(text: str, said: str, tmp_path: Path) -> None:
    devices = tmp_path / "devices.yml"
    devices.write_text(text)
    assert said in refusal(Settings(devices, out=tmp_path / "out"))


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "out"
    said = refusal(Settings(DEVICES, out=out))
    assert said == f"{out}: cannot be written to: Not a directory; give another folder with --out"
