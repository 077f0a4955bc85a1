"""Which files a check looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from os.path import realpath
from pathlib import Path

from ._beside import is_beside

__all__ = ["Paths", "as_paths", "devices_files"]

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
"""One file or folder, or several."""


def devices_files(paths: Paths) -> tuple[Path, ...]:
    """Return each file once: those named, and of each folder the ``*.yml`` and ``*.yaml`` of devices in it.

    A file that is reached in several ways, such as by a link, has the path by which it comes first. One that
    stands beside devices stands for them; where there are none, for itself.

    A folder that holds none is returned itself: reading it is a problem that says so.
    """
    found: dict[str, Path] = {}
    for path in as_paths(paths):
        for file in _files_of(path):
            found.setdefault(realpath(file), file)
    return tuple(found.values())


def as_paths(paths: Paths) -> list[Path]:
    """Return one path or several as a list."""
    return [Path(path) for path in ([paths] if isinstance(paths, str | PathLike) else paths)]


def _files_of(path: Path) -> Iterator[Path]:
    folder = path.parent if is_beside(path) else path
    found = folder.iterdir() if folder.is_dir() else ()
    named = [file for file in found if "devices" in file.stem and file.suffix in (".yml", ".yaml")]
    yield from sorted(named) or [path]
