"""Files that are written in SWMR mode: one open of each in this process, one handle of each dataset.

A refresh of a dataset of which the process has a second handle gives its new shape, but leaves the table of
its chunks as it was, and what is read then may be anything; so there must be no second handle, whoever reads
the file here. Finding a dataset makes one for a moment, so only one thread at a time may find, refresh, read.
"""

# pyright: reportAttributeAccessIssue=false, reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import h5py
from h5py import h5o

from ._hops import Found
from ._open import OpenFile, open_file
from ._roots import AllowedRoots

__all__ = ["SwmrFile", "alone", "newest"]


class SwmrFile:
    """A file in SWMR mode that all readers of this process share.

    Attributes
    ----------
    file
        The open file.
    """

    lock: ClassVar = threading.RLock()
    _all: ClassVar[dict[tuple[int, int], SwmrFile]] = {}
    _released: ClassVar[deque[SwmrFile]] = deque()

    def __init__(self, file: OpenFile) -> None:
        self.file, self._users = file, 0
        self._datasets: dict[int, h5py.Dataset] = {}

    @classmethod
    def open(cls, path: Path, roots: AllowedRoots | None = None) -> SwmrFile:
        """Return the file; each caller has to `release` it.

        Raises
        ------
        Hdf5Error
            What `open_file` raises.
        """
        with cls.lock:
            opened = open_file(path, roots)  # each caller's own roots are checked
            shared = cls._all.get(_key(opened))
            if shared is None:
                shared = cls._all[_key(opened)] = cls(opened)
            else:
                opened.close()
            shared._users += 1
            return shared

    @classmethod
    def of(cls, file: OpenFile) -> SwmrFile | None:
        """Return the shared file of an open one."""
        return cls._all.get(_key(file))

    def release(self) -> None:
        """Close the file unless another reader has it.

        This waits for no other thread: garbage may be collected anywhere, also within a call of h5py, for
        whose own lock one that reads a SWMR file may wait.
        """
        self._released.append(self)
        self.close_released()

    @classmethod
    def close_released(cls) -> None:
        """Close the files that nobody reads any more; who reads one in another thread does it on leaving."""
        while cls._released and cls.lock.acquire(blocking=False):
            try:
                while cls._released:
                    cls._released.popleft()._leave()
            finally:
                cls.lock.release()

    def _leave(self) -> None:
        self._users -= 1
        if not self._users:
            self._all.pop(_key(self.file), None)
            self._datasets.clear()
            self.file.close()

    def newest(self, dataset: h5py.Dataset) -> h5py.Dataset:
        """Return the one handle of a dataset, refreshed; the one given is not to be used any more."""
        with self.lock:
            only = self._datasets.setdefault(h5o.get_info(dataset.id).addr, dataset)
            if only is not dataset:
                dataset.id.close()
            only.refresh()
            return only


@contextmanager
def alone() -> Generator[None]:
    """Keep other threads from finding, refreshing and reading SWMR datasets."""
    with SwmrFile.lock:
        yield
    SwmrFile.close_released()


def newest(found: Found) -> Found:
    """Return what was found as it is now, where the file is one that grows while it is open."""
    shared = SwmrFile.of(found.file) if found.file.swmr else None
    if shared is None or not isinstance(found.node, h5py.Dataset):
        return found
    return replace(found, node=shared.newest(found.node))


def _key(file: OpenFile) -> tuple[int, int]:
    return file.identity.device, file.identity.inode
