"""Where the scans of a BLISS file stand, as the file says itself."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any, Final

from ..errors import Hdf5Error
from ..paths import PathMapLike
from ._files import Files
from ._looks import Look, NotYet
from ._open import FileIdentity
from ._peek import read_scalar
from ._roots import AllowedRoots, RootsLike
from ._scan_state import ScanPhase
from ._standing import ScanWatch
from ._waiting import poll_pause

__all__ = ["BlissScanState", "BlissScans"]

_PHASES: Final = {
    "STARTING": ScanPhase.NOT_PREPARED,
    "RUNNING": ScanPhase.PREPARED,
    "SUCCEEDED": ScanPhase.FINISHED,
    "FAILED": ScanPhase.FINISHED,
}
_MOST_LOOKS: Final = 3  # one after the other, at a file that is being written
_WORK_SHARE: Final = 100  # a file that cannot be read takes a hundredth of the processor at most


class BlissScanState:
    """Where one scan of a BLISS file stands: a `ScanState`.

    ``writer/status`` is STARTING, RUNNING, SUCCEEDED or FAILED, and ``end_time`` the last dataset that is
    written. A scan that is not in the file yet is NOT_PREPARED.

    Parameters
    ----------
    file
        The file; it need not be there yet.
    scan
        Name of the scan's group, such as ``"1.1"``.
    path_map, allowed_roots
        As `Resolver` takes them.
    """

    def __init__(
        self,
        file: str | os.PathLike[str],
        scan: str,
        path_map: PathMapLike = None,
        allowed_roots: RootsLike | AllowedRoots = None,
    ) -> None:
        self.path, self.scan = Path(os.path.abspath(file)), scan  # noqa: PTH100
        self._files = Files(path_map, allowed_roots)
        self._lock = threading.Lock()
        self._phase = ScanPhase.NOT_PREPARED
        self._looked_at: FileIdentity | None = None
        self._next_look = 0.0

    @property
    def phase(self) -> ScanPhase:
        """The phase at this moment."""
        with self._lock:
            if self._phase is not ScanPhase.FINISHED:
                identity = self._files.sightings.see(self.path)
                if identity not in (None, self._looked_at) and time.monotonic() >= self._next_look:
                    self._look()
            return self._phase

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:
        """Return the phase as soon as it is another than the known one, or after ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (phase := self.phase) <= known and phase is not ScanPhase.FINISHED:  # others may see it first
            pause = poll_pause(self._files.sightings)
            if deadline is not None:
                pause = min(pause, deadline - time.monotonic())
            if pause <= 0:
                return known
            time.sleep(pause)
        return phase

    def __repr__(self) -> str:
        return f"BlissScanState({str(self.path)!r}, {self.scan!r})"

    def _look(self) -> None:
        """Read the phase; where that fails, try again later."""
        for _ in range(_MOST_LOOKS):
            look = Look(self._files, calm=True)
            began = time.thread_time()
            try:
                with look:
                    phase = self._read(look)
                    look.confirm()
            except NotYet:
                time.sleep(look.quiet_in())
            except Hdf5Error:
                self._next_look = time.monotonic() + _WORK_SHARE * (time.thread_time() - began)
                self._files.close()
                return
            else:
                self._looked_at, self._phase = look.note(self.path), max(self._phase, phase)
                if self._phase is ScanPhase.FINISHED:
                    self._files.close()
                return

    def _read(self, look: Look) -> ScanPhase:
        if self._value(look, "end_time") is not None:
            return ScanPhase.FINISHED
        return _PHASES.get(_text(self._value(look, "writer/status")), ScanPhase.NOT_PREPARED)

    def _value(self, look: Look, name: str) -> Any:
        """Return the value of a dataset of the scan; None where it is not there."""
        found = look.get_or_none(self.path, f"/{self.scan}/{name}")
        return None if found is None else read_scalar(found, ())


class BlissScans:
    """Each group at the top of the file is a scan; the top level itself belongs to none.

    Parameters
    ----------
    path, path_map, allowed_roots
        As `BlissScanState` takes them.
    settle_timeout
        Seconds after the end of a scan in which what was promised may still come.
    """

    def __init__(
        self,
        path: Path,
        path_map: PathMapLike,
        allowed_roots: RootsLike | AllowedRoots,
        settle_timeout: float,
    ) -> None:
        self._path, self._settle_timeout = path, settle_timeout
        self._path_map, self._allowed_roots = path_map, allowed_roots
        self._no_scan = ScanWatch(None, settle_timeout)
        self._scans: dict[str, ScanWatch] = {}

    def above(self, path: str) -> ScanWatch:
        """Return the scan that may bring what is at a path."""
        return self.inside(path.rpartition("/")[0])

    def inside(self, path: str) -> ScanWatch:
        """Return the scan that may bring what is inside a node."""
        scan = path.strip("/").partition("/")[0]
        if not scan:
            return self._no_scan
        if scan not in self._scans:
            state = BlissScanState(self._path, scan, self._path_map, self._allowed_roots)
            self._scans[scan] = ScanWatch(state, self._settle_timeout, polled=True)
        return self._scans[scan]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
