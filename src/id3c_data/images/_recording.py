"""A resolver that remembers which files it opened, so that what was found by them need not be found again."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from ..h5api import AllowedRoots, FileIdentity, IndependentResolver, OpenFile, RawFile, RootsLike
from ..paths import PathMapLike

__all__ = ["RecordingResolver"]

_YOUNG_NS: Final = 1_000_000_000
"""A file that was written less than this before it was opened may be written again without a trace: times of
modification are no finer than some milliseconds, on network file systems than a second."""


class RecordingResolver(IndependentResolver):
    """Opens files, and can say whether they are still as they were then."""

    def __init__(self, path_map: PathMapLike = None, allowed_roots: RootsLike | AllowedRoots = None) -> None:
        super().__init__(path_map, allowed_roots)
        self._opened: dict[Path, FileIdentity] = {}
        self._sure = True

    @property
    def unchanged(self) -> bool:
        """Whether each file is for sure as it was when it was opened."""
        return self._sure and all(_is_as(path, identity) for path, identity in list(self._opened.items()))

    def open(self, path: str | os.PathLike[str]) -> OpenFile:
        """Return a file, open for reading as it stands on the disk now."""
        file = super().open(path)
        self._record(file.path, file.identity)
        return file

    def raw_file(self, path: str | os.PathLike[str]) -> RawFile:
        """Return a file without HDF5 structure, as it is now."""
        file = super().raw_file(path)
        self._record(file.path, file.identity)
        return file

    def _record(self, path: Path, identity: FileIdentity) -> None:
        same = self._opened.setdefault(path, identity) == identity
        self._sure = self._sure and same and time.time_ns() - identity.modified_ns >= _YOUNG_NS


def _is_as(path: Path, identity: FileIdentity) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return identity == FileIdentity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
