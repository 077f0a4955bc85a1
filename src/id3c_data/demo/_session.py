"""A session that goes on by hand with what the demo left running."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._chain import Chain

__all__ = ["session_code", "session_file"]


def session_code(devices: Path, chain: Chain) -> str:
    """Return what a session starts with, for a Python in the same folder.

    It is shown on the terminal, so it has no key, but says where the session reads it.
    """
    environment = {
        **chain.ioc.environment,
        "ID3C_DATA_CATALOG_URI": chain.server.uri,
        "ID3C_DATA_SPOOL": str(chain.spool),
    }
    key_file = str(chain.server.folder / "api_key")
    return f"""\
import os
import pathlib

os.environ.update({environment!r})
os.environ["TILED_API_KEY"] = pathlib.Path({key_file!r}).read_text()

from bluesky import RunEngine
from bluesky import plans as bp

from id3c_data import connect
from id3c_data.catalog import subscribe
from id3c_data.devices import load_devices

RE, cat = RunEngine(), connect()
subscription = subscribe(RE, cat)
eiger2 = load_devices({str(devices)!r}, path_map={chain.path_map!r})["eiger2"]
"""


@contextmanager
def session_file(folder: Path, code: str) -> Iterator[Path]:
    """Write the session's start to a file that only its owner can read; remove it after."""
    file = folder / "session.py"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(code)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
