from __future__ import annotations

import threading
import time

from id3c_data.catalog._queue import LOST, DocumentQueue


def names(queue: DocumentQueue) -> list[str]:
    queue.close()
    taken: list[str] = []
    while (document := queue.get(0)) is not None:
        taken.append(document[0])
    return taken


def test_documents_come_out_in_their_order() -> None:
    queue = DocumentQueue(10)
    assert all(queue.put(name, {}) for name in ("start", "descriptor", "event", "stop"))
    assert names(queue) == ["start", "descriptor", "event", "stop"]


def test_a_full_queue_refuses_until_the_next_run_begins() -> None:
    queue = DocumentQueue(3)
    assert [queue.put(name, {}) for name in ("start", "a", "b", "c", "d")] == [True] * 3 + [False] * 2
    queue.get(0)
    queue.get(0)
    assert not queue.put("stop", {})
    assert queue.put("start", {})
    assert names(queue) == ["b", LOST, "start"]


def test_a_closed_queue_takes_nothing() -> None:
    queue = DocumentQueue(3)
    queue.close()
    assert not queue.put("start", {})
    assert queue.ended


def test_a_flush_is_asked_for_after_what_came_before() -> None:
    queue = DocumentQueue(3)
    queue.put("start", {})
    queue.ask_for_flush()
    assert queue.get(None) == ("start", {})
    assert queue.get(None) is None
    started = time.monotonic()
    assert queue.get(0.05) is None
    assert time.monotonic() - started >= 0.05


def test_a_document_wakes_who_waits() -> None:
    queue = DocumentQueue(3)
    threading.Timer(0.05, queue.put, ("start", {})).start()
    assert queue.get(10) == ("start", {})
