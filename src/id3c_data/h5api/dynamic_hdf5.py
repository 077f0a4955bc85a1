"""HDF5 files that are being written: the read-only part of h5py, which waits for what may still come.

What waits for what::

    group[name]            until the key is there and what it links to opens, or the scan is FINISHED
    dataset[index]         until all that is asked for is there, or the scan is FINISHED
    for name in group      ends when the scan is PREPARED
    for point in dataset   ends when the scan is FINISHED

`id3c_data.h5api.static_hdf5` has the same classes for files that are complete.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ..errors import RetryTimeoutError, RetryTimeoutException
from ..paths import PathMapLike
from ._bliss_state import BlissScans
from ._dynamic import DynamicBackend, Scans
from ._lima import LimaData
from ._nodes import Attributes, BaseFile, Dataset, Group
from ._reader import Reader
from ._roots import RootsLike
from ._scan_state import ScanState
from ._scans import OneScan
from ._static import check_arguments
from ._waiting import DEFAULT_RETRY_PERIOD_S, Patience

__all__ = ["Attributes", "Dataset", "File", "Group", "RetryTimeoutError", "RetryTimeoutException"]


class File(BaseFile):
    """An HDF5 file that somebody may be writing, or is yet to write, and its root group.

    Parameters
    ----------
    file
        The file. It need not be there yet.
    mode
        As of h5py; only ``"r"``.
    scan_state
        The scan that all of the file belongs to. Without one, the file is taken for BLISS': each group at the
        top is a scan that says itself where it stands, and the top level belongs to none.
    retry_period
        Seconds after which to look again although nothing seems to have changed. A change that the file
        system shows is seen within milliseconds.
    retry_timeout
        Seconds that one read may wait before it raises `RetryTimeoutException`; None for no limit.
    settle_timeout
        Seconds after the end of the scan in which what was promised may still come.
    lima_names
        Detectors whose data are looked for in Lima's own files as long as the file does not lead to them.
    lima_url_template, lima_url_template_args
        Where Lima's files are; see `id3c_data.h5api._lima`.
    path_map
        Roots as links name them, and as this host has them mounted; tried after the link as it stands.
    allowed_roots
        Folders that no file may lie outside of, whichever link leads there; None allows all.
    """

    def __init__(
        self,
        file: str | os.PathLike[str],
        mode: str = "r",
        *,
        scan_state: ScanState | None = None,
        retry_period: float | None = None,
        retry_timeout: float | None = None,
        settle_timeout: float = 15.0,
        lima_names: Sequence[str] = (),
        lima_url_template: str | None = None,
        lima_url_template_args: Mapping[str, str] | None = None,
        path_map: PathMapLike = None,
        allowed_roots: RootsLike = None,
    ) -> None:
        check_arguments(mode)
        period = DEFAULT_RETRY_PERIOD_S if retry_period is None else retry_period
        reader = Reader(file, Patience(period, retry_timeout, settle_timeout), path_map, allowed_roots)
        lima = LimaData(reader.path.parent, lima_names, lima_url_template, lima_url_template_args)
        scans: Scans = (
            BlissScans(reader.path, path_map, allowed_roots, settle_timeout)
            if scan_state is None
            else OneScan(scan_state, settle_timeout)
        )
        super().__init__(DynamicBackend(file, reader, scans, (lima,)))
