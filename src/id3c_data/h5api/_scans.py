"""Which scan what in a file belongs to."""

from __future__ import annotations

from ._scan_state import ScanState
from ._standing import ScanWatch

__all__ = ["OneScan"]


class OneScan:
    """All that is in the file belongs to one scan, the top level included."""

    def __init__(self, state: ScanState, settle_timeout: float) -> None:
        self._watch = ScanWatch(state, settle_timeout)

    def above(self, path: str) -> ScanWatch:  # noqa: ARG002
        """Return the scan that may bring what is at a path."""
        return self._watch

    def inside(self, path: str) -> ScanWatch:  # noqa: ARG002
        """Return the scan that may bring what is inside a node."""
        return self._watch
