from datetime import datetime
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from id3c_data.errors import PathOutsideRoots, TemplateError
from id3c_data.paths import PathTemplates, is_below

MOMENT = datetime(2026, 3, 7, 23, 59, 59, 999_999)

POSIX = PathTemplates("/detector/data/%Y/%m", "/mnt/eiger/%Y/%m")
DRIVE = PathTemplates("D:\\detector\\%Y\\", "/mnt/eiger/%Y/", semantics="windows")
SHARE = PathTemplates("\\\\dcu\\ssd\\eiger", "/mnt/eiger", semantics="windows")
PAIRS = pytest.mark.parametrize("pair", [POSIX, DRIVE, SHARE], ids=["posix", "drive", "share"])

# Everything that a file system allows in a name, and what only looks harmless.
names = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12),
    st.sampled_from(
        ["..", ".", "...", "a..b", ".. ", "x_1_master.h5", "C:", "C:\\x", "a:b", "NUL", "~", "%Y"]
    ),
)
separators = st.sampled_from(["/", "\\", "//", "/./", "\\\\", "/../", "\\..\\"])


class TestExpansion:
    def test_one_moment_fills_both_sides(self) -> None:
        both = POSIX.at(MOMENT)
        assert (both.write, both.read) == ("/detector/data/2026/03/", "/mnt/eiger/2026/03/")

    def test_a_windows_folder_ends_in_a_backslash(self) -> None:
        assert DRIVE.at(MOMENT).write == "D:\\detector\\2026\\"

    def test_a_share_keeps_its_server(self) -> None:
        assert SHARE.at(MOMENT).write == "\\\\dcu\\ssd\\eiger\\"

    @pytest.mark.parametrize("end", ["", "/", "//", "/./"])
    def test_the_separator_at_the_end_need_not_be_given(self, end: str) -> None:
        assert PathTemplates("/a/b" + end, "/c" + end).at(MOMENT).write == "/a/b/"

    def test_a_drive_alone_is_a_folder(self) -> None:
        assert PathTemplates("D:\\", "/mnt/d", semantics="windows").at(MOMENT).write == "D:\\"

    def test_a_relative_template_starts_at_its_root(self) -> None:
        templates = PathTemplates("XRD/%Y-%m", "/mnt/XRD/%Y-%m", write_root="/export/s3ida/")
        assert templates.at(MOMENT).write == "/export/s3ida/XRD/2026-03/"
        assert templates.write_base == "/export/s3ida/XRD"

    def test_a_relative_windows_template_starts_at_its_root(self) -> None:
        templates = PathTemplates("XRD\\%Y", "/mnt/%Y", write_root="E:\\", semantics="windows")
        assert templates.at(MOMENT).write == "E:\\XRD\\2026\\"

    @given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)))
    def test_both_sides_name_the_same_sub_folder_at_every_moment(self, moment: datetime) -> None:
        both = POSIX.at(moment)
        assert both.write.removeprefix(POSIX.write_base) == both.read.removeprefix(POSIX.read_base)

    @PAIRS
    @given(moment=st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)))
    def test_each_folder_translates_into_the_other_side_s(
        self, pair: PathTemplates, moment: datetime
    ) -> None:
        both = pair.at(moment)
        assert str(pair.to_read(both.write)) + "/" == both.read
        assert pair.to_write(both.read) == type(pair.to_write(both.read))(both.write)


