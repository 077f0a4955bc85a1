"""``id3c-data paths``: what the path templates of a devices.yml become."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from id3c_data.cli._terminal import colours_wanted

__all__ = ["paths"]

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]


@click.command("paths")
@click.argument(
    "targets",
    metavar="FILES|FOLDERS...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--at", type=click.DateTime(_FORMATS), help="The moment that a run starts.  [default: now]")
@click.pass_context
def paths(context: click.Context, targets: tuple[Path, ...], at: datetime | None) -> None:
    """Show what each path template of devices.yml becomes, on both sides.

    Nothing is imported. Of templates that break a rule the problems are said instead, and the exit code
    is 1.
    """
    from id3c_data.config import Report, expansions, load, render

    loaded = load(targets, imports=False)
    moment = at or datetime.now()
    for expansion in expansions(loaded.devices, moment):
        click.echo(expansion)
    problems = tuple(problem for problem in loaded.problems if problem.severity == "error")
    if problems:
        click.echo(render(Report(loaded.files, problems), colours=colours_wanted()), err=True, nl=False)
        context.exit(1)
