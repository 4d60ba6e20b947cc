import json

import numpy as np
import pytest

from tests.xmlrec.metrics.cases import SHOP_PARENTS, Case, random_case
from xmlrec.metrics import (
    evaluate_ranking,
    hierarchical_scores,
    inverse_propensity,
    level_scores,
    ndcg_at_k,
    precision_at_k,
    psndcg_at_k,
    psp_at_k,
    recall_at_k,
    tree_distance,
)


def evaluate(case):
    return evaluate_ranking(
        case.labels,
        case.truth,
        ancestors=case.ancestors,
        inv_propensity=inverse_propensity(np.arange(len(case.parents)), 1000),
        **case.tree,
    )


def test_keys_come_in_a_fixed_order():
    case = Case(parents=SHOP_PARENTS, rankings=[[6]], truths=[{7}])
    keys = ["n", "p@1", "p@3", "p@5", "recall@5", "recall@10", "ndcg@1", "ndcg@3", "ndcg@5"]
    keys += ["psp@1", "psp@3", "psp@5", "psndcg@1", "psndcg@3", "psndcg@5"]
    keys += ["hp_micro", "hr_micro", "hf_micro", "hp_macro", "hr_macro", "hf_macro"]
    keys += ["tree_distance"]
    for level in ("level_1", "level_2", "level_3"):
        keys += [f"{level}_f1_micro", f"{level}_f1_macro", f"{level}_f1_weighted", f"{level}_n"]
    assert list(evaluate(case)) == keys


def test_every_value_is_that_of_its_own_function():
    case = random_case(32)
    args = (case.labels, case.truth)
    worth = inverse_propensity(np.arange(len(case.parents)), 1000)

    expected = {"n": len(case.rankings), "tree_distance": tree_distance(*args, **case.tree)}
    expected |= hierarchical_scores(*args, case.ancestors) | level_scores(*args, **case.tree)
    for k in (1, 3, 5):
        expected[f"p@{k}"] = precision_at_k(*args, k)
        expected[f"ndcg@{k}"] = ndcg_at_k(*args, k)
        expected[f"psp@{k}"] = psp_at_k(*args, k, worth)
        expected[f"psndcg@{k}"] = psndcg_at_k(*args, k, worth)
    for k in (5, 10):
        expected[f"recall@{k}"] = recall_at_k(*args, k)

    assert len(set(expected.values())) > 10  # a mixed-up name would show
    assert evaluate(case) == expected


def test_a_perfect_ranking_is_perfect_in_every_figure():
    case = Case(parents=SHOP_PARENTS, rankings=[[2], [7], [6]], truths=[{2}, {7}, {6}])
    scores = evaluate(case)
    for key, value in scores.items():
        if key in ("n", "tree_distance") or key.endswith("_n") or key in ("p@3", "p@5"):
            continue
        assert value == pytest.approx(100), key
    assert scores["tree_distance"] == 0
    assert scores["p@5"] == pytest.approx(100 * 1 / 5)


def test_values_are_plain_numbers_for_json():
    scores = evaluate(random_case(32))
    assert json.loads(json.dumps(scores)) == scores


def test_arrays_of_the_caller_stay_as_they_are():
    case = random_case(32)
    labels, truth, ancestors = case.labels, case.truth, case.ancestors
    tree = case.tree
    inv_propensity = inverse_propensity(np.arange(len(case.parents)), 1000)
    for array in (labels, truth.data, truth.indices, ancestors.data, *tree.values()):
        array.flags.writeable = False
    inv_propensity.flags.writeable = False

    scores = evaluate_ranking(
        labels, truth, ancestors=ancestors, inv_propensity=inv_propensity, **tree
    )

    assert scores == evaluate(case)


def test_no_rows_are_refused():
    case = random_case(32)
    with pytest.raises(ValueError, match="at least 1"):
        evaluate_ranking(
            case.labels[:0],
            case.truth[:0],
            ancestors=case.ancestors,
            inv_propensity=np.ones(len(case.parents)),
            **case.tree,
        )
