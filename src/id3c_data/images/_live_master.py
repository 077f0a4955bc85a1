"""A master whose files may come, and grow, between two looks at it."""

from __future__ import annotations

from pathlib import Path

from ..h5api import Look
from ._layouts import read_master
from ._parts import MasterFrames
from ._trail import Known, Record, Trail

__all__ = ["LiveMaster"]


class LiveMaster:
    """A master that is looked at again and again; only what has changed is opened again.

    Parameters
    ----------
    path
        The master.
    channel
        Name of the channel.
    """

    def __init__(self, path: Path, channel: str) -> None:
        self.path, self._channel = path, channel
        self._last: tuple[Record, MasterFrames] | None = None
        self._links: Known = {}

    def frames(self, look: Look) -> MasterFrames:
        """Return where its frames are at this moment.

        Raises
        ------
        Hdf5Error
            It is not there yet, or cannot be read; see `open_stack`.
        """
        trail = Trail(look, self._links)
        if self._last is not None and trail.unchanged(self._last[0]):
            return self._last[1]
        with trail.record() as record:
            frames = read_master(trail, trail.open(self.path), self._channel)
        self._last = (record, frames) if record.lasting else None
        return frames

    def forget(self) -> None:
        """Have the next look begin afresh."""
        self._last = None
        self._links.clear()
