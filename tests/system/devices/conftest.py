"""An Eiger2 on the simulated IOC, and a RunEngine whose documents are kept."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from id3c_data.testing import CaPorts, RunningIoc, running_ioc

VIEW = "/detector/data"
SIZE = (32, 48)
PERIOD_S = 0.01
KNOBS = (
    *("DropFile", "HalfFile", "MasterDelay", "MoverDelay", "RefusePath", "FailArm", "Die"),
    *("FailDownload", "Hang", "DropArrays", "AbsoluteLinks"),
)


class Bench:
    """The IOC, its folder, and devices made for one test."""

    def __init__(self, ioc: RunningIoc, folder: Path) -> None:
        self.ioc, self.folder = ioc, folder
        self._devices: list[Any] = []

    def pv(self, name: str) -> Any:
        """A connected PV below the prefix."""
        import epics

        pv = epics.get_pv(self.ioc.prefix + name)
        assert pv.wait_for_connection(10), f"{name} does not connect"
        return pv

    def put(self, name: str, value: Any) -> None:
        self.pv(name).put(value, wait=True, timeout=10)

    def set(self, name: str, value: Any) -> None:
        """Put, and wait until the readback says so: it follows in its own time."""
        self.put(name, value)
        as_string = isinstance(value, str)
        wait_until(lambda: self.get(f"{name}_RBV", as_string=as_string) == value)

    def get(self, name: str, *, as_string: bool = False) -> Any:
        pv = self.pv(name)
        # all elements: without a count, pyepics asks for as many as the value had that it saw last
        return pv.get(use_monitor=False, count=pv.nelm, as_string=as_string, timeout=5)

    @property
    def arguments(self) -> dict[str, Any]:
        """A device's arguments that fit this IOC."""
        return {
            "prefix": self.ioc.prefix,
            "name": "eiger2",
            "write_path_template": f"{VIEW}/%Y/%m/",
            "read_path_template": f"{self.folder}/%Y/%m/",
            "timeout": 5.0,
            "file_timeout": 1.0,
        }

    def adopt(self, device: Any) -> Any:
        """Connect a device, and destroy it after the test."""
        self._devices.append(device)
        device.wait_for_connection(timeout=20)
        return device

    def detector(self, cls: Any = None, **arguments: Any) -> Any:
        from id3c_data.devices import Eiger2Detector

        detector = self.adopt((cls or Eiger2Detector)(**{**self.arguments, **arguments}))
        self.put("cam1:AcquireTime", PERIOD_S)
        self.put("cam1:AcquirePeriod", PERIOD_S)
        return detector

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.rglob("*.h5"))

    def release(self) -> None:
        """Destroy the devices."""
        for device in self._devices:
            device.destroy()
        self._devices.clear()

    def reset(self) -> None:
        """End what a test has left, and bring back what it changed."""
        self.release()
        if self.ioc.alive:
            for knob in KNOBS:
                self.put(f"Sim:{knob}", 0)
            self.pv("cam1:Acquire").put(0)
            self.pv("HDF1:Capture").put(0)
            wait_until(lambda: self.idle)
            self.put("Sim:BitDepth", 32)
            self.put("cam1:FWHDF5Format", "Legacy")
            self.put("cam1:Threshold2Enable", 0)
            self.put("cam1:ThresholdDiffEnable", 0)

    @property
    def idle(self) -> bool:
        message = self.get("cam1:StatusMessage_RBV", as_string=True)
        busy = ("Arming", "Armed", "Triggering", "Waiting for", "Processing files")
        return not self.get("cam1:AcquireBusy") and not message.startswith(busy)


def wait_until(condition: Callable[[], Any], timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.005)


