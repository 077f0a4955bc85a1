"""The runner of the pages' code: what it must fail, it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


JOB = "python -c \"import os, time; print('job', os.getpid(), flush=True); time.sleep(600)\""
FAILING = {
    "python": ("```python\nvalue = 1\nvalue / 0\n```\n", 'python.md", line 3, in <module>'),
    "pycon": ("```pycon\n>>> 1 + 1\n3\n```\n", "Expected:\n    3\nGot:\n    2"),
    "bash": ("```bash\nfalse\ntrue\n```\n", "exit code 1"),
    "console": ("```console\n$ echo one\ntwo\n```\n", "expected:\ntwo\n\nsaid:\none"),
    "shell_ends": ("```console\n$ exit 3\n```\n", "the shell ended with exit code 3"),
    "session_ends": ("```python\nimport os\nos._exit(1)\n```\n", "the page's Python ended"),
}
"""Pages with a block that fails, and what is said of it."""
PASSING = {
    "sharing": "```python\nvalue = 1\n```\n\n```pycon\n>>> value\n1\n```\n"
    "\n```console\n$ export WORD=hello\n```\n\n```console\n$ echo $WORD\nhello\n```\n",
    "job": f"% background\n```console\n$ {JOB} | tee /tmp/said\njob ...\n```\n"
    "\n```console\n$ cp /tmp/said $SAID\n```\n",
    "folder_tmp": "```python\nimport pathlib\npathlib.Path('/tmp/id3c-of-this-page').touch()\n```\n",
    "detector": "---\nneeds: [ioc]\n---\n```pycon\n>>> import epics\n"
    ">>> epics.caget('sim_eiger:cam1:Acquire')\n0\n```\n",
}


@dataclass(frozen=True)
class Ran:
    """What became of the pages.

    Parameters
    ----------
    blocks
        Of each page what is said of each of its blocks; nothing of one that passed.
    said
        The file that the page ``job`` writes.
    """

    blocks: dict[str, list[str]]
    said: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All pages, run once by the runner of the real ones."""
    docs = tmp_path_factory.mktemp("docs")
    for module in ("conftest.py", "_page.py", "_worker.py"):
        shutil.copy(DOCS / module, docs)
    for name, text in {**{name: page for name, (page, _) in FAILING.items()}, **PASSING}.items():
        (docs / f"{name}.md").write_text(text)
    report, said = docs / "report.xml", docs / "said"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "."]
    subprocess.run(command, capture_output=True, check=False, cwd=docs, env={**os.environ, "SAID": str(said)})
    blocks: dict[str, list[str]] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        page = case.attrib["classname"].split(".")[0]
        blocks.setdefault(page, []).append("".join(fault.text or "" for fault in case))
    return Ran(blocks, said)


@pytest.mark.parametrize("page", FAILING)
def test_wrong_block_fails(ran: Ran, page: str) -> None:
    (fault,) = ran.blocks[page]
    assert FAILING[page][1] in fault


def test_blocks_of_a_page_share_their_session(ran: Ran) -> None:
    assert ran.blocks["sharing"] == ["", "", "", ""]


def test_background_job_is_waited_for_and_ended_with_its_page(ran: Ran) -> None:
    assert ran.blocks["job"] == ["", ""]
    assert not Path("/proc", ran.said.read_text().split()[1]).exists()


def test_folder_tmp_of_a_page_is_its_own(ran: Ran) -> None:
    assert ran.blocks["folder_tmp"] == [""]
    assert not Path("/tmp/id3c-of-this-page").exists()  # noqa: S108


def test_detector_runs_beside_a_page_that_needs_it(ran: Ran) -> None:
    assert ran.blocks["detector"] == [""]
