"""The server's side: reads frames of master files for a Tiled server, and only those that were asked for."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from fastapi import HTTPException
from tiled.adapters.core import Adapter
from tiled.ndslice import NDBlock, NDSlice
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.core import Spec, StructureFamily
from tiled.structures.data_source import DataSource
from tiled.utils import path_from_uri

from ..errors import (
    CatalogError,
    FrameNotWritten,
    Id3cDataError,
    LayoutUnknown,
    PathOutsideRoots,
    RetryTimeoutException,
)
from ..h5api import FINISHED, ScanState
from ..images import CompressedFrame, decode_frames
from ..paths import is_below
from ._as_stored import AsStored, offer
from ._masters import MasterFrames, open_master
from ._masters_elsewhere import Master, found
from ._open_run import run_of, settle_timeout
from ._refusals import header_of, status_of
from ._selection import Selection
from ._slots import Slot, SlotTable

__all__ = ["ROOTS_VARIABLE", "MasterAdapter", "refused"]

ROOTS_VARIABLE = "ID3C_DATA_ALLOWED_ROOTS"
"""Environment variable with the folders that may be read, joined by ``:``, where the server was not started
by this package (`MasterAdapter.within` was not called)."""

DEFAULT_LIMIT = 300_000_000  # bytes of a response, as in Tiled's settings

LONGEST_WAIT_S = 0.3
"""How long a request for frames that are not on disk yet may keep one of the server's threads."""
SHORTEST_WAIT_S = 0.05
"""What each file gets when that is over: enough to meet a moment in which nobody writes."""

_AT_ONCE = 64  # frames that are in no order are taken so many at a time

_SETTLE_S = settle_timeout()  # once, so that no server starts with an environment that makes no sense


@contextmanager
def refused(*, run_ended: bool = True) -> Iterator[None]:
    """Turn an error of ours into an answer that clients do not ask for again."""
    try:
        yield
    except Id3cDataError as error:
        status = status_of(error, run_ended=run_ended)
        raise HTTPException(status, str(error), headers=header_of(error)) from error


