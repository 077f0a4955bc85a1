"""What the doctor is asked to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["DEFAULT_DEVICES", "Settings"]

DEFAULT_DEVICES = Path("configs/devices.yml")
"""Where the configuration is when nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to look at, and how long to wait for it.

    Parameters
    ----------
    target
        A run (-1 for the last, a scan number, or the beginning of a uid) or the path of a master to walk
        from; None for the configured detector.
    expose
        Whether to take one frame and follow it.
    devices
        Files of devices, or folders; without them ``configs/devices.yml``.
    device
        Name of the detector, where the files have several.
    uri, profile, api_key
        The catalog, as for `id3c_data.connect`.
    path_map
        Roots as documents and links name them, and as this host has them.
    data_key
        Of the images, where a run has several.
    imports
        Whether the check of the configuration imports what the files name.
    documents
        Whether to keep the run's documents, for a bundle.
    answer_s
        Longest that one answer may take: a PV, a look at the file system, a request of the catalog.
    appear_s
        How long files may take to appear here after the frame was taken.
    decode_s
        How long to decode frames; more can be left to ``id3c-data verify``.
    """

    target: int | str | Path | None = None
    expose: bool = False
    devices: tuple[Path, ...] = ()
    device: str | None = None
    uri: str | None = None
    profile: str | None = None
    api_key: str | None = field(default=None, repr=False)
    path_map: Mapping[str, str] = field(default_factory=dict[str, str])
    data_key: str | None = None
    imports: bool = True
    documents: bool = False
    answer_s: float = 5.0
    appear_s: float = 30.0
    decode_s: float = 5.0
