import pytest
from hypothesis import given
from hypothesis import strategies as st

from id3c_data.errors import TemplateError
from id3c_data.paths import FILE_NAME_ROOM, FILE_PATH_LENGTH, PathTemplates, template_problems

POSIX = [
    ("/data/%Y", "mnt/%Y", "read", "relative"),
    ("data/%Y", "/mnt/%Y", "write", "relative"),
    ("/data/../x", "/mnt/x", "write", "parent"),
    ("/data", "/mnt/..", "read", "parent"),
    ("/data/FIXME/", "/mnt/", "write", "placeholder"),
    ("/data/", "/mnt/todo", "read", "placeholder"),
    ("/path/to/data", "/mnt/", "write", "placeholder"),
    ("/data", "/mnt/<beamline>/", "read", "placeholder"),
    ("/data/\u00b5m", "/mnt", "write", "characters"),
    ("/data\n", "/mnt", "write", "characters"),
    ("/data/ x", "/mnt", "write", "space"),
    ("/data/x ", "/mnt", "write", "space"),
    ("/data\\x", "/mnt", "write", "separator"),
    ("/data", "/mnt\\x", "read", "separator"),
    ("//server/data", "/mnt", "write", "separator"),
    ("D:\\data", "/mnt", "write", "drive"),
    ("/data", "X:/data", "read", "drive"),
    ("/data/%Q", "/mnt/%Q", "write", "directive"),
    ("/data/%", "/mnt/%", "read", "directive"),
    ("/data/%-d", "/mnt/%-d", "write", "directive"),
    ("/data/%c", "/mnt/%c", "write", "directive"),
    ("/data/%%Y", "/mnt/%%Y", "write", "percent"),
    ("$(DATA)/x", "/mnt", "write", "macro"),
    ("/data/$USER", "/mnt", "write", "macro"),
    ("/data", "~/x", "read", "macro"),
    ("", "/mnt", "write", "empty"),
    ("/data", "  ", "read", "empty"),
    ("/data", None, "read", "not-text"),
    (7, "/mnt", "write", "not-text"),
    ("/", "/mnt", "write", "root"),
    ("/data/%Y", "/%Y", "read", "root"),
    ("/data/%Y/%m", "/mnt/%Y/%d", "both", "different"),
    ("/data/%Y", "/mnt", "both", "different"),
    ("/data/%Y/raw", "/mnt/%Y", "both", "different"),
    ("/data/" + "x" * 200, "/mnt", "write", "long"),
]
WINDOWS = [
    ("D:/data", "/mnt", "write", "separator"),
    ("D:data", "/mnt", "write", "relative"),
    ("D:", "/mnt", "write", "relative"),
    ("\\data", "/mnt", "write", "relative"),
    ("D:\\da?ta", "/mnt", "write", "name"),
    ("D:\\data.", "/mnt", "write", "name"),
    ("D:\\x\\E:\\y", "/mnt", "write", "name"),
    ("D:\\data\\%Y", "/mnt/%y", "both", "different"),
    ("D:\\data\\Run%Y", "/mnt/run%Y", "both", "different"),
]
ROOTED = [
    ("XRD", "relative/root", "posix", "write_root", "relative"),
    ("XRD", "/data/%Y", "posix", "write_root", "percent"),
    ("/other/XRD", "/data", "posix", "write", "outside-root"),
    ("/database/XRD", "/data", "posix", "write", "outside-root"),
    ("XRD", "data", "windows", "write_root", "relative"),
    ("../XRD", "/data", "posix", "write", "parent"),
]


def found(*args: object) -> set[tuple[str, str]]:
    return {(problem.field, problem.code) for problem in template_problems(*args)}  # type: ignore[arg-type]


@pytest.mark.parametrize(("write", "read", "field", "code"), POSIX)
def test_a_fault_of_posix_templates_is_found(write: str, read: str, field: str, code: str) -> None:
    assert (field, code) in found(write, read)


