"""Clients of the catalog, its runs and their streams: what Tiled's give, with errors that say what to do."""

from __future__ import annotations

from . import _lean_dask  # noqa: F401  # before Tiled's clients import dask

# isort: split

import difflib
import functools
import numbers
import time
import weakref
from typing import TYPE_CHECKING, Any

from bluesky_tiled_plugins.clients.bluesky_event_stream import BlueskyEventStreamV3
from bluesky_tiled_plugins.clients.bluesky_run import BlueskyRunV3
from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from tiled.client.container import Container

from ..errors import CatalogError, NotInCatalog, NotInRun
from ._translate import translated

if TYPE_CHECKING:
    from ._subscription import Subscription

__all__ = ["Catalog", "Run", "Stream"]

_SHOWN = 8  # names in a message
_READINGS, _PAUSE_S = 3, 0.3  # of a stream that is being written: its parts grow one after the other


class Catalog(CatalogOfBlueskyRuns):
    """A catalog of runs.

    ``cat[-1]`` is the last run, ``cat[-5:]`` a list of the last five, ``cat["9acjef"]`` one by the beginning
    of its uid, ``cat[1234]`` the last with that scan number.

    It holds what this session has written: where `id3c_data.catalog.subscribe` writes a RunEngine's documents
    to this catalog, asking for a run first waits until those that came so far are there.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()

    def written_by(self, subscription: Subscription) -> None:
        """Wait for this subscription before a run is looked up; `subscribe` calls it."""
        self._subscriptions.add(subscription)

    def __getitem__(self, key: Any) -> Any:
        """Return a run, or a list of runs for a slice or several keys.

        Raises
        ------
        NotInCatalog
            Where there is no such run; it is also a KeyError and an IndexError.
        CatalogError
            Where the run that this session took last could not be written.
        """
        for subscription in list(self._subscriptions):
            subscription.catch_up(needs_last=_counts_from_end(key))
        with translated(self.uri):
            if isinstance(key, slice):
                return self._slice(key)
            try:
                return super().__getitem__(key)
            except (KeyError, IndexError, ValueError) as error:
                raise self._missing(key, error) from error

    @functools.cached_property
    def is_sql(self) -> bool:
        """Whether the runs are laid out as in a SQL database; where nothing says otherwise they are."""
        spec = next((spec for spec in self.specs if spec.name == "CatalogOfBlueskyRuns"), None)
        return spec is None or bool(spec.version and spec.version.startswith("3."))

    def _slice(self, key: slice) -> list[Any]:
        """Return the runs of a slice that counts from the end, in the order in which they were taken.

        Counted from the end because the number of runs is an estimate where there are many.
        """
        start, stop, step = key.start, key.stop, 1 if key.step is None else key.step
        if start is None and stop is None and step > 0:
            return list(self.values())[::step]
        if start is None or start >= 0 or (stop or -1) >= 0 or stop == 0 or step < 1:
            raise CatalogError(
                f"cannot take {key}: slices count from the end, because a positive number is a scan number",
                where=self.uri,
                next_step="cat[-5:] is the last five runs, cat.values()[:5] the first five",
            )
        last = -1 + (stop or 0)
        newest_first = self.values()[last : start - 1 : -1] if last >= start else []
        return newest_first[::-1][::step]

    def _missing(self, key: Any, error: Exception) -> NotInCatalog:
        """Return the error for a run that is not there."""
        last_ones = "cat[-1] is the last run, cat[-5:] the last five"
        if isinstance(error, ValueError):
            next_step = "give more of the uid" if isinstance(key, str) else last_ones
            return NotInCatalog(str(error).rstrip("."), where=self.uri, next_step=next_step)
        count = len(self)
        what = f"no run {key!r}; " + (f"there are {count} runs" if count else "the catalog is empty")
        return NotInCatalog(
            what,
            where=self.uri,
            next_step="take a run with subscribe(RE, cat) in place, or see whether this is the right catalog"
            if not count
            else last_ones,
        )


class _Named(Container):
    """What run and stream share: a name that is not there is told with those that are."""

    _kind = "entry"

    def __getitem__(self, key: Any, *args: Any, **kwargs: Any) -> Any:
        """Return what is of that name.

        Raises
        ------
        NotInRun
            Where nothing is.
        """
        with translated(self.uri):
            try:
                return super().__getitem__(key, *args, **kwargs)
            except NotInCatalog:
                raise
            except KeyError as error:
                raise self._no_name(key) from error

    def __getattr__(self, key: str) -> Any:
        """Return what is of that name; nobody is asked for names that Python and its shells try."""
        inherited: Any = super().__getattr__  # type: ignore[misc]  # the classes beside this one have it
        if key.startswith("_"):
            return inherited(key)
        with translated(self.uri):
            try:
                return inherited(key)
            except NotInCatalog:
                raise
            except AttributeError as error:
                raise self._no_name(key) from error

    def _no_name(self, key: Any) -> NotInRun:
        """Return the error for a name that is not there, with the nearest that are."""
        known = [str(name) for name in self]
        near = difflib.get_close_matches(str(key), known, n=3, cutoff=0.5)
        shown = near or known[:_SHOWN]
        names = f"{'is' if len(shown) == 1 else 'are'} {', '.join(shown)}"
        return NotInRun(
            f"no {self._kind} {key!r}",
            where=self.uri,
            next_step=f"{'nearest' if near else 'there'} {names}" if shown else self._when_empty(),
        )

    def _when_empty(self) -> str:
        """Return what to do where there is nothing at all."""
        return f"it has no {self._kind} yet"


class Run(_Named, BlueskyRunV3):
    """A run: its documents in ``metadata``, its streams by name or as attributes."""

    _kind = "stream"

    def _when_empty(self) -> str:
        """Return what to do where the run has no stream, which comes with its first reading."""
        stop: Any = self.metadata.get("stop")
        if not stop:
            return "the run has no stream yet: ask again after its first event"
        reason = f" ({stop['reason']})" if stop.get("reason") else ""
        status = stop.get("exit_status", "unknown")
        return f"the run ended before its first event, exit status {status}{reason}: take another run"


class Stream(_Named, BlueskyEventStreamV3):
    """A stream of a run: its data keys by name, all of them as an xarray dataset by `read`."""

    _kind = "data key"

    def read(self, variables: Any = None, dim0: str | None = None) -> Any:
        """Return the stream's data as an `xarray.Dataset`.

        Parameters
        ----------
        variables
            Names of data keys; all of them when not given.
        dim0
            Name of the axis of events where the data do not say it.

        Raises
        ------
        NotInCatalog
            Where there is no data key of a name.
        CatalogError
            Where images and table have different numbers of events, as for moments while they are written.
        """
        names = [] if variables is None else [variables] if isinstance(variables, str) else list(variables)
        with translated(self.uri):
            keys = list(self) if names else []
            for name in names:
                if isinstance(name, str) and name not in keys:
                    raise self._no_name(name)
            read = functools.partial(super().read, *([names] if names else []), dim0=dim0)
            readings = 1
            while True:
                try:
                    return read()
                except ValueError as error:
                    if "conflicting sizes" not in str(error):
                        raise
                    if readings == _READINGS:
                        raise self._uneven(error) from error
                readings += 1
                time.sleep(_PAUSE_S)

    def _uneven(self, error: ValueError) -> CatalogError:
        """Return the error that data keys have different numbers of events."""
        return CatalogError(
            f"the data keys have different numbers of events ({error})",
            where=self.uri,
            next_step="read again while the run is written, or read the data keys one by one",
        )


def _counts_from_end(key: Any) -> bool:
    return isinstance(key, slice) or (isinstance(key, numbers.Integral) and int(key) < 0)
