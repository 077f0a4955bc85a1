"""A stack as a dask array in other processes, which read the files themselves."""

from unittest.mock import Mock

import dask.array
import numpy as np
import pytest
from distributed import Client, LocalCluster

from id3c_data.errors import Hdf5Error
from id3c_data.images import FrameStack, open_stack
from id3c_data.sim import FrameModel, LegacyWriter, Series

MODEL = FrameModel(32, 48, 16)
IMAGES = np.stack([MODEL.frame(1, image) for image in range(1, 21)])


OPTIONS = {"dashboard_address": "127.0.0.1:0", "silence_logs": 50}


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, host="127.0.0.1", **OPTIONS
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def files(tmp_path):
    return LegacyWriter(tmp_path, Series("x_1", 1, 20, 6), MODEL).write_series()


@pytest.fixture
def stack(files, monkeypatch):
    monkeypatch.setattr("id3c_data.images._dask_lazy._CHUNK_BYTES", 3 * IMAGES[0].nbytes)
    return open_stack(files.master)


def test_regions_are_summed_in_other_processes(client, stack):
    sums = stack[:, 4:20, 10:30].to_dask().sum(axis=(1, 2))
    np.testing.assert_array_equal(client.compute(sums).result(60), IMAGES[:, 4:20, 10:30].sum(axis=(1, 2)))


def test_masked_frames_stay_masked(client, stack):
    masked = stack.masked().to_dask()
    expected = np.ma.MaskedArray(IMAGES, np.broadcast_to(MODEL.mask() != 0, IMAGES.shape))
    frame, mean = client.compute([masked[4], masked.mean(axis=0)], sync=False)
    np.testing.assert_array_equal(frame.result(60).filled(), expected[4].filled(2**16 - 1))
    np.testing.assert_allclose(mean.result(60).filled(0), expected.mean(axis=0).filled(0))


@pytest.mark.parametrize("axis", [None, 0, (1, 2)])
@pytest.mark.parametrize("kind", ["max", "min", "sum", "std"])
def test_what_is_made_of_masked_frames_comes_back(client, stack, kind, axis):
    expected = np.ma.MaskedArray(IMAGES, np.broadcast_to(MODEL.mask() != 0, IMAGES.shape))
    made = client.compute(getattr(stack.masked().to_dask(), kind)(axis=axis)).result(60)
    reference = getattr(expected, kind)(axis=axis)
    np.testing.assert_array_equal(np.ma.getmaskarray(made), np.ma.getmaskarray(reference))
    np.testing.assert_allclose(np.ma.filled(made, 0), np.ma.filled(reference, 0))


def test_events_and_functions_of_blocks(client, stack):
    events = stack.by_event(2).to_dask()
    spread = dask.array.map_blocks(lambda block: block.std(axis=(2, 3)), events, drop_axis=(2, 3))
    expected = IMAGES.reshape(10, 2, 32, 48).std(axis=(2, 3))
    np.testing.assert_allclose(client.compute(spread).result(60), expected)


def test_a_file_that_was_replaced_is_an_error_there_too(client, stack, files):
    array = stack.to_dask()
    files.data[0].write_bytes(files.data[1].read_bytes())
    with pytest.raises(Hdf5Error, match="changed or replaced"):
        client.compute(array[0]).result(60)


def test_one_chunk_goes_to_the_cluster_that_is_connected_to(client, stack, monkeypatch):
    assert Client.current() is client
    monkeypatch.setattr(FrameStack, "read", Mock(side_effect=AssertionError))  # here, and not there
    np.testing.assert_array_equal(stack.to_dask()[4].compute(), IMAGES[4])


def test_what_workers_of_the_same_process_keep_is_not_handed_out(stack):
    frame = stack.to_dask()[4]
    with LocalCluster(n_workers=1, processes=False, **OPTIONS) as cluster, Client(cluster):
        kept = frame.persist()
        made = frame.compute(optimize_graph=False)  # with it, this dask reads again
        made[:] = 0
        np.testing.assert_array_equal(kept.compute(), IMAGES[4])
