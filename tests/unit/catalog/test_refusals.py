from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from id3c_data.catalog._refusals import HEADER, error_from_header, header_of, status_of
from id3c_data.catalog._translate import translated
from id3c_data.errors import (
    BrokenLink,
    CatalogError,
    CatalogUnreachable,
    DamagedChunk,
    FileMissing,
    FileUnreadable,
    FrameNotWritten,
    Id3cDataError,
    LinkOutsideRoots,
    PathOutsideRoots,
    RetryTimeoutError,
)

WORDS = ("is wrong", "/data/ü_master.h5", "do something")


@pytest.mark.parametrize(
    "error",
    [
        BrokenLink(*WORDS),
        DamagedChunk(*WORDS),
        LinkOutsideRoots(*WORDS),
        PathOutsideRoots(*WORDS),
        CatalogError(*WORDS),
        FrameNotWritten(3, 2, Path("/data/s_1_master.h5"), "the run was aborted"),
    ],
)
def test_an_error_survives_its_way_through_a_header(error: Id3cDataError) -> None:
    headers = header_of(error)
    headers[HEADER].encode("latin-1")
    again = error_from_header(headers[HEADER])
    assert type(again) is type(error)
    assert str(again) == str(error)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "no JSON",
        "[]",
        '["SystemExit", []]',
        '["Id3cDataError"]',
        '["FrameNotWritten", []]',
        '["__doc__", []]',
        "{}",
        "[[], []]",
        '["Path", ["/"]]',
    ],
)
def test_what_is_no_error_of_ours_is_none(value: str | None) -> None:
    assert error_from_header(value) is None


def test_an_error_too_long_for_a_header_has_none() -> None:
    assert header_of(CatalogError("x" * 5000)) == {}


@pytest.mark.parametrize(
    ("error", "while_open", "ended"),
    [
        (FrameNotWritten(1, 0, Path("/m.h5")), 425, 404),
        (BrokenLink(*WORDS), 425, 404),
        (FileMissing(*WORDS), 425, 404),
        (DamagedChunk(*WORDS), 425, 422),
        (RetryTimeoutError(*WORDS), 425, 425),
        (LinkOutsideRoots(*WORDS), 403, 403),
        (PathOutsideRoots(*WORDS), 403, 403),
        (FileUnreadable(*WORDS), 403, 403),
        (CatalogError(*WORDS), 400, 400),
    ],
)
def test_no_refusal_is_one_that_clients_ask_for_again(
    error: Id3cDataError, while_open: int, ended: int
) -> None:
    assert status_of(error, run_ended=False) == while_open
    assert status_of(error, run_ended=True) == ended


def answer(status: int, **more: object) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://catalog/api/v1/")
    response = httpx.Response(status, request=request, **more)  # type: ignore[arg-type]
    return httpx.HTTPStatusError("it said no", request=request, response=response)


def test_the_servers_own_words_are_kept() -> None:
    with pytest.raises(CatalogError, match=r"here: .*answers 409: taken already"), translated("here"):
        raise answer(409, json={"detail": "taken already"})


def test_a_fault_of_the_server_names_the_request() -> None:
    with pytest.raises(CatalogError, match=r"500: Internal Server Error.*request 0f3a"), translated("here"):
        raise answer(500, text="<html>", headers={"x-tiled-request-id": "0f3a"})


def test_an_error_of_our_server_comes_out_as_it_went_in() -> None:
    header = json.dumps(["DamagedChunk", WORDS])
    with pytest.raises(DamagedChunk, match="do something"), translated("here"):
        raise answer(422, headers={HEADER: header})


def test_no_answer_is_a_connection_error() -> None:
    with pytest.raises(ConnectionError) as error, translated("http://catalog"):
        raise httpx.ConnectError("refused")
    assert isinstance(error.value, CatalogUnreachable)
