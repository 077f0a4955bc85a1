"""Groups of NeXus files."""

from __future__ import annotations

import h5py
import numpy as np

__all__ = ["nx_group"]


def nx_group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    """Return the group of that name, made if it is not there, with its NeXus class."""
    group = parent.require_group(name)
    group.attrs["NX_class"] = np.bytes_(nx_class)
    return group
