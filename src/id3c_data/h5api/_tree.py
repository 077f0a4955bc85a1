"""All that is in a file: groups, datasets and links, also those that lead nowhere."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from ..errors import FileIncomplete, Hdf5Error
from ..paths import PathMapLike
from ._branch import Tree
from ._climb import Climb
from ._independent import IndependentResolver
from ._open import FileIdentity, OpenFile
from ._resolver import RawFile
from ._roots import RootsLike
from ._sightings import Sightings

__all__ = ["tree_of"]

_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.05


def tree_of(
    path: str | os.PathLike[str], *, path_map: PathMapLike = None, allowed_roots: RootsLike = None
) -> Tree:
    """Return all that is in a file; no value of a dataset is read, and no link is followed unseen.

    What is behind links to other files is listed with it, each group once. All is read again, a
    few times, if parts of it could not be read, and one of the files changed meanwhile or is not complete.

    Parameters
    ----------
    path
        The file.
    path_map
        Roots as links name them, and as this host has them mounted; tried after the link as it stands.
    allowed_roots
        Folders that no file may lie outside of, whichever link leads there; None allows all.

    Raises
    ------
    Hdf5Error
        The file itself cannot be opened; ``FileMissing`` and the others say why.
    """
    tree = _look(path, path_map, allowed_roots)
    for _ in range(_ATTEMPTS):
        if not (tree.errors and (tree.changed or any(map(_is_incomplete, tree.errors)))):
            break
        time.sleep(_PAUSE_S)
        tree = _look(path, path_map, allowed_roots)
    return tree


def _look(path: str | os.PathLike[str], path_map: PathMapLike, allowed_roots: RootsLike) -> Tree:
    """Return all that is in a file at this moment."""
    resolver = _Watching(path_map, allowed_roots)
    with resolver.open(path) as file:
        branches = tuple(Climb(resolver, file).branches())
        return Tree(file.path, branches, resolver.changed)


class _Watching(IndependentResolver):
    """Opens files, and knows whether one that was opened, or could not be, has changed since."""

    def __init__(self, path_map: PathMapLike, allowed_roots: RootsLike) -> None:
        super().__init__(path_map, allowed_roots)
        self._sightings = Sightings()
        self._seen: dict[Path, FileIdentity | None] = {}

    @property
    def changed(self) -> bool:
        """Whether one of the files is another, or in another state, than when it was met first."""
        return any(self._sightings.see(path) != identity for path, identity in self._seen.items())

    def open(self, path: str | os.PathLike[str]) -> OpenFile:
        """Return a file, open for reading as it stands on the disk now."""
        self._note(path)
        return super().open(path)

    def raw_file(self, path: str | os.PathLike[str]) -> RawFile:
        """Return a file without HDF5 structure, as it is now."""
        self._note(path)
        return super().raw_file(path)

    def _note(self, path: str | os.PathLike[str]) -> None:
        path = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow symlinks)
        if path not in self._seen:
            self._seen[path] = self._sightings.see(path)


def _is_incomplete(error: Hdf5Error) -> bool:
    """Say whether a file is the reason that is empty, cut off, or held open by its writer."""
    return isinstance(error, FileIncomplete) or isinstance(error.__cause__, FileIncomplete)
