"""The frames of a run, each once, in order, as they land."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..documents import Promise, RunState
from ..errors import (
    BrokenLink,
    DocumentError,
    FileIncomplete,
    FileMissing,
    FrameNotWritten,
    RetryTimeoutException,
)
from ..h5api import ScanPhase, ScanWatch
from ..images import FrameStack, open_stack
from ..paths import PathMap, PathMapLike
from ._checks import check_complete, image_key
from ._sources import open_source

__all__ = ["FollowedFrame", "Following", "follow"]

_ABSENT = (FrameNotWritten, BrokenLink, FileMissing, FileIncomplete)


@dataclass(frozen=True, slots=True, eq=False)
class FollowedFrame:
    """One frame of a run.

    Parameters
    ----------
    seq_num
        Of its event, from 1.
    index
        Which of the event's frames, from 0.
    image
        Pixels ``(height, width)``.
    master, number
        The master on this host, and the frame's number in it, from 0.
    time
        When its event was, in seconds since 1970 by the clock of the RunEngine's machine.
    """

    seq_num: int
    index: int
    image: np.ndarray
    master: Path
    number: int
    time: float


def follow(
    source: Any,
    *,
    stream: str = "primary",
    data_key: str | None = None,
    path_map: PathMapLike = None,
    allowed_roots: Sequence[str] | None = None,
    retry_timeout: float | None = None,
    settle_timeout: float = 15.0,
) -> Following:
    """Return an iterator over the frames of a run: each once, in order, as soon as it is on disk.

    It ends with the run. Where documents promised frames that never came, it goes on to the last that came
    and then raises `FrameNotWritten` for the first that did not; where the stop document counts events that
    never came, `DocumentError`.

    Parameters
    ----------
    source
        A run of a catalog or its URI; a `~id3c_data.documents.RunState` that somebody feeds; a
        `~id3c_data.documents.Runs`, whose next run is meant; documents as pairs of name and document; or
        ``"host:port"`` of a 0MQ proxy, whose next run is meant.
    stream
        Name of the stream; a `RunState` and `Runs` have one already.
    data_key
        Of the images; needed only where the stream has several detectors'.
    path_map
        Where this host has the documents' roots.
    allowed_roots
        Folders that links may lead to; None allows all.
    retry_timeout
        Seconds to wait for the run to begin, and for each frame; None for no limit.
    settle_timeout
        Seconds after the end of the run in which promised frames may still come.

    Raises
    ------
    DocumentError
        The source tells of no run, the run has no such stream or data key, or its documents do not hold
        together.

    Examples
    --------
    >>> for frame in follow(cat[-1]):  # doctest: +SKIP
    ...     print(frame.seq_num, frame.image.sum())
    """
    return Following(
        source,
        stream=stream,
        data_key=data_key,
        path_map=path_map,
        allowed_roots=allowed_roots,
        retry_timeout=retry_timeout,
        settle_timeout=settle_timeout,
    )


class Following(Iterator[FollowedFrame]):
    """Frames of a run as they land; made by `follow`.

    Attributes
    ----------
    run
        The state of the run, as soon as it has begun.
    promised, missing
        Frames that events have promised so far, and those of them that never came.
    """

    def __init__(
        self,
        source: Any,
        *,
        stream: str,
        data_key: str | None,
        path_map: PathMapLike,
        allowed_roots: Sequence[str] | None,
        retry_timeout: float | None,
        settle_timeout: float,
    ) -> None:
        self.run: RunState | None = None
        self.promised = self.missing = 0
        self._path_map, self._allowed_roots = PathMap.of(path_map), allowed_roots
        self._data_key, self._timeout, self._settle = data_key, retry_timeout, settle_timeout
        self._stack: FrameStack | None = None
        self._master: Path | None = None
        self._first_missing: FrameNotWritten | None = None
        self._source = open_source(source, stream, self._path_map)
        self._frames = self._follow()

    def __next__(self) -> FollowedFrame:
        """Return the next frame, as soon as it is there."""
        return next(self._frames)

    def begin(self) -> RunState:
        """Return the run, as soon as it has begun.

        Raises
        ------
        RetryTimeoutException
            It did not within ``retry_timeout``.
        """
        if self.run is None:
            self.run = self._source.run(self._timeout)
        return self.run

    def close(self) -> None:
        """End what listens, and close the files; for those who do not follow to the end."""
        self._frames.close()
        self._release()

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self) -> Generator[FollowedFrame, None, None]:
        try:
            run = self.begin()
            key, watch, done = self._key_of(run), ScanWatch.of(run, self._settle), 0
            while key is not None and self._more(run, key, done):
                for promise in run.promised(key, done):
                    done += 1
                    self.promised += len(promise.frames)
                    yield from self._event(promise, watch)
        finally:
            self._release()
        if self._first_missing is not None:
            raise self._first_missing
        if run.exit_status is None:
            raise DocumentError(run.failure, where=f"run {run.uid}", next_step="give all of its documents")
        check_complete(run, key, done)

    def _release(self) -> None:
        if self._stack is not None:
            self._stack.close()
            self._stack = None
        self._source.close()

    def _key_of(self, run: RunState) -> str | None:
        """Return the data key of the images; None where the run ended before it had any."""
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while run.phase is ScanPhase.NOT_PREPARED:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise self._too_late(run, "its stream did not begin")
            run.wait_for_change(ScanPhase.NOT_PREPARED, left)
        return image_key(run, self._data_key)

    def _more(self, run: RunState, key: str, done: int) -> bool:
        """Wait for the next event; say whether there is one."""
        if run.wait_for_promises(key, done, self._timeout):
            return True
        if run.phase is not ScanPhase.FINISHED:
            raise self._too_late(run, f"no event came after {done}")
        return False

    def _too_late(self, run: RunState, what: str) -> RetryTimeoutException:
        return RetryTimeoutException(
            f"{what} within {self._timeout:g} s",
            where=f"run {run.uid}",
            next_step="see whether it goes on, or wait with a longer retry_timeout",
        )

    def _event(self, promise: Promise, watch: ScanWatch) -> Iterator[FollowedFrame]:
        master = Path(self._path_map.to_here(promise.path))
        for index, number in enumerate(promise.frames):
            try:
                image = self._stack_of(master, promise, watch)[number].read()
            except (*_ABSENT, IndexError) as error:
                self._note_missing(number, master, watch, error)
            else:
                yield FollowedFrame(promise.seq_num, index, image, master, number, promise.time)

    def _stack_of(self, master: Path, promise: Promise, watch: ScanWatch) -> FrameStack:
        if self._stack is None or self._master != master:
            if self._stack is not None:
                self._stack.close()
                self._stack = None
            self._stack = open_stack(
                master,
                path_map=self._path_map,
                allowed_roots=self._allowed_roots,
                channel=promise.channel,
                scan_state=watch,
                retry_timeout=self._timeout,
            )
            self._master = master
        return self._stack

    def _note_missing(self, number: int, master: Path, watch: ScanWatch, error: Exception) -> None:
        """Count a frame that will never come, and keep the first of them for the end."""
        if watch.phase is not ScanPhase.FINISHED:
            raise error
        self.missing += 1
        if self._first_missing is None:
            written = error.written if isinstance(error, FrameNotWritten) else 0
            failure = self.run.failure if self.run is not None else ""
            reason = "; ".join(part for part in (failure, getattr(error, "what", str(error))) if part)
            self._first_missing = FrameNotWritten(number, written, master, reason)
            self._first_missing.__cause__ = error
