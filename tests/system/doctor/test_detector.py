"""The doctor at the simulated detector: each fault is named at its hop, and mended by its advice."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from id3c_data.catalog import Server, connect
from id3c_data.doctor import HOPS, Diagnosis, HopResult, Settings, diagnose
from id3c_data.testing import CaPorts, RunningIoc, running_ioc
from id3c_data.testing.catalog import running_catalog

from .conftest import VIEW, Beamline, headline, wait_until
from .disks import bound, full, hanging, read_only

PERIOD_S = 0.01
IOC = {"size": (32, 48), "arm_time_s": 0.03}
KNOBS = ("DropFile", "HalfFile", "RefusePath", "FailArm", "AbsoluteLinks", "MoverDelay")


@pytest.fixture(scope="module")
def shared_ioc(ca_ports: CaPorts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIoc]:
    folder = tmp_path_factory.mktemp("site") / "eiger2"
    folder.mkdir()
    with running_ioc(ports=ca_ports, mounts={VIEW: folder}, **IOC) as ioc:  # type: ignore[arg-type]
        yield ioc


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shared_ioc: RunningIoc) -> Iterator[Server]:
    with running_catalog(tmp_path_factory.mktemp("catalog"), shared_ioc.mounts[VIEW].parent) as running:
        yield running


class Site(Beamline):
    """The simulated detector and its catalog, as the doctor is told of them."""

    def __init__(self, ioc: RunningIoc, configs: Path, server: Server) -> None:
        super().__init__(ioc, ioc.mounts[VIEW], configs)
        self.server = server

    def examine(self, **given: Any) -> Diagnosis:
        settings: dict[str, Any] = {
            "devices": (self.configs / "devices.yml",),
            "uri": self.server.uri,
            "api_key": self.server.api_key,
            "imports": False,
            "answer_s": 5.0,
            "appear_s": 0.2,
        }
        return diagnose(Settings(**{**settings, **given}))


@pytest.fixture
def site(
    shared_ioc: RunningIoc, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    monkeypatch.setenv("ID3C_DATA_SPOOL", str(tmp_path / "spool"))
    made = Site(shared_ioc, tmp_path, server)
    made.describe(more="    file_timeout: 0.3\n")
    for name in ("AcquireTime", "AcquirePeriod"):
        made.put(f"cam1:{name}", PERIOD_S)
    yield made
    if shared_ioc.alive:
        for knob in KNOBS:
            made.put(f"Sim:{knob}", 0)


def broken_at(diagnosis: Diagnosis, hop: str) -> HopResult:
    """Return the hop that the diagnosis names first; all its faults say where, and what to do."""
    failing = diagnosis.first_failing
    assert failing is not None, diagnosis
    assert failing.hop == hop, failing
    assert all(fault.what and fault.next_step and fault.where for fault in failing.faults)
    return failing


def well(diagnosis: Diagnosis) -> None:
    assert diagnosis.first_failing is None, diagnosis.first_failing
    assert diagnosis.exit_code == 0


def mend(wrong: str, right: str, fault: Any) -> None:
    """Correct the line that a fault names."""
    file, line, _ = fault.where.split(":")
    lines = Path(file).read_text().splitlines(keepends=True)
    assert wrong in lines[int(line) - 1]
    lines[int(line) - 1] = lines[int(line) - 1].replace(wrong, right)
    Path(file).write_text("".join(lines))


def test_configured_detector_is_looked_at_without_taking_a_frame(site: Site) -> None:
    before = site.pv("cam1:SequenceId").get(use_monitor=False)
    diagnosis = site.examine()
    well(diagnosis)
    assert [result.hop for result in diagnosis.results] == list(HOPS)
    states = {result.hop: result.state for result in diagnosis.results}
    looked_at = ("IOC", "write path", "read path", "catalog entry", "server reads")
    assert [states[hop] for hop in looked_at] == ["ok"] * 5
    assert states["master file"] == states["documents"] == "not reached"
    assert diagnosis["IOC"].values["driver"] == "3.6.0"
    assert diagnosis["read path"].values["file_system"]
    assert diagnosis["catalog entry"].values["tiled_server"]
    assert "--expose" in diagnosis["documents"].seen[0]
    assert site.pv("cam1:SequenceId").get(use_monitor=False) == before


def test_exposed_frame_is_followed_to_the_pixels_of_a_client(site: Site) -> None:
    diagnosis = site.examine(expose=True)
    well(diagnosis)
    states = {result.hop: result.state for result in diagnosis.results}
    assert states == {**dict.fromkeys(HOPS, "ok"), "configuration": "warning"}  # a temporary folder
    assert diagnosis["client pixels"].values["pixels"] == 32 * 48
    assert diagnosis["image files"].values["frames"] == 1
    assert len(diagnosis.documents) >= 6
    assert diagnosis.masters[0].is_file()


def test_configuration_that_is_wrong(site: Site) -> None:
    site.describe(more="    file_timeot: 0.3\n")
    fault = broken_at(site.examine(), "configuration").faults[0]
    assert "file_timeot" in fault.what
    assert "file_timeout" in fault.next_step
    mend("file_timeot", "file_timeout", fault)
    well(site.examine())


def test_template_sides_that_disagree(site: Site) -> None:
    site.write(
        f'id3c_data.devices.Eiger2Detector:\n  - name: eiger2\n    prefix: "{site.ioc.prefix}"\n'
        f'    write_path_template: "{VIEW}/%Y/"\n    read_path_template: "{site.data}/%Y/%m/"\n'
    )
    fault = broken_at(site.examine(), "configuration").faults[0]
    assert "write goes on with '%Y' and read with '%Y/%m'" in fault.what
    mend("/%Y/", "/%Y/%m/", fault)
    well(site.examine())


def test_device_that_nobody_describes(site: Site) -> None:
    fault = broken_at(site.examine(device="eiger3"), "configuration").faults[0]
    assert "'eiger3'" in fault.what
    assert "there is eiger2" in fault.next_step
    well(site.examine(device="eiger2"))


def test_ioc_with_another_prefix(site: Site) -> None:
    site.write((site.configs / "devices.yml").read_text().replace(site.ioc.prefix, "nobody:"))
    diagnosis = site.examine(answer_s=1.0)
    fault = broken_at(diagnosis, "IOC").faults[0]
    assert "nothing answers for nobody:cam1:FilePath" in fault.what
    assert diagnosis["write path"].state == "not reached"
    mend("nobody:", site.ioc.prefix, fault)
    well(site.examine())


def test_ioc_that_does_not_have_the_folder(site: Site) -> None:
    site.describe(view="/detector/dta")
    fault = broken_at(site.examine(), "write path").faults[0]
    assert "the IOC has no folder /detector/dta" in fault.what
    mend("/detector/dta", VIEW, fault)
    well(site.examine())


@pytest.mark.fault("read mount absent", injected="the read template names a folder that is not there")
def test_read_mount_that_is_absent(site: Site, fault_report: Any) -> None:
    mount = site.data.parent / "mount"
    site.describe(read=mount)
    diagnosis = site.examine()
    fault_report(headline(diagnosis))
    fault = broken_at(diagnosis, "read path").faults[0]
    assert f"there is no {mount} here" in fault.what
    mount.symlink_to(site.data)
    try:
        well(site.examine())
    finally:
        mount.unlink()


def test_read_mount_in_another_place_is_said_by_a_path_map(site: Site) -> None:
    site.describe(read=Path("/nowhere/eiger2"))
    fault = broken_at(site.examine(), "read path").faults[0]
    assert "--path-map /nowhere/eiger2=" in fault.next_step
    well(site.examine(path_map={"/nowhere/eiger2": str(site.data)}))


@pytest.mark.fault("read mount hangs", injected="a FUSE disk is mounted whose server never answers")
def test_read_mount_that_hangs(site: Site, fault_report: Any) -> None:
    mount = site.data.parent / "hanging"
    mount.mkdir()
    site.describe(read=mount)
    with hanging(mount):
        diagnosis = site.examine(answer_s=0.7)
        fault_report(headline(diagnosis))
        fault = broken_at(diagnosis, "read path").faults[0]
        assert "does not answer within 0.7 s" in fault.what
        assert f"findmnt -T {mount}" in fault.next_step
    mount.rmdir()
    mount.symlink_to(site.data)
    try:
        well(site.examine())
    finally:
        mount.unlink()


def test_read_mount_that_is_another_folder(site: Site) -> None:
    other = site.data.parent / "other"
    other.mkdir()
    site.describe(read=other)
    fault = broken_at(site.examine(), "read path").faults[0]
    assert f"{VIEW} on the IOC is not {other} here" in fault.what
    mend(str(other), str(site.data), fault)
    well(site.examine())


@pytest.mark.fault("read mount read-only", injected="the folder is mounted read-only here")
def test_read_only_mount_proves_nothing_until_a_frame_is_taken(site: Site, fault_report: Any) -> None:
    mount = site.data.parent / "read-only"
    mount.mkdir()
    with bound(site.data, mount), read_only(mount):
        site.describe(read=mount)
        diagnosis = site.examine(uri=site.server.uri)
        seen = headline(diagnosis["read path"])
        fault_report(re.sub(r"; the \d+ folders in it are on the IOC too", "", seen))
        assert diagnosis["read path"].state == "warning"
        fault = diagnosis["read path"].faults[0]
        assert "Read-only file system" in fault.what
        assert "`id3c-data doctor --expose`" in fault.next_step
        followed = site.examine(expose=True)
    assert [followed[hop].state for hop in ("master file", "image files", "chunks decode")] == ["ok"] * 3


@pytest.mark.fault("clock 1 h off", injected="this machine's clock is an hour behind the IOC's")
def test_ioc_whose_clock_is_an_hour_off(
    site: Site, monkeypatch: pytest.MonkeyPatch, fault_report: Any
) -> None:
    with monkeypatch.context() as clock:
        now = time.time
        clock.setattr(time, "time", lambda: now() - 3600)
        diagnosis = site.examine()
    fault_report(headline(diagnosis["IOC"]))
    assert diagnosis["IOC"].state == "warning"
    fault = diagnosis["IOC"].faults[0]
    assert re.search(r"clock is 3[56]\d\d\.\d s ahead", fault.what)
    assert "NTP" in fault.next_step
    assert site.examine()["IOC"].state == "ok"


def test_ioc_that_acquires_is_left_alone(site: Site) -> None:
    site.put("cam1:NumImages", 1000)
    site.put("cam1:FWEnable", 0)
    site.put("cam1:DataSource", "None")
    site.pv("cam1:Acquire").put(1)
    wait_until(lambda: site.pv("cam1:Acquire_RBV").get(use_monitor=False))
    try:
        diagnosis = site.examine()
        assert "it acquires" in diagnosis["write path"].seen[0]
        assert diagnosis["read path"].state == "warning"
    finally:
        site.pv("cam1:Acquire").put(0)
        wait_until(lambda: not site.pv("cam1:AcquireBusy").get(use_monitor=False))
        site.put("cam1:NumImages", 1)


def test_faults_of_an_exposure_are_named_at_their_hops_and_pass(site: Site) -> None:
    site.put("Sim:FailArm", 1)
    refused = site.examine(expose=True)
    assert "Failed to arm the detector" in broken_at(refused, "IOC").faults[0].what
    assert refused["master file"].seen == ("no frame could be taken",)
    site.put("Sim:FailArm", 0)
    site.put("Sim:DropFile", 1)
    dropped = site.examine(expose=True)
    assert "_data_000001.h5" in broken_at(dropped, "external links").faults[0].where
    assert (dropped["master file"].state, dropped["documents"].state) == ("ok", "warning")
    site.put("Sim:DropFile", 0)
    site.put("Sim:HalfFile", 1)
    half = site.examine(expose=True)
    assert re.search(
        r"the file has [\d,]+ of its [\d,]+ bytes", broken_at(half, "image files").faults[0].what
    )
    site.put("Sim:HalfFile", 0)
    well(site.examine(expose=True))


@pytest.mark.fault("disk full on the write side", injected="a tmpfs that has no room left is mounted there")
def test_disk_that_is_full(site: Site, fault_report: Any) -> None:
    year = site.data / f"{datetime.now():%Y}"
    year.mkdir(exist_ok=True)
    with full(year) as filler:
        diagnosis = site.examine(expose=True)
        failing = broken_at(diagnosis, "master file")
        fault_report(headline(failing), lost="the frame of the exposure")
        assert "the file is empty" in failing.faults[0].what
        assert f"whether the disk is full: `df -h {year}`" in failing.faults[0].next_step
        filler.unlink()
        well(site.examine(expose=True))


@pytest.mark.fault("two detectors with one path", injected="a second device has the templates of the first")
def test_two_detectors_with_one_path(site: Site, fault_report: Any) -> None:
    described = (site.configs / "devices.yml").read_text()
    first = described.partition("\n")[2]
    (site.configs / "devices.yml").write_text(described + first.replace("name: eiger2", "name: other"))
    diagnoses = [site.examine(device=name) for name in ("eiger2", "other")]
    assert [found.first_failing for found in diagnoses] == [None, None]
    fault_report("nothing: each writes names of its own, and every hop of both is well")


def test_exposure_that_is_interrupted_leaves_the_detector_idle(site: Site) -> None:
    for name in ("AcquireTime", "AcquirePeriod"):
        site.put(f"cam1:{name}", 60.0)
    command = [sys.executable, "-m", "id3c_data", "doctor", "--expose", "--no-import"]
    command += ["--devices", str(site.configs / "devices.yml"), "--catalog", site.server.uri]
    with subprocess.Popen(
        command,
        env={**os.environ, "TILED_API_KEY": site.server.api_key},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        wait_until(lambda: site.pv("cam1:Armed").get(use_monitor=False) == 1, timeout=60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert "interrupted: the exposure was stopped" in said
    assert process.returncode == 130
    assert site.pv("cam1:Acquire_RBV").get(use_monitor=False) == 0
    wait_until(lambda: site.text("cam1:StatusMessage_RBV") in ("Ready", "Acquisition aborted"))
    run = connect(site.server.uri, api_key=site.server.api_key)[-1]
    assert run.metadata["stop"]["exit_status"] == "abort"


@pytest.mark.fault(
    "read mount shows the file 20 s late", injected="a mount shows files 1 s late, the device waits 0.2 s"
)
def test_files_that_show_up_late_are_told_from_those_that_never_come(site: Site, fault_report: Any) -> None:
    mount = site.data.parent / "slow"
    mount.mkdir()
    site.describe(read=mount, more="    file_timeout: 0.2\n")
    with bound(site.data, mount), late(site.data, mount, delay_s=1.0):
        failing = site.examine(expose=True, appear_s=20.0).first_failing
        assert failing is not None
        whichever = {failing.hop: "master file", "_data_000001.h5": "_master.h5"}  # the device missed first
        fault_report(headline(failing), hide=whichever)
        assert failing.hop in ("master file", "image files")
        fault = failing.faults[0]
        assert "came to this host later than the device waits for it" in fault.what
        advised = re.search(r"`file_timeout` .* at (\S+):\d+:\d+", fault.next_step)
        assert advised
        file = Path(advised[1])
        file.write_text(file.read_text().replace("file_timeout: 0.2", "file_timeout: 30"))
        followed = site.examine(expose=True, appear_s=20.0)
    files = ("IOC", "master file", "external links", "image files", "chunks decode")
    assert [followed[hop].state for hop in files] == ["ok"] * 5


@contextlib.contextmanager
def late(data: Path, mount: Path, delay_s: float) -> Iterator[None]:
    """Let a mount show the files of this year a while after they were written, as NFS may."""
    year = f"{datetime.now():%Y}"
    shown, done = mount.parent / "shown", threading.Event()
    for folder in (shown, data / year):
        folder.mkdir(exist_ok=True)

    def show() -> None:
        while not done.wait(0.02):
            for there in (data / year).glob("*.h5"):
                here = shown / there.name
                if not here.exists() and time.time() - there.stat().st_mtime > delay_s:
                    shutil.copyfile(there, here)

    thread = threading.Thread(target=show)
    with bound(shown, mount / year):
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.mark.fault(
    "IOC killed while armed", injected="`Sim:Die`: the process ends when armed, in an exposure"
)
def test_ioc_that_dies_and_is_started_again(
    site: Site, shared_ioc: RunningIoc, ca_ports: CaPorts, fault_report: Any
) -> None:
    """The last test: the IOC of the others ends here."""
    site.put("Sim:Die", 1)
    dying = site.examine(expose=True)
    # which PVs are named, and in which order, is a matter of moments
    fault_report(re.sub(r"\[.*?\]", "[…]", headline(dying), count=1), lost="the frame of the exposure")
    assert "the IOC is gone" in broken_at(dying, "IOC").faults[0].what
    assert not shared_ioc.alive
    gone = broken_at(site.examine(answer_s=1.0), "IOC").faults[0]
    assert "nothing answers" in gone.what
    assert "see whether the IOC runs" in gone.next_step
    with running_ioc(
        ports=ca_ports,
        prefix=shared_ioc.prefix,
        mounts=shared_ioc.mounts,
        **IOC,  # type: ignore[arg-type]
    ):
        wait_until(lambda: site.pv("cam1:Acquire_RBV").connected)
        well(site.examine())
