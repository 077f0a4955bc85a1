"""What users see when something fails, as the tests got it: the source of docs/reference/faults.md.

A test that injects a fault says so by a marker, and hands on what the user sees::

    @pytest.mark.fault("DCU drops one data file", injected="`Sim:DropFile`: data file 1 never appears")
    def test_data_file_that_the_dcu_never_makes(..., fault_report):
        error = ...
        fault_report(error, lost=[0])

Each report is compared with what docs/_faults.json has for that test. ``pytest --write-faults <tests>``
records what this run got, and writes the page anew.
"""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

__all__ = ["FaultReport", "FaultTable"]

DOCS = Path(__file__).parents[1] / "docs"
RECORD = DOCS / "_faults.json"
_PROPERTY = "fault"
_REPORTS = pytest.StashKey[dict[str, Any]]()

_ALWAYS_NEW = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\bt[0-9a-f]{8}:"), "ioc:"),
    (re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{8}(?![0-9A-Za-z])"), "<id>"),
    (re.compile(r"(<id>)_\d+(?=_master|_data)"), r"\1_<series>"),
    (re.compile(r"(//(?:127\.0\.0\.1|localhost)):\d+"), r"\1:<port>"),
    (re.compile(r"/\d{4}/\d\d(?=[/:\s']|$)"), "/%Y/%m"),
    (re.compile(r"\d+\.\d+(?= ?m?s\b)"), "<time>"),
    (re.compile(r"\b\d{4,}\b"), "<number>"),
    (re.compile(r"\s+"), " "),
)
"""What differs from run to run, and what stands for it on the page."""

FaultReport = Callable[..., None]


def settled(text: str, hide: Mapping[str, str], folder: str) -> str:
    """Return a message without what differs from run to run: uids, ports, folders of tests, times.

    Parameters
    ----------
    text
        The message.
    hide
        Further parts, and what is to stand for each.
    folder
        Below which each test has a folder of its own.
    """
    for part, name in hide.items():
        text = text.replace(part, name)
    text = re.sub(re.escape(folder) + r"/[^/\s'\":]+", "/data", text)
    for pattern, name in _ALWAYS_NEW:
        text = pattern.sub(name, text)
    return text.strip()


def frames(lost: Iterable[int] | str) -> str:
    """Return the lost frames in words."""
    if isinstance(lost, str):
        return lost
    numbers = sorted(set(lost))
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"frames {numbers[0]} to {numbers[-1]}"
    if len(numbers) > 1:
        return f"frames {', '.join(map(str, numbers))}"
    return f"frame {numbers[0]}" if numbers else "nothing"


class FaultTable:
    """The part of a test run that keeps and compares the reports of faults."""

    def __init__(self, config: pytest.Config) -> None:
        self._writes = bool(config.getoption("write_faults", default=False))
        self._is_worker = hasattr(config, "workerinput")
        self._recorded: dict[str, Any] = json.loads(RECORD.read_text())
        self._got: dict[str, Any] = {}

    @pytest.fixture
    def fault_report(
        self, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> FaultReport:
        """Hand on what the user sees of the fault that a test injects.

        It takes the message or error, as ``lost`` the numbers of the frames that can not be read
        afterwards, or words, and as ``hide`` parts of the message that differ from run to run, with what is
        to stand for them.
        """
        marker = request.node.get_closest_marker("fault")
        assert marker, "a test that reports a fault names it: @pytest.mark.fault(name, injected=...)"
        folder = str(tmp_path_factory.getbasetemp())

        def report(
            seen: object, *, lost: Iterable[int] | str = (), hide: Mapping[str, str] | None = None
        ) -> None:
            parts = {"fault": marker.args[0], "injected": marker.kwargs["injected"]}
            parts |= {"seen": settled(str(seen), hide or {}, folder), "lost": frames(lost)}
            assert all(parts.values()), f"a cell of the table would be empty: {parts}"
            assert _REPORTS not in request.node.stash, "one report a test"
            request.node.stash[_REPORTS] = parts

        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Compare what a test reported with what is recorded."""
        outcome = yield
        if item.get_closest_marker("fault"):
            got = item.stash.get(_REPORTS, None)
            assert got, "a test that is marked with a fault hands fault_report what the user sees"
            item.user_properties.append((_PROPERTY, {item.nodeid: got}))
            assert self._writes or got == self._recorded.get(item.nodeid), (
                f"the user sees {got}; docs/_faults.json has {self._recorded.get(item.nodeid)}. "
                f"Where the new one is right: pytest --write-faults '{item.nodeid}'"
            )
        return outcome

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the reports, those of the workers too."""
        if report.when == "call" and report.passed:
            for name, value in report.user_properties:
                if name == _PROPERTY:
                    assert isinstance(value, dict)
                    self._got |= value

    def pytest_sessionfinish(self) -> None:
        """Write what this run got."""
        if not self._writes or self._is_worker:
            return
        page = runpy.run_path(str(DOCS / "_faults_page.py"))
        recorded = json.loads(RECORD.read_text())  # anew: another run may have written meanwhile
        kept = {test: parts for test, parts in recorded.items() if page["exists"](test)}
        text = json.dumps(kept | self._got, indent=1, sort_keys=True, ensure_ascii=False)
        RECORD.write_text(f"{text}\n")
        page["PAGE"].write_text(page["page"]())
