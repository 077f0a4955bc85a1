"""The private parts of others that this room relies upon: what a new release must be looked at for."""

from __future__ import annotations

import inspect

import dask.array
import fastapi.dependencies.utils
import httpx
import numpy as np
from bluesky_tiled_plugins import TiledWriter
from bluesky_tiled_plugins.clients.bluesky_event_stream import BlueskyEventStream
from bluesky_tiled_plugins.clients.bluesky_run import BlueskyRun
from bluesky_tiled_plugins.writing.consolidators import CONSOLIDATOR_REGISTRY, ConsolidatorBase
from bluesky_tiled_plugins.writing.tiled_writer import MIMETYPE_LOOKUP, RunNormalizer, _RunWriter
from bluesky_tiled_plugins.writing.validator import validate_reading, validate_structure
from event_model import RunRouter
from tiled.catalog.adapter import CatalogArrayAdapter
from tiled.client.container import Container
from tiled.client.context import Context
from tiled.commandline._catalog import init
from tiled.server.dependencies import get_entry
from tiled.server.router import get_router


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_run_writer_holds_back_in_the_places_that_a_flush_empties() -> None:
    writer = _RunWriter(client=None)  # type: ignore[arg-type]
    assert writer._internal_data_cache == {}
    assert writer._external_data_cache == {}
    assert writer._desc_nodes == {}
    assert writer._stream_resource_cache == {}


def test_the_run_writers_steps_take_what_is_passed() -> None:
    assert parameters(_RunWriter._write_internal_data) == ["self", "data_cache", "desc_node"]
    assert parameters(_RunWriter._update_data_source_for_node) == ["self", "node", "data_source", "patch"]
    assert parameters(_RunWriter._update_consolidator) == ["self", "doc"]
    assert parameters(_RunWriter.get_sres_node) == ["self", "sres_uid", "desc_uid"]


def test_the_writer_makes_one_callback_for_each_run() -> None:
    assert parameters(TiledWriter._factory) == ["self", "name", "doc"]
    assert "_run_router" in inspect.getsource(TiledWriter.__init__)
    assert parameters(RunRouter.__call__)[:3] == ["self", "name", "doc"]
    assert "spec_to_mimetype" in parameters(RunNormalizer)
    assert RunNormalizer().spec_to_mimetype.items() >= MIMETYPE_LOOKUP.items()


def test_consolidators_are_found_by_mimetype_and_called() -> None:
    assert CONSOLIDATOR_REGISTRY["no such type"] is ConsolidatorBase
    assert parameters(ConsolidatorBase.__init__) == ["self", "stream_resource", "descriptor"]
    assert "_num_rows" in inspect.getsource(ConsolidatorBase.consume_stream_datum)


def test_clients_tell_the_databases_layout_from_an_item() -> None:
    for client, name in ((BlueskyRun, "BlueskyRun"), (BlueskyEventStream, "BlueskyEventStream")):
        assert client._is_sql({"attributes": {"specs": [{"name": name, "version": "3.0"}]}})
        assert not client._is_sql({"attributes": {"specs": [{"name": name, "version": "2.0"}]}})


def test_an_http_client_sends_through_its_transport() -> None:
    assert "_transport" in inspect.getsource(httpx.Client.__init__)
    assert "_transport" in inspect.getsource(Context.__init__)
    assert callable(Context.__getstate__)  # copies a context with a connection of its own


def test_tiled_looks_up_only_the_assets_that_an_adapter_asks_for() -> None:
    source = inspect.getsource(CatalogArrayAdapter._get_lazy_adapter)
    assert "supports_lazy_assets" in source
    assert "file_indices_for_slice" in source
    assert '"data_uris"' in source


def test_tiled_refuses_a_path_in_these_words() -> None:
    source = inspect.getsource(CatalogArrayAdapter._ensure_uri_within_readable_storage)
    assert 'raise RuntimeError(\n            f"Refusing to serve {data_uri} because' in source


def test_a_part_of_a_run_can_be_taken_out_of_a_container() -> None:
    assert parameters(Container.delete_contents) == ["self", "keys", "recursive", "external_only"]


def test_bluesky_validates_external_data() -> None:
    assert parameters(validate_structure) == ["data_client", "fix_errors"]
    assert parameters(validate_reading) == ["data_client"]


def test_tiled_makes_a_catalogs_tables() -> None:
    assert parameters(init) == ["database", "if_not_exists"]


def test_tiled_checks_a_node_with_these_dependencies() -> None:
    assert parameters(get_entry) == [
        "path",
        "security_scopes",
        "principal",
        "authn_access_tags",
        "authn_scopes",
        "root_tree",
        "session_state",
        "metrics",
        "structure_families",
        "access_policy",
    ]
    checks = '_=Security(check_scopes, scopes=["read:data"])'
    assert checks in inspect.getsource(get_router).partition('"/array/full/{path:path}"')[2]


def test_tiled_gives_our_adapter_for_a_slice() -> None:
    assert parameters(CatalogArrayAdapter._get_lazy_adapter) == ["self", "block", "slice"]
    assert parameters(CatalogArrayAdapter.get_adapter) == ["self"]


def test_fastapi_analyses_dependencies_by_their_arguments_alone() -> None:
    get_dependant = inspect.unwrap(fastapi.dependencies.utils.get_dependant)
    kinds = {parameter.kind for parameter in inspect.signature(get_dependant).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
    assert "get_dependant(" in inspect.getsource(fastapi.dependencies.utils.solve_dependencies)


def test_tileds_client_pickles_a_connection() -> None:
    assert parameters(Context.__setstate__) == ["self", "state"]
    assert "api_uri" in inspect.getsource(Context.__getstate__)


def test_dask_asks_an_array_that_takes_lists_for_the_slice_of_a_chunk() -> None:
    asked: list[object] = []

    class Source:
        shape, ndim, dtype = (100, 4, 5), 3, np.dtype("u2")

        def __getitem__(self, key: tuple[object, ...]) -> np.ndarray:
            asked.append(key[0])
            return np.zeros(self.shape, self.dtype)[key]

    dask.array.from_array(Source(), chunks=(10, 4, 5), name=False)[37].compute()
    assert asked[-1] in (37, slice(37, 38, None))
