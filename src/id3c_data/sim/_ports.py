"""Ports on the loopback interface."""

from __future__ import annotations

import socket
from typing import Final

__all__ = ["LOOPBACK", "check_port", "free_port", "is_free"]

LOOPBACK: Final = "127.0.0.1"


def free_port() -> int:
    """Return a port that nobody listens on, neither by TCP nor by UDP."""
    while True:
        with socket.socket() as tcp:
            tcp.bind((LOOPBACK, 0))
            port = tcp.getsockname()[1]
            if is_free(port, udp=True):
                return port


def is_free(port: int, *, udp: bool) -> bool:
    """Whether nobody listens on a port."""
    with socket.socket(type=socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        if not udp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("" if udp else LOOPBACK, port))
        except OSError:
            return False
    return True


def check_port(port: int) -> None:
    """Raise if a port is taken.

    Raises
    ------
    OSError
        Somebody listens there; Channel Access would silently move to another port.
    """
    if not (is_free(port, udp=False) and is_free(port, udp=True)):
        raise OSError(f"port {port} on {LOOPBACK} is taken; stop what listens there, or leave --port out")
