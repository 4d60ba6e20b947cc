import pytest

from tests.xmlrec.report.evaluations import make_evaluation, shop_evaluation
from xmlrec.report.confusion import N_CHILDREN, confusion, outcomes
from xmlrec.report.rows import read_rows


def test_every_row_has_one_outcome():
    # right, football for tennis, home for sport, above, below, no answer, no truth
    rows = read_rows(shop_evaluation([2, 3, 7, 1, 7, -1, 2], [{2}, {2}, {2}, {2}, {6}, {2}, set()]))

    found = {outcome.title: outcome.n_rows for outcome in outcomes(rows)}

    assert found == {
        "Right category": 1,
        "Leaves the path at level 1": 1,
        "Leaves the path at level 3": 1,
        "Stops above the true category": 1,
        "Goes on below the true category": 1,
        "No answer": 1,
        "No true category is given": 1,
    }
    assert sum(outcome.share for outcome in outcomes(rows)) == pytest.approx(1)


def test_siblings_are_confused_where_paths_part():
    # football twice as tennis, once right; knives as camping: home for sport at the top
    rows = read_rows(shop_evaluation([3, 3, 2, 4], [{2}, {2}, {2}, {7}]))

    maps, pairs = confusion(rows)

    assert [(found.parent, found.n_confused) for found in maps] == [
        ("sport > ball games", 2),
        ("Top level", 1),
    ]
    football, tennis = maps[0].rows
    assert (football.name, football.n_rows, football.counts) == ("football", 3, [1, 2])
    assert football.shades == pytest.approx([60 * (1 / 3) ** 0.5, 60 * (2 / 3) ** 0.5])
    assert (tennis.name, tennis.n_rows, tennis.counts) == ("tennis", 0, [0, 0])
    assert [(pair.given, pair.answered, pair.n_rows) for pair in pairs] == [
        ("football", "tennis", 2),
        ("home", "sport", 1),
    ]
    assert pairs[0].share == pytest.approx(2 / 3)
    assert pairs[0].example.row_id == "r0"


def test_answer_above_the_truth_confuses_no_siblings():
    assert confusion(read_rows(shop_evaluation([1, -1], [{2}, {2}]))) == ([], [])


def test_maps_of_many_children_leave_some_out():
    evaluation = make_evaluation(n_rows=1_000, n_roots=12, children=(), accuracy=0.3)

    (found,), _ = confusion(read_rows(evaluation))

    assert (len(found.rows), found.n_left_out) == (N_CHILDREN, 12 - N_CHILDREN)
    for row in found.rows:
        assert sum(row.counts) + row.n_other == row.n_rows
