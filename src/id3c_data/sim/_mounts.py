"""The IOC's view of the disk: the same folders as here, under other paths."""

from __future__ import annotations

import ntpath
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["IocDisk", "Mount"]

_WINDOWS = re.compile(r"^(?:[A-Za-z]:[\\/]|\\\\)")


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of this machine and the path under which the IOC sees it."""

    view: str
    folder: Path

    @classmethod
    def parse(cls, text: str) -> Mount:
        r"""Return the mount from ``VIEW=FOLDER``, such as ``/data=/tmp/x`` or ``D:\data=/tmp/x``."""
        view, equals, folder = text.partition("=")
        if not (view and equals and folder):
            raise ValueError(f"mount {text!r}: write it as VIEW=FOLDER, such as /detector/data=/tmp/data")
        mount = cls(view, Path(folder).absolute())
        if not mount.windows and not view.startswith("/"):
            raise ValueError(f"mount {text!r}: the IOC's view {view!r} is not an absolute path")
        return mount

    @property
    def windows(self) -> bool:
        """Whether the view is a Windows path."""
        return bool(_WINDOWS.match(self.view))

    @property
    def parts(self) -> tuple[str, ...]:
        """The components of the view, for comparison."""
        return _parts(self.view, self.windows)


def _parts(path: str, windows: bool) -> tuple[str, ...]:
    """Return the components of a path in the IOC's view, in small letters for Windows."""
    if windows:
        normal = ntpath.normpath(path).replace("\\", "/")
        return tuple(normal.lower().split("/"))
    return tuple(posixpath.normpath(path).rstrip("/").split("/"))


@dataclass(frozen=True, slots=True)
class IocDisk:
    """What the IOC's machine sees of the disk.

    Without mounts it sees the same paths as this machine. With mounts it sees nothing else: any other path
    does not exist for it.
    """

    mounts: tuple[Mount, ...] = ()

    @property
    def windows(self) -> bool:
        """Whether the IOC runs on Windows."""
        return any(mount.windows for mount in self.mounts)

    @property
    def separator(self) -> str:
        """The separator of path components on the IOC's machine."""
        return "\\" if self.windows else "/"

    def with_separator(self, path: str) -> str:
        """Return the path with the trailing separator that areaDetector adds."""
        ends = ("/", "\\") if self.windows else ("/",)
        return path if not path or path.endswith(ends) else path + self.separator

    def here(self, path: str) -> Path | None:
        """Return the path of this machine, or None where the IOC's machine has no such path."""
        if not self.mounts:
            return Path(path) if path.startswith("/") else None
        wanted = _parts(path, self.windows)
        for mount in sorted(self.mounts, key=lambda m: len(m.parts), reverse=True):
            depth = len(mount.parts)
            if wanted[:depth] == mount.parts:
                return mount.folder.joinpath(*_spelled(path, self.windows)[depth:])
        return None

    def create(self, path: str, depth: int) -> None:
        """Create a folder as ``CreateDirectory`` says; what it does not allow is not made.

        Parameters
        ----------
        path
            The folder, in the IOC's view.
        depth
            Negative: the number of folders at the end of the path that may be made. Positive: the number of
            folders at its beginning that must exist. 0: none is made.
        """
        folder = self.here(path)
        if folder is None or folder.exists() or not depth:
            return
        missing = sum(not p.exists() for p in (folder, *folder.parents))
        levels = len([part for part in _spelled(path, self.windows) if part])
        if missing <= (-depth if depth < 0 else levels - depth):
            folder.mkdir(parents=True, exist_ok=True)


def _spelled(path: str, windows: bool) -> tuple[str, ...]:
    """Return the components of a path as it is spelled."""
    normal = ntpath.normpath(path).replace("\\", "/") if windows else posixpath.normpath(path)
    return tuple(normal.rstrip("/").split("/"))