class TestTranslation:
    def test_a_written_file_is_found_on_the_read_side(self) -> None:
        read = POSIX.to_read("/detector/data/2026/03/x_1_master.h5")
        assert read == PurePosixPath("/mnt/eiger/2026/03/x_1_master.h5")

    @pytest.mark.parametrize(
        "path", ["d:\\Detector\\a\\b.h5", "D:/detector/a/b.h5", "D:\\detector/a\\\\b.h5"]
    )
    def test_windows_takes_either_case_and_either_separator(self, path: str) -> None:
        assert DRIVE.to_read(path) == PurePosixPath("/mnt/eiger/a/b.h5")

    def test_a_read_path_becomes_a_windows_path(self) -> None:
        assert DRIVE.to_write("/mnt/eiger/a/b.h5") == PureWindowsPath("D:\\detector\\a\\b.h5")

    def test_a_path_object_is_as_good_as_text(self) -> None:
        assert SHARE.to_read(PureWindowsPath("\\\\DCU\\ssd\\eiger\\b.h5")) == PurePosixPath("/mnt/eiger/b.h5")

    def test_the_root_itself_translates(self) -> None:
        assert POSIX.to_read("/detector/data/") == PurePosixPath("/mnt/eiger")

    @pytest.mark.parametrize(
        "path",
        [
            "/detector/database/x",
            "/detector",
            "detector/data/x",
            "/detector/data/../secret",
            "/detector/data/..",
            "/",
            "",
            "D:\\detector\\data\\x",
            "/detector/data/x\0y",
        ],
    )
    def test_a_path_not_below_the_write_root_is_refused(self, path: str) -> None:
        with pytest.raises(PathOutsideRoots, match="root of the write side"):
            POSIX.to_read(path)

    @pytest.mark.parametrize(
        "path",
        ["E:\\detector\\x", "D:detector\\x", "\\detector\\x", "\\\\?\\D:\\detector\\x", "D:\\detectors\\x"],
    )
    def test_a_path_of_another_drive_is_refused(self, path: str) -> None:
        with pytest.raises(PathOutsideRoots):
            DRIVE.to_read(path)

    @pytest.mark.parametrize(
        "name", ["C:", "C:\\x", "a\\..\\..\\b", ".. ", "x.", "a:stream", "con|", "aux.h5"]
    )
    def test_a_name_that_windows_would_read_otherwise_is_refused(self, name: str) -> None:
        with pytest.raises(PathOutsideRoots, match="no name on the IOC's system"):
            DRIVE.to_write(f"/mnt/eiger/{name}")

    def test_the_error_names_path_root_and_next_step(self) -> None:
        with pytest.raises(PathOutsideRoots, match=r"^/else/x: is not below '/mnt/eiger'.*; see whether"):
            POSIX.to_write("/else/x")

    def test_an_empty_path_is_said_to_be_empty(self) -> None:
        with pytest.raises(PathOutsideRoots, match=r"^the empty path: is not below"):
            POSIX.to_read("")


class TestTranslationOfAnything:
    @PAIRS
    @given(parts=st.lists(names, max_size=5))
    def test_there_and_back_is_the_identity(self, pair: PathTemplates, parts: list[str]) -> None:
        path = PurePosixPath(pair.read_base, *parts)
        try:
            written = pair.to_write(path)
        except PathOutsideRoots:
            assert ".." in path.parts or pair.semantics == "windows"
        else:
            assert pair.to_read(written) == path
            assert pair.to_write(pair.to_read(written)) == written

    @PAIRS
    @given(start=st.booleans(), pieces=st.lists(st.one_of(names, separators), max_size=9))
    def test_nothing_outside_the_read_root_comes_out(
        self, pair: PathTemplates, start: bool, pieces: list[str]
    ) -> None:
        path = (pair.write_base if start else "") + "".join(pieces)
        try:
            read = pair.to_read(path)
        except PathOutsideRoots:
            return
        assert is_below(read, pair.read_base)
        assert ".." not in read.parts

    @PAIRS
    @given(start=st.booleans(), pieces=st.lists(st.one_of(names, separators), max_size=9))
    def test_nothing_outside_the_write_root_comes_out(
        self, pair: PathTemplates, start: bool, pieces: list[str]
    ) -> None:
        path = (pair.read_base if start else "") + "".join(pieces)
        try:
            written = pair.to_write(path)
        except PathOutsideRoots:
            return
        assert is_below(written, type(written)(pair.write_base))
        assert ".." not in written.parts


class TestConstruction:
    def test_a_single_fault_names_its_template_and_the_next_step(self) -> None:
        with pytest.raises(
            TemplateError, match=r"^read template: E313: 'mnt/x' is not absolute; write it from '/' on$"
        ):
            PathTemplates("/a", "mnt/x")

    def test_all_faults_come_in_one_error(self) -> None:
        with pytest.raises(TemplateError, match=r"2 faults:\n  - write: .*; .*\n  - read: .*; .*"):
            PathTemplates("s3ida/XRD/", "/path/to/images")

    def test_the_placeholder_of_3idc_is_named_as_such(self) -> None:
        with pytest.raises(TemplateError, match="'FIXME' is a placeholder"):
            PathTemplates("s3ida/XRD/  FIXME", "/path/to/images/  FIXME")
