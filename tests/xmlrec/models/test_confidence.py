"""Probabilities of items in one version: row by row, merged, new and removed categories."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.models.market import market, market_items
from tests.xmlrec.models.shop import shop_taxonomy
from xmlrec.errors import OptionError, ScoreError
from xmlrec.models import TaxonomyClassifier, confidence
from xmlrec.models.confidence import Confident, taxonomy_paths
from xmlrec.probabilities import N_BEST
from xmlrec.taxonomy import Node, Taxonomy

TITLES = [*[item["title"] for item in market_items(60, seed=4)], "", "boot", "\u4e00\u4e8c"]
SEVERAL = settings(deadline=None, max_examples=15)
HOWS = ({}, {"min_precision": 0.9}, {"exclude": ["Shoes"], "k": 9}, {"under": "Kitchen"})


def fit_market(**more):
    """Return a classifier that a test may change."""
    return TaxonomyClassifier(preset="fast").fit(market_items(**more), shop_taxonomy())


def shown(row):
    return [*row["paths"], *row["alternatives"]]


def figures_of(row):
    return [p for path in shown(row) for p in (path["confidence"], *path["level_confidence"])]


def rounded(row):
    """Return a row without its scores and its id, and with 4 decimals of probabilities."""
    paths = [
        [
            (path["category_id"], path["confidence"], tuple(path["level_confidence"]))
            for path in row[part]
        ]
        for part in ("paths", "alternatives")
    ]
    return row["status"], row["reason"], paths


@pytest.mark.parametrize("preset", ["fast", "balanced"])
@SEVERAL
@given(data=st.data())
def test_a_row_does_not_depend_on_its_batch(preset, data):
    rows = data.draw(st.lists(st.integers(0, len(TITLES) - 1), unique=True, max_size=12))
    how = data.draw(st.sampled_from(HOWS))
    classifier = market(preset)
    together = classifier.classify(TITLES, **how)
    ids = [{"title": TITLES[i], "id": str(i + 1)} for i in rows]

    some = classifier.classify(ids, **how)

    expected = [together[i] for i in rows]
    if preset == "fast":
        assert some == expected
        confident = classifier.view.confide(classifier_texts(rows), None, 1)
        every = classifier.view.confide(classifier_texts(range(len(TITLES))), None, 1)
        for one, other in zip(confident, every, strict=True):
            assert one.tobytes() == other[rows].tobytes()
    else:
        assert [rounded(row) for row in some] == [rounded(row) for row in expected]


def classifier_texts(rows):
    return [{"title": TITLES[i]} if TITLES[i] else {} for i in rows]


@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_a_row_does_not_depend_on_threads_or_blocks(preset, monkeypatch):
    view, texts = market(preset).view, classifier_texts(range(len(TITLES)))
    one = view.confide(texts, None, 1)
    three = view.confide(texts, None, 3)
    monkeypatch.setattr(confidence, "BLOCK_ITEMS", 7)
    in_blocks = view.confide(texts, None, 2)

    for other in (three, in_blocks):
        for a, b in zip(one, other, strict=True):
            if preset == "fast":
                assert a.tobytes() == b.tobytes()
            else:
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("preset", ["fast", "balanced"])
@pytest.mark.parametrize("more_paths", [0.0, 0.4])
def test_what_holds_of_probabilities_holds_in_rows(preset, more_paths):
    is_single = not more_paths
    for how in HOWS:
        rows = market(preset, more_paths=more_paths).classify(TITLES, **{**how, "k": 20})
        for row in rows:
            labels = [path for path in shown(row) if path["level_confidence"]]
            if len(row["paths"]) == 1 and len(shown(row)[0]["path"]) == 1:
                labels = labels[1:]  # a category above labels
            for path in labels:
                levels = path["level_confidence"]
                assert len(levels) == len(path["path"])
                assert levels == sorted(levels, reverse=True)
                assert levels[-1] == path["confidence"]
                assert levels[-1] >= 0
                assert levels[0] <= 1
            chances = [path["confidence"] for path in labels]
            assert chances == sorted(chances, reverse=True)
            if is_single:
                assert sum(chances) <= 1 + len(chances) * 0.00005


def test_there_are_as_many_paths_as_asked_for_and_no_more_changes_nothing():
    long, short = (market().classify(TITLES, k=k) for k in (20, 2))

    for one, other in zip(long, short, strict=True):
        assert shown(one)[:2] == shown(other)
        assert one["status"] == other["status"]


def test_no_items_have_no_rows():
    assert market().classify([]) == []
    assert market().view.confide([], None, 1).labels.shape == (0, N_BEST)


def best_of(classifier, *titles, **how):
    return [
        {path["category_id"]: path["confidence"] for path in shown(row)}
        for row in classifier.classify(list(titles), k=20, **how)
    ]


def test_merged_categories_count_both_chances_and_come_where_these_belong():
    """Pans and Kettles together are likelier than what was first."""
    classifier, titles = fit_market(), [item["title"] for item in market_items(200, seed=5)]
    before = best_of(classifier, *titles)
    classifier.merge("7", "6")

    rows, after = classifier.classify(titles, k=20), best_of(classifier, *titles)

    overtaken = 0
    for row, one, other in zip(rows, before, after, strict=True):
        both = one.get("6", 0) + one.pop("7", 0)
        assert other["6"] == pytest.approx(min(both, 1), abs=2e-4)
        assert {k: v for k, v in one.items() if k != "6"} == pytest.approx(
            {k: v for k, v in other.items() if k != "6"}, abs=1e-4
        )
        chances = [path["confidence"] for path in shown(row)]
        assert chances == sorted(chances, reverse=True)
        overtaken += next(iter(one)) not in ("6", "7") and next(iter(other)) == "6"
    assert overtaken  # else this shows nothing of the order


def test_held_out_answers_of_a_merged_category_are_of_the_one_that_it_became():
    classifier = fit_market()
    held_out = classifier.parts.calibration.held_out
    classifier.merge("7", "6")

    frame = classifier.view.confidence.frame

    assert (held_out.nodes[:, 0] == 6).any()  # the column of Pans; Kettles have 5, below Kitchen
    assert frame.paths[6].tolist() == frame.paths[5].tolist() == [4, 5, -1]
    assert frame.depths[6] == 2


def test_merged_categories_that_an_item_may_both_have_count_as_at_least_one():
    classifier, titles = fit_market(more_paths=0.4), [item["title"] for item in market_items(40)]
    assert not classifier.parts.calibration.calibrator.is_single
    before = best_of(classifier, *titles)
    classifier.merge("7", "6")

    for one, other in zip(before, best_of(classifier, *titles), strict=True):
        neither = (1 - one.get("6", 0)) * (1 - one.get("7", 0))
        assert other["6"] == pytest.approx(1 - neither, abs=2e-4)


def test_a_removed_category_is_never_answered_and_the_others_stay():
    classifier, titles = fit_market(), [item["title"] for item in market_items(40)]
    before = best_of(classifier, *titles)
    assert all("3" in one for one in before)
    classifier.remove("3")

    for one, other in zip(before, best_of(classifier, *titles), strict=True):
        assert one.keys() - other.keys() == {"3"}
    for row in classifier.classify(titles, min_precision=0.5):
        assert "3" not in {path["category_id"] for path in shown(row)}


def test_a_category_that_came_later_has_a_probability_of_its_own_weights():
    classifier = fit_market()
    new = classifier.add_category("Garden > Wheelbarrows", examples=["sturdy wheelbarrow"])

    (row,) = classifier.classify(["sturdy wheelbarrow"], k=20)

    view = classifier.view
    assert view.confidence.frame.is_new.tolist() == [False] * 12 + [True]
    chances = {path["category_id"]: path["confidence"] for path in shown(row)}
    calibrator = classifier.parts.calibration.calibrator
    calibrator.weights[2] = 0
    calibrator.weights[2, -1] = 9.0  # nearly sure of whatever is new
    (other,) = classifier.classify(["sturdy wheelbarrow"], k=20)
    assert {path["category_id"]: path["confidence"] for path in shown(other)}[new] > chances[new]


def test_paths_of_a_taxonomy_go_down_to_each_category():
    nodes = [Node("a", "A"), Node("b", "B", ("a",)), Node("c", "C", ("b",)), Node("d", "D")]

    paths = taxonomy_paths(Taxonomy.from_nodes(nodes, source="four"))

    assert paths.tolist() == [[0, -1, -1], [0, 1, -1], [0, 1, 2], [3, -1, -1]]


def test_what_is_left_keeps_its_order():
    labels = np.array([[4, 2, 7, -1], [1, -1, -1, -1]], dtype=np.int32)
    P = np.array([[0.5, 0.3, 0.1, 0], [0.2, 0, 0, 0]], dtype=np.float32)
    scores = np.where(labels >= 0, P * 10, -np.inf).astype(np.float32)
    confident = Confident(labels, scores, P, np.zeros(2, dtype=np.float32))
    is_out = np.array([[True, False, False, False], [True, False, False, False]])

    left = confident.without(is_out)

    assert left.labels.tolist() == [[2, 7, -1, -1], [-1] * 4]
    np.testing.assert_array_equal(left.P, np.float32([[0.3, 0.1, 0, 0], [0] * 4]))
    np.testing.assert_array_equal(left.scores[0], np.float32([3, 1, -np.inf, -np.inf]))
    for one, other in zip(confident.without(np.zeros_like(is_out)), confident, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", [0.5, 0.95, 0.999])
def test_thresholds_are_computed_once(precision):
    of_view = market().view.confidence

    assert of_view.thresholds(precision) is of_view.thresholds(precision)
    assert of_view.thresholds(precision).precision == precision


def test_scores_that_are_no_numbers_are_one_clear_error_and_never_a_probability():
    classifier = fit_market(n_items=120)
    ranker = classifier.view.ranker
    ranker.weights = ranker.weights._replace(of_known=ranker.weights.of_known * np.nan)

    with pytest.raises(ScoreError, match="no numbers, so it is damaged; check it with") as raised:
        classifier.classify(["leather boot", "pan"])
    assert "\n" not in str(raised.value)
    with pytest.raises(ScoreError):
        classifier.evaluate(market_items(10))
    assert classifier.classify([""])[0]["reason"] == "empty_text"


def test_thresholds_outside_0_and_1_are_refused():
    with pytest.raises(OptionError, match="min-precision"):
        market().classify(["boot"], min_precision=1.0)
    with pytest.raises(ValueError, match="precision must be between 0 and 1"):
        market().view.confidence.thresholds(1.0)
