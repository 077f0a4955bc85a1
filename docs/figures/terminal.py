"""Draw terminals: ``python docs/figures/terminal.py`` runs the commands and keeps what they say."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

from click.testing import CliRunner
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from id3c_data.cli import main

HERE = Path(__file__).parent
WIDTH = 118

DEVICES = """\
apstools.devices.ad_creator:
  - name: eiger2
    prefix: dp_eiger_sn
    labels: area_detector
    plugins:
      - cam: {class: id3c_data.devices.Eiger2Cam}
      - stats1
      - hdf1:
          class: id3c_data.devices.Eiger2HDF5Plugin
          write_path_template: "s3ida/XRD/"  # FIXME
          read_path_template: "/path/to/s3ida/XRD/"
ophyd.EpicsMotor:
  - {name: sample-x, prefix: "3idc:m1"}
  - {name: m2, prefix: "3idc:m2"}
  - {name: m2, prefix: "3idc:m3"}
"""
RIGHT = """\
id3c_data.devices.Eiger2Detector:
  - name: eiger2
    prefix: "dp_eiger_sn:"
    write_path_template: "/detector/data/%Y/%m/%d/"
    read_path_template: "/data/eiger2/%Y/%m/%d/"
"""
TILED = """\
catalog:
  uri: sqlite:////srv/tiled/catalog.db
  readable_storage: [/data/eiger]
  adapters_by_mimetype:
    application/x-eiger-master: id3c_data.catalog:MasterAdapter
expose_raw_assets: false
"""

INK = (32, 40, 48)
THEME = TerminalTheme(
    (255, 255, 255),
    INK,
    # black, red, green, yellow, blue, magenta, cyan, white: dark enough on a white sheet
    [INK, (190, 40, 40), (20, 120, 50), (160, 100, 0), (40, 80, 170), (130, 50, 130), (0, 120, 130), INK],
)
SHEET = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {terminal_height}" role="img">
<style>
.{unique_id}-matrix {{ font: {char_height}px monospace; white-space: pre; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect width="{width}" height="{terminal_height}" fill="#ffffff" stroke="#35506b"/>
<g transform="translate(8, 8)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""rich's own sheet without its window, its buttons, and the fonts that it would fetch from elsewhere."""


def screen(name: str, files: dict[str, str], *arguments: str) -> str:
    """Return the picture of a command and its output, beside a folder ``configs`` with these files."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("configs").mkdir()
        for file, text in files.items():
            Path("configs", file).write_text(text)
        said = CliRunner().invoke(main, arguments, color=True).output
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text(f"$ id3c-data {' '.join(arguments)}", style="bold"))
    console.print(Text.from_ansi(said), soft_wrap=False)
    drawn = console.export_svg(title="", theme=THEME, code_format=SHEET, unique_id=name.partition(".")[0])
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


SCREENS = {
    "validate.svg": ({"devices.yml": DEVICES}, "validate", "--no-import", "configs/"),
    "validate_beside.svg": ({"devices.yml": RIGHT, "tiled.yml": TILED}, "validate", "configs/"),
    "paths.svg": ({"devices.yml": RIGHT}, "paths", "configs/devices.yml", "--at", "2026-11-20"),
}

if __name__ == "__main__":
    for name, (files, *arguments) in SCREENS.items():
        (HERE / name).write_text(screen(name, files, *arguments))
