"""Settings that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from ophyd import Signal

from id3c_data.devices._settings import apply_settings
from id3c_data.errors import DetectorFault


class Stubborn(Signal):
    """Takes no value."""

    def put(self, value: Any, **_: Any) -> None:
        raise ValueError(f"not {value!r}")


def test_what_was_refused_is_told_even_where_nothing_can_be_put_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(DetectorFault, match="keeps 0 instead of 1"):
        apply_settings({Stubborn(name="stubborn", value=0): 1})
    assert "could not be put back to 0" in caplog.text
