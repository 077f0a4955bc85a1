"""Frames: master files in, one lazy array out."""

from ..h5api import WORKERS, Codec, Decoder
from ._compressed import CompressedFrame, decode_frames
from ._lazy_array import LazyArray
from ._metadata import FrameMetadata
from ._open_stack import open_stack
from ._speed import decoding_speed
from ._stack import FrameStack
from ._stored_frames import StoredFrames
from ._values import Quantity

__all__ = [
    "WORKERS",
    "Codec",
    "CompressedFrame",
    "Decoder",
    "FrameMetadata",
    "FrameStack",
    "LazyArray",
    "Quantity",
    "StoredFrames",
    "decode_frames",
    "decoding_speed",
    "open_stack",
]
