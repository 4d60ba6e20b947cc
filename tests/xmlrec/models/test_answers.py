"""From probabilities to rows: paths, alternatives, status and the reason for it."""

import json

import numpy as np
import pytest

from tests.xmlrec.models.market import market, market_items, nonsense
from tests.xmlrec.models.shop import COLUMN, shop_taxonomy
from xmlrec.models.answers import Answers, item_id
from xmlrec.models.confidence import Confident, taxonomy_paths
from xmlrec.probabilities import N_BEST, Calibrator, HeldOut, LabelFrame, Thresholds, decide

TAXONOMY = shop_taxonomy()
TITLES = [item["title"] for item in market_items(150, seed=7)]


def rows_of(*items, k=3, only_sure=False, is_single=True, none=0.0, texts=None, excluded=False):
    """Return the rows of items given as ``{category id: P}``; it takes 0.8 to be sure."""
    shape = len(items), N_BEST
    labels, P = np.full(shape, -1, dtype=np.int32), np.zeros(shape, dtype=np.float32)
    for i, of_item in enumerate(items):
        labels[i, : len(of_item)] = [COLUMN[label_id] for label_id in of_item]
        P[i, : len(of_item)] = list(of_item.values())
    paths = taxonomy_paths(TAXONOMY)
    n_labels = len(TAXONOMY)
    frame = LabelFrame(
        np.ones(n_labels, dtype=np.int32),
        TAXONOMY.primary_parents,
        np.zeros(n_labels, dtype=np.bool_),
        paths,
    )
    of_nodes = Calibrator.untrained(is_single=is_single, max_depth=3).node_probabilities(
        labels, P, frame
    )
    none = np.full(len(items), none, dtype=np.float32)
    scores = np.where(labels >= 0, 10 * P, -np.inf).astype(np.float32)
    thresholds = Thresholds(HeldOut.empty(3), frame, 0.8)
    how = {"is_single": is_single, "only_sure": only_sure}
    answers = Answers(
        taxonomy=TAXONOMY,
        confident=Confident(labels, scores, P, none),
        of_nodes=of_nodes,
        decisions=decide(labels, P, of_nodes, none, thresholds, frame, **how),
        is_excluded=np.full(len(items), excluded),
        only_sure=only_sure,
    )
    texts = [{"title": "boot"}] * len(items) if texts is None else texts
    return answers.rows(["boot"] * len(items), texts, k, taxonomy="t", model="m")


def outcome(row):
    return row["status"], row["reason"]


def brief(paths):
    return [(path["category_id"], path["confidence"], path["level_confidence"]) for path in paths]


def test_a_row_by_hand():
    (row,) = rows_of({"6": 0.85, "7": 0.1, "2": 0.03, "3": 0.01})

    assert outcome(row) == ("ok", None)
    assert brief(row["paths"]) == [("6", 0.85, [0.95, 0.85])]
    assert brief(row["alternatives"]) == [("7", 0.1, [0.95, 0.1]), ("2", 0.03, [0.04, 0.03])]
    assert row["paths"][0]["path"] == ["Kitchen", "Kettles"]
    assert row["paths"][0]["score"] == pytest.approx(8.5)


def test_probabilities_have_four_decimals():
    (row,) = rows_of({"6": 0.123456, "7": 0.00004})

    assert brief(row["paths"]) == [("6", 0.1235, [0.1235, 0.1235])]
    assert brief(row["alternatives"]) == [("7", 0.0, [0.1235, 0.0])]


def test_several_paths_hold_even_if_fewer_are_asked_for():
    (row,) = rows_of({"6": 0.9, "7": 0.85, "2": 0.05}, k=1, is_single=False)

    assert [path["category_id"] for path in row["paths"]] == ["6", "7"]
    assert row["alternatives"] == []
    assert outcome(row) == ("ok", None)


def test_a_category_above_labels_has_its_own_probability_at_its_own_level():
    """Kitchen is a label itself, with 0.3; with all below it has 0.9, and stands there once."""
    (row,) = rows_of({"5": 0.3, "6": 0.3, "7": 0.3, "2": 0.1}, only_sure=True)

    assert outcome(row) == ("ok", None)
    assert brief(row["paths"]) == [("5", 0.9, [0.9])]
    assert brief(row["alternatives"]) == [("6", 0.3, [0.9, 0.3]), ("7", 0.3, [0.9, 0.3])]


def test_a_category_above_labels_has_the_score_of_the_best_label_below_it():
    (row,) = rows_of({"2": 0.1, "6": 0.45, "7": 0.4}, only_sure=True)

    assert row["paths"][0]["score"] == pytest.approx(4.5)


