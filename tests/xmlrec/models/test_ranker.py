from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.errors import TrainingError
from xmlrec.fuse import candidate_scores, fuse, order_candidates
from xmlrec.models import RankerSettings, ranker_training
from xmlrec.models.cross import cross_rank
from xmlrec.models.ranker import TextRanker
from xmlrec.models.ranker_training import (
    PRIOR_WEIGHTS,
    KnownLabels,
    spread_rows,
    train_forest,
)

TITLE_ONLY = RankerSettings(text=("title",))


def one_hot(labels, n_labels):
    """Return label columns of one label an item; -1 is none."""
    labels = np.asarray(labels)
    rows = np.flatnonzero(labels >= 0)
    return sp.csr_array(
        (np.ones(rows.size, dtype=np.float32), (rows, labels[rows])),
        shape=(labels.size, n_labels),
    )


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


def test_fused_scores_are_weighted_sums():
    F = np.array([[[1, 2, 3, 4], [0, 0, 1, 0]]], dtype=np.float32)

    assert fuse(F, np.array([10, 1, 0.5, 0])).tolist() == [[10 + 2 + 1.5, 0.5]]


def test_candidates_are_ordered_with_ties_to_the_lower_label():
    candidates = np.array([[7, 2, 5, -1], [4, -1, -1, -1]], dtype=np.int32)
    fused = np.array([[1, 3, 3, 9], [2, 8, 8, 8]], dtype=np.float32)

    labels, scores = order_candidates(candidates, fused, 5)

    assert labels.tolist() == [[2, 5, 7, -1, -1], [4, -1, -1, -1, -1]]
    assert scores.tolist() == [[3, 3, 1, -np.inf, -np.inf], [2, *[-np.inf] * 4]]


@pytest.mark.parametrize("n_items", [2, 3, 4, 10])
def test_a_tiny_catalog_can_be_learned(n_items):
    items, labels, texts = memory_case(n_items)

    ranker = TextRanker.fit(items, one_hot(labels, 4), texts, TITLE_ONLY)

    assert np.isfinite(ranker.weights).all()
    assert ranker.rank(items, 1)[0][:, 0].tolist() == labels.tolist()


def test_too_few_items_for_a_fit_leave_the_weights_at_their_prior():
    items, labels, texts = memory_case(3)

    ranker = TextRanker.fit(items, one_hot(labels, 4), texts, TITLE_ONLY)

    assert ranker.weights.tolist() == PRIOR_WEIGHTS.astype(np.float32).tolist()


def test_categories_whose_names_have_no_words_can_be_learned():
    items = [{"title": "red shoe"}, {"title": "blue sock"}]

    ranker = TextRanker.fit(items, one_hot([0, 1], 2), texts_of("!!!", "???"), TITLE_ONLY)

    assert ranker.rank(items, 1)[0][:, 0].tolist() == [0, 1]


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

    assert len(ranker.forest.trees) == TITLE_ONLY.n_trees
    labels, _ = ranker.rank(items, 1)
    assert (labels[:, 0] == np.arange(len(words))).mean() > 0.9


def test_ranking_again_after_loading_gives_the_same_bytes(tmp_path):
    items, labels, texts = memory_case(20)
    ranker = TextRanker.fit(items, one_hot(labels, 4), texts, TITLE_ONLY)
    ranker.save(tmp_path)

    loaded = TextRanker.load(tmp_path)

    for before, after in zip(ranker.rank(items, 4), loaded.rank(items, 4), strict=True):
        assert before.tobytes() == after.tobytes()


def test_parts_of_two_rankers_do_not_open(tmp_path):
    for name, n_items in (("one", 20), ("two", 12)):
        items, labels, texts = memory_case(n_items)
        folder = tmp_path / name
        folder.mkdir()
        TextRanker.fit(items, one_hot(labels, 4), texts, TITLE_ONLY).save(folder)
    (tmp_path / "one" / "text").rename(tmp_path / "aside")
    (tmp_path / "two" / "text").rename(tmp_path / "one" / "text")

    with pytest.raises(ValueError, match="come from different models"):
        TextRanker.load(tmp_path / "one")


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


@pytest.mark.parametrize("name", ["names", "paths"])
def test_a_feature_number_out_of_range_is_found_when_opening(tmp_path, name):
    items, labels, texts = memory_case(8)
    TextRanker.fit(items, one_hot(labels, 4), texts, TITLE_ONLY).save(tmp_path)
    path = tmp_path / "labels" / f"{name}.indices.npy"
    indices = np.load(path)
    indices[-1] = 1 << 28
    np.save(path, indices)

    with pytest.raises(ValueError, match="indices"):
        TextRanker.load(tmp_path)


def test_fusion_is_fitted_on_items_that_its_tree_did_not_see(monkeypatch):
    trained, fused = [], []

    def train(X, Y, labels, settings, **how):
        trained.append((X.toarray(), Y, labels.counts, settings.n_trees))
        return train_forest(X, Y, labels, settings, **how)

    def score(X, ranking, labels, **settings):
        fused.append((X.toarray(), labels.counts))
        return candidate_scores(X, ranking, labels, **settings)

    monkeypatch.setattr(ranker_training, "train_forest", train)
    monkeypatch.setattr(ranker_training, "candidate_scores", score)
    items = [{"title": f"item{number} number{number}"} for number in range(40)]
    Y = one_hot([number % 4 for number in range(40)], 4)
    TextRanker.fit(items, Y, texts_of("a", "b", "c", "d"), TITLE_ONLY)

    (seen, seen_Y, counts, n_trees), (held_out, fused_counts) = trained[0], fused[0]
    rows = [{row.tobytes() for row in part} for part in (seen, held_out)]
    assert (len(rows[0]), len(rows[1])) == (30, 10)
    assert not rows[0] & rows[1]
    assert n_trees == 1
    np.testing.assert_array_equal(counts, np.bincount(seen_Y.indices, minlength=4))
    np.testing.assert_array_equal(fused_counts, counts)


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
            (np.array([[0, 1]], dtype=np.int32), np.full((1, 2), 0.5, dtype=np.float32)),
            ranker.labels,
        )
        assert F[0, label, 2] > F[0, 1 - label, 2]
        assert F[0, 0, 1] == F[0, 1, 1]
