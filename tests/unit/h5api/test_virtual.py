"""Virtual datasets: their blocks, read without touching a source."""

import h5py
import numpy as np
import pytest

from id3c_data.errors import BrokenLink, Hdf5Error, LayoutUnknown, LinkOutsideRoots
from id3c_data.h5api import (
    VirtualBlock,
    dynamic_hdf5,
    hdf5_errors,
    static_hdf5,
    storage_of,
    virtual_blocks,
)
from id3c_data.testing.h5api import SteppedState


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


def endless(path, source_name="s.h5", first=0):
    layout = h5py.VirtualLayout((6, 3), "i4", maxshape=(None, 3))
    source = h5py.VirtualSource(source_name, "/x", (6, 3), maxshape=(None, 3))
    layout[0 : h5py.h5s.UNLIMITED, :] = source[first : h5py.h5s.UNLIMITED, :]
    return dataset_of(path, layout)


def test_a_block_without_an_end_goes_as_far_as_its_source(tmp_path):
    (block,) = virtual_blocks(endless(tmp_path / "v.h5", first=2), "v.h5: /v")
    assert block.endless
    assert block.bounded(7) == VirtualBlock("s.h5", "/x", (0, 0), (5, 3), (2, 0), (5, 3))
    assert block.bounded(1).count == (0, 3)


def test_one_block_for_files_without_number_is_refused(tmp_path):
    space = h5py.h5s.create_simple((4, 3), (h5py.h5s.UNLIMITED, 3))
    space.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), (2, 3), (2, 3))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_virtual(space, b"s-%b.h5", b"/x", h5py.h5s.create_simple((2, 3)))
    with h5py.File(tmp_path / "v.h5", "w", libver="latest") as file:
        h5py.h5d.create(file.id, b"v", h5py.h5t.NATIVE_INT32, space, properties)
        with pytest.raises(LayoutUnknown, match="no end"):
            virtual_blocks(file["v"], "v.h5: /v")


class TestWithoutAnEnd:
    VALUES = np.arange(21, dtype="i4").reshape(7, 3)

    @pytest.fixture
    def path(self, tmp_path):
        endless(tmp_path / "v.h5").file.close()
        return tmp_path / "v.h5"

    def source(self, path, length):
        with h5py.File(path.with_name("s.h5"), "w", libver="latest") as file:
            file.create_dataset("x", data=self.VALUES[:length], maxshape=(None, 3), chunks=(1, 3))

    def test_it_is_as_long_as_its_source(self, path):
        self.source(path, 7)
        with static_hdf5.File(path) as file:
            assert file["v"].shape == (7, 3)
            np.testing.assert_array_equal(file["v"][...], self.VALUES)
            np.testing.assert_array_equal(list(file["v"]), self.VALUES)

    def test_a_missing_source_is_a_broken_link(self, path):
        with static_hdf5.File(path) as file, pytest.raises(BrokenLink, match=r"s\.h5"):
            file["v"][0]

    def test_a_source_outside_the_allowed_folders_is_never_opened(self, path):
        self.source(path, 7)
        inside = path.parent / "inside"
        inside.mkdir()
        (inside / "s.h5").symlink_to(path.with_name("s.h5"))
        path = path.rename(inside / "v.h5")
        with static_hdf5.File(path, allowed_roots=[inside]) as file:
            for ask in (lambda: file["v"].shape, lambda: file["v"][0], lambda: len(file["v"])):
                with pytest.raises(LinkOutsideRoots):
                    ask()

    def test_it_grows_with_its_source(self, path):
        self.source(path, 2)
        with dynamic_hdf5.File(path, scan_state=SteppedState(), retry_timeout=30) as file:
            points = iter(file["v"])
            for n in range(2):
                np.testing.assert_array_equal(next(points), self.VALUES[n])
            self.source(path, 4)
            np.testing.assert_array_equal(next(points), self.VALUES[2])
            assert file["v"].shape == (4, 3)


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
