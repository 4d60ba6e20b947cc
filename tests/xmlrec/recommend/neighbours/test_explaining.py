from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.neighbours import SlowNeighbours
from tests.xmlrec.recommend.neighbours.cases import N_ITEMS, random_sessions, random_settings
from xmlrec.recommend.neighbours import NeighbourIndex, NeighbourSettings
from xmlrec.recommend.sessions import Sessions


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 100_000), n_sessions=st.integers(0, 12))
def test_the_terms_of_an_item_add_up_to_its_evidence(seed, n_sessions):
    rng = np.random.default_rng(seed)
    sessions, query = random_sessions(rng, n_sessions), random_sessions(rng, 1)
    chosen = random_settings(rng)
    index = NeighbourIndex.fit(sessions, N_ITEMS, chosen)

    found = index.explain(query, range(N_ITEMS), n_neighbours=100)

    slow = SlowNeighbours(sessions, N_ITEMS, chosen)
    exact = slow.evidence(query.items.tolist(), query.weights.tolist(), chosen.rules_share)
    np.testing.assert_allclose([of_item.evidence for of_item in found], exact, atol=1e-6)
    np.testing.assert_allclose(
        [of_item.evidence for of_item in found], index.evidence(query).toarray()[0], atol=1e-6
    )
    for of_item in found:
        by_neighbours = of_item.by_neighbours.sum()
        assert by_neighbours + of_item.by_rules.sum() == pytest.approx(of_item.evidence)
        assert sum(one.share for one in of_item.neighbours) == pytest.approx(by_neighbours)
        assert len(of_item.neighbours) == of_item.n_neighbours


def test_each_item_of_the_session_gives_what_its_own_sessions_suggest():
    sessions = Sessions.of([[0, 2], [1, 2], [1, 3]], ids=["a", "é", "c"])
    chosen = NeighbourSettings(
        span=1.0, idf_exponent=0.0, length_exponent=0.0, repeat=0.0, before=0.0, rules_share=0.0
    )
    index = NeighbourIndex.fit(sessions, 4, chosen)

    (found,) = index.explain(Sessions.of([[0, 1]]), [2], n_neighbours=1)

    earlier = np.exp(-1)
    assert found.session_items.tolist() == [1, 0]
    np.testing.assert_allclose(found.by_neighbours, np.array([1, earlier]) / (2 + earlier))
    assert found.by_rules.tolist() == [0, 0]
    assert [(one.session_id, one.similarity) for one in found.neighbours] == [("é", 1.0)]
    assert found.n_neighbours == 2


def test_a_session_that_shares_several_items_is_split_by_what_they_count():
    query = replace(Sessions.of([[0, 1]]), weights=np.array([3, 1], dtype=np.float32))
    chosen = NeighbourSettings(span=1.0, idf_exponent=0.0, before=0.0, repeat=0.0, rules_share=0.0)
    index = NeighbourIndex.fit(Sessions.of([[0, 1, 2]]), 3, chosen)

    (found,) = index.explain(query, [2])

    counted = np.array([1, 3 * np.exp(-1)])  # of 1, the last one, and of 0
    np.testing.assert_allclose(found.by_neighbours, counted / counted.sum())


def test_only_one_session_is_explained_at_a_time():
    index = NeighbourIndex.fit(Sessions.of([[0, 1]]), 2)

    with pytest.raises(ValueError, match="one session can be explained at a time, got 2"):
        index.explain(Sessions.of([[0], [1]]), [0])
