"""Write the table of faults, from what the tests recorded: ``python docs/_faults_page.py``.

The record, ``_faults.json``, is written by ``pytest --write-faults``; every run of the tests compares itself
with it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

DOCS = Path(__file__).parent
PAGE = DOCS / "reference" / "faults.md"
RECORD = DOCS / "_faults.json"
SOAK, FUZZING = DOCS / "_soak.json", DOCS / "_fuzzing.json"

HEAD = """\
# Faults

What happens when a part of the chain fails: how the tests make it fail, what the user sees, and what is lost.
Only what never reached a disk intact is lost, and it is named; frames are counted from 0 in their run.

Messages stand here as the tests got them: each run of the tests compares its own with this page. What differs
from run to run is replaced: uids, times, ports, and the folders of the tests.
"""
SOAK_HEAD = """\
## Soak

`make soak`: the whole chain takes a thousand runs in a row, a run of 10 000 points, and one of 100 000
frames. The session has the device and what writes the documents, the IOC what writes the files, and the
follower reads what comes. Memory is the highest after the first fifth of the time; what is
more than at the beginning of the rest has grown. The tests run a two-hundredth of it. As measured last:

| part | share | seconds | process | memory (MB) | grown (MB) | open files | more files |
|---|---|---|---|---|---|---|---|"""
FUZZING_HEAD = """\

## Fuzzing

`make fuzz`: whatever reads bytes of strangers is fed with damaged ones, each in a process that may have but
512 MB more address space than it begins with, and 20 s for one input. It fails where one crashes, hangs,
takes more memory, or raises an error that is not for such input; but for HDF5 files, whose library does not
survive every one, so that the process which reads them may die. The tests run a short one. Memory is that of
the whole process, and what makes the inputs takes most of it. As measured last:

| what is fed | inputs | taken | refused | process died | seconds | memory grown (MB) |
|---|---|---|---|---|---|---|"""
TAIL = """
This page is written by `docs/_faults_page.py`: the faults from what `pytest --write-faults` recorded, the
figures from `make soak ARGS="--record docs/_soak.json"` and `make fuzz ARGS="--record docs/_fuzzing.json"`.
"""
CHAPTERS = {
    "Detector and IOC": (
        "IOC killed while armed",
        "IOC killed between points",
        "IOC killed while downloading",
        "DCU drops one data file",
        "data file half-written, and then nothing",
        "disk full on the write side",
        "two detectors with one path",
        "clock 1 h off",
    ),
    "Runs": (
        "run aborted",
        "run stopped",
        "run failed",
        "run paused and resumed",
        "thousand runs in a row",
        "run of 10 000 points",
        "run of 100 000 frames",
    ),
    "Files": (
        "link with the IOC's path",
        "link dangling",
        "bit flips in a chunk",
        "master replaced by another run's",
        "permission denied",
    ),
    "Mounts": (
        "read mount absent",
        "read mount read-only",
        "read mount hangs",
        "read mount shows the file 20 s late",
    ),
    "Documents and catalog": (
        "Tiled killed",
        "Tiled slow",
        "Tiled restarted",
        "Tiled refusing",
        "catalog database locked",
        "disk full at the server",
        "disk full at the session",
        "session killed",
        "reader killed",
        "0MQ proxy restarted",
    ),
    "Attacks": (
        "link out of the allowed roots",
        "symbolic link swapped between check and open",
        "raw download of a file",
        "forged sizes in a file",
    ),
}
WHO = {
    "soak": "all",
    "devices": "scan",
    "follow": "follower",
    "following": "follower",
    "doctor": "doctor",
    "catalog": "catalog",
}
"""Who sees it, by the folder of its test."""


def page() -> str:
    """Return the whole page."""
    records: dict[str, dict[str, str]] = json.loads(RECORD.read_text())
    faults = (line for name in CHAPTERS for line in chapter(name, records))
    return "\n".join([HEAD, *faults, SOAK_HEAD, *soak_rows(), FUZZING_HEAD, *fuzzing_rows(), TAIL])


def soak_rows() -> Iterator[str]:
    """Yield a row for each process of each part of the soak."""
    for part, found in json.loads(SOAK.read_text()).items():
        for process, seen in found["processes"].items():
            names = ("memory_mb", "grown_mb", "files", "more_files")
            cells = (
                part,
                f"{found['scale']:.3g}",
                found["seconds"],
                process,
                *(seen[name] for name in names),
            )
            yield f"| {' | '.join(map(str, cells))} |"


def fuzzing_rows() -> Iterator[str]:
    """Yield a row for each target of the fuzzing."""
    for target, found in json.loads(FUZZING.read_text()).items():
        names = ("inputs", "taken", "refused", "died", "seconds", "grown_mb")
        yield f"| {' | '.join(map(str, (target, *(found[name] for name in names))))} |"


def chapter(name: str, records: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield the lines of a chapter: one row for each fault that a test made."""
    yield f"## {name}\n"
    yield "| fault | injected | what the user sees | what is lost | test |\n|---|---|---|---|---|"
    for fault in CHAPTERS[name]:
        tests = {test: record for test, record in sorted(records.items()) if record["fault"] == fault}
        if tests:
            yield row(fault, tests)
    yield ""


def row(fault: str, tests: dict[str, dict[str, str]]) -> str:
    """Return the row of one fault; what several tests got of it stands one below the other."""
    lost = [record["lost"] for record in tests.values()]
    cells = (
        [shown(fault)],
        [record["injected"] for record in tests.values()],
        [f"*{who(test)}*: {shown(record['seen'])}" for test, record in tests.items()],
        [shown(text) for text in lost if text != "nothing"] or ["nothing"],
        [f"`{test.partition('[')[0]}`" for test in tests],
    )
    return f"| {' | '.join('<br>'.join(dict.fromkeys(cell)) for cell in cells)} |"


def who(test: str) -> str:
    """Return who sees what a test reports: ``scan``, ``reader``."""
    return WHO.get(Path(test.partition("::")[0]).parent.name, "reader")


def shown(text: str) -> str:
    """Return a message as plain text of a cell."""
    return re.sub(r"([\\`*_{}\[\]<>|$~#])", r"\\\1", text)


def exists(test: str) -> bool:
    """Return whether there is a test of that id."""
    file, _, name = test.partition("[")[0].partition("::")
    return name in functions(DOCS.parent / file)


@cache
def functions(file: Path) -> frozenset[str]:
    """Return the names of the functions of a file."""
    if not file.exists():
        return frozenset()
    return frozenset(
        node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)
    )


if __name__ == "__main__":
    PAGE.write_text(page())
