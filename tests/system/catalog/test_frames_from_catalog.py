from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tiled.client import from_uri
from tiled.client.array import ArrayClient
from tiled.client.container import DEFAULT_STRUCTURE_CLIENT_DISPATCH
from tiled.client.utils import ClientError
from tiled.structures.core import Spec

from id3c_data.catalog import Catalog, ImagesClient, Run, Server, Subscription, connect
from id3c_data.errors import (
    CatalogError,
    DamagedChunk,
    FrameNotWritten,
    Hdf5Error,
    Id3cDataError,
    LayoutUnknown,
    LinkOutsideRoots,
    NotInCatalog,
    NotInRun,
    PathOutsideRoots,
)
from id3c_data.sim import FrameModel, NexusWriter, PluginWriter, Series, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

Write = Callable[..., SeriesFiles]
AT_ONCE_S = 3.0  # an answer that is asked for again takes half a minute


@pytest.fixture
def images(ten_points: Run) -> ImagesClient:
    return ten_points.primary["eiger2_image"]


def expected(model: FrameModel, *places: tuple[int, int]) -> np.ndarray:
    return np.stack([model.frame(number, image) for number, image in places])


def test_a_series_for_each_point(images: ImagesClient, model: FrameModel) -> None:
    assert images.shape == (10, *model.shape)
    assert images.dtype == np.uint32
    assert np.array_equal(images[3].read(), model.frame(3, 1))
    assert np.array_equal(images.read(), expected(model, *((n, 1) for n in range(10))))


def test_a_series_for_the_whole_run_over_several_data_files(
    cat: Catalog, take: Callable[..., RunDocuments], series: Write, model: FrameModel
) -> None:
    master = series(5, images=7, per_file=3).master
    run = take(*((master, slot) for slot in range(7)))
    images = cat[run.uid].primary["eiger2_image"]
    assert np.array_equal(images, expected(model, *((5, n) for n in range(1, 8))))


def test_several_images_of_an_event(
    cat: Catalog, take: Callable[..., RunDocuments], series: Write, model: FrameModel
) -> None:
    masters = [series(number, images=4, per_file=3).master for number in (1, 2)]
    run = take(*((master, 0) for master in masters), frames_per_event=4)
    images = cat[run.uid].primary["eiger2_image"]
    whole = expected(model, *((s, n) for s in (1, 2) for n in range(1, 5))).reshape(2, 4, *model.shape)
    assert images.shape == (2, 4, *model.shape)
    assert np.array_equal(images[1, 2:, 10:20, ::3].read(), whole[1, 2:, 10:20, ::3])
    assert np.array_equal(images[::-1, 1].read(), whole[::-1, 1])
    assert np.array_equal(images, whole)


def test_slots_that_belong_to_no_event_are_left_out(
    cat: Catalog, take: Callable[..., RunDocuments], series: Write, model: FrameModel
) -> None:
    first, second = (series(number, images=4).master for number in (1, 2))
    run = take((first, 0), (first, 1), (first, 3), (second, 0), (second, 2))
    images = cat[run.uid].primary["eiger2_image"]
    assert np.array_equal(images, expected(model, (1, 1), (1, 2), (1, 4), (2, 1), (2, 3)))
    assert np.array_equal(images[1:4:2].read(), expected(model, (1, 2), (2, 1)))


def test_files_of_the_hdf5_plugin(
    cat: Catalog, take: Callable[..., RunDocuments], folder: Path, model: FrameModel
) -> None:
    with PluginWriter(folder / "scan.h5", model.shape, model.dtype) as writer:
        for image in (1, 2, 3):
            writer.append(model.frame(1, image), image, 1.7e9)
    run = take(*((folder / "scan.h5", slot) for slot in range(3)), writer="hdf5")
    images = cat[run.uid].primary["eiger2_image"]
    assert np.array_equal(images, expected(model, (1, 1), (1, 2), (1, 3)))
    assert images.master_files == [str(folder / "scan.h5")]


def test_channels_are_data_keys_of_their_own(
    cat: Catalog, take: Callable[..., RunDocuments], folder: Path, model: FrameModel
) -> None:
    channels = ("threshold_1", "threshold_2", "difference")
    files = NexusWriter(folder, Series("scan", 3, 2), model, channels=channels).write_series()
    run = take((files.master, 0), (files.master, 1), channels=channels)
    stream = cat[run.uid].primary
    for channel, suffix in zip(channels, ("", "_threshold2", "_difference"), strict=True):
        pixels = stream[f"eiger2_image{suffix}"][1].read()
        assert np.array_equal(pixels, model.frame(3, 2, channel)), channel


