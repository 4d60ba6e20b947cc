import pytest

from tests.xmlrec.report.evaluations import shop_evaluation
from xmlrec.report.categories import (
    count_rows,
    group_titles,
    item_group_plot,
    item_groups,
    rarest_categories,
    worst_categories,
)
from xmlrec.report.rows import read_rows

ANSWERS = [2, 3, 3, 7, -1, 7, 7]
TRUTHS = [{2}, {2}, {2}, {2}, {2}, {7}, {7}]
CONFIDENCE = [0.9, 0.3, 0.8, 0.5, 0.1, 0.6, 0.6]
COUNTS = (0, 0, 40, 2, 0, 0, 0, 1)


@pytest.fixture
def shop():
    rows = read_rows(shop_evaluation(ANSWERS, TRUTHS, confidence=CONFIDENCE, counts=COUNTS))
    return rows, count_rows(rows)


def test_worst_category_shows_its_surest_mistakes(shop):
    (football,) = worst_categories(*shop)

    assert (football.path, football.n_rows, football.n_items) == (
        "sport > ball games > football",
        5,
        40,
    )
    assert (football.precision, football.recall) == (1, 1 / 5)
    assert football.f1 == pytest.approx(2 * 1 / (5 + 1))
    assert football.instead == "sport > ball games > tennis"
    assert [example.row_id for example in football.examples] == ["r2", "r3"]
    assert football.examples[0].answered == "sport > ball games > tennis"
    assert football.examples[0].confidence == pytest.approx(0.8)


def test_row_answered_with_another_true_category_is_no_mistake():
    # football or knives: answered with knives; football or tennis: answered with camping
    rows = read_rows(shop_evaluation([7, 4], [{2, 7}, {2, 3}]))

    counts = count_rows(rows)

    assert counts.n_true.tolist() == [0, 0, 1, 1, 0, 0, 0, 1]
    assert [found.path.split()[-1] for found in rarest_categories(rows, counts)] == [
        "football",
        "tennis",
        "knives",
    ]


def test_rarest_categories_come_by_training_items(shop):
    knives, football = rarest_categories(*shop)

    assert (knives.path, knives.n_items, football.n_items) == ("home > kitchen > knives", 1, 40)
    assert knives.instead == ""
    assert [example.is_right for example in knives.examples] == [True, True]


def test_rows_are_grouped_by_training_items(shop):
    groups = item_groups(*shop)

    assert [(group.title, group.n_categories, group.n_rows) for group in groups] == [
        ("1–2", 1, 2),
        ("30–99", 1, 5),
    ]
    assert [group.right.value for group in groups] == [1, 1 / 5]
    assert "1–2: 100.0" in item_group_plot(groups)
    assert item_group_plot(groups[:1]) == ""


def test_groups_are_named_by_their_bounds():
    assert group_titles() == ["0", "1–2", "3–9", "10–29", "30–99", "100–299", "300+"]


def test_category_of_several_rows_that_are_all_right_is_not_bad():
    rows = read_rows(shop_evaluation([2] * 6, [{2}] * 6))

    assert worst_categories(rows, count_rows(rows)) == []
