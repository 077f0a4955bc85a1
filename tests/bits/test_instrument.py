"""The detector in an instrument of 3-ID-C's kind: made by apsbits, counted and scanned, read back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import databroker
import epics
import numpy as np
import pytest
import yaml
from apsbits.core.best_effort_init import init_bec_peaks
from apsbits.core.catalog_init import init_catalog
from apsbits.core.instrument_init import init_instrument, make_devices
from apsbits.core.run_engine_init import init_RE
from bluesky import plans as bp
from bluesky.utils import FailedStatus
from ophyd.sim import SynAxis

from id3c_data.catalog import connect, register_consolidator, serve, subscribe
from id3c_data.config import check
from id3c_data.devices import Eiger2Base, declare_points
from id3c_data.documents import AdEiger2Handler, register_handlers
from id3c_data.errors import DetectorFault, Id3cDataError
from id3c_data.sim import FrameModel
from id3c_data.testing import RunningIoc

CONFIGS = Path(__file__).parents[2] / "configs"
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use_with_bits.md"
MODEL = FrameModel(height=64, width=80, bit_depth=32)
CREATORS = (
    "id3c_data.devices.Eiger2Detector",
    "id3c_data.devices.eiger2_creator",
    "apstools.devices.ad_creator",
)

# databroker 1 announces its own end, and calls xarray as it once was.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The method Broker.insert:PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The return type of `Dataset.dims`:FutureWarning"),
]


def devices_file(creator: str, prefix: str, templates: dict[str, str]) -> dict[str, Any]:
    """Return the content of a devices file: this package's own, or 3-ID-C's with its HDF5 plugin put in."""
    if creator.endswith("Eiger2Detector"):
        content = yaml.safe_load((CONFIGS / "devices.yml").read_text())
        (detector,) = content[creator]
        detector.update(templates)
    else:
        text = (CONFIGS / "3idc" / "devices.yml").read_text()
        text = text.replace("      # - hdf1:", "      - hdf1:").replace("      #     ", "          ")
        (detector,) = yaml.safe_load(text)["apstools.devices.ad_creator"]
        (hdf1,) = [plugin["hdf1"] for plugin in detector["plugins"] if "hdf1" in plugin]
        hdf1.update(templates)
        content = {creator: [detector]}
    detector["prefix"] = prefix
    return content


@pytest.fixture(scope="module")
def instrument() -> Any:
    """What apsbits keeps its devices in."""
    instrument, _ = init_instrument("guarneri")
    return instrument


@pytest.fixture(params=CREATORS, ids=["class", "creator", "ad_creator"])
def eiger2(
    request: pytest.FixtureRequest,
    instrument: Any,
    ioc: RunningIoc,
    templates: dict[str, str],
    tmp_path: Path,
) -> Iterator[Any]:
    """The detector, made by apsbits from a file."""
    content = devices_file(request.param, ioc.prefix, templates)
    (tmp_path / "devices.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    make_devices(file="devices.yml", path=tmp_path, device_manager=instrument, pause=0)
    eiger2 = instrument.devices["eiger2"]
    eiger2.wait_for_connection(timeout=20)
    eiger2.cam.acquire_time.put(0.01)
    eiger2.cam.acquire_period.put(0.01)
    yield eiger2
    eiger2.destroy()


@pytest.fixture
def session(tmp_path: Path) -> Any:
    """RunEngine, table and catalog as apsbits' start-up makes them."""
    iconfig = {"RUN_ENGINE": {"MD_PATH": str(tmp_path / "md.yml")}, "BEC": {"PLOTS": False}}
    bec, _ = init_bec_peaks(iconfig)
    cat = init_catalog(iconfig)
    assert isinstance(cat.v1, databroker.Broker)
    engine, _ = init_RE(iconfig, subscribers=[bec, cat])
    return SimpleNamespace(RE=engine, cat=cat)


@pytest.fixture
def sim_motor() -> Any:
    """The simulated motor of apsbits' own examples."""
    return SynAxis(name="sim_motor")


