from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bluesky_tiled_plugins.writing.consolidators import consolidator_factory
from bluesky_tiled_plugins.writing.tiled_writer import RunNormalizer

from id3c_data.catalog import register_consolidator
from id3c_data.documents import MIMETYPE, SPEC
from id3c_data.errors import CatalogError, DocumentError
from id3c_data.testing.catalog import RunDocuments

ROOT = Path("/data/eiger")


class Node:
    """The consolidators that one run's documents make, as TiledWriter feeds them: by data key."""

    def __init__(self, registered: str = "masters") -> None:
        register_consolidator()
        self._normalizer = RunNormalizer(spec_to_mimetype={SPEC: MIMETYPE})
        self._normalizer.subscribe(self._take)
        self._registered, self._descriptor = registered, {}
        self._resources: dict[str, Any] = {}
        self._of_resource: dict[str, Any] = {}
        self.by_key: dict[str, Any] = {}
        self.patches: list[Any] = []

    def __call__(self, name: str, doc: Any) -> None:
        self._normalizer(name, doc)

    def _take(self, name: str, doc: Any) -> None:
        match name:
            case "descriptor":
                self._descriptor = doc
            case "stream_resource":
                doc["parameters"]["registered"] = self._registered
                self._resources[doc["uid"]] = doc
            case "stream_datum":
                self._consume(doc)

    def _consume(self, doc: Any) -> None:
        resource = self._resources[doc["stream_resource"]]
        key = resource["data_key"]
        if key not in self.by_key:
            self.by_key[key] = consolidator_factory(resource, self._descriptor)
        elif doc["stream_resource"] not in self._of_resource:
            self.by_key[key].update_from_stream_resource(resource)
        self._of_resource[doc["stream_resource"]] = self.by_key[key]
        self.patches.append(self.by_key[key].consume_stream_datum(doc))

    @property
    def source(self) -> Any:
        return self.by_key["eiger2_image"].get_data_source()


def documents(node: Node, **more: Any) -> RunDocuments:
    return RunDocuments(node, root=ROOT, **{"frame_shape": (514, 1030), **more})


def paths(source: Any, role: str = "data_uris") -> list[str]:
    return [
        asset.data_uri.removeprefix("file://localhost/data/eiger/")
        for asset in source.assets
        if asset.parameter == role
    ]


def test_one_master_for_each_event() -> None:
    node = Node()
    run = documents(node)
    for number in range(3):
        run.event(run.resource(ROOT / f"s_{number}_master.h5"))
    assert paths(node.source) == ["s_0_master.h5", "s_1_master.h5", "s_2_master.h5"]
    assert [asset.num for asset in node.source.assets] == [0, 1, 2]
    assert node.source.parameters["slots"] == [[3, 0, 0, 1, 0]]
    assert node.source.structure.shape == (3, 514, 1030)


def test_one_master_for_all_events() -> None:
    node = Node()
    run = documents(node)
    resource = run.resource(ROOT / "s_1_master.h5")
    for slot in range(4):
        run.event(resource, slot)
    assert node.source.parameters["slots"] == [[4, 0, 0, 0, 1]]
    assert paths(node.source) == ["s_1_master.h5"]


def test_slots_that_no_event_has_are_left_out() -> None:
    node = Node()
    run = documents(node)
    first, second = (run.resource(ROOT / f"s_{number}_master.h5") for number in (1, 2))
    for resource, slot in ((first, 0), (first, 2), (second, 0), (second, 1)):
        run.event(resource, slot)
    assert node.source.parameters["slots"] == [[2, 0, 0, 0, 2], [2, 1, 0, 0, 1]]
    assert node.source.structure.shape[0] == 4
    assert not node.by_key["eiger2_image"].has_skips


def test_several_images_of_an_event_are_an_axis() -> None:
    node = Node()
    run = documents(node, frames_per_event=20)
    run.event(run.resource(ROOT / "s_1_master.h5"))
    structure = node.source.structure
    assert structure.shape == (1, 20, 514, 1030)
    assert structure.dims == ("time", "eiger2_frame", "eiger2_y", "eiger2_x")
    assert node.source.parameters["frames_per_event"] == 20


def test_structure_says_type_and_dims() -> None:
    node = Node()
    run = documents(node, dtype_numpy="<u2")
    run.event(run.resource(ROOT / "s_1_master.h5"))
    assert node.source.structure.data_type.to_numpy_dtype() == "<u2"
    assert node.source.structure.dims == ("time", "eiger2_y", "eiger2_x")


@pytest.mark.parametrize(
    ("shape", "frames_per_event", "events", "expected"),
    [
        ((514, 1030), 1, 20, ((7, 7, 6), (514,), (1030,))),  # 2.1 MB a frame
        ((514, 1030), 20, 2, ((1, 1), (7, 7, 6), (514,), (1030,))),
        ((514, 1030), 2, 7, ((3, 3, 1), (2,), (514,), (1030,))),
        ((4362, 4148), 1, 2, ((1, 1), (4362,), (4148,))),  # 72 MB a frame: never less than one
    ],
)
def test_a_chunk_is_some_whole_frames(
    shape: tuple[int, int], frames_per_event: int, events: int, expected: Any
) -> None:
    node = Node()
    run = documents(node, frame_shape=shape, frames_per_event=frames_per_event)
    resource = run.resource(ROOT / "s_1_master.h5")
    for slot in range(events):
        run.event(resource, slot)
    assert node.source.structure.chunks == expected


