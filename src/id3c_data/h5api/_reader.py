"""Looking again until what was asked for is there, or will never be."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

from ..errors import BrokenLink, FileClosed, Hdf5Error, LinkOutsideRoots
from ..paths import PathMapLike
from ._looks import Files, Look, NotYet
from ._roots import AllowedRoots, RootsLike
from ._standing import Standing
from ._waiting import Patience, Waiting, Wanted

__all__ = ["Attempt", "Reader"]

T = TypeVar("T")
Attempt: TypeAlias = Callable[[Look, Standing], T]
"""Reads something in a look, or raises `NotYet`; told where the scan stood before the look."""


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
        FileClosed
            The reader is closed.
        """
        waiting = Waiting(wanted, self.patience, self._files.sightings, lambda: self.closed)
        while True:
            standing = wanted.scan.standing()
            strict = not standing.over or waiting.seconds <= self.patience.settle_timeout
            look = Look(
                self._files,
                calm=strict and standing.awaits_files,
                hurried=waiting.hurried,
                strict=strict,
                thorough=waiting.thorough,
            )
            waiting.begin_look()
            try:
                return self._once(attempt, look, standing)
            except LinkOutsideRoots:
                raise
            except NotYet as error:
                reason: Exception = error
            except Hdf5Error as error:
                if not may_still_come(error, standing):
                    raise
                reason = error
            with self._lock:
                self._files.tidy()
            waiting.pause(look, standing, reason)

    def _once(self, attempt: Attempt[T], look: Look, standing: Standing) -> T:
        """Make one attempt; one that fails or not, it counts only if no file changed meanwhile."""
        with self._lock:
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


def may_still_come(error: Hdf5Error, standing: Standing) -> bool:
    """Say whether a failure may be for the moment only."""
    if isinstance(error, BrokenLink) and error.what.startswith("there is no"):
        return not standing.over
    return standing.awaits_files
