"""BLISS files: scans that say themselves where they stand, and Lima's images beside them."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for

import h5py
import numpy as np
import pytest

from id3c_data.errors import ConfigError, FileMissing
from id3c_data.h5api import BlissScanState, ScanPhase, dynamic_hdf5, static_hdf5
from id3c_data.testing.scan_states import ScanStateContract, SteppedScan

PATIENCE_S = 30.0
BLOCKED_S = 0.15
IMAGES_PER_FILE = 2


class BlissScan:
    """One scan of a BLISS file as BLISS' writer makes it, step by step."""

    def __init__(self, path, name):
        self.path, self.name, self.images = path, name, 0
        self._edit(lambda file: self._begin(file.create_group(name)))

    def _edit(self, change):
        with h5py.File(self.path, "a") as file:
            return change(file)

    def _begin(self, scan):
        scan.create_group("writer").create_dataset("status", (), h5py.string_dtype())
        scan["writer/status"][()] = "STARTING"
        scan["title"] = "ascan samy 0 1 3"

    def status(self, word):
        self._edit(lambda file: file[self.name]["writer/status"].write_direct(np.array(word, dtype=object)))

    def prepare(self):
        def add(file):
            for name in ("samy/value", "diode1/data"):
                file[self.name].create_dataset(
                    f"instrument/{name}", (0,), "f8", maxshape=(None,), chunks=(64,)
                )

        self._edit(add)
        self.status("RUNNING")

    def point(self, y):
        def append(file):
            for name, value in (("samy/value", y), ("diode1/data", 10 * y)):
                dataset = file[self.name][f"instrument/{name}"]
                dataset.resize(len(dataset) + 1, axis=0)
                dataset[-1] = value

        self._edit(append)

    def lima_file(self, images=IMAGES_PER_FILE, detector="eiger1"):
        folder = self.path.parent / f"scan{int(self.name.split('.')[0]):04d}"
        folder.mkdir(exist_ok=True)
        number = self.images // IMAGES_PER_FILE
        frames = np.arange(self.images, self.images + images)[:, None, None] * np.ones((1, 4, 6), "u2")
        with h5py.File(folder / f"{detector}_{number:04d}.h5", "w") as file:
            file["entry_0000/measurement/data"] = frames.astype("u2")
        self.images += images

    def finish(self, word="SUCCEEDED"):
        self._edit(lambda file: file[self.name].create_dataset("end_time", data="2026-11-20T12:00:00"))
        self.status(word)

    def link_images(self):
        """Make the virtual dataset that leads to Lima's files, as at the end of a scan."""
        layout = h5py.VirtualLayout((self.images, 4, 6), "u2")
        for number in range(self.images // IMAGES_PER_FILE):
            first = number * IMAGES_PER_FILE
            layout[first : first + IMAGES_PER_FILE] = h5py.VirtualSource(
                f"scan{int(self.name.split('.')[0]):04d}/eiger1_{number:04d}.h5",
                "entry_0000/measurement/data",
                (IMAGES_PER_FILE, 4, 6),
            )
        self._edit(lambda file: file[self.name].create_virtual_dataset("instrument/eiger1/data", layout))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sample_0001.h5"


@pytest.fixture
def pool():
    pool = ThreadPoolExecutor(4)
    yield pool
    pool.shutdown(wait=False)


def is_blocked(read):
    return not wait_for([read], BLOCKED_S).done


def process_scan_data(nxentry, seen):
    """The seed's example."""
    datasets = zip(
        nxentry["instrument/samy/value"],
        nxentry["instrument/diode1/data"],
        nxentry["instrument/eiger1/data"],
        strict=False,
    )
    for y, intensity, image in datasets:
        seen.append((float(y), float(intensity), int(image[0, 0])))


class TestState(ScanStateContract):
    @pytest.fixture
    def scan(self, path):
        scan = BlissScan(path, "1.1")
        return SteppedScan(BlissScanState(path, "1.1"), scan.prepare, scan.finish)

    @pytest.mark.parametrize("word", ["SUCCEEDED", "FAILED"])
    def test_both_ways_to_end_are_an_end(self, path, word):
        scan = BlissScan(path, "1.1")
        scan.status(word)
        assert BlissScanState(path, "1.1").phase is ScanPhase.FINISHED

    def test_a_scan_without_status_ends_with_its_end_time(self, path):
        with h5py.File(path, "w") as file:
            file.create_group("1.1")
        state = BlissScanState(path, "1.1")
        assert state.phase is ScanPhase.NOT_PREPARED
        with h5py.File(path, "a") as file:
            file["1.1/end_time"] = "now"
        assert state.wait_for_change(ScanPhase.NOT_PREPARED, PATIENCE_S) is ScanPhase.FINISHED

    def test_a_file_that_is_not_there_is_not_prepared(self, path):
        assert BlissScanState(path, "1.1").wait_for_change(ScanPhase.NOT_PREPARED, 0.01) == 0

    def test_a_file_that_is_torn_is_as_it_was(self, path):
        BlissScan(path, "1.1").prepare()
        state = BlissScanState(path, "1.1")
        assert state.phase is ScanPhase.PREPARED
        path.write_bytes(path.read_bytes()[:300])
        assert state.phase is ScanPhase.PREPARED


class TestTopLevel:
    def test_names_of_scans_never_end_until_the_file_is_closed(self, path, pool):
        BlissScan(path, "1.1").finish()
        file = dynamic_hdf5.File(path)
        names = iter(file)
        assert next(names) == "1.1"
        read = pool.submit(list, names)
        assert is_blocked(read)
        BlissScan(path, "2.1")
        assert is_blocked(read)
        file.close()
        assert read.result(PATIENCE_S) == ["2.1"]

    def test_a_scan_that_is_not_there_is_waited_for(self, path, pool):
        BlissScan(path, "1.1").finish()
        with dynamic_hdf5.File(path) as file:
            read = pool.submit(lambda: file["2.1"])
            assert is_blocked(read)
            BlissScan(path, "2.1")
            assert read.result(PATIENCE_S).name == "/2.1"

    def test_what_a_scan_that_is_over_does_not_have_is_a_key_error(self, path):
        BlissScan(path, "1.1").finish()
        with dynamic_hdf5.File(path) as file, pytest.raises(KeyError):
            file["1.1/instrument"]

    def test_each_scan_ends_by_itself(self, path, pool):
        first, second = BlissScan(path, "1.1"), BlissScan(path, "2.1")
        for scan in (first, second):
            scan.prepare()
            scan.point(1.0)
        with dynamic_hdf5.File(path) as file:
            reads = [pool.submit(list, file[scan.name]["instrument/samy/value"]) for scan in (first, second)]
            assert is_blocked(reads[0])
            first.finish()
            assert reads[0].result(PATIENCE_S) == [1.0]
            assert is_blocked(reads[1])
            second.finish("FAILED")
            assert reads[1].result(PATIENCE_S) == [1.0]


class TestExample:
    def test_runs_while_the_scan_is_written(self, path, pool):
        seen = []

        def follow(file):
            for scan in file:
                process_scan_data(file[scan], seen)
                seen.append(scan)

        with dynamic_hdf5.File(path, lima_names=["eiger1"]) as file:
            reader = pool.submit(follow, file)
            for name in ("1.1", "2.1"):
                scan = BlissScan(path, name)
                scan.prepare()
                for n in range(4):
                    scan.point(float(n))
                    if n % IMAGES_PER_FILE == 1:
                        scan.lima_file()
                assert is_blocked(reader)
                scan.link_images()
                scan.finish()
            wait_until(lambda: seen[-1:] == ["2.1"])
            file.close()
            reader.result(PATIENCE_S)
        points = [(float(n), 10.0 * n, n) for n in range(4)]
        assert seen == [*points, "1.1", *points, "2.1"]

    @pytest.mark.parametrize("api", [dynamic_hdf5, static_hdf5])
    def test_runs_after_the_scan_without_naming_limas_detectors(self, path, api):
        scan = BlissScan(path, "1.1")
        scan.prepare()
        for n in range(4):
            scan.point(float(n))
            if n % IMAGES_PER_FILE == 1:
                scan.lima_file()
        scan.link_images()
        scan.finish()
        seen = []
        with api.File(path) as file:
            process_scan_data(file["1.1"], seen)
        assert seen == [(float(n), 10.0 * n, n) for n in range(4)]


class TestLima:
    @pytest.fixture
    def scan(self, path):
        scan = BlissScan(path, "1.1")
        scan.prepare()
        return scan

    def test_images_come_file_by_file(self, path, scan, pool):
        with dynamic_hdf5.File(path, lima_names=["eiger1"]) as file:
            read = pool.submit(lambda: file["1.1/instrument/eiger1/data"])
            assert is_blocked(read)
            scan.lima_file()
            images = read.result(PATIENCE_S)
            assert images[1, 0, 0] == 1
            read = pool.submit(lambda: images[1:3, 0, 0].tolist())
            assert is_blocked(read)
            scan.lima_file()
            assert read.result(PATIENCE_S) == [1, 2]
            assert images.shape == (4, 4, 6)
            assert images.dtype == "u2"

    def test_a_last_file_may_be_shorter(self, path, scan):
        scan.lima_file()
        scan.lima_file(1)
        scan.finish()
        with dynamic_hdf5.File(path, lima_names=["eiger1"]) as file:
            assert [int(image[0, 0]) for image in file["1.1/instrument/eiger1/data"]] == [0, 1, 2]

    def test_a_file_that_is_seen_before_the_one_ahead_of_it_stays_at_its_place(self, path, scan, pool):
        for _ in range(3):
            scan.lima_file()
        late, elsewhere = path.parent / "scan0001" / "eiger1_0001.h5", path.parent / "late.h5"
        late.rename(elsewhere)
        with dynamic_hdf5.File(path, lima_names=["eiger1"]) as file:
            images = file["1.1/instrument/eiger1/data"]
            assert images[4, 0, 0] == 4
            read = pool.submit(lambda: images[0:6, 0, 0].tolist())
            assert is_blocked(read)
            elsewhere.rename(late)
            assert read.result(PATIENCE_S) == [0, 1, 2, 3, 4, 5]

    def test_a_file_that_never_came_is_an_error_after_the_last_image_that_did(self, path, scan):
        for _ in range(3):
            scan.lima_file()
        scan.finish()
        (path.parent / "scan0001" / "eiger1_0001.h5").unlink()
        with dynamic_hdf5.File(path, lima_names=["eiger1"], settle_timeout=0) as file:
            images = iter(file["1.1/instrument/eiger1/data"])
            assert [int(next(images)[0, 0]) for _ in range(2)] == [0, 1]
            with pytest.raises(FileMissing, match=r"Lima's file number 1 is not there"):
                next(images)

    def test_a_file_that_lima_still_has_open_is_waited_for(self, path, scan, pool):
        scan.lima_file()
        half = path.parent / "scan0001" / "eiger1_0001.h5"
        half.write_bytes((path.parent / "scan0001" / "eiger1_0000.h5").read_bytes()[:700])
        with dynamic_hdf5.File(path, lima_names=["eiger1"]) as file:
            images = file["1.1/instrument/eiger1/data"]
            assert images[0:2].shape == (2, 4, 6)
            read = pool.submit(lambda: images[2, 0, 0])
            assert is_blocked(read)
            scan.lima_file()
            assert read.result(PATIENCE_S) == 2

    def test_a_template_says_where_the_files_are(self, path, scan):
        scan.lima_file()
        (path.parent / "scan0001").rename(path.parent / "raw_1_eiger1")
        template = (
            "{dirname}/{kind}_{scan_number}_{bliss_detector_name}/eiger1_{{file_index}}.h5::/{entry}/data"
        )
        with dynamic_hdf5.File(
            path,
            lima_names=["eiger1"],
            lima_url_template=template,
            lima_url_template_args={"kind": "raw", "entry": "entry_0000/measurement"},
        ) as file:
            assert file["1.1/instrument/eiger1/data"][1, 0, 0] == 1

    def test_an_instrument_name_gives_limas_own_path(self, path, scan):
        scan.lima_file()
        with h5py.File(path.parent / "scan0001" / "eiger1_0000.h5", "a") as lima:
            lima["entry_0000/id00/eiger1/data"] = lima["entry_0000/measurement/data"]
            del lima["entry_0000/measurement"]
        with dynamic_hdf5.File(
            path, lima_names=["eiger1"], lima_url_template_args={"instrument_name": "id00"}
        ) as file:
            assert file["1.1/instrument/eiger1/data"][1, 0, 0] == 1

    @pytest.mark.parametrize(
        "template", ["{dirname}/a.h5::/data", "{dirname}/{{file_index}}.h5", "{nothing}"]
    )
    def test_a_template_that_cannot_work_is_refused(self, path, template):
        with pytest.raises(ConfigError, match=r"file_index|filled in"):
            dynamic_hdf5.File(path, lima_names=["eiger1"], lima_url_template=template)


def wait_until(condition):
    """Wait for something that other threads bring about."""
    import time

    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
