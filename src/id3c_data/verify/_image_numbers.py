"""Whether the data files of a master number their images without gaps.

The detector writes ``image_nr_low`` and ``image_nr_high`` to the dataset of each data file (DECTRIS SIMPLON
API, file writer): the numbers of its first and last image, from 1 on in a series. Whether those of the layout
v2024.2 have them is not written anywhere; where they stand, they are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import Id3cDataError
from ..h5api import static_hdf5
from ._report import Finding

__all__ = ["check_image_numbers"]

_DATASET = "entry/data/data"
_LOW, _HIGH = "image_nr_low", "image_nr_high"
_DATA_FILE = re.compile(r"_data_(\d{6})\.h5$")


def check_image_numbers(files: Sequence[Path], **about: Any) -> Iterator[Finding]:
    """Yield where the numbers of images have gaps, or are not those of the frames that are there.

    What cannot be opened is left to those who read its frames.

    Parameters
    ----------
    files
        Those of one master that hold frames, in their order; of missing ones the numbers are not asked for.
    **about
        Goes into the findings.
    """
    expected: int | None = 1
    before = 0
    for file in files:
        name = _DATA_FILE.search(file.name)
        if name is None:  # images in the master itself, or the HDF5 plugin's file
            continue
        adjoins, before = int(name[1]) == before + 1, int(name[1])
        numbers = _numbers_of(file)
        if numbers is None:
            expected = None
            continue
        low, high, frames = numbers
        right = expected if adjoins and expected is not None else low
        if low != right or high - low + 1 != frames:
            yield Finding(
                what=f"{frames} images numbered {low} to {high}, {right} is next",
                next_step="see whether the files were put together by hand, or one is of another run",
                file=str(file),
                **about,
            )
        expected = high + 1


def _numbers_of(file: Path) -> tuple[int, int, int] | None:
    """Return the numbers of the first and the last image, and how many there are; None where unknown."""
    try:
        with static_hdf5.File(file) as opened:
            dataset = opened[_DATASET]
            if _LOW in dataset.attrs and _HIGH in dataset.attrs:
                return int(dataset.attrs[_LOW]), int(dataset.attrs[_HIGH]), int(dataset.shape[0])
    except (Id3cDataError, KeyError):
        pass
    return None
