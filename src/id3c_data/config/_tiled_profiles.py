"""The Tiled profiles of this machine, found without Tiled: `config` works where that is not installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import yaml

__all__ = ["profile_folders", "profile_names"]


def profile_folders() -> tuple[Path, ...]:
    """Return where Tiled's client looks for profiles on Linux (``tiled.profiles.paths``)."""
    site = [os.environ.get("TILED_SITE_PROFILES", path) for path in ("/etc/tiled/profiles", _xdg_site())]
    user = [
        os.environ.get("TILED_PROFILES", path)
        for path in (Path.home() / ".config/tiled/profiles", _xdg_user())
    ]
    return tuple(dict.fromkeys(map(Path, (*site, Path(sys.prefix, "etc", "tiled", "profiles"), *user))))


def profile_names() -> frozenset[str]:
    """Return the names of all profiles; of a file that cannot be read, none."""
    return frozenset(name for folder in profile_folders() for name in _names_in(folder))


def _names_in(folder: Path) -> Iterator[str]:
    try:
        files = [file for file in folder.iterdir() if file.suffix in (".yml", ".yaml")]
    except OSError:
        return
    for file in files:
        try:
            content: object = yaml.safe_load(file.read_text("utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if isinstance(content, dict):
            yield from (str(name) for name in cast("dict[object, object]", content))


def _xdg_site() -> Path:
    return (
        Path(os.environ.get("XDG_CONFIG_DIRS", "").partition(os.pathsep)[0] or "/etc/xdg")
        / "tiled"
        / "profiles"
    )


def _xdg_user() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(home) if home else Path.home() / ".config") / "tiled" / "profiles"
