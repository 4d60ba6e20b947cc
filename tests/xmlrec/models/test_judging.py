"""`TextRanker.judge`: what a ranking is made of is what the ranking says."""

import numpy as np
import pytest

from tests.xmlrec.models.toy import (
    ALL_RANKERS,
    N_LABELS,
    NEW_ITEMS,
    ask,
    titles,
    toy_items,
    toy_ranker,
    with_new,
)
from xmlrec.fuse import N_SCORES

ITEMS = [*toy_items()[0][::100], *NEW_ITEMS[::9]]


@ALL_RANKERS
@pytest.mark.parametrize("made", [toy_ranker, with_new])
@pytest.mark.parametrize("is_narrowed", [False, True])
def test_candidates_have_the_scores_of_the_ranking(name, made, is_narrowed):
    ranker = made(name)
    allowed = np.arange(ranker.labels.counts.size) % 3 > 0 if is_narrowed else None
    labels, scores = ranker.rank(ITEMS, N_LABELS, allowed=allowed)
    for item, columns, values in zip(ITEMS, labels, scores, strict=True):
        judged = ranker.judge(item, allowed=allowed)

        order = np.lexsort((judged.labels, -judged.scores))
        n_found = int((columns >= 0).sum())
        np.testing.assert_array_equal(judged.labels[order], columns[:n_found])
        np.testing.assert_array_equal(judged.scores[order], values[:n_found])
        assert judged.is_ranked.all()
        assert judged.F.shape == (n_found, N_SCORES)


@ALL_RANKERS
def test_what_is_asked_for_has_its_score_and_changes_no_other(name):
    ranker = with_new(name)
    asked = [25, 300, N_LABELS + 1]
    for item in ITEMS:
        judged, alone = ranker.judge(item, asked), ranker.judge(item)

        found = dict(zip(judged.labels.tolist(), judged.scores.tolist(), strict=True))
        expected = ask(ranker, [item], [0] * 3, asked)[0, asked]
        assert [found[label] for label in asked] == expected.tolist()
        np.testing.assert_array_equal(judged.labels[judged.is_ranked], alone.labels)
        np.testing.assert_array_equal(judged.scores[judged.is_ranked], alone.scores)


def test_an_item_that_says_nothing_has_no_candidates_whatever_is_asked_for():
    judged = toy_ranker("fast1").judge(*titles(""), [30])

    assert judged.labels.size == judged.scores.size == 0


def test_labels_that_cannot_be_scored_are_left_out():
    ranker = toy_ranker("fast1")
    allowed = np.arange(N_LABELS) != 30

    assert 30 not in ranker.judge(ITEMS[0], [30], allowed=allowed).labels
    assert 30 in ranker.judge(ITEMS[0], [30]).labels
