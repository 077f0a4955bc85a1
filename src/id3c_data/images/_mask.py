"""The pixel mask: which pixels of a frame say nothing."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import BrokenLink
from ..h5api import OpenFile, Resolver
from ._descriptors import FileReference
from ._frame_source import frame_source
from ._names import DETECTOR, SPECIFIC

__all__ = ["DEAD", "GAP", "mask_from_frame", "masked_value", "read_mask"]

GAP: Final = 1
"""Bit of the pixel mask: no sensor here."""
DEAD: Final = 2
"""Bit of the pixel mask: the pixel does not count."""


def read_mask(resolver: Resolver, file: OpenFile, channel: str) -> NDArray[np.uint32] | None:
    """Return the pixel mask of a master, or None where it has none.

    Parameters
    ----------
    resolver
        Follows links.
    file
        The open master.
    channel
        The channel whose mask is meant.
    """
    folders = (f"{DETECTOR}/{channel}_channel", SPECIFIC, DETECTOR)
    for folder in folders:
        try:
            found = resolver.find(file, f"{folder}/pixel_mask")
        except BrokenLink:
            continue
        with found:
            if isinstance(found.node, h5py.Dataset):
                source = frame_source(found.node, FileReference.of(found.file), found.path, 0)
                return source.compressed(0).pixels().astype(np.uint32)
    return None


def mask_from_frame(frame: NDArray[Any]) -> NDArray[np.uint32]:
    """Return a mask made from a frame: gaps where pixels hold what the detector gives masked ones.

    That is the largest value of an unsigned type, a negative value where the driver made the type signed, and
    what is no number where something made it floating.
    """
    match frame.dtype.kind:
        case "u":
            masked = frame == np.iinfo(frame.dtype).max
        case "i":
            masked = frame < 0
        case _:
            masked = ~np.isfinite(frame)
    return np.where(masked, np.uint32(GAP), np.uint32(0))


def masked_value(dtype: np.dtype[Any]) -> Any:
    """Return what masked pixels of a type hold: the largest value of an unsigned one, -1, or not a number."""
    match dtype.kind:
        case "u":
            return np.iinfo(dtype).max
        case "i":
            return -1
        case _:
            return np.nan
