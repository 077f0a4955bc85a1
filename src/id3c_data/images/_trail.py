"""A look at files that remembers what it went by, so that the next look need not go there again."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ..h5api import FileIdentity, Found, Look, OpenFile, RawFile, Resolver, Standing, VirtualBlock, newest

__all__ = ["Known", "Record", "Trail"]


@dataclass(slots=True)
class Record:
    """The files that something was found by.

    Parameters
    ----------
    seen
        In which state each was; None for one that was not there.
    lasting
        Whether what was found may be used again while they stay as they are.
    """

    seen: dict[Path, FileIdentity | None] = field(default_factory=dict[Path, "FileIdentity | None"])
    lasting: bool = True


Known: TypeAlias = dict[tuple[Path, str, int], tuple[Record, Any]]
"""What was found behind links, by the file that holds the link, its path there and its number."""


class Trail(Resolver):
    """Opens files in a look, and records them.

    Parameters
    ----------
    look
        The look.
    known
        What earlier looks found; added to.
    standing
        Where the run stood before the look.
    """

    def __init__(self, look: Look, known: Known, standing: Standing) -> None:
        super().__init__(look.path_map, look.allowed_roots)
        self.known, self._standing = known, standing
        self._look = look
        self._records: list[Record] = []

    def open(self, path: str | os.PathLike[str]) -> OpenFile:
        """Return a file, open for as long as the look needs it."""
        path = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow symlinks)
        self._note_for_use(path)
        return self._look.open(path)

    def raw_file(self, path: str | os.PathLike[str]) -> RawFile:
        """Return a file without HDF5 structure, as it is now."""
        self._note_for_use(Path(os.path.abspath(path)))  # noqa: PTH100
        return self._look.raw_file(path)

    def find(self, file: OpenFile, name: str) -> Found:
        """Return an object, as it is now."""
        return newest(super().find(file, name))

    def find_source(self, found: Found, block: VirtualBlock) -> Found:
        """Return the source of a virtual dataset, as it is now."""
        return newest(super().find_source(found, block))

    @contextmanager
    def record(self) -> Generator[Record]:
        """Record the files that are opened, or looked for, in the block."""
        record = Record()
        self._records.append(record)
        try:
            yield record
        finally:
            self._records.pop()

    def unchanged(self, record: Record) -> bool:
        """Say whether all files are as they were, and take them for a part of the look."""
        return all(self._note(path) == identity for path, identity in record.seen.items())

    def takes_for_lasting(self, found: Found) -> bool:
        """Say whether a dataset may be taken to stay as it is while its file does, or for this look only.

        Of a SWMR file nobody sees that it does. A dataset of the master itself grows all the time while the
        run is open, so that it is better asked for the few chunks that matter.
        """
        linked = any(hop.kind != "soft" for hop in found.hops)
        over = self._standing.over
        lasting = over and not self._standing.settling if found.file.swmr else over or linked
        if not lasting:
            self.passing()
        return lasting

    def passing(self) -> None:
        """Note that what is found here, and what is made of it, is for this look only."""
        for record in self._records:
            record.lasting = False

    def _note_for_use(self, path: Path) -> None:
        """Note a file; what is made of one whose next change may not show is for this look only."""
        may_change = not self._standing.over or self._standing.settling
        if self._note(path) is not None and may_change and not self._look.is_quiet(path):
            self.passing()

    def _note(self, path: Path) -> FileIdentity | None:
        identity = self._look.note(path)
        for record in self._records:
            record.seen[path] = identity
        return identity
