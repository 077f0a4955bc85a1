import pickle

from id3c_data.h5api import FINISHED, ScanPhase, ScanState


def test_phases_only_move_on():
    assert ScanPhase.NOT_PREPARED < ScanPhase.PREPARED < ScanPhase.FINISHED


def test_finished_is_finished_and_nothing_waits_for_it():
    assert isinstance(FINISHED, ScanState)
    assert FINISHED.phase is ScanPhase.FINISHED
    for known in ScanPhase:
        assert FINISHED.wait_for_change(known, timeout=None) is ScanPhase.FINISHED


def test_finished_is_one_object_also_after_pickling():
    assert pickle.loads(pickle.dumps(FINISHED)) is FINISHED  # noqa: S301
    assert repr(FINISHED) == "FINISHED"
