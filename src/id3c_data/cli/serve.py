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
def serve(config: Path, host: str | None, port: int | None) -> None:
    """Run the catalog's server in the foreground.

    The API key comes from the environment (TILED_SINGLE_USER_API_KEY), or users from the configuration.
    """
    from id3c_data.catalog import serve_config

    serve_config(config, host=host, port=port, tell=click.echo)
