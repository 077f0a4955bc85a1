"""An IOC on Windows sees the disk under other names; so is it asked."""

from __future__ import annotations

from pathlib import Path

from id3c_data.testing import CaPorts, running_ioc

from .conftest import Beamline

VIEW = "D:\\data"


def test_sides_of_a_windows_ioc_are_told_apart_and_together(ca_ports: CaPorts, tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    for folder in (data, other, tmp_path / "configs"):
        folder.mkdir()
    with running_ioc(ports=ca_ports, size=(32, 48), mounts={VIEW: data}) as ioc:
        beamline = Beamline(ioc, data, tmp_path / "configs")
        for read, found in ((data, set()), (other, {"E505"})):
            beamline.write(
                "id3c_data.devices.Eiger2Detector:\n"
                f'  - name: eiger2\n    prefix: "{ioc.prefix}"\n    path_semantics: windows\n'
                f"    write_path_template: '{VIEW}\\%Y\\'\n"
                f'    read_path_template: "{read}/%Y/"\n'
            )
            assert set(beamline.found()) == found
