"""The doctor: asks the beamline itself, the IOCs, the file systems and the catalog, whether they agree.

It yields problems of the same kind as `id3c_data.config`, at the lines of the files that say otherwise.
"""

from __future__ import annotations

from ._live import Patience, check_live

__all__ = ["Patience", "check_live"]
