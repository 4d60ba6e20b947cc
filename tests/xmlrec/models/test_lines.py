"""`TaxonomyClassifier.classify_lines`: the rows of `classify` as JSON."""

import json

import numpy as np
import pytest

from tests.xmlrec.models.market import market, market_items, nonsense
from tests.xmlrec.models.shop import fit_shop
from xmlrec.catalog.results import REASONS
from xmlrec.models.lines import TEXTS

HOW = (
    {},
    {"k": 1},
    {"k": 20, "max_paths": 2},
    {"min_precision": 0.6},
    {"min_precision": 0.9, "k": 2},
    {"under": "Shoes"},
    {"exclude": ["Shoes"], "k": 3},
    {"exclude": ["Shoes"], "min_precision": 0.8},
)
ODD = ["", "!?", "\u4e00\u4e8c", {"id": 'a"\\\n\t\u2028\U0001f600\u00e9', "title": "boot"}]


def as_json(rows):
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    return [encode(row) for row in rows]


def asked_items():
    return [*market_items(150, seed=7), *nonsense(30, seed=5), *ODD]


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("kind", [{}, {"more_paths": 0.3}, {"n_nonsense": 200}], ids=str)
def test_lines_are_the_rows_as_json(kind, how):
    classifier, items = market(**kind), asked_items()

    found = classifier.classify_lines(items, **how)

    rows = classifier.classify(items, **how)
    assert found.lines == as_json(rows)
    assert found.statuses == [row["status"] for row in rows]


def test_every_status_reason_and_kind_of_path_was_among_them():
    rows = [
        row
        for kind in ({}, {"more_paths": 0.3}, {"n_nonsense": 200})
        for how in HOW
        for row in market(**kind).classify(asked_items(), **how)
    ]

    assert {row["status"] for row in rows} == {"ok", "review", "abstain"}
    assert {row["reason"] for row in rows} == {None, *REASONS}
    assert {min(len(row["paths"]), 2) for row in rows} == {0, 1, 2}
    assert any(path["path"] == ["Shoes"] for row in rows for path in row["paths"])


def test_names_and_ids_of_changed_categories_are_escaped():
    classifier = fit_shop(preset="fast")
    before = classifier.classify_lines(["boot"], k=20).lines
    classifier.rename("2", 'B\u00f6\u00f6ts \u2028 "17\\"')
    classifier.add_category(["Shoes", 'Clogs "\n'], id='c"1', examples=["wooden clog"])

    lines = classifier.classify_lines(["boot", "wooden clog"], k=20).lines

    assert lines == as_json(classifier.classify(["boot", "wooden clog"], k=20))
    assert json.loads(lines[0])["paths"][0]["path"][1] == 'B\u00f6\u00f6ts \u2028 "17\\"'
    assert 'c\\"1' in lines[1]
    assert before != lines[:1]


def test_the_best_category_comes_with_its_probability_answered_or_not():
    classifier = market()
    items = [*market_items(40, seed=3), ""]

    found = classifier.classify_lines(items, min_precision=0.9)

    labels, _ = classifier.rank(items, 1)
    np.testing.assert_array_equal(found.best, labels[:, 0])
    of_best = [
        path["confidence"] for row in classifier.classify(items, k=1) for path in row["paths"]
    ]
    np.testing.assert_allclose(found.confidence[:-1], of_best, atol=5.1e-5)
    assert (found.best[-1], found.confidence[-1]) == (-1, 0.0)
    assert "abstain" in found.statuses[:-1]


def test_no_items_are_no_lines():
    found = market().classify_lines([])

    assert (found.lines, found.statuses, found.best.size, found.confidence.size) == ([], [], 0, 0)


def test_texts_of_probabilities_are_the_numbers_that_rounding_gives():
    numbers = np.round(np.arange(10_001) / 10_000, 4).tolist()

    assert TEXTS.tolist() == [json.dumps(number) for number in numbers]
