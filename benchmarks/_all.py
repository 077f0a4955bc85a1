"""Runs all benchmarks, prints one table, and writes it with all that they said to benchmarks/results.md.

python benchmarks/_all.py [OPTION...]      the options go to `local.py`, such as --frames 200 --rounds 3
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from _table import ROWS_VARIABLE, lines_of, missed_in, rows_in

HERE = Path(__file__).parent
RESULTS = HERE / "results.md"
SHOWN = (
    "id3c-data",
    "numpy",
    "h5py",
    "hdf5plugin",
    "imagecodecs",
    "dectris-compression",
    "dask",
    "tiled",
    "blissdata",
)

LEGEND = """
Medians of all rounds, in brackets the best round; a ratio is that of the medians, ours to the peer's, and
bold where it misses its goal. Everyone took turns on this machine, each in a process of its own. Peak
memory is that of the process above Python with NumPy, what it reads into included.
"""


def scripts() -> list[Path]:
    """Return the benchmarks; those that hand in rows first."""
    found = sorted(path for path in HERE.glob("[!_]*.py"))
    return sorted(found, key=lambda path: "hand_in" not in path.read_text())


def run(script: Path, options: list[str]) -> tuple[str, str, float]:
    """Run a benchmark, show what it says, and return its command, that, and how long it took."""
    command = ["python", str(script.relative_to(HERE.parent)), *options]
    print(f"\n$ {' '.join(command)}", flush=True)
    began, said = time.monotonic(), list[str]()
    process = subprocess.Popen(
        [sys.executable, *command[1:]], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        said.append(line)
    if process.wait():
        said.append(f"ended with exit code {process.returncode}\n")
    return " ".join(command), "".join(said), time.monotonic() - began


def machine() -> Iterator[str]:
    """Yield what the figures depend on."""
    model = next(
        (line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")),
        platform.processor(),
    )
    yield f"{model}, {len(os.sched_getaffinity(0))} cores; load before: {os.getloadavg()[0]:.1f}"
    yield f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    yield ", ".join(f"{name} {found}" for name in SHOWN if (found := _version(name)))


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def main() -> None:
    """Run all."""
    about = [f"- {line}" for line in machine()]
    with tempfile.TemporaryDirectory() as folder:
        rows_file = Path(folder) / "rows"
        rows_file.touch()
        os.environ[ROWS_VARIABLE] = str(rows_file)
        answers = [run(script, sys.argv[1:] if script.stem == "local" else []) for script in scripts()]
        rows = rows_in(rows_file)
    missed = missed_in(rows)
    found = f"{len(missed)} goals missed: {'; '.join(missed)}." if missed else "All goals are reached."
    table = [*lines_of(rows), "", found]
    print("\n" + "\n".join(table))
    parts = ["# Results of `make bench`\n", "\n".join(about)]
    parts += [LEGEND]
    parts += ["\n".join(table)]
    parts += [
        f"\n## `{command}`\n\n{took:.0f} s\n\n```text\n{said.strip()}\n```" for command, said, took in answers
    ]
    RESULTS.write_text("\n".join(parts) + "\n")
    print(f"\n{RESULTS.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
