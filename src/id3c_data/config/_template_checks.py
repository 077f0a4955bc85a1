"""Checks of the path templates, wherever in a device they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from ..paths import TemplateProblem, template_problems, template_warnings
from ._as_written import as_written
from ._checks import Check, Devices, rule
from ._document import Document
from ._problem import Finding
from ._template_codes import TEMPLATE_CODES
from ._template_sites import READ, ROOT, SEMANTICS, WRITE, TemplateSite

__all__ = ["comments_promise_nothing", "templates_come_in_pairs", "templates_keep_the_rules"]

_FIELDS = {"write": WRITE, "read": READ, "write_root": ROOT, "both": WRITE}
_UNFINISHED = re.compile(r"#.*\b(FIXME|TODO|XXX|CHANGE_?ME)\b", re.IGNORECASE)


@rule(
    "E301",
    "a write template has a read template beside it, and the other way round",
    wrong="""\
id3c_data.devices.eiger2_creator:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    plugins:
      - cam
      - hdf1:
          write_path_template: "/detector/data/%Y/"
""",
    right="""\
id3c_data.devices.eiger2_creator:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    plugins:
      - cam
      - hdf1:
          write_path_template: "/detector/data/%Y/"
          read_path_template: "/data/eiger2/%Y/"
""",
)
def templates_come_in_pairs(devices: Devices) -> Iterator[Finding]:
    """One side alone says where files are written or where they are read, but never both."""
    for site in devices.sites:
        for one, other in ((WRITE, READ), (READ, WRITE)):
            if one in site.nodes and other not in site.nodes:
                what = f"{one} stands here without {other}"
                step = f"write after `{other}:`" if other in site.empty else f"add {other}:"
                next_step = f"{step} the same folder from the other side"
                yield Finding(site.entry.path, site.nodes[one][0], what, next_step)


def _find_broken_rules(devices: Devices) -> Iterator[Finding]:
    for site in devices.sites:
        for problem in _problems(site):
            field = SEMANTICS if problem.code == "E303" else _FIELDS[problem.field]
            node = site.nodes[field][1]
            what, next_step = as_written(problem.what, problem.next_step, node)
            if problem.code == "E305" and _has_escapes(node):
                next_step = "write it in single quotes: in double ones a backslash begins an escape"
            yield Finding(site.entry.path, node, what, next_step, problem.code)


def _has_escapes(node: yaml.Node) -> bool:
    """Say whether a text in double quotes holds what only an escape brings there."""
    return getattr(node, "style", None) == '"' and any(character < " " for character in node.value)


templates_keep_the_rules = Check(TEMPLATE_CODES, _find_broken_rules)


def _problems(site: TemplateSite) -> Iterator[TemplateProblem]:
    more = site.value(ROOT), site.semantics
    if WRITE in site.nodes and READ in site.nodes:
        values = site.value(WRITE), site.value(READ), *more
        problems = list(template_problems(*values))
        yield from problems or template_warnings(*values)
    elif WRITE in site.nodes or READ in site.nodes:  # the other side is to be written: this one stands in
        alone = WRITE if WRITE in site.nodes else READ
        fields = ("write", "write_root") if alone == WRITE else ("read",)
        for problem in template_problems(site.value(alone), site.value(alone), *more):
            if problem.field in fields:
                yield problem


@rule(
    "W303",
    "no comment beside or just above a template says that it is not finished",
    wrong="""\
id3c_data.devices.Eiger2Detector:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    write_path_template: "/s3ida/XRD/%Y/" # FIXME
    read_path_template: "/data/XRD/%Y/"
""",
    right="""\
id3c_data.devices.Eiger2Detector:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    write_path_template: "/s3ida/XRD/%Y/"
    read_path_template: "/data/XRD/%Y/"
""",
)
def comments_promise_nothing(devices: Devices) -> Iterator[Finding]:
    """A template that was left to be corrected looks like one that is right."""
    for site in devices.sites:
        for name, (key, node) in site.nodes.items():
            for where, comment in _comments(site.entry.document, key, node):
                if found := _UNFINISHED.search(comment):
                    what = f"the comment {where} {name} says {found[1]}"
                    next_step = "find out what is right, write that, and take the comment away"
                    yield Finding(site.entry.path, node, what, next_step)
                    break


def _comments(document: Document, key: yaml.Node, node: yaml.Node) -> Iterator[tuple[str, str]]:
    """Yield the comment after a value, and those in the lines just above its key."""
    yield "beside", document.line_of(node.end_mark)[node.end_mark.column :]
    for line in reversed(document.lines[: key.start_mark.line]):
        if not line.lstrip().startswith("#"):
            return
        yield "above", line
