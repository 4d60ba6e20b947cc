from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from tests.oracles.fuse import example_matches_reference, pair_dots_reference, route_reference
from xmlrec.fuse import N_SCORES, Candidates, Examples, LabelRows, candidate_scores
from xmlrec.fuse.scores import SIZE, TIMES_SIZE

COUNTS = np.array([0, 4, 1, 0, 9, 2, 0, 0], dtype=np.int32)
PARENTS = np.array([-1, 0, 0, 2, -1, 4, 0, 4], dtype=np.int32)
IS_NEW = np.arange(8) >= 6
N_ROWS = 2500  # several jobs


def unit_rows(rng, n, dim):
    vectors = rng.normal(size=(n, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def made_up(seed, n=N_ROWS, n_features=30, dim=5):
    """Return items, their vectors, candidates and labels, two of them new."""
    rng = np.random.default_rng(seed)

    def rows(m):
        return sp.random_array(
            (m, n_features), density=0.3, rng=rng, dtype=np.float32, format="csr"
        )

    labels = np.array([rng.permutation(8)[:5] for _ in range(n)], dtype=np.int32)
    labels[rng.random(labels.shape) < 0.2] = -1
    is_found = (labels >= 0) & ~IS_NEW[labels] & (rng.random(labels.shape) < 0.7)
    scores = np.where(is_found, rng.random(labels.shape), 0).astype(np.float32)
    examples = Examples(
        unit_rows(rng, 6, dim),
        np.array([0, 0, 3, 4, 4, 7, 9, 9, 9]),
        np.array([0, 1, 2, 3, 3, 4, 5, 0, 4], dtype=np.int32),
    )
    vectors = unit_rows(rng, 8, dim)
    vectors[3] = 0
    taught = rows(n_features)[:, :8]
    known = LabelRows(rows(8), rows(8), taught, vectors, examples, COUNTS, PARENTS, IS_NEW)
    return rows(n), unit_rows(rng, n, dim), Candidates(labels, scores), known


def take(candidates, rows):
    return Candidates(candidates.labels[rows], candidates.tree_scores[rows])


def test_scores_are_what_the_module_says():
    X, E, candidates, known = made_up(0)
    rows = slice(0, None, 97)
    few, labels = take(candidates, rows), candidates.labels[rows]

    F = candidate_scores(X, E, candidates, known)[rows]

    routed = route_reference(labels, few.tree_scores, PARENTS, IS_NEW)
    expected = {
        1: pair_dots_reference(X.toarray()[rows], known.names.toarray(), labels),
        2: pair_dots_reference(X.toarray()[rows], known.paths.toarray(), labels),
        3: pair_dots_reference(X.toarray()[rows], known.taught.toarray().T, labels),
        4: pair_dots_reference(E[rows], known.vectors, labels),
        5: example_matches_reference(E[rows], *known.examples, COUNTS, labels, 20.0),
    }
    kinds = set()
    for i, of_row in enumerate(labels.tolist()):
        found = [score for score in few.tree_scores[i] if score > 0]
        for c, label in enumerate(of_row):
            if label < 0:
                assert not F[i, c].any()
                continue
            tree = routed[i, c] or min(found, default=1e-6)
            size = 1.0 if IS_NEW[label] else np.log(1 + COUNTS[label])
            others = [expected[place][i, c] for place in (1, 2, 3, 4, 5)]
            wanted = [np.log(min(tree, 1)), *others, size]
            mean = np.log(1 + COUNTS[COUNTS > 0]).mean()
            above = size - mean if COUNTS[label] > 0 else 0
            products = [above * wanted[place] for place in TIMES_SIZE]
            np.testing.assert_allclose(F[i, c], wanted + products, rtol=1e-4, atol=1e-5)
            kinds.add((bool(IS_NEW[label]), few.tree_scores[i, c] > 0, bool(found)))
    assert {(False, True, True), (False, False, True), (True, False, True)} <= kinds


def test_a_candidate_that_no_tree_found_counts_as_the_last_that_they_found():
    X, E, _, known = made_up(1, n=2)
    labels = np.array([[1, 2, 5, -1], [1, 2, -1, -1]], dtype=np.int32)
    scores = np.array([[0.5, 0.25, 0, 0], [0, 0, 0, 0]], dtype=np.float32)

    F = candidate_scores(X, E, Candidates(labels, scores), known)

    np.testing.assert_allclose(F[0, :3, 0], np.log([0.5, 0.25, 0.25]), rtol=1e-6)
    np.testing.assert_allclose(F[1, :2, 0], np.log([1e-6, 1e-6]), rtol=1e-6)


def test_a_new_label_below_nothing_that_was_found_counts_as_the_last_found_too():
    X, E, _, known = made_up(2, n=1)
    labels, scores = np.array([[1, 2, 7]], dtype=np.int32), np.array([[0.5, 0.25, 0]], np.float32)

    F = candidate_scores(X, E, Candidates(labels, scores), known)

    np.testing.assert_allclose(F[0, 2, 0], np.log(0.25), rtol=1e-6)
    assert F[0, 2, SIZE] == 1
    assert not F[0, 2, SIZE + 1 :].any()


def test_new_candidates_leave_the_scores_of_the_others_as_they_are():
    X, E, candidates, known = made_up(3, n=300)
    without = np.where(IS_NEW[candidates.labels], -1, candidates.labels)

    F = candidate_scores(X, E, candidates, known)
    expected = candidate_scores(X, E, Candidates(without, candidates.tree_scores), known)

    assert F[without >= 0].tobytes() == expected[without >= 0].tobytes()


@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_row_does_not_depend_on_its_neighbours_or_on_threads(n_threads):
    X, E, candidates, known = made_up(4)
    together = candidate_scores(X, E, candidates, known, n_threads=n_threads)
    order = np.random.default_rng(0).permutation(N_ROWS)
    shuffled = candidate_scores(
        X[order], E[order], take(candidates, order), known, n_threads=n_threads
    )

    assert shuffled.tobytes() == together[order].tobytes()
    for row in (0, 7, 1023, 1024, N_ROWS - 1):
        alone = candidate_scores(X[[row]], E[[row]], take(candidates, [row]), known)
        assert together[row].tobytes() == alone[0].tobytes()


def test_without_vectors_their_scores_are_zero():
    X, E, candidates, known = made_up(5, n=50)
    none = Examples(np.zeros((0, 0), np.float32), np.zeros(9, np.int64), np.zeros(0, np.int32))
    known = replace(known, vectors=known.vectors[:, :0], examples=none)

    F = candidate_scores(X, E[:, :0], candidates, known)

    assert not F[:, :, [4, 5]].any()
    assert F[:, :, [1, 2, 3]].any(axis=(0, 1)).all()


def test_a_tree_score_of_zero_stays_finite():
    X, E, candidates, known = made_up(6, n=3)
    nothing = Candidates(candidates.labels, np.zeros_like(candidates.tree_scores))

    assert np.isfinite(candidate_scores(X, E, nothing, known)).all()


def test_the_callers_arrays_are_not_written_to():
    X, E, candidates, known = made_up(7, n=200)
    before = [array.tobytes() for array in (E, candidates.labels, candidates.tree_scores)]

    candidate_scores(X, E, candidates, known)

    after = [array.tobytes() for array in (E, candidates.labels, candidates.tree_scores)]
    assert after == before


def test_no_items_have_no_scores():
    X, E, candidates, known = made_up(8, n=2)

    F = candidate_scores(X[:0], E[:0], take(candidates, slice(0)), known)

    assert (F.shape, F.dtype) == ((0, 5, N_SCORES), np.float32)
