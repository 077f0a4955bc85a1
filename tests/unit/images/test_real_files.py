"""Files of real detectors, as DECTRIS published them."""

from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from id3c_data.h5api import decoders_here
from id3c_data.images import decode_frames, open_stack

DATA = Path(__file__).parents[3] / ".." / "shared" / "data"
EIGER2 = DATA / "dectris_eiger2"
ARTIFICIAL = DATA / "dectris_artificial_small"

needs_files = pytest.mark.skipif(
    not (EIGER2.is_dir() and ARTIFICIAL.is_dir()), reason=f"the detector files are not in {DATA.resolve()}"
)


def through_h5py(paths):
    assert hdf5plugin.FILTERS  # registers the filter that h5py decodes with
    parts = []
    for path in paths:
        with h5py.File(path, locking=False) as file:
            parts.append(file["entry/data/data"][...])
    return np.concatenate(parts)


@needs_files
def test_eiger2_data_files_behind_a_master(tmp_path):
    paths = sorted(EIGER2.resolve().glob("*_data_*.h5"))
    with h5py.File(tmp_path / "x_master.h5", "w") as master:
        for k, path in enumerate(paths, 1):
            master[f"entry/data/data_{k:06d}"] = h5py.ExternalLink(str(path), "/entry/data/data")
    stack = open_stack(tmp_path / "x_master.h5")
    assert stack.shape == (4, 512, 1028)
    assert stack.files == tuple(paths)
    np.testing.assert_array_equal(stack.read(), through_h5py(paths))
    assert stack.read().any()


@needs_files
@pytest.mark.parametrize("decoder", decoders_here(), ids=lambda decoder: decoder.name)
@pytest.mark.parametrize("folder", [EIGER2, ARTIFICIAL], ids=lambda folder: folder.name)
def test_every_path_gives_what_h5py_gives(tmp_path, monkeypatch, decoder, folder):
    monkeypatch.setattr("id3c_data.images._compressed.decoder_in_use", lambda: decoder)
    paths = sorted(folder.resolve().glob("*_data_*.h5"))
    with h5py.File(tmp_path / "x_master.h5", "w") as master:
        for k, path in enumerate(paths, 1):
            master[f"entry/data/data_{k:06d}"] = h5py.ExternalLink(str(path), "/entry/data/data")
    stack, array = open_stack(tmp_path / "x_master.h5"), through_h5py(paths)
    out = np.empty_like(array)
    decode_frames(stack.compressed(), out)
    for pixels in (
        out,
        list(stack),
        list(stack.iterate(writable=True)),
        [stack[n].read() for n in range(len(stack))],
        stack.read(out=np.ones_like(array)),
        stack.to_dask().compute(scheduler="synchronous"),
    ):
        np.testing.assert_array_equal(pixels, array)
    for key in (np.s_[::-1, 5:9], np.s_[0, 2:11:3, ::2], np.s_[[0, 0], :, 3], np.s_[..., [7, 1]]):
        np.testing.assert_array_equal(stack[key].read(), array[key])
        np.testing.assert_array_equal(stack.to_dask()[key].compute(scheduler="synchronous"), array[key])
    hidden = np.broadcast_to((stack.mask & 3) != 0, array.shape)
    masked = np.ma.MaskedArray(array, hidden)
    for kind in ("sum", "mean", "std", "max", "min"):
        np.testing.assert_allclose(getattr(stack, kind)(axis=0), getattr(array.astype("f8"), kind)(axis=0))
        made, expected = getattr(stack.masked(), kind)(axis=0), getattr(masked.astype("f8"), kind)(axis=0)
        np.testing.assert_allclose(made.filled(0), expected.filled(0))


@needs_files
def test_a_master_with_one_linked_data_file():
    stack = open_stack(ARTIFICIAL / "test_master.h5")
    np.testing.assert_array_equal(stack.read(), through_h5py([ARTIFICIAL / "test_data_000001.h5"]))
    assert stack.mask.shape == (13, 11)
    assert stack.metadata.x_pixel_size is not None
