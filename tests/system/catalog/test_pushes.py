"""What becomes of pushes when the one who answers the websocket is not a Tiled server that streams."""

from __future__ import annotations

import http
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.server import Server, ServerConnection, serve

from id3c_data.catalog import Catalog, _pushes
from id3c_data.catalog._pushes import Pushes

PATIENCE_S = 30.0


class Peer:
    """A websocket server that ends each connection at once, or answers with a status in its place."""

    def __init__(self, server: Server, met: list[str]) -> None:
        self.uri = f"http://127.0.0.1:{server.socket.getsockname()[1]}/api/v1/metadata/run"
        self.met = met


@contextmanager
def peer(status: http.HTTPStatus | None = None) -> Iterator[Peer]:
    met: list[str] = []

    def answer(connection: ServerConnection, request: object) -> object:
        met.append(getattr(request, "path", ""))
        return None if status is None else connection.respond(status, "")

    with serve(lambda connection: connection.close(), "127.0.0.1", 0, process_request=answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Peer(server, met)
        server.shutdown()
        thread.join()


@pytest.fixture
def pushes(cat: Catalog) -> Iterator[Pushes]:
    made = Pushes(cat.context, lambda: None)
    yield made
    made.close()


def listen_until_it_ends(pushes: Pushes, uri: str) -> None:
    """Listen, and wait until the connection is over."""
    pushes.listen(uri)
    for thread in threading.enumerate():
        if thread.name == f"pushes of {uri}":
            thread.join(PATIENCE_S)
    assert not pushes.active


def test_a_server_that_ends_each_connection_is_not_called_all_the_time(pushes: Pushes) -> None:
    with peer() as server:
        listen_until_it_ends(pushes, server.uri)
        for _ in range(20):
            pushes.listen(server.uri)
        assert server.met == ["/api/v1/stream/single/run"]


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pushes, "PUSHED_PERIOD_S", 0.0)


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("status", [None, http.HTTPStatus.BAD_GATEWAY])
def test_one_that_may_push_later_is_called_again_after_a_while(
    pushes: Pushes, status: http.HTTPStatus | None
) -> None:
    with peer(status) as server:
        for _ in range(3):
            listen_until_it_ends(pushes, server.uri)
        assert len(server.met) == 3


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("status", [http.HTTPStatus.NOT_FOUND, http.HTTPStatus.INTERNAL_SERVER_ERROR])
def test_one_that_refuses_is_never_called_again(pushes: Pushes, status: http.HTTPStatus) -> None:
    with peer(status) as server:
        listen_until_it_ends(pushes, server.uri)
        for node in ("", "/primary"):
            pushes.listen(server.uri + node)
        assert len(server.met) == 1


@pytest.mark.usefixtures("no_pause")
def test_whatever_goes_wrong_is_said_and_tried_again(
    pushes: Pushes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "id3c_data"):
        for _ in range(2):
            listen_until_it_ends(pushes, "http://127.0.0.1:70000/api/v1/metadata/run")
    assert caplog.text.count("pushes no more") == 2
