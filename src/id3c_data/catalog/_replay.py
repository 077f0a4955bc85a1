"""Bringing runs into a catalog that are kept in files, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tiled.client.container import Container

from ..errors import CatalogError, CatalogUnreachable, DocumentError, Id3cDataError
from ._consolidator import register_consolidator
from ._late_runs import is_whole, make_way
from ._spool import default_spool
from ._spool_file import ENDING
from ._spooled_run import Busy, SpooledRun
from ._state import name_of_catalog
from ._tiled_writer import RunCallback
from ._translate import translated
from ._transport import own_connection

__all__ = ["Outcome", "Replayed", "kept_runs", "replay"]

Outcome = Literal["new", "replaced", "whole", "taken", "failed"]
"""What became of a run: it was ``new`` to the catalog; it ``replaced`` a part of it that was there; it was
``whole`` there already; it is ``taken`` at this moment by a session that runs, which brings it in itself; or
it ``failed``. Where nothing was to be done, what would become of it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a file.

    Parameters
    ----------
    path
        The file; it is removed where the run is in the catalog now.
    uid, scan_id
        Of the run; None where the file does not say.
    outcome
        See `Outcome`.
    reason
        Why it failed, or why its stop document says that the run did.
    """

    path: Path
    uid: str | None
    scan_id: Any
    outcome: Outcome
    reason: str = ""

    @property
    def well(self) -> bool:
        """Whether the run is in the catalog, or will be."""
        return self.outcome != "failed"


def kept_runs(folder: Path | None = None) -> list[Path]:
    """Return the files of runs that are kept in a spool, the oldest run first.

    Parameters
    ----------
    folder
        Of the spool; this user's when not given.
    """
    paths = (default_spool() if folder is None else folder).glob(f"*{ENDING}")
    return sorted(paths, key=_began)


def _began(path: Path) -> float:
    """Return when a run began; of a file that does not say, when it was written to (s since 1970)."""
    with suppress(Id3cDataError, OSError, KeyError, TypeError, ValueError):
        return float(SpooledRun.of(path).start["time"])
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0  # it is gone; what is done with it says so


def replay(
    paths: Iterable[Path], cat: Container, *, dry_run: bool = False, any_catalog: bool = False
) -> Iterator[Replayed]:
    """Bring runs into a catalog that are kept in files.

    A run that is whole in the catalog is left alone, and one of which a part is there is written anew, so it
    does not matter how often this is done. The file of a run that is in the catalog is removed.

    A run whose documents end without a stop document gets one, with the exit status ``fail``, the reason, and
    the time of its last document: its session was killed, and nobody else will ever end it. No event is made
    up.

    Parameters
    ----------
    paths
        The files, as from `kept_runs`.
    cat
        Root of the catalog.
    dry_run
        Say what would be done, and do nothing.
    any_catalog
        Also bring in runs that were meant for another catalog.

    Yields
    ------
    Replayed
        Of each file, when it is done.

    Raises
    ------
    CatalogUnreachable
        Where the catalog does not answer; the files stay.
    """
    register_consolidator()
    client = own_connection(cat)
    here = name_of_catalog(str(cat.uri))
    for path in paths:
        run = None
        try:
            run = SpooledRun.of(path)
            if run.catalog != here and not any_catalog:
                raise CatalogError(
                    f"the run is for another catalog, {run.catalog}",
                    str(path),
                    f"name that one, or this one ({here}) where the run is to go there all the same",
                )
            with translated(str(cat.uri)), run.held():
                outcome, reason = _would_be(run, client) if dry_run else _brought_in(run, client)
            yield Replayed(path, run.uid, run.start.get("scan_id"), outcome, reason)
        except CatalogUnreachable:
            raise
        except Busy as error:
            yield _not_done(path, run, "taken", error)
        except (Id3cDataError, OSError) as error:
            yield _not_done(path, run, "failed", error)
        except Exception as error:  # of documents that the catalog cannot take
            yield _not_done(path, run, "failed", DocumentError(f"{type(error).__name__}: {error}", str(path)))


def _not_done(path: Path, run: SpooledRun | None, outcome: Outcome, error: Exception) -> Replayed:
    uid, scan_id = (run.uid, run.start.get("scan_id")) if run else (None, None)
    return Replayed(path, uid, scan_id, outcome, str(error))


def _would_be(run: SpooledRun, client: Container) -> tuple[Outcome, str]:
    """Return what would become of a run."""
    if is_whole(client, run.uid):
        return "whole", ""
    stop = [doc for name, doc in run.documents() if name == "stop"][-1]
    return ("replaced" if run.uid in client else "new"), _failure(stop)


def _brought_in(run: SpooledRun, client: Container) -> tuple[Outcome, str]:
    """Bring a run in, and take its file away."""
    outcome: Outcome = "whole"
    reason = ""
    if not is_whole(client, run.uid):
        outcome = "replaced" if make_way(client, run.uid) else "new"
        callback = RunCallback(client, run.registered)
        for name, doc in run.documents():
            callback(name, doc)
            reason = _failure(doc) if name == "stop" else ""
    run.path.unlink()
    return outcome, reason


def _failure(stop: dict[str, Any]) -> str:
    """Return what a stop document says of a run that did not end well."""
    if stop["exit_status"] == "success":
        return ""
    return f"ended as {stop['exit_status']!r}" + (f": {stop['reason']}" if stop.get("reason") else "")
