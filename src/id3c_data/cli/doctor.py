"""``id3c-data doctor``: where the chain from configuration to pixels breaks, and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from id3c_data.cli._options import path_map_option
from id3c_data.cli._terminal import colours_wanted
from id3c_data.errors import Id3cDataError

if TYPE_CHECKING:
    from id3c_data.doctor import Settings

__all__ = ["doctor"]

_COULD_NOT_RUN, _INTERRUPTED = 2, 130


def _target(context: click.Context, argument: click.Parameter, value: str | None) -> int | str | Path | None:
    """Return a number of a run, a path, or the beginning of a uid."""
    del argument
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        pass
    if value.startswith("-"):
        raise click.NoSuchOption(value, ctx=context)
    is_path = value.endswith((".h5", ".hdf5", ".nxs")) or os.sep in value or Path(value).is_file()
    return Path(value) if is_path else value


@click.command("doctor", context_settings={"ignore_unknown_options": True})
@click.argument("target", metavar="[-1|RUN|MASTER.h5]", required=False, callback=_target)
@click.option("--expose", is_flag=True, help="Take one frame, and follow it all the way.")
@click.option(
    "--devices",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File or folder of devices; may be given several times.  [default: configs/devices.yml]",
)
@click.option("--device", help="Name of the detector, where there are several.")
@click.option("--catalog", "uri", metavar="URI", help="The catalog.  [default: as connect() finds it]")
@click.option("--profile", help="Tiled profile of the catalog.")
@path_map_option
@click.option("--data-key", help="Data key of the images, where a run has several.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    help="Seconds for one answer of a PV, a file system or the catalog.",
)
@click.option(
    "--file-timeout",
    type=click.FloatRange(0),
    default=15.0,
    show_default=True,
    help="Seconds for files of --expose to come, after the device has given up.",
)
@click.option(
    "--decode-time",
    type=click.FloatRange(0),
    default=5.0,
    show_default=True,
    help="Seconds to decode frames.",
)
@click.option("--no-import", is_flag=True, help="Import nothing that the files of devices name.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.zip",
    help="Also write all that helps others to help, without secrets.",
)
@click.pass_context
def doctor(
    context: click.Context,
    target: int | str | Path | None,
    devices: tuple[Path, ...],
    device: str | None,
    uri: str | None,
    profile: str | None,
    path_map: dict[str, str],
    data_key: str | None,
    timeout: float,
    file_timeout: float,
    decode_time: float,
    bundle: Path | None,
    *,
    expose: bool,
    no_import: bool,
    as_json: bool,
) -> None:
    """Find where the chain breaks, from the configuration to the pixels that a client gets.

    Without a target, the configured detector and catalog are looked at and nothing is taken; with -1 (the
    last run), a scan number, a uid or a master file the walk begins there. Exit code 0: no hop failed; 1: one
    did; 2: the doctor could not run; 130: it was interrupted.
    """
    from id3c_data.doctor import Settings

    if expose and target is not None:
        raise click.UsageError("--expose takes a frame of its own: leave out the run or file")
    if uri and profile:
        raise click.UsageError("give --catalog or --profile")
    settings = Settings(
        target=target,
        expose=expose,
        devices=devices,
        device=device,
        uri=uri,
        profile=profile,
        path_map=path_map,
        data_key=data_key,
        imports=not no_import,
        documents=bundle is not None,
        answer_s=timeout,
        appear_s=file_timeout,
        decode_s=decode_time,
    )
    try:
        context.exit(_run(settings, bundle, as_json=as_json))
    except (Id3cDataError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(_COULD_NOT_RUN)
    except KeyboardInterrupt as interrupt:
        click.echo(": ".join(["interrupted", *map(str, interrupt.args)]), err=True)
        context.exit(_INTERRUPTED)


def _run(settings: Settings, bundle: Path | None, *, as_json: bool) -> int:
    """Say what is found, write the bundle, and return the exit code."""
    from id3c_data import doctor

    def show(text: str) -> None:
        click.echo(text, color=None if colours_wanted() else False)

    with doctor.kept_log() as log:
        found = doctor.diagnose(settings, None if as_json else lambda result: show(doctor.line_of(result)))
    show(doctor.as_json(found) if as_json else f"\n{doctor.headline_of(found)}")
    if bundle is not None:
        names = doctor.write_bundle(bundle, found, settings, log.getvalue())
        click.echo(f"{bundle}: {', '.join(names)}; look through it before you send it", err=True)
    return found.exit_code
