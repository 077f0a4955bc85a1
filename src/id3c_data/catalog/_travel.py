"""Images on their way to other processes: what is pickled of them, and one connection for all that arrive.

What travels is the node's description and what Tiled's client pickles of a connection: the server's address
and the credentials, an API key among them. Nothing here shows the key in a `repr`, so that no log of a
cluster prints it; in the pickled bytes it stands, as it must.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from collections import OrderedDict
from typing import Any, Final

from tiled.client.context import Context

from ._transport import bound_patience, close_with

__all__ = ["Connection"]

_MOST: Final = 8
"""Connections that a process keeps for images that arrive; those not used for the longest time are let go."""

_lock = threading.Lock()
_names: weakref.WeakKeyDictionary[Context, str] = weakref.WeakKeyDictionary()
_known: weakref.WeakValueDictionary[str, Context] = weakref.WeakValueDictionary()
_kept: OrderedDict[str, Context] = OrderedDict()


class Connection:
    """A connection to a catalog's server, to be pickled.

    However often it arrives in a process, it is one connection there, and in the process that it comes from
    the one that it was made of.

    Parameters
    ----------
    context
        The connection of Tiled's client.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def __repr__(self) -> str:
        return f"<{type(self).__name__} to {self.context.api_uri}>"

    def __getstate__(self) -> tuple[str, Any]:
        with _lock:
            name = _names.setdefault(self.context, uuid.uuid4().hex)
            _known[name] = self.context
        return name, self.context.__getstate__()

    def __setstate__(self, state: tuple[str, Any]) -> None:
        name, settings = state
        with _lock:
            context = _known.get(name)
            if context is None:
                context = Context.__new__(Context)
                context.__setstate__(settings)
                bound_patience(context)
                close_with(context)
                _names[context], _known[name] = name, context
            _kept[name] = context
            _kept.move_to_end(name)
            while len(_kept) > _MOST:
                _kept.popitem(last=False)
        self.context = context
