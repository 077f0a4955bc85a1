"""A YAML file as nodes that know their line and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ._problem import Problem

__all__ = ["CODES_OF_READING", "Document", "mappings_below", "members", "read_document"]

CODES_OF_READING = {
    "E101": "the file can be read",
    "E102": "the file is UTF-8 text",
    "E103": "the file is one YAML document of plain values",
}
"""What reading itself checks, by code."""

_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
_START = (1, 1)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file.

    Parameters
    ----------
    file
        The file, as it was named by whoever asked.
    root
        Its uppermost node; None where the file holds nothing.
    data
        The same as plain values, as ``yaml.safe_load`` gives them.
    """

    file: Path
    root: yaml.Node | None
    data: Any


def read_document(file: Path) -> Document | Problem:
    """Return the file's nodes and values, or what keeps it from being read as YAML."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        return Problem(file, *_START, "E101", what, "see whether the path is right and the file readable")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        what = f"byte {error.object[error.start]:#04x} is not UTF-8"
        return Problem(file, line, 1, "E102", what, "save the file as UTF-8")
    try:
        return Document(file, _compose(text), yaml.safe_load(text))
    except yaml.YAMLError as error:
        return _not_yaml(file, error)
    except (RecursionError, ValueError) as error:  # nested too deeply; a date such as 2026-13-45
        return Problem(
            file, *_START, "E103", f"cannot be read: {error}", "correct that value, or put it in quotes"
        )


def _compose(text: str) -> yaml.Node | None:
    return yaml.SafeLoader(text).get_single_node()


def _not_yaml(file: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    line, column = (mark.line + 1, mark.column + 1) if mark else _START
    if "\\t" in what:
        return Problem(file, line, column, "E103", "a tab is no indentation in YAML", "indent with spaces")
    return Problem(
        file, line, column, "E103", f"not YAML: {what}", "correct the syntax on this line or just before it"
    )


def members(
    node: yaml.MappingNode, _within: frozenset[int] = frozenset()
) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return the nodes of a mapping's text keys and their values, merges (``<<``) included."""
    merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if key.tag == _MERGE:
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in reversed(sources):
                if id(source) not in _within:  # a mapping can merge itself, to no effect
                    merged |= members(source, _within | {id(node)})
        elif isinstance(key, yaml.ScalarNode) and key.tag == _TEXT:
            own[key.value] = (key, value)
    return merged | own


def mappings_below(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Yield every mapping in the tree of a node, once even where aliases lead to it again."""
    pending, seen = [node] if node else [], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            pending += [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
