"""Clients of the catalog, its runs and their streams: what Tiled's give, with errors that say what to do."""

from __future__ import annotations

import difflib
import functools
import numbers
import operator
import time
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bluesky_tiled_plugins.clients.bluesky_event_stream import BlueskyEventStream, BlueskyEventStreamV3
from bluesky_tiled_plugins.clients.bluesky_run import BlueskyRun, BlueskyRunV3
from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from tiled.client.container import DEFAULT_STRUCTURE_CLIENT_DISPATCH, Container

from ..errors import CatalogError, NotInCatalog
from ..paths import PathMap
from ._images import ImagesClient
from ._translate import translated

if TYPE_CHECKING:
    from ._subscription import Subscription

__all__ = ["Catalog", "Run", "Stream", "structure_clients"]

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
        if isinstance(error, ValueError):
            return NotInCatalog(str(error), where=self.uri, next_step="give more of the uid")
        count = len(self)
        what = f"no run {key!r}; " + (f"there are {count} runs" if count else "the catalog is empty")
        return NotInCatalog(
            what,
            where=self.uri,
            next_step="take a run with subscribe(RE, cat) in place, or see whether this is the right catalog"
            if not count
            else "cat[-1] is the last run, cat[-5:] the last five",
        )


class _Named(Container):
    """What run and stream share: a name that is not there is told with those that are."""

    _kind = "entry"

    def __getitem__(self, key: Any, *args: Any, **kwargs: Any) -> Any:
        """Return what is of that name.

        Raises
        ------
        NotInCatalog
            Where nothing is.
        """
        with translated(self.uri):
            try:
                return super().__getitem__(key, *args, **kwargs)
            except NotInCatalog:
                raise
            except KeyError as error:
                raise _no_name(self._kind, key, list(self), self.uri) from error


class Run(_Named, BlueskyRunV3):
    """A run: its documents in ``metadata``, its streams by name or as attributes."""

    _kind = "stream"


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
                    raise _no_name(self._kind, name, keys, self.uri)
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


def structure_clients(path_map: PathMap) -> Any:
    """Return Tiled's table of client classes with ours in it."""
    Container.discover_clients_from_entrypoints()
    known = DEFAULT_STRUCTURE_CLIENT_DISPATCH["numpy"]
    table = type(known)({name: functools.partial(operator.getitem, known, name) for name in known})
    ours = {
        "CatalogOfBlueskyRuns": Catalog,
        "BlueskyRun": _run_client,
        "BlueskyEventStream": _stream_client,
        "Eiger2Image": functools.partial(ImagesClient, path_map=path_map),
    }
    for name, class_ in ours.items():
        table.set(name, functools.partial(_same, class_))
    return table


def _run_client(context: Any, *, item: Any, **kwargs: Any) -> Any:
    """Return the client of a run; one that an older database holds gets that of `bluesky_tiled_plugins`."""
    return (Run if BlueskyRun._is_sql(item) else BlueskyRun)(context, item=item, **kwargs)


def _stream_client(context: Any, *, item: Any, **kwargs: Any) -> Any:
    """Return the client of a stream; see `_run_client`."""
    sql = BlueskyEventStream._is_sql(item)
    return (Stream if sql else BlueskyEventStream)(context, item=item, **kwargs)


def _same(value: Any) -> Any:
    return value


def _no_name(kind: str, key: Any, names: Iterable[str], where: str) -> NotInCatalog:
    """Return the error for a name that is not there, with the nearest that are."""
    known = [str(name) for name in names]
    near = difflib.get_close_matches(str(key), known, n=3, cutoff=0.5)
    shown = near or known[:_SHOWN]
    return NotInCatalog(
        f"no {kind} {key!r}",
        where=where,
        next_step=f"{'nearest' if near else 'there'} {'is' if len(shown) == 1 else 'are'} {', '.join(shown)}"
        if shown
        else f"it has no {kind} yet",
    )
