"""What went wrong while documents were written: for ever, by run, and what nobody was told of yet."""

from __future__ import annotations

import logging
import threading

from ..errors import CatalogError, Id3cDataError
from ._translate import translated

__all__ = ["Failures", "failure_of"]

logger = logging.getLogger(__name__)


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


def failure_of(uid: str | None, name: str, error: Exception, where: str, future: str) -> CatalogError:
    """Return the error that a run could not be written.

    Parameters
    ----------
    uid
        Of the run, where it is known.
    name
        Kind of the document that failed; empty, or ``"flush"``, where it was none.
    error
        Why.
    where
        The catalog.
    future
        What becomes of the run.
    """
    try:
        with translated(where):
            raise error
    except Id3cDataError as known:
        what, next_step = known.what, known.next_step
    except Exception:  # none that a server or a document causes
        logger.exception("while writing run %s", uid)
        what, next_step = f"{type(error).__name__}: {error}", "see the log"
    since = f" from its {name.removesuffix('_page')!r} document on" if name not in ("", "flush") else ""
    failure = CatalogError(
        f"run {uid or 'unknown'} could not be written{since}: {what}",
        where=where,
        next_step="; ".join(part for part in (next_step, future) if part),
    )
    failure.__cause__ = error
    return failure
