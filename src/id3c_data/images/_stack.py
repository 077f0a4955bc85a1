"""The frames of one or more masters as one lazy array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ._compressed import CompressedFrame
from ._dask import dask_array
from ._frames_protocol import Frames, View
from ._lazy_array import LazyArray
from ._mask import DEAD, GAP, masked_value
from ._masked_array import MaskedPixels
from ._metadata import FrameMetadata
from ._reducible import Reducible
from ._reductions import Axis, Kind, Reduction, axes_of

__all__ = ["FrameStack"]


class FrameStack(Reducible, LazyArray):
    """The frames of one or more masters as one lazy array ``(frames, height, width)``.

    Indexing is NumPy's, on all axes, and gives another lazy stack: nothing is read before `read`,
    `numpy.asarray`, iteration or arithmetic ask for pixels. Only the frames in question are read then.
    Reading is thread-safe. Made by `open_stack`.

    The shape is what is promised. A frame that is promised and not on disk raises `FrameNotWritten` when it
    is read; `written` says how many there are. While the run is open, the stack grows: reading waits for what
    may still come, and iteration ends with the run.
    """

    def __init__(self, frames: Frames, view: View, hidden: int = 0) -> None:
        self._frames, self._view, self._hidden = frames, view, hidden

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array; while it grows, at this moment."""
        return self._frames.selection(self._view).shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Pixel type."""
        return self._frames.type.dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Size of the array when it is read."""
        return self.size * self.dtype.itemsize

    @property
    def masters(self) -> tuple[Path, ...]:
        """The masters, in the order of their frames."""
        return self._frames.masters

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that hold frames of the masters, and that are there."""
        return self._frames.files

    @property
    def written(self) -> int:
        """How many frames of the masters, from the first on, are on disk without a gap."""
        return self._frames.written

    @property
    def unchanged(self) -> bool:
        """Whether the files are for sure as they were when the stack was opened; a growing one looks itself.

        Where they are not, open the stack again. A file that was written less than a second before it was
        opened counts as changed, since it may be written again without a trace.
        """
        return self._frames.unchanged

    @property
    def needs_hdf5(self) -> bool:
        """Whether reading calls HDF5: it decodes some of the frames, or the stack grows."""
        return self._frames.needs_hdf5

    def as_found(self) -> FrameStack:
        """Return this stack as it was found when it was opened.

        Where a frame is missing, an open stack looks whether its file has come since. This one does not: it
        opens no HDF5 file again, unless `needs_hdf5`.
        """
        return FrameStack(self._frames.as_found(), self._view)

    @property
    def metadata(self) -> FrameMetadata:
        """What the first master says about detector and beam."""
        return self._frames.metadata

    @property
    def mask(self) -> NDArray[np.uint32]:
        """The pixel mask of the rows and columns of this stack: 0 where a pixel is good.

        Bits: 1 gap, 2 dead, 4 under-responding, 8 over-responding, 16 noisy. Where the first master has no
        mask, what its first frame shows to be masked counts as gaps.
        """
        return np.array(self._frames.selection(self._view).of(self._frames.mask))

    def __len__(self) -> int:
        shape = self.shape
        if not shape:
            raise TypeError("len() of a stack without dimensions")
        return shape[0]

    def __getitem__(self, key: Any) -> FrameStack:
        return FrameStack(self._frames, self._view[key], self._hidden)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Yield what is along the first axis, one after the other, as read-only arrays; some are read ahead.

        Of a stack that grows each comes as it lands on the disk, and the end comes with the end of the run;
        `FrameNotWritten` if one that was promised never came.
        """
        items = self._frames.items(self._view)
        if not self._hidden:
            return items
        hidden = self._hidden_pixels()
        if hidden.ndim == self.ndim:  # of a single frame: rows, each with pixels of its own to hide
            return iter(self.read())
        return (self._without_hidden(item, hidden) for item in items)

    def iterate(self, *, writable: bool = False) -> Iterator[NDArray[Any]]:
        """Yield what is along the first axis, as ``for item in stack`` does, some of it read ahead.

        Parameters
        ----------
        writable
            Whether the arrays are the caller's own, to write to; that takes a copy of each.
        """
        return (item.copy() for item in self) if writable else iter(self)

    def by_event(self, frames_per_event: int) -> FrameStack:
        """Return the stack as ``(events, frames per event, height, width)``.

        Parameters
        ----------
        frames_per_event
            How many frames belong to one event; the first axis must be a multiple of it.
        """
        return FrameStack(self._frames, self._view.by_event(frames_per_event), self._hidden)

    def read(self, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the pixels as an array of the caller's own.

        While the run is open this waits until all of them are there, or the run has ended.

        Parameters
        ----------
        out
            Where they go: an array of this shape, of this type or one that can hold all its values. It saves
            the time that new memory takes. What is in it after an error means nothing.

        Raises
        ------
        ValueError
            `out` is of another shape, or its type cannot hold the pixels.
        FrameNotWritten
            A frame is promised and not on disk.
        RetryTimeoutException
            What is waited for did not come within ``retry_timeout``.
        FileClosed
            The stack is closed, perhaps by another thread.
        DamagedChunk
            What stands in a file contradicts itself.
        Hdf5Error
            A file cannot be read, or is not what it was when the stack was opened.
        """
        pixels = self._frames.read(self._view, out)
        return self._without_hidden(pixels, self._hidden_pixels()) if self._hidden else pixels

    def compressed(self) -> Iterator[CompressedFrame]:
        """Yield the frames as they stand in their files, whole and in order, some of them read ahead.

        For sending them elsewhere: they are a tenth of the pixels' bytes, and `decode_frames` makes pixels of
        them. Which rows and columns this stack leaves of a frame makes no difference here; of a stack of
        events come the frames of the first event, then those of the second. Of a stack that grows each comes
        as it lands on the disk. Close the iterator where it is not used up.

        Raises
        ------
        FrameNotWritten, RetryTimeoutException, FileClosed, DamagedChunk, Hdf5Error
            As `read` does; what a chunk's bytes say is not looked at, though.
        """
        return self._frames.compressed(self._view)

    def masked(self, bits: int = GAP | DEAD) -> FrameStack:
        """Return the stack with the pixels hidden that the mask marks; by default gaps and dead ones.

        Reading, iteration and arithmetic then give `numpy.ma.MaskedArray`, and sums, means and the like leave
        these pixels out. ``filled()`` puts what the detector itself writes into masked pixels.

        Parameters
        ----------
        bits
            Which bits of `mask` hide a pixel.
        """
        return FrameStack(self._frames, self._view, bits)

    def to_dask(self) -> Any:
        """Return the stack as a dask array, in chunks of some frames each.

        One frame of it costs one frame. The array can be sent to other processes, and to other machines that
        have the files at the same paths, if the run of the stack is over.

        Raises
        ------
        MissingExtra
            dask is not installed.
        """
        empty = np.empty((0,) * self.ndim, self.dtype)
        return dask_array(self, MaskedPixels(empty) if self._hidden else empty)

    def _reduced(
        self, kind: Kind, axis: Axis, keepdims: bool, progress: bool, ddof: float = 0
    ) -> NDArray[Any]:
        selection = self._frames.awaited(self._view)
        gone = axes_of(axis, len(selection.shape))
        good = ~self._hidden_pixels() if self._hidden else None
        reduction = Reduction(kind, selection, gone, self.dtype, good, ddof)
        result = reduction.of(self._frames.fetchers(self._view), progress=progress)
        return np.expand_dims(result, tuple(gone)) if keepdims else result

    def _hidden_pixels(self) -> NDArray[np.bool_]:
        return np.asarray((self.mask & self._hidden) != 0)

    def _without_hidden(self, pixels: NDArray[Any], hidden: NDArray[np.bool_]) -> NDArray[Any]:
        mask = np.broadcast_to(hidden, pixels.shape).copy()
        return MaskedPixels(pixels, mask, fill_value=masked_value(pixels.dtype))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("the frames are not in memory, so reading them makes an array")
        return self.read() if dtype is None else self.read().astype(dtype, copy=False)

    def __repr__(self) -> str:
        names = ", ".join(path.name for path in self.masters[:3]) + (", ..." if len(self.masters) > 3 else "")
        return f"<FrameStack {self.shape} {self.dtype} of {names}>"

    def close(self) -> None:
        """Close the files; this stack, and all that were made of it, cannot be read any more."""
        self._frames.close()

    def __enter__(self) -> FrameStack:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
