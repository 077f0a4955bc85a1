"""Checks of the path templates, wherever in a device they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import yaml

from ..paths import PathSemantics, template_problems
from ._checks import Devices, check_of
from ._document import mappings_below, members
from ._problem import Finding

__all__ = ["templates_come_in_pairs", "templates_keep_the_rules"]

_WRITE, _READ = "write_path_template", "read_path_template"


@check_of("E301", "a write template has a read template beside it, and the other way round")
def templates_come_in_pairs(devices: Devices) -> Iterator[Finding]:
    """One side alone says where files are written or where they are read, but never both."""
    for entry in devices.entries:
        for mapping in mappings_below(entry.node):
            given = members(mapping)
            for one, other in ((_WRITE, _READ), (_READ, _WRITE)):
                if _is_given(given, one) and not _is_given(given, other):
                    what = f"{one} stands here without {other}"
                    yield Finding(
                        entry.file, given[one][0], what, f"add {other}: the same folder from the other side"
                    )


@check_of("E302", "each pair of path templates keeps the rules of `id3c_data.paths`")
def templates_keep_the_rules(devices: Devices) -> Iterator[Finding]:
    """The device refuses a broken pair by the same rules, in the same words."""
    for entry in devices.entries:
        for mapping in mappings_below(entry.node):
            given = members(mapping)
            if _is_given(given, _WRITE) and _is_given(given, _READ):
                for field, what, next_step in _broken_rules(given):
                    yield Finding(entry.file, given[field][1], what, next_step)


def _broken_rules(given: dict[str, tuple[yaml.Node, yaml.Node]]) -> Iterator[tuple[str, str, str]]:
    fields = {"write": _WRITE, "read": _READ, "write_root": "write_root", "both": _WRITE}
    root = _text(given, "write_root") if _is_given(given, "write_root") else None
    semantics = _text(given, "path_semantics") if _is_given(given, "path_semantics") else "posix"
    problems = template_problems(
        _text(given, _WRITE), _text(given, _READ), root, cast("PathSemantics", semantics)
    )
    for problem in problems:
        field = "path_semantics" if problem.code == "semantics" else fields[problem.field]
        yield field, problem.what, problem.next_step


def _is_given(given: dict[str, tuple[yaml.Node, yaml.Node]], name: str) -> bool:
    return name in given and given[name][1].tag != "tag:yaml.org,2002:null"


def _text(given: dict[str, tuple[yaml.Node, yaml.Node]], name: str) -> str:
    node = given[name][1]
    return node.value if isinstance(node, yaml.ScalarNode) else ""
