"""Work in several threads comes back in order, and the caller takes part in it."""

import subprocess
import sys
import threading

import pytest

from id3c_data.h5api import Workers, _workers

LARGE = 1 << 30


@pytest.fixture(params=[1, 2, 5])
def workers(request, monkeypatch):
    monkeypatch.setattr(Workers, "count", property(lambda _: request.param))
    return Workers()


@pytest.mark.parametrize("item_bytes", [1, 1 << 20, LARGE])
@pytest.mark.parametrize("items", [0, 1, 2, 1000])
def test_results_are_in_order(workers, items, item_bytes):
    assert list(workers.in_order(lambda n: n * n, range(items), item_bytes)) == [n * n for n in range(items)]


def test_few_items_are_taken_ahead(workers):
    taken = []
    results = workers.in_order(lambda n: n, (taken.append(n) or n for n in range(100)), LARGE)
    for n in range(100):
        assert next(results) == n
        assert len(taken) <= n + workers.count + 3


def test_the_caller_works_while_it_waits(monkeypatch):
    monkeypatch.setattr(Workers, "count", property(lambda _: 2))
    begun, done = threading.Event(), threading.Event()

    def work(n):
        if n == 0:
            begun.set()
            assert done.wait(30)  # for what only the caller can do meanwhile
        elif n == 1:
            assert begun.wait(30)
            done.set()
        return threading.current_thread() is threading.main_thread()

    assert list(Workers().in_order(work, range(2), LARGE)) in ([False, True], [True, False])


def test_an_error_comes_after_the_results_before_it(workers):
    came = []
    with pytest.raises(ZeroDivisionError):
        came.extend(workers.in_order(lambda n: 70 // (70 - n), range(1000), 1))
    assert len(came) == 70


def test_an_error_in_taking_an_item_comes_after_the_results_before_it(workers):
    def items():
        yield from range(9)
        raise KeyError("no tenth")

    results = workers.in_order(lambda n: n, items(), LARGE)
    assert [next(results) for _ in range(9)] == list(range(9))
    with pytest.raises(KeyError, match="no tenth"):
        next(results)


def test_nothing_goes_on_when_it_was_closed(workers):
    running, lock = [0], threading.Lock()

    def work(n):
        with lock:
            running[0] += 1
        with lock:
            running[0] -= 1
        return n

    results = workers.in_order(work, range(1000), LARGE)
    assert next(results) == 0
    results.close()
    assert running == [0]


def test_nothing_is_begun_any_more_when_it_was_closed(monkeypatch):
    monkeypatch.setattr(Workers, "count", property(lambda _: 2))
    caller, begun, go_on = threading.current_thread(), [], threading.Event()

    def work(n):
        begun.append(n)
        if threading.current_thread() is not caller:
            assert go_on.wait(30)

    results = Workers().in_order(work, range(100), LARGE)
    next(results)
    closing = threading.Timer(0.2, go_on.set)
    closing.start()
    count = len(begun)
    results.close()
    closing.join()
    assert len(begun) <= count + 1  # what the thread had taken already


def test_ctrl_c_ends_it_though_the_caller_had_begun_with_something(monkeypatch):
    monkeypatch.setattr(Workers, "count", property(lambda _: 2))
    caller, do, here = threading.current_thread(), _workers._Task.do, threading.Event()

    def interrupted(task):
        if threading.current_thread() is not caller:
            return do(task)
        here.set()
        if task.claim():
            raise KeyboardInterrupt
        return None

    monkeypatch.setattr(_workers._Task, "do", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(Workers().in_order(lambda n: n == 0 and here.wait(30), range(20), LARGE))


def test_a_process_ends_though_somebody_has_not_read_to_the_end():
    script = """
import time
from id3c_data.h5api import Workers
Workers.count = property(lambda _: 3)
results = Workers().in_order(lambda n: time.sleep(0.05) or n, range(100), 1 << 30)
print(next(results))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr, done.returncode) == ("0\n", "", 0)


def test_threads_that_the_system_does_not_give_are_not_needed(monkeypatch):
    monkeypatch.setattr(Workers, "count", property(lambda _: 4))
    workers = Workers()

    def refused(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert list(workers.in_order(lambda n: n, range(50), LARGE)) == list(range(50))


def test_many_callers_share_the_threads(monkeypatch):
    monkeypatch.setattr(Workers, "count", property(lambda _: 2))
    workers, wrong = Workers(), []

    def call():
        if list(workers.in_order(lambda n: n, range(300), LARGE)) != list(range(300)):
            wrong.append(threading.get_ident())

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
