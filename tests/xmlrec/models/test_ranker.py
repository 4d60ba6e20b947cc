"""`TextRanker`: learning, ranking and scoring, and labels that come, change and go later."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.shop import same_bytes
from tests.xmlrec.models.toy import (
    ALL_RANKERS,
    NEW_ITEMS,
    one_hot,
    toy_items,
    toy_ranker,
    with_new,
)
from xmlrec.errors import TrainingError
from xmlrec.fuse import Candidates, candidate_scores
from xmlrec.models import RankerSettings
from xmlrec.models.cross import cross_rank
from xmlrec.models.fusion_training import PRIOR_WITHOUT_VECTORS
from xmlrec.models.ranker import TextRanker
from xmlrec.models.ranker_training import KnownLabels, replace_rows, spread_rows

TITLE_ONLY = RankerSettings(preset="fast", text=("title",))
ITEMS, OF_ITEMS = toy_items()
SOME = ITEMS[::20]


def texts_of(*names):
    columns = np.arange(len(names), dtype=np.int32)
    return KnownLabels(columns, names, names, np.full(len(names), -1, dtype=np.int32))


def memory_case(n_items):
    """Return items that share no text with one another or with a label's name, and labels.

    A ranker that saw an item knows its label; one that did not knows nothing at all.
    """
    items = [{"title": chr(ord("a") + number) * 4} for number in range(n_items)]
    labels = np.arange(n_items) % 4
    return items, labels, texts_of("11", "22", "33", "44")


def test_spread_rows_puts_rows_where_they_belong():
    rows = sp.csr_array(np.array([[1, 2, 0], [0, 0, 3]], dtype=np.float32))

    spread = spread_rows(rows, np.array([1, 3], dtype=np.int32), 5)

    assert spread.toarray().tolist() == [[0, 0, 0], [1, 2, 0], [0, 0, 0], [0, 0, 3], [0, 0, 0]]


def test_replaced_rows_stand_where_they_belong_and_others_stay():
    rows = sp.csr_array(np.array([[1, 2, 0], [0, 0, 3], [0, 4, 0]], dtype=np.float32))
    new = sp.csr_array(np.array([[0, 5, 0], [6, 0, 0]], dtype=np.float32))

    replaced = replace_rows(rows, np.array([1, 4], dtype=np.int32), new, 5)

    assert replaced.toarray().tolist() == [[1, 2, 0], [0, 5, 0], [0, 4, 0], [0, 0, 0], [6, 0, 0]]
    assert rows.toarray()[1].tolist() == [0, 0, 3]


@pytest.mark.parametrize("n_items", [2, 3, 4, 10])
def test_a_tiny_catalog_can_be_learned(n_items):
    items, labels, texts = memory_case(n_items)

    ranker = TextRanker.fit(items, one_hot(labels, 4), texts, TITLE_ONLY)

    assert np.isfinite(ranker.weights.to_array()).all()
    assert ranker.rank(items, 1)[0][:, 0].tolist() == labels.tolist()


def test_too_few_items_for_a_fit_leave_the_weights_at_their_prior():
    items, labels, texts = memory_case(3)

    ranker = TextRanker.fit(items, one_hot(labels, 4), texts, TITLE_ONLY)

    assert ranker.weights is PRIOR_WITHOUT_VECTORS


def test_categories_whose_names_have_no_words_can_be_learned():
    items = [{"title": "red shoe"}, {"title": "blue sock"}]

    ranker = TextRanker.fit(items, one_hot([0, 1], 2), texts_of("!!!", "???"), TITLE_ONLY)

    assert ranker.rank(items, 1)[0][:, 0].tolist() == [0, 1]


@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_a_category_without_items_and_without_words_in_its_name_is_not_found(preset):
    items = [{"title": "red shoe"}, {"title": "blue sock"}]
    texts = replace(texts_of("red", "blue", "!!!"), paths=["red", "blue", "shoe !!!"])

    ranker = TextRanker.fit(
        items, one_hot([0, 1], 3), texts, RankerSettings(preset=preset, text=("title",))
    )

    assert sorted(ranker.rank([{"title": "shoe"}], 3)[0][0].tolist()) == [-1, 0, 1]


def test_no_word_anywhere_is_a_training_error():
    with pytest.raises(TrainingError, match="no text to learn from in the fields title"):
        TextRanker.fit([{"title": "!"}] * 2, one_hot([0, 1], 2), texts_of("-", "+"), TITLE_ONLY)


def test_many_labels_are_ranked_by_several_trees():
    """More labels than one level holds: their words still find them."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [a * 3 + b * 3 for a in letters[:21] for b in letters[:21]]
    items = [{"title": word} for word in words]
    texts = texts_of(*map(str, range(len(words))))

    ranker = TextRanker.fit(items, one_hot(np.arange(len(words)), len(words)), texts, TITLE_ONLY)

    assert len(ranker.forest.trees) == TITLE_ONLY.n_learned_trees
    labels, _ = ranker.rank(items, 1)
    assert (labels[:, 0] == np.arange(len(words))).mean() > 0.9


