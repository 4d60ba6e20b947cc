import numpy as np

from tests.xmlrec.report.evaluations import shop_evaluation
from xmlrec.report.rows import read_rows


def test_given_is_the_true_label_nearest_to_the_answer():
    # tennis for football or knives; ball games for knives or camping; kitchen for kitchen or knives
    rows = read_rows(shop_evaluation([3, 1, 6, 7], [{2, 7}, {7, 4}, {6, 7}, set()]))

    assert rows.given.tolist() == [2, 4, 6, -1]
    assert rows.n_shared.tolist() == [2, 1, 2, 0]
    assert rows.is_right.tolist() == [False, False, True, False]


def test_answers_are_right_down_to_a_level():
    rows = read_rows(shop_evaluation([3, 7, -1], [{2}, {7}, {7}]))

    assert [rows.right_at(level).tolist() for level in (1, 2, 3)] == [
        [True, True, False],
        [True, True, False],
        [False, True, False],
    ]


def test_rows_without_an_answer_have_no_confidence():
    rows = read_rows(shop_evaluation([3, -1], [{2}, {2}], confidence=0.25))

    np.testing.assert_array_equal(rows.confidence, [0.25, np.nan])
    np.testing.assert_array_equal(rows.confidence_at(3), [0.25, np.nan])


def test_probability_above_one_by_rounding_is_one():
    evaluation = shop_evaluation([3], [{2}], confidence=1.000001)
    rows = read_rows(evaluation)

    assert evaluation.probabilities[0, 0] > 1
    assert rows.confidence.tolist() == rows.confidence_at(1).tolist() == [1]
