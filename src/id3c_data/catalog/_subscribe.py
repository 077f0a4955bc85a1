"""A RunEngine and a catalog brought together."""

from __future__ import annotations

import os
from typing import Any

from tiled.client.container import Container

from ._clients import Catalog
from ._run_writer import Registered
from ._subscription import Subscription

__all__ = ["subscribe"]


def subscribe(
    RE: Any,  # noqa: N803
    cat: Container,
    *,
    registered: Registered = "auto",
    spool: str | os.PathLike[str] | None = None,
) -> Subscription:
    """Write all documents of a RunEngine to a catalog, without ever making it wait and without losing a run.

    Until a run is whole in the catalog its documents are on this disk too; what the catalog does not take is
    brought in when its server is back, or by ``id3c-data replay``.

    Parameters
    ----------
    RE
        A `bluesky.RunEngine`, or whatever has its ``subscribe`` and ``unsubscribe``.
    cat
        Root of the catalog, from `connect` or from Tiled's own ``from_uri`` and ``from_profile``.
    registered
        ``"masters"`` registers master files for our server-side adapter; ``"files"`` the data files, for a
        Tiled server without this package, with the limits that the reference names; ``"auto"`` masters,
        and files where the server refuses those.
    spool
        Folder of the files with the documents; ``ID3C_DATA_SPOOL`` when not given, or
        ``~/.local/state/id3c-data/spool``.

    Returns
    -------
    Subscription
        To wait for the catalog, to see what failed, and to end it.
    """
    subscription = Subscription(cat, registered=registered, spool=spool)
    subscription.attach(RE)
    if isinstance(cat, Catalog):
        cat.written_by(subscription)
    return subscription
