"""The walk: every hop of the chain in the order of the data, each looked at by its function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import ConfigError, Id3cDataError
from ..h5api import Looker
from ._bounded import within
from ._case import Case, Master
from ._exposure import expose
from ._hop import HopResult, Seen, result_of
from ._hop_catalog import catalog_entry, client_pixels, documents, server
from ._hop_detector import configuration, ioc, read_path, write_path
from ._hop_files import external_links, master_file
from ._hop_images import chunks, image_files
from ._run_of_case import find_run
from ._secrets import Striker
from ._settings import Settings

__all__ = ["HOPS", "Diagnosis", "diagnose"]

HOPS: Mapping[str, Callable[[Case], Seen]] = MappingProxyType(
    {
        "configuration": configuration,
        "IOC": ioc,
        "write path": write_path,
        "read path": read_path,
        "master file": master_file,
        "external links": external_links,
        "image files": image_files,
        "chunks decode": chunks,
        "documents": documents,
        "catalog entry": catalog_entry,
        "server reads": server,
        "client pixels": client_pixels,
    }
)
"""Every hop by its name, in the order of the data."""

_BEFORE_EXPOSURE = tuple(HOPS)[:4]
_READING_S = 60.0  # for the documents of a run


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found at all hops.

    Parameters
    ----------
    results
        Of every hop, in the order of the data.
    documents
        Of the run, where there is one.
    masters
        The masters that were looked for.
    """

    results: tuple[HopResult, ...]
    documents: tuple[tuple[str, Any], ...] = field(default=(), repr=False)
    masters: tuple[Path, ...] = ()

    @property
    def first_failing(self) -> HopResult | None:
        """The first hop that failed; None where none did."""
        return next((result for result in self.results if result.state == "failed"), None)

    @property
    def exit_code(self) -> int:
        """0 where no hop failed, 1 where one did."""
        return 0 if self.first_failing is None else 1

    def __getitem__(self, hop: str) -> HopResult:
        """Return the result of a hop."""
        return next(result for result in self.results if result.hop == hop)


def diagnose(settings: Settings, tell: Callable[[HopResult], object] | None = None) -> Diagnosis:
    """Look at every hop, and return what was found.

    Parameters
    ----------
    settings
        What to look at.
    tell
        Takes each hop's result as soon as it is there.

    Raises
    ------
    ConfigError
        There is nothing to look at: no configuration, and neither a run nor a file is asked for.
    """
    with ExitStack() as stack:
        case = _case_of(settings, stack)
        results: list[HopResult] = []
        striker = Striker([settings.api_key])
        for result in map(striker.result, _walk(case)):
            results.append(result)
            if tell is not None:
                tell(result)
        return Diagnosis(tuple(results), tuple(_documents(case)), tuple(m.path for m in case.masters))


def _walk(case: Case) -> Iterator[HopResult]:
    """Yield the result of every hop, in the order of the data."""
    if case.from_run:
        find_run(case)
    if case.settings.expose:
        yield from _exposed(case)
    for hop, look in HOPS.items():
        if not (case.settings.expose and hop in _BEFORE_EXPOSURE):
            yield result_of(hop, look(case))


def _exposed(case: Case) -> Iterator[HopResult]:
    """Yield the hops before a file; where none failed, a frame has been taken then."""
    results = {hop: result_of(hop, HOPS[hop](case)) for hop in _BEFORE_EXPOSURE}
    failed = next((result.hop for result in results.values() if result.state == "failed"), None)
    if failed is None:
        hop, seen = expose(case)
        results[hop] = results[hop].with_seen([seen])
    else:
        case.not_exposed = f"no frame was taken, because of the {failed}"
    yield from results.values()


def _case_of(settings: Settings, stack: ExitStack) -> Case:
    case = Case(settings, stack.enter_context(Looker(settings.answer_s)), stack)
    missing = [file for file in case.files if not file.exists()]
    if missing and (settings.devices or not (case.from_file or case.from_run)):
        raise ConfigError(
            f"there is no configuration {missing[0]}",
            next_step="name your devices.yml: id3c-data doctor --devices FILE; or follow a run or a file: "
            "id3c-data doctor -1",
        )
    if isinstance(settings.target, Path):
        case.masters = [Master(Path.cwd() / settings.target)]
    return case


def _documents(case: Case) -> Iterator[tuple[str, Any]]:
    """Yield the documents of the run: those of the exposure, or those that the catalog gives."""
    if case.documents:
        yield from case.documents
    elif case.settings.documents and case.catalog is not None and case.run is not None and case.run.uid:
        catalog, uid = case.catalog, case.run.uid
        try:
            yield from within(_READING_S, lambda: _documents_in(catalog, uid))
        except (Id3cDataError, TimeoutError) as error:
            yield "missing", {"why": f"the catalog does not give the documents of run {uid}: {error}"}


def _documents_in(catalog: Any, uid: str) -> list[tuple[str, Any]]:
    """Return the documents of a run in a catalog."""
    from ..catalog import documents_of

    return list(documents_of(catalog[uid]))
