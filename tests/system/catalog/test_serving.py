"""``id3c-data serve`` as a process, with the configuration that a beamline starts from."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from id3c_data.catalog import Catalog, Server, Subscription, connect
from id3c_data.sim import FrameModel, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

TILED_YML = Path(__file__).parents[3] / "configs" / "tiled.yml"


class Foreground:
    def __init__(self, folder: Path, readable: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.key, self.uri = secrets.token_hex(16), f"http://127.0.0.1:{port}/api/v1"
        variables = {
            "ID3C_DATA_CATALOG_FOLDER": str(folder),
            "ID3C_DATA_READ_ROOT": str(readable),
            "TILED_SINGLE_USER_API_KEY": self.key,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "id3c_data", "serve", "--config", TILED_YML, "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **variables},
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, "does not answer"
            try:
                if httpx.get(f"{self.uri}/", timeout=2.0).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)


@pytest.fixture(scope="module")
def foreground(tmp_path_factory: pytest.TempPathFactory, readable: Path) -> Iterator[Foreground]:
    running = Foreground(tmp_path_factory.mktemp("beamline") / "catalog", readable)
    try:
        running.wait()
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


@pytest.fixture
def beamline(foreground: Foreground) -> Catalog:
    return connect(foreground.uri, api_key=foreground.key)


def test_frames_go_in_and_come_out(
    beamline: Catalog, folder: Path, series: Callable[..., SeriesFiles], model: FrameModel
) -> None:
    with Subscription(beamline) as subscription:
        run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
        run.event(run.resource(series(1).master))
        run.stop()
    assert np.array_equal(beamline[-1].primary["eiger2_image"][0].read(), model.frame(1, 1))


@pytest.mark.fault("raw download of a file", injected="a request for the bytes of a registered file")
def test_files_cannot_be_downloaded_past_the_adapter(
    beamline: Catalog,
    foreground: Foreground,
    folder: Path,
    series: Callable[..., SeriesFiles],
    model: FrameModel,
    fault_report: Any,
) -> None:
    with Subscription(beamline) as subscription:
        run = RunDocuments(subscription, root=folder, frame_shape=model.shape)
        run.event(run.resource(series(1).master))
        run.stop()
    images = beamline[run.uid].primary["eiger2_image"]
    asset = images.data_sources()[0].assets[0]
    response = httpx.get(
        images.uri.replace("/metadata/", "/asset/bytes/", 1),
        params={"id": asset.id},
        headers={"Authorization": f"Apikey {foreground.key}"},
    )
    assert response.status_code == httpx.codes.FORBIDDEN
    fault_report(f"{response.status_code}: {response.json()['detail']}")


def test_it_ends_on_ctrl_c_and_never_says_its_key(foreground: Foreground, server: Server) -> None:
    asked = httpx.get(f"{foreground.uri}/metadata/", params={"api_key": foreground.key})  # as browsers do
    assert asked.status_code == httpx.codes.OK
    for pid, key in ((foreground.process.pid, foreground.key), (server.pid, server.api_key)):
        assert key not in Path(f"/proc/{pid}/cmdline").read_text()
    foreground.process.send_signal(signal.SIGINT)
    said = foreground.process.communicate(timeout=20)[0]
    assert f"serving {TILED_YML}" in said
    assert foreground.key not in said
    assert "api_key=..." in said
    assert "Traceback" not in said
