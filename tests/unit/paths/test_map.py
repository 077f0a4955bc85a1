from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from id3c_data.errors import ConfigError
from id3c_data.paths import PathMap, PathMapLike, PathTemplates, is_below


def test_a_path_below_a_root_is_found_here() -> None:
    assert PathMap((("/data", "/mnt/eiger"),)).to_here("/data/a/b.h5") == PurePosixPath("/mnt/eiger/a/b.h5")


def test_an_unmapped_path_comes_back_as_it_is() -> None:
    assert PathMap((("/data", "/mnt"),)).to_here("/database/x") == PurePosixPath("/database/x")


def test_the_longest_root_wins_whatever_the_order() -> None:
    pairs = (("/data", "/a"), ("/data/2026", "/b"), ("/", "/c"))
    assert PathMap(pairs).to_here("/data/2026/x") == PurePosixPath("/b/x")
    assert PathMap(pairs[::-1]).to_here("/data/2026/x") == PurePosixPath("/b/x")


def test_a_path_with_two_dots_is_not_mapped() -> None:
    assert PathMap((("/data", "/mnt"),)).to_here("/data/../x") == PurePosixPath("/data/../x")


def test_a_link_with_the_ioc_s_windows_path_is_mapped() -> None:
    pair = PathTemplates("D:\\data", "/mnt/eiger", semantics="windows")
    path_map = PathMap.of(pair)
    assert path_map.to_here("d:/data/x.h5") == PurePosixPath("/mnt/eiger/x.h5")
    assert path_map.to_here(PureWindowsPath("D:\\data\\x.h5")) == PurePosixPath("/mnt/eiger/x.h5")


@pytest.mark.parametrize(
    "value",
    [
        {"/data": "/mnt"},
        [("/data", "/mnt")],
        (("/data", "/mnt"),),
        PathTemplates("/data", "/mnt"),
        PathMap((("/data", "/mnt"),)),
    ],
)
def test_a_map_is_made_from_whatever_a_caller_has(value: PathMapLike) -> None:
    assert PathMap.of(value) == PathMap((("/data", "/mnt"),))


def test_nothing_given_maps_nothing() -> None:
    assert PathMap.of(None) == PathMap(())


@pytest.mark.parametrize("pair", [("data", "/mnt"), ("/data", "mnt"), ("/data/..", "/mnt")])
def test_a_root_that_says_nothing_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="write both roots in full"):
        PathMap((pair,))


def test_a_windows_root_is_not_here() -> None:
    with pytest.raises(ConfigError, match=r"the root here, .* is a Windows path; write the POSIX path"):
        PathMap.of({"/data": "D:\\m"})


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [
        ("/data", "/data", True),
        ("/data/x", "/data/", True),
        ("//data/x", "/data", True),
        ("/database", "/data", False),
        ("/data/../x", "/data", False),
        ("data/x", "data", False),
        ("/Data/x", "/data", False),
        ("d:\\DATA\\x", "D:\\data", True),
        ("D:\\data\\x", "/data", False),
        ("\\\\srv\\share\\x", "\\\\SRV\\share", True),
        ("\\\\srv\\share2\\x", "\\\\srv\\share", False),
    ],
)
def test_containment_is_by_components(path: str, root: str, below: bool) -> None:
    assert is_below(path, root) is below


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1), max_size=6))
def test_what_is_mapped_is_below_the_root_here(parts: list[str]) -> None:
    path = "/".join(["/data", *parts])
    here = PathMap((("/data", "/mnt/eiger"),)).to_here(path)
    assert is_below(here, "/mnt/eiger") or here == PurePosixPath(path)
