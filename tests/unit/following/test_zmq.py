"""Addresses of 0MQ proxies."""

from __future__ import annotations

import pytest

from id3c_data.errors import DocumentError
from id3c_data.following import ZmqRuns


@pytest.mark.parametrize(
    "address", ["localhost", "host:", ":5568", "a b:1", "*:5568", "run.h5", "tcp://", ""]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(DocumentError, match='is no address; give "host:port"'):
        ZmqRuns(address)


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(DocumentError, match=f"'127.0.0.1:{port}': {port} is no port; give .* 1 to 65535"):
        ZmqRuns(f"127.0.0.1:{port}")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b"])
def test_a_host_that_is_not_known_is_refused(host: str) -> None:
    with pytest.raises(DocumentError, match=f"host '{host}' is not known"):
        ZmqRuns(f"{host}:5568")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "tcp://127.0.0.1:65535", "ipc:///tmp/no-proxy-there"])
def test_where_nobody_sends_yet_is_listened_to(address: str) -> None:
    with ZmqRuns(address) as runs:
        assert str(runs) == f"documents from {address}"
