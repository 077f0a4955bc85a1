"""Points 1 to 9 of how the real IOC behaves: ``Acquire`` and ``Trigger``."""

from __future__ import annotations

import itertools
import time


def _changes(seen, *names):
    return [value for _, name, value in seen if name in names]


def test_01_put_callback_completes_as_the_acquisition_is_done(eiger):
    seen = eiger.watch("cam1:Acquire_RBV", "cam1:AcquireBusy")
    completed = eiger.start("cam1:Acquire", 1).wait()
    eiger.wait(lambda: _changes(seen, "cam1:AcquireBusy")[-1:] == ["Done"])
    eiger.wait(lambda: _changes(seen, "cam1:Acquire_RBV")[-1:] == ["Done"])
    done = [at for at, _, value in seen if value == "Done"]
    assert max(*done, completed) - min(*done, completed) < 0.3


def test_02_put_callback_waits_for_all_files(eiger, tmp_path):
    eiger.put("cam1:SaveFiles", 1)
    eiger.put("cam1:NumImages", 3)
    eiger.put("cam1:FWNImagesPerFile", 1)
    began = time.monotonic()
    eiger.put("cam1:Acquire", 1)
    assert time.monotonic() - began > 0.5
    names = sorted(path.name for path in tmp_path.iterdir())
    number = eiger.get("cam1:SequenceId")
    assert names == [*(f"t_{number}_data_00000{k}.h5" for k in (1, 2, 3)), f"t_{number}_master.h5"]


def test_02_put_callback_does_not_wait_for_files_that_nobody_fetches(eiger):
    began = time.monotonic()
    eiger.put("cam1:Acquire", 1)
    assert time.monotonic() - began < 0.5


def test_02_put_callback_waits_for_all_triggers(eiger):
    eiger.put("cam1:NumTriggers", 5)
    eiger.put("cam1:AcquirePeriod", 0.1)
    began = time.monotonic()
    eiger.put("cam1:Acquire", 1)
    assert time.monotonic() - began > 0.5


def test_03_states_and_messages_come_in_order(eiger):
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:NumImages", 2)
    eiger.put("cam1:Acquire", 1)
    before = eiger.get("cam1:SequenceId")
    names = ["DetectorState_RBV", "StatusMessage_RBV", "NumImagesCounter_RBV", "SequenceId", "Armed"]
    seen = eiger.watch(*(f"cam1:{name}" for name in names))
    eiger.put("cam1:Acquire", 1)
    eiger.wait(lambda: _changes(seen, "cam1:StatusMessage_RBV")[-1:] == ["Ready"])
    assert _changes(seen, "cam1:DetectorState_RBV") == ["Acquire", "Idle"]
    # "Armed" and "Triggering" follow in the same moment: a client may see the later one only, or that twice
    told = itertools.groupby(_changes(seen, "cam1:StatusMessage_RBV"))
    assert [said for said, _ in told if said != "Armed"] == [
        "Arming",
        "Triggering",
        "Processing files",
        "Ready",
    ]
    story = [(name.removeprefix("cam1:"), value) for _, name, value in seen]
    steps = [
        ("StatusMessage_RBV", "Arming"),
        ("NumImagesCounter_RBV", "0"),
        ("SequenceId", str(before + 1)),
        ("Armed", "Armed"),
        ("Armed", "Unarmed"),
        ("StatusMessage_RBV", "Processing files"),
        ("DetectorState_RBV", "Idle"),
        ("StatusMessage_RBV", "Ready"),
    ]
    places = [story.index(step) for step in steps]
    assert places == sorted(places)
    # the stream counts its images by itself; it is done when the cycle is
    counted = [story.index(step) for step in (steps[3], ("NumImagesCounter_RBV", "1"), steps[-2])]
    assert counted == sorted(counted)


def test_04_sequence_id_counts_arms(eiger):
    before = eiger.get("cam1:SequenceId")
    eiger.put("cam1:ManualTrigger", 1)
    eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:Armed", 1)
    assert eiger.get("cam1:SequenceId") == before + 1  # before any trigger


def test_05_manual_triggers_keep_the_put_callback_open_until_the_last(eiger):
    eiger.put("cam1:ManualTrigger", 1)
    eiger.put("cam1:NumTriggers", 2)
    eiger.put("cam1:DataSource", "Stream")
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Waiting for manual triggers")
    eiger.put("cam1:NumTriggers", 1)  # too late: the number is latched
    eiger.put("cam1:Trigger", 1)
    eiger.wait_for("cam1:NumImagesCounter_RBV", 1)
    time.sleep(0.3)  # nothing may happen in this time
    assert not done.done
    eiger.put("cam1:Trigger", 1)
    done.wait()
    assert eiger.get("cam1:NumImagesCounter_RBV") == 2


def test_05_a_start_right_behind_a_stop_completes_with_its_own_series(eiger):
    eiger.put("cam1:ManualTrigger", 1)
    eiger.put("cam1:DataSource", "Stream")
    for _ in range(10):
        eiger.write("cam1:Acquire", 0)  # nothing runs: done as soon as it is seen
        done = eiger.start("cam1:Acquire", 1)
        eiger.wait_for("cam1:StatusMessage_RBV", "Waiting for manual triggers")
        assert not done.done
        eiger.put("cam1:Trigger", 1)
        done.wait()


def test_06_trigger_fires_on_any_write_and_returns_at_once(eiger):
    eiger.put("cam1:ManualTrigger", 1)
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:AcquirePeriod", 1.0)
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:Armed", 1)
    began = time.monotonic()
    eiger.put("cam1:Trigger", 0)
    assert time.monotonic() - began < 0.5
    assert eiger.get("cam1:NumImagesCounter_RBV") == 0
    done.wait()
    assert eiger.get("cam1:NumImagesCounter_RBV") == 1


