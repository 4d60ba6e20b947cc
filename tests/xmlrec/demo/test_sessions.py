from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from xmlrec.demo import make_sessions


@pytest.fixture(scope="module")
def sessions(catalog):
    return make_sessions(catalog, 2000)


@pytest.fixture(scope="module")
def path_of(catalog):
    return {product["id"]: tuple(product["paths"][0]) for product in catalog}


def by_session(events):
    found = defaultdict(list)
    for event in events:
        found[event.session_id].append(event.item_id)
    return found


def steps(events):
    """Return every item with the one after it."""
    return [pair for items in by_session(events).values() for pair in pairwise(items)]


def test_same_seed_gives_the_same_sessions_and_another_seed_others(catalog, sessions):
    assert make_sessions(catalog, 2000) == sessions
    assert make_sessions(catalog, 2000, seed=1)[1] != sessions[1]


def test_a_tenth_of_the_sessions_is_the_last(sessions):
    first, last = map(by_session, sessions)

    assert (len(first), len(last)) == (1800, 200)
    assert first.keys().isdisjoint(last)
    assert min(map(len, [*first.values(), *last.values()])) == 2


def test_events_of_a_session_follow_one_another(sessions):
    times = defaultdict(list)
    for event in [*sessions[0], *sessions[1]]:
        times[event.session_id].append(event.timestamp)

    assert all(moments == sorted(moments) for moments in times.values())
    starts = [moments[0] for moments in times.values()]
    assert starts == sorted(starts)


def test_most_steps_stay_near_the_category(sessions, path_of):
    paths = [(path_of[one], path_of[other]) for one, other in steps(sessions[0])]
    n_same = sum(one == other for one, other in paths)
    n_beside = sum(one[:-1] == other[:-1] for one, other in paths)

    assert 0.57 < n_same / len(paths) < 0.67
    assert 0.76 < n_beside / len(paths) < 0.86


def test_one_category_goes_with_each_other_one(sessions, path_of):
    """The most frequent way out of a category and its parent leads to its complement."""
    ways = defaultdict(Counter)
    for one, other in steps(sessions[0]):
        if path_of[one][:2] != path_of[other][:2]:
            ways[path_of[one]][path_of[other]] += 1
    often = [counts.most_common(1)[0][1] / counts.total() for counts in ways.values()
             if counts.total() >= 10]  # fmt: skip

    assert len(often) > 20
    assert sum(often) / len(often) > 0.5


def test_some_products_come_with_the_last_sessions_only(catalog, sessions):
    first, last = ({event.item_id for event in events} for events in sessions)

    assert len(last - first) > 10
    assert first | last <= {product["id"] for product in catalog}


def test_some_items_are_looked_at_often(sessions):
    counts = sorted(Counter(event.item_id for event in sessions[0]).values(), reverse=True)
    assert counts[0] > 10 * counts[len(counts) // 2]
