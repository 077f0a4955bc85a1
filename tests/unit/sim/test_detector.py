import io
import threading
import time

import h5py
import numpy as np
import pytest

from id3c_data.sim import FrameModel
from id3c_data.sim._detector import ArmError, Detector
from id3c_data.sim._parse import images_in
from id3c_data.sim._running_series import SeriesRequest, name_of_series

MODEL = FrameModel(32, 48)


@pytest.fixture
def seen():
    return []


@pytest.fixture
def detector(tmp_path, seen):
    detector = Detector(tmp_path, 0.0, seen.append)
    yield detector
    detector.close()


def request(**changes):
    options = {"pattern": "x_$id", "images": 3, "triggers": 1, "period_s": 0.0, "model": MODEL}
    return SeriesRequest(**{**options, **changes})


def wait_for_file(detector, name):
    deadline = time.monotonic() + 5
    while not detector.has_file(name):
        assert time.monotonic() < deadline, f"{name} does not come"
        time.sleep(0.005)


def take(detector, series):
    detector.arm(series)
    for _ in range(series.triggers):
        detector.trigger()
    detector.disarm()


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("x_$id", "x_7"), ("$id_$id", "7_$id"), ("plain", "plain"), ("sub/x$id", "sub/x7"), ("$ID", "$ID")],
)
def test_only_the_first_id_of_a_pattern_is_replaced(pattern, name):
    assert name_of_series(pattern, 7) == name


def test_each_arm_has_the_next_sequence_id(detector):
    assert [detector.arm(request()) for _ in range(3)] == [1, 2, 3]


def test_the_sequence_id_begins_anew_when_the_detector_is_initialized(detector):
    take(detector, request())
    detector.initialize()
    assert not detector.has_file("x_1_data_000001.h5")
    assert detector.arm(request()) == 1


def test_the_master_comes_before_any_image(detector):
    detector.arm(request())
    wait_for_file(detector, "x_1_master.h5")
    assert not detector.has_file("x_1_data_000001.h5")


def test_a_data_file_comes_when_it_is_full(detector):
    detector.arm(request(images=1, triggers=3, images_per_file=2))
    detector.trigger()
    assert not detector.has_file("x_1_data_000001.h5")
    detector.trigger()
    assert detector.has_file("x_1_data_000001.h5")


def test_the_last_data_file_comes_with_the_end_of_the_series(detector):
    take(detector, request(images=3, images_per_file=2))
    images = list(images_in(detector.fetch_file("x_1_data_000002.h5")))
    assert len(images) == 1
    assert np.array_equal(images[0], MODEL.frame(1, 3))


def test_images_are_handed_on_as_they_are_exposed(detector, seen):
    take(detector, request(images=2, triggers=2))
    assert [image.number for image in seen] == [1, 2, 3, 4]
    assert [image.last for image in seen] == [False, False, False, True]
    assert np.array_equal(seen[2].frame(), MODEL.frame(1, 3))


def test_a_trigger_takes_its_time(detector):
    detector.arm(request(images=3, period_s=0.05))
    began = time.monotonic()
    detector.trigger()
    assert time.monotonic() - began > 0.14


def test_an_abort_cuts_the_series_short(detector, seen):
    detector.arm(request(images=1000, period_s=0.02))
    threading.Timer(0.2, detector.abort).start()
    detector.trigger()
    detector.disarm()
    assert 0 < len(seen) < 100
    assert len(list(images_in(detector.fetch_file("x_1_data_000001.h5")))) == len(seen)


def test_a_refused_arm_takes_no_sequence_id(detector):
    with pytest.raises(ArmError):
        detector.arm(request(), refuse=True)
    assert detector.sequence_id == 0


def test_a_trigger_without_an_arm_does_nothing(detector, seen):
    detector.trigger()
    assert seen == []


def test_a_dropped_file_never_comes(detector):
    take(detector, request(images=3, images_per_file=1, dropped_file=2))
    assert [detector.has_file(f"x_1_data_00000{k}.h5") for k in (1, 2, 3)] == [True, False, True]


def test_no_images_for_each_file_puts_all_into_the_master(detector):
    take(detector, request(images_per_file=0))
    with h5py.File(io.BytesIO(detector.fetch_file("x_1_master.h5"))) as master:
        assert master["entry/data/data_000001"].shape == (3, 32, 48)


@pytest.mark.parametrize("pattern", ["/etc/x_$id", "../../x_$id"])
def test_a_pattern_does_not_lead_out_of_the_memory(detector, tmp_path, pattern):
    take(detector, request(pattern=pattern))
    assert detector.has_file(f"{pattern.replace('$id', '1')}_data_000001.h5")
    assert [path.name for path in tmp_path.glob("*/*_data_*")] == ["x_1_data_000001.h5"]


def test_links_may_be_absolute_paths_of_the_iocs_view(detector):
    detector.arm(request(pattern="sub/x_$id", link_folder="/data/"))
    wait_for_file(detector, "sub/x_1_master.h5")
    with h5py.File(io.BytesIO(detector.fetch_file("sub/x_1_master.h5"))) as master:
        link = master.get("entry/data/data_000001", getlink=True)
    assert link.filename == "/data/sub/x_1_data_000001.h5"


def test_all_channels_are_in_the_newer_layout(detector):
    take(detector, request(nexus=True, channels=("threshold_1", "threshold_2", "difference")))
    with h5py.File(io.BytesIO(detector.fetch_file("x_1_data_000001.h5"))) as file:
        assert file["entry/data/data"].shape == (3, 3, 32, 48)


def test_a_deleted_file_is_gone(detector):
    take(detector, request())
    detector.delete_file("x_1_data_000001.h5")
    assert not detector.has_file("x_1_data_000001.h5")
