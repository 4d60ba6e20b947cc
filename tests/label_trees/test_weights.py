import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees.kernels.solver import gather_rows, prune
from label_trees.weights import pack_weights
from tests.label_trees.cases import nested_tree, random_nested
from tests.oracles.label_trees import pack_reference


def solved_block(rng, W, min_weight):
    """Return the pruned block of ``W`` (n_outputs, n_features + 1), its features shuffled."""
    features = rng.permutation(W.shape[1] - 1).astype(np.int32)
    local = np.vstack([W[:, features].T, W[:, -1]]).astype(np.float32)
    return prune(local, features, np.argsort(features), min_weight)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n_labels=st.integers(1, 9),
    n_features=st.integers(0, 5),
    max_outputs=st.integers(1, 4),
)
def test_pruned_and_packed_weights_match_reference(seed, n_labels, n_features, max_outputs):
    rng = np.random.default_rng(seed)
    tree = nested_tree(random_nested(rng, np.arange(n_labels)), n_labels=n_labels)
    W = rng.integers(-2, 3, size=(tree.slot_node.size, n_features + 1)).astype(np.float32)
    jobs = [
        (node, start, min(start + max_outputs, int(width)))
        for node, width in enumerate(tree.widths)
        for start in range(0, int(width), max_outputs)
    ]
    firsts = tree.slot_indptr
    blocks = [
        solved_block(rng, W[firsts[node] + start : firsts[node] + stop], 1.5)
        for node, start, stop in jobs
    ]

    packed = pack_weights(tree, jobs, blocks)

    kept = np.where(np.abs(W) >= 1.5, W, 0.0)
    kept[:, -1] = W[:, -1]
    for name, expected in pack_reference(tree, kept).items():
        np.testing.assert_array_equal(getattr(packed, name), expected, err_msg=name)
        assert getattr(packed, name).dtype == expected.dtype, name


def test_a_weight_of_just_the_limit_is_kept():
    W = np.array([[0.5, 0.499], [-0.5, -0.499], [0.0, 0.0]], dtype=np.float32)

    features, indptr, outputs, values = prune(W, np.array([8, 3], np.int32), np.array([1, 0]), 0.5)

    assert features.tolist() == [3, 8, -1]
    assert indptr.tolist() == [0, 1, 2, 4]
    assert outputs.tolist() == [0, 0, 0, 1]
    assert values.tolist() == [-0.5, 0.5, 0.0, 0.0]


def test_gathered_rows_hold_the_same_values_under_fewer_features():
    rng = np.random.default_rng(0)
    X = (rng.integers(1, 9, size=(6, 50)) * (rng.random((6, 50)) < 0.1)).astype(np.float32)
    rows = np.array([4, 1, 5], dtype=np.int32)
    indptr = np.concatenate([[0], np.cumsum((X != 0).sum(axis=1))])
    indices = np.nonzero(X)[1].astype(np.int32)
    local_of = np.zeros(50, dtype=np.int32)

    found = gather_rows(indptr, indices, X[X != 0], rows, local_of)

    local_indptr, local_indices, data, features = found
    dense = np.zeros((3, 50))
    for i in range(3):
        for p in range(local_indptr[i], local_indptr[i + 1]):
            dense[i, features[local_indices[p]]] = data[p]
    np.testing.assert_array_equal(dense, X[rows])
    assert sorted(features) == np.flatnonzero(X[rows].any(axis=0)).tolist()
    assert not local_of.any()


def test_packed_arrays_are_read_only():
    tree = nested_tree([0], n_labels=1)
    packed = pack_weights(
        tree, [(0, 0, 1)], [solved_block(np.random.default_rng(0), np.ones((1, 2)), 0.1)]
    )

    with pytest.raises(ValueError, match="read-only"):
        packed.value[0] = 2.0
