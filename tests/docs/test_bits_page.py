"""The page about BITS: what cannot run here stands in tests/bits, and its devices can be checked here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from id3c_data.config import check

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "how-to" / "use_with_bits.md").read_text()
TESTS = "\n".join(path.read_text() for path in sorted((REPOSITORY / "tests" / "bits").glob("*.py")))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def without_indents(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


@pytest.mark.parametrize("block", blocks("text"))
def test_block_that_needs_bits_stands_in_its_tests(block: str) -> None:
    assert without_indents(block) in without_indents(TESTS)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_devices_of_the_page_have_no_problem(block: str, tmp_path: Path) -> None:
    (tmp_path / "devices.yml").write_text(block)
    assert check([tmp_path / "devices.yml"], imports=False) == []


def test_the_three_ways_are_those_that_are_tested() -> None:
    sections = [block.partition(":\n")[0] for block in blocks("yaml")]
    assert len(sections) == 3
    assert all(f'"{section}"' in TESTS for section in sections)
