"""The simulated Eiger2 as an IOC: ``python -m id3c_data.sim.ioc --prefix sim_eiger:``.

It runs in the foreground until Ctrl-C or SIGTERM, prints the environment that a client needs, then ``ready``.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import TextIO

from id3c_data.sim._boot import (
    IocSettings,
    client_environment,
    server_environment,
)
from id3c_data.sim._faults import FAULTS, parse_fault
from id3c_data.sim._mounts import Mount
from id3c_data.sim._ports import check_port, free_port
from id3c_data.sim._table import DRIVERS

__all__ = ["main", "run"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulated IOC until it is told to stop, and return the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        settings = _settings(options)
    except ValueError as error:
        parser.error(str(error))
    try:
        run(settings, as_json=options.json)
    except OSError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def run(settings: IocSettings, *, as_json: bool = False) -> None:
    """Serve until SIGINT or SIGTERM.

    Parameters
    ----------
    settings
        Prefix, sizes, times, mounts, faults.
    as_json
        Print one JSON object when ready, for programs, and stop when the parent process ends.

    Raises
    ------
    OSError
        The port is taken.
    """
    settings = dataclasses.replace(
        settings,
        port=settings.port or free_port(),
        repeater_port=settings.repeater_port or free_port(),
    )
    check_port(settings.port)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    os.environ.update(server_environment(settings))
    threading.excepthook = _end_process
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="eiger2-dcu-") as memory:
        with _quiet_start():
            # EPICS reads its environment when it is loaded.
            from id3c_data.sim._assembly import SimulatedIoc

            ioc = SimulatedIoc(settings, memory)
        _announce(settings, sys.stdout, as_json=as_json)
        _wait(stop, with_parent=as_json)
        ioc.close()
    sys.stdout.flush()
    os._exit(0)  # EPICS has threads that do not end, and its own exit prints


def _end_process(failure: threading.ExceptHookArgs) -> None:
    """End the IOC when one of its threads fails; half of it would only mislead."""
    threading.__excepthook__(failure)
    sys.stderr.flush()
    os._exit(2)


def _announce(settings: IocSettings, out: TextIO, *, as_json: bool) -> None:
    """Say how a client reaches the IOC, and that it is ready."""
    environment = client_environment(settings)
    if as_json:
        print(json.dumps({"ready": True, "prefix": settings.prefix, "environment": environment}), file=out)
    else:
        for name, value in environment.items():
            print(f"export {name}={value}", file=out)
        print("ready", file=out)
    out.flush()


def _wait(stop: threading.Event, *, with_parent: bool) -> None:
    """Wait for a signal, or for the end of the process that started this one."""
    parent = os.getppid()
    while not stop.wait(1.0):
        if with_parent and os.getppid() != parent:
            return


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Keep what the EPICS libraries print at start from the terminal, unless the start fails."""
    with tempfile.TemporaryFile() as said:
        kept = [os.dup(descriptor) for descriptor in (1, 2)]
        try:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            yield
        except BaseException:
            said.seek(0)
            os.write(kept[1], said.read())
            raise
        finally:
            for descriptor, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, descriptor)
                os.close(copy)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="id3c-data ioc",
        description="Run the simulated Eiger2 in the foreground, until Ctrl-C.",
        epilog="faults (each is also a PV):\n"
        + "\n".join(f"  {name:16} {knob.pv:20} {knob.what}" for name, knob in FAULTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--prefix", required=True, help="start of all PV names, with its colon: sim_eiger:")
    add("--port", type=int, default=0, help="Channel Access port on 127.0.0.1; default: a free one")
    add("--repeater-port", type=int, default=0, help="port of the clients' caRepeater; default: a free one")
    add("--size", default="514x1030", help="height x width of a frame; default: %(default)s")
    add("--bit-depth", type=int, choices=(8, 16, 32), default=32, help="bits of a pixel")
    add("--arm-time", type=float, default=0.2, metavar="S", help="seconds to arm; default: %(default)s")
    add("--rate", type=float, default=10.0, metavar="HZ", help="frames a second at boot")
    add("--driver", choices=DRIVERS, default=DRIVERS[-1], help="generation of the driver")
    add(
        "--mount",
        action="append",
        default=[],
        metavar="VIEW=FOLDER",
        help="a folder, and its path on the IOC",
    )
    add("--fault", action="append", default=[], metavar="NAME[=VALUE]", help="a fault from the start on")
    add("--json", action="store_true", help="say 'ready' as JSON, and stop with the parent process")
    return parser


def _settings(options: argparse.Namespace) -> IocSettings:
    """Return the settings that the command line asks for.

    Raises
    ------
    ValueError
        An option makes no sense.
    """
    height, cross, width = options.size.partition("x")
    if not (cross and height.isdigit() and width.isdigit() and int(height) and int(width)):
        raise ValueError(f"--size {options.size}: write it as height x width, such as 514x1030")
    if options.rate <= 0 or options.arm_time < 0:
        raise ValueError("--rate must be above 0, --arm-time not below")
    return IocSettings(
        prefix=options.prefix,
        port=options.port,
        repeater_port=options.repeater_port,
        height=int(height),
        width=int(width),
        bit_depth=options.bit_depth,
        arm_time_s=options.arm_time,
        rate_hz=options.rate,
        driver=options.driver,
        mounts=tuple(Mount.parse(text) for text in options.mount),
        faults=tuple(parse_fault(text) for text in options.fault),
    )


if __name__ == "__main__":
    raise SystemExit(main())
