"""The check of devices.yml where what BITS instruments name is installed."""

from __future__ import annotations

from pathlib import Path

from apstools.devices.area_detector_factory import PLUGIN_DEFAULTS

from id3c_data.config import check, import_by_path
from id3c_data.config._plugins import AD_CREATOR_PLUGINS

CORPUS = Path(__file__).parents[1] / "unit" / "config" / "corpus"
NOT_INSTALLED = ("hkl.", "my_instrument.")
RIGHT = [
    file
    for file in sorted((CORPUS / "right").glob("*.yml"))
    if not any(name in file.read_text() for name in NOT_INSTALLED)
]
BETWEEN_FILES = ("E204", "W204")  # the same names in files that are alternatives

WRONG = """\
apstools.devices.ad_creater: # E202: did you mean 'ad_creator'?
  - {name: a}
apstools.synApps.Optics2Slit2D_VH: # E202: did you mean 'Optics2Slit2D_HV'?
  - {name: b}
apsbits.utils.sim_creator.predefined_device:
  - name: c
    creator: ophyd.sim.moter # E202: did you mean 'motor'?
apstools.devices.ad_creator:
  - name: d
    prefix: "d:"
    class_nam: Mine # E205: did you mean 'class_name'?
    plugins:
      - cam:
          class: apstools.devices.SimDetectorCam_V43 # E202: did you mean 'SimDetectorCam_V34'?
      - imag # E212: did you mean 'image'?
      - tiff1:
          read_path_template: "/data/"
          read_path_tmplate: "/data/" # E205: did you mean 'read_path_template'?
          write_path_template: "/ioc/"
"""


def test_plugins_of_ad_creator_and_their_classes_are_those_of_apstools() -> None:
    ours = {name: import_by_path(path) for name, path in AD_CREATOR_PLUGINS.items()}
    assert ours == {name: defaults["class"] for name, defaults in PLUGIN_DEFAULTS.items()}


def test_right_files_have_no_problem_with_all_that_they_name_imported() -> None:
    problems = check(RIGHT, import_timeout=120)
    assert [str(problem) for problem in problems if problem.code not in BETWEEN_FILES] == []


def test_wrong_names_are_found_with_the_right_ones(tmp_path: Path) -> None:
    file = tmp_path / "devices.yml"
    file.write_text(WRONG)
    found = {
        problem.line: f"{problem.code}: {problem.next_step}" for problem in check([file], import_timeout=120)
    }
    lines = enumerate(WRONG.splitlines(), 1)
    assert found == {number: line.split(" # ")[1] for number, line in lines if " # " in line}
