import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.recommend.neighbours import NeighbourIndex, NeighbourSettings, fit_settings
from xmlrec.recommend.neighbours.fitting import target_ranks, without_seen
from xmlrec.recommend.sessions import Sessions


def bought_again(rng, n_sessions):
    """Return queries of two items out of 60, whose last one comes again."""
    queries = rng.integers(0, 60, size=(n_sessions, 2)).astype(np.int32)
    return queries, queries[:, 1]


def test_repeats_are_learned():
    rng = np.random.default_rng(0)
    rows, again = bought_again(rng, 400)
    index = NeighbourIndex.fit(
        Sessions.of(np.column_stack([rows, again])), 60, NeighbourSettings(repeat=0.0, before=0.0)
    )
    queries, targets = bought_again(rng, 100)

    fitted = fit_settings(index, Sessions.of(queries), targets)

    assert fitted.settings.repeat > 0
    assert fitted.mrr > 0.9
    assert fitted == fit_settings(index, Sessions.of(queries), targets, n_threads=1)


def test_excluded_items_are_no_hits():
    rng = np.random.default_rng(0)
    rows, again = bought_again(rng, 50)
    index = NeighbourIndex.fit(Sessions.of(np.column_stack([rows, again])), 60)

    fitted = fit_settings(index, Sessions.of(rows), again, exclude_seen=True, n_queries=20)

    assert (fitted.hr, fitted.mrr, fitted.n_queries) == (0.0, 0.0, 20)
    assert fitted.settings == index.settings  # nothing was better


def test_the_rank_of_a_target_by_hand():
    evidence = sp.csr_array(np.array([[0.2, 0.5, 0.2, 0.1]] * 5, dtype=np.float32))
    evidence = sp.vstack([evidence, sp.csr_array((1, 4), dtype=np.float32)], format="csr")

    ranks = target_ranks(evidence, np.array([1, 0, 2, 3, 9, 0], dtype=np.int32))

    assert ranks.tolist() == [1, 2, 3, 4, np.inf, np.inf]


def test_seen_items_lose_their_evidence():
    evidence = sp.csr_array(np.array([[0.2, 0.8], [0.5, 0.5]], dtype=np.float32))

    left = without_seen(evidence, Sessions.of([[1, 1, 7], []]))

    np.testing.assert_array_equal(left.toarray(), evidence.toarray() * [[1, 0], [1, 1]])


def test_a_query_needs_a_target():
    index = NeighbourIndex.fit(Sessions.of([[0, 1]]), 2)

    for queries, targets in (([], []), ([[0]], [0, 1])):
        with pytest.raises(ValueError, match="expected a target a query"):
            fit_settings(index, Sessions.of(queries), np.array(targets, dtype=np.int32))
