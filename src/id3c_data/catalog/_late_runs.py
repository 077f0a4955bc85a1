"""Runs that could not be written when they were taken: written anew from what the spool has of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext

from tiled.client.container import Container

from ._run_writer import Registered
from ._spool import Spool
from ._spool_file import HEADER
from ._spooled_run import Busy, SpooledRun, documents_from
from ._tiled_writer import RunCallback
from ._translate import may_pass

__all__ = ["LateRuns", "is_whole", "make_way"]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 300.0
"""How long after a failure it is tried again: twice as long after each, up to the longest."""

OnFailure = Callable[[str, Exception], None]
OnWritten = Callable[[str, bool], None]


def is_whole(client: Container, uid: str) -> bool:
    """Say whether a run is whole in a catalog: the stop document is what is written last."""
    return uid in client and bool(client[uid].metadata.get("stop"))


def make_way(client: Container, uid: str) -> bool:
    """Take what there is of a run out of a catalog, to be written anew; say whether there was anything.

    Nothing happens to a run that is whole.
    """
    if uid not in client or is_whole(client, uid):
        return False
    client.delete_contents(uid, recursive=True, external_only=False)
    return True


class LateRuns:
    """Brings runs into a catalog that failed on their way, also while they still go on.

    Each is written from its file in the spool, from its first document on, and then kept up with the file
    until its stop document. What fails for a passing reason is tried again after a while.

    Parameters
    ----------
    client
        The catalog.
    registered
        See `id3c_data.catalog.subscribe`.
    spool
        Has the files.
    on_written
        Told of each run of which the catalog has all that came so far, and whether that is the whole run.
    on_failure
        Told of each run that fails again after that, or for a reason that will not pass.
    """

    def __init__(
        self,
        client: Container,
        registered: Registered,
        spool: Spool,
        *,
        on_written: OnWritten,
        on_failure: OnFailure,
    ) -> None:
        self._client, self._spool = client, spool
        self._registered: Registered = registered
        self._on_written, self._on_failure = on_written, on_failure
        self._runs: dict[str, _LateRun] = {}
        self._failing = False
        self._failed_at, self._pause = 0.0, FIRST_PAUSE_S

    @property
    def uids(self) -> tuple[str, ...]:
        """Of the runs that are not in the catalog yet, in the order in which they failed."""
        return tuple(self._runs)

    def add(self, uid: str, *, failed: bool) -> None:
        """Take in a run; one that the catalog failed to take is tried after a pause, as all others then."""
        if uid not in self._runs:
            self._runs[uid] = _LateRun(uid, self._client, self._registered, self._spool)
        if failed:
            self._note_failure(FIRST_PAUSE_S)

    def due_in(self, period: float) -> float | None:
        """Return the seconds until `advance` has something to do; at most a period while all goes well."""
        if not self._runs:
            return None
        return max(0.0, self._failed_at + self._pause - time.monotonic()) if self._failing else period

    def advance(self, pause: float | None = None) -> None:
        """Write what has come since of each run, unless it failed only just.

        Parameters
        ----------
        pause
            Seconds since the last failure that are enough, where that is not for this to find.
        """
        enough = self._pause if pause is None else pause
        if self._failing and time.monotonic() < self._failed_at + enough:
            return
        for uid, run in list(self._runs.items()):
            try:
                whole = run.advance()
            except Exception as error:
                passing = may_pass(error) or isinstance(error, Busy)
                if not passing:
                    del self._runs[uid]
                if not (passing and self._failing):
                    self._on_failure(uid, error)
                if passing:
                    self._note_failure(min(self._pause * 2, LONGEST_PAUSE_S))
                    return
            else:
                if whole is None:
                    continue
                if whole:
                    del self._runs[uid]
                self._on_written(uid, whole)
        self._failing, self._pause = False, FIRST_PAUSE_S

    def _note_failure(self, pause: float) -> None:
        self._failing, self._failed_at, self._pause = True, time.monotonic(), pause


class _LateRun:
    """One run, and how far it is written."""

    def __init__(self, uid: str, client: Container, registered: Registered, spool: Spool) -> None:
        self._uid, self._client, self._spool = uid, client, spool
        self._registered: Registered = registered
        self._path = spool.path_of(uid)
        self._callback: RunCallback | None = None
        self._offset = 0

    def advance(self) -> bool | None:
        """Write what the file has more; say whether the run is whole then, or None where there is no file.

        The thread of the spool has not come to it then, or has a disk that takes nothing.
        """
        if not self._path.exists():
            return None
        ours = nullcontext() if self._spool.holds(self._uid) else SpooledRun.of(self._path).held()
        with ours:
            try:
                return self._write()
            except BaseException:
                self._callback = None  # what is in the catalog now nobody knows: from the start, next time
                raise

    def _write(self) -> bool:
        if self._callback is None:
            if is_whole(self._client, self._uid):  # only the answer was lost
                return True
            make_way(self._client, self._uid)
            self._callback, self._offset = RunCallback(self._client, self._registered), 0
        stopped = False
        for offset, name, doc in documents_from(self._path, self._offset):
            if name != HEADER:
                self._callback(name, doc)
            self._offset, stopped = offset, name == "stop"
        self._callback.flush()
        return stopped
