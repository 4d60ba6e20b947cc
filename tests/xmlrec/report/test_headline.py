import numpy as np
import pytest

from tests.xmlrec.report.evaluations import (
    ancestors_of,
    changed,
    make_evaluation,
    shop_evaluation,
)
from xmlrec.report.headline import headline, row_metrics
from xmlrec.report.rows import read_rows


def cards(evaluation):
    rows = read_rows(evaluation)
    return {card.title: card for card in headline(rows, row_metrics(rows))}


def test_cards_show_what_evaluate_says():
    evaluation = make_evaluation(n_rows=400)

    shown = cards(evaluation)

    for title, name in (
        ("Precision at 1", "p@1"),
        ("Recall at 10", "recall@10"),
        ("Hierarchical F1", "hf_macro"),
    ):
        value, low, high = shown[title].estimate
        assert value == pytest.approx(evaluation.metrics[name] / 100)
        assert 0.01 < high - value < 0.1
        assert 0.01 < value - low < 0.1


def test_calibration_error_is_within_its_interval():
    value, low, high = cards(make_evaluation(n_rows=2_000))["Calibration error"].estimate

    assert low < value < high


def test_share_that_passes_the_thresholds_is_a_card():
    evaluation = shop_evaluation([2, 3], [{2}, {2}], confidence=[0.9, 0.4], threshold=0.5)

    card = cards(evaluation)["Auto-applied"]

    assert card.estimate.value == 0.5
    assert "1 rows" not in card.meaning
    assert "100.0\u00a0% of them right" in card.meaning


def test_nothing_passes_thresholds_of_infinity():
    card = cards(shop_evaluation([2], [{2}]))["Auto-applied"]

    assert (card.estimate.value, card.meaning) == (0, "No answer reaches the model's thresholds")


def test_without_answers_there_is_no_calibration():
    assert "Calibration error" not in cards(shop_evaluation([-1], [{2}]))


def test_hierarchical_figures_go_along_all_parents_that_are_given():
    # camping has the second parent home: with it, kitchen and camping share home
    evaluation = shop_evaluation([4], [{6}])
    ancestors = ancestors_of(evaluation.primary_parents).tolil()
    ancestors[4, 5] = 1

    along_primary = cards(evaluation)["Hierarchical F1"].estimate.value
    along_all = cards(changed(evaluation, ancestors=ancestors.tocsr()))
    assert along_primary == 0
    assert along_all["Hierarchical F1"].estimate.value == pytest.approx(2 * 1 / (3 + 2))
    assert np.isfinite(along_all["Hierarchical F1"].estimate.low)
