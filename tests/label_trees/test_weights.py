import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from label_trees.build import build_flat
from label_trees.kernels.gather import gather_rows
from label_trees.weights import ROWS_PER_BUCKET, TrainedTree, prune, quantize_weights
from tests.label_trees.cases import nested_tree, random_nested, small_weights, trained_tree
from tests.oracles.label_trees import chunk_rows, dense_weights


def flat_tree(n_slots):
    return build_flat(np.arange(n_slots, dtype=np.int32), n_slots)


def sparse_weights(rng, n_slots, n_features, density):
    """Return whole numbers, of which a share of about ``density`` is not 0."""
    W = rng.integers(-99, 100, size=(n_slots, n_features + 1))
    return W * (rng.random(W.shape) < density)


def quantized(trained):
    return TrainedTree(trained.tree, quantize_weights(trained.tree, trained.weights))


def dtypes_of(trained):
    names = ("row_feature", "row_count", "output", "value")
    return [str(getattr(trained.weights, name).dtype) for name in names]


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 10_000),
    n_labels=st.integers(1, 25),
    n_features=st.integers(0, 40),
    density=st.sampled_from([0.0, 0.05, 0.4, 0.6, 1.0]),
    max_outputs=st.integers(1, 20),
    is_flat=st.booleans(),
)
def test_unpacked_weights_are_those_that_were_packed(
    seed, n_labels, n_features, density, max_outputs, is_flat
):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(n_labels)
    nested = labels.tolist() if is_flat else random_nested(rng, labels)
    tree = nested_tree(nested, n_labels=n_labels)
    W = sparse_weights(rng, tree.slot_node.size, n_features, density)

    trained = trained_tree(tree, W, max_outputs=max_outputs)

    np.testing.assert_array_equal(dense_weights(trained, n_features), W)
    assert dtypes_of(trained) == ["uint8", "uint8", "uint8", "float32"]
    assert trained.weights.scale.size == 0
    for node in range(tree.n_nodes):
        rows = list(chunk_rows(trained, node))
        features = [feature for _, feature, _, _ in rows]
        assert features == sorted(set(features))
        for bucket, feature, outputs, _ in rows:
            assert feature >> trained.weights.shift[node] == bucket
            assert (np.diff(outputs) > 0).all()


@pytest.mark.parametrize(
    ("n_slots", "n_features", "density", "dtypes"),
    [
        pytest.param(3, 300, 0.9, ["uint8", "uint8", "uint8"], id="a short bucket"),
        pytest.param(3, 70_000, 1e-4, ["uint16", "uint8", "uint8"], id="a long bucket"),
        pytest.param(256, 40, 0.3, ["uint8", "uint8", "uint8"], id="as wide as a byte"),
        pytest.param(257, 40, 0.3, ["uint8", "uint16", "uint16"], id="wider than a byte"),
        pytest.param(65_536, 2, 0.9, ["uint8", "uint16", "uint16"], id="as wide as two bytes"),
        pytest.param(65_537, 2, 0.9, ["uint8", "int32", "int32"], id="wider than two bytes"),
    ],
)
def test_numbers_take_the_fewest_bytes_that_hold_them(n_slots, n_features, density, dtypes):
    W = sparse_weights(np.random.default_rng(0), n_slots, n_features, density)

    trained = trained_tree(flat_tree(n_slots), W)

    np.testing.assert_array_equal(dense_weights(trained, n_features), W)
    assert dtypes_of(trained) == [*dtypes, "float32"]


@pytest.mark.parametrize("n_features", [0, 1, 65_536, 65_537, 200_000])
@pytest.mark.parametrize("n_used", [0, 1])
def test_the_first_and_the_last_feature_are_found_again(n_features, n_used):
    tree = nested_tree([0, [1, 2]], n_labels=3)
    W = np.zeros((4, n_features + 1))
    W[:, -1] = [1, 2, 3, 4]
    if n_features:
        W[1, 0] = W[2, n_features - 1] = W[3, 0] = n_used

    trained = trained_tree(tree, W)

    np.testing.assert_array_equal(dense_weights(trained, n_features), W)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.9])
