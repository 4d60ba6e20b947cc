import pytest

from tests.xmlrec.report.evaluations import make_evaluation, shop_evaluation
from xmlrec.report.levels import level_rows
from xmlrec.report.rows import read_rows


def test_figures_of_levels_are_those_of_evaluate():
    evaluation = make_evaluation(n_rows=300, accuracy=0.5)

    levels = level_rows(read_rows(evaluation))

    assert [row.level for row in levels] == [1, 2, 3, 4]
    for row in levels:
        prefix = f"level_{row.level}"
        assert row.n_rows == evaluation.metrics[f"{prefix}_n"]
        assert row.right.value == pytest.approx(evaluation.metrics[f"{prefix}_f1_micro"] / 100)
        assert row.macro_f1.value == pytest.approx(evaluation.metrics[f"{prefix}_f1_macro"] / 100)


def test_precision_leaves_out_rows_whose_answer_ends_above():
    # football as football, kitchen for knives (no level 3), tennis for football
    *_, third = level_rows(read_rows(shop_evaluation([2, 6, 3], [{2}, {7}, {2}])))

    assert (third.n_rows, third.n_categories) == (3, 2)
    assert third.right.value == pytest.approx(1 / 3)
    assert third.precision.value == pytest.approx(1 / 2)
    # football, tennis, knives
    assert third.macro_precision.value == pytest.approx((1 / 1 + 0 / 1 + 0) / 3)
    assert third.macro_recall.value == pytest.approx((1 / 2 + 0 + 0 / 1) / 3)


def test_every_figure_lies_within_its_interval():
    for row in level_rows(read_rows(make_evaluation(n_rows=300))):
        for value, low, high in row[3:]:
            assert low < value < high


def test_rows_without_true_labels_have_no_level():
    assert level_rows(read_rows(shop_evaluation([2], [set()]))) == []
