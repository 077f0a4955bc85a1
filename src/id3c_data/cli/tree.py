"""``id3c-data tree``: all that is in an HDF5 file, and where its links lead."""

from __future__ import annotations

from pathlib import Path

import click

from ._options import path_map_option

__all__ = ["tree"]


@click.command("tree")
@click.argument("file", type=click.Path(path_type=Path))
@path_map_option
@click.option(
    "--allowed-root",
    "allowed_roots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder that no link may lead out of; may be given several times.  [default: all are allowed]",
)
@click.pass_context
def tree(
    context: click.Context, file: Path, path_map: dict[str, str], allowed_roots: tuple[Path, ...]
) -> None:
    """List all that is in an HDF5 file, and where its links lead.

    The exit code is 1 where a part of it cannot be read or a link leads nowhere.
    """
    from id3c_data.h5api import lines_of, tree_of

    found = tree_of(file, path_map=path_map, allowed_roots=allowed_roots or None)
    for line in lines_of(found):
        click.echo(line)
    context.exit(1 if found.errors else 0)
