"""A server of `over_http.py`: of ours with a catalog, or with an array in memory in its place.

    python _catalog_server.py FOLDER READABLE PORT [MASTER]

With a master its frames are served from memory, at ``/images``. The key comes from the environment.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import uvicorn
from tiled.adapters.array import ArrayAdapter
from tiled.adapters.mapping import MapAdapter
from tiled.config import Config

from id3c_data.catalog._app import app_of, embedded_config, initialize_catalog
from id3c_data.catalog._server import _listener
from id3c_data.images import open_stack

MEMORY = MapAdapter({})
"""The tree of a server without a catalog; Tiled finds it by its name."""


def config_in_memory(master: str, key: str) -> Config:
    """Return the configuration of a server that has the frames of a master in memory."""
    with open_stack(master) as stack:
        chunks = (min(7, len(stack)), *stack.shape[1:])  # as our catalog has them
        MEMORY._mapping["images"] = ArrayAdapter.from_array(stack.read(), chunks=chunks)
    tree = {"path": "/", "tree": f"{Path(__file__).stem}:MEMORY"}
    return Config.model_validate({"trees": [tree], "authentication": {"single_user_api_key": key}})


def main() -> None:
    """Serve until told to end."""
    folder, readable, port, *master = sys.argv[1:]
    key = os.environ.pop("BENCHMARK_KEY")
    warnings.simplefilter("ignore")
    if master:
        sys.modules[Path(__file__).stem] = sys.modules["__main__"]
        config = config_in_memory(master[0], key)
    else:
        initialize_catalog(Path(folder) / "catalog.db")
        config = embedded_config(Path(folder), [readable], key)
    settings = uvicorn.Config(app_of(config), log_level="error", access_log=False)
    uvicorn.Server(settings).run(sockets=[_listener(int(port))])


if __name__ == "__main__":
    main()
