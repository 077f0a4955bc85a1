"""The files that one file object reads, some of them open from one look to the next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..paths import PathMap, PathMapLike
from ._bytes import Ranges
from ._independent import IndependentFile, in_swmr_mode, open_independent, written_in_swmr_mode
from ._open import FileIdentity, OpenFile
from ._roots import AllowedRoots, RootsLike
from ._sightings import Sightings
from ._swmr import SwmrFile

__all__ = ["Files"]

_MOST_OPEN: Final = 16


class _Held(OpenFile):
    """A file that stays open when a look at it is over."""

    def __init__(self, file: OpenFile, close: Callable[[], None], *, quiet: bool) -> None:
        super().__init__(file.path, file.real_path, file.descriptor, file.hdf5, swmr=file.swmr)
        self.identity, self.really_close = file.identity, close
        self._quiet = quiet
        self._content = file.content if isinstance(file, IndependentFile) else None

    def close(self) -> None:
        """Do nothing: `Files` closes it."""

    def is_older(self, identity: FileIdentity | None) -> bool:
        """Say whether that is a later state of the same file, and it has not become shorter."""
        if identity is None:
            return False
        same = (identity.device, identity.inode) == (self.identity.device, self.identity.inode)
        return same and identity.size >= self.identity.size

    def serves(self, identity: FileIdentity | None, *, quiet: bool, thorough: bool = False) -> bool:
        """Say whether a file that is in this state now can be read through this open.

        Parameters
        ----------
        identity
            The state of the file.
        quiet
            Whether it has been the same for so long that the next change is sure to show. One that comes in
            the same moment as another may leave the state as it was.
        thorough
            Look at the bytes in any case.
        """
        if self.swmr:
            return self.is_older(identity)
        if identity == self.identity and (self._content is None or (self._quiet and not thorough)):
            return True
        if self._content is None or not self.is_older(identity) or not self._content.is_unchanged():
            return False
        self.identity, self._quiet = self._content.identity, quiet and self._content.identity == identity
        return True

    def was_read_at(self, identity: FileIdentity | None) -> bool:
        """Say whether all that HDF5 knows of the file was in it at one moment of that state."""
        return self._content is not None and self._content.at_once and identity == self.identity

    @property
    def ranges(self) -> Ranges:
        """What HDF5 has read of the file, and is likely to read again."""
        return () if self._content is None else self._content.ranges


class Files:
    """The files that one file object reads, some of them open.

    A file stays open as long as what HDF5 has read of it stays the same, and a SWMR file while it grows;
    otherwise it is opened again, since HDF5 gives no other way to see what changed.

    Parameters
    ----------
    path_map, allowed_roots
        As `Resolver` takes them.
    """

    def __init__(self, path_map: PathMapLike, allowed_roots: RootsLike | AllowedRoots) -> None:
        self.path_map, self.allowed_roots = PathMap.of(path_map), AllowedRoots.of(allowed_roots)
        self.sightings = Sightings()
        self.opened = 0
        self._dropped: list[_Held] = []
        self._held: OrderedDict[Path, _Held] = OrderedDict()

    def hold(self, path: Path, identity: FileIdentity | None, *, swmr: bool, thorough: bool = False) -> _Held:
        """Return a file that is in this state now, open."""
        held = self._held.get(path)
        quiet = self.sightings.unquiet_for(path) <= 0
        if held is not None and held.swmr == swmr and held.serves(identity, quiet=quiet, thorough=thorough):
            self._held.move_to_end(path)
            return held
        ranges = held.ranges if held is not None and held.is_older(identity) else ()
        self.drop(path)
        if swmr:
            shared = SwmrFile.open(path, self.allowed_roots)
            held = _Held(shared.file, shared.release, quiet=False)
        else:
            file = open_independent(path, self.allowed_roots, ranges)
            held = _Held(file, file.close, quiet=quiet and file.identity == identity)
        self._held[path] = held
        self.opened += 1
        return held

    def grows(self, path: Path, identity: FileIdentity) -> bool:
        """Say whether a file is written in SWMR mode, and so may be read while it grows."""
        held = self._held.get(path)
        if held is not None and held.swmr and held.is_older(identity):
            return in_swmr_mode(held.descriptor)  # once its writer has closed it, others may change all of it
        if held is not None and not held.swmr and held.identity == identity:
            return False
        return written_in_swmr_mode(path)

    def holds(self, path: Path) -> bool:
        """Say whether a file is open."""
        return path in self._held

    def still_serves(self, path: Path, identity: FileIdentity | None, *, thorough: bool = False) -> bool:
        """Say whether a plain file is open, and another open of it would find the same."""
        held = self._held.get(path)
        quiet = self.sightings.unquiet_for(path) <= 0
        return held is not None and not held.swmr and held.serves(identity, quiet=quiet, thorough=thorough)

    def were_read_at(self, path: Path, identity: FileIdentity | None) -> bool:
        """Say whether all that HDF5 knows of a file was in it at one moment of that state."""
        held = self._held.get(path)
        return held is not None and held.was_read_at(identity)

    def trim(self) -> None:
        """Close the files that were not used for the longest time."""
        for path in list(self._held)[: max(0, len(self._held) - _MOST_OPEN)]:
            self.drop(path)
        if len(self._dropped) > _MOST_OPEN:
            self.tidy()

    def drop(self, path: Path) -> None:
        """Have no more to do with one file; it is closed when there is time."""
        held = self._held.pop(path, None)
        if held is not None:
            self.opened += 1
            self._dropped.append(held)

    def tidy(self) -> None:
        """Close the files that were dropped, which takes h5py as long as opening them."""
        while self._dropped:
            self._dropped.pop().really_close()

    def close(self) -> None:
        """Close all."""
        for path in list(self._held):
            self.drop(path)
        self.tidy()
