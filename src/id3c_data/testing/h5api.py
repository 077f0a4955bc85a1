"""What every implementation of the h5py-like API must do: a suite that its tests inherit."""
# ruff: noqa: S101 - asserting is what a test suite is for

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from ..errors import BrokenLink, FileClosed, FileMissing, LinkOutsideRoots
from ._h5api_datasets import DatasetContract
from ._h5api_sample import write_sample
from ._stepped_state import SteppedState

__all__ = ["H5ApiContract", "SteppedState", "write_sample"]


class H5ApiContract(DatasetContract):
    """Inherit it and give the fixture ``open_file``; everything here is about files that are complete."""

    def test_a_group_is_a_mapping(self, both: Any) -> None:
        """Its names are h5py's, in their order."""
        file, reference = both
        assert list(file["entry"]) == list(reference["entry"])
        assert len(file["entry"]) == len(reference["entry"])
        assert "numbers" in file["entry"]
        assert "nothing" not in file["entry"]
        assert file["entry"].get("nothing", 1) == 1
        assert file["entry"].get("dangling") is None

    def test_names_and_relations_are_those_of_h5py(self, both: Any) -> None:
        """`name`, `parent` and `file`."""
        file, reference = both
        node = file["entry"]["numbers"]
        assert node.name == reference["entry"]["numbers"].name
        assert node.parent.name == "/entry"
        assert node.parent == file["entry"]
        assert node.file is file
        assert file.parent.name == file.name == "/"
        assert Path(file.filename) == Path(reference.filename)

    def test_paths_may_be_absolute_relative_and_deep(self, both: Any) -> None:
        """All lead to the same."""
        file = both[0]
        assert file["/entry/numbers"] == file["entry"]["numbers"] == file["entry"]["/entry/./numbers/"]

    def test_attributes_are_those_of_h5py(self, both: Any) -> None:
        """A mapping too."""
        file, reference = both
        assert dict(file.attrs) == dict(reference.attrs)
        assert file["entry/numbers"].attrs["units"] == "mm"
        assert "units" not in file["entry"].attrs
        assert file["entry"].attrs.get("units", "none") == "none"
        with pytest.raises(KeyError):
            file["entry"].attrs["units"]

    def test_what_is_not_there_is_a_key_error(self, both: Any) -> None:
        """With the place where it was looked for."""
        with pytest.raises(KeyError, match="there is no 'nothing'"):
            both[0]["entry/nothing"]

    @pytest.mark.parametrize("name", ["dangling", "absent_file", "absent_object", "circle"])
    def test_a_link_that_leads_nowhere_names_itself(self, both: Any, name: str) -> None:
        """Which link of which file, and where it leads."""
        with pytest.raises(BrokenLink, match=rf"sample\.h5: /entry/{name}"):
            both[0]["entry"][name]

    def test_a_virtual_dataset_without_its_source_is_no_zeros(self, both: Any) -> None:
        """Points that are there are read, the others are an error, also in the middle of an iteration."""
        dataset = both[0]["entry/half_virtual"]
        assert dataset[5, 0, 0] == 5 * 35 + 1
        with pytest.raises(BrokenLink, match=r"absent\.h5"):
            dataset[6]
        seen: list[Any] = []
        with pytest.raises(BrokenLink, match=r"absent\.h5"):
            seen.extend(point[0, 0] for point in dataset)
        assert seen in ([], [n * 35 + 1 for n in range(6)])

    @pytest.mark.parametrize("name", ["outside", "outside_virtual"])
    def test_nothing_leads_out_of_the_allowed_folders(
        self, open_file: Callable[..., Any], sample: Path, name: str
    ) -> None:
        """Whichever kind of link it is."""
        with open_file(sample, allowed_roots=[sample.parent]) as file:
            assert file["entry/external"][0, 0, 0] == 1
            with pytest.raises(LinkOutsideRoots):
                file["entry"][name][...]

    def test_a_path_map_mends_a_link(self, open_file: Callable[..., Any], tmp_path: Path) -> None:
        """The IOC's path is translated to the reader's."""
        with h5py.File(tmp_path / "data.h5", "w") as file:
            file["data"] = [1, 2]
        with h5py.File(tmp_path / "master.h5", "w") as file:
            file["data"] = h5py.ExternalLink("/ioc/of/2026/data.h5", "/data")
        with open_file(tmp_path / "master.h5", path_map={"/ioc/of/2026": str(tmp_path)}) as file:
            assert list(file["data"]) == [1, 2]

    def test_a_file_that_is_not_there_is_said_to_be(
        self, open_file: Callable[..., Any], tmp_path: Path
    ) -> None:
        """At the latest when something is read."""
        with pytest.raises(FileMissing, match=r"absent\.h5"):
            open_file(tmp_path / "absent.h5")["entry"]

    def test_a_closed_file_says_so(self, open_file: Callable[..., Any], sample: Path) -> None:
        """Of itself, and of what was reached from it."""
        file = open_file(sample)
        numbers = file["entry/numbers"]
        file.close()
        for read in (lambda: file["entry"], lambda: numbers[0], lambda: numbers.shape):
            with pytest.raises(FileClosed, match="closed"):
                read()

    def test_other_opens_of_the_file_in_this_process_are_free(
        self, open_file: Callable[..., Any], sample: Path
    ) -> None:
        """A writer may have it with a lock, a reader with other flags."""
        with open_file(sample) as file:
            assert file["entry/scalar"][()] == 42.5
            with h5py.File(sample, "r+") as writer:
                writer["entry/more"] = 1
            with h5py.File(sample) as reader:
                assert "entry/more" in reader

    def test_arguments_of_both_kinds_are_taken(self, open_file: Callable[..., Any], sample: Path) -> None:
        """So that a reader's code is the same during and after the run."""
        with open_file(
            sample,
            retry_period=0.1,
            retry_timeout=1,
            settle_timeout=0,
            lima_names=["eiger1"],
            lima_url_template=None,
            lima_url_template_args=None,
        ) as file:
            assert len(file["entry/numbers"]) == 11
        with pytest.raises(TypeError, match="colour"):
            open_file(sample, colour="red")
        with pytest.raises(ValueError, match="mode"):
            open_file(sample, "w")
