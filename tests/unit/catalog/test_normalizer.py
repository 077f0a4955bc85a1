from __future__ import annotations

from typing import Any

import pytest

from id3c_data.catalog._normalizer import FOREIGN_SPECS, Normalizer

DESCRIPTOR = {
    "uid": "d",
    "run_start": "s",
    "time": 0.0,
    "name": "primary",
    "data_keys": {
        "eiger_image": {"source": "PV:", "dtype": "array", "shape": [4, 60, 80], "external": "FILESTORE:"}
    },
}


def normalized(
    *datums: dict[str, Any], spec: str = "AD_EIGER2", path: str = "2026/abc"
) -> list[tuple[str, Any]]:
    out: list[tuple[str, Any]] = []
    normalizer = Normalizer()
    normalizer.subscribe(lambda name, doc: out.append((name, doc)))
    normalizer("start", {"uid": "s", "time": 0.0})
    normalizer("descriptor", DESCRIPTOR)
    normalizer(
        "resource",
        {
            "uid": "r",
            "spec": spec,
            "root": "/data",
            "resource_path": path,
            "path_semantics": "posix",
            "resource_kwargs": {"images_per_file": 100, "frame_per_point": 4},
            "run_start": "s",
        },
    )
    for number, kwargs in enumerate(datums, start=1):
        normalizer("datum", {"datum_id": f"r/{number}", "resource": "r", "datum_kwargs": kwargs})
        normalizer(
            "event",
            {
                "uid": f"e{number}",
                "descriptor": "d",
                "seq_num": number,
                "time": 0.0,
                "data": {"eiger_image": f"r/{number}"},
                "timestamps": {"eiger_image": 0.0},
                "filled": {"eiger_image": False},
            },
        )
    return out


def of(kind: str, documents: list[tuple[str, Any]]) -> list[Any]:
    return [doc for name, doc in documents if name == kind]


@pytest.mark.parametrize("spec", sorted(FOREIGN_SPECS))
def test_each_series_of_another_eiger_is_a_master_of_ours(spec: str) -> None:
    documents = normalized({"seq_id": 7}, {"seq_id": 8}, spec=spec)
    resources = of("stream_resource", documents)
    assert [resource["uri"] for resource in resources] == [
        "file://localhost/data/2026/abc_7_master.h5",
        "file://localhost/data/2026/abc_8_master.h5",
    ]
    assert {resource["mimetype"] for resource in resources} == {"application/x-eiger2-master"}
    assert "multiplier" not in resources[0]["parameters"]  # it would add an axis
    assert "frames_per_event" not in resources[0]["parameters"]  # the data key's shape says it
    assert [datum["indices"] for datum in of("stream_datum", documents)] == [{"start": 0, "stop": 1}] * 2


def test_images_of_one_series_are_slots_of_one_master() -> None:
    documents = normalized({"seq_id": 7, "frame_num": 0}, {"seq_id": 7, "frame_num": 3})
    (resource,) = of("stream_resource", documents)
    assert resource["parameters"]["frames_per_event"] == 1
    assert [datum["indices"]["start"] for datum in of("stream_datum", documents)] == [0, 3]


def test_a_master_under_areadetectors_spec_is_a_master_of_ours() -> None:
    documents = normalized({"point_number": 2}, spec="AD_HDF5", path="2026/abc_7_master.h5")
    (resource,) = of("stream_resource", documents)
    assert resource["mimetype"] == "application/x-eiger2-master"
    assert resource["parameters"]["frames_per_event"] == 4
    assert "dataset" not in resource["parameters"]
    assert [datum["indices"]["start"] for datum in of("stream_datum", documents)] == [2]


def test_another_file_under_areadetectors_spec_stays_plain_hdf5() -> None:
    documents = normalized({"point_number": 0}, spec="AD_HDF5", path="2026/abc_000.h5")
    (resource,) = of("stream_resource", documents)
    assert resource["mimetype"] == "application/x-hdf5"
    assert resource["parameters"]["dataset"] == "/entry/data/data"
