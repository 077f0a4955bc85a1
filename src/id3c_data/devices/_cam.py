"""The camera part, with what it can see to where somebody else's detector class uses it."""

from __future__ import annotations

from ._signals import Eiger2CamIO

__all__ = ["Eiger2Cam"]


class Eiger2Cam(Eiger2CamIO):
    """The PVs of ``cam1:``."""
