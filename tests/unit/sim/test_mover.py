import threading
import time

import pytest

from id3c_data.sim._mover import DownloadError, FileMover, MoveJob, write_in_place


class Memory:
    """A DCU's memory that tests fill when they want to."""

    def __init__(self, **files):
        self.files = {f"{name}.h5": content for name, content in files.items()}
        self.deleted = []

    def has_file(self, name):
        return name in self.files

    def fetch_file(self, name):
        return self.files[name]

    def delete_file(self, name):
        self.deleted.append(name)


class Moved(list):
    """What was saved and parsed, in order."""

    def save(self, name, content):
        self.append(("save", name, content))

    def parse(self, content):
        self.append(("parse", content))


def move(memory, names, *, stop=False, closed=None, check=lambda _: None, **job):
    stopped = threading.Event()
    if stop:
        stopped.set()
    mover = FileMover(memory, closed or threading.Event(), check)
    options = {"save": None, "parse": None, "remove": False, **job}
    return mover.run(MoveJob(names, **options), stopped)


def test_files_are_moved_in_order():
    memory, moved = Memory(m=b"master", d1=b"one", d2=b"two"), Moved()
    assert move(memory, ["m.h5", "d1.h5", "d2.h5"], save=moved.save)
    assert [name for _, name, _ in moved] == ["m.h5", "d1.h5", "d2.h5"]


def test_only_data_files_are_parsed():
    memory, moved = Memory(m=b"master", d1=b"one"), Moved()
    assert move(memory, ["m.h5", "d1.h5"], parse=moved.parse)
    assert moved == [("parse", b"one")]


def test_files_stay_in_memory_unless_they_are_to_be_removed():
    for remove, deleted in ((False, []), (True, ["m.h5"])):
        memory = Memory(m=b"master")
        move(memory, ["m.h5"], save=Moved().save, remove=remove)
        assert memory.deleted == deleted


def test_nothing_is_moved_before_a_late_master():
    memory, moved = Memory(d1=b"one"), Moved()
    thread = threading.Thread(target=move, args=(memory, ["m.h5", "d1.h5"]), kwargs={"save": moved.save})
    thread.start()
    time.sleep(0.3)  # a few polls
    assert moved == []
    memory.files["m.h5"] = b"master"
    thread.join(5)
    assert [name for _, name, _ in moved] == ["m.h5", "d1.h5"]


def test_a_file_that_never_comes_ends_the_job_after_three_seconds():
    moved, began = Moved(), time.monotonic()
    assert not move(Memory(m=b"master", d2=b"two"), ["m.h5", "d1.h5", "d2.h5"], save=moved.save, stop=True)
    assert 2.5 < time.monotonic() - began < 5
    assert [name for _, name, _ in moved] == ["m.h5"]


def _fail(name):
    if name != "m.h5":
        raise DownloadError(name)


def test_a_failed_download_is_passed_over():
    moved = Moved()
    assert move(Memory(m=b"master", d1=b"one", d2=b"two"), ["m.h5", "d1.h5"], save=moved.save, check=_fail)
    assert [name for _, name, _ in moved] == ["m.h5"]


def test_a_failed_download_hangs_where_files_are_saved_and_parsed():
    memory, moved, closed = Memory(m=b"master", d1=b"one"), Moved(), threading.Event()
    thread = threading.Thread(
        target=move,
        args=(memory, ["m.h5", "d1.h5"]),
        kwargs={"save": moved.save, "parse": moved.parse, "check": _fail, "closed": closed},
    )
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    closed.set()
    thread.join(5)
    assert not thread.is_alive()


def test_an_older_and_longer_file_keeps_its_tail(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    write_in_place(path, b"abcd")
    assert path.read_bytes() == b"abcd456789"


def test_a_file_is_visible_half_written(tmp_path):
    path, seen = tmp_path / "x", []
    write_in_place(path, b"abcdef", half_way=lambda: seen.append(path.read_bytes()))
    assert seen == [b"abc"]
    assert path.read_bytes() == b"abcdef"


def test_writing_can_stop_half_way(tmp_path):
    write_in_place(tmp_path / "x", b"abcdef", only_half=True)
    assert (tmp_path / "x").read_bytes() == b"abc"


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_in_place(tmp_path / "missing" / "x", b"abc")
