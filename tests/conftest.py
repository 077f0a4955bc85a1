"""Channel Access of this test session: loopback, random ports, a caRepeater of its own.

The environment is set before any test module imports pyepics: libca reads it once in the life of a process.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from id3c_data.testing import CaPorts, ca_repeater, isolate_channel_access

_PORTS = isolate_channel_access()


@pytest.fixture(scope="session")
def ca_ports() -> Iterator[CaPorts]:
    """The ports of this session, where one IOC at a time may run; its caRepeater runs."""
    with ca_repeater(_PORTS):
        yield _PORTS
