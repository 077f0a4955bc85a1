"""What resource, datum and data key say about Eiger frames: one spec for every writer.

Light on purpose: devices build their documents with it, and must not load HDF5 for that.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import PurePath, PurePosixPath
from typing import Any, Literal

from ..errors import PathOutsideRoots
from ..paths import is_below

__all__ = [
    "CHANNELS",
    "MIMETYPE",
    "SPEC",
    "Channel",
    "Writer",
    "data_key",
    "data_key_name",
    "datum_document",
    "image_data_keys",
    "resource_document",
]

SPEC = "ID3C_EIGER2"
"""Spec of a resource that is one master file (or one file of the IOC's HDF5 plugin)."""

MIMETYPE = "application/x-eiger2-master"
"""Media type of the same file in a Tiled catalog."""

Channel = Literal["threshold_1", "threshold_2", "difference"]
Writer = Literal["dcu", "hdf5"]

CHANNELS: dict[Channel, str] = {"threshold_1": "", "threshold_2": "_threshold2", "difference": "_difference"}
"""Channel, and what it adds to the data key ``<detector>_image``."""


def resource_document(
    master: str | PurePath,
    *,
    root: str | PurePath,
    frames_per_event: int,
    writer: Writer,
    uid: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the resource document of one master file.

    Parameters
    ----------
    master
        The master (or the plugin's file) as readers see it.
    root
        The read side's root; ``master`` is below it.
    frames_per_event
        Frames that make one event.
    writer
        Who writes the file.
    uid
        A new one is made where none is given.
    **more
        Further keyword arguments for the handler that JSON can hold, such as ``sequence_id`` and
        ``images_per_file``; None is left out.

    Raises
    ------
    PathOutsideRoots
        Where the master is not below the root.
    """
    if not is_below(master, root):
        raise PathOutsideRoots(
            f"is not below {str(root)!r}, the read side's root",
            where=str(master),
            next_step="see whether the read template names the folder that the files are really in",
        )
    kwargs: dict[str, Any] = {"frames_per_event": frames_per_event, "writer": writer, **more}
    return {
        "uid": uid or str(uuid.uuid4()),
        "spec": SPEC,
        "root": str(PurePosixPath(root)),
        "resource_path": str(PurePosixPath(master).relative_to(root)),
        "path_semantics": "posix",
        "resource_kwargs": {name: value for name, value in kwargs.items() if value is not None},
    }


def datum_document(resource_uid: str, slot: int, channel: Channel = "threshold_1") -> dict[str, Any]:
    """Return the datum document of one event's frames.

    Parameters
    ----------
    resource_uid
        Of the resource that holds the frames.
    slot
        Which event of the resource, from 0. With n frames an event it has the frames
        ``[slot * n, (slot + 1) * n)`` of that master.
    channel
        Which of the detector's images.
    """
    kwargs: dict[str, Any] = {"point_number": slot}
    name = str(slot)
    if channel != "threshold_1":
        kwargs["channel"] = channel
        name = f"{channel}/{slot}"
    return {"datum_id": f"{resource_uid}/{name}", "resource": resource_uid, "datum_kwargs": kwargs}


def data_key_name(detector: str, channel: Channel = "threshold_1") -> str:
    """Return the name of a channel's data key, such as ``eiger2_image_threshold2``."""
    return f"{detector}_image{CHANNELS[channel]}"


def data_key(
    detector: str,
    frame_shape: tuple[int, int],
    dtype_numpy: str,
    *,
    frames_per_event: int,
    source: str,
    **more: Any,
) -> dict[str, Any]:
    """Return the data key of one channel's images.

    Parameters
    ----------
    detector
        The detector's name, which its axes are named after.
    frame_shape
        ``(height, width)`` in pixels.
    dtype_numpy
        Pixel type with its byte order, such as ``"<u4"``.
    frames_per_event
        1 gives events of ``(height, width)``, more gives ``(frames, height, width)``.
    source
        Where the images come from, such as ``"PV:dp_eiger_sn:cam1:"``.
    **more
        Further fields of the event model.
    """
    several = frames_per_event > 1
    return {
        "source": source,
        "dtype": "array",
        "dtype_numpy": dtype_numpy,
        "shape": [*([frames_per_event] if several else []), *frame_shape],
        "dims": [*([f"{detector}_frame"] if several else []), f"{detector}_y", f"{detector}_x"],
        "external": "FILESTORE:",
        **more,
    }


def image_data_keys(
    detector: str,
    frame_shape: tuple[int, int],
    dtype_numpy: str,
    *,
    frames_per_event: int,
    source: str,
    channels: Sequence[Channel] = ("threshold_1",),
) -> dict[str, dict[str, Any]]:
    """Return the data keys of all channels in use, by name; see `data_key`."""
    return {
        data_key_name(detector, channel): data_key(
            detector, frame_shape, dtype_numpy, frames_per_event=frames_per_event, source=source
        )
        for channel in channels
    }
