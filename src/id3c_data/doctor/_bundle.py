"""A zip for those who help from afar: what the doctor found, and what it looked at, without secrets."""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import distributions
from io import StringIO
from pathlib import Path

import click
import yaml

from ..errors import Id3cDataError
from ..h5api import Looker
from ._diagnose import Diagnosis
from ._frames_look import tree_text
from ._secrets import STRUCK, Striker, is_secret_name, secrets_of_yaml
from ._settings import DEFAULT_DEVICES, Settings
from ._text import as_json, headline_of, line_of

__all__ = ["kept_log", "write_bundle"]

_TREES = 3  # masters whose tree is in the bundle
_TREE_S = 30.0
_LONGEST_LOG = 1_000_000  # characters
_VARIABLES = (
    "EPICS_",
    "HDF5_",
    "ID3C_",
    "TILED_",
    "PYEPICS_",
    "OPHYD_",
    "BLUESKY_",
    "PYTHON",
    "CONDA_",
    "VIRTUAL_ENV",
)
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@contextmanager
def kept_log() -> Iterator[StringIO]:
    """Keep what this process logs meanwhile."""
    said = StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root, level = logging.getLogger(), logging.getLogger("id3c_data").level
    root.addHandler(handler)
    logging.getLogger("id3c_data").setLevel(logging.DEBUG)
    try:
        yield said
    finally:
        root.removeHandler(handler)
        logging.getLogger("id3c_data").setLevel(level)


def write_bundle(path: Path, diagnosis: Diagnosis, settings: Settings, log: str = "") -> tuple[str, ...]:
    """Write a zip file that only its owner can read, and return the names of what is in it.

    API keys, tokens, passwords and what else looks like a secret are struck out of every file in it.

    Parameters
    ----------
    path
        Of the zip; one that is there is replaced.
    diagnosis, settings
        What was found, and what was asked for.
    log
        What was logged meanwhile.
    """
    configuration = dict(_configuration(settings))
    striker = Striker([settings.api_key, *_secrets(configuration)])
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "wb") as stream,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file,
        ):
            parts = _parts(diagnosis, settings, log, striker)
            for name, text in (*parts, *configuration.items()):
                file.writestr(name, striker.text(text))
            names = tuple(file.namelist())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return names


def _parts(diagnosis: Diagnosis, settings: Settings, log: str, striker: Striker) -> Iterator[tuple[str, str]]:
    """Yield name and content of each file of the bundle."""
    lines = [*(line_of(result) for result in diagnosis.results), "", headline_of(diagnosis)]
    yield "doctor.txt", click.unstyle("\n".join(lines)) + "\n"
    yield "doctor.json", json.dumps(striker.value(json.loads(as_json(diagnosis))), indent=2)
    yield "versions.txt", _versions()
    yield "environment.json", json.dumps(_environment(striker), indent=2)
    if diagnosis.documents:
        yield "documents.jsonl", _documents(diagnosis, striker)
    yield from _trees(diagnosis, settings)
    yield "log.txt", log[-_LONGEST_LOG:]


def _versions() -> str:
    python = f"python {platform.python_version()} ({sys.executable})\n{platform.platform()}\n"
    found = {str(d.metadata["Name"]).lower(): d.version for d in distributions() if d.metadata["Name"]}
    return python + "".join(f"{name} {version}\n" for name, version in sorted(found.items()))


def _environment(striker: Striker) -> Mapping[str, str]:
    wanted = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(_VARIABLES) or name.lower() in _PROXIES
    }
    return {name: STRUCK if is_secret_name(name) else striker.text(value) for name, value in wanted.items()}


def _configuration(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the files of devices, and what stands beside them."""
    for given in settings.devices or (DEFAULT_DEVICES,):
        folder = given if given.is_dir() else given.parent
        beside = [folder / f"{stem}.{suffix}" for stem in ("iconfig", "tiled") for suffix in ("yml", "yaml")]
        devices = sorted(folder.glob("*devices*.y*ml")) if given.is_dir() else [given]
        for file in (*devices, *beside):
            if file.is_file():
                yield f"configuration/{file.name}", _readable(file)


def _readable(file: Path) -> str:
    """Return a file's text; one that cannot be searched for secrets is left out."""
    text = file.read_text(errors="replace")
    try:
        list(secrets_of_yaml(text))
    except yaml.YAMLError as error:
        return f"left out, because it is no YAML and may hold secrets: {error}\n"
    return text


def _secrets(configuration: Mapping[str, str]) -> Iterator[str]:
    for text in configuration.values():
        with suppress(yaml.YAMLError):  # of the words that stand for a file that was left out
            yield from secrets_of_yaml(text)


def _documents(diagnosis: Diagnosis, striker: Striker) -> str:
    lines = ([name, striker.value(doc)] for name, doc in diagnosis.documents)
    return "".join(json.dumps(line, default=str) + "\n" for line in lines)


def _trees(diagnosis: Diagnosis, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what is in the first masters."""
    with Looker(_TREE_S) as looker:
        for master in diagnosis.masters[:_TREES]:
            try:
                text = looker.ask(tree_text, master, dict(settings.path_map))
            except (Id3cDataError, OSError) as error:
                text = str(error)
            yield f"files/{master.name}.txt", text + "\n"
