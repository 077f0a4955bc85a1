"""Virtual datasets: their blocks, read without touching a source."""

import h5py
import pytest

from id3c_data.errors import Hdf5Error, LayoutUnknown
from id3c_data.h5api import VirtualBlock, hdf5_errors, storage_of, virtual_blocks


def dataset_of(path, layout):
    with h5py.File(path, "w", libver="latest") as file:
        file.create_virtual_dataset("v", layout)
    return h5py.File(path)["v"]


def test_blocks_say_which_box_comes_from_where(tmp_path):
    layout = h5py.VirtualLayout((5, 3), "i4")
    source = h5py.VirtualSource("gone.h5", "/x", (10, 3))
    layout[0:2] = source[4:6]
    layout[2:5] = h5py.VirtualSource("other.h5", "/y", (3, 3))
    dataset = dataset_of(tmp_path / "v.h5", layout)
    assert storage_of(dataset) == "virtual"
    assert virtual_blocks(dataset, "v") == (
        VirtualBlock("gone.h5", "/x", (0, 0), (2, 3), (4, 0), (2, 3)),
        VirtualBlock("other.h5", "/y", (2, 0), (3, 3), (), ()),
    )


def test_a_block_with_holes_is_refused(tmp_path):
    layout = h5py.VirtualLayout((6, 3), "i4")
    layout[0:6:2] = h5py.VirtualSource("gone.h5", "/x", (3, 3))
    with pytest.raises(LayoutUnknown, match=r"no box, or has no end, from gone\.h5"):
        virtual_blocks(dataset_of(tmp_path / "v.h5", layout), "v.h5: /v")


def test_a_block_without_an_end_is_refused(tmp_path):
    layout = h5py.VirtualLayout((6, 3), "i4", maxshape=(None, 3))
    source = h5py.VirtualSource("gone.h5", "/x", (6, 3), maxshape=(None, 3))
    unlimited = slice(0, h5py.h5s.UNLIMITED)
    layout[unlimited, :] = source[unlimited, :]
    with pytest.raises(LayoutUnknown, match="no end"):
        virtual_blocks(dataset_of(tmp_path / "v.h5", layout), "v.h5: /v")


@pytest.mark.parametrize(
    ("options", "storage"),
    [({}, "contiguous"), ({"chunks": (2, 2)}, "chunked"), ({"external": [("raw", 0, 32)]}, "external")],
)
def test_storage_is_told_from_the_creation_properties(tmp_path, options, storage):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        assert storage_of(file.create_dataset("x", (2, 2), "i8", **options)) == storage


def test_what_hdf5_reports_becomes_an_error_of_ours():
    match = r"^a\.h5: /x: HDF5 cannot read it \(no such thing\)"
    with pytest.raises(Hdf5Error, match=match) as caught, hdf5_errors("a.h5: /x"):
        raise OSError("Unable to synchronously open object (no such thing)")
    assert isinstance(caught.value.__cause__, OSError)


def test_an_error_of_ours_stays_what_it_is():
    error = LayoutUnknown("strange", "a.h5")
    with pytest.raises(LayoutUnknown) as caught, hdf5_errors("a.h5: /x"):
        raise error
    assert caught.value is error


def test_an_error_that_is_not_hdf5s_passes():
    with pytest.raises(ZeroDivisionError), hdf5_errors("a.h5: /x"):
        _ = 1 // 0
