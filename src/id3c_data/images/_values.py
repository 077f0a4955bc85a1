"""Small values of a master: numbers and texts, with their units."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from typing import Any, NamedTuple, cast

import h5py
import numpy as np

from ..errors import BrokenLink
from ..h5api import OpenFile, Resolver, attribute_of, dtype_of, hdf5_errors, shape_of, storage_of

__all__ = ["Quantity", "Values"]

_LARGEST = 4096  # bytes; what is larger is no setting


class Quantity(NamedTuple):
    """A number and its unit."""

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}".rstrip()


class Values:
    """Reads small datasets of a file; what is absent is None.

    Parameters
    ----------
    resolver
        Follows links.
    file
        The open file.
    """

    def __init__(self, resolver: Resolver, file: OpenFile) -> None:
        self._resolver, self._file = resolver, file

    def quantity(self, path: str, unit: str) -> Quantity | None:
        """Return a number with its unit, or with the one given where the file does not say."""
        found = self._read(path)
        if found is None or isinstance(found[0], str):
            return None
        return Quantity(_as_written(found[0]), found[1] or unit)

    def number(self, path: str) -> int | None:
        """Return a whole number."""
        found = self._read(path)
        return None if found is None or isinstance(found[0], str) else int(found[0])

    def text(self, path: str) -> str | None:
        """Return a text."""
        found = self._read(path)
        return None if found is None else str(found[0])

    def _read(self, path: str) -> tuple[Any, str] | None:
        """Return the only value of a dataset, and its unit."""
        try:
            found = self._resolver.find(self._file, path)
        except BrokenLink:
            return None
        with found, hdf5_errors(found.where):
            dataset = found.node
            if not isinstance(dataset, h5py.Dataset) or storage_of(dataset) not in ("compact", "contiguous"):
                return None
            if shape_of(dataset) not in ((), (1,)) or dtype_of(dataset).itemsize > _LARGEST:
                return None
            value = np.asarray(cast("Any", dataset[()])).reshape(-1)[0]
            return _plain(value), _plain_text(attribute_of(dataset, "units") or "")


def _plain(value: Any) -> Any:
    return _plain_text(value) if isinstance(value, bytes | str) else value


def _plain_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _as_written(value: Any) -> float:
    """Return a number as a human would write it: 7.5e-05, not the 7.500000356e-05 of a 32-bit float."""
    return float(str(value))
