"""What every implementation of the h5py-like API must do with datasets."""
# ruff: noqa: S101 - asserting is what a test suite is for

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest

from ..errors import DamagedChunk
from ._h5api_sample import DATASETS, DEEP_INDICES, INDICES, write_sample

__all__ = ["DatasetContract"]


class DatasetContract:
    """What `H5ApiContract` asks of datasets: forms, indices, iteration."""

    @pytest.fixture
    def open_file(self) -> Callable[..., Any]:
        """Opens a file, with keyword arguments, as one whose scan is FINISHED."""
        raise NotImplementedError("give a fixture `open_file` in the inheriting class")

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Path:
        """A file with everything in it."""
        return write_sample(tmp_path)

    @pytest.fixture
    def both(self, open_file: Callable[..., Any], sample: Path) -> Iterator[tuple[Any, h5py.File]]:
        """The file through the API, and through h5py."""
        with open_file(sample) as file, h5py.File(sample) as reference:
            yield file, reference

    @pytest.mark.parametrize("name", DATASETS)
    @pytest.mark.parametrize("index", INDICES)
    def test_an_index_selects_what_h5py_selects(self, both: Any, name: str, index: str) -> None:
        """Values, shape and type are the same."""
        file, reference = both
        theirs = reference["entry"][name]
        wanted = np.arange(len(theirs)) % 2 == 0 if index == "a mask" else INDICES[index]
        if not len(theirs) and index in ("first", "last", "a list"):
            pytest.skip("there is no such point")
        _same(file["entry"][name][wanted], theirs[wanted])

    @pytest.mark.parametrize("name", ["plain", "gzip", "lz4", "bslz4", "tiled", "external", "virtual"])
    @pytest.mark.parametrize("index", DEEP_INDICES)
    def test_an_index_on_all_axes_selects_what_h5py_selects(self, both: Any, name: str, index: str) -> None:
        """Values, shape and type are the same."""
        file, reference = both
        wanted = DEEP_INDICES[index]
        _same(file["entry"][name][wanted], reference["entry"][name][wanted])

    @pytest.mark.parametrize("name", DATASETS)
    def test_iteration_gives_each_point_once_and_in_order(self, both: Any, name: str) -> None:
        """As many as h5py, and the same."""
        file, reference = both
        ours, theirs = list(file["entry"][name]), list(reference["entry"][name])
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            _same(our, their)

    def test_points_that_several_threads_decode_come_in_order(
        self, open_file: Callable[..., Any], tmp_path: Path
    ) -> None:
        """As an iteration, and as a slice; those before a damaged one are given, and then the error."""
        path = tmp_path / "large.h5"
        values = np.arange(20 * 300 * 300, dtype="u4").reshape(20, 300, 300)
        with h5py.File(path, "w") as file:
            file.create_dataset("data", data=values, chunks=(1, 300, 300), **hdf5plugin.Bitshuffle())
            place = file["data"].id.get_chunk_info_by_coord((13, 0, 0)).byte_offset
        with open_file(path) as file:
            for n, point in enumerate(file["data"]):
                _same(point, values[n])
            assert n == 19
            _same(file["data"][3:17], values[3:17])
        with path.open("r+b") as raw:
            raw.seek(place + 20)
            raw.write(b"\xff" * 1000)
        seen: list[Any] = []
        with open_file(path) as file, pytest.raises(DamagedChunk, match="point 13"):
            seen.extend(file["data"])
        np.testing.assert_array_equal(seen, values[:13])

    @pytest.mark.parametrize("name", [*DATASETS, "scalar", "text"])
    def test_a_dataset_has_the_form_that_h5py_gives(self, both: Any, name: str) -> None:
        """Shape, type, number of axes and of values."""
        file, reference = both
        ours, theirs = file["entry"][name], reference["entry"][name]
        assert (ours.shape, ours.dtype, ours.ndim, ours.size) == (
            theirs.shape,
            theirs.dtype,
            theirs.ndim,
            theirs.size,
        )

    @pytest.mark.parametrize("index", [(), Ellipsis])
    @pytest.mark.parametrize("name", ["scalar", "text"])
    def test_a_scalar_is_read_as_h5py_reads_it(self, both: Any, name: str, index: Any) -> None:
        """Numbers and words."""
        file, reference = both
        _same(file["entry"][name][index], reference["entry"][name][index])

    def test_a_name_with_a_nul_is_refused(self, both: Any) -> None:
        """HDF5, and so h5py, takes the name to end there."""
        with pytest.raises(ValueError, match="NUL"):
            both[0]["entry\0more"]

    def test_a_scalar_has_no_length_and_no_points(self, both: Any) -> None:
        """As in h5py, a TypeError."""
        with pytest.raises(TypeError):
            len(both[0]["entry/scalar"])
        with pytest.raises(TypeError):
            iter(both[0]["entry/scalar"])

    def test_a_dataset_becomes_an_array(self, both: Any) -> None:
        """One that belongs to the caller."""
        file, reference = both
        ours = np.asarray(file["entry/bslz4"])
        _same(ours, reference["entry/bslz4"][...])
        ours[0] = 0

    def test_fields_of_a_compound_are_read_by_name(self, both: Any) -> None:
        """Alone, or with points."""
        file, reference = both
        _same(file["entry/compound"]["b"], reference["entry/compound"]["b"])
        _same(file["entry/compound"]["a", 1], reference["entry/compound"]["a", 1])

    @pytest.mark.parametrize("index", [99, -99, (0, 0, 0, 0), [0, 99]])
    def test_an_index_beyond_the_end_is_an_index_error(self, both: Any, index: Any) -> None:
        """After the end nothing comes any more."""
        with pytest.raises(IndexError):
            both[0]["entry/bslz4"][index]

    @pytest.mark.parametrize(
        "index", [[True] * 5, np.ones(7, bool), (0, [True, False]), (Ellipsis, [True] * 8)]
    )
    def test_a_mask_of_another_length_is_a_type_error(self, both: Any, index: Any) -> None:
        """As in h5py."""
        for file in both:
            with pytest.raises(TypeError):
                file["entry/bslz4"][index]

    def test_a_step_backwards_is_a_value_error(self, both: Any) -> None:
        """As in h5py."""
        with pytest.raises(ValueError, match="step"):
            both[0]["entry/numbers"][::-1]


def _same(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    np.testing.assert_array_equal(ours, theirs)
    assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)
    assert getattr(ours, "shape", None) == getattr(theirs, "shape", None)
