"""What must run beside the session: the detector's IOC and the catalog's server, as processes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..catalog import Server
    from ..testing import RunningIoc

__all__ = ["IOC_PREFIX", "READ_ROOT", "WRITE_ROOT", "Chain", "running_chain"]

IOC_PREFIX = "sim_eiger:"
"""Start of the PV names in configs/devices.yml."""
WRITE_ROOT = "/detector/data"
"""The folder of the files as configs/devices.yml says that the IOC sees it."""
READ_ROOT = "/data/eiger2"
"""The same folder as it says that readers see it."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The parts that run, and the folder that they share."""

    ioc: RunningIoc
    server: Server
    files: Path
    """Where the detector's files really are on this machine."""
    spool: Path
    """Where the session keeps documents until they are in the catalog: they go with that."""

    @property
    def path_map(self) -> dict[str, str]:
        """From where configs/devices.yml says that readers find the files to where they are."""
        return {READ_ROOT: str(self.files)}


@contextmanager
def running_chain() -> Iterator[Chain]:
    """Start IOC and server in a temporary folder; end them and remove it, whatever happens."""
    from ..catalog import serve
    from ..testing import ca_repeater, isolate_channel_access, running_ioc

    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="id3c-data-demo-"))
        folder = Path(scratch).resolve()
        files = folder / "eiger2"
        files.mkdir()
        stack.enter_context(_temporary_files_in(folder))
        ports = isolate_channel_access()
        ioc = stack.enter_context(running_ioc(prefix=IOC_PREFIX, ports=ports, mounts={WRITE_ROOT: files}))
        stack.enter_context(ca_repeater(ports))
        server = stack.enter_context(serve(folder / "catalog", readable_storage=[files]))
        yield Chain(ioc, server, files, spool=folder / "spool")


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Let what libraries leave behind go with the folder: importing ophyd.sim makes a folder."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
