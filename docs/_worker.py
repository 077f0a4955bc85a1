"""The Python session of one page of the documentation: runs block after block in one namespace.

Reads one JSON object a line, ``{"language", "source", "file", "line"}``, from stdin, and answers each with
one on the file descriptor that is its argument: ``{"failure": null}`` or the reason as text.
"""

from __future__ import annotations

import doctest
import io
import json
import os
import sys
import traceback
from typing import Any

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_block(source: str, file: str, line: int, namespace: dict[str, Any]) -> str | None:
    """Run statements; line numbers in a traceback are those of the page."""
    try:
        exec(compile("\n" * (line - 1) + source, file, "exec", dont_inherit=True), namespace)  # noqa: S102
    except BaseException:  # whatever a page does must not end its session
        return traceback.format_exc()
    return None


def run_transcript(source: str, file: str, line: int, namespace: dict[str, Any]) -> str | None:
    """Run a transcript with ``>>>`` and compare what it prints."""
    parsed = doctest.DocTestParser().get_doctest(source, {}, file, file, line - 1)
    parsed.globs = namespace
    said = io.StringIO()
    failed, _ = doctest.DocTestRunner(optionflags=OPTIONS).run(parsed, out=said.write, clear_globs=False)
    return said.getvalue() if failed else None


def run_ipython(source: str, file: str, line: int, namespace: dict[str, Any]) -> str | None:
    """Run a cell in IPython, with its magics."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance(user_ns=namespace)
    error = shell.run_cell(source).error_in_exec
    return f"{file}:{line}: {error!r}" if error else None


RUNNERS = {"python": run_block, "pycon": run_transcript, "ipython": run_ipython}


def main() -> None:
    """Serve until stdin ends."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with os.fdopen(int(sys.argv[1]), "w") as answers:
        for request in sys.stdin:
            block = json.loads(request)
            run = RUNNERS[block.pop("language")]
            answers.write(json.dumps({"failure": run(**block, namespace=namespace)}) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
