"""Frames as they stand in their files: taken out of a stack, sent elsewhere, and decoded there."""

import pickle
import struct
from dataclasses import replace

import h5py
import numpy as np
import pytest

from id3c_data.errors import DamagedChunk, FrameNotWritten
from id3c_data.images import Codec, CompressedFrame, decode_frames, open_stack
from id3c_data.sim import CHANNELS, FrameModel, LegacyWriter, NexusWriter, PluginWriter, Series

MODEL = FrameModel(33, 47, 16)
IMAGES = np.stack([MODEL.frame(1, image) for image in range(1, 7)])


def decoded(frames, out=None, region=()):
    frames = list(frames)
    out = np.empty((len(frames), *MODEL.shape), MODEL.dtype) if out is None else out
    decode_frames(frames, out, region)
    return out


@pytest.fixture
def stack(tmp_path):
    return open_stack(LegacyWriter(tmp_path, Series("x_1", 1, 6, 4), MODEL).write_series().master)


def test_frames_come_compressed_whole_and_in_order(stack):
    frames = list(stack.by_event(3)[:, ::2, :5].compressed())
    assert [frame.codec for frame in frames] == [Codec.BSLZ4] * 4
    assert [frame.number for frame in frames] == [0, 2, 3, 1]  # in their data files of 4 images
    assert all(frame.nbytes < IMAGES[0].nbytes for frame in frames)
    np.testing.assert_array_equal(decoded(frames), IMAGES[[0, 2, 3, 5]])


def test_a_single_frame_comes_alone(stack):
    np.testing.assert_array_equal(decoded(stack[4].compressed())[0], IMAGES[4])


def test_they_survive_the_way_to_another_process(stack):
    frames = [pickle.loads(pickle.dumps(frame)) for frame in stack.compressed()]  # noqa: S301
    np.testing.assert_array_equal(decoded(frames), IMAGES)


@pytest.mark.parametrize("region", [np.s_[3:9, 5:6], np.s_[::-2], np.s_[..., [4, 1]], np.s_[7], np.s_[2, 3]])
def test_a_region_of_each_is_decoded(stack, region):
    expected = np.stack([image[region] for image in IMAGES])
    np.testing.assert_array_equal(decoded(stack.compressed(), np.empty_like(expected), region), expected)


def test_an_iterator_given_up_leaves_the_stack_as_it_was(stack):
    frames = stack.compressed()
    next(frames)
    frames.close()
    np.testing.assert_array_equal(stack.read(), IMAGES)


@pytest.mark.parametrize("channel", CHANNELS)
def test_channels_are_apart(tmp_path, channel):
    files = NexusWriter(tmp_path, Series("x_1", 1, 4, 2), MODEL, channels=CHANNELS).write_series()
    stack = open_stack(files.master, channel=channel)
    np.testing.assert_array_equal(decoded(stack.compressed()), stack.read())


@pytest.mark.parametrize("chunk", [(1, 33, 47), (4, 33, 47), (1, 10, 20), (3, 7, 64), (8, 40, 50)])
@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "gzip"}, {"compression": 32004}, {"compression": 32008, "compression_opts": (0, 2)}],
    ids=str,
)
def test_chunks_of_any_shape_and_filter(tmp_path, chunk, options):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset(
            "entry/data/data", (6, 33, 47), "u2", chunks=chunk, maxshape=(None, None, None), **options
        )
        dataset[...] = IMAGES
    frames = list(open_stack(tmp_path / "x.h5").compressed())
    assert {frame.codec for frame in frames} <= {Codec.NONE, Codec.LZ4, Codec.BSLZ4}
    np.testing.assert_array_equal(decoded(frames), IMAGES)


def test_a_filter_that_was_left_out(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset(
            "entry/data/data",
            (2, 33, 47),
            "u2",
            chunks=(1, 33, 47),
            compression=32008,
            compression_opts=(0, 2),
        )
        dataset[0] = IMAGES[0]
        dataset.id.write_direct_chunk((1, 0, 0), IMAGES[1].tobytes(), filter_mask=1)
    frames = list(open_stack(tmp_path / "x.h5").compressed())
    assert [frame.skipped for frame in frames] == [(False,), (True,)]
    np.testing.assert_array_equal(decoded(frames), IMAGES[:2])


def test_a_frame_that_is_not_there_raises_at_its_place(tmp_path):
    master = LegacyWriter(tmp_path, Series("x_1", 1, 6, 2), MODEL).write_series(taken=3).master
    frames = open_stack(master).compressed()
    taken = [next(frames) for _ in range(3)]
    np.testing.assert_array_equal(decoded(taken), IMAGES[:3])
    with pytest.raises(FrameNotWritten):
        next(frames)


@pytest.mark.parametrize("room", [5, 7])
def test_frames_and_room_for_them_must_be_as_many(stack, room):
    with pytest.raises(ValueError, match=rf"{min(room, 6)}"):
        decode_frames(stack.compressed(), np.empty((room, *MODEL.shape), MODEL.dtype))


FORGED = {
    "size of the frame": {"shape": (2**31, 2**31)},
    "no frame": {"shape": (0, 47)},
    "negative": {"shape": (-33, -47)},
    "size of a chunk": {"tile": (2**31, 2**31)},
    "chunks without size": {"tile": (0, 0)},
    "smaller chunks": {"tile": (1, 1)},
    "layers": {"layers": 2**40},
    "no layer": {"layers": 0},
    "another layer": {"layer": 1},
    "layer before the first": {"layer": -1},
    "no chunks": {"chunks": (), "skipped": ()},
    "one chunk more": {"chunks": (b"", b""), "skipped": (False, False)},
    "skipped by none": {"skipped": ()},
    "raw": {"skipped": (True,)},
    "other codec": {"codec": Codec.NONE},
    "codec of HDF5": {"codec": Codec.HDF5},
    "other pixels": {"dtype": np.dtype("u4")},
    "larger pixels": {"dtype": np.dtype("S1000000")},
    "empty chunk": {"chunks": (b"",)},
    "size in the header": {"chunks": (struct.pack(">QI", 1 << 40, 8192) + bytes(100),)},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("region", [(), np.s_[:2, :2]], ids=["whole", "region"])
def test_nothing_forged_is_believed(stack, forged, region):
    frame: CompressedFrame = replace(next(stack.compressed()), **forged)
    out = np.empty((1, *MODEL.shape), MODEL.dtype)[(slice(None), *region)]
    with pytest.raises(DamagedChunk, match="frame 0 is"):
        decode_frames([frame], out, region)


def test_the_error_of_the_first_damaged_frame_is_raised(stack):
    frames = list(stack.compressed())
    for n in (2, 4):
        frames[n] = replace(frames[n], chunks=(b"",), number=n)
    with pytest.raises(DamagedChunk, match="frame 2"):
        decoded(frames)


def test_frames_of_the_plugin(tmp_path):
    with PluginWriter(tmp_path / "p.h5", MODEL.shape, MODEL.dtype, compression="zlib") as file:
        file.append(IMAGES[0], 1, 1.7e9)
    (frame,) = open_stack(file.path).compressed()
    assert frame.codec is Codec.NONE  # only HDF5 knows the filter, and has decoded it
    np.testing.assert_array_equal(decoded([frame])[0], IMAGES[0])
