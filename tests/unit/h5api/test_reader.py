"""When a reader looks again."""

import h5py
import pytest

from id3c_data.errors import RetryTimeoutException
from id3c_data.h5api._looks import Look, NotQuiet, NotYet
from id3c_data.h5api._reader import Reader
from id3c_data.h5api._standing import ScanWatch
from id3c_data.h5api._waiting import Patience, Wanted
from id3c_data.testing.waiting import PATIENCE_S


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.h5"
    h5py.File(path, "w").close()
    return path


@pytest.fixture
def wanted(state):
    return Wanted("what is wanted", "there", ScanWatch(state, 0))


def test_a_look_that_met_a_writer_is_made_again_when_the_file_is_quiet(path, wanted):
    """Also where the attempt went on without that file, and says only that something has not come."""
    looks: list[Look] = []

    def attempt(look, _):
        looks.append(look)
        try:
            look.open(path)
        except NotQuiet as error:
            raise NotYet("a part is being written") from error
        return "read"

    reader = Reader(path, Patience(retry_period=10 * PATIENCE_S, retry_timeout=PATIENCE_S))
    assert reader.until(attempt, wanted) == "read"
    assert looks[-1].met_writer is False
    reader.close()


def test_a_look_that_met_no_writer_is_made_again_only_when_something_changes(path, wanted):
    looks = 0

    def attempt(look, _):
        nonlocal looks
        looks += 1
        look.note(path)
        raise NotYet("it has not come")

    reader = Reader(path, Patience(retry_period=10 * PATIENCE_S, retry_timeout=0.5))
    with pytest.raises(
        RetryTimeoutException, match=r"what is wanted did not come within 0\.5 s \(it has not come\)"
    ):
        reader.until(attempt, wanted)
    assert looks <= 2  # once more when a change that came in the moment of the look would show
    reader.close()
