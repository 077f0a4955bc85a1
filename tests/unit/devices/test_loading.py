"""Devices made from devices.yml."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from id3c_data.config import check
from id3c_data.devices import Eiger2Detector, load_devices
from id3c_data.errors import ConfigError

PAIR = "{write_path_template: /detector/data/%Y/, read_path_template: /data/eiger2/%Y/}"


def written(folder: Path, text: str) -> Path:
    file = folder / "devices.yml"
    file.write_text(text)
    return file


def test_devices_come_by_name_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "ophyd.sim.SynAxis:\n- {name: b}\nophyd.Signal:\n- {name: a, value: 3}\n")
    devices = load_devices(file)
    assert list(devices) == ["b", "a"]
    assert devices["a"].get() == 3


def test_wrong_file_makes_no_device_and_says_all_problems(tmp_path: Path) -> None:
    file = written(tmp_path, "ophyd.Signal:\n- {name: a, valeu: 3}\n- {value: 3}\n")
    with pytest.raises(ConfigError) as raised:
        load_devices(file)
    assert f"{file}:2:13: E205" in str(raised.value)
    assert f"{file}:3:3: E206" in str(raised.value)


def test_single_problem_is_said_with_its_place(tmp_path: Path) -> None:
    file = written(tmp_path, "ophyd.Signal:\n- {name: a, valeu: 3}\n")
    with pytest.raises(ConfigError) as raised:
        load_devices(file)
    assert raised.value.where == f"{file}:2:13"
    assert raised.value.next_step == "did you mean 'value'?"


def test_path_map_moves_the_read_side_at_any_depth(tmp_path: Path) -> None:
    file = written(tmp_path, f"ophyd.Signal:\n- name: a\n  value: [{{hdf1: {PAIR}}}]\n")
    (plugin,) = load_devices(file, path_map={"/data/eiger2": "/mnt/disk7"})["a"].get()
    assert plugin["hdf1"] == {
        "write_path_template": "/detector/data/%Y/",
        "read_path_template": "/mnt/disk7/%Y/",
    }


def test_device_that_its_class_refuses_is_an_error_with_its_place(tmp_path: Path) -> None:
    file = written(tmp_path, "ophyd.Signal:\n- {name: a, kind: 2.5}\n")
    with pytest.raises(ConfigError, match=r"ophyd\.Signal cannot make this device: ValueError") as raised:
        load_devices(file)
    assert raised.value.where == f"{file}:2:3"


@pytest.mark.parametrize("devices", ["", "ophyd.sim.SynAxis:\n- {name: m1}\n"])
def test_file_of_a_server_is_no_file_of_devices(tmp_path: Path, devices: str) -> None:
    if devices:
        written(tmp_path, devices)
    (tmp_path / "tiled.yml").write_text("catalog: {uri: x}\n")
    with pytest.raises(ConfigError, match="E101: describes no devices"):
        load_devices(tmp_path / "tiled.yml")


def test_refusal_by_our_own_class_keeps_its_next_step(tmp_path: Path) -> None:
    pair = PAIR.strip("{}")
    plugins = "[cam, {stats1: {class: ophyd.areadetector.plugins.ROIPlugin_V34}}]"
    device = f"{{name: eiger2, prefix: 'x:', {pair}, plugins: {plugins}}}"
    with pytest.raises(ConfigError, match="refuses this device: eiger2: plugins: stats1 cannot be") as raised:
        load_devices(written(tmp_path, f"id3c_data.devices.eiger2_creator:\n- {device}\n"))
    assert raised.value.next_step.startswith("leave its class out")


def test_refusal_is_that_of_the_check_by_code_and_words(tmp_path: Path) -> None:
    wrong = {"writer": "dcx", "num_images": 0, "file_prefix": "a/b", "prefix": "x", "timeout": -1}
    for name, value in wrong.items():
        arguments = {"name": "eiger2", "prefix": "x:", **yaml.safe_load(PAIR), name: value}
        with pytest.raises(ConfigError) as refused:
            Eiger2Detector(**arguments)
        file = written(tmp_path, yaml.safe_dump({"id3c_data.devices.Eiger2Detector": [arguments]}))
        (problem,) = check([file], imports=False)
        error = refused.value
        assert (error.code, error.what, error.next_step) == (problem.code, problem.what, problem.next_step)


def test_warning_is_logged_and_keeps_nothing_from_loading(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(load_devices(written(tmp_path, "ophyd.Signal:\n- {name: peaks}\n"))) == ["peaks"]
    assert "W203" in caplog.text
