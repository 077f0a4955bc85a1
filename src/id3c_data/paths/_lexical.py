"""Paths as text: which flavour a path is of, and whether it lies below a folder.

Nothing here looks at a disk. A path with ``..`` in it lies below nothing, because only the disk knows where
``link/..`` leads.
"""

from __future__ import annotations

import re
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Literal

__all__ = ["PathSemantics", "is_below", "is_name", "looks_like_windows", "pure_path", "relative_parts"]

PathSemantics = Literal["posix", "windows"]

# What Win32 cannot keep in one name: it would split it, take it for a stream or a drive, or drop its end.
_NOT_A_WINDOWS_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[ .]$')
# Devices of Win32, also with an ending: "Naming Files, Paths, and Namespaces", in its documentation.
_WINDOWS_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[1-9\u00b9\u00b2\u00b3]) *(?:\.|$)", re.IGNORECASE
)


def pure_path(
    path: str | PurePath, semantics: PathSemantics | None = None
) -> PurePosixPath | PureWindowsPath:
    r"""Return a path in the flavour asked for, or in the one that its text shows.

    Parameters
    ----------
    path
        Text or path.
    semantics
        The flavour; without it, what starts with a drive letter or ``\\server\share`` is a Windows path, and
        everything else is a POSIX path.
    """
    text = str(path)
    if semantics is None:
        semantics = "windows" if isinstance(path, PureWindowsPath) or looks_like_windows(text) else "posix"
    if semantics == "windows":
        return PureWindowsPath(text)
    # Two leading slashes are left to the system by POSIX; Linux takes them as one.
    return PurePosixPath(re.sub(r"^/+", "/", text))


def is_below(path: str | PurePath, root: str | PurePath) -> bool:
    """Say whether a path is a folder itself or lies below it, by path components.

    ``/database`` is not below ``/data``; a relative path and one with ``..`` are below nothing. Windows paths
    are compared without regard to case, as Windows does.
    """
    return relative_parts(pure_path(path), pure_path(root)) is not None


def relative_parts(
    path: PurePosixPath | PureWindowsPath, root: PurePosixPath | PureWindowsPath
) -> tuple[str, ...] | None:
    """Return the components of a path below a root, or None where it is not below it."""
    if type(path) is not type(root) or not (path.is_absolute() and root.is_absolute()):
        return None
    if ".." in path.parts or ".." in root.parts or "\0" in str(path):
        return None
    if not path.is_relative_to(root):
        return None
    return path.parts[len(root.parts) :]


def is_name(component: str, semantics: PathSemantics) -> bool:
    """Say whether a component can be one file's or folder's name on such a system."""
    if semantics == "windows":
        return not (_NOT_A_WINDOWS_NAME.search(component) or _WINDOWS_DEVICE.match(component))
    return "/" not in component and "\0" not in component


def looks_like_windows(text: str) -> bool:
    """Say whether a path starts with a drive letter or names a share."""
    return bool(re.match(r"[A-Za-z]:[\\/]|\\\\", text))
