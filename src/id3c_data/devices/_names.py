"""What the DCU and the IOC call their files, and how many there are."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass

__all__ = ["PATTERN_LENGTH", "DcuSeriesNames", "new_file_stem", "taken_names"]

PATTERN_LENGTH = 242
"""Characters that ``FWNamePattern`` takes in practice; a longer one leaves the old value standing."""


def new_file_stem(prefix: str) -> str:
    """Return a start of file names that no other run has: the prefix and a short unique id."""
    return f"{prefix}_{uuid.uuid4().hex[:8]}"


def taken_names(stem: str, present: set[str]) -> list[str]:
    """Return the names among ``present`` that a run called ``stem`` would write over, sorted."""
    return sorted(name for name in present if name.startswith((f"{stem}_", f"{stem}.")))


@dataclass(frozen=True, slots=True)
class DcuSeriesNames:
    """The file names of one series of the DCU's file writer.

    Parameters
    ----------
    stem
        Start of all names of the run.
    sequence_id
        The detector's number of the series, which the DCU puts for ``$id`` without zero padding.
    images_per_file
        Images in a data file; the last one may hold fewer.
    """

    stem: str
    sequence_id: int
    images_per_file: int

    @staticmethod
    def pattern(stem: str) -> str:
        """Return what to write into ``FWNamePattern``."""
        return f"{stem}_$id"

    @property
    def master(self) -> str:
        """Name of the master."""
        return f"{self.stem}_{self.sequence_id}_master.h5"

    def data(self, images: int) -> tuple[str, ...]:
        """Return the names of the data files that hold the first so many images."""
        files = math.ceil(images / self.images_per_file)
        return tuple(f"{self.stem}_{self.sequence_id}_data_{i:06d}.h5" for i in range(1, files + 1))