class Documents(list[tuple[str, dict[str, Any]]]):
    """What a RunEngine emitted."""

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        self.append((name, doc))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [doc for name, doc in self if name == kind]

    def data(self, key: str) -> list[Any]:
        return [event["data"][key] for event in self.of("event")]

    @property
    def slots(self) -> list[tuple[str, int]]:
        """For each event, the file and the slot in it that its image is in."""
        paths = {doc["uid"]: doc["resource_path"] for doc in self.of("resource")}
        datums = {doc["datum_id"]: doc for doc in self.of("datum")}
        found = [datums[datum_id] for datum_id in self.data("eiger2_image")]
        return [(paths[datum["resource"]], datum["datum_kwargs"]["point_number"]) for datum in found]

    @property
    def exit_status(self) -> str:
        (stop,) = self.of("stop")
        return stop["exit_status"]


def unreadable(folder: Path, exposures: int) -> list[int]:
    """Which frames of so many exposures, one frame each, no reader gets from the files that are there."""
    masters = [file for file in folder.rglob("*.h5") if "_data_" not in file.name]
    masters.sort(key=lambda file: (len(file.name), file.name))  # by the number of the series
    there = [is_there for master in masters for is_there in _readable(master)]
    there += [False] * (exposures - len(there))
    return [number for number, is_there in enumerate(there[:exposures]) if not is_there]


def _readable(master: Path) -> Iterator[bool]:
    """Tell for each frame of a master whether it can be read; a master that cannot is one lost frame."""
    from id3c_data.errors import Id3cDataError
    from id3c_data.images import open_stack

    try:
        frames = open_stack(master)
    except Id3cDataError:
        yield False
        return
    for number in range(len(frames)):
        try:
            np.asarray(frames[number])
        except Id3cDataError:
            yield False
        else:
            yield True


@pytest.fixture(scope="module")
def shared_ioc(ca_ports: CaPorts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIoc]:
    folder = tmp_path_factory.mktemp("eiger2")
    with running_ioc(
        ports=ca_ports, size=SIZE, arm_time_s=0.03, rate_hz=1 / PERIOD_S, mounts={VIEW: folder}
    ) as ioc:
        yield ioc


@pytest.fixture
def bench(shared_ioc: RunningIoc) -> Iterator[Bench]:
    """The module's IOC."""
    bench = Bench(shared_ioc, shared_ioc.mounts[VIEW])
    for file in bench.files:
        file.unlink()
    yield bench
    bench.reset()


@pytest.fixture
def fresh_bench(ca_ports: CaPorts, tmp_path: Path) -> Iterator[Bench]:
    """An IOC of the test's own, just booted."""
    with running_ioc(
        ports=ca_ports, size=SIZE, arm_time_s=0.03, rate_hz=1 / PERIOD_S, mounts={VIEW: tmp_path}
    ) as ioc:
        bench = Bench(ioc, tmp_path)
        yield bench
        bench.release()


@contextlib.contextmanager
def running_engine() -> Iterator[Any]:
    """A RunEngine."""
    from bluesky import RunEngine

    engine = RunEngine({}, context_managers=[])
    yield engine
    if engine.state != "idle":
        engine.halt()
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join()
    engine.loop.close()


@pytest.fixture
def engine() -> Iterator[Any]:
    with running_engine() as engine:
        yield engine


@pytest.fixture
def docs(engine: Any) -> Documents:
    """What the RunEngine emits."""
    documents = Documents()
    engine.subscribe(lambda name, doc: documents(name, doc))
    return documents


@pytest.fixture
def later() -> Iterator[Callable[[Callable[[], bool], Callable[[], Any]], None]]:
    """Do something from another thread as soon as a condition holds."""
    threads = []

    def start(condition: Callable[[], bool], action: Callable[[], Any]) -> None:
        def run() -> None:
            wait_until(condition, 10)
            action()

        thread = threading.Thread(target=run)
        threads.append(thread)
        thread.start()

    yield start
    for thread in threads:
        thread.join()


def cause(error: BaseException, kind: type[BaseException] | tuple[()] = ()) -> BaseException:
    """The error that a failed status wraps: the first of that kind, or the very first."""
    while error.__cause__ is not None and not isinstance(error, kind):
        error = error.__cause__
    return error
