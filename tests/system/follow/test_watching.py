"""``id3c-data watch`` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pexpect
import pytest

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
    assert err.startswith(f"waiting for a run from {proxy[1]}\n")
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


@pytest.fixture
def three_points(engine: Any, server: Server, detector: Callable[..., Any]) -> str:
    """URI of a run of three points."""
    from bluesky import plans as bp

    (uid,) = engine(bp.count([detector()], num=3))
    return f"{server.uri}/metadata/{uid}"


def test_a_run_of_the_catalog_is_shown(three_points: str, server: Server) -> None:
    process = watching(three_points, TILED_API_KEY=server.api_key)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "Error" not in err
    assert f"run {three_points.rpartition('/')[2]}, scan" in out
    assert out.endswith("the run ended as 'success'; 3 frames, none missing\n")


def test_in_a_terminal_it_is_a_bar(three_points: str, server: Server) -> None:
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "id3c_data", "watch", three_points, f"{server.uri}/metadata/no-such-run"],
        env={**os.environ, "TERM": "xterm-256color", "TILED_API_KEY": server.api_key},
        dimensions=(24, 160),
        timeout=PATIENCE_S,
        encoding="utf-8",
    )
    terminal.expect(f"run {three_points.rpartition('/')[2]}, scan")
    terminal.expect("\u2501.*3 of 3 frames, .* per second, .* s behind, .* counts in the last")
    terminal.expect("the run ended as 'success'; 3 frames, none missing\r\n")
    terminal.expect("Error: .*no-such-run")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 1
