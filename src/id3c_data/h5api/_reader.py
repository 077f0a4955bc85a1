"""Looking again until what was asked for is there, or will never be."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from ..errors import FileClosed, FileIncomplete, FileReplaced, Hdf5Error, LinkOutsideRoots, NotInFile
from ..paths import PathMapLike
from ._agreement import in_common
from ._files import Files
from ._looks import Look, NotQuiet, NotYet
from ._roots import AllowedRoots, RootsLike
from ._standing import ScanWatch, Standing
from ._waiting import Patience, Waiting, Wanted

__all__ = ["Attempt", "Reader"]

T = TypeVar("T")
Attempt: TypeAlias = Callable[[Look, Standing], T]
"""Reads something in a look, or raises `NotYet`; told where the scan stood before the look."""

_REFUSALS: Final = 6
"""Looks in a row that met a writer, until two looks that agree are enough."""


class Reader:
    """Reads files that may be written meanwhile; thread-safe.

    Parameters
    ----------
    path
        The file that everything else is found from.
    patience
        How long to wait for what.
    path_map, allowed_roots
        As `Resolver` takes them.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        patience: Patience,
        path_map: PathMapLike = None,
        allowed_roots: RootsLike | AllowedRoots = None,
    ) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow symlinks)
        self.patience, self.closed = patience, False
        self._refused = 0
        self._ended: weakref.WeakSet[ScanWatch] = weakref.WeakSet()
        self._files = Files(path_map, allowed_roots)
        self._lock = threading.RLock()
        weakref.finalize(self, self._files.close)

    def close(self) -> None:
        """Close all files, and end all reads that wait."""
        self.closed = True
        with self._lock:
            self._files.close()

    def until(self, attempt: Attempt[T], wanted: Wanted) -> T:
        """Return what an attempt gives, as soon as it gives something in a look that counts.

        Raises
        ------
        RetryTimeoutException
            It has waited for too long.
        FileIncomplete
            The scan is long over, and a file is still written to in such a way that no two looks agree.
        FileClosed
            The reader is closed.
        """
        waiting = Waiting(wanted, self.patience, self._files.sightings, lambda: self.closed)
        afresh, refused = False, 0
        while True:
            standing = wanted.scan.standing()
            self._open_anew_after(wanted.scan, standing)
            restless = self._refused >= _REFUSALS
            look = Look(
                self._files,
                calm=standing.awaits_files and not restless,
                strict=not restless,
                thorough=waiting.thorough,
            )
            waiting.begin_look()
            try:
                if restless:
                    return self._twice(attempt, look, standing, cut=wanted.cut)
                result = self._once(attempt, look, standing)
                self._refused = 0
                return result
            except (LinkOutsideRoots, FileReplaced):
                raise
            except NotYet as error:
                if look.met_writer or isinstance(error, NotQuiet):
                    self._refused = min(self._refused + 1, 2 * _REFUSALS)
                    refused += 1
                if refused > 2 * _REFUSALS and not waiting.settles(standing):
                    raise never_quiet(error, wanted) from error
                reason: Exception = _alone(error)
            except Hdf5Error as error:
                if not may_still_come(error, standing):
                    if afresh:
                        raise
                    afresh = True  # what was open since an earlier look may be older than the file is now
                    continue
                reason = _alone(error)
            with self._lock:
                self._files.tidy()
            waiting.pause(look, standing, reason)

    def _open_anew_after(self, scan: ScanWatch, standing: Standing) -> None:
        """Close all files when a scan has ended: what is found to be missing now is not looked for again.

        A writer that is stopped within a write leaves a file whose time says that it is the same as before.
        """
        if standing.over and scan not in self._ended:
            with self._lock:
                self._ended.add(scan)
                self._files.close()

    def _once(self, attempt: Attempt[T], look: Look, standing: Standing) -> T:
        """Make one attempt; one that fails or not, it counts only if no file changed meanwhile."""
        with self._lock, look:
            if self.closed:
                raise FileClosed("the file is closed", str(self.path), "open it again")
            try:
                result = attempt(look, standing)
                look.confirm()
            except (NotYet, LinkOutsideRoots):
                raise
            except Exception:
                self._files.close()  # what failed is opened afresh
                look.confirm()
                raise
            self._files.trim()
            return result

    def _twice(self, attempt: Attempt[T], first: Look, standing: Standing, *, cut: bool) -> T:
        """Make two attempts at a file that is never quiet: what both find counts, if it has only grown.

        A file in which something is replaced does not grow all the time, and what is only half written at one
        moment is not so at another. Where all that HDF5 had read for an attempt still stood in the file when
        it was done, another would find the same, and one is enough.
        """
        result = self._outcome(attempt, first, standing)
        if not first.stood:
            second = Look(self._files, strict=False)
            other = self._outcome(attempt, second, standing)
            if not (second.stood or first.agrees_with(second)):
                raise NotQuiet("a file is being written, and not only longer")
            result = other if second.stood else in_common(result, other, cut=cut)
        if isinstance(result, Exception):
            raise result
        if not first.changed():
            self._refused -= 1
        return result

    def _outcome(self, attempt: Attempt[T], look: Look, standing: Standing) -> T | Exception:
        """Return what an attempt gives, or the error that it ends in, which may come of the writing too."""
        try:
            return self._once(attempt, look, standing)
        except (NotYet, LinkOutsideRoots):
            raise
        except Exception as error:
            return _alone(error)


def _alone(error: Exception) -> Exception:
    """Return an error without the frames that it came through.

    One of these, or of their callers, has it as a variable for a while, and such circles are left to Python's
    garbage collector: with one for each frame that is often at work, and now and then holds up all threads
    for 20 ms.
    """
    return error.with_traceback(None)


def never_quiet(reason: NotYet, wanted: Wanted) -> FileIncomplete:
    """Return the error for a file that never stays the same although its scan is over."""
    return FileIncomplete(
        f"{wanted.what} cannot be read: {reason.reason}, although the scan is over",
        wanted.where,
        "see what writes to it, and read again when that has ended",
    )


def may_still_come(error: Hdf5Error, standing: Standing) -> bool:
    """Say whether a failure may be for the moment only."""
    if isinstance(error, NotInFile):
        return not standing.over
    return standing.awaits_files
