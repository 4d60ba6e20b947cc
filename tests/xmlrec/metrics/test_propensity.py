from math import log, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.metrics import psndcg_reference, psp_reference
from tests.xmlrec.metrics.cases import indicator, random_case
from xmlrec.metrics import inverse_propensity, precision_at_k, psndcg_at_k, psp_at_k

WORTH = np.array([1.0, 2.0, 4.0, 8.0])


def test_inverse_propensity_follows_the_model_of_jain_et_al():
    scale = (log(1000) - 1) * (1.5 + 1) ** 0.55
    expected = [1 + scale * (count + 1.5) ** -0.55 for count in (0, 1, 100)]
    np.testing.assert_allclose(inverse_propensity([0, 1, 100], 1000), expected)


def test_inverse_propensity_takes_the_constants_of_a_data_set():
    scale = (log(500) - 1) * (2.6 + 1) ** 0.6
    assert inverse_propensity([7], 500, a=0.6, b=2.6)[0] == pytest.approx(
        1 + scale * (7 + 2.6) ** -0.6
    )


def test_a_rare_label_is_worth_more_than_a_common_one():
    assert (np.diff(inverse_propensity([0, 1, 10, 1000], 5000)) < 0).all()


@pytest.mark.parametrize("n_instances", [1, 2])
def test_with_too_few_rows_for_the_model_every_label_is_worth_1(n_instances):
    assert inverse_propensity([0, 1, 2], n_instances).tolist() == [1.0, 1.0, 1.0]


def test_propensity_without_rows_is_refused():
    with pytest.raises(ValueError, match="n_instances must be at least 1, got 0"):
        inverse_propensity([0], 0)


def test_psp_is_a_ratio_of_sums():
    labels = np.array([[1, 0], [3, 2]])
    truth = indicator([{1, 3}, {2}], n_columns=4)
    assert psp_at_k(labels, truth, 1, WORTH) == pytest.approx(100 * (2 + 0) / (8 + 4))
    assert psp_at_k(labels, truth, 2, WORTH) == pytest.approx(100 * (2 + 4) / (8 + 2 + 4))


def test_psndcg_divides_each_row_by_its_ideal_discounts():
    labels = np.array([[1, 0], [3, 2]])
    truth = indicator([{1, 3}, {2}], n_columns=4)
    second = 1 / log2(3)
    gains = 2 / (1 + second) + 4 * second / 1
    best_gains = (8 + 2 * second) / (1 + second) + 4 / 1
    assert psndcg_at_k(labels, truth, 2, WORTH) == pytest.approx(100 * gains / best_gains)


def test_best_gain_counts_only_true_labels():
    labels = np.array([[0, 1, 2]])
    truth = indicator([{0}], n_columns=4)
    assert psp_at_k(labels, truth, 3, WORTH) == pytest.approx(100)
    assert psndcg_at_k(labels, truth, 3, WORTH) == pytest.approx(100)


def test_equal_worth_turns_psp_at_1_into_precision_at_1():
    case = random_case(3, can_be_empty=False)
    worth = np.full(len(case.parents), 5.0)
    assert psp_at_k(case.labels, case.truth, 1, worth) == pytest.approx(
        precision_at_k(case.labels, case.truth, 1)
    )


def test_rows_without_true_labels_leave_the_sums_alone():
    labels, truth = np.array([[0, 1], [2, 1]]), indicator([set(), {1}], n_columns=4)
    assert psp_at_k(labels, truth, 2, WORTH) == psp_at_k(labels[1:], truth[1:], 2, WORTH) == 100
    assert psndcg_at_k(labels, truth, 2, WORTH) == psndcg_at_k(labels[1:], truth[1:], 2, WORTH)
    assert psp_at_k(labels[:1], truth[:1], 2, WORTH) == 0
    assert psndcg_at_k(labels[:1], truth[:1], 2, WORTH) == 0


@given(seed=st.integers(0, 100_000), k=st.integers(1, 8))
@settings(deadline=None)
def test_psp_and_psndcg_match_reference(seed, k):
    case = random_case(seed)
    few_values = np.random.default_rng(seed).integers(1, 4, size=len(case.parents))  # ties
    worth = few_values.astype(np.float64)

    psp = psp_at_k(case.labels, case.truth, k, worth)
    psndcg = psndcg_at_k(case.labels, case.truth, k, worth)

    assert psp == pytest.approx(psp_reference(case.rankings, case.truths, k, worth))
    assert psndcg == pytest.approx(psndcg_reference(case.rankings, case.truths, k, worth))


@pytest.mark.parametrize("metric", [psp_at_k, psndcg_at_k])
def test_worth_of_another_length_is_refused(metric):
    with pytest.raises(ValueError, match=r"one value per column of truth, 4, got shape \(3,\)"):
        metric(np.array([[0]]), indicator([{0}], n_columns=4), 1, WORTH[:3])
