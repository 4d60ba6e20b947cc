"""`TaxonomyClassifier.classify`: result rows."""

import json

import pytest

from tests.xmlrec.models.shop import (
    queries,
)


def test_the_best_path_and_the_next_ones(classifier):
    (row,) = classifier.classify([{"id": "00123", "title": "ankle boot"}], k=3)

    assert (row["id"], row["status"], row["reason"]) == ("00123", "ok", None)
    assert row["taxonomy"] == f"shop.csv@sha256:{classifier.taxonomy_.digest[:12]}"
    (best,) = row["paths"]
    assert (best["category_id"], best["path"]) == ("2", ["Shoes", "Boots"])
    assert best["path_text"] == "Shoes > Boots"
    assert best["confidence"] is None
    scores = [path["score"] for path in (best, *row["alternatives"])]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)


def test_items_without_an_id_are_numbered_from_1(classifier):
    rows = classifier.classify(["boot", {"title": "hose"}, {"id": "x", "title": "hose"}])

    assert [row["id"] for row in rows] == ["1", "2", "x"]


@pytest.mark.parametrize("item", ["", " \n", {}, {"title": ""}, {"title": None, "x": "boot"}])
def test_no_text_is_answered_abstain(classifier, item):
    (row,) = classifier.classify([item])

    assert (row["status"], row["reason"]) == ("abstain", "empty_text")
    assert row["paths"] == row["alternatives"] == []


@pytest.mark.parametrize("item", ["\u4e00\u4e8c", "!!!", "\u0416\u0416\u0416\u0416"])
def test_no_known_word_is_answered_abstain(classifier, item):
    (row,) = classifier.classify([item])

    assert (row["status"], row["reason"]) == ("abstain", "no_known_words")
    assert row["paths"] == row["alternatives"] == []


def test_rows_are_strict_json(classifier):
    rows = classifier.classify(queries(), k=50)

    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