def test_indexing_fetches_nothing(images: ImagesClient, model: FrameModel) -> None:
    requests: list[Any] = []
    hooks = images.context.http_client.event_hooks
    images.context.http_client.event_hooks = {**hooks, "request": [requests.append]}
    try:
        part = images[2:5, 10:20][1]
        assert (part.shape, part.dtype, images[0].shape) == ((10, 80), np.uint32, model.shape)
        assert not requests
        part.read()
        assert len(requests) == 1
    finally:
        images.context.http_client.event_hooks = hooks


def test_what_was_read_is_the_callers_own(images: ImagesClient) -> None:
    frame = images[0].read()
    frame += 1
    assert images.read().flags.writeable


def test_iteration_arithmetic_and_dask(images: ImagesClient, model: FrameModel) -> None:
    assert sum(1 for _ in images) == 10
    assert np.array_equal(images[1] - images[0], model.frame(1, 1) - model.frame(0, 1))
    assert np.array_equal((images * 1.0)[2], model.frame(2, 1))
    assert np.array_equal(images.to_dask()[4:6].max(axis=0).compute(), np.max(images[4:6], axis=0))


def test_a_client_is_never_written_to(images: ImagesClient, model: FrameModel) -> None:
    with pytest.raises(TypeError, match="cannot be written to"):
        np.add(np.ones(images.shape), 1, out=images)
    images -= 1.0
    assert isinstance(images, np.ndarray)
    assert np.array_equal(images[2], model.frame(2, 1) - 1.0)


def test_the_stream_reads_as_a_dataset(ten_points: Run, model: FrameModel) -> None:
    dataset = ten_points.primary.read()
    assert dataset["eiger2_image"].dims == ("time", "eiger2_y", "eiger2_x")
    assert dataset["eiger2_image"].shape == (10, *model.shape)
    assert np.array_equal(dataset["eiger2_image"][4], model.frame(4, 1))
    assert dataset["eiger2_stats1_total"].shape == (10,)


def test_a_stream_whose_parts_have_different_lengths_is_told(cat: Catalog) -> None:
    uid = str(uuid.uuid4())
    start = {"uid": uid, "time": 0.0, "scan_id": 2}
    run = cat.create_container(uid, metadata={"start": start}, specs=[Spec("BlueskyRun", "3.0")])
    specs = [Spec("BlueskyEventStream", "3.0"), Spec("composite")]
    stream = run.create_container("primary", specs=specs)
    for name, events in (("image", 3), ("total", 2)):
        stream.base.write_array(np.zeros(events), key=name, dims=("time",))
    with pytest.raises(CatalogError, match=r"different numbers of events.*read again"):
        cat[uid].primary.read()


def test_master_files_are_named_as_this_machine_sees_them(
    server: Server, ten_points: Run, images: ImagesClient, readable: Path
) -> None:
    folder = readable / "ten_points"
    assert images.master_files == [str(folder / f"run_{number}_master.h5") for number in range(10)]
    elsewhere = connect(server.uri, api_key=server.api_key, path_map={str(folder): "/mnt/eiger"})
    mapped = elsewhere[ten_points.start["uid"]].primary["eiger2_image"]
    assert mapped.master_files[:2] == ["/mnt/eiger/run_0_master.h5", "/mnt/eiger/run_1_master.h5"]


def test_tileds_own_from_uri_gives_the_same_client(
    server: Server, ten_points: Run, model: FrameModel
) -> None:
    client = from_uri(server.uri, api_key=server.api_key)
    images = client[ten_points.start["uid"]].primary["eiger2_image"]
    assert type(images) is ImagesClient
    assert np.array_equal(images[7].read(), model.frame(7, 1))
    client.context.close()


def test_a_client_without_this_package_reads_the_same(
    server: Server, ten_points: Run, images: ImagesClient, model: FrameModel
) -> None:
    stock = {**DEFAULT_STRUCTURE_CLIENT_DISPATCH["numpy"]}
    stock.pop("Eiger2Image")
    client = from_uri(server.uri, stock, api_key=server.api_key)
    array = client[ten_points.start["uid"]].primary["eiger2_image"]
    assert type(array) is ArrayClient
    assert np.array_equal(array[7], model.frame(7, 1))
    assert np.array_equal(array.read_block((0, 0, 0)), images.read())
    client.context.close()


