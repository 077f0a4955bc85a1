"""Bytes of chunks."""

import os

import numpy as np
import pytest

from id3c_data.errors import Hdf5Error
from id3c_data.h5api import StoredChunk
from id3c_data.h5api._chunk_at import chunk_bytes, read_chunk_into

CHUNK = StoredChunk((0,), 0, 0, 8)


@pytest.mark.parametrize(
    "read", [chunk_bytes, lambda *where: read_chunk_into(*where[:2], np.zeros(8, "u1"), where[2])]
)
def test_a_file_that_cannot_be_asked_any_more_is_an_error_that_says_so(read, tmp_path):
    """As one that was removed on its server."""
    number = os.open(tmp_path, os.O_RDONLY)
    os.close(number)
    with pytest.raises(Hdf5Error, match=r"the frame: reading failed \(.*Bad file descriptor\)"):
        read(number, CHUNK, "the frame")
