"""The status of an exposure."""

from __future__ import annotations

from typing import Any

import pytest
from ophyd import Device

from id3c_data.devices._status import ExposureStatus
from id3c_data.errors import DetectorFault

ERROR = DetectorFault("the exposure was called off", "eiger2", "trigger again")


@pytest.fixture
def status() -> ExposureStatus:
    return ExposureStatus(Device(name="eiger2"), call_stop_on_failure=False)


def test_withdrawn_status_does_not_fail_its_callbacks(status: ExposureStatus) -> None:
    seen: list[Any] = []
    status.add_callback(lambda done: seen.append(done.success))
    status.withdraw(ERROR)
    assert seen == [True]


def test_withdrawn_status_is_no_success_for_who_waits(status: ExposureStatus) -> None:
    status.withdraw(ERROR)
    assert status.done
    assert status.exception() is ERROR
    with pytest.raises(DetectorFault, match="called off"):
        status.wait(1)


def test_finished_status_has_no_error(status: ExposureStatus) -> None:
    status.set_finished()
    status.wait(1)
    assert status.exception() is None


def test_failed_status_has_its_own_error(status: ExposureStatus) -> None:
    status.set_exception(ERROR)
    with pytest.raises(DetectorFault):
        status.wait(1)
    assert not status.success