def test_each_channel_is_a_data_key_of_its_own() -> None:
    node = Node()
    run = documents(node, channels=("threshold_1", "threshold_2"))
    run.event(run.resource(ROOT / "s_1_master.h5"))
    second = node.by_key["eiger2_image_threshold2"].get_data_source()
    assert node.source.parameters["channel"] == "threshold_1"
    assert second.parameters["channel"] == "threshold_2"
    assert second.parameters["slots"] == node.source.parameters["slots"]


def test_a_patch_says_which_rows_are_new() -> None:
    node = Node()
    run = documents(node)
    for number in range(2):
        run.event(run.resource(ROOT / f"s_{number}_master.h5"))
    assert [(patch.offset, patch.shape) for patch in node.patches] == [
        ((0, 0, 0), (1, 514, 1030)),
        ((1, 0, 0), (1, 514, 1030)),
    ]


def test_a_master_that_two_resources_name_is_one_asset() -> None:
    node = Node()
    run = documents(node)
    for slot in range(2):
        run.event(run.resource(ROOT / "s_1_master.h5"), slot)
    assert paths(node.source) == ["s_1_master.h5"]
    assert node.source.parameters["slots"] == [[2, 0, 0, 0, 1]]


def test_a_shape_that_does_not_fit_the_frames_of_an_event_is_refused() -> None:
    node = Node()
    run = documents(node, frame_shape=(1030,))
    with pytest.raises(DocumentError, match="1 frames an event, the data key has the shape"):
        run.event(run.resource(ROOT / "s_1_master.h5"))


class TestFiles:
    def test_data_files_are_registered_as_they_are_needed(self) -> None:
        node = Node("files")
        run = documents(node)
        resource = run.resource(ROOT / "s_7_master.h5", images_per_file=2)
        for slot in range(3):
            run.event(resource, slot)
        assert node.source.mimetype == "application/x-hdf5"
        assert paths(node.source) == ["s_7_data_000001.h5", "s_7_data_000002.h5"]
        assert node.source.parameters == {
            "dataset": "/entry/data/data",
            "swmr": False,
            "locking": False,
            "slice": ":3",
        }

    def test_masters_stay_beside_them(self) -> None:
        node = Node("files")
        run = documents(node)
        for number in range(2):
            run.event(run.resource(ROOT / f"s_{number}_master.h5", images_per_file=1000, series="point"))
        assert paths(node.source, "masters") == ["s_0_master.h5", "s_1_master.h5"]
        assert paths(node.source) == ["s_0_data_000001.h5", "s_1_data_000001.h5"]

    def test_an_event_of_several_files_has_them_all(self) -> None:
        node = Node("files")
        run = documents(node, frames_per_event=5)
        run.event(run.resource(ROOT / "s_1_master.h5", images_per_file=2))
        assert paths(node.source) == [f"s_1_data_00000{number}.h5" for number in (1, 2, 3)]
        assert node.source.parameters["slice"] == ":5"

    def test_the_plugins_file_is_data_itself(self) -> None:
        node = Node("files")
        run = documents(node, writer="hdf5")
        resource = run.resource(ROOT / "scan.h5")
        for slot in range(2):
            run.event(resource, slot)
        assert paths(node.source) == ["scan.h5"]
        assert not paths(node.source, "masters")

    def test_a_skipped_slot_is_refused(self) -> None:
        node = Node("files")
        run = documents(node)
        resource = run.resource(ROOT / "s_1_master.h5", images_per_file=1000)
        run.event(resource, 0)
        with pytest.raises(CatalogError, match=r'slot 2 comes where slot 1 should.*registered="masters"'):
            run.event(resource, 2)

    def test_a_second_series_after_one_that_may_hold_more_frames_is_refused(self) -> None:
        node = Node("files")
        run = documents(node)
        run.event(run.resource(ROOT / "s_1_master.h5", images_per_file=1000))
        with pytest.raises(CatalogError, match="a second file begins"):
            run.event(run.resource(ROOT / "s_2_master.h5", images_per_file=1000))

    @pytest.mark.parametrize(
        ("name", "per_file", "message"),
        [("s_1_master.h5", 0, "in the master itself"), ("other.h5", 10, "does not end in _master.h5")],
    )
    def test_images_that_are_in_no_data_file_are_refused(
        self, name: str, per_file: int, message: str
    ) -> None:
        node = Node("files")
        run = documents(node)
        with pytest.raises(CatalogError, match=message):
            run.event(run.resource(ROOT / name, images_per_file=per_file))