def test_07_triggers_during_an_exposure_melt_into_one(eiger):
    eiger.put("cam1:ManualTrigger", 1)
    eiger.put("cam1:NumTriggers", 3)
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:AcquirePeriod", 0.6)
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:Armed", 1)
    eiger.put("cam1:Trigger", 1)
    time.sleep(0.2)  # a third of the exposure
    for _ in range(4):
        eiger.put("cam1:Trigger", 1)
    eiger.wait_for("cam1:NumImagesCounter_RBV", 2)
    time.sleep(0.8)  # a third exposure would end in this time
    assert eiger.get("cam1:NumImagesCounter_RBV") == 2
    eiger.put("cam1:Trigger", 1)
    done.wait()


def test_07_trigger_while_idle_is_dropped(eiger):
    eiger.put("cam1:ManualTrigger", 1)
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:Trigger", 1)
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Waiting for manual triggers")
    time.sleep(0.3)  # an exposure would end in this time
    assert not done.done
    assert eiger.get("cam1:NumImagesCounter_RBV") == 0


def test_07_trigger_while_arming_fires_after_the_arm(eiger):
    eiger.put("cam1:ManualTrigger", 1)
    seen = eiger.watch("cam1:StatusMessage_RBV", "cam1:Armed")
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait(lambda: "Arming" in _changes(seen, "cam1:StatusMessage_RBV"))
    eiger.write("cam1:Trigger", 1)
    assert "Armed" not in _changes(seen, "cam1:Armed")
    done.wait()


def test_08_counter_runs_with_the_stream(eiger):
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:NumImages", 5)
    eiger.put("cam1:AcquirePeriod", 0.1)
    seen = eiger.watch("cam1:NumImagesCounter_RBV", "cam1:Armed")
    eiger.put("cam1:Acquire", 1)
    counts = [at for at, name, value in seen if name.endswith("Counter_RBV") and value != "0"]
    assert len(counts) == 5
    assert counts[-1] - counts[0] > 0.3


def test_08_counter_jumps_with_the_file_writer(eiger):
    eiger.put("cam1:DataSource", "FileWriter")
    eiger.put("cam1:NumImages", 4)
    eiger.put("cam1:FWNImagesPerFile", 2)
    eiger.put("cam1:AcquirePeriod", 0.25)
    seen = eiger.watch("cam1:NumImagesCounter_RBV")
    eiger.put("cam1:Acquire", 1)
    counts = [at for at, _, value in seen if value != "0"]
    assert len(counts) == 4
    gaps = [later - earlier for earlier, later in itertools.pairwise(counts)]
    assert [gap > 0.2 for gap in gaps] == [False, True, False]  # two files with two images each


def test_08_state_says_nothing_while_it_runs(eiger):
    seen = eiger.watch("cam1:State_RBV", "cam1:FWState_RBV")
    eiger.put("cam1:NumImages", 5)
    eiger.put("cam1:Acquire", 1)
    assert set(_changes(seen, "cam1:State_RBV", "cam1:FWState_RBV")) <= {"idle", "ready"}


def test_09_internal_enable_takes_one_image_each_trigger(eiger):
    eiger.put("cam1:NumImages", 7)
    eiger.put("cam1:TriggerMode", "Internal Enable")
    eiger.wait_for("cam1:NumImages_RBV", 1)
    eiger.put("cam1:NumTriggers", 2)
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:Acquire", 1)
    assert eiger.get("cam1:NumImagesCounter_RBV") == 2


def test_external_series_ends_with_the_last_image(eiger):
    eiger.put("cam1:TriggerMode", "External Series")
    eiger.put("cam1:NumTriggers", 2)
    eiger.put("cam1:NumImages", 2)
    eiger.put("cam1:DataSource", "Stream")
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait_for("cam1:Armed", 1)
    eiger.put("Sim:ExternalTrigger", 1)
    eiger.wait_for("cam1:NumImagesCounter_RBV", 2)
    assert not done.done
    eiger.put("Sim:ExternalTrigger", 1)
    done.wait()
    assert eiger.get("cam1:NumImagesCounter_RBV") == 4


def test_continuous_mode_starts_one_series_after_the_other(eiger):
    eiger.put("cam1:TriggerMode", "Continuous")
    before = eiger.get("cam1:SequenceId")
    done = eiger.start("cam1:Acquire", 1)
    eiger.wait(lambda: eiger.get("cam1:SequenceId") > before + 2)
    assert not done.done
    eiger.write("cam1:Acquire", 0)
    done.wait()


def test_frames_come_at_a_hundred_hertz(eiger):
    eiger.put("cam1:DataSource", "Stream")
    eiger.put("cam1:NumImages", 100)
    eiger.put("cam1:AcquireTime", 0.01)
    eiger.put("cam1:AcquirePeriod", 0.01)
    began = time.monotonic()
    eiger.put("cam1:Acquire", 1)
    assert eiger.get("cam1:NumImagesCounter_RBV") == 100
    assert time.monotonic() - began < 3


def test_disabled_source_is_an_error(eiger):
    eiger.put("cam1:FWEnable", 0)
    eiger.put("cam1:DataSource", "FileWriter")
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "FileWriter API is disabled")
    assert eiger.text("cam1:DetectorState_RBV") == "Error"
    eiger.put("cam1:DataSource", "None")
    eiger.put("cam1:Acquire", 1)
    eiger.wait_for("cam1:StatusMessage_RBV", "Ready")
