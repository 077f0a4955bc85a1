"""Draw the two pictures of the architecture page: ``python docs/figures/architecture.py``.

The rooms come from the contract that import-linter holds in CI (pyproject.toml), so that picture cannot lie.
"""

from __future__ import annotations

import tomllib
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]

ROOMS = {
    "cli": "one module for each command; no logic",
    "demo": "the whole chain on one machine, step by step",
    "doctor": "asks IOCs, folders and catalog whether they agree",
    "verify": "whether all that a run promises is there",
    "following": "the frames of a run as they land",
    "catalog": "Tiled: documents in, frames out",
    "devices": "ophyd: signals, taking frames",
    "documents": "what documents say; where a run stands; filling events",
    "images": "layouts of masters, chunks, decoding: FrameStack",
    "h5api": "HDF5 files and links, opened safely; ScanState",
    "config": "devices.yml, checked with line and column",
    "paths": "PathTemplates: write side and read side of one folder",
    "errors": "the tree of errors",
    "_own_python": "the same Python in a process of its own",
}
BESIDE = {
    "sim": ("the simulated Eiger2 IOC;", "imports nothing of the rest"),
    "testing": ("fixtures and contract suites,", "for other packages too"),
}

STYLE = """
  .sheet { fill: #ffffff; }
  .box { fill: #f3f6fa; stroke: #35506b; stroke-width: 1.2; }
  .core { fill: #fdf1dc; }
  .disk { fill: #e8f3e8; }
  .title { font: 600 14px sans-serif; fill: #16202b; }
  .note { font: 12px sans-serif; fill: #405060; }
  .way { stroke: #35506b; stroke-width: 1.6; fill: none; marker-end: url(#tip); }
"""
TIP = (
    '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#35506b"/></marker>'
)


def text(x: float, y: float, words: str, kind: str, anchor: str = "middle") -> str:
    """Return a line of text."""
    return f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def box(x: float, y: float, width: float, title: str, *notes: str, kind: str = "") -> str:
    """Return a box with a title and notes below it."""
    height = 30 + 17 * len(notes)
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" class="box {kind}"/>',
        text(x + width / 2, y + 20, title, "title"),
    ]
    parts += [text(x + width / 2, y + 38 + 17 * row, note, "note") for row, note in enumerate(notes)]
    return "\n".join(parts)


def way(*points: tuple[float, float], says: str = "", at: tuple[float, float] | None = None) -> str:
    """Return an arrow along points, and what it says."""
    line = f'<polyline points="{" ".join(f"{x:g},{y:g}" for x, y in points)}" class="way"/>'
    return line + (f"\n{text(*at, says, 'note')}" if at else "")


def picture(width: int, height: int, title: str, parts: list[str]) -> str:
    """Return a whole SVG file."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f"<defs>{TIP}</defs>",
            f'<rect width="{width}" height="{height}" class="sheet"/>',
            *parts,
            "</svg>\n",
        ]
    )


def way_of_the_data() -> str:
    """Draw how a frame comes from the detector to an array."""
    left, middle, right, wide = 20, 350, 690, 250
    parts = [
        box(left, 20, wide, "configs/devices.yml", "config/: checked, with line and column"),
        box(left, 120, wide, "Eiger2Detector", "devices/: arms, triggers, waits, verifies"),
        box(right, 120, wide, "IOC and DCU", "the beamline's, or those of sim/"),
        box(left, 230, wide, "documents", "start, descriptor, resource,", "datum, event, stop"),
        box(middle, 240, wide, "RunState", "documents/: is it finished?", kind="core"),
        box(
            right, 230, wide, "files", "master.h5 -> data_000001.h5 ...", "one disk, many mounts", kind="disk"
        ),
        box(middle, 20, wide, "PathTemplates", "paths/: write side <-> read side", kind="core"),
        box(left, 350, wide, "subscribe(RE, cat)", "catalog/: queue, and thread of its own"),
        box(right, 350, wide, "h5api/", "opens without locks, resolves links"),
        box(left, 450, wide, "Tiled server", "catalog/: MasterAdapter reads frames"),
        box(right, 450, wide, "FrameStack", "images/: one lazy array of all frames", kind="core"),
        box(left, 560, wide, "cat[-1]", 'primary["eiger2_image"], over HTTP'),
        box(middle, 560, wide, "EigerHandler", "documents/: databroker's events, filled"),
        box(right, 560, wide, "open_stack(master)", "where the disk is mounted"),
        way((145, 67), (145, 120)),
        way((270, 143), (690, 143), says="Channel Access", at=(480, 135)),
        way((145, 167), (145, 230)),
        way((815, 167), (815, 230), says="at the write path (as the IOC sees it)", at=(690, 202)),
        way((270, 262), (350, 262)),
        way((145, 294), (145, 350)),
        way((815, 294), (815, 350), says="at the read path (as readers see it)", at=(700, 326)),
        way((475, 287), (475, 373), (690, 373), says="ScanState", at=(585, 365)),
        way((475, 67), (475, 105), (145, 105), (145, 120)),
        way((815, 397), (815, 450)),
        way((145, 397), (145, 450)),
        way((690, 473), (270, 473), says="frames", at=(480, 465)),
        way((145, 497), (145, 560)),
        way((690, 487), (475, 487), (475, 560)),
        way((815, 497), (815, 560)),
    ]
    return picture(960, 625, "The way of the data", parts)


def layers() -> list[list[str]]:
    """Return the rooms, uppermost first, as import-linter's contract has them."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (one for one in settings["contracts"] if one["type"] == "layers")
    return [
        [name.strip().removeprefix("id3c_data.") for name in line.split("|")] for line in contract["layers"]
    ]


def rooms() -> str:
    """Draw the rooms as floors: imports go down only."""
    parts: list[str] = []
    for floor, names in enumerate(layers()):
        width = (600 - 20 * (len(names) - 1)) / len(names)
        for place, name in enumerate(names):
            kind = "core" if name in ("paths", "images", "h5api") else ""
            parts.append(box(20 + place * (width + 20), 20 + 58 * floor, width, name, ROOMS[name], kind=kind))
    last = 20 + 58 * len(layers())
    parts.append(way((640, 30), (640, last - 20), says="imports", at=(675, last / 2)))
    for row, (name, note) in enumerate(BESIDE.items()):
        parts.append(box(720, 78 + 116 * row, 220, name, *note))
    return picture(960, last + 10, "The rooms of the code", parts)


PICTURES = {"way_of_the_data.svg": way_of_the_data, "rooms.svg": rooms}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (HERE / name).write_text(draw())
