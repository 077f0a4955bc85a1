"""The frames of a run, each once, in order, as they land."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from ..documents import RunState
from ..errors import FileClosed, RetryTimeoutException
from ..h5api import ScanPhase, ScanWatch
from ..paths import PathMap, PathMapLike
from ._checks import check_complete, image_key
from ._closable import ClosableRun
from ._event_frames import EventFrames, FollowedFrame
from ._losses import Losses
from ._sources import open_source

__all__ = ["Following", "follow"]

_END_S: Final = 1.0
"""How long whoever closes waits for the thread that iterates; it ends then, or as soon as it can."""


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

    It ends with the run. Where documents promised frames that never came, or that are damaged, it goes on to
    the last that can be read, and then raises the error of the first that could not, which says how many
    there are: `FrameNotWritten`, or `DamagedChunk`. Where the stop document counts events that never came, it
    raises `DocumentError`.

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
        self._losses = Losses()
        self._data_key, self._timeout, self._settle = data_key, retry_timeout, settle_timeout
        self._path_map, self._allowed_roots = PathMap.of(path_map), allowed_roots
        self._closed, self._iterating = False, threading.Lock()
        self._source = open_source(source, stream)
        weakref.finalize(self, self._source.close)
        self._frames = self._follow()

    def __next__(self) -> FollowedFrame:
        """Return the next frame, as soon as it is there."""
        with self._iterating:
            try:
                return next(self._frames)
            finally:
                if self._closed:
                    self._frames.close()

    @property
    def promised(self) -> int:
        """Frames that events have promised so far."""
        return self._losses.promised

    @property
    def missing(self) -> int:
        """How many of them never came."""
        return self._losses.missing

    @property
    def damaged(self) -> int:
        """How many of them came and cannot be read."""
        return self._losses.damaged

    @property
    def lost(self) -> str:
        """What is lost in words: frames, and events of a run that is over; empty where nothing is."""
        return self._losses.words(self.run)

    def begin(self) -> RunState:
        """Return the run, as soon as it has begun.

        Raises
        ------
        RetryTimeoutException
            It did not within ``retry_timeout``.
        """
        if self.run is None:
            run = self._source.run(self._timeout, self._is_closed)
            run.also_mapped(self._path_map)
            self.run = run
        return self.run

    def close(self) -> None:
        """End what listens, and close the files; for those who do not follow to the end.

        It may be called from any thread. An iteration that waits in another one ends without an error.
        """
        self._closed = True
        self._source.close()
        if self.run is not None:
            self.run.wake()
        if self._iterating.acquire(timeout=_END_S):
            try:
                self._frames.close()
            finally:
                self._iterating.release()

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_closed(self) -> bool:
        return self._closed

    def _follow(self) -> Generator[FollowedFrame, None, None]:
        try:
            state = self.begin()
            run = ClosableRun(state, self._is_closed)
            key, done = self._key_of(run), 0
            with closing(self._frames_of(run)) as frames:
                while key is not None and self._more(run, key, done):
                    for promise in state.promised(key, done):
                        done += 1
                        yield from frames.of(promise)
        except FileClosed:
            if not self._closed:
                raise
            return
        finally:
            self._source.close()
        self._losses.check(state)
        check_complete(state, key, done)

    def _frames_of(self, run: ClosableRun) -> EventFrames:
        return EventFrames(
            ScanWatch.of(run, self._settle),
            path_map=self._path_map,
            allowed_roots=self._allowed_roots,
            retry_timeout=self._timeout,
            settle_timeout=self._settle,
            losses=self._losses,
        )

    def _key_of(self, run: ClosableRun) -> str | None:
        """Return the data key of the images; None where the run ended before it had any."""
        if not run.wait_for_stream(self._timeout):
            raise self._too_late(run, "its stream did not begin")
        return image_key(self.begin(), self._data_key)

    def _more(self, run: ClosableRun, key: str, done: int) -> bool:
        """Wait for the next event; say whether there is one."""
        if run.wait_for_promises(key, done, self._timeout):
            return True
        if run.phase is not ScanPhase.FINISHED:
            raise self._too_late(run, f"no event came after {done}")
        return False

    def _too_late(self, run: ClosableRun, what: str) -> RetryTimeoutException:
        return RetryTimeoutException(
            f"{what} within {self._timeout:g} s",
            where=run.describe(),
            next_step="see whether it goes on, or wait with a longer retry_timeout",
        )
