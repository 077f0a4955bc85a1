"""The length of an HDF5 file, from its first bytes."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest

from id3c_data.paths import HDF5_HEAD_SIZE, promised_size


def hdf5(libver: str) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=libver) as file:
        file["values"] = np.arange(100)
    return buffer.getvalue()


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_whole_file_is_as_long_as_it_says(libver: str) -> None:
    content = hdf5(libver)
    assert promised_size(content[:HDF5_HEAD_SIZE]) == len(content)


@pytest.mark.parametrize("head", [b"", b"PK" * 40, hdf5("earliest")[: HDF5_HEAD_SIZE - 1]])
def test_what_is_no_head_says_nothing(head: bytes) -> None:
    assert promised_size(head) is None


def test_addresses_of_another_width_say_nothing() -> None:
    head = bytearray(hdf5("latest")[:HDF5_HEAD_SIZE])
    head[9] = 4
    assert promised_size(bytes(head)) is None
