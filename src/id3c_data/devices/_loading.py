"""Make the devices of a devices.yml with the loader that 3-ID-C uses, once the file was found right."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from ..config import DeviceEntry, error_of, find_here, load
from ..errors import ConfigError, DetectorTimeout, Id3cDataError, MissingExtra
from ..paths import PathMap, PathMapLike

if TYPE_CHECKING:
    from guarneri import Instrument

__all__ = ["load_devices"]

logger = logging.getLogger(__name__)


def load_devices(
    *files: str | PathLike[str], path_map: PathMapLike = None, timeout: float | None = 10.0
) -> dict[str, Any]:
    """Return the devices that these files name, connected, by name and in their order.

    Parameters
    ----------
    files
        Files in the format of BITS' devices.yml.
    path_map
        Where folders of the read side are mounted on this host, if not where the files say:
        ``{"/data/eiger2": "/mnt/disk7"}``. It changes each ``read_path_template`` before the device is made,
        so the documents carry this host's paths too.
    timeout
        Seconds in which all must connect; None returns without waiting.

    Raises
    ------
    ConfigError
        Where a file is wrong: all its errors at once, each with file, line and column.
    DetectorTimeout
        Where a device does not connect in time.
    MissingExtra
        Where the loader is not installed.
    """
    loaded = load(files, find=find_here)
    for problem in loaded.problems:
        if problem.severity == "warning":
            logger.warning("%s", problem)
    if errors := [problem for problem in loaded.problems if problem.severity == "error"]:
        raise error_of(errors)
    instrument, here = _instrument(), PathMap.of(path_map)
    devices: dict[str, Any] = {}
    made_by: dict[str, DeviceEntry] = {}
    for entry in loaded.devices.entries:
        for device in _make(instrument, entry, here):
            devices[device.name] = device
            made_by[device.name] = entry
    if timeout is not None:
        _connect(instrument, made_by, timeout)
    return devices


def _instrument() -> Instrument:
    try:
        from guarneri import Instrument
    except ImportError as error:
        raise MissingExtra("guarneri", "devices") from error
    return Instrument({})


def _make(instrument: Instrument, entry: DeviceEntry, here: PathMap) -> list[Any]:
    arguments = _with_read_side(entry.arguments, here)
    try:
        made = instrument.make_devices([{"device_class": entry.creator, "kwargs": arguments}], fake=False)
    except Id3cDataError as error:
        refusal = ": ".join(part for part in (error.where, error.what) if part)
        what = f"{entry.creator} refuses this device: {refusal}"
        code = error.code if isinstance(error, ConfigError) else ""
        raise ConfigError(what, entry.location, error.next_step, code) from error
    except Exception as error:  # a class of anybody's may raise anything
        what = f"{entry.creator} cannot make this device: {type(error).__name__}: {error}"
        raise ConfigError(what, where=entry.location, next_step="correct its arguments") from error
    for device in made:
        instrument.unconnected_devices.append(device)
        instrument.devices.register(device)
    return made


def _with_read_side(value: Any, here: PathMap) -> Any:
    """Return the arguments with this host's read side, at any depth: plugins have templates too."""
    if isinstance(value, Mapping):
        return {
            key: f"{here.to_here(inner)}/"
            if key == "read_path_template" and isinstance(inner, str)
            else _with_read_side(inner, here)
            for key, inner in value.items()
        }
    return [_with_read_side(inner, here) for inner in value] if isinstance(value, list) else value


def _connect(instrument: Instrument, made_by: Mapping[str, DeviceEntry], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    failed: dict[str, Exception] = {}
    for device in instrument.unconnected_devices:
        wait = getattr(device, "wait_for_connection", None)  # ophyd-async's devices have none
        if wait is not None:
            try:
                wait(timeout=max(0.0, deadline - time.monotonic()))
            except TimeoutError as error:
                failed[device.name] = error
    if not failed:
        failed = _connect_asynchronous(instrument, max(0.1, deadline - time.monotonic()))
    if failed:
        listed = "".join(
            f"\n  {made_by[name].location}: {name}: {shorten(str(error), 300)}"
            for name, error in failed.items()
        )
        raise DetectorTimeout(
            f"see whether the IOC runs, the prefix is right, and EPICS_CA_ADDR_LIST leads to it:{listed}",
            where=f"not connected within {timeout:g} s",
        )


def _connect_asynchronous(instrument: Instrument, timeout: float) -> dict[str, Exception]:
    """Let the loader connect what is ophyd-async's, in a thread: in this one Jupyter's event loop runs."""
    with ThreadPoolExecutor(1) as thread:
        connecting = instrument.connect(timeout=timeout, return_exceptions=True)
        _, failed = thread.submit(asyncio.run, connecting).result()
    return failed
