"""Chunks: decoded when they are whole; an error of ours, never a crash, never much memory, when not."""

import importlib.util
import struct
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from id3c_data.errors import Id3cDataError, MissingExtra
from id3c_data.h5api import (
    DECODER_VARIABLE,
    Codec,
    DectrisDecoder,
    ImagecodecsDecoder,
    Inconsistent,
    decode_chunk,
    decoder_in_use,
    decoders_here,
    encode_chunk,
)
from id3c_data.sim import FrameModel, LegacyWriter, Series
from id3c_data.testing.decoders import DecoderContract

CODECS = {"bslz4": Codec.BSLZ4, "lz4": Codec.LZ4}
DECODER = ImagecodecsDecoder()
needs_dectris = pytest.mark.skipif(
    importlib.util.find_spec("dectris") is None,
    reason="dectris-compression is not installed: the extra `fast`, which needs a compiler",
)


class TestImagecodecs(DecoderContract):
    def make_decoder(self):
        return ImagecodecsDecoder()


@needs_dectris
class TestDectris(DecoderContract):
    def make_decoder(self):
        return DectrisDecoder()


@needs_dectris
class TestDectrisWhereItsBuildHidesTheLibrary(DecoderContract):
    def make_decoder(self):
        decoder = DectrisDecoder()
        decoder._into = None
        return decoder


@pytest.mark.parametrize("decoder", decoders_here(), ids=lambda decoder: decoder.name)
@pytest.mark.parametrize("compression", CODECS)
@pytest.mark.parametrize("bits", [8, 16, 32])
def test_chunks_as_the_filters_of_hdf5_write_them(tmp_path, decoder, compression, bits):
    model = FrameModel(33, 47, bits)
    path = LegacyWriter(tmp_path, Series("x_1", 1, 1), model, compression=compression).write_data(1)
    with h5py.File(path) as file:
        chunk = file["entry/data/data"].id.read_direct_chunk((0, 0, 0))[1]
    size = model.frame(1, 1).nbytes
    decoded = decode_chunk(chunk, CODECS[compression], bits // 8, size, decoder)
    np.testing.assert_array_equal(decoded.view(model.dtype).reshape(model.shape), model.frame(1, 1))
    with pytest.raises(Inconsistent):
        decode_chunk(chunk + b"\0", CODECS[compression], bits // 8, size, decoder)


@pytest.mark.parametrize("decoder", decoders_here(), ids=lambda decoder: decoder.name)
def test_no_bytes_crash_the_process(decoder):
    """In a process of its own, since a test cannot see that it has died."""
    code = f"""
import random, struct
import numpy as np
from id3c_data.h5api import Codec, Inconsistent, decode_chunk, encode_chunk
from id3c_data.h5api import {type(decoder).__name__} as Decoder
decoder, randomly = Decoder(), random.Random(5)
pixels = np.random.default_rng(1).poisson(3, (200, 130)).astype("u4")
for codec in (Codec.BSLZ4, Codec.LZ4):
    chunk = encode_chunk(pixels, codec)
    for n in range(4000):
        damaged = bytearray(chunk)
        start = randomly.randrange(len(chunk)) if n % 2 else 12
        for at in range(start, min(len(chunk), start + randomly.choice([1, 4, 200]))):
            damaged[at] = randomly.randrange(256)
        try:
            decode_chunk(bytes(damaged), codec, 4, pixels.nbytes, decoder)
        except Inconsistent:
            pass
print("alive")
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert answer.stdout == "alive\n", answer.stderr


class TestAnyBytes:
    decoders = pytest.mark.parametrize("decoder", decoders_here(), ids=lambda decoder: decoder.name)

    @decoders
    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=400), st.sampled_from(list(CODECS.values())), st.sampled_from([1, 2, 4]))
    def test_behind_a_true_header_raise_or_decode(self, decoder, body, codec, itemsize):
        header = struct.pack(">QI", 1551 * itemsize, 8 * itemsize * 16)
        try:
            decode_chunk(header + body, codec, itemsize, 1551 * itemsize, decoder)
        except Inconsistent as error:
            assert str(error)  # noqa: PT017 (both ways are right)

    @decoders
    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=64), st.sampled_from([Codec.NONE, Codec.LZ4, Codec.BSLZ4]))
    def test_at_all_raise(self, decoder, data, codec):
        with pytest.raises(Inconsistent):
            decode_chunk(data, codec, 2, 100, decoder)


def test_a_frame_that_its_few_bytes_cannot_hold_reserves_no_memory():
    data = struct.pack(">QII", 1 << 40, 8192, 5) + b"hello"
    with pytest.raises(Inconsistent, match="cannot decode"):
        decode_chunk(data, Codec.LZ4, 2, 1 << 40, DECODER)


def test_a_window_decodes_only_the_blocks_that_it_needs():
    pixels = np.random.default_rng(1).poisson(3, (100, 64)).astype("u2")
    chunk = bytearray(encode_chunk(pixels, Codec.BSLZ4, 1024))
    chunk[-100:] = bytes(100)  # damages the last of them
    rows = decode_chunk(bytes(chunk), Codec.BSLZ4, 2, pixels.nbytes, DECODER, start=0, stop=1280)
    np.testing.assert_array_equal(rows.view("u2").reshape(10, 64), pixels[:10])


class TestChoice:
    @pytest.fixture(autouse=True)
    def afresh(self, monkeypatch):
        monkeypatch.delenv(DECODER_VARIABLE, raising=False)
        decoder_in_use.cache_clear()
        yield
        decoder_in_use.cache_clear()

    @needs_dectris
    def test_the_fastest_is_used(self):
        assert decoder_in_use().name == "dectris-compression"

    def test_another_may_be_asked_for(self, monkeypatch):
        monkeypatch.setenv(DECODER_VARIABLE, "imagecodecs")
        assert decoder_in_use().name == "imagecodecs"

    def test_without_the_extra_there_is_one_left(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "dectris.compression", None)
        assert [decoder.name for decoder in decoders_here()] == ["imagecodecs"]

    @needs_dectris
    def test_one_that_decodes_wrong_is_not_used(self, monkeypatch):
        numbers = {Codec.BSLZ4: 1, Codec.LZ4: 0}
        monkeypatch.setattr("id3c_data.h5api._dectris_decoder._NUMBERS", numbers)
        assert decoder_in_use().name == "imagecodecs"

    def test_one_that_is_not_installed_is_an_extra(self, monkeypatch):
        monkeypatch.setenv(DECODER_VARIABLE, "dectris-compression")
        monkeypatch.setitem(sys.modules, "dectris.compression", None)
        with pytest.raises(MissingExtra, match=r"id3c-data\[fast\]"):
            decoder_in_use()

    def test_one_that_nobody_knows(self, monkeypatch):
        monkeypatch.setenv(DECODER_VARIABLE, "zip")
        with pytest.raises(Id3cDataError, match=r"ID3C_DATA_DECODER: .*'zip'.*imagecodecs"):
            decoder_in_use()
