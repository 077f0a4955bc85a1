"""A run on the simulated IOC, and the processes that follow it over 0MQ and over Tiled meanwhile."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

from id3c_data.catalog import Server
from id3c_data.sim import Channel, FrameModel

POINTS = 8


class Scene:
    """A RunEngine and a process for each way to follow it, and for each data key."""

    def __init__(
        self,
        engine: Any,
        server: Server,
        proxy: tuple[str, str],
        followers: Callable[..., Any],
        settle: str = "15",
        keys: Sequence[str] = ("",),
    ) -> None:
        self._engine, self._server, self._start = engine, server, followers
        self._settle, self._keys = settle, keys
        self.following = [followers("zmq", proxy[1], "", settle, key) for key in keys]
        self._wait_until(lambda: all(follower.lines for follower in self.following))

    def _wait_until(self, condition: Callable[[], Any]) -> None:
        from bluesky import plan_stubs as bps

        def plan() -> Any:
            while not condition():
                yield from bps.sleep(0.02)

        self._engine(plan())

    def run(
        self,
        detector: Any,
        seen: int,
        fail_after: int = POINTS,
        in_the_middle: Callable[[], object] = lambda: None,
    ) -> None:
        """Take the points; in the middle, wait until all followers have seen frames, and do something."""
        from bluesky import plan_stubs as bps
        from bluesky import preprocessors as bpp

        @bpp.stage_decorator([detector])
        @bpp.run_decorator(md={"num_points": POINTS})
        def plan() -> Any:
            for point in range(POINTS):
                if point == fail_after:
                    raise RuntimeError("no beam")
                yield from bps.checkpoint()
                yield from bps.trigger_and_read([detector])
                while point == POINTS // 2 and not self._seen(seen):
                    yield from bps.sleep(0.02)
                if point == POINTS // 2:
                    in_the_middle()

        token = self._engine.subscribe(self._join, "start")
        try:
            self._engine(plan())
        finally:
            self._engine.unsubscribe(token)

    def _join(self, _name: str, doc: dict[str, Any]) -> None:
        uri = f"{self._server.uri}/metadata/{doc['uid']}"
        for key in self._keys:
            self.following.append(self._start("tiled", uri, self._server.api_key, self._settle, key))

    def _seen(self, count: int) -> bool:
        return len(self.following) == 2 * len(self._keys) and all(
            follower.lines and len(follower.frames) >= count for follower in self.following
        )


def digests_of(
    model: FrameModel, frames: list[dict[str, Any]], channel: Channel = "threshold_1"
) -> list[str]:
    """What the pixels must be, by the series that stands in the master's name."""
    return [digest(model, series_of(frame), frame["frame"] + 1, channel) for frame in frames]


def digest(model: FrameModel, series: int, image: int, channel: Channel = "threshold_1") -> str:
    return hashlib.sha256(model.frame(series, image, channel).tobytes()).hexdigest()


def series_of(frame: dict[str, Any]) -> int:
    (number,) = re.findall(r"_(\d+)_master", frame["master"])
    return int(number)


def series_in_plugin_file(model: FrameModel, frames: list[dict[str, Any]]) -> list[int]:
    """Which series each frame is the first image of; the plugin's file does not say it."""
    known = {digest(model, series, 1): series for series in range(1, 200)}
    return [known[frame["digest"]] for frame in frames]
