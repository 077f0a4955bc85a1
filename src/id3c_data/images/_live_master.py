"""A master whose files may come, and grow, between two looks at it."""

from __future__ import annotations

from pathlib import Path

from ..errors import BrokenLink
from ..h5api import Look, Memory, OpenFile, Standing
from ._layouts import Layout
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
        self._in_look: tuple[Look, MasterFrames] | None = None
        self._last: tuple[Record, MasterFrames] | None = None
        self._grown: tuple[Memory, MasterFrames] | None = None
        self._layout: tuple[tuple[int, int], Layout] | None = None
        self._links: Known = {}

    def frames(self, look: Look, standing: Standing) -> MasterFrames:
        """Return where its frames are at this moment.

        Parameters
        ----------
        look
            The look that this is a part of.
        standing
            Where the run stood before it.

        Raises
        ------
        Hdf5Error
            It is not there yet, or cannot be read; see `open_stack`.
        """
        if self._in_look is None or self._in_look[0] is not look:
            self._in_look = look, self._frames(look, Trail(look, self._links, standing))
        return self._in_look[1]

    def forget(self) -> None:
        """Have the next look begin afresh."""
        self._in_look = self._last = self._grown = self._layout = None
        self._links.clear()

    def _frames(self, look: Look, trail: Trail) -> MasterFrames:
        if self._last is not None and trail.unchanged(self._last[0]):
            return self._last[1]
        if self._grown is not None and look.is_as(self._grown[0]):
            return self._grown[1]
        with trail.record() as record:
            frames = self._read(trail, trail.open(self.path))
        self._last = (record, frames) if record.lasting else None
        memory = None if record.lasting or look.met_writer else look.remember()
        self._grown = None if memory is None else (memory, frames)
        return frames

    def _read(self, trail: Trail, file: OpenFile) -> MasterFrames:
        """Return the frames, by the layout that the same file had before if that can be used again."""
        which = file.identity.device, file.identity.inode
        if self._layout is not None and self._layout[0] == which:
            try:
                return self._layout[1].frames(trail, file)
            except BrokenLink:  # it was written anew
                self._layout = None
        layout = Layout.of(trail, file, self._channel)
        frames = layout.frames(trail, file)
        own = layout.dataset and layout.promised is None
        if own and all(source.file.path == self.path for source in frames.sources):
            self._layout = which, layout  # a file that holds its frames itself, and so grows all the time
        return frames
