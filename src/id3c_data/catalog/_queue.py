"""The queue between the RunEngine, which must never wait, and the thread that writes to the catalog."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

__all__ = ["LOST", "DocumentQueue"]

LOST = "lost"
"""Name of the document that stands for those that did not fit."""

Document = tuple[str, Any]


class DocumentQueue:
    """A bounded queue of documents in the order in which they came.

    `put` never waits. When the queue is full the document is refused, and so is all that follows until the
    next start document: half a run that looks like a whole one is worse than none. In place of what was
    refused stands one document of the name `LOST`.

    Parameters
    ----------
    size
        Documents that it holds.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._documents: deque[Document] = deque()
        self._changed = threading.Condition()
        self._refusing = False
        self._flushes_asked = 0
        self._closed = False

    def put(self, name: str, doc: Any) -> bool:
        """Append a document; False where it was refused."""
        with self._changed:
            full, before = len(self._documents) >= self._size, self._refusing
            self._refusing = full or (before and name != "start")
            if self._refusing and not before:
                self._documents.append((LOST, None))
            if self._refusing or self._closed:
                return False
            self._documents.append((name, doc))
            self._changed.notify_all()
            return True

    def ask_for_flush(self) -> None:
        """Make `get` return at once with nothing, so that its caller flushes."""
        with self._changed:
            self._flushes_asked += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more documents; `get` still returns those that are there."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def get(self, timeout: float | None) -> Document | None:
        """Return the next document, or None after the timeout, when a flush was asked for, or at the end.

        Documents that are there come first, so a flush covers all that came before it was asked for.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not (self._documents or self._flushes_asked or self._closed):
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            if self._documents:
                return self._documents.popleft()
            self._flushes_asked = 0
            return None

    @property
    def closed(self) -> bool:
        """Whether it takes no more."""
        return self._closed

    @property
    def ended(self) -> bool:
        """Whether it is closed and empty."""
        with self._changed:
            return self._closed and not self._documents
