"""`TextRanker.score`: a pair has the score that it has in a ranking, whatever else is asked."""

from copy import copy

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.toy import (
    ALL_RANKERS,
    N_LABELS,
    NEW,
    NEW_ITEMS,
    ask,
    listed,
    scores_of,
    toy_items,
    toy_ranker,
    with_new,
)
from xmlrec.fuse import N_SCORES, FusionWeights
from xmlrec.fuse.scores import MIN_SCORE, SIZE, size_above_mean

NEW_COLUMNS = N_LABELS + np.arange(len(NEW))
KNOWN, OF_KNOWN = (part[::30] for part in toy_items())
ITEMS = [*KNOWN, *NEW_ITEMS]


def with_odd_weights(name):
    """Return a ranker of new labels for which what trees and vectors miss is as good as any."""
    ranker = copy(with_new(name))
    of_known, of_new = np.random.default_rng(0).normal(size=(2, N_SCORES))
    ranker.weights = FusionWeights(of_known, of_new, 5.0)
    return ranker


@ALL_RANKERS
@pytest.mark.parametrize("is_narrowed", [False, True])
@pytest.mark.parametrize("made", [toy_ranker, with_new, with_odd_weights])
def test_pairs_that_rank_returns_have_its_scores_whatever_else_is_asked(name, made, is_narrowed):
    ranker = made(name)
    allowed = np.arange(ranker.labels.counts.size) % 3 > 0 if is_narrowed else None
    rows, columns, scores = listed(ranker.rank(ITEMS, 80, allowed=allowed))
    assert len(rows) > 20 * len(ITEMS)
    if made is not toy_ranker:
        assert (columns >= N_LABELS).any()

    exactly = ask(ranker, ITEMS, rows, columns, allowed)
    among_all = scores_of(ranker, ITEMS, allowed)

    np.testing.assert_array_equal(exactly[rows, columns], scores)
    np.testing.assert_array_equal(among_all[rows, columns], scores)


@ALL_RANKERS
@pytest.mark.parametrize("made", [with_new, with_odd_weights])
def test_a_pair_that_rank_does_not_return_does_not_depend_on_what_else_is_asked(name, made):
    ranker, items = made(name), ITEMS[::10]
    among_all = scores_of(ranker, items)
    is_found = np.zeros(among_all.shape, dtype=bool)
    is_found[listed(ranker.rank(items, 80))[:2]] = True
    others = np.argwhere(~is_found)
    assert {True, False} <= {bool(column >= N_LABELS) for _, column in others}

    for row, column in others[:: len(others) // 25].tolist():
        alone = ask(ranker, items, [row], [column])
        assert alone[row, column] == among_all[row, column] != 0


@ALL_RANKERS
def test_new_pairs_alone_can_be_asked(name):
    ranker = with_new(name)
    columns = NEW_COLUMNS[np.arange(len(ITEMS)) % len(NEW)]

    scores = ask(ranker, ITEMS, np.arange(len(ITEMS)), columns)

    assert np.count_nonzero(scores) == len(ITEMS)


@ALL_RANKERS
def test_a_far_label_scores_below_those_that_are_returned(name):
    scores = scores_of(toy_ranker(name), KNOWN)

    assert scores.argmax(axis=1).tolist() == OF_KNOWN.tolist()


@ALL_RANKERS
def test_nothing_asked_nothing_scored(name):
    ranker = with_new(name)

    assert ranker.score(list(ITEMS), sp.csr_array((len(ITEMS), 460))).nnz == 0
    assert ranker.score([], sp.csr_array((0, 460))).shape == (0, 460)


@ALL_RANKERS
def test_items_that_say_nothing_and_labels_that_are_not_allowed_are_absent(name):
    ranker, items = with_new(name), [{"title": ""}, ITEMS[0]]
    allowed = np.arange(ranker.labels.counts.size) % 2 == 0

    scores = scores_of(ranker, items, allowed)

    assert not scores[0].any()
    assert (scores[1] != 0).tolist() == allowed.tolist()


@ALL_RANKERS
def test_a_pair_that_rank_does_not_return_is_weighed_as_what_it_is(name):
    ranker, items = with_new(name), ITEMS[::10]
    of_known, of_new = np.zeros((2, N_SCORES))
    of_new[SIZE] = 1.0  # which is 1 for a new label
    of_known[SIZE + 1] = 1.0  # the tree's logarithm times size above the mean
    ranker = copy(ranker)
    ranker.weights = FusionWeights(of_known, of_new, 0.0)

    asked = scores_of(ranker, items)

    assert (asked[:, NEW_COLUMNS] == 1.0).all()
    X = ranker.features.transform(items)
    pairs = sp.csr_array(np.ones((len(items), N_LABELS), dtype=np.float32))
    logs = np.log(np.maximum(ranker.forest.score_pairs(X, pairs).toarray(), MIN_SCORE))
    is_found = np.zeros(asked.shape, dtype=bool)
    is_found[listed(ranker.rank(items, 80))[:2]] = True
    is_asked = ~is_found[:, :N_LABELS] & (ranker.labels.counts[:N_LABELS] > 0)
    expected = logs * size_above_mean(ranker.labels)[:N_LABELS]
    np.testing.assert_allclose(asked[:, :N_LABELS][is_asked], expected[is_asked], rtol=1e-4)
