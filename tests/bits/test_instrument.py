"""The detector in an instrument of 3-ID-C's kind: made by apsbits, counted and scanned, read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import databroker
import numpy as np
import pytest
import yaml
from apsbits.core.best_effort_init import init_bec_peaks
from apsbits.core.catalog_init import init_catalog
from apsbits.core.instrument_init import init_instrument, make_devices
from apsbits.core.run_engine_init import init_RE
from bluesky import plans as bp

from id3c_data.sim import FrameModel
from id3c_data.testing import RunningIoc

CONFIGS = Path(__file__).parents[2] / "configs"
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
        text = (CONFIGS / "devices_3idc.yml").read_text()
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


def frames(first_series: int, count: int) -> np.ndarray:
    """Return the first frame of each series, as the simulated detector makes them."""
    return np.stack([MODEL.frame(first_series + n, 1) for n in range(count)])


def test_a_count_is_read_back_pixel_by_pixel(eiger2: Any, session: Any) -> None:
    before = eiger2.cam.sequence_id.get()
    session.RE(bp.count([eiger2], num=3))
    images = session.cat[-1].primary.read()["eiger2_image"]
    assert (images.shape, images.dtype) == ((3, 64, 80), np.uint32)
    np.testing.assert_array_equal(images, frames(before + 1, 3))
