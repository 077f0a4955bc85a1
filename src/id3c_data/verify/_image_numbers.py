"""Whether the data files of a master number their images without gaps.

The detector writes ``image_nr_low`` and ``image_nr_high`` to the dataset of each data file (DECTRIS SIMPLON
API, file writer): the numbers of its first and last image, from 1 on in a series.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import Id3cDataError
from ..h5api import static_hdf5
from ..paths import PathMap
from ._report import Finding

__all__ = ["check_image_numbers"]

_GROUP = "entry/data"
_LOW, _HIGH = "image_nr_low", "image_nr_high"


def check_image_numbers(master: Path, path_map: PathMap, **about: Any) -> Iterator[Finding]:
    """Yield where the numbers of a master's images have gaps, or are not those of the frames that are there.

    What cannot be opened is left to those who read its frames.

    Parameters
    ----------
    master
        The master.
    path_map
        Where this host has the folders that its links name.
    **about
        Goes into the findings.
    """
    expected: int | None = 1
    for name, numbers in _numbers(master, path_map):
        if numbers is None:
            expected = None
            continue
        low, high, frames = numbers
        if expected not in (None, low) or high - low + 1 != frames:
            yield Finding(
                what=f"{_GROUP}/{name}: {frames} images numbered {low} to {high}, {expected or low} is next",
                next_step="see whether the files were put together by hand, or one is of another run",
                file=str(master),
                **about,
            )
        expected = high + 1


def _numbers(master: Path, path_map: PathMap) -> Iterator[tuple[str, tuple[int, int, int] | None]]:
    """Yield of each dataset its name, and first and last number and how many frames; None where unknown."""
    try:
        with static_hdf5.File(master, path_map=path_map) as file:
            group = file[_GROUP]
            for name in sorted(group):
                if name.startswith("data_"):
                    yield name, _numbers_of(group, name)
    except (Id3cDataError, KeyError):
        return


def _numbers_of(group: Any, name: str) -> tuple[int, int, int] | None:
    try:
        dataset = group[name]
        if _LOW in dataset.attrs and _HIGH in dataset.attrs:
            return int(dataset.attrs[_LOW]), int(dataset.attrs[_HIGH]), int(dataset.shape[0])
    except Id3cDataError:
        pass
    return None
