"""Following a run: its frames as they land, whatever tells of the run."""

from __future__ import annotations

from ._event_frames import FollowedFrame
from ._follow import Following, follow
from ._watch import Ending, watch
from ._zmq import ZmqRuns

__all__ = ["Ending", "FollowedFrame", "Following", "ZmqRuns", "follow", "watch"]
