"""The runner of the pages' code: what it must fail, it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder of pages with the runner of the real one."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for module in ("conftest.py", "_page.py", "_worker.py"):
        shutil.copy(DOCS / module, folder)
    return folder


def outcome(docs: Path, page: str, **environment: str) -> str:
    """Run one page, and return what pytest says."""
    (docs / "page.md").write_text(page)
    env = {**os.environ, **environment}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(docs)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=docs, env=env).stdout


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("```python\nvalue = 1\nvalue / 0\n```\n", 'page.md", line 3, in <module>'),
        ("```pycon\n>>> 1 + 1\n3\n```\n", "Expected:\n    3\nGot:\n    2"),
        ("```bash\nfalse\ntrue\n```\n", "exit code 1"),
        ("```console\n$ echo one\ntwo\n```\n", "expected:\ntwo\n\nsaid:\none"),
        ("```console\n$ exit 3\n```\n", "the shell ended with exit code 3"),
        ("```python\nimport os\nos._exit(1)\n```\n", "the page's Python ended"),
    ],
    ids=["python", "pycon", "bash", "console", "shell ends", "session ends"],
)
def test_wrong_block_fails(docs: Path, block: str, says: str) -> None:
    said = outcome(docs, block)
    assert "1 failed" in said
    assert says in said


def test_blocks_of_a_page_share_their_session(docs: Path) -> None:
    page = "```python\nvalue = 1\n```\n\n```pycon\n>>> value\n1\n```\n"
    page += "\n```console\n$ export WORD=hello\n```\n\n```console\n$ echo $WORD\nhello\n```\n"
    assert "4 passed" in outcome(docs, page)


def test_background_job_is_waited_for_and_ended_with_its_page(docs: Path) -> None:
    job = "python -c \"import os, time; print('job', os.getpid(), flush=True); time.sleep(600)\""
    page = f"```console\n$ {job} | tee /tmp/said &\njob ...\n$ cp /tmp/said $SAID\n```\n"
    said = docs / "said"
    assert "1 passed" in outcome(docs, page, SAID=str(said))
    assert not Path("/proc", said.read_text().split()[1]).exists()


def test_folder_tmp_of_a_page_is_its_own(docs: Path) -> None:
    page = "```python\nfrom pathlib import Path\nPath('/tmp/id3c-of-this-page').write_text('x')\n```\n"
    assert "1 passed" in outcome(docs, page)
    assert not Path("/tmp/id3c-of-this-page").exists()  # noqa: S108


def test_detector_runs_beside_a_page_that_needs_it(docs: Path) -> None:
    page = "---\nneeds: [ioc]\n---\n```pycon\n>>> import epics\n"
    page += ">>> epics.caget('sim_eiger:cam1:Acquire')\n0\n```\n"
    assert "1 passed" in outcome(docs, page)
