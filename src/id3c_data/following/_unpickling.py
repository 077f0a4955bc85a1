"""Documents out of pickles, and nothing else out of them: no class and no function that is not data."""

from __future__ import annotations

import io
import logging
import pickle
from typing import Any, Final

from ..errors import DocumentError

__all__ = ["document_of"]

logger = logging.getLogger(__name__)

_ARRAYS: Final = ("numpy.core.multiarray", "numpy._core.multiarray")  # before NumPy 2, and since
_ALLOWED: Final = frozenset(
    {
        *(("builtins", name) for name in ("bytearray", "complex", "frozenset", "range", "set", "slice")),
        *((module, name) for module in _ARRAYS for name in ("_reconstruct", "scalar")),
        *(("numpy", name) for name in ("dtype", "ndarray")),
        *(("datetime", name) for name in ("date", "datetime", "time", "timedelta", "timezone")),
        ("collections", "OrderedDict"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy.core.numeric", "_frombuffer"),
        ("uuid", "UUID"),
    }
)
"""What a document may hold beside what pickles hold by themselves: texts, numbers, lists, dicts, ..."""


class _DataOnly(pickle.Unpickler):
    """An unpickler that calls nothing but what makes data."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function that makes data."""
        if (module, name) not in _ALLOWED:
            raise DocumentError(
                f"holds {module}.{name}, which is no data",
                where="a document that came over 0MQ",
                next_step="put texts, numbers, lists, dicts and arrays into the metadata of runs, and listen "
                "only to proxies that you know",
            )
        return super().find_class(module, name)


def document_of(pickled: bytes) -> Any:
    """Return the document that Bluesky's ``Publisher`` pickled.

    A pickle can call any function of the reader's Python, so one from elsewhere must not be read with
    `pickle.loads`, as Bluesky's ``RemoteDispatcher`` does by itself.

    Raises
    ------
    DocumentError
        It holds something other than data.
    """
    try:
        return _DataOnly(io.BytesIO(pickled)).load()
    except DocumentError as error:
        logger.error("%s", error)  # the dispatcher drops the document, and goes on
        raise
