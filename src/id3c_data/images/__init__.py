"""Frames: master files in, one lazy array out."""

from ..h5api import Decoder
from ._metadata import FrameMetadata
from ._open_stack import open_stack
from ._stack import FrameStack
from ._values import Quantity

__all__ = ["Decoder", "FrameMetadata", "FrameStack", "Quantity", "open_stack"]
