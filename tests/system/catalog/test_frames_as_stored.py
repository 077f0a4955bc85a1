"""Whole frames over HTTP to clients without this package: the detector's bytes, as Blosc2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import blosc2
import h5py
import httpx
import numpy as np
import pytest
from tiled.client.array import ArrayClient

from id3c_data.catalog import Catalog, ImagesClient, Run, Server
from id3c_data.sim import FrameModel, LegacyWriter, Series, SeriesFiles
from id3c_data.testing.catalog import RunDocuments

PIXELS = "application/octet-stream"
TILED = {"Accept": PIXELS, "Accept-Encoding": "blosc2", "User-Agent": "python-tiled/0.2.20"}
TILED_OF_OLD = {**TILED, "User-Agent": "python-tiled/0.2.3"}


class Dark(FrameModel):
    """A detector behind a closed shutter."""

    def frame(self, *_: object) -> np.ndarray:
        """Return a frame that is empty."""
        return np.zeros(self.shape, self.dtype)


@pytest.fixture
def images(ten_points: Run) -> ImagesClient:
    return ten_points.primary["eiger2_image"]


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client that decodes nothing by itself."""
    key = {"Authorization": f"Apikey {server.api_key}"}
    with httpx.Client(headers=key, trust_env=False, timeout=60) as client:
        yield client


def body_of(client: httpx.Client, url: str, headers: dict[str, str]) -> tuple[httpx.Response, bytes]:
    """Return an answer, and its body as it came."""
    with client.stream("GET", url, headers=headers) as answer:
        return answer, b"".join(answer.iter_raw())


def chunks_of(body: bytes) -> list[bytes]:
    """Return the Blosc2 chunks that follow each other."""
    chunks = []
    while body:
        size = blosc2.get_cbuffer_sizes(body)[1]
        chunks.append(body[:size])
        body = body[size:]
    return chunks


@pytest.fixture
def full(images: ImagesClient) -> str:
    return images.item["links"]["full"]


def test_a_frame_is_a_chunk_with_the_bytes_of_the_file(
    client: httpx.Client, full: str, images: ImagesClient, model: FrameModel
) -> None:
    answer, body = body_of(client, f"{full}?slice=2:5", TILED)
    assert answer.headers["Content-Encoding"] == "blosc2"
    assert answer.headers["Content-Type"] == PIXELS
    assert "Accept-Encoding" in answer.headers["Vary"]
    chunks = chunks_of(body)
    assert [blosc2.decompress(chunk) for chunk in chunks] == [
        model.frame(number, 1).tobytes() for number in (2, 3, 4)
    ]
    with h5py.File(images.master_files[2], "r") as file:
        _, stored = file["entry/data/data_000001"].id.read_direct_chunk((0, 0, 0))
    first = int.from_bytes(stored[12:16], "big")
    assert stored[16 : 16 + first] in chunks[0]


@pytest.mark.parametrize(
    "index",
    [np.s_[:], np.s_[4], np.s_[1:8:3], np.s_[2:5, 3:9, 4:], np.s_[7, 5], np.s_[3:3]],
    ids=["all", "one", "strided", "region", "row", "none"],
)
def test_tileds_own_client_gets_the_pixels(images: ImagesClient, model: FrameModel, index: object) -> None:
    pixels = np.stack([model.frame(number, 1) for number in range(10)])
    plain = ArrayClient(images.context, item=images.item, structure_clients=images.structure_clients)
    assert np.array_equal(plain[index], pixels[index])  # type: ignore[index]  # any index, typed as object


def test_a_block_comes_so_too(images: ImagesClient, client: httpx.Client, model: FrameModel) -> None:
    url = images.item["links"]["block"].format(0, 0, 0)
    _, body = body_of(client, url, TILED)
    assert blosc2.decompress(chunks_of(body)[0]) == model.frame(0, 1).tobytes()


def test_a_client_that_decodes_the_first_chunk_only_gets_one(
    client: httpx.Client, full: str, model: FrameModel
) -> None:
    _, body = body_of(client, f"{full}?slice=2:4", TILED_OF_OLD)
    (chunk,) = chunks_of(body)
    assert blosc2.decompress(chunk) == model.frame(2, 1).tobytes() + model.frame(3, 1).tobytes()


def test_a_client_without_blosc2_gets_the_pixels(client: httpx.Client, full: str, model: FrameModel) -> None:
    answer, body = body_of(client, f"{full}?slice=2", {**TILED, "Accept-Encoding": "identity"})
    assert "Content-Encoding" not in answer.headers
    assert body == model.frame(2, 1).tobytes()


