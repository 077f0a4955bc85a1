"""Where things stand in a master."""

from __future__ import annotations

from typing import Final

__all__ = ["BEAM", "DETECTOR", "SPECIFIC"]

BEAM: Final = "/entry/instrument/beam"
DETECTOR: Final = "/entry/instrument/detector"
SPECIFIC: Final = f"{DETECTOR}/detectorSpecific"
