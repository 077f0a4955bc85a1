"""What went wrong while documents were written: for ever, by run, and what nobody was told of yet."""

from __future__ import annotations

import threading

from ..errors import CatalogError

__all__ = ["Failures"]


class Failures:
    """The failures of a subscription; may be used from any thread.

    Attributes
    ----------
    all
        Every one, in order.
    """

    def __init__(self) -> None:
        self.all: list[CatalogError] = []
        self._by_run: dict[str | None, CatalogError] = {}
        self._untold: dict[str | None, CatalogError] = {}
        self._lock = threading.Lock()

    def note(self, error: CatalogError, uid: str | None) -> None:
        """Add the failure to write a run."""
        with self._lock:
            self.all.append(error)
            self._by_run[uid] = self._untold[uid] = error

    def remark(self, error: CatalogError) -> None:
        """Add a failure that keeps no run out of the catalog."""
        with self._lock:
            self.all.append(error)

    def mended(self, uid: str) -> bool:
        """Note that a run is in the catalog after all; say whether it had failed."""
        with self._lock:
            self._untold.pop(uid, None)
            return self._by_run.pop(uid, None) is not None

    def of(self, uid: str | None) -> CatalogError | None:
        """Return why a run is not in the catalog, or None."""
        with self._lock:
            return self._by_run.get(uid)

    def news(self) -> CatalogError | None:
        """Return the first failure that was not returned yet, and forget those that came after it."""
        with self._lock:
            first = next(iter(self._untold.values()), None)
            self._untold.clear()
            return first
