"""``id3c-data schema``: what editors need for completion in devices.yml."""

from __future__ import annotations

import click

__all__ = ["schema"]


@click.command("schema")
def schema() -> None:
    """Print the JSON Schema of devices.yml, for completion in editors."""
    import json

    from id3c_data.config import schema as schema_of_devices

    click.echo(json.dumps(schema_of_devices(), indent=2))
