"""Contract suites and fixtures that the tests of beamline packages may import too."""

from __future__ import annotations

from id3c_data.testing._channel_access import CaPorts, ca_repeater, isolate_channel_access
from id3c_data.testing._ioc import RunningIoc, running_ioc

__all__ = ["CaPorts", "RunningIoc", "ca_repeater", "isolate_channel_access", "running_ioc"]