REASONS = {
    "sure": ({"6": 0.9}, {}, ("ok", None), ("ok", None)),
    "unsure": ({"6": 0.4, "2": 0.4}, {}, ("review", "low_confidence"),
               ("abstain", "low_confidence")),
    "siblings": ({"6": 0.5, "7": 0.4}, {}, ("review", "ambiguous_siblings"), ("ok", None)),
    "no category": ({"6": 0.9}, {"none": 0.6}, *[("abstain", "no_category_fits")] * 2),
    "the best one excluded": ({"6": 0.1}, {"excluded": True}, ("review", "excluded"),
                              ("abstain", "excluded")),
    "another one is sure": ({"6": 0.9}, {"excluded": True}, ("ok", None), ("ok", None)),
    "all excluded": ({}, {"excluded": True}, *[("abstain", "excluded")] * 2),
    "nothing known": ({}, {}, *[("abstain", "no_known_words")] * 2),
    "no text": ({}, {"texts": [{}]}, *[("abstain", "empty_text")] * 2),
    "no words": ({}, {"texts": [{"title": "<br> !"}]}, *[("abstain", "empty_text")] * 2),
    "no text, all excluded": ({}, {"texts": [{}], "excluded": True},
                              *[("abstain", "empty_text")] * 2),
    "no text, no category": ({}, {"texts": [{}], "none": 0.9}, *[("abstain", "empty_text")] * 2),
}  # fmt: skip


@pytest.mark.parametrize("case", REASONS)
def test_a_row_says_why_it_is_not_ok(case):
    of_item, how, best, sure = REASONS[case]

    for only_sure, expected in ((False, best), (True, sure)):
        (row,) = rows_of(of_item, only_sure=only_sure, **how)
        assert outcome(row) == expected
        assert bool(row["paths"]) is (row["status"] != "abstain")


def test_what_is_abstained_from_still_shows_what_is_likely():
    (row,) = rows_of({"6": 0.4, "2": 0.35, "3": 0.1, "10": 0.05}, only_sure=True)

    assert [path["category_id"] for path in row["alternatives"]] == ["6", "2", "3"]


def test_a_sure_answer_is_as_precise_as_asked_for():
    """Of 600 fresh items; the paths hold if the category, or one below it, is the item's."""
    items = market_items(600, seed=11)
    for precision in (0.7, 0.9):
        rows = market().classify(items, min_precision=precision)
        sure = [(item, row) for item, row in zip(items, rows, strict=True) if row["paths"]]
        right = [item["paths"][0][: len(row["paths"][0]["path"])] == row["paths"][0]["path"]
                 for item, row in sure]  # fmt: skip
        assert len(sure) > 300
        assert np.mean(right) >= precision
        assert {row["status"] for _, row in sure} == {"ok"}


def test_more_precision_gives_shorter_paths_and_fewer_answers():
    def n_levels(precision):
        rows = market().classify(TITLES, min_precision=precision)
        return sum(len(path["path"]) for row in rows for path in row["paths"])

    levels = [n_levels(precision) for precision in (0.5, 0.8, 0.95, 0.999)]

    assert levels == sorted(levels, reverse=True)
    assert levels[0] > levels[-1]


def test_several_paths_are_answered_where_items_have_several():
    several = market(more_paths=0.4)
    title = "hiking boot leather flexible hose nozzle"

    (row,) = several.classify([title])
    assert {path["category_id"] for path in row["paths"]} == {"2", "10"}
    (row,) = several.classify([title], max_paths=1)
    assert len(row["paths"]) == 1
    (row,) = market().classify([title])
    assert len(row["paths"]) == 1


def test_items_that_fit_nowhere_are_learned_from_rows_without_paths():
    classifier = market(n_nonsense=100)
    titles = [item["title"] for item in nonsense(40, seed=8)]

    fits = [outcome(row) for row in classifier.classify(TITLES)]
    for how in ({}, {"min_precision": 0.9}):
        rows = classifier.classify(titles, **how)
        assert [outcome(row) for row in rows] == [("abstain", "no_category_fits")] * 40
        assert all(row["paths"] == [] and row["alternatives"] for row in rows)
    assert fits.count(("abstain", "no_category_fits")) <= 0.05 * len(fits)
    assert all(outcome(row) != ("abstain", "no_category_fits") for row in market().classify(titles))


def test_rows_are_strict_json():
    for how in ({}, {"min_precision": 0.9}, {"exclude": ["Kitchen"]}):
        rows = market().classify(["", *TITLES], k=20, **how)
        assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_an_item_is_called_by_its_id_or_by_its_position_from_1():
    assert [item_id(item, 4) for item in ("boot", {}, {"id": None}, {"id": 0})] == [
        "5",
        "5",
        "5",
        "0",
    ]