def test_a_dask_client_gives_dask_arrays(server: Server, ten_points: Run, model: FrameModel) -> None:
    client = from_uri(server.uri, "dask", api_key=server.api_key)
    lazy = client[ten_points.start["uid"]].primary["eiger2_image"].read()
    assert np.array_equal(lazy[7].compute(), model.frame(7, 1))
    client.context.close()


def refused(read: Callable[[], object]) -> Id3cDataError:
    started = time.monotonic()
    with pytest.raises(Id3cDataError) as error:
        read()
    assert time.monotonic() - started < AT_ONCE_S
    assert error.value.next_step
    return error.value


def test_a_frame_that_never_came_is_told_and_the_others_are_read(
    cat: Catalog, take: Callable[..., RunDocuments], series: Write, model: FrameModel
) -> None:
    master = series(1, images=5, per_file=2, taken=3).master
    run = take(*((master, slot) for slot in range(5)))
    images = cat[run.uid].primary["eiger2_image"]
    error = refused(images[4].read)
    assert isinstance(error, FrameNotWritten)
    assert master.name in str(error)
    assert np.array_equal(images[:3].read(), expected(model, (1, 1), (1, 2), (1, 3)))


def test_a_master_that_never_came_is_not_asked_for_again(
    cat: Catalog, take: Callable[..., RunDocuments], folder: Path
) -> None:
    run = take((folder / "never_master.h5", 0))
    images = cat[run.uid].primary["eiger2_image"]
    with pytest.raises(ClientError, match=r"404.*never_master\.h5"):
        ArrayClient.read(images, 0)
    assert isinstance(refused(images.read), FileNotFoundError)


@pytest.mark.fault("Tiled refusing", injected="the documents name a file below no readable storage")
@pytest.mark.parametrize("event", [0, 1])
def test_a_path_outside_the_readable_storage_is_refused(
    event: int,
    cat: Catalog,
    take: Callable[..., RunDocuments],
    tmp_path: Path,
    series: Write,
    model: FrameModel,
    fault_report: Any,
) -> None:
    places = [(series(1).master, 0), (tmp_path / "secret_master.h5", 0)]
    run = take(*places[1 - event :], root=Path("/"))  # one master is looked up another way than several
    images = cat[run.uid].primary["eiger2_image"]
    error = refused(images[event].read)
    assert isinstance(error, PathOutsideRoots)
    assert error.where == str(tmp_path / "secret_master.h5")
    with pytest.raises(ClientError, match=r"403.*readable_storage"):
        ArrayClient.read(images, event)
    if event:
        assert np.array_equal(images[0].read(), model.frame(1, 1))
    fault_report(error)


def test_a_master_that_is_a_link_out_of_the_readable_storage_is_refused(
    cat: Catalog, take: Callable[..., RunDocuments], tmp_path: Path, folder: Path, series: Write
) -> None:
    moved = series(1).master.rename(tmp_path / "secret_master.h5")
    (folder / "innocent_master.h5").symlink_to(moved)
    run = take((folder / "innocent_master.h5", 0))
    images = cat[run.uid].primary["eiger2_image"]
    assert isinstance(refused(images.read), LinkOutsideRoots)
    with pytest.raises(ClientError, match="403"):
        ArrayClient.read(images, 0)


def test_a_refusal_is_not_asked_for_again(
    cat: Catalog, take: Callable[..., RunDocuments], tmp_path: Path, folder: Path, series: Write
) -> None:
    moved = series(1).master.rename(tmp_path / "secret_master.h5")
    (folder / "innocent_master.h5").symlink_to(moved)
    images = cat[take((folder / "innocent_master.h5", 0)).uid].primary["eiger2_image"]
    answers: list[Any] = []
    hooks = images.context.http_client.event_hooks["response"]
    hooks.append(answers.append)
    try:
        assert isinstance(refused(images.read), LinkOutsideRoots)
        with pytest.raises(ClientError, match="403"):
            ArrayClient.read(images, 0)
    finally:
        hooks.remove(answers.append)
    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.fault("link out of the allowed roots", injected="an external link of a master leads elsewhere")
def test_an_external_link_out_of_the_readable_storage_is_refused(
    cat: Catalog,
    take: Callable[..., RunDocuments],
    tmp_path: Path,
    readable: Path,
    folder: Path,
    series: Write,
    fault_report: Any,
) -> None:
    files = series(1)
    moved = files.data[0].rename(tmp_path / "secret_data.h5")
    with h5py.File(files.master, "a") as file:
        del file["entry/data/data_000001"]
        file["entry/data/data_000001"] = h5py.ExternalLink(moved, "/entry/data/data")
    run = take((files.master, 0))
    error = refused(cat[run.uid].primary["eiger2_image"].read)
    assert isinstance(error, LinkOutsideRoots)
    fault_report(error, hide={str(folder): "/data", str(readable): "/data", str(tmp_path): "/elsewhere"})


