"""The simulated detector, with files of devices that describe it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from id3c_data.config import Problem, Report, load
from id3c_data.doctor import Diagnosis, HopResult, Patience, check_live
from id3c_data.h5api import Looker
from id3c_data.testing import RunningIoc

VIEW = "/detector/data"
QUICK = Patience(answer_s=1.5, devices_s=30.0)


class LastingLooker(Looker):
    """A `Looker` whose process stays for the next diagnosis: new ones would import most of the time."""

    def with_patience(self, patience_s: float) -> LastingLooker:
        self.patience_s = patience_s
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the process alone."""


@pytest.fixture(scope="module")
def lasting_looker() -> Iterator[LastingLooker]:
    looker = LastingLooker(1.0)
    yield looker
    looker.close()


@pytest.fixture(autouse=True)
def _one_looker(lasting_looker: LastingLooker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all diagnoses of a module share one process; that of the command has its own, as for users."""
    monkeypatch.setattr("id3c_data.doctor._diagnose.Looker", lasting_looker.with_patience)


class Beamline:
    """The simulated detector, with its folder, and files of devices that describe it."""

    def __init__(self, ioc: RunningIoc, data: Path, configs: Path) -> None:
        self.ioc, self.data, self.configs = ioc, data, configs

    def pv(self, name: str) -> Any:
        import epics

        pv = epics.get_pv(self.ioc.prefix + name)
        assert pv.wait_for_connection(10), f"{name} does not connect"
        return pv

    def put(self, name: str, value: Any) -> None:
        assert self.pv(name).put(value, wait=True, timeout=10) == 1

    def text(self, name: str) -> str:
        pv = self.pv(name)
        return pv.get(use_monitor=False, count=pv.nelm, as_string=True, timeout=5)

    def write(self, text: str, name: str = "devices.yml") -> None:
        """Write a file of the reference's examples, for this detector."""
        text = text.replace("sim_eiger:", self.ioc.prefix).replace('"/data/', f'"{self.data.parent}/')
        (self.configs / name).write_text(text)

    def describe(self, *, view: str = VIEW, read: Path | None = None, more: str = "") -> None:
        self.write(
            "id3c_data.devices.Eiger2Detector:\n"
            f'  - name: eiger2\n    prefix: "{self.ioc.prefix}"\n'
            f'    write_path_template: "{view}/%Y/"\n'
            f'    read_path_template: "{read or self.data}/%Y/"\n{more}'
        )

    def check(self, *, imports: bool = False) -> Report:
        loaded = load([self.configs], imports=False, beside=True)
        return check_live(loaded, imports=imports, patience=QUICK)

    def found(self, **given: Any) -> dict[str, Problem]:
        """What is found, by its code, but for the warning of a temporary folder."""
        return {problem.code: problem for problem in self.check(**given).problems if problem.code != "W302"}


def wait_until(condition: Callable[[], Any], timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.01)


def headline(found: Diagnosis | HopResult) -> str:
    """Return what a user sees of a fault: the first hop that fails, or a hop that warns."""
    result = found.first_failing if isinstance(found, Diagnosis) else found
    assert result is not None
    fault = result.faults[0]
    what = re.sub(r"\d+(,\d{3})+", "<number>", fault.what)  # sizes differ between versions of HDF5
    return f"{result.hop}: {what} [{fault.where}]; {fault.next_step}"
