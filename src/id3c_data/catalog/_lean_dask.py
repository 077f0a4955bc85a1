"""Imports dask without `sparse`, which no client of ours needs; to be imported before Tiled's clients.

Where `sparse` is installed (Tiled's server brings it), dask imports it so that its arrays know those of
`sparse` in arithmetic, and with it numba and LLVM: 60 MB and half a second for every session that connects to
a catalog. Here dask is told of them without; whoever uses `sparse` imports it.
"""

from __future__ import annotations

import sys
from typing import Any

__all__: list[str] = []


class _AnySparse(type):
    """Knows arrays of `sparse` by the name of their class."""

    def __subclasscheck__(cls, other: type) -> bool:
        return any(
            (base.__module__.partition(".")[0], base.__name__) == ("sparse", "SparseArray")
            for base in other.__mro__
        )

    def __instancecheck__(cls, instance: object) -> bool:
        return issubclass(type(instance), cls)


class _SparseArray(metaclass=_AnySparse):
    """Stands for ``sparse.SparseArray``."""


if "sparse" not in sys.modules:
    modules: dict[str, Any] = sys.modules
    modules["sparse"] = None  # as if it were not installed, which dask takes for an answer
    try:
        import dask.array
        import dask.dataframe  # Tiled's clients import both
    finally:
        del modules["sparse"]
    dask.array.register_chunk_type(_SparseArray)
