import numpy as np
import pytest

from xmlrec.encode.sessions.windows import Windows, last_items

LENGTHS = [0, 1, 2, 3, 4, 5, 9, 10, 26]
INDPTR = np.r_[0, np.cumsum(LENGTHS)]
ITEMS = np.arange(INDPTR[-1], dtype=np.int32)
"""Each event is an item of its own."""


def windows(length=4, batch_size=3, **others):
    return Windows(INDPTR, ITEMS, length=length, batch_size=batch_size, **{"seed": 0} | others)


def rows_of(batches):
    return [row[row >= 0].tolist() for batch in batches for row in batch]


@pytest.mark.parametrize("length", [1, 2, 4, 30])
def test_each_event_but_a_first_one_is_a_target_once(length):
    rows = rows_of(windows(length).epoch(0))

    assert max(map(len, rows)) <= length + 1
    targets = sorted(item for row in rows for item in row[1:])
    assert targets == sorted(set(ITEMS.tolist()) - set(INDPTR[:-1][np.array(LENGTHS) > 0].tolist()))
    assert all(np.diff(row).tolist() == [1] * (len(row) - 1) for row in rows)


def test_sessions_of_one_event_are_not_seen():
    expected = np.delete(ITEMS, INDPTR[1])

    np.testing.assert_array_equal(windows().seen, expected)


def test_no_session_of_two_events_makes_no_batch():
    empty = Windows(np.array([0, 1, 1]), np.array([5]), length=4, batch_size=3, seed=0)

    assert len(empty) == 0
    assert empty.seen.size == 0


def test_an_epoch_goes_on_from_any_batch_and_epochs_differ():
    whole = rows_of(windows().epoch(1))

    assert len(list(windows().epoch(1))) == len(windows())
    assert (
        rows_of(windows().epoch(1, start=2)) == whole[-len(rows_of(windows().epoch(1, start=2))) :]
    )
    assert rows_of(windows().epoch(2)) != whole
    assert rows_of(windows(seed=1).epoch(1)) != whole


def test_a_batch_holds_windows_of_about_one_length():
    lengths = [[(row >= 0).sum() for row in batch] for batch in windows(30).epoch(0)]

    in_order = sorted(lengths)
    assert all(max(a) <= min(b) for a, b in zip(in_order, in_order[1:], strict=False))


def test_the_last_items_of_each_session_are_read():
    rows, lengths = last_items(INDPTR[:5], ITEMS, 2)

    np.testing.assert_array_equal(rows, [[-1, -1], [0, -1], [1, 2], [4, 5]])
    np.testing.assert_array_equal(lengths, [0, 1, 2, 2])
