import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees.cluster import MAX_ITERATIONS, halve_clusters
from label_trees.kernels.cluster import split_balanced
from tests.oracles.label_trees import split_reference


def unit_rows(rng, n_rows, n_features):
    Z = rng.random((n_rows, n_features)) * (rng.random((n_rows, n_features)) < 0.6)
    Z[:, 0] += rng.random(n_rows) * 0.1
    return (Z / np.linalg.norm(Z, axis=1, keepdims=True)).astype(np.float32)


def split(Z, members, first, second):
    S = sp.csr_array(Z)
    members, work = np.array(members, dtype=np.int32), np.zeros((2, Z.shape[1]))
    half = split_balanced(
        S.indptr.astype(np.int64), S.indices, S.data, members, first, second, MAX_ITERATIONS, work
    )
    assert not work.any()
    return members[:half].tolist(), members[half:].tolist()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), n_members=st.integers(2, 14), n_features=st.integers(2, 8))
def test_a_split_matches_reference_from_the_same_two_labels(seed, n_members, n_features):
    rng = np.random.default_rng(seed)
    Z = unit_rows(rng, n_members + 3, n_features)
    members = rng.permutation(n_members + 3)[:n_members].tolist()
    first, second = members[0], members[-1]

    assert split(Z, members, first, second) == split_reference(Z, members, first, second)


def test_equal_labels_are_cut_in_their_order():
    Z = np.ones((61, 2), dtype=np.float32)
    members = list(range(60, -1, -1))

    assert split(Z, members, 60, 0) == (members[:31], members[31:])


def test_labels_without_features_are_cut_in_their_order():
    Z = np.zeros((4, 2), dtype=np.float32)

    assert split(Z, [0, 1, 2, 3], 0, 1) == ([0, 1], [2, 3])


@pytest.mark.parametrize("seed", range(5))
def test_two_groups_without_common_features_are_told_apart(seed):
    rng = np.random.default_rng(seed)
    Z = np.zeros((12, 8), dtype=np.float32)
    Z[::2, :4] = rng.random((6, 4)) + 0.1
    Z[1::2, 4:] = rng.random((6, 4)) + 0.1
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)

    halves = split(Z, list(range(12)), 0, 1)

    assert halves == (list(range(0, 12, 2)), list(range(1, 12, 2)))


@pytest.mark.parametrize("n_members", [2, 3, 9, 10])
def test_halves_differ_by_at_most_one_and_hold_every_label_once(n_members):
    Z = sp.csr_array(unit_rows(np.random.default_rng(0), n_members, 5))
    labels = np.arange(n_members, dtype=np.int32)

    first, second = halve_clusters(Z, [labels], seed=3, n_threads=1)

    assert first.size - second.size in (0, 1)
    np.testing.assert_array_equal(np.sort(np.concatenate([first, second])), labels)


def test_clusters_are_halved_alike_by_any_number_of_threads_and_left_as_they_were():
    Z = sp.csr_array(unit_rows(np.random.default_rng(1), 40, 9))
    clusters = [np.arange(i, 40, 4, dtype=np.int32) for i in range(4)]
    before = [cluster.copy() for cluster in clusters]

    runs = [halve_clusters(Z, clusters, seed=5, n_threads=n) for n in (1, 2, 3)]

    for run in runs[1:]:
        for cluster, expected in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(cluster, expected)
    for number, cluster in enumerate(before):
        np.testing.assert_array_equal(clusters[number], cluster)
        halves = np.concatenate(runs[0][2 * number : 2 * number + 2])
        np.testing.assert_array_equal(np.sort(halves), cluster)


def test_another_seed_starts_from_other_labels():
    Z = sp.csr_array(unit_rows(np.random.default_rng(2), 60, 30))
    labels = [np.arange(60, dtype=np.int32)]

    results = {tuple(halve_clusters(Z, labels, seed=s, n_threads=1)[0]) for s in range(5)}

    assert len(results) > 1
