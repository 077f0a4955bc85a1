"""Points 22 and 24 to 30 of how the real IOC behaves: the HDF5 plugin and the types of images."""

from __future__ import annotations

import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from id3c_data.sim import FrameModel

MODEL = FrameModel(32, 48)


@pytest.fixture
def hdf1(eiger, tmp_path):
    """The plugin in Stream mode with lazy opening; images come by the detector's stream."""
    for name, value in {
        "EnableCallbacks": 1,
        "BlockingCallbacks": 0,
        "QueueSize": 20,
        "CreateDirectory": 0,
        "FilePath": str(tmp_path),
        "FileName": "h",
        "FileTemplate": "%s%s_%3.3d.h5",
        "FileNumber": 1,
        "AutoIncrement": 0,
        "AutoSave": 0,
        "FileWriteMode": "Stream",
        "LazyOpen": 1,
        "SWMRMode": 0,
        "NumCapture": 3,
        "TempSuffix": "",
    }.items():
        eiger.put(f"HDF1:{name}", value)
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:NumImages", 3)
    return eiger


def _opens(path: Path) -> bool:
    try:
        with h5py.File(path, "r", locking=False):
            return True
    except OSError:
        return False


def _prime(client):
    """Give the plugin a frame, and wait until it has it."""
    client.put("cam1:NumImages", 1)
    before = client.get("HDF1:ArrayCounter_RBV")
    client.put("cam1:Acquire", 1)
    client.wait_for("HDF1:ArrayCounter_RBV", before + 1)


def test_22_true_type_is_on_the_plugins_and_in_the_bit_depth(hdf1):
    for bits in (8, 16, 32):
        hdf1.put("Sim:BitDepth", bits)
        hdf1.wait_for("cam1:BitDepthImage_RBV", bits)
        hdf1.put("cam1:Acquire", 1)
        hdf1.wait_for("HDF1:DataType_RBV", f"UInt{bits}")
        assert hdf1.text("cam1:DataType_RBV") == "Int8"


def test_22_signed_data_makes_masked_pixels_negative(hdf1, tmp_path):
    hdf1.put("cam1:SignedData", 1)
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.put("cam1:Acquire", 1)
    done.wait()
    hdf1.put("cam1:SignedData", 0)
    with h5py.File(tmp_path / "h_001.h5") as file:
        data = file["entry/data/data"][0]
    assert data.dtype == np.int32
    assert np.array_equal(data == -1, MODEL.mask() > 0)


def test_24_lazy_open_works_and_names_the_file_with_the_first_frame(hdf1, tmp_path):
    before = hdf1.get("HDF1:FullFileName_RBV")
    hdf1.put("HDF1:FileNumber", 24)
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.wait_for("HDF1:Capture_RBV", 1)
    assert hdf1.get("HDF1:FullFileName_RBV") == before
    assert not (tmp_path / "h_024.h5").exists()
    hdf1.put("cam1:Acquire", 1)
    done.wait()
    assert hdf1.get("HDF1:FullFileName_RBV") == f"{tmp_path}/h_024.h5"


def test_25_capture_completes_with_the_last_frame(hdf1, tmp_path):
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.put("cam1:Acquire", 1)
    done.wait()
    assert hdf1.get("HDF1:NumCaptured_RBV") == 3
    n = hdf1.get("cam1:SequenceId")
    with h5py.File(tmp_path / "h_001.h5") as file:
        data = file["entry/data/data"]
        for image in range(3):
            assert np.array_equal(data[image], MODEL.frame(n, image + 1))


def test_25_stop_leaves_a_valid_shorter_file(hdf1, tmp_path):
    hdf1.put("HDF1:NumCapture", 100)
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.put("cam1:Acquire", 1)
    hdf1.wait_for("HDF1:NumCaptured_RBV", 3)
    assert not done.done
    hdf1.write("HDF1:Capture", 0)
    done.wait()
    with h5py.File(tmp_path / "h_001.h5") as file:
        assert file["entry/data/data"].shape == (3, 32, 48)


def test_25_capture_of_zero_runs_until_it_is_stopped(hdf1):
    hdf1.put("HDF1:NumCapture", 0)
    done = hdf1.start("HDF1:Capture", 1)
    for frames in (3, 6):
        hdf1.put("cam1:Acquire", 1)
        hdf1.wait_for("HDF1:NumCaptured_RBV", frames)
    assert not done.done
    hdf1.write("HDF1:Capture", 0)
    done.wait()


def test_26_file_is_readable_only_when_it_is_closed(hdf1, tmp_path):
    hdf1.put("HDF1:NumCapture", 0)
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.put("cam1:Acquire", 1)
    hdf1.wait_for("HDF1:NumCaptured_RBV", 3)
    assert not _opens(tmp_path / "h_001.h5")
    hdf1.write("HDF1:Capture", 0)
    done.wait()
    assert _opens(tmp_path / "h_001.h5")


