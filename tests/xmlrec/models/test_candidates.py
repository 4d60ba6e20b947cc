"""The candidates of items: what trees, words of new labels and vectors find, each label once."""

import numpy as np
import pytest

from tests.xmlrec.models.toy import (
    N_LABELS,
    N_LEAVES,
    TOPICS,
    add_topics,
    item_of,
    titles,
    toy_items,
    toy_ranker,
)
from xmlrec.models.candidates import (
    BEAM,
    N_CANDIDATES,
    N_NEW,
    ROWS_PER_JOB,
    find_candidates,
    join,
    new_labels_by_words,
)
from xmlrec.models.dense import joined_text

NEW_TOPICS = range(N_LEAVES, N_LEAVES + 24)
NEW_COLUMNS = N_LABELS + np.arange(len(NEW_TOPICS))
ITEMS = [*toy_items()[0][::7], *[item_of(topic, 0) for topic in NEW_TOPICS], {"title": ""}]
ITEMS += titles(*[TOPICS[topic][0] for topic in NEW_TOPICS])


def inputs(ranker, items):
    """Return features and vectors of items."""
    X = ranker.features.transform(items)
    if ranker.dense is None:
        return X, np.zeros((len(items), 0), dtype=np.float32)
    return X, ranker.dense.encoder.encode([joined_text(item) for item in items])


def find(ranker, items, *, allowed=None, n_threads=None):
    return find_candidates(
        *inputs(ranker, items), ranker.forest, ranker.dense, ranker.labels,
        allowed=allowed, n_threads=n_threads,
    )  # fmt: skip


def found_by_trees(ranker, items, allowed=None):
    in_trees = None if allowed is None else allowed[: ranker.forest.n_labels]
    X = ranker.features.transform(items)
    return ranker.forest.rank(X, N_CANDIDATES, beam=BEAM, allowed=in_trees)


def without_none(labels):
    return {label for label in labels.tolist() if label >= 0}


@pytest.mark.parametrize("name", ["fast1", "fast3"])
def test_with_neither_vectors_nor_new_labels_they_are_what_the_trees_find(name):
    ranker = toy_ranker(name)

    candidates = find(ranker, ITEMS)

    labels, scores = found_by_trees(ranker, ITEMS)
    assert candidates.labels.tobytes() == labels.tobytes()
    np.testing.assert_array_equal(candidates.tree_scores, np.where(labels >= 0, scores, 0))


@pytest.mark.parametrize("is_narrowed", [False, True])
@pytest.mark.parametrize("name", ["fast1", "fast3", "balanced"])
def test_they_are_all_that_the_sources_find_each_label_once(name, is_narrowed):
    ranker = add_topics(toy_ranker(name), NEW_TOPICS)
    allowed = np.arange(ranker.labels.counts.size) % 3 > 0 if is_narrowed else None

    candidates = find(ranker, ITEMS, allowed=allowed)

    X, E = inputs(ranker, ITEMS)
    trees, scores = found_by_trees(ranker, ITEMS, allowed)
    others = [new_labels_by_words(X, ranker.labels, allowed, n_threads=1)]
    if ranker.dense is not None:
        others.append(ranker.dense.similar_labels(E, allowed))
    more_than_trees = set()
    for row, labels in enumerate(candidates.labels):
        listed = labels[labels >= 0].tolist()
        sources = [trees[row], *[found[row] for found in others]]
        assert labels.tolist() == [*listed, *[-1] * (labels.size - len(listed))]
        assert len(listed) == len(set(listed))
        assert set(listed) == set.union(*map(without_none, sources))
        more_than_trees |= set(listed) - without_none(trees[row])
        of_trees = dict(zip(trees[row].tolist(), scores[row].tolist(), strict=True))
        expected = [of_trees.get(label, 0.0) if label >= 0 else 0.0 for label in labels.tolist()]
        assert candidates.tree_scores[row].tolist() == expected
    is_new = more_than_trees & set(NEW_COLUMNS.tolist())
    assert len(is_new) > len(NEW_TOPICS) / 2
    assert (len(more_than_trees) > len(is_new)) == (name == "balanced")
    if is_narrowed:
        assert allowed[candidates.labels[candidates.labels >= 0]].all()


