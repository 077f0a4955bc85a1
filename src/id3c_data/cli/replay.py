"""``id3c-data replay``: runs into the catalog that did not get there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from id3c_data.errors import Id3cDataError

if TYPE_CHECKING:
    from id3c_data.catalog import Replayed

__all__ = ["replay"]

_FAILED, _COULD_NOT_RUN = 1, 2
_DONE = {
    "new": "brought in",
    "replaced": "brought in, in place of the part of it that was there",
    "whole": "is in the catalog already; its file is removed",
}
_TO_DO = {
    "new": "not in the catalog",
    "replaced": "in the catalog in part",
    "whole": "is in the catalog already",
}


@click.command("replay")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, path_type=Path))
@click.option("--all", "all_files", is_flag=True, help="All runs that are kept in the spool.")
@click.option(
    "--spool",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the spool.  [default: ID3C_DATA_SPOOL, or ~/.local/state/id3c-data/spool]",
)
@click.option("--uri", help="URI of the catalog.  [default: that of connect()]")
@click.option("--profile", help="Tiled profile of the catalog.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="For programs: a JSON object for each file, in a line.")
@click.pass_context
def replay(
    context: click.Context,
    files: tuple[Path, ...],
    spool: Path | None,
    uri: str | None,
    profile: str | None,
    *,
    all_files: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring runs into the catalog whose documents are kept on disk.

    Without FILE and --all the kept runs are listed, and nothing is done. Exit code 0: nothing failed; 1: some
    run cannot be brought in; 2: the catalog does not answer.
    """
    if files and all_files:
        raise click.UsageError("give files or --all")
    dry_run = dry_run or not (files or all_files)
    try:
        failed = 0
        for done in _replayed(list(files), spool, uri, profile, dry_run=dry_run):
            click.echo(_json(done) if as_json else _words(done, _TO_DO if dry_run else _DONE))
            failed += not done.well
    except Id3cDataError as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(_COULD_NOT_RUN)
    context.exit(_FAILED if failed else 0)


def _replayed(
    files: list[Path], spool: Path | None, uri: str | None, profile: str | None, *, dry_run: bool
) -> Iterator[Replayed]:
    """Yield what becomes of the files, or of all of the spool; the catalog is asked only if there are any."""
    from id3c_data.catalog import connect, kept_runs, replay

    paths = files or kept_runs(spool)
    if not paths:
        click.echo("no runs are kept on disk", err=True)
        return
    cat = connect(uri, profile=profile)
    yield from replay(paths, cat, dry_run=dry_run, any_catalog=bool(uri or profile))


def _words(done: Replayed, words: dict[str, str]) -> str:
    """Return what became of a file, for people."""
    if done.outcome not in words:
        return f"{_name(done)}: {'left alone' if done.outcome == 'taken' else 'FAILED'}: {done.reason}"
    return f"{_name(done)}: {words[done.outcome]}" + (f"; {done.reason}" if done.reason else "")


def _name(done: Replayed) -> str:
    return f"run {done.uid} (scan {done.scan_id})" if done.uid else str(done.path)


def _json(done: Replayed) -> str:
    """Return what became of a file, for programs."""
    import json
    from dataclasses import asdict

    return json.dumps(asdict(done), default=str)
