import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees import cluster
from label_trees.cluster import halve_clusters
from label_trees.kernels.cluster import select, split_balanced
from label_trees.label_features import csr_arrays
from tests.oracles.label_trees import split_reference


def unit_rows(rng, n_rows, n_features):
    Z = rng.random((n_rows, n_features)) * (rng.random((n_rows, n_features)) < 0.6)
    Z[:, 0] += rng.random(n_rows) * 0.1
    return (Z / np.linalg.norm(Z, axis=1, keepdims=True)).astype(np.float32)


def split(Z, members, first, second):
    S = sp.csr_array(Z.astype(np.float32))
    rows, vector = np.array(members, dtype=np.int32), np.zeros(Z.shape[1], dtype=np.float32)
    side = np.full(rows.size, 7, dtype=np.uint8)
    start = members.index(first), members.index(second)
    split_balanced(*csr_arrays(S), rows, *start, side, vector)
    assert not vector.any()
    return rows[side == 1].tolist(), rows[side == 0].tolist()


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 10_000), n_members=st.integers(2, 14), n_features=st.integers(1, 9))
def test_a_split_matches_reference_from_the_same_two_labels(seed, n_members, n_features):
    rng = np.random.default_rng(seed)
    Z = rng.integers(-1, 3, size=(n_members + 3, n_features))  # whole numbers: exact, many ties
    Z *= rng.random(Z.shape) < 0.7
    members = rng.permutation(n_members + 3)[:n_members].tolist()
    first, second = members[0], members[-1]

    assert split(Z, members, first, second) == split_reference(Z, members, first, second)


def test_equal_labels_are_cut_in_their_order():
    members = list(range(60, -1, -1))

    assert split(np.ones((61, 2)), members, 60, 0) == (members[:31], members[31:])


def test_labels_without_features_are_cut_in_their_order():
    assert split(np.zeros((4, 2)), [0, 1, 2, 3], 0, 1) == ([0, 1], [2, 3])


@pytest.mark.parametrize("seed", range(5))
def test_two_groups_without_common_features_are_told_apart(seed):
    rng = np.random.default_rng(seed)
    Z = np.zeros((12, 8))
    Z[::2, :4] = rng.random((6, 4)) + 0.1
    Z[1::2, 4:] = rng.random((6, 4)) + 0.1
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)

    halves = split(Z, list(range(12)), 0, 1)

    assert halves == (list(range(0, 12, 2)), list(range(1, 12, 2)))


@given(values=st.lists(st.integers(-3, 3), min_size=1, max_size=30), data=st.data())
def test_a_value_is_selected_by_its_rank(values, data):
    rank = data.draw(st.integers(0, len(values) - 1))

    assert select(np.array(values, dtype=np.float32), rank) == sorted(values)[rank]


@pytest.mark.parametrize("sizes", [[2], [3], [9, 2, 10]])
def test_halves_differ_by_at_most_one_and_hold_every_label_of_their_cluster_once(sizes):
    Z = sp.csr_array(unit_rows(np.random.default_rng(0), sum(sizes) + 4, 5))
    members = np.random.default_rng(1).permutation(sum(sizes) + 4)[: sum(sizes)].astype(np.int32)
    bounds = np.cumsum([0, *sizes])

    halved, new_bounds = halve_clusters(Z, members, bounds, seed=3, n_threads=1)

    expected = [half for size in sizes for half in ((size + 1) // 2, size // 2)]
    assert np.diff(new_bounds).tolist() == expected
    for lo, hi in zip(bounds, bounds[1:], strict=False):
        assert sorted(halved[lo:hi]) == sorted(members[lo:hi])


@pytest.mark.parametrize("sizes", [[40], [13, 9, 11, 7]])
def test_clusters_are_halved_alike_by_any_number_of_threads_and_left_as_they_were(
    sizes, monkeypatch
):
    monkeypatch.setattr(cluster, "MIN_BLOCK", 7)
    Z = sp.csr_array(unit_rows(np.random.default_rng(1), 40, 9))
    members, bounds = np.arange(40, dtype=np.int32), np.cumsum([0, *sizes])

    runs = [halve_clusters(Z, members, bounds, seed=5, n_threads=n)[0] for n in (1, 2, 3, 7)]

    for run in runs[1:]:
        np.testing.assert_array_equal(run, runs[0])
    np.testing.assert_array_equal(members, np.arange(40))
    assert (runs[0] != members).any()


def test_another_seed_starts_from_other_labels():
    Z = sp.csr_array(unit_rows(np.random.default_rng(2), 60, 30))
    labels, bounds = np.arange(60, dtype=np.int32), np.array([0, 60])

    results = {
        tuple(halve_clusters(Z, labels, bounds, seed=seed, n_threads=1)[0]) for seed in range(5)
    }

    assert len(results) > 1


def test_every_split_starts_from_two_different_labels(monkeypatch):
    seen = []
    monkeypatch.setattr(cluster.kernels, "halve", lambda *arguments: seen.append(arguments[5]))
    bounds = np.cumsum([0, *[2, 3] * 50])
    Z = sp.csr_array(unit_rows(np.random.default_rng(3), 250, 4))

    halve_clusters(Z, np.arange(250, dtype=np.int32), bounds, seed=0, n_threads=1)

    starts = np.concatenate(seen)
    assert (starts[:, 0] != starts[:, 1]).all()
    assert (starts < np.diff(bounds)[:, None]).all()
    assert {tuple(start) for start in starts[1::2]} == {
        (first, second) for first in range(3) for second in range(3) if first != second
    }
