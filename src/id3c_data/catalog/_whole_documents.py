"""All documents of a run that a catalog has, for those who want to look at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from tiled.client.utils import handle_error

from ._run_documents import CatalogDocuments
from ._translate import translated

__all__ = ["documents_of"]

_NUMBER, _TIME, _TIMESTAMP = "seq_num", "time", "ts_"  # columns of the tables that TiledWriter writes

Document = tuple[str, dict[str, Any]]


def documents_of(run: Any) -> Iterator[Document]:
    """Yield the documents of a run: start, of each stream descriptor, resources, datums and events, stop.

    They are put together from the metadata and the tables, which every Tiled server gives; the route that
    exports documents is one that a server needs a package for.

    Parameters
    ----------
    run
        The run's client.

    Raises
    ------
    CatalogError
        Where the server does not answer as it should.
    """
    with translated(str(run.uri)):
        metadata = dict(run.metadata)
        yield "start", dict(metadata["start"])
        for stream in run:
            yield from _of_stream(run, stream)
        if metadata.get("stop"):
            yield "stop", dict(metadata["stop"])


def _of_stream(run: Any, stream: str) -> Iterator[Document]:
    datums: dict[int, dict[str, str]] = defaultdict(dict)  # by row of the table
    descriptor: dict[str, Any] = {}
    for name, doc in CatalogDocuments(run, stream).new():
        if name == "event":
            datums[int(doc["uid"].rpartition("/")[2])] |= doc["data"]
        elif name not in ("start", "stop"):
            descriptor = doc if name == "descriptor" else descriptor
            yield name, doc
    yield from _events(_table(run[stream]), descriptor.get("uid"), datums)


def _table(stream: Any) -> Mapping[str, Sequence[Any]]:
    """Return the columns of a stream's table; none where it has no events yet."""
    uri = f"{stream.uri}/internal".replace("/metadata/", "/table/partition/", 1)
    try:
        answer: Any = handle_error(
            stream.context.http_client.get(uri, params={"partition": 0, "format": "application/json"})
        )
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return {}
        raise
    return answer.json()


def _events(
    table: Mapping[str, Sequence[Any]], descriptor: Any, datums: Mapping[int, Mapping[str, str]]
) -> Iterator[Document]:
    measured = [name for name in table if name not in (_NUMBER, _TIME) and not name.startswith(_TIMESTAMP)]
    for row, number in enumerate(table.get(_NUMBER, ())):
        stamps = {name: table[_TIMESTAMP + name][row] for name in measured if _TIMESTAMP + name in table}
        yield (
            "event",
            {
                "descriptor": descriptor,
                "seq_num": number,
                "time": table[_TIME][row],
                "data": {**{name: table[name][row] for name in measured}, **datums.get(row, {})},
                "timestamps": stamps,
            },
        )
