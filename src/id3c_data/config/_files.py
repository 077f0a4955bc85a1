"""Which files a check looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from ._beside import is_beside

__all__ = ["Paths", "devices_files"]

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
"""One file or folder, or several."""


def devices_files(paths: Paths) -> tuple[Path, ...]:
    """Return each file once: those named, and of each folder the ``*.yml`` and ``*.yaml`` of devices in it.

    A file that stands beside devices stands for its folder.

    A folder that holds none is returned itself: reading it is a problem that says so.
    """
    if isinstance(paths, str | PathLike):
        paths = [paths]
    return tuple(dict.fromkeys(file for path in paths for file in _files_of(Path(path))))


def _files_of(path: Path) -> Iterator[Path]:
    if is_beside(path):
        path = path.parent
    if not path.is_dir():
        yield path
        return
    found = [file for file in path.iterdir() if "devices" in file.stem and file.suffix in (".yml", ".yaml")]
    yield from sorted(found) or [path]
