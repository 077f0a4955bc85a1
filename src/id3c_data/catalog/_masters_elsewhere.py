"""HDF5 meets master files in processes of their own, so that no file can end the server.

A damaged file, or one that was made for it, may bring HDF5 to crash or to run for ever; checks before it
cannot rule that out. What comes back is where the frames are, and the server reads and decodes them itself
with checks of its own; or the frames, where HDF5 is needed for each read.
"""

from __future__ import annotations

import atexit
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from ..errors import Hdf5Error, Id3cDataError
from ..h5api import FINISHED, Looker, ScanState
from ..images import CompressedFrame, FrameStack, open_stack
from ._kept import MOST_FRAMES, KeptStacks

__all__ = ["FramesElsewhere", "Master", "Processes", "found"]

_PROCESSES: Final = 4
"""At most; the one that was used last is asked first, so that a server with one reader has one of them."""
_PATIENCE_S: Final = 20.0
"""What one look may take beyond the time that it is to wait: opening 10 000 files, or NFS in a bad mood."""
_AT_ONCE: Final = 16
"""Frames that come in one answer."""
_STACKS: Final = 16  # of each process; those that grow keep files open

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Master:
    """What is to be opened.

    Parameters
    ----------
    path
        The master.
    roots
        Folders that no file may lie outside of.
    channel
        Which of the detector's images.
    run
        Where the run stands. While it is open, each read looks at the files again.
    wait_s
        Seconds that one read may wait for what is not on disk yet.
    """

    path: Path
    roots: tuple[str, ...]
    channel: str
    run: ScanState = FINISHED
    wait_s: float | None = None

    @property
    def over(self) -> bool:
        """Whether the run is over, so that the files are taken as they are."""
        return self.run is FINISHED

    def open(self) -> FrameStack:
        """Return the frames."""
        return open_stack(
            self.path,
            allowed_roots=self.roots,
            channel=self.channel,
            scan_state=self.run,
            retry_timeout=self.wait_s,
        )


@dataclass(frozen=True, slots=True)
class FramesElsewhere:
    """Frames that another process reads, as much as the server needs of a `FrameStack`.

    Parameters
    ----------
    master
        Whose frames.
    count
        How many there are, where that is known.
    index
        Which of them: a slice with its ends, or a list.
    """

    master: Master
    count: int = 0
    index: Any = ()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: Any) -> FramesElsewhere:
        """Return some of all frames."""
        return replace(self, index=index)

    def compressed(self) -> Iterator[CompressedFrame]:
        """Yield the frames as they stand in their files, each as soon as it is there."""
        for some in _parts(self.index):
            yield from _ASKED.ask(self.master, _frames, self.master, some)


def found(master: Master) -> FrameStack:
    """Return where the frames of a master of a run that is over are; it opens no HDF5 file any more.

    Raises
    ------
    Hdf5Error
        What `id3c_data.images.open_stack` raises; also where HDF5 did not survive the file, or hangs.
    """
    return _ASKED.ask(master, _found, master)


class Processes:
    """Processes that look at files, each for one question at a time; thread-safe.

    Parameters
    ----------
    count
        How many at most.
    patience_s
        What an answer may take beyond the time that it is to wait.
    """

    def __init__(self, count: int, patience_s: float) -> None:
        self._patience_s = patience_s
        self._free: queue.LifoQueue[Looker] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(Looker(patience_s))
        self._all = list(self._free.queue)

    def ask(self, master: Master, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a function returns in another process, or raise what it raises.

        Raises
        ------
        Hdf5Error
            It ended the process, or took too long.
        """
        looker = self._free.get()  # one is free again soon, since each answer has its time
        try:
            return looker.ask_within(self._patience_s + (master.wait_s or 0), function, *args, **kwargs)
        except Id3cDataError as error:
            if error.where:
                raise
            raise Hdf5Error(error.what, str(master.path), error.next_step) from error
        except TimeoutError as error:
            raise Hdf5Error(
                f"reading it has not ended within {self._patience_s:g} s",
                str(master.path),
                f"see whether its file server answers: id3c-data doctor {master.path}",
            ) from error
        finally:
            self._free.put(looker)

    def close(self) -> None:
        """End the processes."""
        for looker in self._all:
            looker.close()


_ASKED: Final = Processes(_PROCESSES, _PATIENCE_S)
atexit.register(_ASKED.close)


# In the other process

_kept: Final = KeptStacks(_STACKS, MOST_FRAMES)


def _found(master: Master) -> FrameStack:
    return master.open().as_found()


def _frames(master: Master, index: Any) -> list[CompressedFrame]:
    stack = _kept.get(master)
    if stack is None:
        stack = master.open()
        _kept.keep(master, stack, len(stack) if master.over else 0)
    return list(stack[index].compressed())


def _parts(index: Any) -> Iterator[Any]:
    """Yield an index in parts of some frames each."""
    numbers = range(index.start, index.stop, index.step or 1) if isinstance(index, slice) else index
    for at in range(0, len(numbers), _AT_ONCE):
        part = numbers[at : at + _AT_ONCE]
        yield slice(part.start, part.stop, part.step) if isinstance(part, range) else part
