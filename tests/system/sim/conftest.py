"""A client of the simulated IOC, and one IOC for each module of tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from id3c_data.testing import CaPorts, RunningIoc, running_ioc

SIZE = (32, 48)
_BUSY = ("Arming", "Armed", "Triggering", "Waiting for", "Processing files")


class Completion:
    """A put-callback that is waited for somewhere else."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self.at = 0.0

    def __call__(self, **_: Any) -> None:
        self.at = time.monotonic()
        self._done.set()

    @property
    def done(self) -> bool:
        return self._done.is_set()

    def wait(self, timeout: float = 10.0) -> float:
        assert self._done.wait(timeout), f"the put-callback did not complete within {timeout} s"
        return self.at


def is_known(pv: Any) -> bool:
    """Whether a PV is connected and pyepics has learnt its type, which comes a moment later."""
    return pv.connected and pv.type != "unknown"


class Client:
    """Channel Access to one IOC by names below its prefix."""

    def __init__(self, ioc: RunningIoc) -> None:
        self.ioc = ioc
        self._pvs: dict[str, Any] = {}

    def pv(self, name: str) -> Any:
        import epics

        if name not in self._pvs:
            pv = self._pvs[name] = epics.PV(self.ioc.prefix + name, auto_monitor=True)
            self.wait(lambda: is_known(pv))
        return self._pvs[name]

    def get(self, name: str) -> Any:
        """The value on the server now; a text for long strings."""
        return self._read(name, as_string=self.pv(name).type.endswith("char"))

    def text(self, name: str) -> str:
        return self._read(name, as_string=True)

    def _read(self, name: str, *, as_string: bool) -> Any:
        pv = self.pv(name)
        # all elements: without a count, pyepics asks for as many as the value had that it saw last
        return pv.get(use_monitor=False, count=pv.nelm, as_string=as_string, timeout=5)

    def put(self, name: str, value: Any) -> None:
        """Put and wait for the put-callback."""
        assert self.pv(name).put(value, wait=True, timeout=20) == 1, f"{name} = {value!r} did not complete"

    def write(self, name: str, value: Any) -> None:
        """Put without waiting for anything."""
        self.pv(name).put(value, wait=False)

    def start(self, name: str, value: Any) -> Completion:
        """Put with a callback that is waited for elsewhere."""
        completion = Completion()
        self.pv(name).put(value, callback=completion)
        return completion

    def wait(self, condition: Callable[[], Any], timeout: float = 10.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"not within {timeout} s"
            time.sleep(0.005)

    def wait_for(self, name: str, value: Any, timeout: float = 10.0) -> None:
        read = self.text if isinstance(value, str) else self.get
        self.wait(lambda: read(name) == value, timeout)

    def watch(self, *names: str) -> list[tuple[float, str, Any]]:
        """A list that grows with each change: time, name, value."""
        seen: list[tuple[float, str, Any]] = []

        def note(pvname: str = "", value: Any = None, char_value: str = "", **_: Any) -> None:
            seen.append((time.monotonic(), pvname.removeprefix(self.ioc.prefix), char_value or value))

        for name in names:
            self.pv(name).get_with_metadata(as_string=True)
            self.pv(name).add_callback(note)
        return seen

    def wait_until_idle(self) -> None:
        self.wait(lambda: not self.get("cam1:StatusMessage_RBV").startswith(_BUSY))

    def reset(self, folder: Path) -> None:
        """Bring the settings that the tests change to a common start."""
        for knob in ("DropFile", "HalfFile", "MasterDelay", "MoverDelay", "RefusePath", "FailArm", "Die"):
            self.put(f"Sim:{knob}", 0)
        for knob in ("FailDownload", "Hang", "DropArrays", "AbsoluteLinks"):
            self.put(f"Sim:{knob}", 0)
        self.write("cam1:Acquire", 0)
        self.write("HDF1:Capture", 0)
        self.wait_until_idle()
        for name, value in {
            "FilePath": str(folder),
            "CreateDirectory": 0,
            "FWNamePattern": "t_$id",
            "FWEnable": 1,
            "SaveFiles": 0,
            "FWAutoRemove": 1,
            "FWNImagesPerFile": 1000,
            "DataSource": "None",
            "TriggerMode": "Internal Series",
            "ManualTrigger": 0,
            "NumImages": 1,
            "NumTriggers": 1,
            "AcquireTime": 0.02,
            "AcquirePeriod": 0.02,
            "ArrayCallbacks": 1,
        }.items():
            self.put(f"cam1:{name}", value)


@pytest.fixture(scope="module")
def ioc(ca_ports: CaPorts) -> Iterator[RunningIoc]:
    """An IOC for this module, with small frames."""
    with running_ioc(ports=ca_ports, size=SIZE, arm_time_s=0.05, rate_hz=50) as ioc:
        yield ioc


@pytest.fixture(scope="session")
def connect() -> type[Client]:
    """What makes a client of an IOC."""
    return Client


@pytest.fixture(scope="module")
def _connected(ioc: RunningIoc) -> Client:
    return Client(ioc)


@pytest.fixture
def eiger(_connected: Client, tmp_path: Path) -> Iterator[Client]:
    """The IOC, idle and with common settings; files go to `tmp_path`."""
    _connected.reset(tmp_path)
    yield _connected
    for pv in _connected._pvs.values():
        pv.clear_callbacks()
