"""How many points are taken at once."""

from id3c_data.h5api import following_batch


def test_who_keeps_up_gets_them_one_by_one():
    assert following_batch(2, 1) == 1


def test_who_is_behind_takes_ever_more_at_once():
    batches = [1]
    for _ in range(5):
        batches.append(following_batch(batches[-1], batches[-1]))
    assert batches == [1, 2, 4, 8, 16, 32]


def test_no_more_are_taken_than_there_may_be_at_once():
    longest, batches = 3, [1]
    for _ in range(6):
        batches.append(following_batch(batches[-1], min(batches[-1], longest)))
    assert max(batches) <= 2 * longest
    assert min(batches[2:]) == longest