class MasterAdapter(Adapter[ArrayStructure]):
    """An array of events, or of events and images, over the frames of master files.

    A read opens only the masters that hold the frames asked for (see `_masters`). While the run is open, and
    until `settle_timeout` after its end, it waits a moment for what is not on disk yet.

    What cannot be read is answered with a status below 500 and the reason: 403 outside the allowed roots, 425
    not on disk yet, 404 never written, 422 not what it should be. Nothing is ever made up for a frame that is
    missing.

    Parameters
    ----------
    masters
        URIs; None in the place of one that the catalog did not look up because no event asked for needs it.
    structure
        Of the array.
    slots
        Which slot of which master each event is.
    frames_per_event
        Images of an event.
    channel
        Which of the detector's images.
    metadata, specs
        Of the node.
    run
        Where the run stands that the frames belong to.
    """

    structure_family = StructureFamily.array
    supports_lazy_assets = True  # Tiled then asks `file_indices_for_slice` and looks up only those

    allowed_roots: ClassVar[tuple[str, ...] | None] = None
    """Folders that may be read; None takes them from the environment."""
    response_limit: ClassVar[int] = DEFAULT_LIMIT
    """Bytes that a response may have; refused before any frame is read."""

    def __init__(
        self,
        masters: Sequence[str | None],
        structure: ArrayStructure,
        *,
        slots: SlotTable,
        frames_per_event: int = 1,
        channel: str = "threshold_1",
        metadata: Any = None,
        specs: list[Spec] | None = None,
        run: ScanState = FINISHED,
    ) -> None:
        super().__init__(structure, metadata=metadata, specs=specs)
        self._run = run
        self._masters, self._slots = masters, slots
        self._frames_per_event, self._channel = frames_per_event, channel

    @classmethod
    def within(
        cls, roots: Sequence[str | os.PathLike[str]], response_limit: int = DEFAULT_LIMIT
    ) -> type[MasterAdapter]:
        """Return this class, bound to the folders that may be read and to a limit for responses."""
        bound = {"allowed_roots": tuple(os.fspath(root) for root in roots), "response_limit": response_limit}
        return type(cls.__name__, (cls,), bound)

    @classmethod
    def from_catalog(
        cls,
        data_source: DataSource[ArrayStructure],
        node: Any,
        /,
        *,
        data_uris: Sequence[str | None] | None = None,
        slots: object = None,
        frames_per_event: int = 1,
        channel: str = "threshold_1",
        **_: Any,
    ) -> MasterAdapter:
        """Return the adapter of a node that `MasterConsolidator` described."""
        if data_uris is None:
            assets = sorted((a for a in data_source.assets if a.num is not None), key=attrgetter("num"))
            data_uris = [asset.data_uri for asset in assets]
        images = data_source.structure.shape[1:-2]
        try:
            table = SlotTable.from_json(slots, masters=len(data_uris))
            if frames_per_event < 1 or images not in _image_axes(frames_per_event):
                raise ValueError(f"{frames_per_event} frames an event do not make the axes {images}")
        except (TypeError, ValueError) as error:
            raise HTTPException(422, f"the node's parameters make no sense: {error}") from error
        return cls(
            data_uris,
            data_source.structure,
            slots=table,
            frames_per_event=frames_per_event,
            channel=channel,
            metadata=node.metadata_,
            specs=node.specs,
            run=run_of(node.metadata_, _SETTLE_S),
        )

    @classmethod
    def from_uris(cls, *data_uris: str, **_: Any) -> MasterAdapter:
        """Return the adapter of masters as they are: all their frames, one after the other.

        For registering files with Tiled by hand; `subscribe` does not come this way.
        """
        with refused():
            stacks = [found(cls._master(Path(path_from_uri(uri)))) for uri in data_uris]
        counts = [len(stack) for stack in stacks]
        frame, dtype = stacks[0].shape[1:], stacks[0].dtype
        table = SlotTable()
        for number, count in enumerate(counts):
            for slot in range(count):
                table.append(Slot(number, slot))
        shape = (sum(counts), *frame)
        structure = ArrayStructure(
            data_type=BuiltinDtype.from_numpy_dtype(dtype),
            shape=shape,
            chunks=((1,) * shape[0], *((size,) for size in frame)),
        )
        return cls(data_uris, structure, slots=table)

    @classmethod
    def file_indices_for_slice(
        cls,
        structure: ArrayStructure,
        n: int,
        slice: Any = ...,  # noqa: A002  # Tiled passes it so
        *,
        parameters: dict[str, Any],
        **_: Any,
    ) -> tuple[int, ...] | None:
        """Return the numbers of the masters that a read needs; Tiled then looks up only those."""
        try:
            table = SlotTable.from_json(parameters.get("slots"), masters=n)
        except ValueError:
            return None  # from_catalog says what is wrong
        events = Selection.of(structure.shape, slice).indices(0)
        return tuple(sorted({table[event].master for event in events if event < len(table)}))

    def read(self, slice: NDSlice = NDSlice(...)) -> np.ndarray:  # noqa: A002, B008
        """Return the pixels of a slice of the array."""
        with refused(run_ended=self.run_ended):
            return self._read(Selection.of(self._structure.shape, slice))

    def read_block(self, block: NDBlock, slice: NDSlice = NDSlice(...)) -> np.ndarray:  # noqa: A002, B008
        """Return the pixels of a chunk, or of a slice of it."""
        whole = Selection.of(self._structure.shape, block.slice_from_chunks(self._structure.chunks))
        with refused(run_ended=self.run_ended):
            return self._read(whole[slice])

    def frames(self, selection: Selection, skip: int = 0) -> Iterator[CompressedFrame]:
        """Yield the frames that a selection touches as they stand in their files, event by event.

        Errors are those of reading, not answers over HTTP.

        Parameters
        ----------
        selection
            Of the array; which rows and columns it takes makes no difference.
        skip
            How many frames to leave out at the beginning.
        """
        ends = time.monotonic() + LONGEST_WAIT_S
        for master, places in groupby(islice(self._places(selection), skip, None), key=itemgetter(0)):
            events, wanted = zip(*(place[1:] for place in places), strict=True)
            with _not_yet(events):
                stack = self._stack(master, LONGEST_WAIT_S if time.monotonic() < ends else SHORTEST_WAIT_S)
                if self.run_ended and max(wanted) >= (there := len(stack)):
                    raise FrameNotWritten(max(wanted), there, self._path(master))
                for index in _indices(list(wanted)):
                    yield from map(self._as_promised, stack[index].compressed())

    @property
    def run_ended(self) -> bool:
        """Whether the run is over, so that nothing comes any more."""
        return self._run is FINISHED

    def _read(self, selection: Selection) -> np.ndarray:
        """Return the pixels of a selection, decoded in parallel.

        Raises
        ------
        AsStored
            The client takes whole frames as they are stored, and these are whole.
        """
        dtype = self._structure.data_type.to_numpy_dtype()
        needed = math.prod(selection.shape) * dtype.itemsize
        if needed > self.response_limit:
            raise HTTPException(
                400,
                f"{needed} bytes would exceed the limit of {self.response_limit}; ask for a smaller slice",
            )
        count = math.prod(selection.kept_shape[:-2])
        offered = offer()
        whole = selection.whole_frames(*self._structure.shape[-2:])
        if whole and offered is not None and offered.takes(selection.shape, count):
            raise AsStored.of(self.frames(selection), count, needed // count)
        out = np.empty(selection.kept_shape, dtype)
        pixels = out.reshape(-1, *out.shape[-2:])
        decode_frames(self.frames(selection), pixels, (selection.slices(-2), selection.slices(-1)))
        return out.reshape(selection.shape)

    def _places(self, selection: Selection) -> Iterator[tuple[int, int, int]]:
        """Yield for each frame of a selection: the number of its master, its event, its number there."""
        events, count = selection.indices(0), self._frames_per_event
        images = selection.indices(1) if len(self._structure.shape) > 3 else range(1)
        if events and max(events) >= len(self._slots):
            raise CatalogError(
                f"event {max(events)} is in the structure, but no slot is known for it",
                where=str(self._masters[-1]) if self._masters else "",
                next_step="look for what stopped the catalog from being written",
            )
        for event in events:
            master, slot = self._slots[event]
            yield from ((master, event, slot * count + image) for image in images)

    def _stack(self, number: int, wait_s: float) -> MasterFrames:
        """Return the frames of one master."""
        more = {} if self.run_ended else {"run": self._run, "wait_s": wait_s}
        return open_master(self._master(self._path(number), self._channel, **more))

    def _path(self, number: int) -> Path:
        """Return where a master is."""
        uri = self._masters[number]
        if uri is None:
            raise CatalogError(f"master {number} was not looked up", next_step="report this")
        return Path(path_from_uri(uri))

    def _as_promised(self, frame: CompressedFrame) -> CompressedFrame:
        """Return a frame, which must be as the node says."""
        dtype, shape = self._structure.data_type.to_numpy_dtype(), tuple(self._structure.shape[-2:])
        if frame.dtype != dtype or frame.shape != shape:
            raise LayoutUnknown(
                f"holds frames of {frame.shape} {frame.dtype}, the documents promised {shape} {dtype}",
                where=frame.where,
                next_step="see whether the bit depth or the size changed while the detector was staged",
            )
        return frame

    @classmethod
    def _master(cls, path: Path, channel: str = "threshold_1", **more: Any) -> Master:
        """Return a master that is to be opened, which must be below the allowed roots."""
        roots = cls._roots()
        if not any(is_below(path, root) for root in roots):
            raise PathOutsideRoots(
                "is not below a folder that the catalog's server may read",
                where=str(path),
                next_step=f"add its folder to readable_storage, now {', '.join(roots) or 'none'}",
            )
        return Master(path, roots, channel, **more)

    @classmethod
    def _roots(cls) -> tuple[str, ...]:
        """Return the folders that may be read."""
        if cls.allowed_roots is not None:
            return cls.allowed_roots
        return tuple(root for root in os.environ.get(ROOTS_VARIABLE, "").split(os.pathsep) if root)


@contextmanager
def _not_yet(events: Sequence[int]) -> Iterator[None]:
    """Say of which events it is that something is not on disk yet."""
    try:
        yield
    except RetryTimeoutException as error:
        which = f"event {events[0]}" if len(events) == 1 else f"events {events[0]} to {events[-1]}"
        raise RetryTimeoutException(
            f"{which}: not on disk yet: {error.what}",
            error.where,
            "ask again in a moment; it comes, or is said never to have been written when the run is over",
        ) from error


def _image_axes(frames_per_event: int) -> tuple[tuple[int, ...], ...]:
    """Return what may stand between the axis of events and those of a frame."""
    return ((frames_per_event,), ()) if frames_per_event == 1 else ((frames_per_event,),)


def _indices(frames: list[int]) -> Iterator[Any]:
    """Yield what takes these frames of a stack: a slice where they are regular, else lists of some each."""
    step = frames[1] - frames[0] if len(frames) > 1 else 1
    if step > 0 and frames == list(range(frames[0], frames[-1] + 1, step)):
        yield np.s_[frames[0] : frames[-1] + 1 : step]
    else:
        yield from (frames[at : at + _AT_ONCE] for at in range(0, len(frames), _AT_ONCE))
