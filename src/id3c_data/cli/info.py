"""``id3c-data info``: what is installed, which decoder reads frames, and how fast."""

from __future__ import annotations

import click

__all__ = ["info"]

_SHOWN = (
    "numpy",
    "h5py",
    "imagecodecs",
    "dectris-compression",
    "dask",
    "distributed",
    "tiled",
    "bluesky",
    "ophyd",
)


@click.command("info")
def info() -> None:
    """Say which versions are installed, which decoder reads frames, and how fast that is here."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from id3c_data.h5api import DECODER_VARIABLE, decoder_in_use, decoders_here
    from id3c_data.images import WORKERS, decoding_speed

    def found(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed"

    click.echo(f"{'id3c-data':20} {found('id3c-data')}")
    click.echo(f"{'Python':20} {platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in _SHOWN:
        click.echo(f"{name:20} {found(name)}")
    used = decoder_in_use()
    click.echo(f"\nFrames are decoded by {used.name} {used.version}, in {WORKERS.count} threads.")
    click.echo("Frames a second of 514 x 1030 pixels, 32 bits, in memory:\n")
    click.echo(f"{'':20} {'one thread':>12} {'all threads':>12}")
    for decoder in decoders_here():
        one, every = decoding_speed(decoder)
        click.echo(f"{decoder.name:20} {one:>12.0f} {every:>12.0f}")
    if all(decoder.name != "dectris-compression" for decoder in decoders_here()):
        click.echo(
            "\ndectris-compression is about twice as fast where there is a compiler to build it: "
            'pip install "id3c-data[fast]"'
        )
    click.echo(f"\nThe environment variable {DECODER_VARIABLE} names another decoder to use.")
