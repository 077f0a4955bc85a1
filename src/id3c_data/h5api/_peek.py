"""What one look at an open node gives: names, attributes, shape and type."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py

from ..errors import BrokenLink
from ._chunk_at import longest_of
from ._hops import Found
from ._independent import open_independent
from ._low_level import dtype_of, link_names, storage_of
from ._nodes import Form, Kind
from ._resolver import Resolver
from ._rows import Rows, dataset_of
from ._selection import Index, Selection
from ._translate import hdf5_errors
from ._virtual import virtual_blocks
from ._virtual_rows import rows_of

__all__ = ["attributes_of", "form_of", "kind_of", "names_of", "read_scalar", "scalar"]


def kind_of(found: Found) -> Kind:
    """Return whether it is a group or a dataset."""
    return "group" if isinstance(found.node, h5py.Group) else "dataset"


def names_of(found: Found) -> tuple[str, ...]:
    """Return the names in a group, whatever they lead to."""
    if not isinstance(found.node, h5py.Group):
        raise BrokenLink("this is a dataset and no group", found.where, "check the name")
    with hdf5_errors(found.where):
        return tuple(link_names(found.node))


def attributes_of(found: Found) -> Mapping[str, Any]:
    """Return the attributes of a node."""
    with hdf5_errors(found.where):
        if found.file.swmr and isinstance(found.node, h5py.Group):
            return _attributes_on_disk(found)
        return dict(found.node.attrs)


def _attributes_on_disk(found: Found) -> Mapping[str, Any]:
    """Return the attributes of a group as they stand in a file that is written in SWMR mode.

    HDF5 refreshes datasets only; of a group it keeps what it has read once. Another open has read nothing.
    """
    same_file = Path(f"/proc/self/fd/{found.file.descriptor}")
    with open_independent(same_file) as file:
        return dict(file.hdf5[found.path].attrs)


def scalar(found: Found) -> bool:
    """Say whether a dataset has no axes."""
    with hdf5_errors(found.where):
        return not dataset_of(found).id.get_space().get_simple_extent_ndims()


def read_scalar(found: Found, index: Index) -> Any:
    """Return the value of a dataset without axes."""
    Selection.of(() if index is Ellipsis else index, 0)
    with hdf5_errors(found.where):
        return dataset_of(found)[index]


def form_of(resolver: Resolver, found: Found) -> tuple[Form, Rows | None]:
    """Return shape and type of a dataset, and its points; None for the points of a scalar."""
    with hdf5_errors(found.where):
        dtype = dtype_of(dataset_of(found))
    endless = _endless(found)
    if not endless and scalar(found):
        return Form((), dtype), None
    rows = rows_of(resolver, found)
    if endless:
        return Form(rows.shape, dtype, grows=True), rows
    with hdf5_errors(found.where):
        longest = longest_of(dataset_of(found))
    return Form(rows.shape, dtype, grows=longest is None or longest > rows.shape[0]), rows


def _endless(found: Found) -> bool:
    """Say whether it is a virtual dataset without an end, of which HDF5 must not be asked for the shape."""
    with hdf5_errors(found.where):
        if storage_of(dataset_of(found)) != "virtual":
            return False
    return any(block.endless for block in virtual_blocks(dataset_of(found), found.where))
