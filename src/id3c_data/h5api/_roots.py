"""The folders that reading must not leave."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..errors import LinkOutsideRoots

__all__ = ["AllowedRoots", "RootsLike"]

RootsLike = Iterable[str | os.PathLike[str]] | None


@dataclass(frozen=True, slots=True)
class AllowedRoots:
    """Real folders, and a check that a real path lies below one of them.

    Parameters
    ----------
    folders
        Real paths, symlinks resolved; None allows everything.
    """

    folders: tuple[Path, ...] | None = None

    @classmethod
    def of(cls, value: RootsLike | AllowedRoots) -> AllowedRoots:
        """Return the roots for whatever a caller has: nothing, folders, or roots."""
        if isinstance(value, AllowedRoots):
            return value
        if value is None:
            return cls()
        folders = [value] if isinstance(value, (str, os.PathLike)) else value
        return cls(tuple(Path(os.path.realpath(folder)) for folder in folders))

    def allow(self, real_path: PurePath) -> bool:
        """Say whether a real path lies below one of the roots."""
        return self.folders is None or any(real_path.is_relative_to(folder) for folder in self.folders)

    def check(self, real_path: PurePath, named: PurePath) -> None:
        """Raise `LinkOutsideRoots` unless a real path lies below one of the roots.

        Parameters
        ----------
        real_path
            Where the file really is, symlinks resolved.
        named
            The path under which it was asked for.
        """
        if not self.allow(real_path):
            roots = ", ".join(map(str, self.folders or ())) or "none at all"
            raise LinkOutsideRoots(
                f"the file lies outside the allowed folders ({roots})",
                str(named),
                "add its folder to allowed_roots if reading it is meant to be allowed",
            )
