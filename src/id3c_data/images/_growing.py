"""The frames of masters whose run may be open: reading waits for what may still come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedChunk, FrameNotWritten, Hdf5Error
from ..h5api import (
    WORKERS,
    Look,
    NotYet,
    Reader,
    ScanWatch,
    Standing,
    Wanted,
    decoder_in_use,
    following_batch,
)
from ._compressed import CompressedFrame
from ._descriptors import DESCRIPTORS, FileReference
from ._live_masters import LiveMasters
from ._mask import mask_from_frame, read_mask
from ._metadata import FrameMetadata, read_metadata
from ._parts import Place
from ._read_frames import check_out, read_frames
from ._reductions import Fetcher
from ._selection import Selection
from ._view import GrowingView

__all__ = ["GrowingFrames"]

T = TypeVar("T")
Take: TypeAlias = Callable[[Selection, dict[int, Place]], T]
"""Makes something of frames whose places are known."""
_BATCH_BYTES: Final = 1 << 23
"""Frames that are read at once by a reader that is behind the detector."""


class GrowingFrames:
    """The frames of several masters, one after the other, while their run is open and afterwards.

    Every read is made of looks at the files (`~id3c_data.h5api.Reader`): it is over with the first that finds
    all that is asked for, or that finds that it will never come.

    Parameters
    ----------
    paths
        The masters.
    channel
        Name of the channel.
    watch
        The run.
    reader
        Looks at files, and waits.
    """

    def __init__(self, paths: Sequence[Path], channel: str, watch: ScanWatch, reader: Reader) -> None:
        self.masters, self._channel, self._watch, self._reader = tuple(paths), channel, watch, reader
        self._live = LiveMasters(self.masters, channel, watch)
        self._metadata: FrameMetadata | None = None
        self._mask: NDArray[np.uint32] | None = None
        self._used: dict[tuple[Path, int, int], FileReference] = {}
        decoder_in_use()  # to load it takes longer than the first frame may
        self.type = self._until(self._live.first_type, "the size of its frames")

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold frames at this moment."""
        return self._until(self._live.files, "the names of its files")

    @property
    def written(self) -> int:
        """How many frames, from the first on, are there without a gap at this moment."""
        return self._until(self._live.written, "the number of its frames")

    @property
    def unchanged(self) -> bool:
        """Whether it can be read on: always, since each read looks at the files."""
        return True

    @property
    def needs_hdf5(self) -> bool:
        """Whether HDF5 is needed to read: always, since each read looks at the files."""
        return True

    def as_found(self) -> GrowingFrames:
        """Return the frames themselves: what of them is there is looked for with each read."""
        return self

    @property
    def metadata(self) -> FrameMetadata:
        """What the first master says about detector and beam."""
        if self._metadata is None:
            self._metadata = self._until(
                lambda look, _: read_metadata(look, look.open(self.masters[0]), self._channel), "its metadata"
            )
        return self._metadata

    @property
    def mask(self) -> NDArray[np.uint32]:
        """The pixel mask of the first master, or what its first frame shows to be masked."""
        if self._mask is None:
            mask = self._until(
                lambda look, _: read_mask(look, look.open(self.masters[0]), self._channel), "its mask"
            )
            if mask is None or mask.shape != self.type.shape:
                mask = mask_from_frame(self.read(GrowingView(self.type.shape)[0]))
            self._mask = mask
        return self._mask

    def selection(self, view: GrowingView) -> Selection:
        """Return what a view means at this moment; of single frames, when they will be there."""
        count, over = self._until(
            lambda look, standing: (self._live.count(look, standing), standing.over), "its length"
        )
        reach = view.reach
        if reach.items is None and reach.frames is not None and not over:
            count = max(count, reach.frames)
        return view.selection(count, over=over)

    def read(self, view: GrowingView, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the pixels of a view, as soon as all are there, or the run is over."""
        pixels = self._whole(view, self._pixels)
        if out is None:
            return pixels
        check_out(out, pixels.shape, pixels.dtype)
        out[...] = pixels  # two looks at a file that is never quiet are compared: they need an array each
        return out

    def items(self, view: GrowingView) -> Iterator[NDArray[Any]]:
        """Yield what is along the first axis of a view, each item as soon as it is there."""
        for items in self._batches(view, self._pixels):
            items.flags.writeable = False
            yield from items

    def compressed(self, view: GrowingView) -> Iterator[CompressedFrame]:
        """Yield the frames of a view as they stand in their files, each as soon as it is there."""
        for frames in self._batches(view, self._stored):
            yield from frames

    def awaited(self, view: GrowingView) -> Selection:
        """Return what a view means as soon as all its frames are there, or the run is over."""
        return self._whole(view, lambda selection, _: selection)

    def fetchers(self, view: GrowingView) -> Iterator[Fetcher]:
        """Yield for each frame of a view what returns it."""
        return (partial(_returned, frame) for frame in self.compressed(view))

    def __reduce__(self) -> Any:
        raise TypeError("a stack of a run that goes on stays in its process; open it in the other one")

    def _whole(self, view: GrowingView, take: Take[T]) -> T:
        """Return what is made of the frames of a view, as soon as all are there, or the run is over."""
        reach = view.reach

        def attempt(look: Look, standing: Standing) -> T:
            if standing.over:
                selection = view.selection(self._live.count(look, standing), over=True)
            elif reach.frames is None:
                raise NotYet("the run is not over")
            else:
                selection = view.selection(reach.frames)
            places = self._live.places(look, standing)
            return self._fetch(selection, look, {n: places(n) for n in _numbers(selection)}, take)

        last = "the end of the run" if reach.frames is None else f"frame {reach.frames - 1}"
        return self._until(attempt, last)

    def _batches(self, view: GrowingView, take: Take[T]) -> Iterator[T]:
        """Yield what is made of the frames of a view, of some at a time, as soon as they are there."""
        reach, done = view.reach, 0
        if not reach.in_order:
            yield self._whole(view, take)
            return
        longest, most = self._batch(view), 1
        while reach.items is None or done < reach.items:
            part = slice(done, done + min(most, longest))
            awaited = view[part].selection(view[part].reach.frames or 0)

            def attempt(
                look: Look, standing: Standing, part: slice = part, awaited: Selection = awaited
            ) -> tuple[int, T]:
                if standing.over:
                    count = self._live.count(look, standing)
                    return self._following(view.selection(count, over=True)[part], look, standing, take)
                return self._following(awaited, look, standing, take)

            there, taken = self._until(attempt, f"frame {awaited.frames[0].max()}", cut=True)
            if not there:
                return
            yield taken
            done += there
            most = following_batch(most, there)

    def close(self) -> None:
        """Close the files, and end what waits in other threads."""
        self._reader.close()
        DESCRIPTORS.forget(self._used.values())

    def _following(
        self, selection: Selection, look: Look, standing: Standing, take: Take[T]
    ) -> tuple[int, T]:
        """Return how many of the items are there, from the first on, and what is made of them; 0 of none."""
        places, found, there = self._live.places(look, standing), dict[int, Place](), 0
        for item in cast("Any", selection.frames):
            try:
                found.update((n, places(n)) for n in item.reshape(-1).tolist())
            except (NotYet, FrameNotWritten, Hdf5Error):
                if not there:
                    raise
                break  # those before it can be read
            there += 1
        try:
            return there, self._fetch(selection[:there], look, found, take)
        except DamagedChunk:
            if there < 2:
                raise
            return 1, self._fetch(
                selection[:1], look, found, take
            )  # those before the damaged one can be read

    def _batch(self, view: GrowingView) -> int:
        """Return how many items of a view are read at once."""
        frames = view.selection(0)[:0].frames.shape[1:]
        each = int(np.prod(frames, dtype=np.int64)) * self.type.height * self.type.width
        return max(1, _BATCH_BYTES // (each * self.type.dtype.itemsize))

    def _fetch(self, selection: Selection, look: Look, places: dict[int, Place], take: Take[T]) -> T:
        """Return what is made of frames whose places were found in a look, if they count."""
        look.confirm()
        for place in places.values():
            self._used[place.source.file.key] = place.source.file
        taken = take(selection, places)
        look.check_bytes()
        return taken

    def _pixels(self, selection: Selection, places: dict[int, Place]) -> NDArray[Any]:
        return read_frames(selection, self.type, places.__getitem__)

    def _stored(self, selection: Selection, places: dict[int, Place]) -> list[CompressedFrame]:
        numbers = list(_numbers(selection))
        return list(WORKERS.in_order(lambda n: places[n].compressed(), numbers, self.type.nbytes))

    def _until(self, attempt: Callable[[Look, Standing], T], what: str, *, cut: bool = False) -> T:
        def look_once(look: Look, standing: Standing) -> T:
            try:
                return attempt(look, standing)
            except Hdf5Error:
                self._live.forget()
                raise

        return self._reader.until(look_once, Wanted(what, str(self.masters[0]), self._watch, cut))


def _numbers(selection: Selection) -> Iterator[int]:
    return map(int, selection.frames.reshape(-1))


def _returned(frame: CompressedFrame) -> CompressedFrame:
    return frame
