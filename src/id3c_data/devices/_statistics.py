"""Statistics of an event's own frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ophyd.signal import Signal

from ..errors import FramesMissing
from ._answers import NEWS_S
from ._exposing import Taken
from ._signals import Eiger2CamIO, Eiger2StatsPlugin
from ._watch import SignalWatch

__all__ = ["StatisticsLogic"]


class StatisticsLogic:
    """Sees to it that what is read from the statistics plugin belongs to the event's last frame.

    Parameters
    ----------
    plugin
        The plugin's PVs.
    cam
        The detector's PVs.
    watch
        Follows at least `watched`.
    patience_s
        How long to wait for the plugin.
    """

    def __init__(
        self, plugin: Eiger2StatsPlugin, cam: Eiger2CamIO, watch: SignalWatch, patience_s: float
    ) -> None:
        self._plugin, self._cam, self._watch, self._patience_s = plugin, cam, watch, patience_s
        self._dropped = self._seen_before = 0

    @staticmethod
    def watched(plugin: Eiger2StatsPlugin) -> tuple:
        """Return the signals that this logic looks at."""
        return (plugin.array_counter, plugin.dropped_arrays, plugin.unique_id)

    def settings(self) -> Mapping[Signal, Any]:
        """Return what must be set on the IOC for a run."""
        plugin = self._plugin
        settings: dict[Signal, Any] = {
            self._cam.array_callbacks: 1,
            plugin.enable: "Enable",
            # The driver then counts a frame when its statistics are there.
            plugin.blocking_callbacks: "Yes",
            plugin.compute_statistics: "Yes",
        }
        if any(name.startswith("centroid") for name in plugin.read_attrs):
            settings[plugin.compute_centroid] = "Yes"
        return settings

    def expect(self) -> None:
        """Get ready for an event's frames."""
        self._dropped = self._watch[self._plugin.dropped_arrays]
        self._seen_before = self._watch.changes(self._plugin.array_counter)

    def wait_for(self, taken: Taken) -> None:
        """Wait until the plugin has seen the last frame of an event.

        Raises
        ------
        FramesMissing
            It did not.
        """
        watch, plugin = self._watch, self._plugin

        def seen() -> bool:
            # An id alone may be an old one: whoever sets the driver's ArrayCounter starts them anew.
            has_news = watch.changes(plugin.array_counter) > self._seen_before
            return has_news and watch[plugin.unique_id] == taken.last_unique_id

        watch.wait_for(lambda: seen() or watch[plugin.dropped_arrays] != self._dropped, self._patience_s)
        if not watch.wait_for(seen, NEWS_S):
            raise FramesMissing(
                f"the plugin has seen frame {watch[plugin.unique_id]}, not the event's frame "
                f"{taken.last_unique_id}",
                where=plugin.unique_id.pvname,
                next_step=f"see whether {plugin.nd_array_port.pvname} leads to the camera, whether the "
                f"plugins on the way are enabled, and whether {plugin.dropped_arrays.pvname} counts lost "
                "frames; or take the statistics out of the device's hinted signals",
            )
