"""The three ways of use: the class from devices.yml, our creator, other people's detector classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky.preprocessors import stage_wrapper
from ophyd import Kind
from ophyd.areadetector import ADComponent, DetectorBase
from ophyd.areadetector.plugins import StatsPlugin_V34
from ophyd.areadetector.trigger_mixins import SingleTrigger
from ophyd.signal import DEFAULT_CONNECTION_TIMEOUT

from id3c_data.devices import (
    Eiger2Cam,
    Eiger2Detector,
    Eiger2HDF5Plugin,
    eiger2_creator,
    load_devices,
)
from id3c_data.errors import ConfigError, DetectorFault, FramesMissing

from .conftest import VIEW, wait_until


def devices_yml(folder: Path, creator: str, **arguments: Any) -> Path:
    file = folder / "devices.yml"
    file.write_text(yaml.safe_dump({creator: [arguments]}))
    return file


def test_class_from_devices_yml(bench: Any, engine: Any, docs: Any, tmp_path: Path) -> None:
    file = devices_yml(
        tmp_path, "id3c_data.devices.Eiger2Detector", labels=["area_detector"], **bench.arguments
    )
    detector = bench.adopt(load_devices(file)["eiger2"])
    assert isinstance(detector, Eiger2Detector)
    engine(bp.count([detector], num=2))
    assert docs.exit_status == "success"


def ad_creator_keys(bench: Any) -> dict[str, Any]:
    """A section as 3-ID-C's file has it for ad_creator, with its HDF5 plugin."""
    return {
        "prefix": bench.ioc.prefix,
        "name": "eiger2",
        "labels": ["area_detector", "detectors"],
        "plugins": [
            {"cam": {"class": "ophyd.areadetector.cam.EigerDetectorCam"}},
            "image",
            "pva",
            {
                "hdf1": {
                    "class": "ophyd.areadetector.plugins.HDF5Plugin_V34",
                    "write_path_template": f"{VIEW}/%Y/",
                    "read_path_template": f"{bench.folder}/%Y/",
                }
            },
            "roi1",
            "stats1",
        ],
    }


def test_our_creator_takes_ad_creators_keys(bench: Any, engine: Any, docs: Any, tmp_path: Path) -> None:
    file = devices_yml(tmp_path, "id3c_data.devices.eiger2_creator", **ad_creator_keys(bench))
    detector = bench.adopt(load_devices(file)["eiger2"])
    assert isinstance(detector.cam, Eiger2Cam)
    engine(bp.count([detector], num=2))
    (resource,) = docs.of("resource")
    assert resource["resource_kwargs"]["writer"] == "hdf5"
    assert len(docs.data("eiger2_stats1_total")) == 2


def test_our_creator_gives_our_guarantees(bench: Any, engine: Any, docs: Any) -> None:
    detector = bench.adopt(eiger2_creator(**ad_creator_keys(bench)))
    bench.put("Sim:DropArrays", 1)
    with pytest.raises(Exception, match="ExposureStatus"):
        engine(bp.count([detector]))
    assert docs.of("event") == []
    assert bench.idle


def test_our_creator_works_without_any_file_or_statistics_plugin(bench: Any, engine: Any, docs: Any) -> None:
    templates = {key: bench.arguments[key] for key in ("write_path_template", "read_path_template")}
    detector = bench.adopt(eiger2_creator(bench.ioc.prefix, name="eiger2", plugins=["cam"], **templates))
    engine(bp.count([detector]))
    assert docs.exit_status == "success"
    assert detector.hints == {"fields": []}