def test_26_swmr_file_is_readable_from_the_first_frame_on(hdf1, tmp_path):
    hdf1.put("HDF1:SWMRMode", 1)
    hdf1.put("HDF1:NumCapture", 0)
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.put("cam1:NumImages", 1)
    hdf1.put("cam1:Acquire", 1)
    hdf1.wait_for("HDF1:NumCaptured_RBV", 1)
    assert hdf1.text("HDF1:SWMRActive_RBV") == "Active"
    with h5py.File(tmp_path / "h_001.h5", "r", swmr=True, libver="latest") as file:
        data = file["entry/data/data"]
        assert len(data) == 1
        hdf1.put("cam1:Acquire", 1)
        hdf1.wait_for("HDF1:NumCaptured_RBV", 2)
        data.refresh()
        assert np.array_equal(data[1], MODEL.frame(hdf1.get("cam1:SequenceId"), 1))
    hdf1.write("HDF1:Capture", 0)
    done.wait()
    assert hdf1.text("HDF1:SWMRActive_RBV") == "Off"


def test_26_existing_file_is_overwritten_silently(hdf1, tmp_path):
    (tmp_path / "h_001.h5").write_bytes(b"mine")
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.put("cam1:Acquire", 1)
    done.wait()
    assert _opens(tmp_path / "h_001.h5")


def test_27_bad_folder_with_lazy_open_ends_capture_at_the_first_frame(hdf1, tmp_path):
    hdf1.put("HDF1:FilePath", str(tmp_path / "missing"))
    seen = hdf1.watch("HDF1:WriteStatus")
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.wait_for("HDF1:Capture_RBV", 1)
    hdf1.put("cam1:Acquire", 1)
    done.wait()
    assert hdf1.get("HDF1:Capture_RBV") == hdf1.get("HDF1:NumCaptured_RBV") == 0
    hdf1.wait(lambda: [value for *_, value in seen][-1:] == ["Write OK"])


def test_27_bad_folder_without_lazy_open_is_a_write_error(hdf1, tmp_path):
    _prime(hdf1)
    hdf1.put("HDF1:LazyOpen", 0)
    hdf1.put("HDF1:FilePath", str(tmp_path / "missing"))
    hdf1.put("HDF1:Capture", 1)
    assert hdf1.text("HDF1:WriteStatus") == "Write error"
    assert hdf1.get("HDF1:Capture_RBV") == 0


def _burst(client, frames):
    client.put("HDF1:NumCapture", frames)
    client.put("cam1:DataSource", "FileWriter")
    client.put("cam1:NumImages", frames)
    client.put("cam1:AcquireTime", 0.004)
    client.put("cam1:AcquirePeriod", 0.004)
    client.put("HDF1:DroppedArrays", 0)
    done = client.start("HDF1:Capture", 1)
    client.put("cam1:Acquire", 1)
    return done


def test_28_burst_from_the_file_writer_overflows_the_queue(hdf1):
    hdf1.put("HDF1:QueueSize", 5)
    waiting = hdf1.watch("cam1:NumQueuedArrays")
    done = _burst(hdf1, 200)
    hdf1.wait(lambda: hdf1.get("HDF1:QueueFree") == 5)
    hdf1.wait_for("cam1:NumQueuedArrays", 0)
    assert max(int(value) for *_, value in waiting) > 0
    dropped = hdf1.get("HDF1:DroppedArrays_RBV")
    assert dropped > 0
    assert not done.done
    hdf1.wait_for("HDF1:NumCaptured_RBV", 200 - dropped)
    hdf1.write("HDF1:Capture", 0)
    done.wait()


def test_28_blocking_callbacks_drop_nothing(hdf1):
    hdf1.put("HDF1:QueueSize", 5)
    hdf1.put("HDF1:BlockingCallbacks", 1)
    _burst(hdf1, 200).wait()
    assert hdf1.get("HDF1:DroppedArrays_RBV") == 0


def test_29_layout_of_the_file(hdf1, tmp_path):
    done = hdf1.start("HDF1:Capture", 1)
    first = hdf1.get("cam1:ArrayCounter_RBV")
    hdf1.put("cam1:Acquire", 1)
    done.wait()
    with h5py.File(tmp_path / "h_001.h5") as file:
        data = file["entry/data/data"]
        assert data == file["entry/instrument/detector/data"]
        assert isinstance(file.get("entry/data/data", getlink=True), h5py.HardLink)
        assert (data.shape, data.chunks) == ((3, 32, 48), (1, 32, 48))
        ids = file["entry/instrument/NDAttributes/NDArrayUniqueId"][:]
        assert ids.tolist() == [first, first + 1, first + 2]
        assert len(file["entry/instrument/NDAttributes/NDArrayTimeStamp"]) == 3
        assert len(file["entry/instrument/performance/timestamp"]) == 3