def test_a_bucket_holds_about_as_many_rows_as_meant(share):
    n_features = 5000
    W = sparse_weights(np.random.default_rng(0), 1, n_features, share)

    trained = trained_tree(flat_tree(1), W)

    filled = {bucket for bucket, *_ in chunk_rows(trained, 0)}
    mean = trained.weights.row_feature.size / len(filled)
    assert ROWS_PER_BUCKET / 2 < mean < 2 * ROWS_PER_BUCKET


@pytest.mark.parametrize(("width", "n_filled", "n_stored"), [(8, 4, 8), (8, 3, 3), (7, 6, 6)])
def test_a_row_at_least_half_full_is_stored_whole_where_vectors_help(width, n_filled, n_stored):
    W = np.zeros((width, 3))
    W[-n_filled:, 1] = 5.0

    trained = trained_tree(flat_tree(width), W)

    [(_, feature, outputs, _)] = chunk_rows(trained, 0)
    assert feature == 1
    assert outputs.size == n_stored
    np.testing.assert_array_equal(dense_weights(trained, 2), W)


def test_nodes_without_weights_or_slots_are_packed():
    tree = nested_tree([[0], [], [1, 2]], n_labels=3)
    W = np.zeros((tree.slot_node.size, 6))
    W[tree.label_slot[2], 4] = 7.0

    trained = trained_tree(tree, W)

    np.testing.assert_array_equal(dense_weights(trained, 5), W)
    assert [len(list(chunk_rows(trained, node))) for node in range(4)] == [0, 0, 0, 1]


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n_labels=st.integers(1, 25),
    n_features=st.integers(0, 20),
    density=st.sampled_from([0.0, 0.2, 0.7]),
)
def test_a_quantized_weight_is_off_by_half_a_step_at_most(seed, n_labels, n_features, density):
    rng = np.random.default_rng(seed)
    tree = nested_tree(random_nested(rng, np.arange(n_labels)), n_labels=n_labels)
    shape = (tree.slot_node.size, n_features + 1)
    W = rng.normal(size=shape) * 10.0 ** rng.integers(-12, 6, size=shape[0])[:, None]
    W = (W * (rng.random(shape) < density)).astype(np.float32)

    trained = quantized(trained_tree(tree, W))

    found = dense_weights(trained, n_features)
    largest = np.abs(W[:, :-1]).max(axis=1, initial=0.0)
    step = largest / 127
    assert trained.weights.value.dtype == np.int8
    assert trained.weights.scale.shape == (tree.slot_node.size,)
    np.testing.assert_allclose(trained.weights.scale, step, rtol=1e-6)
    assert (np.abs(found - W)[:, :-1] <= step[:, None] * (0.5 + 1e-4)).all()
    np.testing.assert_array_equal(found[:, :-1][W[:, :-1] == 0], 0.0)
    np.testing.assert_array_equal(found[:, -1], W[:, -1])
    np.testing.assert_allclose(np.abs(found[:, :-1]).max(axis=1, initial=0.0), largest, rtol=1e-6)


def test_weights_far_smaller_than_others_of_their_slot_become_zero_and_do_no_harm():
    W = np.array([[1.0, 0.003, 0.0, 9.0], [1e-3, 3e-6, 0.0, 9.0]])

    trained = quantized(trained_tree(flat_tree(2), W))

    expected = [[1.0, 0.0, 0.0, 9.0], [1e-3, 0.0, 0.0, 9.0]]
    np.testing.assert_allclose(dense_weights(trained, 3), expected, rtol=1e-6)


def test_quantizing_twice_is_quantizing_once():
    rng = np.random.default_rng(0)
    tree = nested_tree([[0, 1], [2, [3, 4]]], n_labels=5)
    once = quantized(trained_tree(tree, small_weights(rng, tree, 9)))

    twice = quantized(once)

    for name, array in once.weights._asdict().items():
        np.testing.assert_array_equal(getattr(twice.weights, name), array, err_msg=name)