def frames(first_series: int, count: int) -> np.ndarray:
    """Return the first frame of each series, as the simulated detector makes them."""
    return np.stack([MODEL.frame(first_series + n, 1) for n in range(count)])


@pytest.fixture(scope="module")
def tiled(detector_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Tiled catalog beside databroker's."""
    folder = tmp_path_factory.mktemp("catalog")
    with serve(folder, readable_storage=[detector_folder]) as server:
        yield connect(server.uri, api_key=server.api_key)


def hint_total(eiger2: Any) -> None:
    """Have the plugin's total in the table, as a user of an ad_creator detector does by hand."""
    if not isinstance(eiger2, Eiger2Base):
        eiger2.stats1.stage_sigs.update(enable="Enable", blocking_callbacks="Yes", compute_statistics="Yes")
        eiger2.stats1.kind = "normal"
        eiger2.stats1.total.kind = "hinted"


def test_a_count_is_read_back_pixel_by_pixel(eiger2: Any, session: Any) -> None:
    before = eiger2.cam.sequence_id.get()
    session.RE(bp.count([eiger2], num=3))
    images = session.cat[-1].primary.read()["eiger2_image"]
    assert (images.shape, images.dtype) == ((3, 64, 80), np.uint32)
    np.testing.assert_array_equal(images, frames(before + 1, 3))


def test_a_scan_shows_each_frame_s_total_in_the_table(
    eiger2: Any, session: Any, sim_motor: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    hint_total(eiger2)
    session.RE(bp.scan([eiger2], sim_motor, -1, 1, 3))
    data = session.cat[-1].primary.read()
    np.testing.assert_array_equal(data["sim_motor"], [-1, 0, 1])
    totals = data["eiger2_image"].sum(axis=(1, 2), dtype=float)
    np.testing.assert_array_equal(data["eiger2_stats1_total"], totals)
    table = capsys.readouterr().out
    assert "eiger2_stats1_total" in table
    rows = re.findall(r"\|\s+\d+ \|[^|]+\|[^|]+\|\s+([\d.]+) \|", table)
    assert [float(total) for total in rows] == totals.values.tolist()


def test_a_second_run_follows_the_first_without_any_reset(eiger2: Any, session: Any) -> None:
    before = eiger2.cam.sequence_id.get()
    for _ in range(2):
        session.RE(bp.count([eiger2], num=2))
    first, second = (session.cat[n].primary.read()["eiger2_image"] for n in (-2, -1))
    np.testing.assert_array_equal(np.concatenate([first, second]), frames(before + 1, 4))


@contextmanager
def fault(ioc: RunningIoc, knob: str) -> Iterator[None]:
    """Have the simulated detector misbehave."""
    pv = epics.get_pv(f"{ioc.prefix}Sim:{knob}")
    assert pv.wait_for_connection(10)
    pv.put(1, wait=True)
    try:
        yield
    finally:
        pv.put(0, wait=True)


def test_a_folder_that_the_ioc_refuses_ends_the_plan_before_the_run(
    eiger2: Any, session: Any, ioc: RunningIoc
) -> None:
    with fault(ioc, "RefusePath"), pytest.raises(DetectorFault, match=f"{ioc.prefix}.*FilePath"):
        session.RE(bp.count([eiger2], num=2))
    assert len(session.cat) == 0


def test_a_detector_that_does_not_arm_gives_no_event(eiger2: Any, session: Any, ioc: RunningIoc) -> None:
    with fault(ioc, "FailArm"), pytest.raises((FailedStatus, Id3cDataError)) as caught:
        session.RE(bp.count([eiger2], num=2))
    assert ioc.prefix in str(caught.value.__cause__ or caught.value)  # a status wraps what made it fail
    stop = session.cat[-1].metadata["stop"]
    assert (stop["exit_status"], stop["num_events"].get("primary", 0)) == ("fail", 0)
    session.RE(bp.count([eiger2], num=1))
    assert session.cat[-1].metadata["stop"]["exit_status"] == "success"


def test_several_images_a_point_make_an_axis_of_their_own(eiger2: Any, session: Any) -> None:
    if isinstance(eiger2, Eiger2Base):
        eiger2.num_images.put(3)
    else:
        eiger2.cam.stage_sigs["num_images"] = 3
    before = eiger2.cam.sequence_id.get()
    session.RE(bp.count([eiger2], num=2))
    images = session.cat[-1].primary.read()["eiger2_image"]
    assert images.dims[1:] == ("eiger2_frame", "eiger2_y", "eiger2_x")
    expected = [[MODEL.frame(before + 1 + n, i) for i in (1, 2, 3)] for n in range(2)]
    np.testing.assert_array_equal(images, expected)


def test_the_run_is_read_through_tiled_too(eiger2: Any, session: Any, tiled: Any) -> None:
    with subscribe(session.RE, tiled) as subscription:
        session.RE(bp.count([eiger2], num=3))
        subscription.wait()
    images = tiled[-1].primary["eiger2_image"].read()
    np.testing.assert_array_equal(images, session.cat[-1].primary.read()["eiger2_image"])


def test_bits_own_subscription_of_a_tiled_client_writes_arrays(
    eiger2: Any, session: Any, tiled: Any, tmp_path: Path
) -> None:
    register_consolidator()
    iconfig = {"RUN_ENGINE": {"MD_PATH": str(tmp_path / "tiled.yml")}}
    engine, _ = init_RE(iconfig, subscribers=[tiled, session.cat])
    engine(bp.count([eiger2], num=3))
    images = tiled[-1].primary["eiger2_image"].read()
    np.testing.assert_array_equal(images, session.cat[-1].primary.read()["eiger2_image"])


def test_start_up_as_the_page_has_it_arms_a_series_for_the_points_of_the_plan(
    instrument: Any, session: Any, ioc: RunningIoc, templates: dict[str, str], tmp_path: Path
) -> None:
    RE, cat = session.RE, session.cat  # noqa: N806 - the names of BITS' start-up
    register_handlers(cat, overwrite=True)
    RE.preprocessors.append(declare_points)
    assert cat.handler_registry["AD_EIGER2"] is AdEiger2Handler
    content = devices_file(CREATORS[0], ioc.prefix, templates)
    content[CREATORS[0]][0]["series"] = "run"
    (tmp_path / "devices.yml").write_text(yaml.safe_dump(content))
    make_devices(file="devices.yml", path=tmp_path, device_manager=instrument, pause=0)
    eiger2 = instrument.devices["eiger2"]
    eiger2.wait_for_connection(timeout=20)
    armed: list[int] = []
    eiger2.cam.num_triggers.subscribe(lambda value, **_: armed.append(int(value)), run=False)
    RE(bp.count([eiger2], num=3))
    eiger2.destroy()
    assert 3 in armed
    assert cat[-1].primary.read()["eiger2_image"].shape == (3, 64, 80)


def test_the_devices_of_the_page_are_those_that_their_classes_take(tmp_path: Path) -> None:
    for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE):
        (tmp_path / "devices.yml").write_text(block)
        assert check(tmp_path / "devices.yml") == []


def test_3idc_s_file_as_it_stands_counts_without_images(
    instrument: Any, session: Any, ioc: RunningIoc, tmp_path: Path
) -> None:
    text = (CONFIGS / "3idc" / "devices.yml").read_text()
    assert '"dp_eiger_sn:"' in text
    (tmp_path / "devices.yml").write_text(text.replace("dp_eiger_sn:", ioc.prefix))
    make_devices(file="devices.yml", path=tmp_path, device_manager=instrument, pause=0)
    eiger2 = instrument.devices["eiger2"]
    hint_total(eiger2)
    eiger2.cam.acquire_time.put(0.01)
    before = eiger2.cam.sequence_id.get()
    session.RE(bp.count([eiger2], num=2))
    eiger2.destroy()
    totals = session.cat[-1].primary.read()["eiger2_stats1_total"]
    np.testing.assert_array_equal(totals, frames(before + 1, 2).sum(axis=(1, 2), dtype=float))
