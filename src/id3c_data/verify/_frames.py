"""Whether the frames that an image node promises are in the files, and can be decoded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..documents import of_another_series, out_of_time
from ..errors import (
    BrokenLink,
    DamagedChunk,
    FileMissing,
    FrameNotWritten,
    Hdf5Error,
    Id3cDataError,
)
from ..images import FrameStack, open_stack
from ..paths import PathMap
from ._image_numbers import check_image_numbers
from ._report import Finding, FrameCounts

if TYPE_CHECKING:
    from ..catalog import ImageNode

__all__ = ["FrameCheck"]

_BATCH_BYTES = 64 * 2**20
_ABSENT = (FrameNotWritten, FileMissing, BrokenLink)
_LOOK = "see whether the file was moved, and whether its folder is mounted here (--path-map)"


@dataclass(slots=True)
class FrameCheck:
    """Checks all frames of an image node.

    Parameters
    ----------
    node
        The node.
    numbers
        Number of each event.
    path_map
        Where this host has the folders of the documents.
    tell
        Is told each number of frames that are done.
    began
        When the run did, in seconds since 1970.
    """

    node: ImageNode
    numbers: Sequence[int]
    path_map: PathMap
    tell: Callable[[int], None]
    began: float
    in_masters: int = 0
    in_files: int = 0
    decoded: int = 0
    present: set[int] = field(default_factory=set)  # events, by their place, of which there is any frame
    absent: dict[int, Path] = field(default_factory=dict)  # events that lack a frame, with their master

    @property
    def promised(self) -> int:
        """Frames that the documents promise."""
        return len(self.node.rows.slots) * self.node.rows.frames_per_event

    @property
    def counts(self) -> FrameCounts:
        """What was counted so far."""
        return FrameCounts(
            stream=self.node.stream,
            data_key=self.node.data_key,
            promised=self.promised,
            in_masters=self.in_masters,
            in_files=self.in_files,
            decoded=self.decoded,
        )

    @property
    def masters(self) -> list[Path]:
        """The masters, as this host has them."""
        return [Path(self.path_map.to_here(master)) for master in self.node.rows.masters]

    @property
    def events_written(self) -> int:
        """How many events, from the first on, there are to the last of which any frame is there.

        Later ones count as never written only where their master's folder is there, with a master of this run
        in it; where it is not, as where a disk is not mounted, they may well be written.
        """
        folders = {self._master(event).parent for event in self.present}
        length = len(self.node.rows.slots)
        absent = {event: master for event, master in self.absent.items() if event not in self.present}
        while length and length - 1 in absent and absent[length - 1].parent in folders:
            length -= 1
        return length

    def run(self) -> Iterator[Finding]:
        """Yield what is missing or damaged, by event and file."""
        by_master: dict[int, list[int]] = defaultdict(list)
        for event, slot in enumerate(self.node.rows.slots):
            by_master[slot.master].append(event)
        for events in by_master.values():
            yield from self._check_master(self._master(events[0]), events)

    def _master(self, event: int) -> Path:
        """Return the master of an event, as this host has it."""
        rows = self.node.rows
        return Path(self.path_map.to_here(rows.masters[rows.slots[event].master]))

    def _check_master(self, master: Path, events: list[int]) -> Iterator[Finding]:
        """Yield what is wrong with the frames of the events that one master has."""
        try:
            stack = open_stack(master, path_map=self.path_map, channel=self.node.rows.channel)
        except Id3cDataError as error:
            self.tell(len(events) * self.node.rows.frames_per_event)
            self.absent |= dict.fromkeys(events, master) if isinstance(error, FileMissing) else {}
            yield self._finding(
                f"no frame can be read: {error.what}",
                events[0],
                file=master,
                next_step=error.next_step or _LOOK,
            )
            return
        with stack:
            yield from self._check_owner(stack, master)
            yield from check_image_numbers(stack.files, stream=self.node.stream, data_key=self.node.data_key)
            form = list(self._check_form(stack, master, events))
            yield from form
            frames = [(event, frame) for event in events for frame in self._frames_of(event)]
            self.in_masters += sum(frame < len(stack) for _, frame in frames)
            if (more := len(stack) - len({frame for _, frame in frames})) > 0:
                yield self._finding(
                    f"the master has {more} frames that no event refers to", file=master, severity="note"
                )
            yield from self._check_pixels(stack, master, frames, as_promised=not form)

    def _frames_of(self, event: int) -> range:
        """Return the frames of an event in its master."""
        count = self.node.rows.frames_per_event
        return range(self.node.rows.slots[event].slot * count, (self.node.rows.slots[event].slot + 1) * count)

    def _check_owner(self, stack: FrameStack, master: Path) -> Iterator[Finding]:
        """Yield where files are not those that the run wrote, as far as names and times say it."""
        other = of_another_series(master, map(str, stack.files))
        if other is not None:
            yield self._finding(
                f"this is the master of another series: it leads to {other}",
                file=master,
                next_step="bring the run's own file back: this one was put in its place",
            )
        if when := out_of_time(master.stat().st_mtime, self.began, inf):
            yield self._finding(
                f"the file was written to {when}: it may be another run's",
                file=master,
                next_step="compare with a copy from then, and see whether the file server's clock is right",
            )

    def _check_form(self, stack: FrameStack, master: Path, events: list[int]) -> Iterator[Finding]:
        """Yield what is wrong with size and type."""
        promised = (self.node.frame_shape, self.node.dtype)
        there = (tuple(stack.shape[-2:]), stack.dtype)
        if there != promised:
            yield self._finding(
                f"frames of {there[0]} {there[1]}, where {promised[0]} {promised[1]} is promised",
                events[0],
                file=master,
                next_step="see whether size or bit depth changed while the detector was staged",
            )

    def _check_pixels(
        self, stack: FrameStack, master: Path, frames: list[tuple[int, int]], *, as_promised: bool
    ) -> Iterator[Finding]:
        """Yield the frames that cannot be read; some at a time, and one by one where that fails."""
        per_frame = max(1, stack.nbytes // max(1, len(stack)))
        step = max(1, _BATCH_BYTES // per_frame)
        for first in range(0, len(frames), step):
            batch = frames[first : first + step]
            if self._read(stack, [frame for _, frame in batch]) is None:
                self._note(batch, as_promised)
            else:
                for event, frame in batch:
                    error = self._read(stack, [frame])
                    if error is None:
                        self._note([(event, frame)], as_promised)
                    else:
                        yield self._unreadable(error, master, event, frame)
            self.tell(len(batch))

    def _note(self, frames: list[tuple[int, int]], as_promised: bool) -> None:
        """Note frames that can be read."""
        self.in_files += len(frames)
        self.decoded += len(frames) if as_promised else 0
        self.present |= {event for event, _ in frames}

    def _unreadable(self, error: Id3cDataError, master: Path, event: int, frame: int) -> Finding:
        """Note a frame that is missing or damaged."""
        if isinstance(error, _ABSENT):
            self.absent[event] = master
        else:
            self.in_files += 1
            self.present.add(event)
        kinds = {_ABSENT: "missing", (DamagedChunk,): "damaged", (Id3cDataError,): "unreadable"}
        kind = next(word for classes, word in kinds.items() if isinstance(error, classes))
        return self._finding(
            f"{kind}: {error.what}", event, frame=frame, file=Path(error.where.partition(": ")[0] or master)
        )

    @staticmethod
    def _read(stack: FrameStack, frames: list[int]) -> Id3cDataError | None:
        """Read frames; return why they cannot be."""
        if max(frames) >= len(stack):
            return FrameNotWritten(
                max(frames), len(stack), stack.masters[0], "the master does not speak of it"
            )
        try:
            stack[_index(frames)].read()
        except (Hdf5Error, FrameNotWritten) as error:
            return error
        return None

    def _finding(self, what: str, event: int | None = None, *, file: Path, **more: Any) -> Finding:
        """Return a finding about this node."""
        number = None if event is None else self._number(event)
        return Finding(
            what=what,
            stream=self.node.stream,
            data_key=self.node.data_key,
            event=number,
            file=str(file),
            **more,
        )

    def _number(self, event: int) -> int:
        """Return the number of an event; where the table is too short, what it would be."""
        return int(self.numbers[event]) if event < len(self.numbers) else event + 1


def _index(frames: list[int]) -> Any:
    """Return the index of frames: a slice where they are consecutive, which needs no list."""
    consecutive = frames == list(range(frames[0], frames[-1] + 1))
    return slice(frames[0], frames[-1] + 1) if consecutive else frames
