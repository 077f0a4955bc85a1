"""Every kind of link to frames: followed below the allowed folders, refused where it leads out of them."""

import h5py
import numpy as np
import pytest

from id3c_data.errors import BrokenLink, LinkOutsideRoots
from id3c_data.h5api import FINISHED
from id3c_data.images import open_stack
from id3c_data.testing.h5api import SteppedState

DATA = "/entry/data/data"
FRAMES = np.arange(3 * 4 * 6, dtype="<u2").reshape(3, 4, 6)


def data_file(path):
    with h5py.File(path, "w") as file:
        file[DATA] = FRAMES
    return path


def master(path, link, name=DATA):
    with h5py.File(path, "w") as file:
        file[name] = link
    return path


def external(inside, other):
    return master(inside / "m.h5", h5py.ExternalLink(str(data_file(other / "d.h5")), DATA))


def numbered(inside, other):
    link = h5py.ExternalLink(str(data_file(other / "d.h5")), DATA)
    return master(inside / "m.h5", link, "/entry/data/data_000001")


def soft_to_external(inside, other):
    path = master(inside / "m.h5", h5py.SoftLink("/elsewhere"))
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink(str(data_file(other / "d.h5")), DATA)
    return path


def group(inside, other):
    link = h5py.ExternalLink(str(data_file(other / "d.h5")), "/entry/data")
    return master(inside / "m.h5", link, "/entry/data")


def chain(inside, other):
    master(inside / "second.h5", h5py.ExternalLink(str(data_file(other / "d.h5")), DATA))
    master(inside / "first.h5", h5py.SoftLink("/next"))
    with h5py.File(inside / "first.h5", "a") as file:
        file["next"] = h5py.ExternalLink("second.h5", DATA)
    return master(inside / "m.h5", h5py.ExternalLink("first.h5", DATA))


def virtual(inside, other):
    layout = h5py.VirtualLayout(FRAMES.shape, FRAMES.dtype)
    layout[:] = h5py.VirtualSource(str(data_file(other / "d.h5")), DATA, FRAMES.shape)
    with h5py.File(inside / "m.h5", "w") as file:
        file.create_virtual_dataset(DATA, layout)
    return inside / "m.h5"


def raw(inside, other):
    (other / "d.raw").write_bytes(FRAMES.tobytes())
    with h5py.File(inside / "m.h5", "w") as file:
        file.create_dataset(
            DATA, FRAMES.shape, FRAMES.dtype, external=[(str(other / "d.raw"), 0, FRAMES.nbytes)]
        )
    return inside / "m.h5"


def symlink_to_master(inside, other):
    (inside / "m.h5").symlink_to(data_file(other / "d.h5"))
    return inside / "m.h5"


def symlink_to_folder(inside, other):
    data_file(other / "d.h5")
    (inside / "folder").symlink_to(other)
    return master(inside / "m.h5", h5py.ExternalLink("folder/d.h5", DATA))


KINDS = pytest.mark.parametrize(
    "make",
    [
        external,
        numbered,
        soft_to_external,
        group,
        chain,
        virtual,
        raw,
        symlink_to_master,
        symlink_to_folder,
    ],
)
STATES = pytest.mark.parametrize("state", [lambda: FINISHED, SteppedState], ids=["finished", "open"])


@pytest.fixture
def folders(tmp_path):
    folders = tmp_path / "inside", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    return folders


@KINDS
@STATES
def test_a_link_below_the_allowed_folders_is_followed(folders, make, state):
    path = make(*folders)
    with open_stack(path, allowed_roots=folders, scan_state=state()) as stack:
        np.testing.assert_array_equal(stack[0:3].read(), FRAMES)


@KINDS
@STATES
def test_a_link_out_of_the_allowed_folders_is_refused_at_once(folders, make, state):
    path = make(*folders)
    with pytest.raises(LinkOutsideRoots):
        open_stack(path, allowed_roots=folders[:1], scan_state=state())[0].read()


@pytest.mark.parametrize(
    "link", [h5py.SoftLink(DATA), h5py.ExternalLink("m.h5", DATA), h5py.ExternalLink("./m.h5", DATA)]
)
def test_links_in_a_circle_come_to_an_end(folders, link):
    path = master(folders[0] / "m.h5", link)
    with pytest.raises(BrokenLink, match="circle"):
        open_stack(path)


def test_virtual_datasets_in_a_circle_come_to_an_end(folders):
    layout = h5py.VirtualLayout(FRAMES.shape, FRAMES.dtype)
    layout[:] = h5py.VirtualSource("m.h5", DATA, FRAMES.shape)
    path = folders[0] / "m.h5"
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset(DATA, layout)
    with pytest.raises(OSError, match="without end"):
        open_stack(path)[0].read()


@pytest.mark.parametrize("change", ["as it is", "turned into a link that leads out"])
def test_a_link_that_is_changed_while_the_run_is_open_is_looked_at_again(folders, change):
    inside, other = folders
    path = external(inside, inside)
    with open_stack(path, allowed_roots=[inside], scan_state=SteppedState()) as stack:
        np.testing.assert_array_equal(stack[0].read(), FRAMES[0])
        if change == "as it is":
            np.testing.assert_array_equal(stack[1].read(), FRAMES[1])
            return
        data_file(other / "d.h5")
        (inside / "d.h5").unlink()
        (inside / "d.h5").symlink_to(other / "d.h5")
        with pytest.raises(LinkOutsideRoots):
            stack[1].read()
