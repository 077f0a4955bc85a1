from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import id3c_data.catalog
from id3c_data.catalog._lean_dask import _SparseArray
from id3c_data.errors import MissingExtra

SERVER = ("uvicorn", "fastapi", "tiled.server.app", "tiled.catalog.adapter")


def loaded_after(code: str, *modules: str) -> list[str]:
    """Run code in a Python of its own, and return which of some modules it loads."""
    script = f"import sys\n{code}\nprint(*[name for name in {modules!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_the_room_loads_nothing_heavy() -> None:
    heavy = ("tiled", "bluesky", "bluesky_tiled_plugins", "dask", "h5py", "httpx", "numpy", *SERVER)
    assert loaded_after("import id3c_data.catalog", *heavy) == []


def test_a_client_loads_no_server_nor_what_only_a_server_brings() -> None:
    heavy = (*SERVER, "sparse", "numba")
    assert loaded_after("from id3c_data.catalog import connect, subscribe, serve", *heavy) == []


def test_all_names_are_there() -> None:
    for name in id3c_data.catalog.__all__:
        assert getattr(getattr(id3c_data.catalog, name), "__name__", name) == name  # a router has none
    assert set(id3c_data.catalog.__all__) <= set(dir(id3c_data.catalog))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        id3c_data.catalog.conect  # noqa: B018


@pytest.mark.parametrize(
    ("name", "module", "extra"), [("connect", "tiled", "catalog"), ("serve_config", "uvicorn", "server")]
)
def test_a_missing_part_names_its_extra(
    name: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=f"{module}.inner")

    monkeypatch.setattr(id3c_data.catalog, "import_module", missing)
    with pytest.raises(MissingExtra, match=rf"{module} is not installed.*id3c-data\[{extra}\]"):
        getattr(id3c_data.catalog, name)


def test_dask_knows_arrays_of_sparse_although_no_client_imports_it() -> None:
    sparse = pytest.importorskip("sparse")
    assert issubclass(sparse.COO, _SparseArray)
    assert isinstance(sparse.COO([[0]], [1.0], shape=(2,)), _SparseArray)
    assert not issubclass(np.ndarray, _SparseArray)
