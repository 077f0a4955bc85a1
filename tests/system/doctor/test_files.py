"""The doctor walks from a master: each fault is named at its hop, and mended by following the advice."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import pytest

from id3c_data.doctor import Diagnosis, HopResult, Settings, diagnose
from id3c_data.sim import DcuWriter, FrameModel, LegacyWriter, NexusWriter, Series, SeriesFiles

from .conftest import headline
from .disks import give_up_rights, hanging, held

MODEL = FrameModel(height=32, width=48)
FILE_HOPS = ("read path", "master file", "external links", "image files", "chunks decode")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def write(folder: Path, writer: type[DcuWriter] = LegacyWriter, **more: str) -> SeriesFiles:
    """Write five frames in three data files."""
    return writer(folder, Series("run_a", 1, 5, 2), MODEL, **more).write_series()  # type: ignore[arg-type]


@pytest.fixture
def series(folder: Path) -> SeriesFiles:
    return write(folder)


def examine(master: Path, path_map: Mapping[str, str] | None = None, answer_s: float = 10.0) -> Diagnosis:
    return diagnose(Settings(target=master, path_map=path_map or {}, answer_s=answer_s))


def broken_at(diagnosis: Diagnosis, hop: str) -> HopResult:
    """Return the result of the hop that the diagnosis names first; all of its faults say what to do."""
    failing = diagnosis.first_failing
    assert failing is not None
    assert failing.hop == hop, failing
    assert diagnosis.exit_code == 1
    assert all(fault.what and fault.next_step and fault.where for fault in failing.faults)
    return failing


def well(diagnosis: Diagnosis) -> None:
    """See that every hop of files is as it should be."""
    assert {hop: diagnosis[hop].state for hop in FILE_HOPS} == dict.fromkeys(FILE_HOPS, "ok")
    assert diagnosis.exit_code == 0


def option_of(advice: str) -> dict[str, str]:
    """Return what the advised ``--path-map THERE=HERE`` says."""
    found = re.search(r"--path-map ([^=\s`]+)=([^\s`]+)", advice)
    assert found, advice
    return {found[1]: found[2]}


@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_whole_series_is_followed_to_its_pixels(writer: type[DcuWriter], folder: Path) -> None:
    diagnosis = examine(write(folder, writer).master)
    well(diagnosis)
    assert diagnosis["external links"].values == {"links": 3, "leading_nowhere": 0}
    assert diagnosis["image files"].values["frames"] == 5
    assert diagnosis["chunks decode"].values["decoded"] == 5
    assert diagnosis["read path"].values["file_system"]
    assert diagnosis["client pixels"].state == "not reached"


def test_file_without_links_has_its_images_in_itself(folder: Path) -> None:
    series = LegacyWriter(folder, Series("run_a", 1, 3, 0), MODEL).write_series()
    diagnosis = examine(series.master)
    well(diagnosis)
    assert "the images are in the file itself" in diagnosis["external links"].seen[0]


def test_read_mount_that_is_absent(series: SeriesFiles, folder: Path) -> None:
    documents_say = folder / "not" / "mounted" / series.master.name
    failing = broken_at(examine(documents_say), "read path")
    assert failing.faults[0].what == f"there is no {documents_say.parent} here, only {folder}"
    (there,) = option_of(failing.faults[0].next_step)
    assert there == str(documents_say.parent.parent)
    documents_say.parent.parent.mkdir()
    documents_say.parent.symlink_to(folder)  # mounted, as advised
    well(examine(documents_say))


def test_disk_whose_server_is_gone_is_survived(series: SeriesFiles, folder: Path) -> None:
    mount = folder / "mount"
    mount.mkdir()
    with hanging(mount):
        failing = broken_at(examine(mount / series.master.name, answer_s=0.5), "read path")
        assert "no answer within 0.5 s" in failing.faults[0].what
        assert f"findmnt -T {mount}" in failing.faults[0].next_step
    shutil.copytree(folder, mount, dirs_exist_ok=True, ignore=shutil.ignore_patterns("mount"))
    well(examine(mount / series.master.name))


def test_master_that_nobody_can_open_at_this_moment_is_survived(series: SeriesFiles) -> None:
    with held(series.master):
        failing = broken_at(examine(series.master, answer_s=1.0), "master file")
        assert "no answer within 1 s" in failing.faults[0].what
    well(examine(series.master))


def test_data_file_that_nobody_can_open_at_this_moment_is_survived(series: SeriesFiles) -> None:
    with held(series.data[1]):
        diagnosis = examine(series.master, answer_s=1.0)
        failing = broken_at(diagnosis, "image files")
        assert failing.faults[0].where == str(series.data[1])
    well(examine(series.master))


def test_master_that_is_not_there(series: SeriesFiles, folder: Path) -> None:
    copy = series.master.rename(folder / "copy.h5")
    failing = broken_at(examine(series.master), "master file")
    assert failing.faults[0].what == "the file is not there"
    assert f"ls -l {folder}" in failing.faults[0].next_step
    copy.rename(series.master)
    well(examine(series.master))


def test_folder_in_the_place_of_a_master(folder: Path) -> None:
    (folder / "run_a_master.h5").mkdir()
    assert (
        "no file but something else"
        in broken_at(examine(folder / "run_a_master.h5"), "master file").faults[0].what
    )


@pytest.mark.parametrize("kept", [0, 7, 600])
def test_master_that_is_cut_off(kept: int, series: SeriesFiles) -> None:
    whole = series.master.read_bytes()
    series.master.write_bytes(whole[:kept])
    fault = broken_at(examine(series.master), "master file").faults[0]
    assert "empty" in fault.what if not kept else re.search(r"of its|not HDF5", fault.what)
    series.master.write_bytes(whole)  # copied again
    well(examine(series.master))


def test_master_that_is_zeros_or_another_file(series: SeriesFiles) -> None:
    whole = series.master.read_bytes()
    series.master.write_bytes(bytes(4096))
    assert "begins with zeros" in broken_at(examine(series.master), "master file").faults[0].what
    series.master.write_bytes(b"PK\x03\x04 a zip")
    assert "not HDF5" in broken_at(examine(series.master), "master file").faults[0].what
    series.master.write_bytes(whole)
    well(examine(series.master))


def test_master_that_is_damaged_inside_is_told_from_a_fault_of_the_disk(series: SeriesFiles) -> None:
    whole = series.master.read_bytes()
    at = int.from_bytes(whole[64:72], "little")  # address of the root group's object header, superblock 0
    series.master.write_bytes(whole[:at] + bytes(len(whole) - at))
    fault = broken_at(examine(series.master), "master file").faults[0]
    assert "HDF5 cannot" in fault.what
    assert "copy the file again" in fault.next_step
    series.master.write_bytes(whole)
    well(examine(series.master))


def first_fault_without_rights(master: Path, hop: str) -> dict[str, str]:
    """Return the first fault that the command finds where permissions count, as they do not for root."""
    command = [sys.executable, "-m", "id3c_data", "doctor", str(master), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=give_up_rights)
    found = json.loads(done.stdout)
    assert (found["first_failing"], done.returncode) == (hop, 1)
    return next(result["faults"][0] for result in found["hops"] if result["hop"] == hop)


@pytest.mark.fault("permission denied", injected="the file has no permissions")
@pytest.mark.parametrize("which", ["master file", "image files"])
def test_file_that_this_user_may_not_read(which: str, series: SeriesFiles, fault_report: Any) -> None:
    file = series.master if which == "master file" else series.data[0]
    file.chmod(0)
    fault = first_fault_without_rights(series.master, which)
    fault_report("{what} [{where}]; {next_step}".format(**fault))
    assert fault["what"] == "this user may not read the file"
    command = re.search(r"`(chmod [^`]+)`", fault["next_step"])
    assert command
    subprocess.run(command[1].split(), check=True)
    well(examine(series.master))


def test_folder_that_this_user_may_not_list(series: SeriesFiles, folder: Path) -> None:
    folder.chmod(0o300)
    fault = first_fault_without_rights(series.master, "read path")
    assert "Permission denied" in fault["what"]
    assert f"`ls -ld {folder}`" in fault["next_step"]
    folder.chmod(0o700)
    well(examine(series.master))


@pytest.mark.fault(
    "link with the IOC's path", injected="the master names its data files as the IOC sees them"
)
@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_link_with_the_path_that_the_ioc_has(
    writer: type[DcuWriter], folder: Path, fault_report: Any
) -> None:
    series = write(folder, writer, link_folder="/detector/data/2026/")
    diagnosis = examine(series.master)
    fault_report(headline(diagnosis))
    failing = broken_at(diagnosis, "external links")
    assert len(failing.faults) == 3
    path_map = option_of(failing.faults[0].next_step)
    assert path_map == {"/detector/data/2026": str(folder)}
    well(examine(series.master, path_map))


def test_link_with_the_path_that_a_windows_ioc_has(folder: Path) -> None:
    series = write(folder, link_folder="D:\\data\\")
    path_map = option_of(broken_at(examine(series.master), "external links").faults[0].next_step)
    assert path_map == {"D:\\data": str(folder)}
    well(examine(series.master, path_map))


@pytest.mark.fault("link dangling", injected="one data file is moved away")
@pytest.mark.parametrize("writer", [LegacyWriter, NexusWriter])
def test_link_that_dangles(writer: type[DcuWriter], folder: Path, fault_report: Any) -> None:
    series = write(folder, writer)
    away = series.data[1].rename(folder / "elsewhere.h5")
    diagnosis = examine(series.master)
    fault_report(headline(diagnosis), lost=[2, 3])
    fault = broken_at(diagnosis, "external links").faults[0]
    assert "there is no such file" in fault.what
    assert series.data[1].name in fault.where
    assert diagnosis["image files"].values["frames"] == 2
    away.rename(series.data[1])  # copied to where the link says
    well(examine(series.master))


def test_many_links_that_dangle_are_counted_and_the_first_named(folder: Path) -> None:
    series = LegacyWriter(folder, Series("run_a", 1, 12, 1), MODEL).write_series()
    for file in series.data[4:]:
        file.unlink()
    failing = broken_at(examine(series.master), "external links")
    assert failing.seen == ("4 of 12 lead to a file (as it stands)",)
    assert [fault.where[-8:] for fault in failing.faults[:3]] == ["00005.h5", "00006.h5", "00007.h5"]
    assert failing.faults[3].what.startswith("and 5 more of 12 links")
    assert len(failing.faults) == 4


@pytest.mark.fault("data file half-written, and then nothing", injected="a data file is cut in the middle")
def test_data_file_that_is_half_written(series: SeriesFiles, fault_report: Any) -> None:
    whole = series.data[1].read_bytes()
    series.data[1].write_bytes(whole[: len(whole) // 2])
    diagnosis = examine(series.master)
    fault_report(headline(diagnosis), lost=[2, 3])
    fault = broken_at(diagnosis, "image files").faults[0]
    assert diagnosis["external links"].state == "ok"
    assert fault.what == f"the file has {len(whole) // 2:,} of its {len(whole):,} bytes"
    assert "wait if it is still being written" in fault.next_step
    series.data[1].write_bytes(whole)
    well(examine(series.master))


def test_data_file_with_fewer_frames_than_the_series(folder: Path) -> None:
    writer = LegacyWriter(folder, Series("run_a", 1, 5, 2), MODEL)
    series = writer.write_series(4)
    writer.write_data(3, 5)
    well(examine(series.master))
    with h5py.File(series.data[1], "r+") as file:
        file["/entry/data/data"].resize(1, axis=0)
    fault = broken_at(examine(series.master), "image files").faults[0]
    assert "of 5 frames are there" in fault.what


@pytest.mark.fault("bit flips in a chunk", injected="a bit in the header of one chunk is flipped")
def test_chunk_with_flipped_bits(series: SeriesFiles, fault_report: Any) -> None:
    whole = series.data[1].read_bytes()
    with h5py.File(series.data[1]) as file:
        chunk = file["/entry/data/data"].id.get_chunk_info(1)
    damaged = bytearray(whole)
    damaged[chunk.byte_offset + 6] ^= 0x40  # in the header of bitshuffle-LZ4: the size in memory
    series.data[1].write_bytes(damaged)
    diagnosis = examine(series.master)
    fault_report(headline(diagnosis), lost=[3])
    failing = broken_at(diagnosis, "chunks decode")
    assert diagnosis["image files"].state == "ok"
    assert "damaged" in failing.faults[0].what
    assert str(series.data[1]) in failing.faults[0].where
    assert "copy the file again" in failing.faults[0].next_step
    series.data[1].write_bytes(whole)
    well(examine(series.master))