def test_our_creator_checks_ports_on_request(bench: Any) -> None:
    keys = ad_creator_keys(bench)
    bench.adopt(eiger2_creator(**keys, validate_ports=True))
    keys["plugins"] = ["cam", *(plugin for plugin in keys["plugins"][3:] if plugin != "roi1")]
    bench.put("Stats1:NDArrayPort", bench.get("ROI1:PortName_RBV", as_string=True))
    with pytest.raises(RuntimeError, match="asyn ports"):
        eiger2_creator(**keys, validate_ports=True)
    bench.put("Stats1:NDArrayPort", bench.get("cam1:PortName_RBV", as_string=True))


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        (["image"], "there is no cam"),
        ("cam", "E212: plugins: 'cam' is no list; write `- cam`"),
        ({"cam": {}}, "E212: plugins: {'cam': {}} is no list; begin each plugin with"),
        (["cam", "image", "cam"], "E212: plugins: cam stands there twice"),
        (["cm", "image"], "E212: plugins: cm is not known; did you mean 'cam'"),
        (["cam", "kaleidoscope"], "kaleidoscope is not known"),
        (["cam", {"image": {"class": "no.such.Class"}}], "E202: 'no.such' cannot be imported"),
        ([{"cam": {"class": "ophyd.areadetector.cam.SimDetectorCam"}}], "cam cannot be a SimDetectorCam"),
        (["cam", {"image": {}, "pva": {}}], "describes no plugin"),
        (["cam", {"roi1": {"class": "ROIPlugin"}}], "E201: 'ROIPlugin' is no import path"),
        (["cam", {"roi1": {"class": "textwrap.indent"}}], "E201: plugins: roi1 has no class in"),
        (["cam", {"roi1": {"sufix": "ROI1:"}}], "E205: plugin roi1 takes no 'sufix'; did you mean 'suffix'"),
        (["cam", {"roi1": {"suffix": "ROI1"}}], "E207: plugin roi1: suffix: 'ROI1' does not end in a colon"),
        (["cam", {"hdf1": {"read_path_template": "/c/"}}], "E218: plugins: hdf1 has the read_path"),
        (["cam", {"roi1": {"lazy": "maybe"}}], "E207: plugin roi1: lazy: 'maybe' is neither true nor false"),
    ],
)
def test_our_creator_says_what_is_wrong(plugins: Any, message: str) -> None:
    templates = {"write_path_template": "/a/", "read_path_template": "/b/"}
    with pytest.raises(ConfigError, match=message):
        eiger2_creator("x:", name="eiger2", plugins=plugins, **templates)


class AsAdCreatorMakesIt(SingleTrigger, DetectorBase):
    """The bases of ad_creator's classes, with our cam and HDF5 plugin."""

    cam = ADComponent(Eiger2Cam, "cam1:")
    stats1 = ADComponent(StatsPlugin_V34, "Stats1:")
    hdf1 = ADComponent(
        Eiger2HDF5Plugin, "HDF1:", write_path_template=f"{VIEW}/ad/", read_path_template="/replaced/"
    )


@pytest.fixture
def other_class(bench: Any) -> Any:
    cls = type(
        "OtherDetector",
        (AsAdCreatorMakesIt,),
        {
            "hdf1": ADComponent(
                Eiger2HDF5Plugin,
                "HDF1:",
                write_path_template=f"{VIEW}/ad/",
                read_path_template=f"{bench.folder}/ad/",
                timeout=1.0,
            )
        },
    )
    detector = bench.adopt(cls(bench.ioc.prefix, name="eiger2"))
    bench.put("cam1:AcquirePeriod", 0.01)
    bench.put("cam1:DataSource", "Stream")
    bench.put("cam1:NumImages", 2)
    bench.put("cam1:NumTriggers", 1)
    return detector


def test_another_class_with_our_parts_writes_one_file_for_the_run(
    other_class: Any, bench: Any, engine: Any, docs: Any
) -> None:
    engine(bp.count([other_class], num=3))
    assert docs.exit_status == "success"
    assert [slot for _, slot in docs.slots] == [0, 1, 2]
    (descriptor,) = docs.of("descriptor")
    key = descriptor["data_keys"]["eiger2_image"]
    assert (key["shape"], key["dtype_numpy"]) == ([2, 32, 48], "<u4")
    (file,) = bench.files
    assert file.stat().st_size > 0


def test_another_class_with_our_parts_describes_no_images_before_it_is_staged(other_class: Any) -> None:
    assert not [key for key in other_class.describe() if key.endswith("_image")]


def test_another_class_with_our_parts_refuses_an_event_without_exposure(
    other_class: Any, bench: Any, engine: Any, docs: Any
) -> None:
    bench.put("Sim:FailArm", 1)
    with pytest.raises((DetectorFault, FramesMissing)):
        engine(bp.count([other_class]))
    assert docs.of("event") == []


def test_another_class_with_our_parts_refuses_an_event_with_lost_frames(
    other_class: Any, bench: Any, engine: Any, docs: Any
) -> None:
    bench.put("Sim:DropArrays", 1)
    with pytest.raises(FramesMissing):
        engine(bp.count([other_class]))
    assert docs.of("event") == []


def test_another_class_with_our_cam_starts_no_ghost_acquisition(
    other_class: Any, bench: Any, engine: Any, docs: Any
) -> None:
    bench.put("cam1:AcquirePeriod", 0.5)

    def plan() -> Any:
        yield from bps.trigger(other_class)
        wait_until(lambda: bench.get("cam1:StatusMessage_RBV", as_string=True) == "Triggering")

    engine(stage_wrapper(plan(), [other_class]))
    bench.put("cam1:AcquirePeriod", 0.01)
    before = bench.get("cam1:SequenceId")
    engine(bp.count([other_class], num=2))
    assert len(docs.of("event")) == 2
    assert bench.get("cam1:SequenceId") == before + 2


