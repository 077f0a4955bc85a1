"""The process that imports what a file names: run by `find_in_child`, and by nobody else."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any

from ..errors import ConfigError
from ._arguments import find_by_import

__all__: list[str] = []


def _main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a module prints while it is imported is no answer
    answers.write("{}\n")  # it runs
    asked = json.loads(sys.stdin.readline())
    sys.path[:] = asked["sys_path"]
    for path in asked["paths"]:
        answers.write(json.dumps(_answer(path)) + "\n")
    answers.flush()
    os._exit(0)  # past threads that an import started and that would keep this process


def _answer(path: str) -> dict[str, Any]:
    try:
        return {"arguments": asdict(find_by_import(path))}
    except ConfigError as error:
        return {"what": error.what, "next_step": error.next_step}
    except (SystemExit, KeyboardInterrupt) as error:
        module = path.rpartition(".")[0]
        what = f"{module!r} cannot be imported: it ends its process ({type(error).__name__}: {error})"
        return {"what": what, "next_step": "take that out of the module: a session would end there too"}


if __name__ == "__main__":
    _main()
