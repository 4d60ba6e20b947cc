import time

import numpy as np
import pytest

from indexes import ExactIndex, FaissIndex
from indexes import faiss_index as module
from tests.indexes.cases import assert_same, unit_vectors


def both(ids, vectors):
    indexes = ExactIndex(vectors.shape[1]), FaissIndex(vectors.shape[1])
    for index in indexes:
        index.add(ids, vectors)
    return indexes


@pytest.mark.parametrize("dim", [1, 5, 64, 257])
@pytest.mark.parametrize("k", [1, 10, 200])
def test_faiss_finds_what_the_exact_index_finds(dim, k):
    ids = np.random.default_rng(0).permutation(6000)[:2500]
    exact, fast = both(ids, unit_vectors(2500, dim))
    queries = unit_vectors(30, dim, seed=1)

    for index in (exact, fast):
        index.remove(ids[::7])
        index.add(ids[:140:7], unit_vectors(20, dim, seed=2))

    assert_same(fast.search(queries, k), exact.search(queries, k))
    allowed = ids[::3]
    expected = exact.search(queries, k, allowed=allowed)
    assert_same(fast.search(queries, k, allowed=allowed), expected)


def test_more_ties_than_candidates_still_go_to_the_lowest_ids():
    vectors = np.repeat(unit_vectors(3, 16), 300, axis=0)
    ids = np.random.default_rng(0).permutation(900)
    exact, fast = both(ids, vectors)

    found = fast.search(vectors[::300], 5)

    assert_same(found, exact.search(vectors[::300], 5))
    assert found[0][0].tolist() == sorted(ids[:300].tolist())[:5]


@pytest.mark.parametrize("scores_at_once", [1, 100, 2**22])
def test_the_size_of_a_piece_does_not_change_the_result(monkeypatch, scores_at_once):
    exact, fast = both(np.arange(300), unit_vectors(300, 16))
    queries = unit_vectors(9, 16, seed=1)

    monkeypatch.setattr(module, "SCORES_AT_ONCE", scores_at_once)

    assert_same(fast.search(queries, 4), exact.search(queries, 4))


@pytest.mark.parametrize("dim", [8, 256, 1024])
def test_the_rough_scores_are_within_thelargest_error(dim):
    vectors = unit_vectors(2000, dim)
    queries = vectors[:50]
    rough = queries @ vectors.T
    true = queries.astype(np.float64) @ vectors.T.astype(np.float64)

    assert np.abs(rough - true).max() < module.largest_error(dim) / 2


def test_one_label_is_added_to_100_000_in_less_than_10_ms():
    index = FaissIndex(64)
    index.add(np.arange(100_000), unit_vectors(100_000, 64))
    new = unit_vectors(30, 64, seed=1)
    times_ms = []

    for number, vector in enumerate(new):
        started = time.perf_counter()
        index.add([100_000 + number], vector[np.newaxis])
        times_ms.append(1000 * (time.perf_counter() - started))

    assert np.median(times_ms) < 10
    assert index.search(new, 1)[0].ravel().tolist() == list(range(100_000, 100_030))
