"""The kernels of fusion against their slow twins, rows outside ``lo .. hi - 1`` untouched."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.fuse import (
    example_matches_reference,
    join_lists_reference,
    pair_dots_reference,
    route_reference,
    taught_reference,
)
from xmlrec.fuse.kernels import (
    best_taught,
    example_matches,
    join_lists,
    pair_dots,
    route,
    taught_scores,
    vector_dots,
)

MADE_UP = given(seed=st.integers(0, 10_000), n_rows=st.integers(0, 6), k=st.integers(1, 7))
SEVERAL = settings(deadline=None, max_examples=60)
UNTOUCHED = 7.0


def random_labels(rng, n_rows, k, n_labels):
    """Return labels with repeats and -1s, also between others."""
    return rng.integers(-1, n_labels, size=(n_rows, k)).astype(np.int32)


def random_range(rng, n_rows):
    lo, hi = sorted(rng.integers(0, n_rows + 1, size=2).tolist())
    return lo, hi


def within(expected, labels, rows):
    """Return ``expected`` for labels of some rows, `UNTOUCHED` elsewhere."""
    is_filled = np.zeros(labels.shape, dtype=bool)
    is_filled[slice(*rows)] = True
    return np.where(is_filled & (labels >= 0), expected, UNTOUCHED)


def random_parents(rng, n_labels):
    """Return a forest: the parent of a label is an earlier one, or none."""
    return np.array([rng.integers(-1, label) for label in range(n_labels)], dtype=np.int32)


@SEVERAL
@MADE_UP
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_products_of_features_match_the_reference(index, seed, n_rows, k):
    rng = np.random.default_rng(seed)
    X, L = (rng.integers(-2, 3, size=(n, 5)).astype(np.float32) for n in (n_rows, 4))
    X[rng.random(n_rows) < 0.3] = 0
    L[rng.integers(4)] = 0
    labels, rows = random_labels(rng, n_rows, k, 4), random_range(rng, n_rows)
    out, row = np.full(labels.shape, UNTOUCHED, dtype=np.float32), np.zeros(5, dtype=np.float32)
    arrays = []
    for dense in (X, L):
        sparse = sp.csr_array(dense)
        arrays += [sparse.indptr.astype(np.int64), sparse.indices.astype(index), sparse.data]

    pair_dots(*arrays, labels, *rows, row, out)

    np.testing.assert_array_equal(out, within(pair_dots_reference(X, L, labels), labels, rows))
    assert not row.any()


@SEVERAL
@MADE_UP
def test_products_of_vectors_match_the_reference(seed, n_rows, k):
    rng = np.random.default_rng(seed)
    dim = int(rng.integers(0, 20))
    E, L = (rng.normal(size=(n, dim)).astype(np.float32) for n in (n_rows, 4))
    L[rng.integers(4)] = 0
    labels, rows = random_labels(rng, n_rows, k, 4), random_range(rng, n_rows)
    out = np.full(labels.shape, UNTOUCHED, dtype=np.float32)

    vector_dots(E, L, labels, *rows, out)

    expected = within(pair_dots_reference(E, L, labels), labels, rows)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


@SEVERAL
@MADE_UP
def test_matches_of_examples_are_those_of_the_reference(seed, n_rows, k):
    rng = np.random.default_rng(seed)
    E, V = (rng.normal(size=(n, 6)).astype(np.float32) for n in (n_rows, 8))
    E, V = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (E, V))
    V[0] = 0
    sizes = rng.integers(0, 4, size=5)
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    examples = rng.integers(0, 8, size=indptr[-1]).astype(np.int32)  # of several labels, or twice
    counts = (sizes * rng.integers(1, 50, size=5)).astype(np.int32)
    labels, rows = random_labels(rng, n_rows, k, 5), random_range(rng, n_rows)
    out = np.full(labels.shape, UNTOUCHED, dtype=np.float32)

    example_matches(E, V, indptr, examples, counts, labels, *rows, 20.0, out)

    expected = example_matches_reference(E, V, indptr, examples, counts, labels, 20.0)
    has_examples = np.append(sizes > 0, False)[labels]  # the last stands for -1
    expected = within(expected, np.where(has_examples, labels, -1), rows)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)


@SEVERAL
@MADE_UP
def test_joined_lists_match_the_reference(seed, n_rows, k):
    rng = np.random.default_rng(seed)
    first = np.array([rng.permutation(9)[:k] for _ in range(n_rows)]).reshape(n_rows, k)
    first[np.arange(k) >= rng.integers(0, k + 1, size=(n_rows, 1))] = -1  # ends in -1
    first, second = first.astype(np.int32), random_labels(rng, n_rows, int(rng.integers(1, 5)), 9)
    width, rows = k + int(rng.integers(0, second.shape[1] + 1)), random_range(rng, n_rows)
    out = np.full((n_rows, width), -1, dtype=np.int32)

    join_lists(first, second, *rows, out)

    expected = np.full_like(out, -1)
    expected[slice(*rows)] = join_lists_reference(first, second, width)[slice(*rows)]
    np.testing.assert_array_equal(out, expected)


@SEVERAL
@MADE_UP
def test_routed_scores_match_the_reference(seed, n_rows, k):
    rng = np.random.default_rng(seed)
    n_labels = 12
    parents, is_new = random_parents(rng, n_labels), rng.random(n_labels) < 0.4
    labels = np.array([rng.permutation(n_labels)[:k] for _ in range(n_rows)], dtype=np.int32)
    labels = labels.reshape(n_rows, k)
    labels[rng.random(labels.shape) < 0.2] = -1
    scores = np.where(rng.random(labels.shape) < 0.3, 0, rng.random(labels.shape))
    scores = np.where((labels < 0) | is_new[labels], 0, scores).astype(np.float32)
    rows = random_range(rng, n_rows)
    expected = scores.astype(np.float64)
    expected[slice(*rows)] = route_reference(labels, scores, parents, is_new)[slice(*rows)]

    route(labels, scores, parents, is_new, *rows)

    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_a_new_label_gets_what_lies_below_its_parent():
    """0 is above 1 and 2, 1 is above 3, 4 is another root; 5 and 6 are new, below 0 and 4."""
    parents = np.array([-1, 0, 0, 1, -1, 0, 4], dtype=np.int32)
    is_new = np.array([False] * 5 + [True] * 2)
    labels = np.array([[5, 3, 2, 6, 4, -1], [6, 5, 3, -1, -1, -1]], dtype=np.int32)
    scores = np.array([[0, 0.5, 0.25, 0, 0.125, 0], [0, 0, 0.5, 0, 0, 0]], dtype=np.float32)

    route(labels, scores, parents, is_new, 0, 2)

    assert scores[0].tolist() == [0.5 + 0.25, 0.5, 0.25, 0.125, 0.125, 0]
    assert scores[1].tolist() == [0, 0.5, 0.5, 0, 0, 0]


def test_a_new_root_gets_the_scores_of_all_candidates():
    parents = np.array([-1, 0, -1, -1], dtype=np.int32)
    labels, scores = np.array([[1, 3, 2]], dtype=np.int32), np.array([[0.5, 0, 0.25]], np.float32)

    route(labels, scores, parents, np.array([False, False, False, True]), 0, 1)

    assert scores.tolist() == [[0.5, 0.75, 0.25]]


def test_an_example_stands_for_the_items_it_was_drawn_from():
    """Of equal examples the match is 1 + log(items) / sharpness, however many were kept."""
    E = np.array([[1, 0]], dtype=np.float32)
    rows = np.zeros(3, dtype=np.int32)
    indptr, counts = np.array([0, 1, 3]), np.array([40, 40], dtype=np.int32)
    out = np.zeros((1, 2), dtype=np.float32)

    example_matches(E, E, indptr, rows, counts, np.array([[0, 1]], np.int32), 0, 1, 20.0, out)

    np.testing.assert_allclose(out, 1 + np.log(40) / 20, rtol=1e-6)


@SEVERAL
@MADE_UP
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_what_words_say_matches_the_reference(index, seed, n_rows, k):
    rng = np.random.default_rng(seed)
    X, T = (rng.integers(0, 3, size=shape).astype(np.float32) for shape in ((n_rows, 5), (5, 6)))
    X[rng.random(n_rows) < 0.3] = 0
    labels, (lo, hi) = random_labels(rng, n_rows, k, 6), random_range(rng, n_rows)
    is_allowed = rng.random(6) < 0.7
    arrays = []
    for dense in (X, T):
        sparse = sp.csr_array(dense)
        arrays += [sparse.indptr.astype(np.int64), sparse.indices.astype(index), sparse.data]
    totals, out = np.zeros(6, dtype=np.float32), np.full(labels.shape, UNTOUCHED, dtype=np.float32)
    best = np.full((n_rows, k), -1, dtype=np.int32)

    taught_scores(*arrays, labels, lo, hi, totals, out)
    best_taught(*arrays, is_allowed, lo, hi, totals, best)

    expected, expected_best = taught_reference(X, T, labels, is_allowed, k)
    np.testing.assert_array_equal(out, within(expected, labels, (lo, hi)))
    is_filled = (np.arange(n_rows) >= lo) & (np.arange(n_rows) < hi)
    np.testing.assert_array_equal(best, np.where(is_filled[:, np.newaxis], expected_best, -1))
    assert not totals.any()
