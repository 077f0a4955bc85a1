"""The pages as text: no code block escapes the runner, the README runs, data blocks can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
README = REPOSITORY / "README.md"
PAGES = [README, *(page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts)]
BLOCK = re.compile(r"^ *```+(?P<language>\S*)[^\n]*\n(?P<text>.*?)^ *```+ *$", re.DOTALL | re.MULTILINE)

RUN = {"python", "pycon", "ipython", "bash", "console"}
READ = {"yaml": yaml.safe_load, "toml": tomllib.loads}
PLAIN = {"text"}
DIRECTIVES = re.compile(
    r"\{(eval-rst|toctree|figure|image|include|literalinclude|raw|note|tip|warning|admonition)\}"
)


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return language and text of each fenced block."""
    return [(block["language"], block["text"]) for block in BLOCK.finditer(page.read_text())]


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_runs_is_read_or_is_plain_text(page: Path) -> None:
    languages = {language for language, _ in blocks(page) if not DIRECTIVES.fullmatch(language)}
    assert languages <= RUN | READ.keys() | PLAIN


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_data_block_can_be_read(page: Path) -> None:
    for language, text in blocks(page):
        if language in READ:
            assert READ[language](text) is not None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_command_is_shown_in_the_background(page: Path) -> None:
    """Ctrl-C would not reach it; the runner has a comment for that."""
    consoles = [text for language, text in blocks(page) if language == "console"]
    assert not [text for text in consoles if re.search(r"^\$ .*[^&]& *$", text, re.MULTILINE)]


def test_every_block_of_the_readme_stands_on_a_page_that_runs() -> None:
    on_pages = "\n".join(page.read_text() for page in PAGES if page != README)
    missing = [text for language, text in blocks(README) if language in RUN and text not in on_pages]
    assert missing == []
