"""Every code block of these pages runs, in the order of its page: `make test` collects them as tests.

``python`` and ``ipython`` blocks share one session a page, and so do ``bash`` and ``console`` blocks one
shell. ``pycon`` and ``console`` are transcripts, whose output is compared (``...`` stands for anything). See
CONTRIBUTING.md.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser

from id3c_data.testing import running_ioc
from id3c_data.testing.catalog import running_catalog

sys.path.insert(0, str(Path(__file__).parent))
from _page import Need, Page

FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
PROMPT = re.compile(r"^\$ ", re.MULTILINE)
BACKGROUND = "% background"
"""A comment, which the page does not show, on the line before a console block."""


@contextlib.contextmanager
def ioc(folder: Path) -> Iterator[Mapping[str, str]]:
    """The detector of configs/devices.yml; its files are in what the page calls /tmp/eiger2."""
    detector = folder / "eiger2"
    detector.mkdir(exist_ok=True)
    with running_ioc(prefix="sim_eiger:", mounts={"/detector/data": detector}) as running:
        yield running.environment


@contextlib.contextmanager
def catalog(folder: Path) -> Iterator[Mapping[str, str]]:
    """A catalog of the page's own, which `connect()` finds, and which may read /tmp/eiger2."""
    detector = folder / "eiger2"
    detector.mkdir(exist_ok=True)
    with running_catalog(folder / "catalog", detector) as server:
        yield {"ID3C_DATA_CATALOG_URI": server.uri, "TILED_API_KEY": server.api_key}


NEEDS: dict[str, Need] = {"ioc": ioc, "catalog": catalog}
"""What a page may name under ``needs:`` in its front matter."""


def page_of(example: Example) -> Page:
    """Return the running page that a block stands on."""
    namespace = example.document.namespace
    if "page" not in namespace:
        matter = FRONT_MATTER.match(example.document.text)
        needs = (yaml.safe_load(matter[1]) or {}).get("needs", []) if matter else []
        namespace["page"] = Page(NEEDS[need] for need in needs)
    return namespace["page"]


def close_page(namespace: dict[str, Any]) -> None:
    """End the page after its last block."""
    if "page" in namespace:
        namespace.pop("page").close()


def run_python(example: Example) -> str | None:
    """Run a ``python`` block, a ``pycon`` transcript, or an ``ipython`` cell."""
    language = example.region.lexemes["arguments"]
    line = example.line + example.parsed.line_offset + 1
    return page_of(example).run_python(example.parsed, example.path, line, language)


def run_bash(example: Example) -> str | None:
    """Run a ``bash`` block."""
    return page_of(example).run_shell(f"(\nset -e\n{example.parsed}\n)", None)


def run_console(example: Example) -> str | None:
    """Run the commands of a ``console`` transcript, and compare what they print."""
    page = page_of(example)
    before = example.document.text[: example.region.start].splitlines()
    background = before[-1:] == [BACKGROUND]
    for part in PROMPT.split(example.parsed)[1:]:
        command, _, expected = part.partition("\n")
        said = expected if expected.strip() else None
        if failure := page.run_shell(command, said, background=background):
            return failure
    return None


pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser("python", run_python),
        CodeBlockParser("pycon", run_python),
        CodeBlockParser("ipython", run_python),
        CodeBlockParser("bash", run_bash),
        CodeBlockParser("console", run_console),
    ],
    pattern="*.md",
    excludes=["_build/*"],
    teardown=close_page,
).pytest()
