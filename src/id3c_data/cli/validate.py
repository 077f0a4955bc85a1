"""``id3c-data validate``: everything that is wrong with an instrument's configuration, in one go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from id3c_data.cli._terminal import colours_wanted
from id3c_data.errors import Id3cDataError

if TYPE_CHECKING:
    from id3c_data.config import Format, Report

__all__ = ["validate"]

_PROBLEMS, _COULD_NOT_RUN = 1, 2


@click.command("validate")
@click.argument(
    "targets",
    metavar="FILES|FOLDERS...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "github", "json", "sarif"]),
    default="text",
    show_default=True,
    help="For people, for annotations of GitHub Actions, for programs.",
)
@click.option(
    "--live", is_flag=True, help="Also ask the IOCs, the file systems and the Tiled server, at the beamline."
)
@click.option(
    "--no-import", is_flag=True, help="Import nothing that the files name; quicker, and finds less."
)
@click.pass_context
def validate(
    context: click.Context, targets: tuple[Path, ...], form: Format, *, live: bool, no_import: bool
) -> None:
    """Check devices.yml, and iconfig.yml and tiled.yml beside it.

    All problems of all files are said at once. Exit code 0: at most warnings; 1: errors; 2: the check itself
    could not run.
    """
    try:
        report = _report(targets, live=live, imports=not no_import)
    except Id3cDataError as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(_COULD_NOT_RUN)
    from id3c_data.config import render

    click.echo(render(report, form, colours=colours_wanted()), nl=False)
    context.exit(_PROBLEMS if report.errors else 0)


def _report(targets: tuple[Path, ...], *, live: bool, imports: bool) -> Report:
    from id3c_data.config import Report, load

    loaded = load(targets, imports=imports, beside=True)
    if not live:
        return Report(loaded.files, loaded.problems)
    from id3c_data.doctor import check_live

    return check_live(loaded, imports=imports)
