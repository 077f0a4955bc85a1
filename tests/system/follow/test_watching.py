"""``id3c-data watch`` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from id3c_data.catalog import Server

PATIENCE_S = 60.0


def watching(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "id3c_data", "watch", *arguments]
    pipe, env = subprocess.PIPE, {**os.environ, **environment}
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env)


def test_a_run_over_0mq_is_shown_to_its_end(engine: Any, proxy: tuple[str, str]) -> None:
    from bluesky import plan_stubs as bps
    from bluesky import preprocessors as bpp

    process, said = watching("--address", proxy[1]), []
    stdout = process.stdout
    assert stdout is not None
    reader = threading.Thread(target=lambda: said.append(stdout.readline()))
    reader.start()

    @bpp.run_decorator()
    def short_run() -> Any:
        yield from bps.sleep(0.1)

    def runs() -> Any:  # until it has met one: 0MQ does not tell when somebody listens
        while not said:
            yield from short_run()

    engine(runs())
    reader.join()
    out, err = process.communicate(timeout=PATIENCE_S)
    assert said[0].startswith("run ")
    assert out == "the run ended as 'success'; 0 frames, none missing\n"
    assert process.returncode == 0
    assert "Traceback" not in err


def test_ctrl_c_ends_it(engine: Any, proxy: tuple[str, str]) -> None:
    from bluesky import plan_stubs as bps
    from bluesky import preprocessors as bpp

    process, said = watching("--address", proxy[1]), []
    stdout = process.stdout
    assert stdout is not None
    reader = threading.Thread(target=lambda: said.append(stdout.readline()))
    reader.start()

    @bpp.run_decorator()
    def interrupted_run() -> Any:
        for _ in range(30):
            yield from bps.sleep(0.1)
            if said:
                process.send_signal(signal.SIGINT)
                while process.poll() is None:
                    yield from bps.sleep(0.02)
                return

    def runs() -> Any:
        while process.poll() is None:
            yield from interrupted_run()

    engine(runs())
    reader.join()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err


def test_the_last_run_of_the_catalog_is_shown(
    engine: Any, server: Server, detector: Callable[..., Any]
) -> None:
    from bluesky import plans as bp

    (uid,) = engine(bp.count([detector()], num=3))
    uri = f"{server.uri}/metadata/{uid}"
    process = watching(uri, TILED_API_KEY=server.api_key)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert f"run {uid}, scan" in out
    assert out.endswith("the run ended as 'success'; 3 frames, none missing\n")