def test_all_signals_of_another_class_connect(other_class: Any) -> None:
    other_class.wait_for_connection(all_signals=True, timeout=30)
    assert other_class.connected


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"writer": "tiff"}, "writer: 'tiff' is not known"),
        ({"series": "scan"}, "series: 'scan' is not known"),
        ({"data_source": "Tape"}, "data_source: 'Tape' is not known"),
        ({"num_images": 0}, "num_images: 0 is no count"),
        ({"images_per_file": 0}, "images_per_file: 0 is no count"),
        ({"file_prefix": "a/b"}, "cannot start a file name"),
        ({"hinted": ["stats1.totl"]}, "there is no signal 'stats1.totl'"),
        ({"read_attrs": ["zz"]}, "read_attrs: there is no component 'zz'"),
        ({"configuration_attrs": ["cam.aquire"]}, "configuration_attrs: there is no component 'cam.aquire'"),
        ({"write_path_template": "relative/"}, "write template"),
        ({"num_image": 3}, "E205: Eiger2Detector takes no 'num_image'; did you mean 'num_images'"),
        ({"exposure": 0.1}, "E205: Eiger2Detector takes no 'exposure'; "),
        ({"labels": "detectors"}, "E208: labels: 'detectors' is no list; write .detectors."),
        ({"labels": {5}}, "E208: labels: 5 is no text"),
        ({"kind": "hintd"}, "E207: kind: 'hintd' is not known; did you mean 'hinted'"),
        ({"read_attrs": "cam"}, "E207: read_attrs: 'cam' is no list of names"),
        ({"connection_timeout": "a"}, "E207: connection_timeout: 'a' is no time"),
        ({"child_name_separator": 5}, "E207: child_name_separator: 5 is no text"),
    ],
)
def test_wrong_argument_is_refused_without_an_ioc(wrong: dict[str, Any], message: str) -> None:
    right = {"name": "e", "write_path_template": "/a/", "read_path_template": "/b/"}
    with pytest.raises(ConfigError, match=message):
        Eiger2Detector("nobody:", **{**right, **wrong})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"swmr": "no"}, "swmr: 'no' is neither true nor false"),
        ({"timeout": 0}, "timeout: 0 is no time"),
        ({"file_prefix": "a/b"}, "cannot start a file name"),
        ({"write_path_template": "relative/"}, "write template"),
    ],
)
def test_wrong_argument_of_the_plugin_alone_is_refused_without_an_ioc(
    wrong: dict[str, Any], message: str
) -> None:
    right = {"name": "h", "write_path_template": "/a/", "read_path_template": "/b/"}
    with pytest.raises(ConfigError, match=message):
        Eiger2HDF5Plugin("nobody:HDF1:", **{**right, **wrong})


def test_what_python_and_ophyd_give_is_as_right_as_lists_in_a_file() -> None:
    detector = Eiger2Detector(
        "nobody:",
        name="e",
        write_path_template="/a/",
        read_path_template="/b/",
        labels={"detectors"},
        kind=Kind.hinted,
        read_attrs=("stats1",),
        connection_timeout=DEFAULT_CONNECTION_TIMEOUT,
    )
    assert detector._ophyd_labels_ == {"detectors"}
    assert Kind.hinted in detector.kind


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"plugin_defaults": 5}, "E207: plugin_defaults: 5 is no mapping"),
        ({"class_name": 5}, "E207: class_name: 5 is no text"),
        ({"validate_ports": "no"}, "E207: validate_ports: 'no' is neither true nor false"),
    ],
)
def test_wrong_argument_of_the_creator_is_refused_without_an_ioc(wrong: dict[str, Any], message: str) -> None:
    right = {"name": "e", "write_path_template": "/a/", "read_path_template": "/b/"}
    with pytest.raises(ConfigError, match=message):
        eiger2_creator("nobody:", **{**right, **wrong})


def test_creator_without_plugins_makes_those_of_the_detector() -> None:
    detector = eiger2_creator(
        "nobody:", name="e", write_path_template="/a/", read_path_template="/b/", plugins=None
    )
    assert {"cam", "image", "pva", "roi1", "stats1", "hdf1"} <= {*detector.component_names}


def test_a_detector_without_an_ioc_can_be_shown() -> None:
    detector = Eiger2Detector("nobody:", name="e", write_path_template="/a/", read_path_template="/b/")
    assert repr(detector) == "Eiger2Detector('nobody:', name='e')"
