"""The dynamic API keeps the contract of the static one for files that are complete."""

import pytest

from id3c_data.errors import ConfigError
from id3c_data.h5api import FINISHED, dynamic_hdf5
from id3c_data.testing.h5api import H5ApiContract, SteppedState
from id3c_data.testing.scan_states import ScanStateContract, SteppedScan


class TestFinished(H5ApiContract):
    @pytest.fixture
    def open_file(self):
        def open_file(*args, **kwargs):
            return dynamic_hdf5.File(*args, scan_state=FINISHED, **kwargs)

        return open_file


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"scan_state": "FINISHED"}, r"scan_state is of the type str, .*; give FINISHED"),
        ({"retry_timeout": -1}, "retry_timeout is -1; give seconds, 0 or more"),
        ({"retry_period": float("nan")}, "retry_period is nan"),
        ({"settle_timeout": "15"}, "settle_timeout is '15'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_at_once(path, argument, message):
    with pytest.raises(ConfigError, match=message):
        dynamic_hdf5.File(path, **({"scan_state": FINISHED} | argument))


class TestSteppedState(ScanStateContract):
    @pytest.fixture
    def scan(self):
        state = SteppedState()
        return SteppedScan(state, state.prepare, state.finish)
