import pytest
from hypothesis import given
from hypothesis import strategies as st

from id3c_data.errors import TemplateError
from id3c_data.paths import FILE_NAME_ROOM, FILE_PATH_LENGTH, PathTemplates, template_problems

POSIX = [
    ("/data/%Y", "mnt/%Y", "read", "E313"),
    ("data/%Y", "/mnt/%Y", "write", "E313"),
    ("/data/../x", "/mnt/x", "write", "E309"),
    ("/data", "/mnt/..", "read", "E309"),
    ("/data/FIXME/", "/mnt/", "write", "E304"),
    ("/data/", "/mnt/todo", "read", "E304"),
    ("/path/to/data", "/mnt/", "write", "E304"),
    ("/data", "/mnt/<beamline>/", "read", "E304"),
    ("/data/\u00b5m", "/mnt", "write", "E305"),
    ("/data\n", "/mnt", "write", "E305"),
    ("/data/ x", "/mnt", "write", "E310"),
    ("/data/x ", "/mnt", "write", "E310"),
    ("/data\\x", "/mnt", "write", "E307"),
    ("/data", "/mnt\\x", "read", "E307"),
    ("//server/data", "/mnt", "write", "E307"),
    ("D:\\data", "/mnt", "write", "E308"),
    ("/data", "X:/data", "read", "E308"),
    ("/data/%Q", "/mnt/%Q", "write", "E311"),
    ("/data/%", "/mnt/%", "read", "E311"),
    ("/data/%-d", "/mnt/%-d", "write", "E311"),
    ("/data/%c", "/mnt/%c", "write", "E311"),
    ("/data/%%Y", "/mnt/%%Y", "write", "E312"),
    ("$(DATA)/x", "/mnt", "write", "E306"),
    ("/data/$USER", "/mnt", "write", "E306"),
    ("/data", "~/x", "read", "E306"),
    ("", "/mnt", "write", "E302"),
    ("/data", "  ", "read", "E302"),
    ("/data", None, "read", "E302"),
    (7, "/mnt", "write", "E302"),
    ("/", "/mnt", "write", "E315"),
    ("/data/%Y", "/%Y", "read", "E315"),
    ("/data/%Y/%m", "/mnt/%Y/%d", "both", "E316"),
    ("/data/%Y", "/mnt", "both", "E316"),
    ("/data/%Y/raw", "/mnt/%Y", "both", "E316"),
    ("/data/" + "x" * 200, "/mnt", "write", "E317"),
]
WINDOWS = [
    ("D:/data", "/mnt", "write", "E307"),
    ("D:data", "/mnt", "write", "E313"),
    ("D:", "/mnt", "write", "E313"),
    ("\\data", "/mnt", "write", "E313"),
    ("D:\\da?ta", "/mnt", "write", "E310"),
    ("D:\\data.", "/mnt", "write", "E310"),
    ("D:\\CON", "/mnt", "write", "E310"),
    ("D:\\x\\nul", "/mnt", "write", "E310"),
    ("D:\\Com1\\x", "/mnt", "write", "E310"),
    ("D:\\aux.h5", "/mnt", "write", "E310"),
    ("D:\\nul .txt", "/mnt", "write", "E310"),
    ("D:\\x\\E:\\y", "/mnt", "write", "E310"),
    ("D:\\data\\%Y", "/mnt/%y", "both", "E316"),
    ("D:\\data\\Run%Y", "/mnt/run%Y", "both", "E316"),
]
ROOTED = [
    ("XRD", "relative/root", "posix", "write_root", "E313"),
    ("XRD", "/data/%Y", "posix", "write_root", "E312"),
    ("/other/XRD", "/data", "posix", "write", "E314"),
    ("/database/XRD", "/data", "posix", "write", "E314"),
    ("XRD", "data", "windows", "write_root", "E313"),
    ("../XRD", "/data", "posix", "write", "E309"),
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
        ("D:\\console\\com12\\auxiliary", "/mnt", None, "windows"),
        ("/con/aux.d", "/mnt", None, "posix"),
        ("\\\\dcu\\ssd\\%Y\\", "/mnt/%Y/", None, "windows"),
    ],
)
def test_a_right_pair_has_no_fault(write: str, read: str, root: str | None, semantics: str) -> None:
    assert found(write, read, root, semantics) == set()


def test_a_directory_may_fill_what_the_file_s_name_leaves() -> None:
    longest = "/" + "x" * (FILE_PATH_LENGTH - FILE_NAME_ROOM - 2)
    assert found(longest, "/mnt") == set()
    assert found(longest + "x", "/mnt") == {("write", "E317")}


def test_length_counts_after_expansion() -> None:
    filled = "/" + "%f/" * (FILE_PATH_LENGTH // 6)
    assert ("write", "E317") in found("/d" + filled, "/mnt" + filled)


def test_length_is_that_of_the_longest_names_of_day_and_month_together() -> None:
    room = FILE_PATH_LENGTH - FILE_NAME_ROOM - len("/" + "/Wednesday_September/")
    for more, faults in (("", set()), ("x", {("write", "E317")})):
        assert found("/" + "x" * room + more + "/%A_%B", "/mnt/%A_%B") == faults


def test_every_fault_of_both_sides_is_found_at_once() -> None:
    assert found("data/FIXME/../%Q", "mnt\\x") >= {
        ("write", "E313"),
        ("write", "E304"),
        ("write", "E309"),
        ("write", "E311"),
        ("read", "E313"),
        ("read", "E307"),
    }


def test_a_drive_letter_is_one_fault_and_not_three() -> None:
    assert found("D:\\data", "/mnt") == {("write", "E308")}


def test_unknown_semantics_are_a_fault() -> None:
    assert found("/data", "/mnt", None, "vms") == {("write", "E303")}


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
