"""The frames of one or more masters as one lazy array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike, NDArray

from ..errors import MissingExtra
from ._compressed import CompressedFrame
from ._metadata import FrameMetadata
from ._parts import FrameType
from ._selection import Selection

__all__ = ["FrameStack", "Frames", "View"]

_DASK_CHUNK_BYTES = 32 << 20


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

    def close(self) -> None:
        """Close the files."""
        ...


class FrameStack(NDArrayOperatorsMixin):
    """The frames of one or more masters as one lazy array ``(frames, height, width)``.

    Indexing is NumPy's, on all axes, and gives another lazy stack: nothing is read before `read`,
    `numpy.asarray`, iteration or arithmetic ask for pixels. Only the frames in question are read then.
    Reading is thread-safe. Made by `open_stack`.

    The shape is what is promised. A frame that is promised and not on disk raises `FrameNotWritten` when it
    is read; `written` says how many there are. While the run is open, the stack grows: reading waits for what
    may still come, and iteration ends with the run.
    """

    def __init__(self, frames: Frames, view: View) -> None:
        self._frames, self._view = frames, view

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
        return FrameStack(self._frames, self._view[key])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Yield what is along the first axis, one after the other, as read-only arrays.

        Of a stack that grows each comes as it lands on the disk, and the end comes with the end of the run;
        `FrameNotWritten` if one that was promised never came.
        """
        return self._frames.items(self._view)

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
        return FrameStack(self._frames, self._view.by_event(frames_per_event))

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
        return self._frames.read(self._view, out)

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

    def to_dask(self) -> Any:
        """Return the stack as a dask array, in chunks of some frames each.

        Raises
        ------
        MissingExtra
            dask is not installed.
        """
        try:
            import dask.array
        except ImportError as error:
            raise MissingExtra("dask", "catalog") from error
        per_frame = max(1, int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize)
        chunks = (max(1, _DASK_CHUNK_BYTES // per_frame), *self.shape[1:]) if self.shape else ()
        return cast("Any", dask.array).from_array(self, chunks=chunks, name=False, asarray=True, fancy=False)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("the frames are not in memory, so reading them makes an array")
        return self.read() if dtype is None else self.read().astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        arrays = [item.read() if isinstance(item, FrameStack) else item for item in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

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
