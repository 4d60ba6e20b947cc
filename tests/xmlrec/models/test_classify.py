"""`TaxonomyClassifier.classify`: result rows."""

import json

import pytest

from tests.xmlrec.models.shop import (
    fit_shop,
    queries,
    shop_items,
    shop_taxonomy,
)


def test_the_best_path_and_the_next_ones(classifier):
    (row,) = classifier.classify([{"id": "00123", "title": "ankle boot"}], k=3)

    assert (row["id"], row["status"], row["reason"]) == ("00123", "ok", None)
    assert row["taxonomy"] == f"shop.csv@sha256:{classifier.taxonomy_.digest[:12]}"
    (best,) = row["paths"]
    assert (best["category_id"], best["path"]) == ("2", ["Shoes", "Boots"])
    assert best["path_text"] == "Shoes > Boots"
    assert 0.5 < best["confidence"] == best["level_confidence"][-1] <= best["level_confidence"][0]
    scores = [path["score"] for path in (best, *row["alternatives"])]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)


def test_items_without_an_id_are_numbered_from_1(classifier):
    rows = classifier.classify(["boot", {"title": "hose"}, {"id": "x", "title": "hose"}])

    assert [row["id"] for row in rows] == ["1", "2", "x"]


@pytest.mark.parametrize(
    "item", ["", " \n", "!!! ?", "<br> &nbsp;", {}, {"title": ""}, {"title": None, "x": "boot"}]
)
def test_no_text_is_answered_abstain(classifier, item):
    (row,) = classifier.classify([item])

    assert (row["status"], row["reason"]) == ("abstain", "empty_text")
    assert row["paths"] == row["alternatives"] == []


@pytest.mark.parametrize("item", ["\u4e00\u4e8c", "\u0416\u0416\u0416\u0416"])
def test_no_known_word_is_answered_abstain(classifier, item):
    (row,) = classifier.classify([item])

    assert (row["status"], row["reason"]) == ("abstain", "no_known_words")
    assert row["paths"] == row["alternatives"] == []


def test_rows_are_strict_json(classifier):
    rows = classifier.classify(queries(), k=50)

    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_one_text_is_not_taken_for_a_list_of_letters(classifier):
    with pytest.raises(TypeError, match="items is one item; give a list"):
        classifier.classify("boot")


def test_an_item_that_is_no_text_is_named(classifier):
    with pytest.raises(TypeError, match="item 1 is a int, neither a text nor a mapping"):
        classifier.classify(["boot", 5])


def test_training_again_gives_the_rows_another_model(tmp_path):
    classifier = fit_shop(preset="fast")
    classifier.save(tmp_path / "model")
    classifier.fit(shop_items()[:-2], shop_taxonomy())

    assert classifier.classify(["boot"])[0]["model"] == "fast@unsaved"
