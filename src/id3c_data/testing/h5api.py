"""What every implementation of the h5py-like API must do: a suite that its tests inherit."""
# ruff: noqa: S101 - asserting is what a test suite is for

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest

from ..errors import BrokenLink, DamagedChunk, FileClosed, FileMissing, LinkOutsideRoots
from ..h5api import ScanPhase

__all__ = ["H5ApiContract", "SteppedState", "write_sample"]


class SteppedState:
    """A scan state that somebody moves on by hand, and that may know how many points there will be.

    Parameters
    ----------
    promised
        How many points a dataset is to have, by its path.
    """

    def __init__(self, promised: dict[str, int] | None = None) -> None:
        self.promised = promised or {}
        self._phase = ScanPhase.NOT_PREPARED
        self._changed = threading.Condition()

    @property
    def phase(self) -> ScanPhase:
        """The phase at this moment."""
        return self._phase

    def wait_for_change(self, known: ScanPhase, timeout: float | None = None) -> ScanPhase:
        """Return the phase as soon as it is another than the known one, or after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._phase != known or self._phase is ScanPhase.FINISHED, timeout)
            return self._phase

    def promised_points(self, path: Path, name: str) -> int | None:  # noqa: ARG002
        """Return how many points a dataset is to have."""
        return self.promised.get(name)

    def prepare(self) -> None:
        """Make the scan PREPARED."""
        self._move_to(ScanPhase.PREPARED)

    def finish(self) -> None:
        """Make the scan FINISHED."""
        self._move_to(ScanPhase.FINISHED)

    def _move_to(self, phase: ScanPhase) -> None:
        with self._changed:
            self._phase = phase
            self._changed.notify_all()


def write_sample(folder: Path) -> Path:
    """Write a file with datasets, filters and links of all kinds, and return its path.

    Beside it: ``linked.h5`` with the targets, and ``outside`` with a file that links lead to.
    """
    values = np.arange(6 * 5 * 7, dtype="<u4").reshape(6, 5, 7)
    outside = folder / "outside"
    outside.mkdir()
    with h5py.File(outside / "other.h5", "w") as file:
        file["data"] = values + 7
    inside = folder / "inside"
    inside.mkdir()
    with h5py.File(inside / "linked.h5", "w") as file:
        file["entry/data"] = values + 1
        file["entry/back"] = h5py.ExternalLink("sample.h5", "/entry/numbers")
    path = inside / "sample.h5"
    with h5py.File(path, "w") as file:
        file.attrs["creator"] = "somebody"
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        _write_datasets(entry, values)
        _write_links(entry)
    return path


def _write_datasets(entry: h5py.Group, values: np.ndarray) -> None:
    entry["scalar"] = 42.5
    entry["text"] = "a word"
    entry["texts"] = ["one", "two", "three"]
    entry["empty"] = np.empty((0, 3))
    entry["numbers"] = np.linspace(0, 1, 11)
    entry["numbers"].attrs["units"] = "mm"
    entry["compound"] = np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i4"), ("b", "f8")])
    one, several = (1, 5, 7), (4, 3, 4)
    entry.create_dataset("plain", data=values, chunks=one)
    entry.create_dataset("gzip", data=values, chunks=several, compression="gzip")
    entry.create_dataset("lz4", data=values, chunks=one, **hdf5plugin.LZ4())
    entry.create_dataset("bslz4", data=values, chunks=one, **hdf5plugin.Bitshuffle())
    entry.create_dataset("tiled", data=values, chunks=several, **hdf5plugin.Bitshuffle())
    entry.create_dataset("big_endian", data=values.astype(">u2"), chunks=one, **hdf5plugin.Bitshuffle())
    sparse = entry.create_dataset(
        "sparse", (4, 3), "i2", chunks=(1, 3), fillvalue=-1, **hdf5plugin.Bitshuffle()
    )
    sparse[2] = 5


def _write_links(entry: h5py.Group) -> None:
    entry["soft"] = h5py.SoftLink("/entry/numbers")
    entry["hard"] = entry["numbers"]
    entry["external"] = h5py.ExternalLink("linked.h5", "/entry/data")
    entry["there_and_back"] = h5py.ExternalLink("linked.h5", "/entry/back")
    entry["dangling"] = h5py.SoftLink("/nowhere")
    entry["absent_file"] = h5py.ExternalLink("absent.h5", "/data")
    entry["absent_object"] = h5py.ExternalLink("linked.h5", "/entry/nothing")
    entry["outside"] = h5py.ExternalLink("../outside/other.h5", "/data")
    entry["circle"] = h5py.SoftLink("/entry/circle")
    for name, sources in {
        "virtual": ("linked.h5", "linked.h5"),
        "half_virtual": ("linked.h5", "absent.h5"),
        "outside_virtual": ("linked.h5", "../outside/other.h5"),
    }.items():
        layout = h5py.VirtualLayout((12, 5, 7), "<u4")
        for n, source in enumerate(sources):
            inner = "/data" if "outside" in source else "/entry/data"
            layout[6 * n : 6 * n + 6] = h5py.VirtualSource(source, inner, (6, 5, 7))
        entry.create_virtual_dataset(name, layout, fillvalue=0)


DATASETS = ("numbers", "texts", "empty", "compound", "plain", "gzip", "lz4", "bslz4", "tiled", "big_endian")
DATASETS += ("sparse", "soft", "hard", "external", "there_and_back", "virtual")

INDICES: dict[str, Any] = {
    "first": 0,
    "last": -1,
    "some": slice(1, 3),
    "every second": slice(None, None, 2),
    "from the end": slice(-2, None),
    "beyond": slice(4, 99),
    "none": slice(3, 3),
    "all": Ellipsis,
    "all too": (),
    "a list": [0, 1],
    "a mask": None,  # made for each dataset
}
DEEP_INDICES: dict[str, Any] = {
    "a pixel": (2, 3, 4),
    "a column": (slice(None), slice(None), 3),
    "the last axis": (Ellipsis, 3),
    "a list behind": (1, slice(None), [0, 3]),
    "a box": (slice(1, 4), slice(2, 4), slice(0, 7, 3)),
}


class H5ApiContract:
    """Inherit it and give the fixture ``open_file``; everything here is about files that are complete."""

    @pytest.fixture
    def open_file(self) -> Callable[..., Any]:
        """Opens a file, with keyword arguments, as one whose scan is FINISHED."""
        raise NotImplementedError("give a fixture `open_file` in the inheriting class")

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Path:
        """A file with everything in it."""
        return write_sample(tmp_path)

    @pytest.fixture
    def both(self, open_file: Callable[..., Any], sample: Path) -> Iterator[tuple[Any, h5py.File]]:
        """The file through the API, and through h5py."""
        with open_file(sample) as file, h5py.File(sample) as reference:
            yield file, reference

    @pytest.mark.parametrize("name", DATASETS)
    @pytest.mark.parametrize("index", INDICES)
    def test_an_index_selects_what_h5py_selects(self, both: Any, name: str, index: str) -> None:
        """Values, shape and type are the same."""
        file, reference = both
        theirs = reference["entry"][name]
        wanted = np.arange(len(theirs)) % 2 == 0 if index == "a mask" else INDICES[index]
        if not len(theirs) and index in ("first", "last", "a list"):
            pytest.skip("there is no such point")
        _same(file["entry"][name][wanted], theirs[wanted])

    @pytest.mark.parametrize("name", ["plain", "gzip", "lz4", "bslz4", "tiled", "external", "virtual"])
    @pytest.mark.parametrize("index", DEEP_INDICES)
    def test_an_index_on_all_axes_selects_what_h5py_selects(self, both: Any, name: str, index: str) -> None:
        """Values, shape and type are the same."""
        file, reference = both
        wanted = DEEP_INDICES[index]
        _same(file["entry"][name][wanted], reference["entry"][name][wanted])

    @pytest.mark.parametrize("name", DATASETS)
    def test_iteration_gives_each_point_once_and_in_order(self, both: Any, name: str) -> None:
        """As many as h5py, and the same."""
        file, reference = both
        ours, theirs = list(file["entry"][name]), list(reference["entry"][name])
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            _same(our, their)

    def test_points_that_several_threads_decode_come_in_order(
        self, open_file: Callable[..., Any], tmp_path: Path
    ) -> None:
        """As an iteration, and as a slice; those before a damaged one are given, and then the error."""
        path = tmp_path / "large.h5"
        values = np.arange(20 * 300 * 300, dtype="u4").reshape(20, 300, 300)
        with h5py.File(path, "w") as file:
            file.create_dataset("data", data=values, chunks=(1, 300, 300), **hdf5plugin.Bitshuffle())
            place = file["data"].id.get_chunk_info_by_coord((13, 0, 0)).byte_offset
        with open_file(path) as file:
            for n, point in enumerate(file["data"]):
                _same(point, values[n])
            assert n == 19
            _same(file["data"][3:17], values[3:17])
        with path.open("r+b") as raw:
            raw.seek(place + 20)
            raw.write(b"\xff" * 1000)
        seen: list[Any] = []
        with open_file(path) as file, pytest.raises(DamagedChunk, match="point 13"):
            seen.extend(file["data"])
        np.testing.assert_array_equal(seen, values[:13])

    @pytest.mark.parametrize("name", [*DATASETS, "scalar", "text"])
    def test_a_dataset_has_the_form_that_h5py_gives(self, both: Any, name: str) -> None:
        """Shape, type, number of axes and of values."""
        file, reference = both
        ours, theirs = file["entry"][name], reference["entry"][name]
        assert (ours.shape, ours.dtype, ours.ndim, ours.size) == (
            theirs.shape,
            theirs.dtype,
            theirs.ndim,
            theirs.size,
        )

    @pytest.mark.parametrize("index", [(), Ellipsis])
    @pytest.mark.parametrize("name", ["scalar", "text"])
    def test_a_scalar_is_read_as_h5py_reads_it(self, both: Any, name: str, index: Any) -> None:
        """Numbers and words."""
        file, reference = both
        _same(file["entry"][name][index], reference["entry"][name][index])

    def test_a_name_with_a_nul_is_refused(self, both: Any) -> None:
        """HDF5, and so h5py, takes the name to end there."""
        with pytest.raises(ValueError, match="NUL"):
            both[0]["entry\0more"]

    def test_a_scalar_has_no_length_and_no_points(self, both: Any) -> None:
        """As in h5py, a TypeError."""
        with pytest.raises(TypeError):
            len(both[0]["entry/scalar"])
        with pytest.raises(TypeError):
            iter(both[0]["entry/scalar"])

    def test_a_dataset_becomes_an_array(self, both: Any) -> None:
        """One that belongs to the caller."""
        file, reference = both
        ours = np.asarray(file["entry/bslz4"])
        _same(ours, reference["entry/bslz4"][...])
        ours[0] = 0

    def test_fields_of_a_compound_are_read_by_name(self, both: Any) -> None:
        """Alone, or with points."""
        file, reference = both
        _same(file["entry/compound"]["b"], reference["entry/compound"]["b"])
        _same(file["entry/compound"]["a", 1], reference["entry/compound"]["a", 1])

    @pytest.mark.parametrize("index", [99, -99, (0, 0, 0, 0), [0, 99]])
    def test_an_index_beyond_the_end_is_an_index_error(self, both: Any, index: Any) -> None:
        """After the end nothing comes any more."""
        with pytest.raises(IndexError):
            both[0]["entry/bslz4"][index]

    @pytest.mark.parametrize(
        "index", [[True] * 5, np.ones(7, bool), (0, [True, False]), (Ellipsis, [True] * 8)]
    )
    def test_a_mask_of_another_length_is_a_type_error(self, both: Any, index: Any) -> None:
        """As in h5py."""
        for file in both:
            with pytest.raises(TypeError):
                file["entry/bslz4"][index]

    def test_a_step_backwards_is_a_value_error(self, both: Any) -> None:
        """As in h5py."""
        with pytest.raises(ValueError, match="step"):
            both[0]["entry/numbers"][::-1]

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


def _same(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    np.testing.assert_array_equal(ours, theirs)
    assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)
    assert getattr(ours, "shape", None) == getattr(theirs, "shape", None)