def test_29_single_mode_writes_two_dimensions(hdf1, tmp_path):
    hdf1.put("HDF1:FileWriteMode", "Single")
    hdf1.put("HDF1:AutoSave", 1)
    hdf1.put("HDF1:AutoIncrement", 1)
    hdf1.put("cam1:NumImages", 2)
    hdf1.put("cam1:Acquire", 1)
    hdf1.wait_for("HDF1:FileNumber_RBV", 3)
    hdf1.wait(lambda: _opens(tmp_path / "h_002.h5"))
    with h5py.File(tmp_path / "h_001.h5") as file:
        assert file["entry/data/data"].shape == (32, 48)


def test_30_warmup_of_ophyds_plugin_fails(hdf1):
    from ophyd import Component, DetectorBase, EigerDetectorCam, HDF5Plugin

    class Detector(DetectorBase):
        cam = Component(EigerDetectorCam, "cam1:")
        hdf1 = Component(HDF5Plugin, "HDF1:")

    detector = Detector(hdf1.ioc.prefix, name="detector")
    with pytest.raises(Exception, match="Internal"):
        detector.hdf1.warmup()


def test_capture_mode_writes_when_it_is_asked_to(hdf1, tmp_path):
    _prime(hdf1)
    hdf1.put("cam1:NumImages", 3)
    hdf1.put("HDF1:FileWriteMode", "Capture")
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.put("cam1:Acquire", 1)
    done.wait()
    assert not (tmp_path / "h_001.h5").exists()
    hdf1.put("HDF1:WriteFile", 1)
    with h5py.File(tmp_path / "h_001.h5") as file:
        assert file["entry/data/data"].shape == (3, 32, 48)


def test_temporary_suffix_is_taken_off_when_the_file_is_closed(hdf1, tmp_path):
    hdf1.put("HDF1:TempSuffix", ".tmp")
    hdf1.put("HDF1:NumCapture", 0)
    done = hdf1.start("HDF1:Capture", 1)
    hdf1.put("cam1:Acquire", 1)
    hdf1.wait((tmp_path / "h_001.h5.tmp").exists)
    hdf1.write("HDF1:Capture", 0)
    done.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["h_001.h5"]


def test_statistics_are_those_of_each_frame(hdf1):
    hdf1.put("Stats1:EnableCallbacks", 1)
    hdf1.put("cam1:NumImages", 1)
    for _ in range(2):
        unique_id = hdf1.get("cam1:ArrayCounter_RBV")
        hdf1.put("cam1:Acquire", 1)
        hdf1.wait_for("Stats1:UniqueId_RBV", unique_id)
        frame = MODEL.frame(hdf1.get("cam1:SequenceId"), 1).astype(float)
        hdf1.wait_for("Stats1:Total_RBV", frame.sum())
        assert hdf1.get("Stats1:MaxValue_RBV") == frame.max()
        assert hdf1.get("Stats1:MinValue_RBV") == frame.min()
        assert hdf1.get("Stats1:MeanValue_RBV") == pytest.approx(frame.mean())
        assert hdf1.get("Stats1:Sigma_RBV") == pytest.approx(frame.std(), rel=1e-6)


def test_statistics_of_a_region(hdf1):
    hdf1.put("Stats1:EnableCallbacks", 1)
    hdf1.put("Stats1:NDArrayPort", "ROI1")
    for name, value in {"EnableCallbacks": 1, "MinX": 4, "SizeX": 8, "MinY": 2, "SizeY": 5}.items():
        hdf1.put(f"ROI1:{name}", value)
    hdf1.put("ROI1:AutoSizeX", 0)
    hdf1.put("ROI1:AutoSizeY", 0)
    hdf1.put("cam1:NumImages", 1)
    hdf1.put("cam1:Acquire", 1)
    frame = MODEL.frame(hdf1.get("cam1:SequenceId"), 1)
    hdf1.wait_for("Stats1:Total_RBV", float(frame[2:7, 4:12].sum(dtype=float)))
    hdf1.put("Stats1:NDArrayPort", "EIG")


def test_image1_shows_the_pixels(hdf1):
    hdf1.put("image1:EnableCallbacks", 1)
    hdf1.put("cam1:NumImages", 1)
    before = hdf1.get("image1:ArrayCounter_RBV")
    hdf1.put("cam1:Acquire", 1)
    hdf1.wait_for("image1:ArrayCounter_RBV", before + 1)
    frame = MODEL.frame(hdf1.get("cam1:SequenceId"), 1)
    assert np.array_equal(hdf1.get("image1:ArrayData").view(np.uint32), frame.ravel())


def test_wait_for_plugins_keeps_acquire_busy_until_all_frames_are_processed(hdf1):
    hdf1.put("cam1:WaitForPlugins", 1)
    done = hdf1.start("HDF1:Capture", 1)
    began = time.monotonic()
    hdf1.put("cam1:Acquire", 1)
    assert hdf1.get("HDF1:NumCaptured_RBV") == 3
    hdf1.put("cam1:WaitForPlugins", 0)
    assert done.wait() > began
