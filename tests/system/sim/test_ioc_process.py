"""The IOC as a process: its options, its mounts, its ends. Each test starts one of its own."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
import time

import h5py
import pytest

from id3c_data.testing import running_ioc


@pytest.fixture(scope="module")
def start(ca_ports):
    """What starts an IOC; one at a time."""
    return lambda *faults, **options: running_ioc(
        ports=ca_ports, size=(32, 48), arm_time_s=0.05, rate_hz=50, faults=faults, **options
    )


def _save(client, folder, images=1):
    client.put("cam1:FilePath", str(folder))
    client.put("cam1:SaveFiles", 1)
    client.put("cam1:NumImages", images)
    client.put("cam1:FWNImagesPerFile", 1)


def test_windows_view_of_the_disk_with_absolute_links(start, connect, tmp_path):
    (tmp_path / "Sub").mkdir()
    with start("absolutelinks", mounts={"D:\\data": tmp_path}) as ioc:
        client = connect(ioc)
        _save(client, "D:\\data\\Sub")
        client.wait_for("cam1:FilePath_RBV", "D:\\data\\Sub\\")
        client.put("cam1:Acquire", 1)
        assert client.get("cam1:FullFileName_RBV") == "D:\\data\\Sub\\series_1_data_000001.h5"
    with h5py.File(tmp_path / "Sub" / "series_1_master.h5") as master:
        link = master.get("entry/data/data_000001", getlink=True)
    assert link.filename == "D:\\data\\Sub\\series_1_data_000001.h5"


@pytest.mark.parametrize(("moment", "files"), [("armed", 0), ("between", 0), ("downloading", 1)])
def test_ioc_dies_at_once(start, connect, tmp_path, moment, files):
    with start(f"die={moment}") as ioc:
        client = connect(ioc)
        _save(client, tmp_path, images=3)
        client.write("cam1:Acquire", 1)
        assert ioc.process.wait(10) == 1
        assert len(list(tmp_path.iterdir())) == files


def test_images_per_file_of_zero_crashes_the_driver(start, connect, tmp_path):
    with start() as ioc:
        client = connect(ioc)
        _save(client, tmp_path)
        client.put("cam1:FWNImagesPerFile", 0)
        client.write("cam1:Acquire", 1)
        assert ioc.process.wait(10) != 0


def test_older_driver_lacks_the_newer_pvs(start, connect):
    import epics

    newer = ["FWHDF5Format", "FWHDF5Format_RBV", "SignedData", "StreamVersion", "StreamAsTSSource", "Restart"]
    with start(driver="3.5") as ioc:
        client = connect(ioc)
        pvs = [epics.PV(f"{ioc.prefix}cam1:{name}") for name in newer]
        assert client.get("cam1:DriverVersion_RBV") == "3.5.0"
        assert client.get("cam1:TriggerExposure_RBV") == pytest.approx(0.01)
        assert not any(pv.connected for pv in pvs)
        client.put("cam1:DataSource", "Stream")
        client.put("cam1:Acquire", 1)
        assert client.get("cam1:NumImagesCounter_RBV") == 1


def test_signal_ends_it_within_a_second_and_leaves_a_valid_file(start, connect, tmp_path):
    with start() as ioc:
        client = connect(ioc)
        for name, value in {
            "EnableCallbacks": 1,
            "FileWriteMode": "Stream",
            "LazyOpen": 1,
            "FilePath": str(tmp_path),
            "FileTemplate": "%s%s_%d.h5",
            "FileName": "h",
            "NumCapture": 0,
        }.items():
            client.put(f"HDF1:{name}", value)
        client.put("cam1:DataSource", "Stream")
        client.put("cam1:NumImages", 1000)
        client.write("HDF1:Capture", 1)
        client.write("cam1:Acquire", 1)
        client.wait(lambda: client.get("HDF1:NumCaptured_RBV") > 2)
        began = time.monotonic()
        ioc.process.terminate()
        assert ioc.process.wait(5) == 0
        assert time.monotonic() - began < 1
        assert ioc.log.read_text() == ""
    with h5py.File(tmp_path / "h_0.h5") as file:
        assert len(file["entry/data/data"]) > 2


def test_taken_port_is_refused(start, ca_ports):
    with start():
        second = subprocess.run(
            [sys.executable, "-m", "id3c_data.sim.ioc", "--prefix=x:", f"--port={ca_ports.server}"],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert second.returncode == 1
    assert f"port {ca_ports.server} on 127.0.0.1 is taken" in second.stderr


def test_command_prints_the_environment_and_ready(ca_ports):
    command = [sys.executable, "-m", "id3c_data", "ioc", "--prefix=x:", f"--port={ca_ports.server}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        overdue = threading.Timer(30, process.kill)
        overdue.start()
        lines = list(itertools.takewhile(lambda line: line != "ready\n", process.stdout))
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=10)
        overdue.cancel()
    assert f"export EPICS_CA_SERVER_PORT={ca_ports.server}\n" in lines
    assert (said, complained, process.returncode) == ("", "", 0)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--size=514", "514x1030"),
        ("--fault=nonsense", "there are: absolutelinks"),
        ("--fault=die=never-ever", "takes one of"),
        ("--mount=/a", "VIEW=FOLDER"),
        ("--rate=0", "above 0"),
    ],
)
def test_bad_option_is_explained(capsys, option, words):
    from id3c_data.sim.ioc import main

    with pytest.raises(SystemExit):
        main(["--prefix=x:", option])
    assert words in capsys.readouterr().err
