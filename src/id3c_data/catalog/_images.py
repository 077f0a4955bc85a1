"""The client of image nodes: a lazy array of events over HTTP."""

from __future__ import annotations

from . import _lean_dask  # noqa: F401  # before Tiled's clients import dask

# isort: split

import functools
import weakref
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from tiled.client.array import ArrayClient
from tiled.client.container import DEFAULT_STRUCTURE_CLIENT_DISPATCH
from tiled.utils import path_from_uri

from ..errors import CatalogError
from ..images import LazyArray
from ..paths import PathMap
from ._frames_client import RemoteFrames
from ._selection import Selection
from ._translate import translated
from ._travel import Connection
from ._view import ImagesView

__all__ = ["ImagesClient"]


class ImagesClient(ArrayClient, LazyArray):
    """Images of a detector in a catalog: ``(events, height, width)``, or with several images an event
    ``(events, images, height, width)``.

    Indexing fetches nothing and gives a lazy view; `read`, `numpy.asarray`, arithmetic and iteration fetch.
    Tiled's clients choose this class by the spec ``Eiger2Image`` of the node.

    Parameters
    ----------
    path_map
        From folders as the documents name them to where this machine has them.
    """

    __hash__ = ArrayClient.__hash__  # type: ignore[assignment]  # comparison is by element; writers keep clients in sets

    def __init__(self, *args: Any, path_map: PathMap | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._path_map = path_map or PathMap()

    def __reduce__(self) -> tuple[Any, ...]:
        kind = "dask" if self._dask_wanted else "numpy"
        return _arrived, (Connection(self.context), self.item, self._path_map, kind)

    def new_variation(self, **kwargs: Any) -> ImagesClient:
        """Return a variation of this client that keeps its path map."""
        return super().new_variation(path_map=self._path_map, **kwargs)

    def __getitem__(self, key: Any) -> ImagesView:
        """Return a part as a lazy view; fetches nothing."""
        return self._view[key]

    def __iter__(self) -> Iterator[np.ndarray]:
        """Iterate over the events, fetching some at a time; the arrays are read-only."""
        return iter(self._view)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._view.__array__(dtype, copy)

    def read(self, slice: Any = None) -> Any:  # noqa: A002  # Tiled's name
        """Return the pixels, of all events or of a slice.

        Returns
        -------
        numpy.ndarray
            The caller's own; a dask array for a client that was made with ``structure_clients="dask"``.

        Raises
        ------
        CatalogUnreachable
            Where the catalog's server does not answer.
        RetryTimeoutException
            Where a frame is not on disk yet; ask again.
        FrameNotWritten
            Where a frame belongs to the run but is not on disk, and will not come.
        CatalogError
            Where the server refuses for another reason.
        """
        view = self._view if slice is None else self._view[slice]
        return view.to_dask() if self._dask_wanted else view.read()

    def read_block(self, block: Any, slice: Any = None) -> Any:  # noqa: A002
        """Return the pixels of one chunk; see `read`."""
        with translated(self.uri):
            return super().read_block(block, slice)

    def to_dask(self) -> Any:
        """Return a dask array that fetches what is computed of it, in chunks of some frames.

        It can be computed in other processes and on other machines: see `ImagesView.to_dask`.
        """
        return self._view.to_dask()

    @property
    def master_files(self) -> list[str]:
        """Paths of the master files (or of the HDF5 plugin's file) as this machine sees them, in order.

        Raises
        ------
        CatalogError
            Where the server does not tell.
        """
        with translated(self.uri):
            sources = self.data_sources() or []
        by_role: dict[Any, list[Any]] = {}
        for asset in (asset for source in sources for asset in source.assets):
            by_role.setdefault(asset.parameter, []).append(asset)
        masters = by_role.get("masters") or by_role.get("data_uris") or []
        if not masters:
            raise CatalogError("the server names no files", where=self.uri, next_step="ask for read access")
        ordered = sorted(masters, key=lambda asset: asset.num or 0)
        return [str(self._here(asset.data_uri)) for asset in ordered]

    def _here(self, uri: str) -> PurePosixPath:
        """Return the path of an asset as this machine sees it."""
        return self._path_map.to_here(path_from_uri(uri).as_posix())

    @property
    def _view(self) -> ImagesView:
        """All of the node."""
        return ImagesView(self._fetch, Selection.of(self.shape), self.dtype, self._fetch_each)

    @property
    def _dask_wanted(self) -> bool:
        """Whether this client was made to give dask arrays."""
        return not issubclass(self.structure_clients["array"], ArrayClient)

    def _fetch(self, index: tuple[Any, ...]) -> np.ndarray:
        """Fetch what an index takes: compressed frames where the server has them, else pixels."""
        with translated(self.uri):
            pixels = self._frames.read(self.shape, self.dtype, index)
            return super().read(index) if pixels is None else pixels

    def _fetch_each(self, index: tuple[Any, ...]) -> Iterator[np.ndarray] | None:
        """Fetch what an index takes of each frame; None where the server has no compressed frames."""
        with translated(self.uri):
            return self._frames.each(self.shape, self.dtype, index)

    @functools.cached_property
    def _frames(self) -> RemoteFrames:
        """The frames as the server has them in files."""
        client = weakref.proxy(self)  # no cycle, which would keep connections open
        return RemoteFrames(self.context, self.item["links"]["full"], lambda: client.data_sources())


def _arrived(connection: Connection, item: Any, path_map: PathMap, kind: str) -> ImagesClient:
    """Return the client of a node that was pickled."""
    table = DEFAULT_STRUCTURE_CLIENT_DISPATCH[kind]
    return ImagesClient(connection.context, item=item, structure_clients=table, path_map=path_map)
