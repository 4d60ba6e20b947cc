import numpy as np
import pytest

from xmlrec.errors import TrainingError
from xmlrec.recommend.held_out import MAX_EVENTS, N_QUERIES, hold_out, repeat_share
from xmlrec.recommend.sessions import Sessions


def rows_of(sessions):
    return [sessions.row(row).tolist() for row in range(len(sessions))]


def test_the_last_sessions_are_held_out():
    sessions = Sessions.of([[0, 1]] * 23 + [[2, 3, 2], [4]])

    held = hold_out(sessions, 0)

    assert rows_of(held.train) == [[0, 1]] * 23
    assert rows_of(held.sessions) == [[2], [2, 3]]
    assert held.targets.tolist() == [3, 2]
    assert held.repeats


def test_sessions_that_go_on_are_held_out_by_their_last_events():
    held = hold_out(Sessions.of([[0, 1, 2], [3], [4, 5]]), 1)

    assert rows_of(held.train) == [[0, 1], [3], [4]]
    assert rows_of(held.sessions) == [[0, 1], [4]]
    assert held.targets.tolist() == [2, 5]
    assert not held.repeats


@pytest.mark.parametrize("rows", [[[0, 1]] * 20 + [[0]] * 3, [[0, 1, 0]]])
def test_last_sessions_that_ask_for_nothing_leave_the_last_events(rows):
    held = hold_out(Sessions.of(rows), 0)

    assert held.train.lengths().tolist() == [max(len(row) - 1, 1) for row in rows]
    assert held.targets.tolist() == [row[-1] for row in rows if len(row) > 1]


@pytest.mark.parametrize("rows", [[], [[]], [[0], [1]]])
def test_a_recommender_needs_two_events_in_a_session(rows):
    with pytest.raises(TrainingError, match="0 of . sessions have two events or more: too few"):
        hold_out(Sessions.of(rows), 0)


def test_of_many_queries_some_are_taken_evenly_and_of_long_ones_the_last_events():
    long = np.arange(3 * N_QUERIES + 1) % 50

    held = hold_out(Sessions.of([[0, 1]] * 10 + [long]), 0)

    assert len(held.targets) == len(held.sessions) == N_QUERIES
    assert held.sessions.lengths().max() == MAX_EVENTS
    places = np.linspace(1, 3 * N_QUERIES, N_QUERIES).astype(int)
    np.testing.assert_array_equal(held.targets, long[places])
    np.testing.assert_array_equal(held.sessions.row(N_QUERIES - 1), long[:-1][-MAX_EVENTS:])


def test_a_repeat_is_a_target_that_its_own_session_has():
    sessions = Sessions.of([[0, 1, 0], [2], [], [3, 3]])

    assert repeat_share(sessions, np.array([0, 0, 3, 3], dtype=np.int32)) == 2 / 4
