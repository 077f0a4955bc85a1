"""``id3c-data tree``: what it prints, and how it ends."""

import h5py
import pytest
from click.testing import CliRunner

from id3c_data.cli import main


@pytest.fixture
def linked(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = 1
    with h5py.File(tmp_path / "main.h5", "w") as file:
        file["link"] = h5py.ExternalLink("/there/data.h5", "/x")
    return tmp_path


def run(*words):
    return CliRunner().invoke(main, ["tree", *map(str, words)])


def test_all_that_is_in_a_file_is_printed(linked):
    result = run(linked / "data.h5")
    assert result.output == f"{linked}/data.h5\n  x  int64 ()\n0 groups, 1 dataset, 0 links\n"
    assert result.exit_code == 0


def test_a_link_that_leads_nowhere_makes_the_exit_code_1(linked):
    result = run(linked / "main.h5")
    assert "LEADS NOWHERE" in result.output
    assert result.exit_code == 1


def test_a_path_map_mends_a_link(linked):
    result = run(linked / "main.h5", "--path-map", f"/there={linked}")
    assert f"(path_map: {linked}/data.h5)  int64 ()" in result.output
    assert result.exit_code == 0


def test_several_path_maps_may_be_given(linked):
    result = run(linked / "main.h5", "--path-map", f"/there={linked}", "--path-map", "/elsewhere=/nowhere")
    assert result.exit_code == 0


def test_a_file_outside_the_allowed_roots_is_refused(linked):
    result = run(linked / "data.h5", "--allowed-root", linked / "below")
    assert "outside the allowed folders" in result.output
    assert result.exit_code == 1


def test_a_file_that_is_not_there_is_one_message(linked):
    result = run(linked / "absent.h5")
    assert (
        result.output == f"Error: {linked}/absent.h5: the file is not there; check the name, and the mount\n"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize("pair", ["/there", "=/here", "/there="])
def test_half_a_path_map_is_a_usage_error(linked, pair):
    result = run(linked / "main.h5", "--path-map", pair)
    assert "is not THERE=HERE" in result.output
    assert result.exit_code == 2
