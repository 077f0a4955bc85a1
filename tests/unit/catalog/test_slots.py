from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from id3c_data.catalog._slots import Slot, SlotTable

slots = st.lists(st.builds(Slot, st.integers(0, 5), st.integers(0, 20)), max_size=60)


def table_of(*places: Slot) -> SlotTable:
    table = SlotTable()
    for place in places:
        table.append(place)
    return table


@given(slots)
def test_a_table_gives_back_what_was_appended(places: list[Slot]) -> None:
    table = table_of(*places)
    assert list(table) == places
    assert [table[event] for event in range(len(table))] == places


@given(slots)
def test_json_there_and_back_is_the_same_table(places: list[Slot]) -> None:
    runs = json.loads(json.dumps(table_of(*places).to_json()))
    assert list(SlotTable.from_json(runs, masters=6)) == places


def test_a_series_for_each_point_is_one_run() -> None:
    table = table_of(*(Slot(event, 0) for event in range(10_000)))
    assert table.to_json() == [[10_000, 0, 0, 1, 0]]


def test_a_series_for_the_whole_run_is_one_run() -> None:
    table = table_of(*(Slot(0, event) for event in range(10_000)))
    assert table.to_json() == [[10_000, 0, 0, 0, 1]]


def test_a_replayed_point_makes_two_runs() -> None:
    table = table_of(Slot(0, 0), Slot(0, 1), Slot(0, 3), Slot(0, 4))
    assert table.to_json() == [[2, 0, 0, 0, 1], [2, 0, 3, 0, 1]]


@pytest.mark.parametrize("event", [-1, 2])
def test_an_event_that_is_not_there_is_an_index_error(event: int) -> None:
    with pytest.raises(IndexError, match=f"event {event} of 2"):
        table_of(Slot(0, 0), Slot(0, 1))[event]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (None, "not a list of runs"),
        ([[1, 0, 0, 0]], "is not"),
        ([[1, 0, 0, 0, True]], "is not"),
        ([[0, 0, 0, 0, 0]], "counts no events"),
        ([[1, 0, -1, 0, 0]], "slots below 0"),
        ([[3, 0, 1, 0, -1]], "slots below 0"),
        ([[3, 0, 0, 1, 0]], "names masters 0 to 2, of which there are 2"),
        ([[2, 0, 0, -1, 0]], "names masters -1 to 0"),
    ],
)
def test_what_a_catalog_says_about_slots_is_checked(runs: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SlotTable.from_json(runs, masters=2)
