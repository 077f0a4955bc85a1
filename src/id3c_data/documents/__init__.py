"""Documents: what they say about frames, where a run stands, and how an event is filled.

The names load what they need when they are first used, so that a device can take the specs without HDF5.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._filling import EventFiller, filled_documents
    from ._handlers import AdEiger2Handler, EigerHandler, HandlerRegistry, register_handlers
    from ._promise import Promise
    from ._run_state import RunState
    from ._runs import Runs
    from ._specs import (
        CHANNELS,
        MIMETYPE,
        SPEC,
        Channel,
        Writer,
        data_key,
        data_key_name,
        datum_document,
        image_data_keys,
        resource_document,
    )
    from ._waits import Unless
    from ._whose_files import of_another_series, out_of_time

_HOME = {
    "EventFiller": "_filling",
    "filled_documents": "_filling",
    "AdEiger2Handler": "_handlers",
    "EigerHandler": "_handlers",
    "HandlerRegistry": "_handlers",
    "register_handlers": "_handlers",
    "Promise": "_promise",
    "RunState": "_run_state",
    "Runs": "_runs",
    "Unless": "_waits",
    "CHANNELS": "_specs",
    "Channel": "_specs",
    "MIMETYPE": "_specs",
    "SPEC": "_specs",
    "Writer": "_specs",
    "data_key": "_specs",
    "data_key_name": "_specs",
    "datum_document": "_specs",
    "image_data_keys": "_specs",
    "of_another_series": "_whose_files",
    "out_of_time": "_whose_files",
    "resource_document": "_specs",
}

__all__ = [
    "CHANNELS",
    "MIMETYPE",
    "SPEC",
    "AdEiger2Handler",
    "Channel",
    "EigerHandler",
    "EventFiller",
    "HandlerRegistry",
    "Promise",
    "RunState",
    "Runs",
    "Unless",
    "Writer",
    "data_key",
    "data_key_name",
    "datum_document",
    "filled_documents",
    "image_data_keys",
    "of_another_series",
    "out_of_time",
    "register_handlers",
    "resource_document",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
