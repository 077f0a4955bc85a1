"""The server of `over_http.py`: a catalog as `id3c-data serve` has it, and an array in memory beside it.

    python _catalog_server.py FOLDER DETECTOR_FILES MASTER PORT KEY
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from tiled.adapters.array import ArrayAdapter
from tiled.adapters.mapping import MapAdapter
from tiled.config import Config

from id3c_data.catalog._app import CATALOG_SPEC, adapters_by_name, app_of, initialize_catalog
from id3c_data.catalog._server import _listener
from id3c_data.images import open_stack


def config_of(folder: Path, readable: Path, key: str) -> Config:
    """Return the configuration: the catalog at ``/catalog``."""
    args = {
        "uri": f"sqlite:///{folder / 'catalog.db'}",
        "writable_storage": [str(folder / "data"), f"sqlite:///{folder / 'tables.db'}"],
        "readable_storage": [str(readable)],
        "specs": [CATALOG_SPEC],
        "adapters_by_mimetype": {"application/x-eiger2-master": "id3c_data.catalog:MasterAdapter"},
    }
    content = {
        "trees": [
            {"path": "/catalog", "tree": "catalog", "args": args},
            {"path": "/memory", "tree": f"{Path(__file__).stem}:MEMORY"},
        ],
        "authentication": {"single_user_api_key": key},
        "expose_raw_assets": False,
    }
    with adapters_by_name():
        return Config.model_validate(content)


MEMORY = MapAdapter({})


def main() -> None:
    """Serve until told to end."""
    folder, readable, master, port, key = sys.argv[1:]
    sys.modules[Path(__file__).stem] = sys.modules["__main__"]
    if master != "-":
        with open_stack(master) as stack:
            frame = stack.shape[1:]
            chunks = (min(8, len(stack)), *frame)
            MEMORY._mapping["images"] = ArrayAdapter.from_array(stack.read(), chunks=chunks)
    initialize_catalog(Path(folder) / "catalog.db")
    app = app_of(config_of(Path(folder), Path(readable), key))
    config = uvicorn.Config(app, log_level="warning", access_log=False, loop="asyncio")
    uvicorn.Server(config).run(sockets=[_listener(int(port))])


if __name__ == "__main__":
    main()
