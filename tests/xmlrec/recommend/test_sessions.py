import numpy as np

from xmlrec.recommend.sessions import Sessions


def timed():
    return Sessions(
        ids=("a", "b", "c"),
        indptr=np.array([0, 3, 3, 5]),
        items=np.array([7, 1, 7, 4, 2], dtype=np.int32),
        weights=np.array([1, 2, 3, 4, 5], dtype=np.float32),
        times=np.array([10.0, 11.0, 12.0, 20.0, 21.0]),
    )


def test_rows_become_sessions_with_numbers_for_ids():
    sessions = Sessions.of([[3, 1], [], [2]])

    assert sessions.ids == ("0", "1", "2")
    assert [sessions.row(row).tolist() for row in range(3)] == [[3, 1], [], [2]]
    assert sessions.weights.tolist() == [1, 1, 1]
    assert sessions.items.dtype == np.int32
    assert sessions.times is None


def test_no_rows_are_no_sessions():
    sessions = Sessions.of([])

    assert len(sessions) == 0
    assert sessions.lengths().tolist() == []


def test_some_sessions_are_taken_in_any_order():
    taken = timed().take(np.array([2, 1, 0]))

    assert taken.ids == ("c", "b", "a")
    assert taken.indptr.tolist() == [0, 2, 2, 5]
    assert taken.items.tolist() == [4, 2, 7, 1, 7]
    assert taken.weights.tolist() == [4, 5, 1, 2, 3]
    assert taken.times.tolist() == [20, 21, 10, 11, 12]


def test_parts_are_cut_out_and_a_session_may_come_again():
    parts = timed().cut(np.array([0, 0, 2]), np.array([0, 1, 5]), np.array([1, 3, 5]))

    assert parts.ids == ("a", "a", "c")
    assert [parts.row(row).tolist() for row in range(3)] == [[7], [1, 7], []]
    assert parts.weights.tolist() == [1, 2, 3]
    assert parts.times.tolist() == [10, 11, 12]