@pytest.mark.parametrize("name", ["fast3", "balanced"])
def test_no_source_finds_what_is_not_allowed(name):
    ranker = add_topics(toy_ranker(name), NEW_TOPICS)
    allowed = np.zeros(ranker.labels.counts.size, dtype=bool)

    assert (find(ranker, ITEMS, allowed=allowed).labels == -1).all()
    allowed[[25, NEW_COLUMNS[3]]] = True
    assert without_none(find(ranker, ITEMS, allowed=allowed).labels.ravel()) == {
        25,
        NEW_COLUMNS[3],
    }


def test_a_new_label_is_found_by_the_words_of_its_name_alone():
    ranker = add_topics(toy_ranker("fast1"), NEW_TOPICS)
    by_name = titles(*[TOPICS[topic][0] for topic in NEW_TOPICS])

    labels = find(ranker, by_name).labels

    for column, of_row in zip(NEW_COLUMNS.tolist(), labels.tolist(), strict=True):
        assert column in of_row


def test_a_new_label_is_found_by_vectors_where_words_say_nothing():
    ranker = add_topics(toy_ranker("balanced"), NEW_TOPICS)
    items = [item_of(topic, 0) for topic in NEW_TOPICS]
    X, _ = inputs(ranker, items)

    labels = find(ranker, items).labels

    assert (new_labels_by_words(X, ranker.labels, None, n_threads=1) == -1).all()
    for column, of_row in zip(NEW_COLUMNS.tolist(), labels.tolist(), strict=True):
        assert column in of_row


class TestNewLabelsByWords:
    ranker = staticmethod(lambda: add_topics(toy_ranker("fast1"), NEW_TOPICS))

    def matches(self, X, labels):
        return (X.astype(np.float64) @ (labels.names + labels.paths).T).toarray()

    @pytest.mark.parametrize("is_narrowed", [False, True])
    def test_the_best_matches_among_new_labels_are_found(self, is_narrowed):
        labels, (X, _) = self.ranker().labels, inputs(self.ranker(), ITEMS)
        is_asked = labels.is_new.copy()
        is_asked[NEW_COLUMNS[::2]] &= not is_narrowed
        allowed = is_asked if is_narrowed else None

        found = new_labels_by_words(X, labels, allowed, n_threads=1)

        assert (found.shape, found.dtype) == ((len(ITEMS), N_NEW), np.int32)
        n_full = 0
        for of_row, matches in zip(found, self.matches(X, labels), strict=True):
            listed = of_row[of_row >= 0].tolist()
            assert is_asked[listed].all()
            assert len(listed) == len(set(listed)) == min(N_NEW, (matches[is_asked] > 0).sum())
            rest = [c for c in np.flatnonzero(is_asked).tolist() if c not in listed]
            n_full += len(listed) == N_NEW
            if listed:
                assert matches[listed].min() > 0
                assert matches[rest].max(initial=0) <= matches[listed].min() + 1e-6
        assert n_full > 0

    def test_without_an_allowed_one_none_is_found(self):
        labels, (X, _) = self.ranker().labels, inputs(self.ranker(), ITEMS)

        found = new_labels_by_words(X, labels, ~labels.is_new, n_threads=1)

        assert (found == -1).all()

    def test_batch_and_threads_do_not_matter(self):
        labels, (X, _) = self.ranker().labels, inputs(self.ranker(), ITEMS * 5)
        assert X.shape[0] > ROWS_PER_JOB

        together = new_labels_by_words(X, labels, None, n_threads=3)

        alone = new_labels_by_words(X[: len(ITEMS)], labels, None, n_threads=1)
        assert together.tobytes() == np.tile(alone, (5, 1)).tobytes()


def test_lists_are_joined_in_every_job():
    first = np.tile(np.array([[3, 1, -1]], dtype=np.int32), (2 * ROWS_PER_JOB + 5, 1))
    second = np.tile(np.array([[1, -1, 4]], dtype=np.int32), (len(first), 1))

    joined = join(first, second, n_threads=3)

    assert (joined == [3, 1, 4, -1, -1, -1]).all()
    assert join(first[:0], second[:0], n_threads=1).shape == (0, 6)


@pytest.mark.parametrize("name", ["fast3", "balanced"])
def test_threads_do_not_matter(name):
    ranker = add_topics(toy_ranker(name), NEW_TOPICS)
    one, three = (find(ranker, ITEMS, n_threads=n_threads) for n_threads in (1, 3))

    assert one.labels.tobytes() == three.labels.tobytes()
    assert one.tree_scores.tobytes() == three.tree_scores.tobytes()
