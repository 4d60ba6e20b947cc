import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from tests.oracles.metrics import level_classes_reference
from tests.xmlrec.metrics.cases import SHOP_PARENTS, Case, random_case
from xmlrec.metrics import level_scores


def scores_of(case):
    return level_scores(case.labels, case.truth, **case.tree)


def shop_scores(rankings, truths):
    return scores_of(Case(parents=SHOP_PARENTS, rankings=rankings, truths=truths))


def test_both_sides_are_cut_off_at_the_level():
    # football, knives, knives predicted as tennis, knives, kitchen
    scores = shop_scores([[3], [7], [6]], [{2}, {7}, {7}])
    assert scores == pytest.approx(
        {
            "level_1_f1_micro": 100,
            "level_1_f1_macro": 100,
            "level_1_f1_weighted": 100,
            "level_1_n": 3,
            "level_2_f1_micro": 100,
            "level_2_f1_macro": 100,
            "level_2_f1_weighted": 100,
            "level_2_n": 3,
            "level_3_f1_micro": 100 * 1 / 3,  # kitchen has no level 3: wrong
            "level_3_f1_macro": 100 * (0 + 0 + 2 * 1 / (2 + 1)) / 3,  # football, tennis, knives
            "level_3_f1_weighted": 100 * (1 * 0 + 2 * 2 / 3) / 3,
            "level_3_n": 3,
        }
    )


def test_rows_without_the_level_are_left_out_and_counted():
    scores = shop_scores([[2], [2], [2]], [{2}, {1}, set()])
    assert [scores[f"level_{level}_n"] for level in (1, 2, 3)] == [2, 2, 1]
    assert scores["level_3_f1_micro"] == 100


def test_levels_end_with_the_deepest_true_label():
    assert list(shop_scores([[7]], [{6}]))[-1] == "level_2_n"
    assert shop_scores([[7]], [set()]) == {}


def test_any_of_several_true_nodes_will_do():
    assert shop_scores([[7]], [{2, 7}])["level_3_f1_micro"] == 100


def test_the_lowest_true_label_stands_for_a_row_that_is_wrong():
    # rows: kitchen for {1, 4} -> ball games; ball games for {1} -> ball games
    scores = shop_scores([[6], [1]], [{1, 4}, {1}])
    assert scores["level_2_f1_micro"] == pytest.approx(100 * 1 / 2)
    assert scores["level_2_f1_weighted"] == pytest.approx(100 * 2 * 1 / (2 + 1))
    assert scores["level_2_f1_macro"] == pytest.approx(100 * (2 * 1 / (2 + 1) + 0) / 2)


def test_levels_follow_the_primary_parent():
    # camping stands under sport, its second parent is home
    assert shop_scores([[5]], [{4}])["level_1_f1_micro"] == 0
    assert shop_scores([[0]], [{4}])["level_1_f1_micro"] == 100


def test_no_prediction_is_wrong_but_no_class_of_the_macro_mean():
    scores = shop_scores([[0], [-1]], [{0}, {5}])
    assert scores["level_1_f1_micro"] == pytest.approx(100 * 1 / 2)
    assert scores["level_1_f1_macro"] == pytest.approx(100 * (1 + 0) / 2)
    assert scores["level_1_f1_weighted"] == pytest.approx(100 * (1 * 1 + 1 * 0) / 2)


@given(seed=st.integers(0, 100_000))
@settings(deadline=None, max_examples=50)  # scikit-learn is slow
def test_f1_matches_scikit_learn_at_every_level(seed):
    case = random_case(seed)

    expected_scores = {}
    for level in range(1, len(case.parents) + 1):
        expected, predicted = level_classes_reference(
            case.rankings, case.truths, case.parents, level
        )
        if expected:
            nodes = sorted({*expected, *predicted} - {-1})
            key = f"level_{level}"
            expected_scores |= {
                f"{key}_f1_micro": 100 * f1_score(expected, predicted, average="micro"),
                f"{key}_f1_macro": 100
                * f1_score(expected, predicted, labels=nodes, average="macro"),
                f"{key}_f1_weighted": 100 * f1_score(expected, predicted, average="weighted"),
                f"{key}_n": len(expected),
            }

    assert scores_of(case) == pytest.approx(expected_scores)
