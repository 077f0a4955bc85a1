"""The spool: documents on disk from the first one on, until their run is whole in the catalog."""

from __future__ import annotations

import logging
import os
import queue
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import CatalogError
from ._document_owners import DocumentOwners
from ._spool_file import ENDING, LOST, SpoolFile
from ._spooled_run import is_nobodys

__all__ = ["SPOOL_VARIABLE", "Spool", "default_spool"]

logger = logging.getLogger(__name__)

SPOOL_VARIABLE = "ID3C_DATA_SPOOL"
"""Environment variable with the folder of the spool."""

_AGAIN_S = 2.0  # how soon what the disk did not take is tried again where no document comes
_SETTLED, _AGAIN, _END = "settled", "again", "end"  # what stands in the queue beside documents

OnTrouble = Callable[[str, CatalogError], None]
"""Called with the uid of a run whose documents cannot be kept, and the error."""


def default_spool() -> Path:
    """Return the folder of this user's spool."""
    if folder := os.environ.get(SPOOL_VARIABLE):
        return Path(folder).expanduser()
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "id3c-data" / "spool"


class Spool:
    """Writes documents into files, one for each run, in a thread of its own.

    Each document is handed to the operating system as soon as the thread comes to it, so what the death of
    this process can lose is what came in the moments before: what is in the queue. At the start and the end
    of a run the disk itself has what came so far.

    Parameters
    ----------
    folder
        Of the files; made when the first run starts, for its owner only.
    catalog, registered
        For which catalog the runs are, and how.
    on_trouble
        Told of each run of which not all can be kept; called in the thread.
    size
        Documents that may wait for the disk. What comes when they are more is not kept.
    """

    def __init__(
        self, folder: Path, *, catalog: str, registered: str, on_trouble: OnTrouble, size: int
    ) -> None:
        self.folder = folder
        self._catalog, self._registered, self._on_trouble = catalog, registered, on_trouble
        self._size, self._losing = size, False
        self._session = secrets.token_hex(4)
        self._queue: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._owners = DocumentOwners()
        self._files: dict[str, SpoolFile] = {}
        self._troubled: set[str] = set()
        self._thread = threading.Thread(target=self._work, name="document-spool", daemon=True)
        self._thread.start()

    def put(self, name: str, doc: Any) -> None:
        """Take in a document; returns at once, whatever happens."""
        if self._queue.qsize() < self._size:
            self._losing = False
            self._queue.put((name, doc))
        elif not self._losing:
            self._losing = True
            self._queue.put((LOST, None))

    def settle(self, uid: str) -> None:
        """Take away the file of a run that is whole in the catalog."""
        self._queue.put((_SETTLED, uid))

    def path_of(self, uid: str) -> Path:
        """Return the file of a run of this session, which may not be there yet."""
        return self.folder / f"{uid}.{self._session}{ENDING}"

    def holds(self, uid: str) -> bool:
        """Whether documents of a run may still come to its file, which is held for that."""
        file = self._files.get(uid)
        return file is not None and not file.over

    def close(self, timeout: float) -> None:
        """Write what is left, and end the thread."""
        self._queue.put((_END, None))
        self._thread.join(timeout)

    def _work(self) -> None:
        """Write documents as they come; what the disk did not take is tried again after a while."""
        self._tell_of_others()
        while True:
            try:
                name, doc = self._queue.get(timeout=_AGAIN_S if self._troubled else None)
            except queue.Empty:
                name, doc = _AGAIN, None
            try:
                self._take(name, doc)
            except Exception:  # of a document that is none; the thread must go on
                logger.exception("while keeping a %r document", name)
            if name == _END:
                return

    def _tell_of_others(self) -> None:
        """Say that runs of sessions that are gone are kept."""
        with suppress(OSError):
            left = [path for path in self.folder.glob(f"*{ENDING}") if is_nobodys(path)]
            if left:
                logger.warning(
                    "runs of earlier sessions that are not in the catalog: %d; see `id3c-data replay`",
                    len(left),
                )

    def _take(self, name: str, doc: Any) -> None:
        """Do what an entry of the queue says."""
        if name == LOST:
            for file in self._files.values():
                file.lose()
        elif name == _END:
            for file in self._files.values():
                file.end()
            self._flush(*self._files)
        elif name == _AGAIN:
            self._flush(*self._troubled)
        elif name == _SETTLED:
            self._troubled.discard(doc)
            if (file := self._files.pop(doc, None)) is not None:
                file.remove()
        else:
            self._keep(name, doc)

    def _keep(self, name: str, doc: Any) -> None:
        """Write a document into the file of its run."""
        if name == "start":
            path = self.path_of(doc["uid"])
            self._files[doc["uid"]] = SpoolFile(path, self._catalog, self._registered)
        for uid in self._owners(name, doc):
            if uid in self._files:
                self._files[uid].append(name, doc)
                self._flush(uid)

    def _flush(self, *uids: str) -> None:
        """Write what files have; a fault is told once, until it is mended."""
        for uid in uids:
            file = self._files[uid]
            try:
                file.flush()
            except OSError as error:
                if uid not in self._troubled:
                    self._troubled.add(uid)
                    self._on_trouble(uid, _trouble(uid, file, error))
            else:
                if uid in self._troubled:
                    self._troubled.discard(uid)
                    logger.warning("the documents of run %s are on disk again: %s", uid, file.path)


def _trouble(uid: str, file: SpoolFile, error: OSError) -> CatalogError:
    """Return the error that documents are in memory only."""
    made = CatalogError(
        f"the documents of run {uid} cannot be kept on disk ({error.strerror or error}); the run goes on, "
        "and they are kept in memory until there is room",
        where=str(file.path),
        next_step="make room there, or name another folder with ID3C_DATA_SPOOL before the next session",
    )
    made.__cause__ = error
    return made
