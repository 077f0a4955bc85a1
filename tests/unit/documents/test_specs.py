from __future__ import annotations

import subprocess
import sys
from pathlib import PurePosixPath
from typing import Any

import event_model
import pytest

from id3c_data.documents import (
    SPEC,
    Channel,
    data_key,
    data_key_name,
    datum_document,
    image_data_keys,
    resource_document,
)
from id3c_data.errors import PathOutsideRoots
from id3c_data.testing.documents import image_run


def resource(**changes: Any) -> dict[str, Any]:
    options = {"root": "/mnt/eiger/", "frames_per_event": 2, "writer": "dcu", **changes}
    return resource_document(options.pop("master", "/mnt/eiger/2026/x_1_master.h5"), **options)


def validate(name: str, doc: dict[str, Any]) -> None:
    event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)


def test_a_resource_keeps_the_schema() -> None:
    doc = resource(sequence_id=7, images_per_file=1000)
    validate("resource", doc)
    assert doc["resource_kwargs"] == {
        "frames_per_event": 2,
        "writer": "dcu",
        "sequence_id": 7,
        "images_per_file": 1000,
    }


def test_root_and_path_of_a_resource_make_the_master() -> None:
    doc = resource(master=PurePosixPath("/mnt/eiger/a/b.h5"))
    assert (doc["root"], doc["resource_path"]) == ("/mnt/eiger", "a/b.h5")


def test_a_resource_leaves_out_what_is_not_known() -> None:
    assert "sequence_id" not in resource(sequence_id=None)["resource_kwargs"]


def test_each_resource_has_a_uid_of_its_own_unless_one_is_given() -> None:
    assert resource()["uid"] != resource()["uid"]
    assert resource(uid="mine")["uid"] == "mine"


@pytest.mark.parametrize("master", ["/mnt/eiger2/x.h5", "/mnt/eiger/../x.h5", "x.h5"])
def test_a_master_outside_the_root_is_refused(master: str) -> None:
    with pytest.raises(PathOutsideRoots, match="is not below '/mnt/eiger/'"):
        resource(master=master)


def test_a_datum_keeps_the_schema() -> None:
    doc = datum_document("r", 4)
    validate("datum", doc)
    assert doc == {"datum_id": "r/4", "resource": "r", "datum_kwargs": {"point_number": 4}}


def test_a_further_channel_has_datums_of_its_own() -> None:
    doc = datum_document("r", 4, "difference")
    validate("datum", doc)
    assert doc["datum_id"] == "r/difference/4"
    assert doc["datum_kwargs"] == {"point_number": 4, "channel": "difference"}


@pytest.mark.parametrize(
    ("frames", "shape", "dims"),
    [
        (1, [514, 1030], ["eiger2_y", "eiger2_x"]),
        (5, [5, 514, 1030], ["eiger2_frame", "eiger2_y", "eiger2_x"]),
    ],
)
def test_a_data_key_has_a_frame_axis_for_several_frames_only(
    frames: int, shape: list[int], dims: list[str]
) -> None:
    key = data_key("eiger2", (514, 1030), "<u4", frames_per_event=frames, source="PV:x")
    assert (key["shape"], key["dims"]) == (shape, dims)
    assert (key["dtype"], key["dtype_numpy"], key["external"]) == ("array", "<u4", "FILESTORE:")


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("threshold_1", "eiger2_image"),
        ("threshold_2", "eiger2_image_threshold2"),
        ("difference", "eiger2_image_difference"),
    ],
)
def test_each_channel_has_its_data_key(channel: Channel, name: str) -> None:
    assert data_key_name("eiger2", channel) == name


def test_data_keys_keep_the_schema_of_a_descriptor() -> None:
    keys = image_data_keys(
        "eiger2",
        (514, 1030),
        "<u4",
        frames_per_event=1,
        source="PV:x",
        channels=("threshold_1", "threshold_2", "difference"),
    )
    assert list(keys) == ["eiger2_image", "eiger2_image_threshold2", "eiger2_image_difference"]
    run = event_model.compose_run()
    validate("descriptor", run.compose_descriptor(name="primary", data_keys=keys).descriptor_doc)


def test_all_documents_of_a_run_keep_their_schemas(tmp_path: Any) -> None:
    documents = image_run(tmp_path / "x_master.h5", channels=("threshold_1", "difference"))
    for name, doc in documents:
        validate(name, doc)
    assert {doc["spec"] for name, doc in documents if name == "resource"} == {SPEC}


def test_the_specs_load_neither_hdf5_nor_numpy() -> None:
    code = (
        "import sys; from id3c_data.documents import SPEC, resource_document; "
        "print(sorted({'h5py', 'numpy', 'event_model'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
