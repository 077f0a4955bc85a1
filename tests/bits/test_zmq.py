"""The state of a run in another process than its RunEngine's: documents over 0MQ, on sockets in a folder."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bluesky.callbacks.zmq import Publisher, RemoteDispatcher
from event_model import RunRouter

from id3c_data.documents import RunState
from id3c_data.h5api import ScanPhase
from id3c_data.testing.documents import image_run

MASTER = Path("/mnt/eiger/x_7_master.h5")
PATIENCE_S = 30.0


class Listener:
    """Keeps the state of every run that a dispatcher tells of."""

    def __init__(self) -> None:
        self.states: dict[str, RunState] = {}
        self.heard = threading.Event()
        self.router = RunRouter([self._new_run])

    def _new_run(self, _name: str, doc: dict[str, Any]) -> tuple[list[RunState], list[Any]]:
        state = self.states[doc["uid"]] = RunState()
        self.heard.set()
        return [state], []


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where to publish and where to listen, with a proxy between the two."""
    incoming, outgoing = f"ipc://{tmp_path}/in", f"ipc://{tmp_path}/out"
    code = "import sys; from bluesky.callbacks.zmq import Proxy; Proxy(*sys.argv[1:]).start()"
    proxy = subprocess.Popen([sys.executable, "-c", code, incoming, outgoing])
    yield incoming, outgoing
    proxy.terminate()
    proxy.wait(PATIENCE_S)


@pytest.fixture
def listener(addresses: tuple[str, str]) -> Iterator[Listener]:
    """Listens in a thread of its own."""
    listener, dispatcher = Listener(), RemoteDispatcher(addresses[1])
    dispatcher.subscribe(listener.router)

    def listen() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            dispatcher.start()

    thread = threading.Thread(target=listen)
    thread.start()
    yield listener
    dispatcher.loop.call_soon_threadsafe(dispatcher._task.cancel)
    thread.join(PATIENCE_S)


def test_a_run_is_followed_over_0mq(addresses: tuple[str, str], listener: Listener) -> None:
    publisher = Publisher(addresses[0])
    while not listener.heard.wait(
        0.05
    ):  # a subscription takes a moment, and 0MQ does not say when it is there
        for name, doc in image_run(MASTER, slots=[]):
            publisher(name, doc)
    documents = image_run(MASTER, exit_status="abort", reason="no beam")
    listener.heard.clear()
    for name, doc in documents:
        publisher(name, doc)
    uid = documents[0][1]["uid"]
    while uid not in listener.states:
        assert listener.heard.wait(PATIENCE_S)
        listener.heard.clear()
    state = listener.states[uid]
    phase = state.phase
    while phase is not ScanPhase.FINISHED:
        known, phase = phase, state.wait_for_change(phase, PATIENCE_S)
        assert phase is not known
    assert state.failure == "the run ended as 'abort': no beam"
    assert [promise.frames for promise in state.promised("eiger2_image")] == [
        range(i, i + 1) for i in range(3)
    ]
    publisher.close()
