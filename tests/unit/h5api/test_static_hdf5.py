"""The static API keeps the contract."""

import pytest

from id3c_data.h5api import FINISHED, static_hdf5
from id3c_data.testing.h5api import H5ApiContract


class TestStatic(H5ApiContract):
    @pytest.fixture
    def open_file(self):
        def open_file(*args, **kwargs):
            return static_hdf5.File(*args, scan_state=FINISHED, **kwargs)

        return open_file
