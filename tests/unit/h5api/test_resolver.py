"""Links: followed by us, hop by hop, and named when they lead nowhere."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from id3c_data.errors import BrokenLink, FileIncomplete, FileMissing, FileReplaced, LinkOutsideRoots, NotHdf5
from id3c_data.h5api import Resolver, virtual_blocks


def external(path, target, target_path="/x", name="link"):
    with h5py.File(path, "a") as file:
        file[name] = h5py.ExternalLink(str(target), target_path)


def make(path, name="x", value=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "a") as file:
        file[name] = value


def read(resolver, path, name="link"):
    with resolver.open(path) as file, resolver.find(file, name) as found:
        return found.node[()]


def open_descriptors():
    return set(Path("/proc/self/fd").iterdir())


def hops(resolver, path, name="link"):
    with resolver.open(path) as file, resolver.find(file, name) as found:
        return found.hops


def assert_fails(error, resolver, path, name="link", match=None):
    with resolver.open(path) as file, pytest.raises(error, match=match) as caught:
        resolver.find(file, name)
    return caught.value


@pytest.fixture
def main(tmp_path):
    make(tmp_path / "main.h5", "here", 0)
    return tmp_path / "main.h5"


@pytest.mark.parametrize("name", ["/a/b/x", "a/b/x", "//a///b/./x/"])
def test_a_path_without_links(tmp_path, name):
    make(tmp_path / "main.h5", "a/b/x", 7)
    resolver = Resolver()
    with resolver.open(tmp_path / "main.h5") as file, resolver.find(file, name) as found:
        assert (found.node[()], found.path, found.hops) == (7, "/a/b/x", ())
        assert found.where == f"{tmp_path / 'main.h5'}: /a/b/x"


def test_the_root_itself_is_found(main):
    resolver = Resolver()
    with resolver.open(main) as file, resolver.find(file, "/") as found:
        assert list(found.node) == ["here"]


def test_a_relative_external_link_is_relative_to_its_file(main, tmp_path, monkeypatch):
    make(tmp_path / "below" / "other.h5", value=5)
    external(main, "below/other.h5")
    make(tmp_path / "cwd" / "below" / "other.h5", value=6)  # HDF5 would look here too
    monkeypatch.chdir(tmp_path / "cwd")
    assert read(Resolver(), main) == 5
    (tmp_path / "below" / "other.h5").unlink()
    assert_fails(BrokenLink, Resolver(), main)


def test_a_link_in_a_file_behind_a_symlink_is_relative_to_either_folder(main, tmp_path):
    make(tmp_path / "other.h5", value=5)
    external(main, "other.h5")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "main.h5").symlink_to(main)
    assert read(Resolver(), tmp_path / "elsewhere" / "main.h5") == 5
    make(tmp_path / "elsewhere" / "other.h5", value=6)
    assert read(Resolver(), tmp_path / "elsewhere" / "main.h5") == 6


def test_every_component_may_be_a_link(main, tmp_path):
    make(tmp_path / "other.h5", "group/deep/x", 5)
    with h5py.File(main, "a") as file:
        file["a/b"] = h5py.ExternalLink("other.h5", "/group")
        file["soft"] = h5py.SoftLink("/a/b/deep")
    assert read(Resolver(), main, "a/b/deep/x") == 5
    assert read(Resolver(), main, "soft/x") == 5


def test_soft_links_are_relative_to_their_group(main):
    with h5py.File(main, "a") as file:
        file["a/x"] = 3
        file["a/soft"] = h5py.SoftLink("x")
        file["a/rooted"] = h5py.SoftLink("/a/x")
    assert read(Resolver(), main, "a/soft") == 3
    assert read(Resolver(), main, "a/rooted") == 3


def test_the_hops_tell_the_way(main, tmp_path):
    make(tmp_path / "two.h5", "x", 2)
    external(tmp_path / "one.h5", "two.h5")
    external(main, "one.h5", "/link")
    with h5py.File(main, "a") as file:
        file["soft"] = h5py.SoftLink("/link")
    way = hops(Resolver(), main, "soft")
    assert [(hop.kind, hop.name, hop.target_file, hop.target_path) for hop in way] == [
        ("soft", "/soft", "", "/link"),
        ("external", "/link", "one.h5", "/link"),
        ("external", "/link", "two.h5", "/x"),
    ]
    assert [hop.taken for hop in way] == [None, tmp_path / "one.h5", tmp_path / "two.h5"]
    assert way[1].where == f"{main}: /link"


def test_a_found_object_closes_the_files_on_the_way(main, tmp_path):
    make(tmp_path / "two.h5")
    external(main, "two.h5")
    external(tmp_path / "two.h5", "gone.h5", name="further")
    external(main, "two.h5", "/further", name="second")
    resolver = Resolver()
    with resolver.open(main) as file:
        before = open_descriptors()
        resolver.find(file, "link").close()
        assert open_descriptors() == before
        with pytest.raises(BrokenLink):
            resolver.find(file, "second")
        assert open_descriptors() == before


def test_a_missing_file_is_named_with_link_and_places(main, tmp_path):
    external(main, "sub/gone.h5", "/entry/data/data")
    error = assert_fails(BrokenLink, Resolver(), main)
    assert error.where == f"{main}: /link"
    assert "external link to /entry/data/data in sub/gone.h5" in error.what
    assert f"tried {tmp_path / 'sub/gone.h5'}" in error.what
    assert isinstance(error.__cause__, FileMissing)
    assert isinstance(error, KeyError)


@pytest.mark.parametrize(
    ("content", "cause", "match"),
    [
        (b"", FileIncomplete, "the file is empty"),
        (b"no HDF5 " * 9, NotHdf5, "the file is not HDF5"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(main, tmp_path, content, cause, match):
    (tmp_path / "bad.h5").write_bytes(content)
    external(main, "bad.h5")
    error = assert_fails(BrokenLink, Resolver(), main, match=match)
    assert isinstance(error.__cause__, cause)
    assert str(tmp_path / "bad.h5") in str(error)


def test_a_truncated_file_is_named_as_incomplete(main, tmp_path):
    make(tmp_path / "other.h5", value=np.arange(1000))
    content = (tmp_path / "other.h5").read_bytes()
    (tmp_path / "other.h5").write_bytes(content[:-100])
    external(main, "other.h5")
    error = assert_fails(BrokenLink, Resolver(), main, match="truncated file")
    assert isinstance(error.__cause__, FileIncomplete)


def test_a_file_that_lacks_the_object_says_what_it_has(main, tmp_path):
    make(tmp_path / "other.h5", "entry/y")
    external(main, "other.h5", "/entry/x")
    error = assert_fails(BrokenLink, Resolver(), main)
    assert f"{tmp_path / 'other.h5'}: /entry lacks 'x'; the group holds 'y'" in error.what
    assert error.where == f"{main}: /link"


def test_a_name_that_is_not_there_says_what_is(main):
    error = assert_fails(BrokenLink, Resolver(), main, "a/b", match="there is no 'a'; the group holds 'here'")
    assert error.__cause__ is None


def test_an_empty_group_and_a_dataset_hold_nothing(main):
    with h5py.File(main, "a") as file:
        file.create_group("empty")
    assert_fails(BrokenLink, Resolver(), main, "empty/x", match="the group is empty")
    assert_fails(BrokenLink, Resolver(), main, "here/x", match="a dataset and holds nothing")


def test_a_soft_link_to_nothing(main):
    with h5py.File(main, "a") as file:
        file["soft"] = h5py.SoftLink("/no/where")
    assert_fails(BrokenLink, Resolver(), main, "soft", match="soft link to /no/where.*lacks 'no'")


def test_a_named_type_is_no_object_to_read(main):
    with h5py.File(main, "a") as file:
        h5py.h5t.STD_I32LE.copy().commit(file.id, b"kind")
    assert_fails(BrokenLink, Resolver(), main, "kind", match="neither a group nor a dataset")


@pytest.mark.parametrize("length", [1, 2, 3])
def test_circles_of_external_links_end(tmp_path, length):
    for n in range(length):
        external(tmp_path / f"{n}.h5", f"{(n + 1) % length}.h5", "/link")
    assert_fails(BrokenLink, Resolver(), tmp_path / "0.h5", match="in a circle")


@pytest.mark.parametrize("target", ["/soft", "soft", "/soft/deeper"])
def test_circles_of_soft_links_end(main, target):
    with h5py.File(main, "a") as file:
        file["soft"] = h5py.SoftLink(target)
    assert_fails(BrokenLink, Resolver(), main, "soft", match="in a circle")


def test_a_chain_of_many_links_is_followed(tmp_path):
    for n in range(40):
        external(tmp_path / f"{n}.h5", f"{n + 1}.h5", "/link")
    make(tmp_path / "40.h5", "link", 9)
    assert read(Resolver(), tmp_path / "0.h5") == 9


@pytest.mark.parametrize(
    "path_map",
    [{"/detector/data": "{here}"}, [("/detector", "/no/where"), ("/detector/data", "{here}")]],
)
def test_the_path_map_is_tried_after_the_link_as_it_stands(main, tmp_path, path_map):
    def filled(text):
        return text.replace("{here}", str(tmp_path / "here"))

    pairs = path_map.items() if isinstance(path_map, dict) else path_map
    path_map = [(there, filled(here)) for there, here in pairs]
    make(tmp_path / "here" / "sub" / "x.h5", value=5)
    external(main, "/detector/data/sub/x.h5")
    assert_fails(BrokenLink, Resolver(), main)
    assert read(Resolver(path_map), main) == 5


def test_a_link_that_stands_wins_over_the_path_map(main, tmp_path):
    make(tmp_path / "there" / "x.h5", value=1)
    make(tmp_path / "here" / "x.h5", value=2)
    external(main, tmp_path / "there" / "x.h5")
    path_map = {str(tmp_path / "there"): str(tmp_path / "here")}
    assert read(Resolver(path_map), main) == 1
    (tmp_path / "there" / "x.h5").unlink()
    assert read(Resolver(path_map), main) == 2


def test_a_windows_path_is_mapped(main, tmp_path):
    make(tmp_path / "here" / "sub" / "x.h5", value=5)
    external(main, "D:\\data\\sub\\x.h5")
    assert read(Resolver({"D:\\data": str(tmp_path / "here")}), main) == 5


@pytest.mark.parametrize("target", ["/detector/data/x.h5", "D:\\data\\x.h5"])
def test_a_file_of_that_name_beside_the_link_is_not_taken_but_told(main, tmp_path, target):
    make(tmp_path / "x.h5", value=5)
    external(main, target)
    error = assert_fails(BrokenLink, Resolver(), main)
    assert "a file of that name lies beside the link" in error.next_step
    suggested = eval(error.next_step.partition("path_map=")[2])  # noqa: S307 (the text of our own error)
    assert read(Resolver(suggested), main) == 5


def test_both_places_are_named_where_neither_has_the_file(main):
    external(main, "/detector/data/x.h5")
    error = assert_fails(BrokenLink, Resolver({"/detector/data": "/mnt/data"}), main)
    assert "tried /detector/data/x.h5, /mnt/data/x.h5" in error.what


@pytest.mark.parametrize("way", ["absolute", "dots", "symlink", "symlinked folder"])
def test_a_link_out_of_the_roots_is_refused(tmp_path, way):
    make(tmp_path / "outside" / "x.h5")
    make(tmp_path / "inside" / "main.h5", "here")
    inside = tmp_path / "inside"
    (inside / "link.h5").symlink_to(tmp_path / "outside" / "x.h5")
    (inside / "folder").symlink_to(tmp_path / "outside")
    targets = {
        "absolute": tmp_path / "outside" / "x.h5",
        "dots": "../outside/x.h5",
        "symlink": "link.h5",
        "symlinked folder": "folder/x.h5",
    }
    external(inside / "main.h5", targets[way])
    error = assert_fails(LinkOutsideRoots, Resolver(allowed_roots=[inside]), inside / "main.h5")
    assert error.where == f"{inside / 'main.h5'}: /link"
    assert isinstance(error, PermissionError)
    assert read(Resolver(allowed_roots=[inside, tmp_path / "outside"]), inside / "main.h5") == 1


def test_a_link_in_the_middle_of_a_path_cannot_leave_the_roots_either(tmp_path):
    make(tmp_path / "outside" / "x.h5", "entry/x")
    inside = tmp_path / "inside"
    make(inside / "main.h5", "here")
    external(inside / "main.h5", "../outside/x.h5", "/entry", name="entry")
    assert_fails(LinkOutsideRoots, Resolver(allowed_roots=[inside]), inside / "main.h5", "entry/x")


def test_the_path_map_finds_the_file_inside_where_the_link_leads_outside(tmp_path):
    make(tmp_path / "outside" / "x.h5", value=1)
    inside = tmp_path / "inside"
    make(inside / "x.h5", value=2)
    external(inside / "main.h5", tmp_path / "outside" / "x.h5")
    resolver = Resolver({str(tmp_path / "outside"): str(inside)}, [inside])
    assert read(resolver, inside / "main.h5") == 2


def virtual(path, sources, dtype="i4"):
    layout = h5py.VirtualLayout((len(sources), 3), dtype)
    for n, source in enumerate(sources):
        layout[n] = h5py.VirtualSource(source, "x", (3,))
    with h5py.File(path, "a", libver="latest") as file:
        file.create_virtual_dataset("virtual", layout)


def test_the_sources_of_a_virtual_dataset_are_found_one_by_one(main, tmp_path):
    for n in (0, 1):
        make(tmp_path / f"{n}.h5", value=np.arange(3) + n)
    virtual(main, ["0.h5", "1.h5", "gone.h5"])
    resolver = Resolver()
    with resolver.open(main) as file, resolver.find(file, "virtual") as found:
        blocks = virtual_blocks(found.node, found.where)
        for n in (0, 1):
            with resolver.find_source(found, blocks[n]) as source:
                assert source.node[0] == n
                assert [hop.kind for hop in source.hops] == ["virtual"]
        with pytest.raises(BrokenLink, match=r"source of virtual dataset to x in gone\.h5"):
            resolver.find_source(found, blocks[2])


def test_a_source_in_the_file_itself_is_found(main):
    with h5py.File(main, "a") as file:
        file["x"] = np.arange(3)
    virtual(main, ["."])
    resolver = Resolver()
    with resolver.open(main) as file, resolver.find(file, "virtual") as found:
        (block,) = virtual_blocks(found.node, found.where)
        with resolver.find_source(found, block) as source:
            assert source.path == "/x"


def test_a_source_out_of_the_roots_is_refused(tmp_path):
    make(tmp_path / "outside.h5", value=np.arange(3))
    inside = tmp_path / "inside"
    inside.mkdir()
    virtual(inside / "main.h5", ["../outside.h5"])
    resolver = Resolver(allowed_roots=[inside])
    with resolver.open(inside / "main.h5") as file, resolver.find(file, "virtual") as found:
        (block,) = virtual_blocks(found.node, found.where)
        with pytest.raises(LinkOutsideRoots, match="source of virtual dataset"):
            resolver.find_source(found, block)


def test_a_located_file_is_checked_before_a_link_in_it_is_followed(main, tmp_path):
    external(main, "between.h5")
    external(tmp_path / "between.h5", "nowhere.h5", name="x")
    resolver, checked = Resolver(), []

    def check(file):
        checked.append(file.path)
        raise FileReplaced("another one", str(file.path), "open it again")

    with resolver.open(main) as file, resolver.find(file, "/") as root:
        _, hop = resolver.locate_target(root, "link")
        before = open_descriptors()
        with pytest.raises(FileReplaced, match="another one"):
            resolver.follow(hop, check)
        assert open_descriptors() == before
    assert checked == [tmp_path / "between.h5"]
