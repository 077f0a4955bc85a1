"""``python -m id3c_data.h5api._looker_child N``: calls functions for a `Looker` at the end N of a pipe."""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection
from typing import Any


def _main() -> None:
    connection = Connection(int(sys.argv[1]))
    connection.send("ready")
    while True:
        try:
            function, args, kwargs = connection.recv()
        except EOFError:
            return
        answer: Any = None
        error: BaseException | None = None
        try:
            answer = function(*args, **kwargs)
        except Exception as raised:
            error = raised
        connection.send((answer, error))


if __name__ == "__main__":
    _main()
