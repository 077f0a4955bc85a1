"""Which runs of a catalog are meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from tiled.queries import Comparison

from ..catalog import Catalog

__all__ = ["chosen_runs"]


def chosen_runs(
    cat: Catalog, names: Sequence[str] = (), *, last: int | None = None, since: datetime | None = None
) -> Iterator[Any]:
    """Yield runs, each when it is asked for.

    Parameters
    ----------
    cat
        The catalog.
    names
        Uids or beginnings of them, or scan numbers (the last run that has it).
    last
        How many of the last runs.
    since
        From when on; in local time, unless it says otherwise.

    Raises
    ------
    NotInCatalog
        Where there is no run of a name.
    """
    for name in names:
        yield cat[int(name) if name.isdecimal() and len(name) < 8 else name]
    if last is not None:
        yield from cat[-last:]
    if since is not None:
        yield from cat.search(Comparison("ge", "start.time", since.timestamp())).values()
