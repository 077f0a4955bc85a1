"""HDF5 files that are complete: the read-only part of h5py, with links that are looked at first.

Everything is answered at once. `id3c_data.h5api.dynamic_hdf5` has the same classes for files that are still
being written.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import os
from typing import Any

from ..paths import PathMapLike
from ._nodes import Attributes, BaseFile, Dataset, Group
from ._roots import RootsLike
from ._static import StaticBackend, check_arguments

__all__ = ["Attributes", "Dataset", "File", "Group"]


class File(BaseFile):
    """An HDF5 file, and its root group.

    Parameters
    ----------
    file
        The file.
    mode
        As of h5py; only ``"r"``.
    path_map
        Roots as links name them, and as this host has them mounted; tried after the link as it stands.
    allowed_roots
        Folders that no file may lie outside of, whichever link leads there; None allows all.
    **dynamic
        Accepted and ignored: what only the dynamic API needs.

    Raises
    ------
    Hdf5Error
        The file cannot be opened; ``FileMissing`` and the others say why.
    """

    def __init__(
        self,
        file: str | os.PathLike[str],
        mode: str = "r",
        *,
        path_map: PathMapLike = None,
        allowed_roots: RootsLike = None,
        **dynamic: Any,
    ) -> None:
        check_arguments(mode, dynamic)
        super().__init__(StaticBackend(file, path_map, allowed_roots))
