"""`TaxonomyClassifier.rank`, `score` and `cross_rank` keep the contract of rankings."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.shop import (
    COLUMN,
    NODES,
    column_of,
    queries,
    same_bytes,
    shop_items,
)
from xmlrec.errors import TrainingError
from xmlrec.models import TaxonomyClassifier

QUERIES = queries()


def test_a_batch_of_one_is_a_batch_of_many_in_any_order(classifier):
    together = classifier.rank(QUERIES, 5)
    order = np.random.default_rng(0).permutation(len(QUERIES))
    shuffled = classifier.rank([QUERIES[i] for i in order], 5)

    for i, query in enumerate(QUERIES):
        alone = classifier.rank([query], 5)
        assert same_bytes(alone, [part[[i]] for part in together])
    assert same_bytes(shuffled, [part[order] for part in together])


def test_a_shorter_ranking_is_the_beginning_of_a_longer_one(classifier):
    rankings = [classifier.rank(QUERIES, k) for k in range(1, 10)]

    for shorter, longer in pairwise(rankings):
        k = shorter[0].shape[1]
        assert same_bytes(shorter, [np.ascontiguousarray(part[:, :k]) for part in longer])


def test_more_places_than_labels_are_padded(classifier):
    labels, scores = classifier.rank(["ankle boot"], 60)

    n_findable = int(classifier.is_findable.sum())
    assert labels.shape == scores.shape == (1, 60)
    assert (labels[0, n_findable:] == -1).all()
    assert np.isneginf(scores[0, n_findable:]).all()
    assert (
        sorted(labels[0, :n_findable].tolist()) == np.flatnonzero(classifier.is_findable).tolist()
    )
    assert (np.diff(scores[0, :n_findable]) <= 0).all()


def test_types_are_those_of_a_ranking(classifier):
    labels, scores = classifier.rank(QUERIES, 3)

    assert (labels.dtype, scores.dtype) == (np.int32, np.float32)


def test_only_allowed_labels_are_ranked_and_in_the_same_order(classifier):
    allowed = np.zeros(len(NODES), dtype=bool)
    allowed[[COLUMN["3"], COLUMN["6"], COLUMN["12"]]] = True

    labels, _ = classifier.rank(["ankle boot"], 5, allowed=allowed)
    everything = classifier.rank(["ankle boot"], 50)[0][0]

    expected = [label for label in everything.tolist() if label >= 0 and allowed[label]]
    assert labels[0].tolist() == [*expected, *[-1] * (5 - len(expected))]
    assert len(expected) == 2


def test_no_items_give_an_empty_ranking(classifier):
    labels, scores = classifier.rank([], 5)

    assert labels.shape == scores.shape == (0, 5)
    assert classifier.classify([]) == []


@pytest.mark.parametrize("n_threads", [1, 2])
def test_threads_do_not_change_a_byte(saved, classifier, n_threads):
    loaded = TaxonomyClassifier.load(saved, n_threads=n_threads)

    assert same_bytes(loaded.rank(QUERIES, 5), classifier.rank(QUERIES, 5))


def test_scores_are_those_of_the_ranking(classifier):
    labels, scores = classifier.rank(QUERIES[:36], 8)
    rows = np.repeat(np.arange(36), (labels >= 0).sum(axis=1))
    columns, values = labels[labels >= 0], scores[labels >= 0]
    shape = (36, len(NODES))
    ones = np.ones(columns.size, dtype=np.float32)

    pairs = classifier.score(QUERIES[:36], sp.csr_array((ones, (rows, columns)), shape=shape))

    expected = sp.csr_array((values, (rows, columns)), shape=shape)
    np.testing.assert_allclose(pairs.toarray(), expected.toarray(), rtol=1e-5)


def test_pairs_that_cannot_be_scored_are_absent(classifier):
    candidates = sp.csr_array(np.ones((2, len(NODES)), dtype=np.float32))

    pairs = classifier.score(["ankle boot", "hose"], candidates)

    expected = np.flatnonzero(classifier.is_findable).tolist()
    assert pairs[[0]].indices.tolist() == pairs[[1]].indices.tolist() == expected


def test_pairs_that_are_not_allowed_are_absent(classifier):
    allowed = np.arange(len(NODES)) == COLUMN["3"]
    candidates = sp.csr_array(np.ones((1, len(NODES)), dtype=np.float32))

    pairs = classifier.score(["ankle boot"], candidates, allowed=allowed)

    assert pairs.indices.tolist() == [COLUMN["3"]]


def test_items_out_of_fold_are_found_by_what_the_other_folds_share_with_them(classifier):
    items = shop_items()
    labels, scores = classifier.cross_rank(items, folds=3, k=2)

    assert labels.shape == scores.shape == (36, 2)
    truth = np.array([column_of(item) for item in items])
    assert (labels[:, 0] == truth).mean() > 0.8


def test_the_same_seed_gives_the_same_folds(classifier):
    items = shop_items()

    assert same_bytes(classifier.cross_rank(items, 2, k=3), classifier.cross_rank(items, 2, k=3))


def test_given_folds_are_kept_apart(classifier):
    items = shop_items()
    secret = [{**item, "title": "\u4e00\u4e8c", "description": ""} for item in items]
    folds = np.arange(36) % 2

    # all of fold 1 share a text that no item of fold 0 has
    mixed = [secret[i] if folds[i] else items[i] for i in range(36)]
    labels, _ = classifier.cross_rank(mixed, folds, k=1)

    assert (labels[folds == 1] == -1).all()


def test_a_mask_may_hold_numbers_but_must_fit(classifier):
    pairs = sp.csr_array(np.ones((1, len(classifier.taxonomy_)), dtype=np.float32))
    mask = np.zeros(len(classifier.taxonomy_), dtype=np.int64)
    mask[classifier.rank(["ankle boot"], 1)[0][0, 0]] = 1

    as_numbers = classifier.score(["ankle boot"], pairs, allowed=mask)
    as_booleans = classifier.score(["ankle boot"], pairs, allowed=mask.astype(bool))

    assert as_numbers.nnz == 1
    np.testing.assert_array_equal(as_numbers.indices, as_booleans.indices)
    with pytest.raises(ValueError, match="allowed has shape"):
        classifier.score(["ankle boot"], pairs, allowed=mask[:-1])


def test_an_item_without_known_words_has_no_scores(classifier):
    pairs = sp.csr_array(np.ones((1, len(classifier.taxonomy_)), dtype=np.float32))
    assert classifier.score(["\u2603"], pairs).nnz == 0


def test_an_untrained_classifier_says_so():
    with pytest.raises(TrainingError, match="not trained"):
        TaxonomyClassifier().classify(["ankle boot"])


def test_the_nan_of_a_data_frame_is_no_text(classifier):
    (row,) = classifier.classify([{"title": float("nan"), "description": None}])
    assert (row["status"], row["reason"]) == ("abstain", "empty_text")
