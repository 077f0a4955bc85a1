"""Checks of a file's shape: keys once, sections that hold lists of devices."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from ._checks import Code, Devices, rule
from ._document import MERGE, TEXT, Document, is_null, mappings_below, members
from ._ignores import ignored_codes
from ._problem import Finding, severity_of
from ._yaml_words import no_space

__all__ = ["READING_CODES", "ignores_name_warnings", "keys_are_unique", "sections_hold_devices"]

_NO_SPACE = re.compile(r"[A-Za-z_]\w*:\S.*")
_ODD_SPACE = re.compile(r"[^\S ]|[\u200b\ufeff]")  # \S is of Unicode: a no-break space is none
_RIGHT = """\
ophyd.EpicsMotor:
  - {name: m1, prefix: "gp:m1"}
"""

READING_CODES = (
    Code(
        "E101",
        "the file can be read",
        "A file that is not there, or that this account may not read, is not checked, and a session that "
        "loads it ends with an error.",
        wrong={},
        right=_RIGHT,
    ),
    Code(
        "E102",
        "the file is UTF-8 text",
        "YAML is read as UTF-8. An editor that saves in another encoding makes other characters, or none, of "
        "a degree sign or an umlaut.",
        wrong='ophyd.Signal:\n  - {name: t, value: "25 \udcb0C"}\n',
        right='ophyd.Signal:\n  - {name: t, value: "25 \u00b0C"}\n',
    ),
    Code(
        "E103",
        "the file is one YAML document of plain values",
        "Nothing of a file that is no YAML is loaded. Tags that would run code are refused too.",
        wrong='ophyd.EpicsMotor:\n  - {name: m1, prefix: "gp:m1"\n',
        right=_RIGHT,
    ),
    Code(
        "E106",
        "no tab stands where YAML takes spaces only",
        "YAML knows no tabs in an indentation, nor before a value. Editors often show them as spaces.",
        wrong='ophyd.EpicsMotor:\n\t- {name: m1, prefix: "gp:m1"}\n',
        right=_RIGHT,
    ),
)
"""What reading a file finds before any check looks at it."""


@rule(
    "E104",
    "no key stands twice in one mapping",
    wrong="""\
ophyd.EpicsMotor:
  - {name: m1, prefix: "gp:m1"}
ophyd.Signal:
  - {name: offset, value: 0}
ophyd.EpicsMotor:
  - {name: m2, prefix: "gp:m2"}
""",
    right="""\
ophyd.EpicsMotor:
  - {name: m1, prefix: "gp:m1"}
  - {name: m2, prefix: "gp:m2"}
ophyd.Signal:
  - {name: offset, value: 0}
""",
)
def keys_are_unique(devices: Devices) -> Iterator[Finding]:
    """YAML readers keep the last of two equal keys and say nothing: the devices of the first one are lost."""
    for document in (*devices.documents, *devices.beside):
        for mapping in mappings_below(document.root):
            yield from _repeated_keys(document, mapping)


def _repeated_keys(document: Document, mapping: yaml.MappingNode) -> Iterator[Finding]:
    first: dict[tuple[str, str], int] = {}
    for key, _ in mapping.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:  # what several merges bring all counts
            continue
        same = (key.tag, key.value)
        if same in first:
            what = f"{key.value!r} stands already in line {first[same]}, and only the last would count"
            next_step = "remove one of the two, or put what they hold into one"
            yield Finding(document.path, key, what, next_step)
        first.setdefault(same, key.start_mark.line + 1)


@rule(
    "E105",
    "the file maps each class or creator to a list of devices, each a mapping of its arguments",
    wrong="""\
ophyd.EpicsMotor:
  name: m1
  prefix: "gp:m1"
""",
    right=_RIGHT,
)
def sections_hold_devices(devices: Devices) -> Iterator[Finding]:
    """The loader makes one device of each entry of each section's list. Anything else is a bare exception."""
    for document in devices.documents:
        yield from _wrong_shapes(document)


def _wrong_shapes(document: Document) -> Iterator[Finding]:
    root = document.root
    next_step = "write sections like `id3c_data.devices.Eiger2Detector:` with a list of devices below"
    if root is None:
        yield Finding(document.path, _start_of(document), "holds no devices", next_step)
    elif not isinstance(root, yaml.MappingNode):
        what = f"{_shape(root)} where a mapping of sections belongs"
        yield Finding(document.path, root, what, next_step)
    else:
        yield from _keys_that_are_no_text(document, root)
        for name, (key, section) in members(root).items():
            yield from _wrong_section(document, name, key, section)


def _wrong_section(document: Document, name: str, key: yaml.Node, section: yaml.Node) -> Iterator[Finding]:
    path = document.path
    if is_null(section):
        what = f"section {name!r} holds no devices"
        yield Finding(path, key, what, "remove it, or comment it out too")
    elif not isinstance(section, yaml.SequenceNode):
        what = f"section {name!r} holds {_shape(section)} where a list of devices belongs"
        yield Finding(path, section, what, "begin each device with `- `, and its first argument after it")
    else:
        for device in section.value:
            if isinstance(device, yaml.MappingNode):
                yield from _keys_that_are_no_text(document, device)
            else:
                what = f"{_shape(device)} where a device belongs"
                yield Finding(path, device, what, "write its arguments as `name: value`, one a line")


def _keys_that_are_no_text(document: Document, mapping: yaml.MappingNode) -> Iterator[Finding]:
    for key, value in mapping.value:
        if not isinstance(key, yaml.ScalarNode):
            what = f"{_shape(key)} where a name belongs"
            yield Finding(document.path, key, what, "write a name before the colon")
        elif key.tag not in (TEXT, MERGE):
            what = f"YAML does not read {key.value!r} as text"
            yield Finding(document.path, key, what, f'put it in quotes: "{key.value}"')
        elif odd := _ODD_SPACE.search(key.value):
            what = f"{key.value!a} holds {odd[0]!a}, which only looks like a space"
            yield Finding(document.path, key, what, "put plain spaces in its place, or take it away")
        elif is_null(value) and _NO_SPACE.fullmatch(key.value):
            yield Finding(document.path, key, *no_space(key.value))


def _shape(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _start_of(document: Document, line: int = 0, column: int = 0, length: int = 1) -> yaml.Node:
    start = yaml.Mark(str(document.path), 0, line, column, None, 0)
    end = yaml.Mark(str(document.path), 0, line, column + length, None, 0)
    return yaml.ScalarNode("tag:yaml.org,2002:null", "", start, end)


@rule(
    "W101",
    "a comment `# id3c: ignore=` names codes of warnings",
    wrong="""\
ophyd.EpicsMotor:
  - {name: m1, prefix: "gp:m1"} # id3c: ignore=E205
""",
    right="""\
ophyd.EpicsMotor:
  - {name: cat, prefix: "gp:m1"} # id3c: ignore=W203
""",
)
def ignores_name_warnings(devices: Devices) -> Iterator[Finding]:
    """Only a warning can be meant so. An error cannot be silenced, and what is no code silences nothing."""
    from ._registry import codes

    for document in (*devices.documents, *devices.beside):
        for number, line in enumerate(document.lines):
            for code in ignored_codes(line):
                if code not in codes() or severity_of(code) == "error":
                    what = f"{code!r} is no code of a warning, so this comment silences nothing"
                    yield Finding(
                        document.path,
                        _start_of(document, number, line.index(code), len(code)),
                        what,
                        "name a code that begins with W, or take the comment away",
                    )
