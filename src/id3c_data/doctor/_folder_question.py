"""Asking an IOC whether it has a folder, and leaving it as it was.

``FilePathExists_RBV`` is refreshed by a write of ``FilePath`` only, so the question changes that record; and
with ``CreateDirectory`` set the IOC would make a folder that is not there.
"""

from __future__ import annotations

import time
from types import TracebackType

from ..errors import DetectorFault, DetectorTimeout
from ._bounded import look_until
from ._ioc import Ioc

__all__ = ["FolderQuestion"]

_SETTLE_S = 1.0  # readbacks follow a moment after the write that they answer


class FolderQuestion:
    """A context in which an IOC can be asked for folders; at its end the IOC has its settings back.

    Where they cannot be put back, it ends in a `DetectorFault` that says what they were.

    Parameters
    ----------
    ioc
        The IOC.
    port
        What follows the prefix in the names of the port that is asked, such as ``cam1:``.
    """

    def __init__(self, ioc: Ioc, port: str) -> None:
        self._ioc, self._path, self._create = ioc, f"{port}FilePath", f"{port}CreateDirectory"
        self._exists = f"{port}FilePathExists_RBV"

    @staticmethod
    def names(port: str) -> list[str]:
        """Return the PVs that the questions need."""
        names = ("FilePath", "FilePath_RBV", "FilePathExists_RBV", "CreateDirectory", "CreateDirectory_RBV")
        return [port + name for name in names]

    def __enter__(self) -> FolderQuestion:
        self._old_path: str = self._ioc.get(f"{self._path}_RBV", as_string=True)
        self._old_create: int = self._ioc.get(f"{self._create}_RBV")
        self._ioc.put(self._create, 0)
        return self

    def clock_ahead_s(self) -> float:
        """Return how far the IOC's clock is ahead of this machine's."""
        before = time.time()
        self._ioc.put(self._create, 0)
        after = time.time()
        return _outside(self._ioc.timestamp(self._create), before, after)

    def has(self, folder: str, *, expected: bool) -> bool:
        """Ask for a folder.

        Parameters
        ----------
        folder
            As the IOC would see it.
        expected
            The likely answer, for which is waited a moment: readbacks may be late.

        Raises
        ------
        DetectorTimeout
            The IOC does not answer, or does not take the folder.
        """
        self._ioc.put(self._path, folder)
        self._wait_for_path(folder)
        look_until(lambda: self._exists_now() == expected, _SETTLE_S)
        return self._exists_now()

    def _exists_now(self) -> bool:
        return bool(self._ioc.get(self._exists))

    def _wait_for_path(self, folder: str) -> None:
        wanted = folder.rstrip("/\\")  # the IOC adds the separator at the end
        if not look_until(lambda: self._path_now().rstrip("/\\") == wanted, self._ioc.patience_s):
            raise DetectorTimeout(
                f"was told {folder!r}, and says {self._path_now()!r}",
                where=f"{self._ioc.prefix}{self._path}_RBV",
                next_step="see whether another client writes to this IOC",
            )

    def _path_now(self) -> str:
        return self._ioc.get(f"{self._path}_RBV", as_string=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            self._ioc.put(self._path, self._old_path)  # before it may make folders again
            self._ioc.put(self._create, self._old_create)
        except DetectorTimeout as timeout:
            raise DetectorFault(
                f"{self._path} and {self._create} could not be put back to what they were",
                where=self._ioc.prefix,
                next_step=f"write {self._old_path!r} and {self._old_create} there",
            ) from timeout


def _outside(moment: float, start: float, end: float) -> float:
    """Return how far a moment is after an interval (or before it: negative); 0 inside."""
    return moment - end if moment > end else min(0.0, moment - start)
