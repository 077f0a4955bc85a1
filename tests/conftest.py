"""Channel Access of this test session: loopback, random ports, a caRepeater of its own.

The environment is set before any test module imports pyepics: libca reads it once in the life of a process.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from id3c_data.testing import CaPorts, ca_repeater, isolate_channel_access

from ._fault_table import FaultTable

_PORTS = isolate_channel_access()

# A shell that starts the tests in the background makes all their processes deaf to Ctrl-C, which some test.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records what users see of faults."""
    parser.addoption("--write-faults", action="store_true", help="record what this run's faults show")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of faults, and keep what tests report of them."""
    config.addinivalue_line("markers", "fault(name, injected): the fault that a test injects, and how")
    config.pluginmanager.register(FaultTable(config), "id3c-faults")


@pytest.fixture(scope="session", autouse=True)
def spool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A spool of this session, so that no test keeps documents in that of the user."""
    folder = tmp_path_factory.mktemp("spool")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ID3C_DATA_SPOOL", str(folder))
        yield folder


@pytest.fixture(scope="session")
def ca_ports() -> Iterator[CaPorts]:
    """The ports of this session, where one IOC at a time may run; its caRepeater runs."""
    with ca_repeater(_PORTS):
        yield _PORTS
