"""All that is in a file, as a tree: also what leads nowhere, and why."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from id3c_data.errors import BrokenLink, FileIncomplete, FileMissing, LinkOutsideRoots, NotHdf5
from id3c_data.h5api import IndependentResolver, lines_of, tree_of
from id3c_data.sim import FrameModel, LegacyWriter, NexusWriter, PluginWriter, Series

MODEL = FrameModel(32, 48, 16)
SERIES = Series("x_7", number=7, images=5, images_per_file=2)
REAL_FILES = Path(__file__).parents[3] / ".." / "shared" / "data"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "main.h5"


def branch(tree, name):
    """Return the one branch of that name."""
    (only,) = (branch for branch in tree.branches if branch.name == name)
    return only


def names(tree):
    return [(branch.depth, branch.name) for branch in tree.branches]


def open_descriptors():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def lines(tree):
    return list(lines_of(tree))


def test_each_group_stands_before_what_is_in_it(path):
    with h5py.File(path, "w") as file:
        file["a/b/x"] = 1
        file["a/y"] = 2
        file["z"] = 3
    assert names(tree_of(path)) == [(1, "a"), (2, "b"), (3, "x"), (2, "y"), (1, "z")]


def test_a_dataset_has_shape_type_chunks_and_filters(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (5, 4), "u2", chunks=(1, 4), shuffle=True, compression="gzip")
    form = branch(tree_of(path), "x").form
    assert (form.shape, form.dtype, form.chunk) == ((5, 4), "uint16", (1, 4))
    assert form.filters == ("shuffle", "gzip")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.float32(1), "float32 ()"),
        ("text", "string ()"),
        (np.bytes_(b"four"), "string[4] ()"),
        (np.array([True]), "bool (1,)"),
        (np.zeros(3, [("a", "i4"), ("b", "S2")]), "(a int32, b string[2]) (3,)"),
        (h5py.Empty("f4"), "float32 without values"),
        (np.array([1], h5py.enum_dtype({"on": 1}, "i1")), "enum int8 (1,)"),
    ],
)
def test_the_type_of_values_is_said_in_words(path, value, words):
    with h5py.File(path, "w") as file:
        file["x"] = value
    assert lines(tree_of(path))[1] == f"  x  {words}"


def test_lists_references_and_types_have_their_words_too(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("lists", (1,), h5py.vlen_dtype("u1"))
        file.create_dataset("refers", (2,), h5py.ref_dtype)
        file["type"] = np.dtype("f4")
    assert lines(tree_of(path))[1:4] == [
        "  lists  list of uint8 (1,)",
        "  refers  reference (2,)",
        "  type  named type",
    ]


def test_attributes_are_counted(path):
    with h5py.File(path, "w") as file:
        file.create_group("g").attrs.update(a=1, b=2)
        file["x"] = 1
        file["x"].attrs["unit"] = "m"
    tree = tree_of(path)
    assert [branch.attributes for branch in tree.branches] == [2, 1]
    assert lines(tree)[1:3] == ["  g/  2 attributes", "  x  int64 ()  1 attribute"]


def test_a_soft_link_says_where_it_leads_and_what_is_there(path):
    with h5py.File(path, "w") as file:
        file["link"] = h5py.SoftLink("/x")
        file["x"] = [1.0]
    assert lines(tree_of(path))[1] == "  link  -> /x  float64 (1,)"


def test_a_group_behind_a_soft_link_is_listed_where_it_is(path):
    with h5py.File(path, "w") as file:
        file["above"] = h5py.SoftLink("/below")
        file["below/x"] = 1
    assert names(tree_of(path)) == [(1, "above"), (1, "below"), (2, "x")]


def test_two_names_of_one_object_are_told_apart_from_two_objects(path):
    with h5py.File(path, "w") as file:
        file["g/x"] = 1
        file["other"] = file["g"]
        file["y"] = file["g/x"]
        file["z"] = 1
    same = {branch.name: branch.same_as for branch in tree_of(path).branches}
    assert same == {"g": "", "x": "", "other": "/g", "y": "/g/x", "z": ""}


def test_a_link_that_leads_nowhere_says_why(path):
    with h5py.File(path, "w") as file:
        file["x"] = 1
        file["link"] = h5py.SoftLink("/nothing")
    tree = tree_of(path)
    (error,) = tree.errors
    assert isinstance(error, BrokenLink)
    line = lines(tree)[1]
    assert line.startswith("  link  -> /nothing  LEADS NOWHERE: ")
    assert "lacks 'nothing'; the group holds 'link', 'x'" in line


@pytest.mark.parametrize(
    "links",
    [
        {"a": h5py.SoftLink("/a")},
        {"a": h5py.SoftLink("/b"), "b": h5py.SoftLink("/a")},
        {"a": h5py.ExternalLink("main.h5", "/a")},
    ],
)
def test_links_in_a_circle_end(path, links):
    with h5py.File(path, "w") as file:
        for name, link in links.items():
            file[name] = link
    tree = tree_of(path)
    assert [branch.name for branch in tree.branches] == sorted(links)
    assert all("circle" in error.what for error in tree.errors)
    assert len(tree.errors) == len(links)


def test_groups_in_a_circle_end(path, tmp_path):
    with h5py.File(path, "w") as file:
        file["g/down"] = h5py.ExternalLink("other.h5", "/")
        file["g/self"] = file["g"]
        file["g/root"] = file["/"]
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["back"] = h5py.ExternalLink("main.h5", "/g")
        file["again"] = h5py.ExternalLink("other.h5", "/")
    tree = tree_of(path)
    assert names(tree) == [(1, "g"), (2, "down"), (3, "again"), (3, "back"), (2, "root"), (2, "self")]
    assert branch(tree, "again").same_as == f"{tmp_path / 'other.h5'}: /"
    assert not tree.errors


def test_groups_too_deep_to_list_are_said_to_be(path):
    with h5py.File(path, "w") as file:
        file.create_group("g/" * 100)
    tree = tree_of(path)
    assert len(tree.branches) < 100
    assert "groups in more than" in tree.errors[0].what


def test_what_is_behind_an_external_link_is_listed_with_it(path, tmp_path):
    with h5py.File(path, "w") as file:
        file["one"] = h5py.ExternalLink("other.h5", "/entry")
        file["two"] = h5py.ExternalLink("other.h5", "/entry")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["entry/x"] = 1
    tree = tree_of(path)
    assert names(tree) == [(1, "one"), (2, "x"), (1, "two")]
    assert branch(tree, "two").same_as == f"{tmp_path / 'other.h5'}: /entry"
    assert lines(tree)[1] == "  one  -> other.h5:/entry (as it stands)  group"


def test_a_chain_of_links_shows_each_of_them(path, tmp_path):
    with h5py.File(path, "w") as file:
        file["a"] = h5py.ExternalLink("other.h5", "/b")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["b"] = h5py.SoftLink("/x")
        file["x"] = 1
    assert lines(tree_of(path))[1] == "  a  -> other.h5:/b (as it stands)  -> /x  int64 ()"


def test_a_link_with_another_host_s_path_is_said_to_need_a_path_map(tmp_path):
    LegacyWriter(tmp_path, SERIES, MODEL, link_folder="/ioc/view/").write_series()
    tree = tree_of(tmp_path / SERIES.master_name)
    assert len(tree.errors) == 3
    assert f"path_map={{'/ioc/view': '{tmp_path}'}}" in branch(tree, "data_000001").error.next_step


def test_a_path_map_is_named_where_it_found_the_file(tmp_path):
    LegacyWriter(tmp_path, SERIES, MODEL, link_folder="/ioc/view/").write_series()
    tree = tree_of(tmp_path / SERIES.master_name, path_map={"/ioc/view": str(tmp_path)})
    (hop,) = branch(tree, "data_000002").hops
    assert (hop.way, hop.taken) == ("path_map", tmp_path / "x_7_data_000002.h5")
    found = f"(path_map: {tmp_path}/x_7_data_000002.h5)"
    assert any(
        f"data_000002  -> /ioc/view/x_7_data_000002.h5:/entry/data/data {found}" in line
        for line in lines(tree)
    )


def test_a_file_beside_the_one_that_a_symlink_leads_to_is_said_to_be(tmp_path):
    (tmp_path / "real").mkdir()
    files = LegacyWriter(tmp_path / "real", SERIES, MODEL).write_series()
    (tmp_path / "master.h5").symlink_to(files.master)
    (hop,) = branch(tree_of(tmp_path / "master.h5"), "data_000001").hops
    assert (hop.way, hop.taken) == ("beside the real file", files.data[0])


def test_a_link_out_of_the_allowed_roots_is_refused_and_the_rest_is_listed(tmp_path):
    (tmp_path / "in").mkdir()
    with h5py.File(tmp_path / "out.h5", "w") as file:
        file["x"] = 1
    with h5py.File(tmp_path / "in" / "main.h5", "w") as file:
        file["link"] = h5py.ExternalLink("../out.h5", "/x")
        file["y"] = 1
    tree = tree_of(tmp_path / "in" / "main.h5", allowed_roots=[tmp_path / "in"])
    assert [type(error) for error in tree.errors] == [LinkOutsideRoots]
    assert "REFUSED" in lines(tree)[1]
    assert branch(tree, "y").error is None


def test_the_file_itself_out_of_the_allowed_roots_is_refused(path, tmp_path):
    path.touch()
    with pytest.raises(LinkOutsideRoots):
        tree_of(path, allowed_roots=[tmp_path / "other"])


def test_a_legacy_master_shows_which_data_files_are_there(tmp_path):
    files = LegacyWriter(tmp_path, SERIES, MODEL).write_series(taken=3)
    tree = tree_of(files.master)
    first, second, third = (branch(tree, f"data_00000{k}") for k in (1, 2, 3))
    assert (first.form.shape, second.form.shape) == ((2, 32, 48), (1, 32, 48))
    assert first.form.filters == ("bitshuffle-lz4",)
    assert f"tried {tmp_path}/x_7_data_000003.h5" in third.error.what
    assert len(tree.errors) == 1


def test_a_virtual_dataset_shows_its_sources(tmp_path):
    files = NexusWriter(tmp_path, SERIES, MODEL).write_series(taken=3)
    tree = tree_of(files.master)
    sources = [branch for branch in tree.branches if branch.what == "source"]
    assert [source.name for source in sources] == [
        "[0:2, 0:1, 0:32, 0:48]",
        "[2:4, 0:1, 0:32, 0:48]",
        "[4:5, 0:1, 0:32, 0:48]",
    ]
    assert [source.hops[0].taken for source in sources] == [*files.data, None]
    assert tree.errors == (sources[2].error,)


def test_an_unlimited_virtual_dataset_is_listed_without_opening_its_sources(path, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_dataset("x", (2,), "i4", maxshape=(None,), chunks=(1,))
    with h5py.File(path, "w", libver="latest") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        space = h5py.h5s.create_simple((1,), (h5py.h5s.UNLIMITED,))
        space.select_hyperslab((0,), (h5py.h5s.UNLIMITED,), (1,), (1,))
        properties.set_virtual(space, b"other.h5", b"/x", space)
        h5py.h5d.create(file.id, b"v", h5py.h5t.STD_I32LE, space, properties)
    shown = lines(tree_of(path))
    assert shown[1] == "  v  int32 of the shape that its sources have virtual"
    assert shown[2].startswith("    [0:]  <- other.h5:/x (as it stands)  int32 (2,)")


@pytest.fixture
def raw(path, tmp_path):
    """A dataset whose values lie in two files without HDF5 structure, of which one is cut off."""
    (tmp_path / "a.raw").write_bytes(bytes(20))
    (tmp_path / "b.raw").write_bytes(bytes(2))
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (4,), "i4", external=[("a.raw", 8, 12), ("b.raw", 0, 4)])
    return path


def test_raw_files_are_found_and_measured(raw, tmp_path):
    tree = tree_of(raw)
    assert lines(tree)[1:4] == [
        "  x  int32 (4,) external",
        "    [bytes 0:12]  <- a.raw (as it stands)  raw file",
        "    [bytes 12:16]  <- b.raw (as it stands)  raw file  CANNOT BE READ: "
        "the file has 2 bytes, where 4 should be; see what stopped its writer",
    ]
    assert lines(tree)[-1] == "0 groups, 1 dataset, 0 links, 2 raw files; 1 cannot be read"
    assert [branch.hops[0].taken for branch in tree.branches[1:]] == [tmp_path / "a.raw", tmp_path / "b.raw"]


def test_a_raw_file_that_is_not_there_is_found_by_the_path_map_or_not_at_all(path, tmp_path):
    (tmp_path / "here").mkdir()
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (3,), "i4", external=[("/there/a.raw", 0, 12)])
    missing, *_ = tree_of(path).errors
    assert isinstance(missing, BrokenLink)
    (tmp_path / "here" / "a.raw").write_bytes(bytes(12))
    assert tree_of(path, path_map={"/there": tmp_path / "here"}).errors == ()


def test_a_raw_file_out_of_the_allowed_folders_is_refused(path, tmp_path):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (3,), "i4", external=[("/etc/passwd", 0, 12)])
    tree = tree_of(path, allowed_roots=[tmp_path])
    assert isinstance(tree.errors[0], LinkOutsideRoots)
    assert "[bytes 0:12]  <- /etc/passwd  raw file  REFUSED" in lines(tree)[2]


class TestFilesThatAreWritten:
    """A master at rest, and a data file that somebody writes anew while the tree is listed."""

    @pytest.fixture
    def files(self, tmp_path):
        return LegacyWriter(tmp_path, SERIES, MODEL).write_series()

    @pytest.fixture
    def pauses(self, monkeypatch):
        """What happens in the pauses between two looks."""
        actions = []
        monkeypatch.setattr(
            "id3c_data.h5api._tree.time.sleep", lambda _: actions.pop(0)() if actions else None
        )
        return actions

    @pytest.mark.parametrize("part", [0, 0.5])
    def test_a_data_file_that_is_not_complete_is_looked_at_again(self, files, pauses, part):
        data = files.data[0]
        content = data.read_bytes()
        data.write_bytes(content[: int(part * len(content))])
        pauses.append(lambda: data.write_bytes(content))
        tree = tree_of(files.master)
        assert (tree.errors, tree.changed, pauses) == ((), False, [])

    @pytest.mark.usefixtures("pauses")
    def test_a_data_file_that_changes_meanwhile_is_looked_at_again(self, files, monkeypatch):
        """Also where it was read as something else than an incomplete file."""
        data, refused = files.data[0], []
        content = data.read_bytes()
        original = IndependentResolver.open

        def open_one(resolver, path):
            try:
                return original(resolver, path)
            except NotHdf5:
                refused.append(path)
                data.write_bytes(content)
                raise

        monkeypatch.setattr(IndependentResolver, "open", open_one)
        data.write_bytes(b"half" + content)
        tree = tree_of(files.master)
        assert (tree.errors, len(refused)) == ((), 1)

    @pytest.mark.usefixtures("pauses")
    def test_one_that_stays_incomplete_is_an_error_in_the_end(self, files):
        data = files.data[0]
        data.write_bytes(data.read_bytes()[:-100])
        (error,) = tree_of(files.master).errors
        assert isinstance(error.__cause__, FileIncomplete)


def test_the_hdf5_plugin_s_hard_link_is_seen(tmp_path):
    with PluginWriter(tmp_path / "x.h5", (32, 48), np.dtype("u2")) as writer:
        writer.append(MODEL.frame(1, 1), 1, 2e9)
    tree = tree_of(tmp_path / "x.h5")
    assert [branch.same_as for branch in tree.branches if branch.name == "data" and branch.form] == [
        "",
        "/entry/data/data",
    ]


@pytest.mark.parametrize("swmr", [False, True])
def test_a_file_that_is_being_written_is_listed_as_it_stands(tmp_path, swmr):
    with PluginWriter(tmp_path / "x.h5", (32, 48), np.dtype("u2"), swmr=swmr) as writer:
        for n in range(3):
            writer.append(MODEL.frame(1, n + 1), n, 2e9)
            writer.flush()
            tree = tree_of(tmp_path / "x.h5")
            shapes = {branch.form.shape for branch in tree.branches if branch.name == "data" and branch.form}
            assert (shapes, tree.errors) == ({(n + 1, 32, 48)}, ())


def test_the_file_can_be_opened_in_every_way_afterwards(tmp_path):
    with PluginWriter(tmp_path / "x.h5", (32, 48), np.dtype("u2")) as writer:
        writer.flush()
        tree_of(tmp_path / "x.h5")
    tree_of(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["y"] = 1


def test_names_cannot_send_commands_to_a_terminal(path):
    with h5py.File(path, "w") as file:
        file["new\nline\x1b[31m"] = 1
        file.id.links.create_soft(b"\xff", b"/\x07")
    text = "".join(lines(tree_of(path)))
    assert text.isprintable()
    assert "new\\nline\\x1b[31m" in text


def test_the_last_line_counts(tmp_path):
    files = NexusWriter(tmp_path, SERIES, MODEL).write_series(taken=3)
    tree = tree_of(files.master)
    counted = {
        what: sum(branch.what == what for branch in tree.branches) for what in ("group", "dataset", "source")
    }
    assert lines(tree)[-1] == (
        f"{counted['group']} groups, {counted['dataset']} datasets, 0 links, "
        f"{counted['source']} sources of virtual datasets; 1 cannot be read"
    )


def test_no_file_stays_open(tmp_path):
    files = LegacyWriter(tmp_path, SERIES, MODEL).write_series()
    before = open_descriptors()
    tree_of(files.master)
    assert open_descriptors() == before


@pytest.mark.parametrize(("content", "error"), [(None, FileMissing), (b"text, and not HDF5", NotHdf5)])
def test_a_file_that_is_none_is_an_error(path, content, error):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error):
        tree_of(path)


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason=f"the detector files are not in {REAL_FILES.resolve()}")
def test_real_files_are_listed():
    paths = sorted(REAL_FILES.resolve().rglob("*.h5"))
    forms = {
        path.name: [
            branch.form.shape for branch in tree_of(path).branches if branch.form and branch.name == "data"
        ]
        for path in paths
    }
    assert forms["test_data_000001.h5"] == [(5, 13, 11)]
    assert all(tree_of(path).errors == () for path in paths)
