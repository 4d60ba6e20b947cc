import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.xmlrec.metrics.cases import random_case
from xmlrec.metrics import evaluate_ranking, metrics_by_row


@given(seed=st.integers(0, 10_000))
def test_means_over_rows_are_what_evaluate_says(seed):
    case = random_case(seed)
    worth = np.ones(len(case.parents))

    by_row = metrics_by_row(case.labels, case.truth, case.ancestors)

    expected = evaluate_ranking(
        case.labels, case.truth, ancestors=case.ancestors, inv_propensity=worth, **case.tree
    )
    means = {name: values.mean() for name, values in by_row.items()}
    assert means == pytest.approx({name: expected[name] for name in means})
