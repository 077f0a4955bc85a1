"""``id3c-data watch``: a run in a terminal, while it goes on."""

from __future__ import annotations

import sys
from typing import Any

import click

__all__ = ["watch"]

_INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended


@click.command("watch")
@click.argument("uris", nargs=-1, metavar="[URI]...")
@click.option("--address", metavar="HOST:PORT", help="Watch the next run that a 0MQ proxy tells of.")
@click.option("--latest", is_flag=True, help="Watch the last run of the catalog.  [default]")
@click.option("--data-key", help="Data key of the images, where the run has several.")
@click.option("--map", "pairs", multiple=True, metavar="THERE=HERE", help="A folder there, and here.")
@click.option("--timeout", type=float, help="Seconds to wait for the run, and for each frame.")
@click.pass_context
def watch(
    context: click.Context,
    uris: tuple[str, ...],
    address: str | None,
    data_key: str | None,
    pairs: tuple[str, ...],
    timeout: float | None,
    *,
    latest: bool,
) -> None:
    """Watch runs while they go on: of the catalog, or over 0MQ.

    The exit code is 0 where every run ended as a success and no frame is missing.
    """
    from id3c_data.following import follow
    from id3c_data.following import watch as watch_run

    if sum(map(bool, (uris, address, latest))) > 1:
        raise click.UsageError("give URIs, --address or --latest")
    sources: list[Any] = list(uris) or ([address] if address else [_latest()])
    path_map = {there: here for there, _, here in (pair.partition("=") for pair in pairs)}
    well = True
    try:
        for source in sources:
            with follow(source, data_key=data_key, path_map=path_map, retry_timeout=timeout) as frames:
                if sys.stdout.isatty():
                    ending = _with_bar(watch_run, frames)
                else:
                    ending = watch_run(frames, click.echo, None)
            click.echo(ending.words)
            well = well and ending.well
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        context.exit(_INTERRUPTED)
    context.exit(0 if well else 1)


def _latest() -> Any:
    from id3c_data import connect

    return connect()[-1]


def _with_bar(watch_run: Any, frames: Any) -> Any:
    """Watch with a progress bar."""
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(BarColumn(), TextColumn("{task.description}")) as bar:
        task = bar.add_task("waiting for the run", total=None)
        return watch_run(
            frames,
            bar.console.print,
            lambda now: bar.update(task, total=now.total, completed=now.frames, description=str(now)),
        )
