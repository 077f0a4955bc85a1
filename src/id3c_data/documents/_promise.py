"""What one event promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ..errors import DocumentError
from ._specs import SPEC, Channel

__all__ = ["Promise"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One event's images, as its documents promise them.

    Parameters
    ----------
    seq_num
        Of the event, from 1.
    datum_id
        Of the datum that stands in the event.
    resource, kwargs
        The resource document, and the datum's keyword arguments.
    time
        When the event was, in seconds since 1970 by the clock of the RunEngine's machine.
    """

    seq_num: int
    datum_id: str
    resource: Mapping[str, Any]
    kwargs: Mapping[str, Any]
    time: float

    @property
    def path(self) -> PurePosixPath:
        """What the resource names, as the documents do: for `SPEC` the master file."""
        return PurePosixPath(self.resource["root"], self.resource["resource_path"])

    @property
    def frames(self) -> range:
        """Which frames of the master; only `SPEC` says it."""
        if self.resource["spec"] != SPEC:
            raise DocumentError(
                f"a resource of spec {self.resource['spec']!r} does not say which frames an event has",
                where=f"datum {self.datum_id}",
                next_step=f"ask for the frames of {SPEC} resources only",
            )
        count = int(self.resource["resource_kwargs"]["frames_per_event"])
        first = int(self.kwargs["point_number"]) * count
        return range(first, first + count)

    @property
    def channel(self) -> Channel:
        """Which of the detector's images."""
        return self.kwargs.get("channel", "threshold_1")
