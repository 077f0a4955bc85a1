"""``id3c-data demo``: the whole chain on this machine."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["demo"]

_INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended


@click.command("demo")
@click.option(
    "--writer",
    type=click.Choice(["dcu", "hdf5"]),
    default="dcu",
    show_default=True,
    help="Who writes the files: the detector's control unit, or the IOC's HDF5 plugin.",
)
@click.option("--num", type=click.IntRange(1), default=10, show_default=True, help="Points to count.")
@click.option("--images", type=click.IntRange(1), default=1, show_default=True, help="Images of each point.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Folder for the picture of the first frame.",
)
@click.option(
    "--devices",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("configs/devices.yml"),
    show_default=True,
    help="The devices.yml that names the detector.",
)
@click.option(
    "--keep", is_flag=True, help="Leave detector and catalog running until Ctrl-C, to go on by hand."
)
@click.pass_context
def demo(
    context: click.Context, writer: str, num: int, images: int, out: Path, devices: Path, *, keep: bool
) -> None:
    """Run the whole chain here: simulated detector, scan, catalog, frames.

    Every pixel that comes back through the catalog is compared with what the detector made.
    """
    import signal

    from id3c_data.demo import Settings, run_demo

    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs begin without the first
        signal.signal(number, signal.default_int_handler)
    settings = Settings(devices, writer, num, images, out)  # pyright: ignore[reportArgumentType]
    try:
        run_demo(settings, click.echo, _wait if keep else None)
    except KeyboardInterrupt:
        click.echo("\ninterrupted; detector and catalog are stopped, their files removed", err=True)
        context.exit(_INTERRUPTED)


def _wait(session: Path) -> None:
    """Show how to go on by hand, and wait for Ctrl-C."""
    import threading

    click.echo(
        f"\nDetector and catalog go on running. Paste this into IPython here, or: ipython -i {session}\n"
    )
    click.echo(session.read_text())
    click.echo("and then, for example:\n")
    click.echo('RE(bp.count([eiger2], num=10))\nimages = cat[-1].primary["eiger2_image"]\n')
    click.echo("Ctrl-C ends them and removes their files.")
    threading.Event().wait()
