"""Followers, and what they listen to, that end in the middle of a run."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from id3c_data.catalog import Server
from id3c_data.sim import FrameModel

from .test_following import POINTS, Scene, digests_of

PROXY_AT = """
import sys
from bluesky.callbacks.zmq import Proxy
proxy = Proxy(f"127.0.0.1:{sys.argv[1]}", f"127.0.0.1:{sys.argv[2]}")
print("ready", flush=True)
proxy.start()
"""


@pytest.mark.fault("reader killed", injected="SIGKILL to one of two processes that follow a run")
def test_a_reader_that_is_killed_disturbs_nobody(
    engine: Any,
    server: Server,
    proxy: tuple[str, str],
    followers: Callable[..., Any],
    detector: Callable[..., Any],
    model: FrameModel,
    fault_report: Any,
) -> None:
    made = Scene(engine, server, proxy, followers, "15")
    killed = made.following[0]
    token = engine.subscribe(lambda _, doc: doc["seq_num"] == POINTS - 1 and killed.stop(), "event")
    try:
        made.run(detector(writer="dcu", series="point"), 2)
    finally:
        engine.unsubscribe(token)
    assert not any("exit_status" in line for line in killed.lines)
    other = made.following[1]
    ended = other.end()
    assert other.digests == digests_of(model, other.frames)
    fault_report(
        f"nothing: whoever else follows the run has all its frames, and then {ended}",
        lost=range(len(other.frames), POINTS),
    )


class Proxy:
    """A 0MQ proxy that can be killed, and started again where it was."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
            self.incoming, self.outgoing = one.getsockname()[1], two.getsockname()[1]
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", PROXY_AT, str(self.incoming), str(self.outgoing)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def proxy_of_its_own(engine: Any) -> Iterator[Proxy]:
    """A proxy to which the engine publishes."""
    from bluesky.callbacks.zmq import Publisher

    running = Proxy()
    publisher = Publisher(f"127.0.0.1:{running.incoming}")
    token = engine.subscribe(publisher)
    yield running
    engine.unsubscribe(token)
    publisher.close()
    running.kill()


@pytest.mark.fault("0MQ proxy restarted", injected="SIGKILL after 3 of 8 points, and a new one after 5")
def test_a_proxy_that_is_restarted_leaves_no_gap_unsaid(
    proxy_of_its_own: Proxy,
    engine: Any,
    followers: Callable[..., Any],
    detector: Callable[..., Any],
    model: FrameModel,
    fault_report: Any,
) -> None:
    from bluesky import plan_stubs as bps
    from bluesky import preprocessors as bpp

    follower = followers("zmq", f"127.0.0.1:{proxy_of_its_own.outgoing}", "", "1")
    device = detector(writer="dcu", series="point")

    def until(condition: Callable[[], Any]) -> Any:
        while not condition():
            yield from bps.sleep(0.02)

    @bpp.stage_decorator([device])
    @bpp.run_decorator()
    def plan() -> Any:
        for point in range(POINTS):
            yield from bps.trigger_and_read([device])
            if point == 2:
                yield from until(lambda: len(follower.frames) == 3)
                proxy_of_its_own.kill()
            elif point == 4:
                proxy_of_its_own.start()

    engine(until(lambda: follower.lines))
    engine(plan())
    ended, followed = follower.end(), [frame["seq_num"] for frame in follower.frames]
    assert follower.digests == digests_of(model, follower.frames)
    assert followed == sorted(followed)
    assert followed[:3] == [1, 2, 3]
    # 0MQ keeps what it cannot send, and drops it where the follower is not back yet when the publisher is
    assert ("error" in ended) == (len(followed) < POINTS), ended
    fault_report("all frames, or those of the documents that came and an error that says what is missing")
