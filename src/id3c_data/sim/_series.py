"""A series: what one arm of the detector promises, and the names of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Series", "SeriesFiles"]


@dataclass(frozen=True, slots=True)
class Series:
    """What one arm of the detector promises.

    Parameters
    ----------
    name
        Start of the file names: the name pattern with the sequence id in place of ``$id``. May hold a
        sub-directory.
    number
        The sequence id, from which the frames are computed.
    images
        Images of the whole series: ``nimages * ntrigger``.
    images_per_file
        ``nimages_per_file``; 0 puts the images into the master.
    ntrigger
        Triggers of the series.
    """

    name: str
    number: int
    images: int
    images_per_file: int = 1000
    ntrigger: int = 1

    @property
    def master_name(self) -> str:
        """File name of the master."""
        return f"{self.name}_master.h5"

    @property
    def data_names(self) -> tuple[str, ...]:
        """File names of all data files, if the series is not cut short."""
        return tuple(self.data_name(k) for k in range(1, self.files + 1))

    @property
    def files(self) -> int:
        """Number of data files, if the series is not cut short."""
        return -(-self.images // self.images_per_file) if self.images_per_file else 0

    def data_name(self, k: int) -> str:
        """Return the file name of data file ``k``, from 1."""
        return f"{self.name}_data_{k:06d}.h5"

    def images_in(self, k: int) -> range:
        """Return the numbers (from 1) of the images that belong into data file ``k``, from 1."""
        first = (k - 1) * self.images_per_file + 1
        return range(first, min(self.images, k * self.images_per_file) + 1)


@dataclass(frozen=True, slots=True)
class SeriesFiles:
    """The files of one series on disk."""

    master: Path
    data: tuple[Path, ...]