def test_what_the_client_has_already_is_not_sent_again(client: httpx.Client, full: str) -> None:
    tags = []
    for frame in (2, 3):
        answer, _ = body_of(client, f"{full}?slice={frame}", TILED)
        tags.append(answer.headers["ETag"])
    assert tags[0] != tags[1]
    again, body = body_of(client, f"{full}?slice=2", {**TILED, "If-None-Match": tags[0]})
    assert (again.status_code, body) == (httpx.codes.NOT_MODIFIED, b"")


def test_a_shape_that_is_not_the_expected_one_is_refused_as_by_tiled(client: httpx.Client, full: str) -> None:
    answer, body = body_of(client, f"{full}?slice=2:4&expected_shape=3,1,1", TILED)
    assert answer.is_error
    assert b"does not match the actual data shape" in body


def test_the_answer_says_how_long_reading_took(client: httpx.Client, full: str) -> None:
    answer, _ = body_of(client, f"{full}?slice=2:4", TILED)
    assert re.search(r"\bread;dur=\d", answer.headers["Server-Timing"])


def test_frames_that_would_be_compressed_once_more_are_sent_as_they_are(
    cat: Catalog,
    client: httpx.Client,
    take: Callable[..., RunDocuments],
    folder: Path,
) -> None:
    dark = Dark(height=2000, width=1000)
    master = LegacyWriter(folder, Series("dark", 9, 3), dark).write_series().master
    run = take(*((master, slot) for slot in range(3)), frame_shape=dark.shape)
    full = cat[run.uid].primary["eiger2_image"].item["links"]["full"]
    answer, body = body_of(client, full, TILED)
    assert answer.headers["Content-Length"] == str(len(body))
    assert [blosc2.decompress(chunk) for chunk in chunks_of(body)] == 3 * [dark.frame(9, 1).tobytes()]


def test_frames_beyond_the_servers_limit_are_refused_before_any_is_read(
    cat: Catalog, client: httpx.Client, take: Callable[..., RunDocuments], folder: Path
) -> None:
    run = take(*((folder / "big_master.h5", slot) for slot in range(3)), frame_shape=(8000, 5000))
    full = cat[run.uid].primary["eiger2_image"].item["links"]["full"]
    answer, body = body_of(client, full, TILED)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert b"would exceed the limit" in body


def test_a_frame_of_an_open_run_that_is_not_on_disk_yet_is_told(
    cat: Catalog, client: httpx.Client, take: Callable[..., RunDocuments], folder: Path
) -> None:
    run = take((folder / "late_master.h5", 0), stop=False)
    full = cat[run.uid].primary["eiger2_image"].item["links"]["full"]
    answer, body = body_of(client, full, TILED)
    assert answer.status_code == httpx.codes.TOO_EARLY
    assert b"not on disk yet" in body
    run.stop()


def test_without_a_key_nothing_is_sent(full: str) -> None:
    assert httpx.get(full, headers=TILED, trust_env=False).status_code == httpx.codes.UNAUTHORIZED


def test_several_images_of_an_event_come_in_their_order(
    cat: Catalog,
    client: httpx.Client,
    take: Callable[..., RunDocuments],
    series: Callable[..., SeriesFiles],
    model: FrameModel,
) -> None:
    run = take(*((series(7, images=6).master, slot) for slot in range(2)), frames_per_event=3)
    images = cat[run.uid].primary["eiger2_image"]
    assert images.shape[:2] == (2, 3)
    _, body = body_of(client, f"{images.item['links']['full']}?slice=1,0:2", TILED)
    assert [blosc2.decompress(chunk) for chunk in chunks_of(body)] == [
        model.frame(7, number).tobytes() for number in (4, 5)
    ]


def test_damage_is_told_before_any_byte_is_sent(
    cat: Catalog,
    client: httpx.Client,
    take: Callable[..., RunDocuments],
    series: Callable[..., SeriesFiles],
) -> None:
    files = series(8)
    with h5py.File(files.data[0], "r") as file:
        chunk = file["entry/data/data"].id.get_chunk_info(0)
    with files.data[0].open("r+b") as file:
        file.seek(chunk.byte_offset + 16)
        file.write(b"\xff" * 24)
    run = take((files.master, 0))
    full = cat[run.uid].primary["eiger2_image"].item["links"]["full"]
    answer, body = body_of(client, f"{full}?slice=0", TILED)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert b"frame 0 is damaged" in body
