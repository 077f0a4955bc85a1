"""A YAML file as nodes that know their line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from ._problem import Problem
from ._yaml_words import ESCAPED_QUOTE, in_words, no_colon, no_space, no_space_after_dash

__all__ = [
    "LINE_END",
    "MERGE",
    "TEXT",
    "Document",
    "is_null",
    "mappings_below",
    "members",
    "node_below",
    "read_document",
]

_SEEN_LATE = re.compile("end of stream|<stream end>|could not find expected")
_ESCAPED_QUOTE = re.compile(r'[:\-,\[{]\s+("(?:[^"\\]|\\[^"])*\\")\s*(?:#.*|,.*)?$')
_NO_SPACE = re.compile(r"\s*(?:- +)?([A-Za-z_]\w*:[^\s/#][^#]*?)\s*(?:#.*)?$")
_NO_SPACE_AFTER_DASH = re.compile(r"\s*(-[A-Za-z_]\w*:(?:\s|$))")
_NO_COLON = re.compile(r"\s*(?:- +)?([A-Za-z_]\w*) +([^\s:#](?:[^:#]|:(?=\S))*?)\s*(?:#.*)?$")
_NAME_ALONE = re.compile(r"\s*([A-Za-z_][\w.]*)()\s*(?:#.*)?$")
MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"
TEXT = "tag:yaml.org,2002:str"
LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as YAML counts lines


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file.

    Parameters
    ----------
    path
        The file, as it was named by whoever asked.
    lines
        Its lines, for what nodes do not hold: comments.
    root
        Its uppermost node; None where the file holds nothing.
    data
        The same as plain values, as ``yaml.safe_load`` gives them.
    """

    path: Path
    lines: tuple[str, ...]
    root: yaml.Node | None
    data: Any

    def line_of(self, mark: yaml.Mark) -> str:
        """Return the line that a mark is in."""
        return self.lines[mark.line] if mark.line < len(self.lines) else ""


def read_document(path: Path) -> Document | Problem:
    """Return a file's nodes and values, or what keeps it from being read as YAML (E101 to E103, E106)."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe may wait for its writer for ever
        return _problem(path, "E101", "is a pipe or a device, not a file", "name a file")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except IsADirectoryError:
        what = "is a folder without any file of devices"
        return _problem(path, "E101", what, "name the file, or let its name hold `devices` and end in .yml")
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        return _problem(path, "E101", what, "see whether the path is right and the file readable")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start)
        column = len(error.object[: error.start].rpartition(b"\n")[2].decode(errors="replace"))
        what = f"byte {error.object[error.start]:#04x} is not UTF-8"
        return _problem(path, "E102", what, "save the file as UTF-8", line, column)
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        return Document(path, tuple(LINE_END.split(text)), root, _values(loader, root))
    except yaml.YAMLError as error:
        return _not_yaml(path, text, error)
    except RecursionError:
        return _problem(path, "E103", "is nested too deeply", "take some of the brackets away")
    except ValueError as error:  # a date such as 2026-13-45
        return _problem(path, "E103", f"cannot be read: {error}", "correct that value, or put it in quotes")


def _values(loader: yaml.SafeLoader, root: yaml.Node | None) -> Any:
    """Return a file's values, and leave its nodes as they are written: PyYAML resolves merges in them."""
    if root is None:
        return None
    written = [(node, list(node.value)) for node in mappings_below(root)]
    try:
        return cast("Any", loader).construct_document(root)
    finally:
        for node, pairs in written:
            node.value = pairs


def _not_yaml(path: Path, text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        before = LINE_END.split(text[: error.position])
        what = f"the character {text[error.position]!a} cannot stand in YAML"
        return _problem(path, "E103", what, "take it away", len(before) - 1, len(before[-1]))
    what = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    if mark and "escape" not in what and (quote := _escaped_quote(text, mark.line)):
        return _problem(path, "E103", *ESCAPED_QUOTE, *quote)
    in_a_pair = re.search("mapping values|block mapping start", what)
    if mark and in_a_pair and (found := _unfinished_pair(LINE_END.split(text), mark.line)):
        return _problem(path, "E103", *found)
    if _SEEN_LATE.search(what):  # where it began is more of a help than where it was seen
        mark = getattr(error, "context_mark", None) or mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    return _problem(path, *in_words(what), line, column)


def _unfinished_pair(lines: list[str], seen: int) -> tuple[str, str, int, int] | None:
    """Return what keeps a line from being ``name: value``, which YAML only sees in the next one's colon."""
    before = max(seen - 1, 0)
    if found := _NO_SPACE.match(lines[before]):
        return *no_space(found[1]), before, found.start(1)
    for number in (before, seen):
        if found := _NO_SPACE_AFTER_DASH.match(lines[number]):
            return *no_space_after_dash(found[1]), number, found.start(1)
    if found := _NO_COLON.match(lines[before]) or _NAME_ALONE.match(lines[before]):
        return *no_colon(found[1], found[2]), before, found.start(1)
    return None


def _escaped_quote(text: str, last: int) -> tuple[int, int] | None:
    """Return line and column of a value whose closing quote a backslash took; such as of a Windows folder."""
    for number, line in enumerate(LINE_END.split(text)[: last + 1]):
        if found := _ESCAPED_QUOTE.search(line):
            return number, found.start(1)
    return None


def _problem(path: Path, code: str, what: str, next_step: str, line: int = 0, column: int = 0) -> Problem:
    return Problem(path, line + 1, column + 1, column + 2, code, what, next_step)


def is_null(node: yaml.Node) -> bool:
    """Say whether a node is YAML's null, in any of its spellings."""
    return node.tag == _NULL


def members(
    node: yaml.MappingNode, _within: frozenset[int] = frozenset()
) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return the nodes of a mapping's text keys and their values, merges (``<<``) included."""
    merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if key.tag == MERGE:
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in reversed(sources):
                if id(source) not in _within:  # a mapping can merge itself, to no effect
                    merged |= members(source, _within | {id(node)})
        elif isinstance(key, yaml.ScalarNode) and key.tag == TEXT:
            own[key.value] = (key, value)
    return merged | own


def node_below(node: yaml.Node, *keys: str | int) -> yaml.Node:
    """Return the value's node at the end of these keys and indices, as far as they lead somewhere."""
    for key in keys:
        if isinstance(node, yaml.MappingNode) and key in (below := members(node)):
            node = below[key][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
        else:
            break
    return node


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