class TestCrossRank:
    """Out-of-fold rankings never come from a ranker that saw the item."""

    def test_an_item_is_unknown_to_the_ranker_of_the_other_folds(self):
        items, labels, texts = memory_case(20)
        Y = one_hot(labels, 4)
        ranker = TextRanker.fit(items, Y, texts, TITLE_ONLY)
        assert ranker.rank(items, 1)[0][:, 0].tolist() == labels.tolist()

        found, scores = cross_rank(items, Y, texts, np.arange(20) % 5, 3, TITLE_ONLY)

        assert (found == -1).all()
        assert np.isneginf(scores).all()

    def test_an_item_is_known_where_its_twin_is_in_another_fold(self):
        items, labels, texts = memory_case(10)
        twins, twice = items * 2, np.tile(labels, 2)
        together, apart = np.tile(np.arange(10) % 2, 2), np.repeat([0, 1], 10)
        Y = one_hot(twice, 4)

        assert (cross_rank(twins, Y, texts, together, 1, TITLE_ONLY)[0] == -1).all()
        found, _ = cross_rank(twins, Y, texts, apart, 1, TITLE_ONLY)
        assert found[:, 0].tolist() == twice.tolist()

    def test_items_without_label_or_text_are_ranked_but_not_learned_from(self):
        items, labels, texts = memory_case(10)
        more = [*items, {"title": "aaaa"}, {}]
        Y = one_hot([*labels, -1, 2], 4)
        folds = np.array([0, 1] * 5 + [1, 1])

        found, _ = cross_rank(more, Y, texts, folds, 1, TITLE_ONLY)
        expected, _ = cross_rank(items, Y[:10], texts, folds[:10], 1, TITLE_ONLY)

        assert found[:10].tolist() == expected.tolist()
        assert found[10:].tolist() == [[labels[0]], [-1]]

    def test_one_fold_leaves_nothing_to_learn_from(self):
        items, labels, texts = memory_case(4)

        with pytest.raises(ValueError, match="fewer than 2 folds"):
            cross_rank(items, one_hot(labels, 4), texts, np.zeros(4), 1, TITLE_ONLY)


def test_the_words_of_the_path_decide_between_equal_names():
    items = [{"title": f"plain thing {number}"} for number in range(8)]
    Y = one_hot([0, 1] * 4, 2)
    texts = replace(texts_of("lamps", "lamps"), paths=["desk lamps", "wall lamps"])
    ranker = TextRanker.fit(
        [*items, {"title": "desk wall"}], sp.vstack([Y, Y[[0]]]), texts, TITLE_ONLY
    )

    for word, label in (("desk", 0), ("wall", 1)):
        F = candidate_scores(
            ranker.features.transform([{"title": word}]),
            np.zeros((1, 0), dtype=np.float32),
            Candidates(np.array([[0, 1]], dtype=np.int32), np.full((1, 2), 0.5, dtype=np.float32)),
            ranker.labels,
        )
        assert F[0, label, 2] > F[0, 1 - label, 2]
        assert F[0, 0, 1] == F[0, 1, 1]


@ALL_RANKERS
def test_items_are_found_again(name):
    labels, _ = toy_ranker(name).rank(ITEMS[::5], 1)

    assert labels[:, 0].tolist() == OF_ITEMS[::5].tolist()


@ALL_RANKERS
def test_a_row_does_not_depend_on_batch_order_or_threads(name):
    ranker, items = with_new(name), [*ITEMS, *NEW_ITEMS, {"title": ""}]
    together = ranker.rank(items, 10, n_threads=1)
    order = np.random.default_rng(0).permutation(len(items))

    shuffled = ranker.rank([items[row] for row in order], 10, n_threads=3)
    assert same_bytes(shuffled, [part[order] for part in together])
    for row in [0, 1023, 1024, *range(len(ITEMS), len(items), 3)]:
        assert same_bytes(ranker.rank([items[row]], 10), [part[[row]] for part in together])


@ALL_RANKERS
def test_a_shorter_ranking_is_the_beginning_of_a_longer_one(name):
    ranker = with_new(name)
    longer = ranker.rank([*SOME, *NEW_ITEMS], 50)

    for k in (1, 7):
        shorter = ranker.rank([*SOME, *NEW_ITEMS], k)
        assert same_bytes(shorter, [np.ascontiguousarray(part[:, :k]) for part in longer])


@ALL_RANKERS
def test_an_item_without_a_known_word_gets_no_label(name):
    labels, scores = with_new(name).rank([{"title": ""}, {"title": "?"}, {}], 5)

    assert (labels == -1).all()
    assert np.isneginf(scores).all()


@ALL_RANKERS
def test_no_items_have_an_empty_ranking(name):
    labels, scores = with_new(name).rank([], 5)

    assert labels.shape == scores.shape == (0, 5)
