"""Write the reference of all problems, from what the checks say: ``python docs/_problems_page.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from id3c_data.config import Code, codes

PAGE = Path(__file__).parent / "reference" / "problems.md"

HEAD = """\
# Problems and their codes

What [`id3c-data validate`](command_line.md#id3c-data-validate) can say of a configuration, by code. A code
that begins with `E` is an error; one that begins with `W` is a warning, for what may be meant so: `# id3c:
ignore=W302` at the end of its line silences it. A code never changes its meaning. Each has here what is
true of a right file, why, a wrong example, and a right one; tests run them all.

This page is written by `docs/_problems_page.py`.
"""
TAIL = """\
## From Python

`id3c_data.config.load` reads and checks files, `check_live` asks the beamline about them, and `render` writes
what was found. [devices.yml](devices_yml.md) has the rest of `id3c_data.config`.

```{eval-rst}
.. autofunction:: id3c_data.doctor.check_live

.. autoclass:: id3c_data.doctor.Patience
   :members:

.. autofunction:: id3c_data.config.render

.. autoclass:: id3c_data.config.Report
   :members:
```
"""
CHAPTERS = {
    "1": "The file",
    "2": "The devices",
    "3": "The path templates",
    "4": "Beside devices.yml",
    "5": "At the beamline: `--live`",
}


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(line for number in CHAPTERS for line in chapter(number)), TAIL])


def chapter(number: str) -> Iterator[str]:
    """Yield the lines of one chapter: an overview, and a section for each code."""
    of_chapter = [code for code in codes().values() if code.code[1] == number]
    yield f"## {CHAPTERS[number]}\n"
    yield "| code | what is true of a right file |\n|---|---|"
    yield from (f"| [`{code.code}`](#{code.code.lower()}) | {code.rule} |" for code in of_chapter)
    yield ""
    for code in of_chapter:
        yield from section(code)


def section(code: Code) -> Iterator[str]:
    """Yield the lines of one code's section."""
    yield f"### {code.code}\n"
    yield f"{code.rule[0].upper()}{code.rule[1:]}.\n"
    yield f"{code.why}\n"
    if code.needs_imports:
        yield "Found by importing what the file names, so not with `--no-import`.\n"
    if not code.wrong:
        yield "No file shows it: it is a matter of the machine.\n"
    else:
        yield "Wrong:\n"
        yield from examples(code.wrong, "text")
        yield "Right:\n"
        yield from examples(code.right, "yaml")


def examples(example: str | Mapping[str, str], language: str) -> Iterator[str]:
    """Yield the files of an example, each under its name where there are more than one."""
    files = {"": example} if isinstance(example, str) else example
    for name, text in files.items():
        if len(files) > 1:
            yield f"`{name}`\n"
        yield f"```{language}\n{shown(text)}\n```\n"


def shown(text: str) -> str:
    """Return an example as a page can hold it: with bytes that are no UTF-8 as escapes."""
    return "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in text).rstrip()


if __name__ == "__main__":
    PAGE.write_text(page())
