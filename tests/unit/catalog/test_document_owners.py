from __future__ import annotations

from id3c_data.catalog._document_owners import DocumentOwners


def begun(*uids: str) -> DocumentOwners:
    owners = DocumentOwners()
    for uid in uids:
        owners("start", {"uid": uid})
        owners("descriptor", {"uid": f"{uid}-d", "run_start": uid})
        owners("resource", {"uid": f"{uid}-r", "run_start": uid})
    return owners


def test_documents_of_runs_that_come_mixed_are_told_apart() -> None:
    owners = begun("a", "b")
    assert owners("event", {"uid": "e", "descriptor": "a-d"}) == ("a",)
    assert owners("event_page", {"uid": ["e"], "descriptor": "b-d"}) == ("b",)
    assert owners("datum", {"datum_id": "1", "resource": "b-r"}) == ("b",)
    assert owners("stream_datum", {"uid": "s", "descriptor": "a-d"}) == ("a",)
    assert owners("stop", {"uid": "x", "run_start": "a"}) == ("a",)


def test_resources_that_leave_out_their_run_belong_to_all_open_runs() -> None:
    owners = begun("a", "b")
    assert owners("resource", {"uid": "r"}) == ("a", "b")
    assert owners("datum", {"datum_id": "1", "resource": "r"}) == ("a", "b")
    owners("stop", {"uid": "x", "run_start": "a"})
    assert owners("datum", {"datum_id": "1", "resource": "a-r"}) == ("b",)


def test_documents_of_a_run_that_never_started_belong_to_none() -> None:
    owners = begun("a")
    assert owners("descriptor", {"uid": "b-d", "run_start": "b"}) == ()
    assert owners("event", {"uid": "e", "descriptor": "b-d"}) == ()
    assert owners("stop", {"uid": "s", "run_start": "b"}) == ()


def test_nothing_of_a_run_that_is_over_is_kept() -> None:
    owners = begun("a")
    owners("stop", {"uid": "x", "run_start": "a"})
    assert (owners._open, owners._run_of) == ({}, {})
