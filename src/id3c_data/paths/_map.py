"""A map from roots as documents name them to where this host has them mounted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import TypeAlias, cast

from ..errors import ConfigError
from ._lexical import pure_path, relative_parts
from ._templates import PathTemplates

__all__ = ["PathMap", "PathMapLike"]


@dataclass(frozen=True, slots=True)
class PathMap:
    """Roots as the documents (or a file's links) name them, and the same roots here.

    Parameters
    ----------
    pairs
        ``(root there, root here)``; where several match, the longest wins. A root there may be of Windows,
        one here may not.

    Raises
    ------
    ConfigError
        Where a root is not absolute or holds ``..``, or one here is of Windows.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for pair in self.pairs:
            for root in pair:
                if not pure_path(root).is_absolute() or ".." in pure_path(root).parts:
                    raise ConfigError(
                        f"{root!r} is no absolute path without '..'",
                        where=f"path map {pair[0]!r} -> {pair[1]!r}",
                        next_step="write both roots in full",
                    )
            if isinstance(pure_path(pair[1]), PureWindowsPath):
                raise ConfigError(
                    f"the root here, {pair[1]!r}, is a Windows path",
                    where=f"path map {pair[0]!r} -> {pair[1]!r}",
                    next_step="write the POSIX path where this host has it mounted, behind the root there",
                )

    @classmethod
    def of(cls, value: PathMapLike) -> PathMap:
        """Return a map made from whatever a caller has: nothing, a mapping, pairs, templates or a map."""
        if isinstance(value, PathMap):
            return value
        if value is None:
            return cls()
        if isinstance(value, PathTemplates):
            return cls(((value.write_base, value.read_base),))
        if isinstance(value, Mapping):
            return cls(tuple(cast("Mapping[str, str]", value).items()))
        return cls(tuple((str(there), str(here)) for there, here in value))

    def to_here(self, path: str | PurePath) -> PurePosixPath:
        """Return a path as this host has it; one below none of the roots comes back as it is."""
        there = pure_path(path)
        best: tuple[int, PurePosixPath] | None = None
        for root, here in self.pairs:
            parts = relative_parts(there, pure_path(root))
            if parts is not None and (best is None or len(parts) < best[0]):
                best = len(parts), PurePosixPath(here, *parts)
        return best[1] if best else PurePosixPath(str(path))


PathMapLike: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]] | PathTemplates | PathMap | None