def test_packed_and_quantized_arrays_are_read_only():
    trained = trained_tree(flat_tree(1), np.ones((1, 2)))

    for weights in (trained.weights, quantized(trained).weights):
        for name, array in weights._asdict().items():
            assert not array.flags.writeable, name
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def gathered(X, rows):
    """Return what `gather_rows` finds, and the dense rows that it stands for."""
    indptr = np.concatenate([[0], np.cumsum((X != 0).sum(axis=1))])
    local_of = np.zeros(X.shape[1], dtype=np.int32)
    shared, own = gather_rows(
        indptr, np.nonzero(X)[1].astype(np.int32), X[X != 0], np.array(rows, np.int32), local_of
    )
    assert not local_of.any()
    dense = np.zeros((len(rows), X.shape[1]), dtype=X.dtype)
    for i in range(len(rows)):
        for p in range(shared[0][i], shared[0][i + 1]):
            dense[i, shared[3][shared[1][p]]] = shared[2][p]
        for p in range(own[0][i], own[0][i + 1]):
            dense[i, own[1][p]] = own[2][p]
    return shared, own, dense


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(1, 6),
    n_features=st.integers(1, 60),
    density=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
)
def test_gathered_rows_keep_features_of_one_row_apart(seed, n_rows, n_features, density):
    rng = np.random.default_rng(seed)
    X = rng.integers(1, 9, size=(8, n_features)) * (rng.random((8, n_features)) < density)
    X = X.astype(np.float32)
    rows = rng.permutation(8)[:n_rows]

    shared, own, dense = gathered(X, rows)

    np.testing.assert_array_equal(dense, X[rows])
    n_rows_with = (X[rows] != 0).sum(axis=0)
    assert sorted(shared[3]) == np.flatnonzero(n_rows_with > 1).tolist()
    assert sorted(own[1]) == np.flatnonzero(n_rows_with == 1).tolist()


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n_features=st.integers(1, 12),
    n_outputs=st.integers(1, 9),
    min_weight=st.sampled_from([0.5, 2.0, 4.0]),
)
def test_pruned_weights_are_the_large_ones_of_shared_and_own_features(
    seed, n_features, n_outputs, min_weight
):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(4, n_features)).astype(np.float32)
    shared, own, _ = gathered(X, np.arange(4))
    padding = np.full(3, 99.0)
    W = rng.integers(-4, 5, size=(shared[3].size + 1, n_outputs + 3)).astype(np.float32)
    U = rng.integers(-2, 3, size=(4, n_outputs + 3)).astype(np.float32)
    W[:, n_outputs:] = U[:, n_outputs:] = padding

    found = prune(W, U, n_outputs, shared[3], own, min_weight)

    expected = np.zeros((n_features, n_outputs))
    expected[shared[3]] = W[:-1, :n_outputs]
    for feature in own[1]:
        expected[feature] = X[:, feature] @ U[:, :n_outputs]
    expected[np.abs(expected) < min_weight] = 0.0
    features, counts, outputs, values, bias = found
    dense = np.zeros_like(expected)
    dense[np.repeat(features, counts), outputs] = values
    np.testing.assert_array_equal(dense, expected)
    np.testing.assert_array_equal(bias, W[-1, :n_outputs])
    assert values.size == np.count_nonzero(expected)
    assert (np.diff(features) > 0).all()
    assert (counts > 0).all()


def test_a_weight_of_just_the_limit_is_kept():
    W = np.array([[0.5, 0.499], [-0.5, -0.499], [0.0, 0.0]], dtype=np.float32)
    none = np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32)
    U = np.zeros((0, 2), dtype=np.float32)

    found = prune(W, U, 2, np.array([8, 3], np.int32), none, 0.5)

    features, counts, outputs, values, bias = (array.tolist() for array in found)
    assert (features, counts, outputs) == ([3, 8], [1, 1], [0, 0])
    assert (values, bias) == ([-0.5, 0.5], [0.0, 0.0])
