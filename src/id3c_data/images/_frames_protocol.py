"""What a stack is a view of: frames of masters, whether their run is over or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._compressed import CompressedFrame
from ._metadata import FrameMetadata
from ._parts import FrameType
from ._reductions import Fetcher
from ._selection import Selection

__all__ = ["Frames", "View"]


class View(Protocol):
    """Which part of the frames is meant."""

    def __getitem__(self, key: Any) -> Any:
        """Return the view of a view."""
        ...

    def by_event(self, frames_per_event: int) -> Any:
        """Return the view by events."""
        ...


class Frames(Protocol):
    """The frames of several masters; all views of a stack share one such object."""

    @property
    def type(self) -> FrameType:
        """Size and pixel type of all frames."""
        ...

    @property
    def masters(self) -> tuple[Path, ...]:
        """The masters."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold frames."""
        ...

    @property
    def written(self) -> int:
        """How many frames, from the first on, are there without a gap."""
        ...

    @property
    def unchanged(self) -> bool:
        """Whether each file that was opened is for sure as it was then."""
        ...

    @property
    def needs_hdf5(self) -> bool:
        """Whether HDF5 itself has to decode some of the frames."""
        ...

    def as_found(self) -> Frames:
        """Return the frames without those that come later."""
        ...

    @property
    def metadata(self) -> FrameMetadata:
        """What the first master says about detector and beam."""
        ...

    @property
    def mask(self) -> NDArray[np.uint32]:
        """The pixel mask."""
        ...

    def selection(self, view: Any) -> Selection:
        """Return what a view means at this moment."""
        ...

    def read(self, view: Any, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the pixels of a view, in an array of the caller's own."""
        ...

    def items(self, view: Any) -> Iterator[NDArray[Any]]:
        """Yield what is along the first axis of a view."""
        ...

    def compressed(self, view: Any) -> Iterator[CompressedFrame]:
        """Yield the frames of a view as they stand in their files."""
        ...

    def awaited(self, view: Any) -> Selection:
        """Return what a view means, as soon as that is settled."""
        ...

    def fetchers(self, view: Any) -> Iterator[Fetcher]:
        """Yield for each frame of a view what fetches it, in any thread."""
        ...

    def close(self) -> None:
        """Close the files."""
        ...
