import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees.kernels.merge import least_of_best, merge_trees
from tests.oracles.label_trees import merge_reference

N_LABELS = 120


def found_lists(rng, *, n_trees, n_rows, lowest, few_values):
    """Return what trees found: different labels a row, logarithms down to ``lowest``."""
    n_found = rng.integers(0, N_LABELS + 1, size=(n_trees, n_rows))
    labels = np.argsort(rng.random((n_trees, n_rows, N_LABELS)), axis=2).astype(np.int32)
    logs = (lowest * rng.random(labels.shape)).astype(np.float32)
    return n_found, labels, np.round(logs * 4) / 4 if few_values else logs


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n_trees=st.integers(1, 4),
    n_rows=st.integers(0, 4),
    k=st.integers(1, N_LABELS + 2),
    lowest=st.sampled_from([-0.5, -4.0, -12.0, -87.0]),
    few_values=st.booleans(),
)
def test_merged_trees_match_the_sorted_means(seed, n_trees, n_rows, k, lowest, few_values):
    rng = np.random.default_rng(seed)
    found = found_lists(rng, n_trees=n_trees, n_rows=n_rows, lowest=lowest, few_values=few_values)
    is_near, totals = np.zeros(N_LABELS, dtype=bool), np.zeros(N_LABELS)
    labels = np.full((n_rows, k), -1, dtype=np.int32)
    scores = np.full((n_rows, k), -np.inf, dtype=np.float32)

    merge_trees(*found, is_near, totals, labels, scores)

    for row, means in enumerate(merge_reference(*found)):
        n_kept = min(k, len(means))
        best = sorted(means.values(), reverse=True)[:n_kept]
        own = [means[label] for label in labels[row, :n_kept].tolist()]
        np.testing.assert_allclose(scores[row, :n_kept], best, rtol=1e-6)
        np.testing.assert_allclose(own, best, rtol=1e-6)  # rounding may change places
        places = list(
            zip((-scores[row, :n_kept]).tolist(), labels[row, :n_kept].tolist(), strict=True)
        )
        assert places == sorted(set(places))
        assert (labels[row, n_kept:] == -1).all()
    assert not is_near.any()
    assert not totals.any()


@pytest.mark.parametrize("k", [1, 3, 50])
def test_the_bound_is_reached_by_k_logarithms_and_is_close(k):
    logs = np.random.default_rng(0).uniform(-30.0, 0.0, size=400).astype(np.float32)

    bound = least_of_best(logs, k, np.empty(256, dtype=np.int32))

    kth = np.sort(logs)[-k]
    assert kth - 0.125 <= bound <= kth


def test_there_is_no_bound_where_too_few_logarithms_are_high():
    logs = np.array([-1.0, -40.0, -87.0], dtype=np.float32)

    assert least_of_best(logs, 2, np.empty(256, dtype=np.int32)) == -np.inf
