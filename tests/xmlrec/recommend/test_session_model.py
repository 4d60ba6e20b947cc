import numpy as np
import pytest

from tests.xmlrec.encode.tiny import needs_torch
from tests.xmlrec.recommend.world import copy_of, fit_world, ids_of, world_sessions
from xmlrec.recommend import SessionRecommender
from xmlrec.recommend.session_model import index_items, nearest_items

pytestmark = needs_torch


@pytest.fixture(scope="module", name="accurate")
def fixture_accurate():
    """A recommender with a session model; tests do not change it."""
    return fit_world(preset="accurate", n_threads=1)


def test_the_session_model_is_one_of_what_speaks_for_an_item(accurate):
    parts = accurate.parts

    assert parts.facts.feature_names[-1] == "model"
    assert parts.facts.vectors.shape == (len(parts.items), parts.model.dim)
    assert parts.forecast.shares[-1] > 0
    assert parts.forecast.shares.sum() == pytest.approx(1)


def test_it_finds_the_next_items_of_the_world(accurate, world):
    sessions = world_sessions(150, seed=9)

    found = accurate.evaluate(sessions)

    assert found["hr@20"] > 80
    assert found["mrr@20"] > world.evaluate(sessions)["mrr@20"] - 3


def test_terms_of_the_session_model_add_up_with_the_others(accurate):
    cold = np.flatnonzero(accurate.parts.facts.counts == 0)
    ids = [accurate.items_.ids[item] for item in cold]

    lists = accurate.recommend([["i0", "i5"]], k=10, explain=True)
    lists += accurate.recommend([["i0", "i5"]], k=3, available=ids, explain=True)

    for answer in lists:
        assert answer.items
        for item in answer.items:
            terms = item.explanation.terms
            assert sum(terms.values()) == pytest.approx(item.score, abs=1e-3)
            assert {"model: id", "model: level 1", "model: text"} <= set(terms)
    assert all(item.explanation.terms["model: id"] == 0 for item in lists[1].items)


def test_a_session_alone_is_answered_as_among_others(accurate):
    rows = [["i0", "i5"], ["i9"], [], ["i3", "i4", "i7"]]

    together = accurate.recommend(rows, k=8)

    for row, answer in zip(rows, together, strict=True):
        assert ids_of(accurate.recommend([row], k=8)[0]) == ids_of(answer)


def test_it_is_saved_and_opened(accurate, tmp_path):
    accurate.save(tmp_path / "model")

    opened = SessionRecommender.load(tmp_path / "model", n_threads=1)

    rows = [["i0", "i5"], ["i9"]]
    for one, other in zip(accurate.recommend(rows), opened.recommend(rows), strict=True):
        assert ids_of(one) == ids_of(other)


def test_a_new_item_has_a_vector_of_its_path_and_text(accurate):
    recommender = copy_of(accurate, n_threads=1)
    path = accurate.items_.taxonomy.path_text(int(accurate.items_.P[[0]].indices[0]))

    recommender.add_items([{"id": "new", "paths": [path]}])

    vector = recommender.parts.facts.vectors[-1]
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)
    assert "new" in ids_of(recommender.recommend([["i0"]], k=64, within=path)[0])


def test_the_nearest_items_are_those_of_highest_cosine():
    vectors = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    vectors[3] = 0
    queries = 5 * vectors[[7, 3]]

    found = nearest_items(index_items(vectors), queries, 500, allowed=None)

    cosines = vectors @ vectors[7] / np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
    expected = np.argsort(-cosines)[:200]
    assert set(found[[0]].indices) == set(expected[cosines[expected] > 0])
    assert found[[1]].nnz == 0


def test_items_that_do_not_count_are_not_near():
    vectors = np.eye(4, dtype=np.float32)
    queries = np.full((1, 4), 0.5, dtype=np.float32)

    found = nearest_items(
        index_items(vectors), queries, 4, allowed=np.array([True, False, True, False])
    )

    assert found.indices.tolist() == [0, 2]
