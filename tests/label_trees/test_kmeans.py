import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees import kmeans
from label_trees.kernels.kmeans import assign_rows
from label_trees.kmeans import split_clusters
from label_trees.label_features import csr_arrays
from tests.oracles.label_trees import kmeans_reference


def grouped_rows(rng, n_groups, rows_per_group):
    """Return unit rows whose groups, one after the other, have no features in common."""
    Z = np.zeros((n_groups * rows_per_group, 3 * n_groups))
    for row in range(len(Z)):
        first = 3 * (row // rows_per_group)
        Z[row, first : first + 3] = rng.random(3) + 0.1
    return sp.csr_array((Z / np.linalg.norm(Z, axis=1, keepdims=True)).astype(np.float32))


def split(Z, rows, n_parts, *, seed=0, n_threads=1):
    rows = np.array(rows, dtype=np.int32)
    return split_clusters(Z, [rows], [n_parts], seeds=[(seed,)], n_threads=n_threads)[0]


def as_sets(rows, codes):
    return {frozenset(np.array(rows)[codes == code].tolist()) for code in codes}


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(4, 16), n_parts=st.integers(2, 8))
@pytest.mark.parametrize("block", [3, 10**6])
def test_a_split_matches_reference_from_the_same_labels(block, seed, n_rows, n_parts):
    rng = np.random.default_rng(seed)
    n_parts = min(n_parts, n_rows // 2)
    Z = rng.integers(-1, 3, size=(n_rows, 6))  # whole numbers: exact sums, many ties
    Z[:, 0] += 1 + (Z == 0).all(axis=1)
    start = np.random.default_rng((seed,)).choice(n_rows, n_rows, replace=False)[:n_parts]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kmeans, "BLOCK", block)
        codes = split(sp.csr_array(Z.astype(np.float32)), range(n_rows), n_parts, seed=seed)

    assert as_sets(range(n_rows), codes) == kmeans_reference(Z, start)


@pytest.mark.parametrize("seed", range(5))
def test_groups_without_common_features_are_never_mixed(seed):
    Z = grouped_rows(np.random.default_rng(seed), 5, 12)

    codes = split(Z, range(60), 30, seed=seed)

    group = np.arange(60) // 12
    assert all(np.unique(group[codes == code]).size == 1 for code in range(codes.max() + 1))
    assert np.bincount(codes).min() >= 2


def test_equal_labels_come_out_as_one_part():
    Z = sp.csr_array(np.full((9, 4), 0.5, dtype=np.float32))

    assert split(Z, range(9), 4).tolist() == [0] * 9


def test_labels_that_all_lack_features_come_out_as_one_part():
    assert split(sp.csr_array((9, 4), dtype=np.float32), range(9), 4).tolist() == [0] * 9


def test_the_gain_is_the_new_cosines_less_the_old_ones():
    Z = csr_arrays(sp.csr_array(np.eye(3, dtype=np.float32)))
    sums = np.array([[3, 0], [4, 0], [0, 2]], dtype=np.float32)
    scale = np.array([1 / 5, 1 / 2], dtype=np.float32)
    codes = np.array([1, 0, -1])

    gain = assign_rows(*Z, np.arange(3, dtype=np.int32), sums, scale, codes)

    assert codes.tolist() == [0, 0, 1]
    assert gain == pytest.approx((3 / 5 - 0) + 0 + 1)


def test_labels_without_features_go_with_the_first_part():
    Z = grouped_rows(np.random.default_rng(0), 2, 4).toarray()
    Z[[1, 6]] = 0.0

    codes = split(sp.csr_array(Z), range(8), 4, seed=2)

    assert codes[1] == codes[6] == codes.min()


def test_a_label_alone_joins_the_nearest_part_of_several():
    Z = np.eye(4)[[0, 0, 0, 1, 1, 1, 2]] + 0.1 * np.eye(4)[[3, 3, 3, 0, 0, 0, 0]]
    Z = sp.csr_array((Z / np.linalg.norm(Z, axis=1, keepdims=True)).astype(np.float32))

    outcomes = [split(Z, range(7), 3, seed=seed) for seed in range(20)]

    assert {frozenset({0, 1, 2, 6}), frozenset({3, 4, 5})} in [
        as_sets(range(7), codes) for codes in outcomes
    ]
    assert all(np.bincount(codes).min() >= 2 for codes in outcomes)


def test_means_found_from_a_sample_take_all_labels(monkeypatch):
    monkeypatch.setattr(kmeans, "SAMPLE", 5)
    Z = grouped_rows(np.random.default_rng(3), 4, 50)

    codes = split(Z, range(200), 20)

    group = np.arange(200) // 50
    assert all(np.unique(group[codes == code]).size == 1 for code in range(codes.max() + 1))


@pytest.mark.parametrize("block", [50, 10**6])
def test_clusters_are_split_alike_by_any_number_of_threads(block, monkeypatch):
    monkeypatch.setattr(kmeans, "BLOCK", block)
    rng = np.random.default_rng(4)
    Z = sp.random_array((90, 30), density=0.2, rng=rng, dtype=np.float32, format="csr")
    clusters = [np.arange(i, 90, 3, dtype=np.int32) for i in range(3)]

    runs = [
        split_clusters(Z, clusters, [9, 5, 2], seeds=[(1, i) for i in range(3)], n_threads=n)
        for n in (1, 2, 5)
    ]

    for run in runs[1:]:
        for codes, expected in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(codes, expected)
    assert all(codes.max() > 0 for codes in runs[0])


def test_other_clusters_do_not_change_a_split():
    Z = grouped_rows(np.random.default_rng(5), 6, 10)
    first, second = np.arange(30, dtype=np.int32), np.arange(30, 60, dtype=np.int32)

    both = split_clusters(Z, [first, second], [4, 7], seeds=[(1,), (2,)], n_threads=1)

    np.testing.assert_array_equal(both[1], split(Z, second, 7, seed=2))
