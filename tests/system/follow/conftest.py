"""One simulated IOC, one catalog and one 0MQ proxy for all tests that follow runs from another process."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from id3c_data.catalog import Catalog, Server, Subscription, connect
from id3c_data.sim import FrameModel
from id3c_data.testing import CaPorts, RunningIoc, running_ioc
from id3c_data.testing.catalog import running_catalog

VIEW = "/detector/data"
SIZE = (32, 48)
PERIOD_S = 0.02
PATIENCE_S = 60.0

PROXY = """
from bluesky.callbacks.zmq import Proxy
proxy = Proxy("127.0.0.1", "127.0.0.1")
print(proxy.in_port, proxy.out_port, flush=True)
proxy.start()
"""


@pytest.fixture(scope="module")
def ioc(ca_ports: CaPorts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIoc]:
    folder = tmp_path_factory.mktemp("eiger2")
    with running_ioc(
        ports=ca_ports, size=SIZE, arm_time_s=0.03, rate_hz=1 / PERIOD_S, mounts={VIEW: folder}
    ) as running:
        yield running


@pytest.fixture(scope="module")
def server(ioc: RunningIoc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_catalog(tmp_path_factory.mktemp("catalog"), ioc.mounts[VIEW]) as running:
        yield running


@pytest.fixture(scope="module")
def cat(server: Server) -> Catalog:
    return connect(server.uri, api_key=server.api_key)


@pytest.fixture(scope="module")
def proxy() -> Iterator[tuple[str, str]]:
    """Where to publish, and where to listen."""
    process = subprocess.Popen([sys.executable, "-c", PROXY], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    incoming, outgoing = process.stdout.readline().split()
    yield incoming, outgoing
    process.terminate()
    process.wait(PATIENCE_S)
    process.stdout.close()


@pytest.fixture(scope="module")
def engine(cat: Catalog, proxy: tuple[str, str]) -> Iterator[Any]:
    """A RunEngine whose documents go to the catalog and to the proxy."""
    from bluesky import RunEngine
    from bluesky.callbacks.zmq import Publisher

    engine = RunEngine({}, context_managers=[])
    publisher = Publisher(proxy[0])
    engine.subscribe(publisher)
    with Subscription(cat) as subscription:
        engine.subscribe(subscription)
        yield engine
    publisher.close()
    if engine.state != "idle":
        engine.halt()
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join()
    engine.loop.close()


@pytest.fixture
def detector(ioc: RunningIoc) -> Iterator[Callable[..., Any]]:
    """Make a detector on the IOC."""
    from id3c_data.devices import Eiger2Detector

    made = []

    def make(**arguments: Any) -> Any:
        device = Eiger2Detector(
            ioc.prefix,
            name="eiger2",
            write_path_template=f"{VIEW}/%Y/%m/",
            read_path_template=f"{ioc.mounts[VIEW]}/%Y/%m/",
            timeout=10.0,
            file_timeout=1.0,
            **arguments,
        )
        made.append(device)
        device.wait_for_connection(timeout=20)
        put(ioc, "cam1:AcquireTime", PERIOD_S)
        put(ioc, "cam1:AcquirePeriod", PERIOD_S)
        return device

    yield make
    for device in made:
        device.destroy()


def put(ioc: RunningIoc, name: str, value: Any) -> None:
    import epics

    pv = epics.get_pv(ioc.prefix + name)
    assert pv.wait_for_connection(10)
    pv.put(value, wait=True, timeout=10)


@pytest.fixture
def knob(ioc: RunningIoc) -> Iterator[Callable[[str, Any], None]]:
    """Set a fault of the IOC, until the test is over."""
    turned = []

    def turn(name: str, value: Any) -> None:
        turned.append(name)
        put(ioc, f"Sim:{name}", value)

    yield turn
    for name in turned:
        put(ioc, f"Sim:{name}", 0)


@pytest.fixture(scope="session")
def model() -> FrameModel:
    return FrameModel(height=SIZE[0], width=SIZE[1])


class Follower:
    """A process that follows runs, and tells of each frame in a line as soon as it has it."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("follower.py")), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.lines: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.closing(self.process.stdout) as stdout:
            for line in stdout:
                self.lines.append(json.loads(line))

    @property
    def digests(self) -> list[str]:
        return [frame["digest"] for frame in self.frames]

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [line for line in list(self.lines) if "frame" in line]

    def end(self) -> dict[str, Any]:
        """Wait until the run is over for it, and return what it says of that."""
        assert self.process.wait(PATIENCE_S) == 0
        self._reader.join()
        return self.lines[-1]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()


@pytest.fixture
def followers() -> Iterator[Callable[..., Follower]]:
    """Start processes that follow; they are ended after the test."""
    started = []

    def start(*arguments: str) -> Follower:
        started.append(Follower(*arguments))
        return started[-1]

    yield start
    for follower in started:
        follower.stop()
