"""Checks of a file's shape: keys once, sections that hold lists of devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from ._checks import Devices, check_of
from ._document import Document, mappings_below, members
from ._problem import Finding

__all__ = ["keys_are_unique", "sections_hold_devices"]


@check_of("E104", "no key stands twice in one mapping")
def keys_are_unique(devices: Devices) -> Iterator[Finding]:
    """YAML readers keep the last of two equal keys and say nothing: the first one's devices are lost."""
    for document in devices.documents:
        for mapping in mappings_below(document.root):
            yield from _repeated_keys(document.file, mapping)


def _repeated_keys(file: Path, mapping: yaml.MappingNode) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for key, _ in mapping.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in first:
            what = f"{key.value!r} stands already in line {first[key.value]}, and only the last would count"
            yield Finding(file, key, what, "remove one of the two, or put what they hold into one")
        first.setdefault(key.value, key.start_mark.line + 1)


@check_of("E105", "the file maps each class or creator to a list of devices, each a mapping of its arguments")
def sections_hold_devices(devices: Devices) -> Iterator[Finding]:
    """Anything else ends in an exception without a line."""
    for document in devices.documents:
        yield from _wrong_shapes(document)


def _wrong_shapes(document: Document) -> Iterator[Finding]:
    file, root = document.file, document.root
    next_step = "write sections like `id3c_data.devices.Eiger2Detector:` with a list of devices below"
    if root is None:
        yield Finding(file, _start_of(file), "holds no devices", next_step)
    elif not isinstance(root, yaml.MappingNode):
        yield Finding(file, root, f"{_shape(root)} where a mapping of sections belongs", next_step)
    else:
        yield from _keys_that_are_no_text(file, root)
        for name, (key, section) in members(root).items():
            yield from _wrong_section(file, name, key, section)


def _wrong_section(file: Path, name: str, key: yaml.Node, section: yaml.Node) -> Iterator[Finding]:
    if isinstance(section, yaml.ScalarNode) and not section.value:
        yield Finding(file, key, f"section {name!r} holds no devices", "remove it, or comment it out too")
    elif not isinstance(section, yaml.SequenceNode):
        what = f"section {name!r} holds {_shape(section)} where a list of devices belongs"
        yield Finding(file, section, what, "begin each device with `- `, and its first argument after it")
    else:
        for device in section.value:
            if isinstance(device, yaml.MappingNode):
                yield from _keys_that_are_no_text(file, device)
            else:
                what = f"{_shape(device)} where a device belongs"
                yield Finding(file, device, what, "write its arguments as `name: value`, one a line")


def _keys_that_are_no_text(file: Path, mapping: yaml.MappingNode) -> Iterator[Finding]:
    for key, _ in mapping.value:
        if not isinstance(key, yaml.ScalarNode):
            yield Finding(file, key, f"{_shape(key)} where a name belongs", "write a name before the colon")
        elif key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
            what = f"YAML does not read {key.value!r} as text"
            yield Finding(file, key, what, f'put it in quotes: "{key.value}"')


def _shape(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _start_of(file: Path) -> yaml.Node:
    mark = yaml.Mark(str(file), 0, 0, 0, None, 0)
    return yaml.ScalarNode("tag:yaml.org,2002:null", "", mark, mark)
