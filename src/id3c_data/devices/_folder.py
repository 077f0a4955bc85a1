"""The folder of a run as this host sees it: whether it is mounted, which files are there and whole."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from ..errors import DeviceError, FramesMissing
from ..paths import HDF5_HEAD_SIZE, promised_size

__all__ = ["ReadFolder", "missing_bytes"]

_SLOWEST_LOOK_S = 0.5
_ANSWER_S = 30.0
"""Longest that the read side may take to answer; an NFS server that is gone never does."""

T = TypeVar("T")


class ReadFolder:
    """A run's folder on the read side.

    Every look at it is made in a thread of its own: one that never ends must not take the scan along.

    Parameters
    ----------
    folder
        Where this run's files appear.
    base
        The folder that must be there if the read side is mounted at all.

    Raises
    ------
    DeviceError
        From all that looks: the file system does not answer.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder, self.base = folder, base

    @property
    def mounted(self) -> bool:
        """Whether this host has the read side."""

        def look() -> bool:
            with contextlib.suppress(OSError):
                os.listdir(self.base.parent)  # noqa: PTH208 (an NFS client forgets that it was not there)
            return self.base.is_dir()

        return self._answer(look)

    def names(self) -> set[str]:
        """Return the names that are there now.

        The listing also makes an NFS client forget that it once looked for a file in vain.
        """
        return self._answer(self._names)

    def wait_until_there(
        self,
        names: Iterable[str],
        patience_s: float,
        *,
        whole: bool,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Return when all of these files are there.

        Parameters
        ----------
        names
            Of the files.
        patience_s
            Give up this long after the last change.
        whole
            Whether they must be complete, too.
        sleep
            Passes the time between two looks: there is no event to wait for, NFS tells nobody of new files.

        Raises
        ------
        FramesMissing
            Some are not there, or not whole.
        """
        wanted = sorted(names)
        faults = self._answer(lambda: self._faults(wanted, whole))
        deadline, pause = time.monotonic() + patience_s, 0.01
        while faults:
            if time.monotonic() > deadline:
                raise self._error(faults, len(wanted))
            sleep(pause)
            pause = min(2 * pause, _SLOWEST_LOOK_S)
            left = list(faults)
            before, faults = faults, self._answer(lambda left=left: self._faults(left, whole))
            if faults != before:
                deadline = time.monotonic() + patience_s

    def _names(self) -> set[str]:
        try:
            return set(os.listdir(self.folder))  # noqa: PTH208 (names are all that is wanted)
        except OSError:  # the folder is not there yet, or not for us
            return set()

    def _answer(self, look: Callable[[], T]) -> T:
        """Return what a look finds, if it ends."""
        found: Future[T] = Future()

        def run() -> None:
            try:
                found.set_result(look())
            except BaseException as error:
                found.set_exception(error)

        threading.Thread(target=run, name=f"look at {self.folder}", daemon=True).start()
        try:
            return found.result(_ANSWER_S)
        except TimeoutError:
            raise DeviceError(
                f"the read side does not answer within {_ANSWER_S:g} s",
                where=str(self.folder),
                next_step="see whether its file server is there: `id3c-data doctor`",
            ) from None

    def _faults(self, names: list[str], whole: bool) -> dict[str, str]:
        present = self._names()
        faults = {}
        for name in names:
            if name not in present:
                faults[name] = "is not there"
            elif whole and (problem := missing_bytes(self.folder / name)):
                faults[name] = problem
        return faults

    def _error(self, faults: dict[str, str], wanted: int) -> FramesMissing:
        first, problem = next(iter(faults.items()))
        more = f" (and {len(faults) - 1} more of {wanted} files)" if len(faults) > 1 else ""
        return FramesMissing(
            f"{problem}{more}",
            where=str(self.folder / first),
            next_step="see whether the IOC really writes to the disk that the read template names, whether "
            "that disk is full, and what the IOC's console says about this file",
        )


def missing_bytes(path: Path) -> str:
    """Return what makes a file incomplete, or nothing if it is whole.

    An HDF5 file says in its first bytes how long it is; HDF5 itself refuses one that is shorter. Files are
    looked at as bytes here because the control side opens no HDF5.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HDF5_HEAD_SIZE)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not size:
        return "is empty"
    promised = promised_size(head)
    if promised is None:
        return "does not start like an HDF5 file"
    if size < promised:
        return f"has {size} of its {promised} bytes"
    return ""
