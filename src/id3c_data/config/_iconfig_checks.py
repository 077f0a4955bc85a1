"""Checks of iconfig.yml, the instrument's configuration in BITS, as far as runs and catalog depend on it.

What BITS reads, and how, was read in apsbits 2.0.4: ``core/run_engine_init.py``, ``core/catalog_init.py``,
``core/best_effort_init.py``, ``utils/controls_setup.py``, ``utils/baseline_setup.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ._beside import ICONFIG, TILED, Place, beside, items_of, list_of, start_of, value_at
from ._checks import Devices, rule
from ._document import Document, members
from ._names import did_you_mean
from ._problem import Finding
from ._tiled_profiles import profile_names

__all__ = [
    "known_options_are_spelled_right",
    "options_have_their_types",
    "tiled_path_is_served",
    "tiled_profile_is_known",
]

_SWITCH, _TEXT, _NUMBER = ((bool,), "true or false"), ((str,), "text"), ((int, float), "a number")
_MAPPING = ((dict,), "a mapping")
_OPTIONS: Mapping[tuple[str, ...], Mapping[str, tuple[tuple[type, ...], str]]] = {
    (): {
        "DATABROKER_CATALOG": _TEXT,
        "TILED_PROFILE_NAME": _TEXT,
        "TILED_PATH_NAME": _TEXT,
        "RUN_ENGINE": _MAPPING,
        "OPHYD": _MAPPING,
        "BASELINE_LABEL": _MAPPING,
        "BEC": _MAPPING,
        "NEXUS_DATA_FILES": _MAPPING,
        "SPEC_DATA_FILES": _MAPPING,
        "XMODE_DEBUG_LEVEL": _TEXT,
    },
    ("RUN_ENGINE",): {
        "DEFAULT_METADATA": _MAPPING,
        "MD_PATH": _TEXT,
        "SCAN_ID_PV": _TEXT,
        "USE_PROGRESS_BAR": _SWITCH,
    },
    ("OPHYD",): {"CONTROL_LAYER": _TEXT, "TIMEOUTS": _MAPPING},
    ("OPHYD", "TIMEOUTS"): {"PV_READ": _NUMBER, "PV_WRITE": _NUMBER, "PV_CONNECTION": _NUMBER},
    ("BASELINE_LABEL",): {"ENABLE": _SWITCH},
    ("BEC",): {"BASELINE": _SWITCH, "HEADING": _SWITCH, "PLOTS": _SWITCH, "TABLE": _SWITCH},
}
_OPEN = {()}  # an instrument's own code may read more keys at the top

_DEVICES = 'ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"}\n'


@rule(
    "E401",
    "each option of iconfig.yml that BITS reads has its type",
    wrong={"devices.yml": _DEVICES, "iconfig.yml": 'RUN_ENGINE:\n  USE_PROGRESS_BAR: "no"\n'},
    right={"devices.yml": _DEVICES, "iconfig.yml": "RUN_ENGINE:\n  USE_PROGRESS_BAR: false\n"},
)
def options_have_their_types(devices: Devices) -> Iterator[Finding]:
    """BITS takes what it finds: the text "no" switches a thing on, and a section left empty ends the start of
    the session in an AttributeError.
    """
    for document, _ in beside(devices, ICONFIG):
        if not isinstance(document.data, dict):
            what = "a mapping of options belongs here"
            yield Finding(
                document.path, start_of(document), what, "write options such as `RUN_ENGINE:`, one a line"
            )
        for path, options in _OPTIONS.items():
            for name, (types, shape) in options.items():
                option = value_at(document, *path, name)
                if option is not None and not _is_one_of(option.value, types):
                    what = f"{name} is {_shown(option.value)}, and {shape} belongs there"
                    yield Finding(document.path, _place(option), what, _next_step(option.value, name, shape))


@rule(
    "W402",
    "no option of iconfig.yml is spelled almost as one that BITS reads, or is unknown in a section of BITS",
    wrong={"devices.yml": _DEVICES, "iconfig.yml": 'RUN_ENGINE:\n  SCANID_PV: "gp:scan_id"\n'},
    right={"devices.yml": _DEVICES, "iconfig.yml": 'RUN_ENGINE:\n  SCAN_ID_PV: "gp:scan_id"\n'},
)
def known_options_are_spelled_right(devices: Devices) -> Iterator[Finding]:
    """An option that BITS does not know is ignored without a word, and its default counts."""
    for document, _ in beside(devices, ICONFIG):
        for path, options in _OPTIONS.items():
            place = value_at(document, *path)
            section = place.node if place else document.root if not path else None
            for name, (key, _) in members(section).items() if isinstance(section, yaml.MappingNode) else ():
                yield from _unknown(document, path, name, key, options)


@rule(
    "W403",
    "TILED_PROFILE_NAME names a Tiled profile of this machine",
    wrong={},
    right={"devices.yml": _DEVICES, "iconfig.yml": "DATABROKER_CATALOG: temp\n"},
)
def tiled_profile_is_known(devices: Devices) -> Iterator[Finding]:
    """Without its profile a session finds no catalog. It is said where this machine has profiles of Tiled
    but not that one; with `--live` also where it has none at all (E509).
    """
    known = profile_names()
    for document, _ in beside(devices, ICONFIG):
        profile = value_at(document, "TILED_PROFILE_NAME")
        if profile is not None and isinstance(profile.value, str) and known and profile.value not in known:
            what = f"this machine has no Tiled profile {profile.value!r}"
            next_step = did_you_mean(profile.value, known, f"it has {', '.join(sorted(known))}")
            yield Finding(document.path, profile.node, what, next_step)


@rule(
    "E404",
    "TILED_PATH_NAME is one that the server of tiled.yml serves",
    wrong={
        "devices.yml": _DEVICES,
        "iconfig.yml": "TILED_PROFILE_NAME: raw\nTILED_PATH_NAME: /rwa\n",
        "tiled.yml": "expose_raw_assets: false\ntrees:\n  - {path: /raw, tree: catalog}\n",
    },
    right={
        "devices.yml": _DEVICES,
        "iconfig.yml": "TILED_PROFILE_NAME: raw\nTILED_PATH_NAME: /raw\n",
        "tiled.yml": "expose_raw_assets: false\ntrees:\n  - {path: /raw, tree: catalog}\n",
    },
)
def tiled_path_is_served(devices: Devices) -> Iterator[Finding]:
    """A session whose path the server does not have ends in a KeyError when it starts."""
    served = {document.path.parent: _served_paths(document) for document, _ in beside(devices, TILED)}
    for document, _ in beside(devices, ICONFIG):
        path = value_at(document, "TILED_PATH_NAME")
        paths = served.get(document.path.parent, [])
        if path is not None and isinstance(path.value, str) and paths and not _is_served(path.value, paths):
            what = f"tiled.yml serves {', '.join(paths)}, not {path.value!r}"
            yield Finding(document.path, path.node, what, did_you_mean(path.value, paths, "name one of them"))


def _unknown(
    document: Document, path: tuple[str, ...], name: str, key: yaml.Node, options: Mapping[str, Any]
) -> Iterator[Finding]:
    if name in options:
        return
    near = did_you_mean(name, options, "")
    if near or path not in _OPEN:
        where = ".".join(path) or "iconfig.yml"
        known = f"{where} has {', '.join(options)}"
        yield Finding(document.path, key, f"BITS reads no {name!r} here", near or known)


def _served_paths(document: Document) -> list[str]:
    """Return the paths of the trees; none where they are not known, or everything is below the root."""
    trees = list_of(items_of(document.data).get("trees"))
    paths: list[object] = [items_of(tree).get("path") for tree in trees]
    known = [path for path in paths if isinstance(path, str) and path.strip("/")]
    return known if len(known) == len(paths) else []


def _is_served(path: str, served: list[str]) -> bool:
    parts = path.strip("/").split("/")
    return any(parts[: len(root)] == root for root in (one.strip("/").split("/") for one in served))


def _is_one_of(value: object, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _place(option: Place) -> yaml.Node:
    return option.key if option.value is None else option.node


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return repr(value)


def _next_step(value: object, name: str, shape: str) -> str:
    return f"remove `{name}:`, or write {shape} below it" if value is None else f"write {shape}"
