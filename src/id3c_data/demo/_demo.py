"""The demo: the steps of a session, told in words, with everything that it needs started and ended."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..documents import Writer
from ..errors import ConfigError
from ._chain import WRITE_ROOT, Chain, running_chain
from ._exposures import ExposureLog, compare
from ._narration import Narration
from ._picture import save_picture
from ._session import session_code, session_file

__all__ = ["Settings", "run_demo"]

_DETECTOR = "eiger2"
_IMAGES = f'cat[-1].primary["{_DETECTOR}_image"]'


@dataclass(frozen=True, slots=True)
class Settings:
    """What the demo shall do.

    Parameters
    ----------
    devices
        The devices.yml that names the detector.
    writer
        Who writes the files: the detector's control unit, or the IOC's HDF5 plugin.
    num
        Points to count.
    images
        Images of each point.
    out
        Folder for the picture.
    """

    devices: Path = Path("configs/devices.yml")
    writer: Writer = "dcu"
    num: int = 10
    images: int = 1
    out: Path = Path("demo-output")


def run_demo(
    settings: Settings, tell: Callable[[str], object], keep: Callable[[Path], object] | None = None
) -> None:
    """Run the whole chain, compare every pixel, and clean up.

    Parameters
    ----------
    settings
        What to do.
    tell
        Takes each line of the story.
    keep
        Called at the end, while everything still runs, with the file of a session that goes on by hand.

    Raises
    ------
    ConfigError
        Where devices.yml is wrong or names no detector ``eiger2``, or the folder cannot be written to: before
        anything starts.
    FramesMissing
        Where what came out is not what the detector made.
    """
    _look_at(settings.devices)
    _make_folder(settings.out)
    narration = Narration(tell)
    tell(f"{_amount(settings)}, from the simulated detector to your array\n")
    with ExitStack() as stack:
        with narration.step("Start the simulated Eiger2 and a catalog, both on this machine only") as found:
            chain = stack.enter_context(running_chain())
            _introduce(chain, found)
        with narration.step(f"Make the detector from {settings.devices}") as found:
            detector = _make(settings, chain)
            stack.callback(_disconnect, detector)
            found(f"{_DETECTOR} is connected, and will write with writer={settings.writer!r}.")
        with narration.step(f"RE(bp.count([{_DETECTOR}], num={settings.num}))") as found:
            catalog, series = _count(settings, chain, detector, stack)
            found(f"{len(series)} points taken; the detector calls their exposures series {_span(series)}.")
        with narration.step(f"images = {_IMAGES}, and read them over HTTP") as found:
            images = catalog[-1].primary[f"{_DETECTOR}_image"]
            pixels = compare(images, series)
            found(f"{images!r}")
            found(f"All {pixels:,} pixels are those that the detector made.")
        with narration.step("Draw the first frame") as found:
            found(f"{_draw(settings, images, series)}")
        tell(f"\n{_IMAGES}.shape == {images.shape}")
        if keep is not None:
            with session_file(settings.out, session_code(settings.devices, chain)) as file:
                keep(file)


def _look_at(devices: Path) -> None:
    """See that devices.yml names the detector; what it says of that is checked when it is made."""
    from ..config import error_of, load

    if not devices.exists():
        raise ConfigError(
            "no such file",
            where=str(devices),
            next_step="run the demo in the folder of a checkout, or give a file with --devices FILE",
        )
    loaded = load(devices, imports=False)
    if errors := [problem for problem in loaded.problems if problem.severity == "error"]:
        raise error_of(errors)
    if _DETECTOR not in {entry.name for entry in loaded.devices.entries}:
        raise ConfigError(
            f"names no device {_DETECTOR!r}",
            where=str(devices),
            next_step=f"name the simulated detector {_DETECTOR}, or give another file with --devices FILE",
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"cannot be written to: {error.strerror}",
            where=str(folder),
            next_step="give another folder with --out",
        ) from error


def _amount(settings: Settings) -> str:
    points = "1 point" if settings.num == 1 else f"{settings.num} points"
    return points if settings.images == 1 else f"{points} of {settings.images} images"


def _span(series: list[int]) -> str:
    return f"{series[0]}" if len(series) == 1 else f"{series[0]} to {series[-1]}"


def _introduce(chain: Chain, found: Callable[[str], None]) -> None:
    ioc, port = chain.ioc, chain.ioc.environment["EPICS_CA_SERVER_PORT"]
    found(f"The detector's IOC serves the PVs {ioc.prefix}* by Channel Access, on port {port}.")
    found(f"It writes to {WRITE_ROOT}, as it sees the disk; readers find that folder at {chain.files}.")
    found(f"The catalog's Tiled server answers at {chain.server.uri} to those who have its API key.")


def _make(settings: Settings, chain: Chain) -> Any:
    from ..devices import load_devices

    detector = load_devices(settings.devices, path_map=chain.path_map)[_DETECTOR]
    detector.writer.put(settings.writer)
    detector.num_images.put(settings.images)
    return detector


def _disconnect(detector: Any) -> None:
    """End the Channel Access circuits before the IOC goes, or libca complains to the terminal."""
    from epics import ca

    detector.destroy()
    ca.finalize_libca()


def _count(settings: Settings, chain: Chain, detector: Any, stack: ExitStack) -> tuple[Any, list[int]]:
    from bluesky import RunEngine
    from bluesky import plans as bp
    from bluesky.utils import RunEngineInterrupted

    from ..catalog import connect, subscribe

    catalog = connect(chain.server.uri, api_key=chain.server.api_key)
    RE = RunEngine()  # noqa: N806 - as everybody calls it
    stack.enter_context(subscribe(RE, catalog, spool=chain.spool))
    log = ExposureLog(detector)
    RE.subscribe(log)
    try:
        RE(bp.count([detector], num=settings.num))
    except RunEngineInterrupted:
        RE.abort("the demo was interrupted")
        raise KeyboardInterrupt from None
    return catalog, log.series


def _draw(settings: Settings, images: Any, series: list[int]) -> Path:
    first = images[0].read()
    frame = first if first.ndim == 2 else first[0]
    file = settings.out / "first_frame.png"
    save_picture(frame, file, f"simulated Eiger2, series {series[0]}, image 1")
    return file
