"""Whatever stands in a file, checking it ends with problems, never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from id3c_data.config import check

DEVICES = (Path(__file__).parents[3] / "configs" / "devices.yml").read_text()
SPECIAL = st.sampled_from(
    [*"{}[]:,-#&*!|>'\"%@`?\t\n \\0~=<", "<<: ", "*a", "&a ", "!!", "null", "---\n", "? "]
)
PIECE = st.one_of(
    SPECIAL, st.text(max_size=5), st.sampled_from(["on", "1", "1.5", "2026-11-20", "2026-99-99"])
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties") / "devices.yml"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.integers(0, len(DEVICES)), st.integers(0, 20), PIECE), min_size=1, max_size=4)
)
def test_mutated_file_ends_with_problems_at_most(file: Path, edits: list[tuple[int, int, str]]) -> None:
    text = DEVICES
    for place, removed, piece in edits:
        text = text[:place] + piece + text[place + removed :]
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    for problem in check([file], imports=False):
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.what
        assert problem.next_step


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_end_with_problems_at_most(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert isinstance(check([file], imports=False), list)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flow=st.booleans(), style=st.sampled_from([None, "'", '"']), indent=st.integers(2, 8), sort=st.booleans()
)
def test_reformatted_file_stays_right(
    file: Path, *, flow: bool, style: str | None, indent: int, sort: bool
) -> None:
    content = yaml.safe_load(DEVICES)
    file.write_text(
        yaml.safe_dump(content, default_flow_style=flow, default_style=style, indent=indent, sort_keys=sort)
    )
    assert check([file], imports=False) == []