def test_values_in_a_raw_file_out_of_the_readable_storage_are_refused(
    cat: Catalog,
    take: Callable[..., RunDocuments],
    tmp_path: Path,
    series: Write,
    model: FrameModel,
) -> None:
    files = series(1)
    secret = tmp_path / "secret.raw"
    model.frame(1, 1).tofile(secret)
    with h5py.File(files.data[0], "a") as file:
        del file["entry/data/data"]
        file["entry/data"].create_dataset(
            "data", (1, *model.shape), "<u4", external=[(secret, 0, h5py.h5f.UNLIMITED)]
        )
        assert np.array_equal(file["entry/data/data"][0], model.frame(1, 1))  # HDF5 itself follows it
    run = take((files.master, 0))
    error = refused(cat[run.uid].primary["eiger2_image"].read)
    assert isinstance(error, LinkOutsideRoots)
    assert str(secret) in str(error)


def test_a_pixel_type_other_than_the_documents_is_refused(
    cat: Catalog, take: Callable[..., RunDocuments], series: Write
) -> None:
    run = take((series(1).master, 0), dtype_numpy="<u2")
    error = refused(cat[run.uid].primary["eiger2_image"].read)
    assert isinstance(error, LayoutUnknown)
    assert "uint32" in str(error)
    assert "uint16" in str(error)


def test_a_file_that_is_not_hdf5_is_told(
    cat: Catalog, take: Callable[..., RunDocuments], folder: Path
) -> None:
    (folder / "text_master.h5").write_text("no HDF5 at all")
    run = take((folder / "text_master.h5", 0))
    assert isinstance(refused(cat[run.uid].primary["eiger2_image"].read), Hdf5Error)


def test_a_damaged_chunk_is_told(cat: Catalog, take: Callable[..., RunDocuments], series: Write) -> None:
    files = series(1)
    with h5py.File(files.data[0], "r") as file:
        chunk = file["entry/data/data"].id.get_chunk_info(0)
    with files.data[0].open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * 12)
    run = take((files.master, 0))
    assert isinstance(refused(cat[run.uid].primary["eiger2_image"].read), DamagedChunk)


def test_an_answer_beyond_the_servers_limit_is_refused_before_any_frame_is_read(
    cat: Catalog, take: Callable[..., RunDocuments], folder: Path
) -> None:
    run = take(*((folder / "big_master.h5", slot) for slot in range(3)), frame_shape=(8000, 5000))
    images = cat[run.uid].primary["eiger2_image"]
    with pytest.raises(ClientError, match=r"400.*would exceed the limit"):
        images._get_slice(np.s_[()])  # one request, where read() makes several
    assert isinstance(refused(images[0].read), FileNotFoundError)


def test_a_data_key_that_is_not_there_is_told_with_those_that_are(ten_points: Run) -> None:
    with pytest.raises(NotInCatalog, match=r"no data key 'eiger_image'.*nearest is eiger2_image"):
        ten_points.primary["eiger_image"]
    with pytest.raises(NotInCatalog, match="no data key 'eiger_image'"):
        ten_points.primary.read(["eiger_image"])
    with pytest.raises(NotInCatalog, match=r"no stream 'primry'.*nearest is primary"):
        ten_points["primry"]
    assert "eiger_image" not in ten_points.primary
    assert ten_points.get("primry") is None


def test_an_attribute_that_is_not_there_is_the_same_error(ten_points: Run) -> None:
    with pytest.raises(NotInRun, match=r"no stream 'primry'.*nearest is primary") as raised:
        ten_points.primry  # noqa: B018
    assert isinstance(raised.value, AttributeError)
    assert not hasattr(ten_points.primary, "eiger_image")


def test_a_run_that_ended_without_a_stream_says_so(cat: Catalog, subscription: Subscription) -> None:
    uid = str(uuid.uuid4())
    subscription("start", {"uid": uid, "time": time.time(), "scan_id": 7})
    stop = {"exit_status": "abort", "reason": "no beam", "time": time.time(), "num_events": {}}
    subscription("stop", {"uid": str(uuid.uuid4()), "run_start": uid, **stop})
    subscription.wait(30)
    said = rf"{uid}.*no stream 'primary'.*ended before its first event, exit status abort \(no beam\)"
    with pytest.raises(NotInRun, match=said):
        cat[uid].primary  # noqa: B018
