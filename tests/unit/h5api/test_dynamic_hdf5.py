"""The dynamic API keeps the contract of the static one for files that are complete."""

import pytest

from id3c_data.h5api import FINISHED, dynamic_hdf5
from id3c_data.testing.h5api import H5ApiContract, SteppedState
from id3c_data.testing.scan_states import ScanStateContract, SteppedScan


class TestFinished(H5ApiContract):
    @pytest.fixture
    def open_file(self):
        def open_file(*args, **kwargs):
            return dynamic_hdf5.File(*args, scan_state=FINISHED, **kwargs)

        return open_file


class TestSteppedState(ScanStateContract):
    @pytest.fixture
    def scan(self):
        state = SteppedState()
        return SteppedScan(state, state.prepare, state.finish)
