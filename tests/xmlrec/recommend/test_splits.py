from dataclasses import replace

import numpy as np
import pytest

from xmlrec.errors import OptionError
from xmlrec.recommend.sessions import Sessions
from xmlrec.recommend.splits import by_time, leave_out, queries, tail

SESSIONS = Sessions.of([[5, 6, 7, 8], [], [9], [4, 4]], ids=("a", "b", "c", "d"))


def listed(found):
    """Return the known items and the next one of each query."""
    prefixes = found.prefixes()
    return [
        (prefixes.row(query).tolist(), target)
        for query, target in enumerate(found.targets.tolist())
    ]


def rows_of(sessions):
    return {name: sessions.row(row).tolist() for row, name in enumerate(sessions.ids)}


def test_every_prefix_asks_for_each_event_but_the_first():
    assert listed(queries(SESSIONS)) == [
        ([5], 6),
        ([5, 6], 7),
        ([5, 6, 7], 8),
        ([4], 4),
    ]
    assert queries(SESSIONS).targets.dtype == np.int32


def test_last_asks_for_the_last_event():
    assert listed(queries(SESSIONS, "last")) == [([5, 6, 7], 8), ([4], 4)]


def test_next_asks_for_the_first_event_that_may_be_asked_for():
    assert listed(queries(SESSIONS, "next")) == [([5], 6), ([4], 4)]
    first = np.array([2, 0, 0, 2])
    assert listed(queries(SESSIONS, "next", first=first)) == [([5, 6], 7)]


def test_prefixes_keep_the_last_events_and_their_sessions_ids():
    found = queries(SESSIONS)
    prefixes = found.prefixes(max_length=2)

    assert [prefixes.row(query).tolist() for query in range(4)] == [[5], [5, 6], [6, 7], [4]]
    assert prefixes.ids == ("a", "a", "a", "d")


def test_no_session_gives_no_query():
    found = queries(Sessions.of([[], [3]]))

    assert len(found) == 0
    assert len(found.prefixes()) == 0
    assert list(found.chunks()) == []


@pytest.mark.parametrize("n_events", [1, 3, 4, 100])
@pytest.mark.parametrize("max_length", [None, 2])
def test_chunks_are_all_prefixes_in_their_order(n_events, max_length):
    found = queries(SESSIONS)
    chunks = list(found.chunks(max_length=max_length, n_events=n_events))

    at = [place for chunk, _ in chunks for place in range(chunk.start, chunk.stop)]
    assert at == list(range(len(found)))
    whole = found.prefixes(max_length=max_length)
    items = np.concatenate([prefixes.items for _, prefixes in chunks])
    np.testing.assert_array_equal(items, whole.items)
    assert all(len(p.items) <= n_events or len(p) == 1 for _, p in chunks)


def test_every_prefix_of_ten_thousand_events_is_asked_in_bounded_chunks():
    session = Sessions.of([np.arange(10_000)])
    n_queries, largest = 0, 0
    for chunk, prefixes in queries(session).chunks(max_length=50, n_events=10_000):
        n_queries += chunk.stop - chunk.start
        largest = max(largest, len(prefixes.items))

    assert n_queries == 9_999
    assert largest <= 10_000


def test_last_events_are_left_out_and_the_first_stays():
    train, held_out = leave_out(SESSIONS)
    assert rows_of(train) == {"a": [5, 6, 7], "b": [], "c": [9], "d": [4]}
    assert listed(held_out) == [([5, 6, 7], 8), ([4], 4)]

    train, held_out = leave_out(SESSIONS, 2)
    assert rows_of(train) == {"a": [5, 6], "b": [], "c": [9], "d": [4]}
    assert listed(held_out) == [([5, 6], 7), ([5, 6, 7], 8), ([4], 4)]
    assert listed(leave_out(SESSIONS, 2, protocol="last")[1]) == [([5, 6, 7], 8), ([4], 4)]


def test_split_by_time_asks_for_what_is_later_and_knows_what_is_earlier():
    times = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 1.0, 3.0])
    train, later = by_time(replace(SESSIONS, times=times), 3.0)

    assert rows_of(train) == {"a": [5, 6], "d": [4]}
    assert train.times.tolist() == [1, 2, 1]
    assert listed(later) == [([5, 6], 7), ([5, 6, 7], 8), ([4], 4)]
    _, first = by_time(replace(SESSIONS, times=times), 3.0, protocol="next")
    assert listed(first) == [([5, 6], 7), ([4], 4)]


def test_split_by_time_needs_times():
    with pytest.raises(OptionError, match="the events have no times; give a column timestamp"):
        by_time(SESSIONS, 3.0)


def test_tail_is_the_last_sessions_rounded_up():
    first, last = tail(SESSIONS, 0.3)

    assert (first.ids, last.ids) == (("a", "b"), ("c", "d"))
    assert rows_of(last) == {"c": [9], "d": [4, 4]}


@pytest.mark.parametrize("share", [0, 1, -0.5, float("nan")])
def test_tail_of_no_share_is_refused(share):
    with pytest.raises(OptionError, match="must be between 0 and 1, exclusive"):
        tail(SESSIONS, share)


def test_nothing_is_left_out_is_refused():
    with pytest.raises(OptionError, match="--leave-out: it must be at least 1, got 0"):
        leave_out(SESSIONS, 0)