@pytest.mark.parametrize(("write", "read", "field", "code"), WINDOWS)
def test_a_fault_of_windows_templates_is_found(write: str, read: str, field: str, code: str) -> None:
    assert (field, code) in found(write, read, None, "windows")


@pytest.mark.parametrize(("write", "root", "semantics", "field", "code"), ROOTED)
def test_a_fault_of_the_write_root_is_found(
    write: str, root: str, semantics: str, field: str, code: str
) -> None:
    assert (field, code) in found(write, "/mnt", root, semantics)


@pytest.mark.parametrize(
    ("write", "read", "root", "semantics"),
    [
        ("/data", "/mnt", None, "posix"),
        ("/data/%Y/%m/%d/%H%M%S_%f/%j_%b_%V", "/mnt/%Y/%m/%d/%H%M%S_%f/%j_%b_%V/", None, "posix"),
        ("/data/run_%Y/raw/", "/elsewhere/deep/run_%Y/raw", None, "posix"),
        ("/data/a b/todo-list.d", "/mnt/a b", None, "posix"),
        ("/data/mypath/topics", "/mnt/path/tomorrow", None, "posix"),
        ("XRD/%Y", "/mnt/%Y", "/s3ida", "posix"),
        ("/s3ida/XRD/%Y", "/mnt/%Y", "/s3ida", "posix"),
        ("%Y", "/mnt/%Y", "/s3ida", "posix"),
        ("D:\\data\\%Y\\", "/mnt/%Y", None, "windows"),
        ("d:\\DATA\\x", "/mnt", "D:\\data", "windows"),
        ("D:\\%Y", "/mnt/%Y", None, "windows"),
        ("\\\\dcu\\ssd\\%Y\\", "/mnt/%Y/", None, "windows"),
    ],
)
def test_a_right_pair_has_no_fault(write: str, read: str, root: str | None, semantics: str) -> None:
    assert found(write, read, root, semantics) == set()


def test_a_directory_may_fill_what_the_file_s_name_leaves() -> None:
    longest = "/" + "x" * (FILE_PATH_LENGTH - FILE_NAME_ROOM - 2)
    assert found(longest, "/mnt") == set()
    assert found(longest + "x", "/mnt") == {("write", "long")}


def test_length_counts_after_expansion() -> None:
    filled = "/" + "%f/" * (FILE_PATH_LENGTH // 6)
    assert ("write", "long") in found("/d" + filled, "/mnt" + filled)


def test_every_fault_of_both_sides_is_found_at_once() -> None:
    assert found("data/FIXME/../%Q", "mnt\\x") >= {
        ("write", "relative"),
        ("write", "placeholder"),
        ("write", "parent"),
        ("write", "directive"),
        ("read", "relative"),
        ("read", "separator"),
    }


def test_a_drive_letter_is_one_fault_and_not_three() -> None:
    assert found("D:\\data", "/mnt") == {("write", "drive")}


def test_unknown_semantics_are_a_fault() -> None:
    assert found("/data", "/mnt", None, "vms") == {("write", "semantics")}


texts = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            ["/", "\\", "D:", "data", "%Y", "%", "..", ".", " ", "\\\\srv\\share", "\u00e9", "\0"]
        ),
        max_size=8,
    ).map("".join),
)


@given(write=texts, read=texts, root=st.none() | texts, semantics=st.sampled_from(["posix", "windows"]))
def test_no_template_ends_in_a_traceback(write: str, read: str, root: str | None, semantics: str) -> None:
    problems = list(template_problems(write, read, root, semantics))  # type: ignore[arg-type]
    assert all(problem.what and problem.next_step for problem in problems)
    if problems:
        with pytest.raises(TemplateError):
            PathTemplates(write, read, root, semantics)  # type: ignore[arg-type]
    else:
        pair = PathTemplates(write, read, root, semantics)  # type: ignore[arg-type]
        assert pair.to_write(pair.read_base) == type(pair.to_write(pair.read_base))(pair.write_base)
