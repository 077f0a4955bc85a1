"""``id3c-data watch``: a run in a terminal, while it goes on."""

from __future__ import annotations

import sys
from typing import Any

import click

from ._options import Seconds, path_map_option

__all__ = ["watch"]

_INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended


def _uris(context: click.Context, argument: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the URIs of runs; say what to give for anything else."""
    for value in values:
        if value.startswith(("http://", "https://")):
            continue
        if value.lower().endswith((".h5", ".hdf5", ".nxs")):
            hint = "a file tells of no run; `id3c-data tree` lists what is in it"
        elif value.startswith(("tcp://", "ipc://")) or value.rpartition(":")[2].isdecimal():
            hint = f"of a 0MQ proxy, give --address {value.removeprefix('tcp://')}"
        else:
            hint = "give http://... as the catalog does: cat[-1].uri"
        raise click.BadParameter(f"{value!r} is no URI of a run; {hint}", context, argument)
    return values


@click.command("watch")
@click.argument("uris", nargs=-1, metavar="[URI]...", callback=_uris)
@click.option("--address", metavar="HOST:PORT", help="Watch the next run that a 0MQ proxy tells of.")
@click.option("--latest", is_flag=True, help="Watch the last run of the catalog.  [default]")
@click.option("--data-key", help="Data key of the images, where the run has several.")
@path_map_option
@click.option(
    "--timeout",
    type=Seconds(),
    metavar="SECONDS",
    help="How long to wait for the run, and for each frame.  [default: no limit]",
)
@click.pass_context
def watch(
    context: click.Context,
    uris: tuple[str, ...],
    address: str | None,
    data_key: str | None,
    path_map: dict[str, str],
    timeout: float | None,
    *,
    latest: bool,
) -> None:
    """Watch runs while they go on: of the catalog, or over 0MQ.

    The exit code is 0 where every run ended as a success and no frame is missing.
    """
    if sum(map(bool, (uris, address, latest))) > 1:
        raise click.UsageError("give URIs, --address or --latest")
    options = {"data_key": data_key, "path_map": path_map, "retry_timeout": timeout}
    try:
        sources: list[Any] = list(uris) or [address or _latest()]
        well = [_watched(source, options) for source in sources]
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        context.exit(_INTERRUPTED)
    context.exit(0 if all(well) else 1)


def _latest() -> Any:
    from id3c_data import connect

    return connect()[-1]


def _watched(source: Any, options: dict[str, Any]) -> bool:
    """Watch one run to its end; say whether that was a good one."""
    from id3c_data.errors import Id3cDataError, MissingExtra
    from id3c_data.following import follow, watch

    try:
        frames = follow(source, **options)
    except MissingExtra:
        raise
    except Id3cDataError as error:  # the next run may be found
        click.echo(f"Error: {error}", err=True)
        return False
    with frames:
        if isinstance(source, str) and not source.startswith("http"):
            click.echo(f"waiting for a run from {source}", err=True)
        ending = _with_bar(watch, frames) if sys.stdout.isatty() else watch(frames, click.echo, None)
    click.echo(ending.words)
    return ending.well


def _with_bar(watch_run: Any, frames: Any) -> Any:
    """Watch with a progress bar."""
    from id3c_data.errors import MissingExtra

    try:
        from rich.progress import BarColumn, Progress, TextColumn
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "rich", "follow") from error

    with Progress(BarColumn(), TextColumn("{task.description}", markup=False)) as bar:
        task = bar.add_task("waiting for the run", total=None)
        return watch_run(
            frames,
            lambda line: bar.console.print(line, markup=False, highlight=False),
            lambda now: bar.update(task, total=now.total, completed=now.frames, description=str(now)),
        )
