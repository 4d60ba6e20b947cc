from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.neighbours import evidence_reference
from tests.xmlrec.recommend.neighbours.cases import (
    N_ITEMS,
    assert_same_rows,
    random_sessions,
    random_settings,
    with_times,
)
from xmlrec.recommend.neighbours import NeighbourIndex, NeighbourSettings
from xmlrec.recommend.neighbours.building import MAX_SUCCESSORS
from xmlrec.recommend.neighbours.index import ROWS_PER_JOB
from xmlrec.recommend.neighbours.tables import N_EVENTS
from xmlrec.recommend.sessions import Sessions

PLAIN = NeighbourSettings(
    span=1.0,
    idf_exponent=0.0,
    length_exponent=0.0,
    distance_span=1.0,
    before=0.0,
    repeat=0.0,
    rules_share=0.0,
)


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 100_000), n_sessions=st.integers(0, 12), has_times=st.booleans())
def test_evidence_and_rules_match_the_reference(seed, n_sessions, has_times):
    rng = np.random.default_rng(seed)
    sessions = random_sessions(rng, n_sessions)
    sessions = with_times(rng, sessions) if has_times else sessions
    queries = random_sessions(rng, 5, low=-1, n_items=N_ITEMS + 2)
    chosen = random_settings(rng)
    index = NeighbourIndex.fit(sessions, N_ITEMS, chosen)

    for found, share in (
        (index.evidence(queries), chosen.rules_share),
        (index.rules(queries), 1.0),
    ):
        expected = evidence_reference(sessions, N_ITEMS, chosen, queries, share)
        np.testing.assert_allclose(found.toarray(), expected, rtol=1e-5, atol=1e-9)
        assert found.dtype == np.float32
        assert found.has_canonical_format


@pytest.mark.parametrize("longest", [120, 400])
def test_long_sessions_match_the_reference(longest):
    rng = np.random.default_rng(longest)
    sessions = random_sessions(rng, 12, longest=longest, n_items=200)
    queries = random_sessions(rng, 6, longest=longest, n_items=210)
    chosen = NeighbourSettings(span=30.0, distance_span=20.0, n_neighbours=5)

    found = NeighbourIndex.fit(sessions, 200, chosen).evidence(queries)

    expected = evidence_reference(sessions, 200, chosen, queries, chosen.rules_share)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-4, atol=1e-9)


def test_what_came_next_is_suggested_with_its_share():
    sessions = Sessions.of([[0, 1, 2], [0, 3], [4, 5]])

    found = NeighbourIndex.fit(sessions, 6, PLAIN).evidence(Sessions.of([[4, 0]]))

    later = np.exp(-1)
    total = 1 + later + 1 + later  # of 1 and 2, of 3, and of 5, whose 4 came one event before
    expected = [[0, 1 / total, later / total, 1 / total, 0, later / total]]
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-6)


def test_the_newer_of_equal_sessions_is_the_neighbour():
    sessions = Sessions.of([[0, 1], [0, 2], [0, 3]])
    index = NeighbourIndex.fit(sessions, 4, replace(PLAIN, n_neighbours=2))

    assert index.evidence(Sessions.of([[0]])).indices.tolist() == [2, 3]


def test_times_say_which_session_is_newer():
    sessions = replace(Sessions.of([[0, 1], [0, 2]]), times=np.array([5.0, 6.0, 1.0, 2.0]))
    index = NeighbourIndex.fit(sessions, 3, replace(PLAIN, n_recent=1))

    assert index.evidence(Sessions.of([[0]])).indices.tolist() == [1]


def test_a_weighty_event_is_suggested_more():
    sessions = replace(Sessions.of([[0, 1], [0, 2]]), weights=np.array([1, 3, 1, 1], np.float32))
    index = NeighbourIndex.fit(sessions, 3, PLAIN)

    expected = [[0, 3 / 4, 1 / 4]]
    np.testing.assert_allclose(index.evidence(Sessions.of([[0]])).toarray(), expected, rtol=1e-6)
    np.testing.assert_allclose(index.rules(Sessions.of([[0]])).toarray(), expected, rtol=1e-6)


def test_sessions_without_a_known_item_have_empty_rows():
    index = NeighbourIndex.fit(Sessions.of([[0, 1]]), 3)

    found = index.evidence(Sessions.of([[], [2], [-1, 3, 10**6], [0]]))

    assert np.diff(found.indptr)[:3].tolist() == [0, 0, 0]
    assert found[[3]].sum() == pytest.approx(1)


def test_an_unknown_item_changes_nothing():
    rng = np.random.default_rng(0)
    index = NeighbourIndex.fit(random_sessions(rng, 30), N_ITEMS + 1)

    assert_same_rows(
        index.evidence(Sessions.of([[1, 2, 3]])),
        index.evidence(Sessions.of([[N_ITEMS, 1, 2, N_ITEMS + 5, 3, N_ITEMS]])),
    )


def test_an_index_of_nothing_suggests_nothing():
    index = NeighbourIndex.fit(Sessions.of([[], []]), 3)

    assert index.n_sessions == 0
    assert index.evidence(Sessions.of([[0, 1]])).nnz == 0
    assert index.evidence(Sessions.of([])).shape == (0, 3)


def test_of_a_long_session_the_last_events_count():
    rng = np.random.default_rng(0)
    index = NeighbourIndex.fit(random_sessions(rng, 50), N_ITEMS, NeighbourSettings(span=1000.0))
    long = rng.integers(0, N_ITEMS, size=10_000)

    assert_same_rows(
        index.evidence(Sessions.of([long])), index.evidence(Sessions.of([long[-N_EVENTS:]]))
    )


def test_an_item_keeps_its_most_frequent_successors():
    sessions = Sessions.of([[0, item] for item in range(1, 151)] + [[0, 150], [0, 149]])

    found = NeighbourIndex.fit(sessions, 151).rules(Sessions.of([[0]]))

    assert found.indices.tolist() == [*range(1, MAX_SUCCESSORS - 1), 149, 150]
    assert found.sum() == pytest.approx(1)


def test_a_session_gets_the_same_alone_and_beside_others_with_any_threads():
    rng = np.random.default_rng(1)
    index = NeighbourIndex.fit(random_sessions(rng, 300, n_items=40), 40)
    queries = random_sessions(rng, 2 * ROWS_PER_JOB + 5, n_items=40)

    together = index.evidence(queries, n_threads=1)

    assert_same_rows(together, index.evidence(queries, n_threads=3))
    for row in range(0, len(queries), 50):
        assert_same_rows(together[[row]], index.evidence(queries.take(np.array([row]))))


def test_other_settings_leave_the_index_as_it_was():
    queries = Sessions.of([[0, 1]])
    index = NeighbourIndex.fit(Sessions.of([[0, 1, 2], [0, 3]]), 4)
    before = index.evidence(queries)

    other = index.with_settings(PLAIN).evidence(queries)

    assert other.nnz != before.nnz
    assert_same_rows(before, index.evidence(queries))


@pytest.mark.parametrize("item", [-1, 3])
def test_an_item_out_of_range_is_refused(item):
    with pytest.raises(ValueError, match=r"items must be in 0 \.\. 2"):
        NeighbourIndex.fit(Sessions.of([[0, item]]), 3)
