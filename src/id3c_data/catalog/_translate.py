"""The one place where errors of Tiled's client become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ..errors import CatalogError, CatalogFault, CatalogUnreachable, Id3cDataError
from ._refusals import HEADER, error_from_header

__all__ = ["error_of_response", "may_pass", "translated", "unreachable"]

_MAY_PASS = frozenset({401, 403, 408, 425, 429})
"""Answers below 500 that somebody may mend: a key that is renewed, a server that is asked too often."""

_NEXT_STEPS = {
    401: "pass the right api_key, or put it into TILED_API_KEY",
    403: "ask the catalog's administrator for access",
    404: "see whether the URI leads to a catalog: it ends in /api/v1 or /api/v1/metadata/<path>",
    415: "serve with `id3c-data serve`, or register the data files",
}

_LACKS = "Requires scopes"  # in Tiled's words for a key that is right and may not do that
_OTHER_KEY = "pass an api_key that may do that, or ask the catalog's administrator for one with these scopes"


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn whatever Tiled's client raises for a failed request into an error of ours.

    Parameters
    ----------
    where
        What was asked, for the message: the server, or a node's URI.

    Raises
    ------
    CatalogUnreachable
        Where no answer came.
    CatalogError
        Where the answer says that it cannot be done.
    FrameNotWritten, LinkOutsideRoots, Hdf5Error, …
        Where our server-side adapter says so.
    """
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise error_of_response(error.response, where) from error
    except httpx.HTTPError as error:
        raise unreachable(error, where) from error


def error_of_response(response: httpx.Response, where: str) -> Id3cDataError:
    """Return the error that a response stands for."""
    ours = error_from_header(response.headers.get(HEADER))
    if ours is not None:
        return ours
    status = response.status_code
    request_id = response.headers.get("x-tiled-request-id")
    trace = f", request {request_id}" if request_id else ""
    kind = CatalogFault if status >= httpx.codes.INTERNAL_SERVER_ERROR else CatalogError
    detail = str(_detail(response))
    next_step = _NEXT_STEPS.get(status, f"see the log of the catalog's server{trace}")
    return kind(
        f"the catalog's server answers {status}: {detail}",
        where=where,
        next_step=_OTHER_KEY if _LACKS in detail else next_step,
    )


def may_pass(error: BaseException) -> bool:
    """Say whether what failed may succeed later, with nothing changed on this side."""
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        return status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _MAY_PASS
    return isinstance(error, (CatalogFault, CatalogUnreachable, httpx.TransportError))


def unreachable(error: Exception, where: str) -> CatalogUnreachable:
    """Return the error that no answer came."""
    return CatalogUnreachable(
        f"no answer from the catalog's server ({type(error).__name__}: {error})",
        where=where,
        next_step="see whether it runs and whether the URI is right; `id3c-data serve` starts one",
    )


def _detail(response: httpx.Response) -> Any:
    """Return what a response says about its error."""
    try:
        return response.json()["detail"]
    except (ValueError, KeyError, TypeError, httpx.StreamError):
        return response.reason_phrase
