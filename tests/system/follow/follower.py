"""Follows one run, in a process of its own: ``python follower.py zmq|tiled WHERE KEY SETTLE_S DATA_KEY``.

Each frame is told as a line of JSON with a digest of its pixels; the last line says how it ended.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Any

from id3c_data import follow
from id3c_data.errors import Id3cDataError


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def main(kind: str, where: str, key: str, settle_s: str, data_key: str = "") -> None:
    if key:
        os.environ["TILED_API_KEY"] = key
    options = {"retry_timeout": 50, "settle_timeout": float(settle_s), "data_key": data_key or None}
    with follow(where, **options) as frames:
        tell(listening=kind)
        try:
            for frame in frames:
                digest = hashlib.sha256(frame.image.tobytes()).hexdigest()
                tell(frame=frame.number, seq_num=frame.seq_num, index=frame.index, digest=digest,
                     master=frame.master.name)  # fmt: skip
        except Id3cDataError as error:
            tell(error=type(error).__name__, words=str(error), missing=frames.missing)
        else:
            assert frames.run is not None
            tell(exit_status=frames.run.exit_status)


if __name__ == "__main__":
    main(*sys.argv[1:])
