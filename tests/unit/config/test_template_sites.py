"""Which part of the IOC the write side of a pair of templates goes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from id3c_data.config import load

TEMPLATES = "write_path_template: /ioc/, read_path_template: /data/"
OURS = f"id3c_data.devices.Eiger2Detector:\n- {{name: a, prefix: 'a:', {TEMPLATES}%s}}\n"
CREATOR = "id3c_data.devices.eiger2_creator:\n- {name: a, prefix: 'a:', %s}\n"
AD = "apstools.devices.ad_creator:\n- {name: a, prefix: 'a:', %s}\n"


def sites_of(text: str, folder: Path) -> list[tuple[str, str]]:
    """Return plugin and port of each pair of templates of a file."""
    (folder / "devices.yml").write_text(text)
    loaded = load([folder / "devices.yml"], imports=False)
    return [(site.plugin, site.port) for site in loaded.devices.sites]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OURS % "", ("", "cam1:")),
        (OURS % ", writer: hdf5", ("", "HDF1:")),
        (CREATOR % TEMPLATES, ("", "cam1:")),
        (CREATOR % f"plugins: [{{cam: {{suffix: 'cam2:'}}}}], {TEMPLATES}", ("", "cam2:")),
        (CREATOR % f"plugins: [cam, {{hdf1: {{{TEMPLATES}}}}}]", ("hdf1", "HDF1:")),
        (CREATOR % f"plugins: [cam, {{hdf1: {{{TEMPLATES}, suffix: 'H2:'}}}}]", ("hdf1", "H2:")),
        (CREATOR % f"writer: dcu, plugins: [cam, {{hdf1: {{{TEMPLATES}}}}}]", ("hdf1", "cam1:")),
        (
            CREATOR % f"plugins: [cam, hdf1], plugin_defaults: {{hdf1: {{{TEMPLATES}}}}}",
            ("hdf1", "HDF1:"),
        ),
        (AD % f"plugins: [cam, {{tiff1: {{{TEMPLATES}}}}}]", ("tiff1", "TIFF1:")),
        (AD % f"plugins: [cam, {{x1: {{class: a.B, suffix: 'X1:', {TEMPLATES}}}}}]", ("x1", "X1:")),
        (AD % f"plugins: [cam, {{x1: {{class: a.B, {TEMPLATES}}}}}]", ("x1", "")),
        (
            AD
            % f"plugin_defaults: {{cam: {{}}, tiff1: {{suffix: 'T2:', {TEMPLATES}}}}}, plugins: [cam, tiff1]",
            ("tiff1", "T2:"),
        ),
        (AD % f"plugin_defaults: {{tiff1: {{{TEMPLATES}}}}}, plugins: [cam, tiff1]", ("tiff1", "")),
        (f"my.Detector:\n- {{name: a, prefix: 'a:', {TEMPLATES}}}\n", ("", "")),
    ],
)
def test_port_is_that_of_what_writes(text: str, expected: tuple[str, str], tmp_path: Path) -> None:
    assert sites_of(text, tmp_path) == [expected]


def test_anchor_that_two_plugins_share_stands_in_each(tmp_path: Path) -> None:
    text = AD % f"plugins: [cam, {{tiff1: &both {{{TEMPLATES}}}}}, {{jpeg1: *both}}]"
    assert sites_of(text, tmp_path) == [("tiff1", "TIFF1:"), ("jpeg1", "JPEG1:")]


def test_class_that_derives_from_ours_elsewhere_writes_as_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "of_an_instrument.py").write_text(
        "from id3c_data.devices import Eiger2Detector\nclass Mine(Eiger2Detector):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "devices.yml").write_text(
        f"of_an_instrument.Mine:\n- {{name: a, prefix: 'a:', {TEMPLATES}}}\n"
    )
    (site,) = load([tmp_path / "devices.yml"]).devices.sites
    assert site.port == "cam1:"
