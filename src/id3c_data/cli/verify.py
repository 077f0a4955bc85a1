"""``id3c-data verify``: whether all frames of a run are there, and can be read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from id3c_data.errors import Id3cDataError

from ._options import path_map_option

if TYPE_CHECKING:
    from id3c_data.verify import Progress, RunReport

__all__ = ["verify"]

_PROBLEMS, _COULD_NOT_RUN, _INTERRUPTED = 1, 2, 130
_SHOWN = 20  # findings of a run that people are told
_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]


@click.command("verify")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--last", type=click.IntRange(1), metavar="N", help="The last N runs.")
@click.option("--since", type=click.DateTime(_DATES), metavar="DATE", help="All runs from then on.")
@path_map_option
@click.option("--uri", help="URI of the catalog.  [default: that of connect()]")
@click.option("--profile", help="Tiled profile of the catalog.")
@click.option(
    "--repair", is_flag=True, help="Shorten images in the catalog to what was written, with a note."
)
@click.option("--json", "as_json", is_flag=True, help="For programs: a JSON object for each run, in a line.")
@click.pass_context
def verify(
    context: click.Context,
    runs: tuple[str, ...],
    last: int | None,
    since: datetime | None,
    path_map: dict[str, str],
    uri: str | None,
    profile: str | None,
    *,
    repair: bool,
    as_json: bool,
) -> None:
    """Check that all frames of runs are there, and can be read.

    RUN is a uid, its beginning, or a scan number. Exit code 0: all is there; 1: there are problems; 2: the
    check itself could not run.
    """
    if not (runs or last or since):
        raise click.UsageError("give RUN, --last or --since")
    from id3c_data.catalog import connect
    from id3c_data.verify import chosen_runs
    from id3c_data.verify import repair as repair_run

    well = True
    try:
        cat = connect(uri, profile=profile)
        for run in chosen_runs(cat, runs, last=last, since=since):
            report = _verified(run, path_map)
            _tell(report, as_json=as_json)
            well = well and report.well
            for note in repair_run(run, report) if repair else ():
                click.echo(f"  repaired: {note}", err=as_json)
    except Id3cDataError as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(_COULD_NOT_RUN)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        context.exit(_INTERRUPTED)
    context.exit(0 if well else _PROBLEMS)


def _verified(run: Any, path_map: dict[str, str]) -> RunReport:
    """Verify a run; with a bar, where somebody looks at it."""
    from id3c_data.verify import verify_run

    with _bar(run.metadata["start"]["uid"]) as progress:
        return verify_run(run, path_map=path_map, progress=progress)


@contextmanager
def _bar(uid: str) -> Iterator[Progress | None]:
    """Show a bar on the error output, if that is a terminal and the library is there."""
    try:
        from rich.console import Console
        from rich.progress import Progress as Bar
    except ImportError:
        yield None
        return
    if not sys.stderr.isatty():
        yield None
        return
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"run {uid[:8]}", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell(report: RunReport, *, as_json: bool) -> None:
    """Say what was found in a run."""
    if as_json:
        import json

        click.echo(json.dumps(report.to_json()))
        return
    ending = report.exit_status or "no end"
    click.echo(f"run {report.uid} (scan {report.scan_id}, {ending}): {'ok' if report.well else 'PROBLEMS'}")
    for counts in report.frames:
        click.echo(f"  {counts}")
    for finding in report.findings[:_SHOWN]:
        click.echo(f"  {finding.severity}: {finding}")
    if (more := len(report.findings) - _SHOWN) > 0:
        click.echo(f"  and {more} more; --json has them all")
