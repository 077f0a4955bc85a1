"""Write the reference of what devices take, from their models: ``python docs/_arguments_page.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from id3c_data.config import schema

PAGE = Path(__file__).parent / "reference" / "device_arguments.md"

HEAD = """\
# Arguments in devices.yml

What a device of this package, or one that apstools' creator makes, may say in a `devices.yml`. Anything else
is refused: by [`id3c-data validate`](command_line.md#id3c-data-validate), and by the device.
`id3c-data schema` gives the same to editors.

This page is written by `docs/_arguments_page.py`.
"""


def page() -> str:
    """Return the whole page."""
    known = schema()
    lines = [HEAD]
    for path, section in known["properties"].items():
        model = known["$defs"][section["items"]["$ref"].rpartition("/")[2]]
        lines += [f"## {path}\n", f"{model['description']}\n", *table(model), ""]
    return "\n".join(lines)


def table(model: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the arguments of one class or creator; those that it needs first."""
    yield "| argument | takes | default | meaning |\n|---|---|---|---|"
    needed = model["required"]
    for name in sorted(model["properties"], key=lambda name: name not in needed):
        argument = model["properties"][name]
        default = "needed" if name in needed else shown(argument.get("default", ""))
        yield f"| `{name}` | {kind(argument)} | {default} | {argument['description']} |"


def shown(default: Any) -> str:
    """Return a default as YAML has it; nothing where it is empty."""
    return f"`{json.dumps(default)}`" if default not in ("", [], {}) else ""


def kind(argument: Mapping[str, Any]) -> str:
    """Return in words what an argument takes."""
    if "enum" in argument:
        return ", ".join(f"`{choice}`" for choice in argument["enum"])
    words = {
        "string": "text",
        "boolean": "`true`, `false`",
        "integer": "a whole number from 1 on",
        "number": "a number above 0",
        "array": "a list",
        "object": "a mapping",
    }
    return words[argument["type"]]


if __name__ == "__main__":
    PAGE.write_text(page())
