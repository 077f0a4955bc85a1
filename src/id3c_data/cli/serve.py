"""``id3c-data serve``: the catalog's server in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["serve"]


@click.command("serve")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("configs/tiled.yml"),
    show_default=True,
    help="Configuration of the server.",
)
@click.option("--host", help="Address to listen on.  [default: what the file says, or 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on.  [default: what the file says, or 8000]")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the API key; nobody but its owner may be able to read it.",
)
def serve(config: Path, host: str | None, port: int | None, key_file: Path | None) -> None:
    """Run the catalog's server in the foreground.

    The API key comes from the environment (TILED_SINGLE_USER_API_KEY) or from a file; users come from the
    configuration.
    """
    from id3c_data.catalog import serve_config

    serve_config(config, host=host, port=port, key_file=key_file, tell=click.echo)
