import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

import label_trees.train
from label_trees.build import build_flat
from label_trees.checks import check_pair
from label_trees.train import SolverSettings, assign_instances, train_tree
from label_trees.weights import TrainedTree
from tests.label_trees.cases import nested_tree, random_case, random_nested
from tests.oracles.label_trees import (
    dense_weights,
    dual_gap_reference,
    instances_reference,
    objective_reference,
)

EXACT = SolverSettings(eps=1e-4, max_iter=3000, min_weight=0.0)
TOLERANCE = 1e-4
"""Of a weight, against liblinear at tol=1e-9; weights are of order 1."""


def train(tree, X, Y, *, settings=EXACT, weights=None, n_threads=1, seed=0):
    """Return the dense weights (n_slots, n_features + 1)."""
    weights = np.ones(X.shape[0], dtype=np.float32) if weights is None else weights
    trained = train_tree(tree, X, Y, weights, settings=settings, seed=seed, n_threads=n_threads)
    return dense_weights(TrainedTree(tree, trained), X.shape[1])


def flat(Y):
    return build_flat(np.arange(Y.shape[1], dtype=np.int32), Y.shape[1])


def liblinear(X, is_positive, cost):
    """Return what scikit-learn finds with the bias as one more feature of value 1."""
    X1 = sp.hstack([X, np.ones((X.shape[0], 1))]).tocsr()
    svm = LinearSVC(
        loss="squared_hinge", dual=True, fit_intercept=False, C=1.0, tol=1e-9, max_iter=200_000
    )
    w = svm.fit(X1, is_positive, sample_weight=cost).coef_[0]
    return w if svm.classes_[1] else -w


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(1, 8), n_labels=st.integers(1, 9))
def test_instances_are_assigned_to_nodes_as_defined(seed, n_rows, n_labels):
    rng = np.random.default_rng(seed)
    tree = nested_tree(random_nested(rng, rng.permutation(n_labels)), n_labels=n_labels + 1)
    Y = rng.integers(0, 3, size=(n_rows, n_labels + 1)) / 2
    Y[0, 0] = 1.0

    found = assign_instances(tree, sp.csr_array(Y.astype(np.float32)))

    assert found.indptr.size == tree.n_nodes + 1
    for node, expected in enumerate(instances_reference(tree, Y)):
        entries = []
        for entry in range(found.indptr[node], found.indptr[node + 1]):
            lo, hi = found.positive_indptr[entry], found.positive_indptr[entry + 1]
            outputs, values = found.positive_output[lo:hi], found.positive_value[lo:hi]
            entries.append((int(found.rows[entry]), dict(zip(outputs, values, strict=True))))
        assert entries == expected


@pytest.mark.parametrize("C", [0.3, 1.0, 10.0])
def test_every_output_of_a_node_matches_liblinear(C):
    X, Y = random_case(0, n_rows=120, n_features=25, n_labels=6)

    W = train(flat(Y), X, Y, settings=SolverSettings(C=C, eps=1e-4, max_iter=3000, min_weight=0.0))

    for label in range(6):
        is_positive = Y.toarray()[:, label] > 0
        expected = liblinear(X, is_positive, np.full(120, C))
        np.testing.assert_allclose(W[label], expected, atol=TOLERANCE)


def test_one_step_on_one_row_is_exact():
    X, Y = sp.csr_array([[2.0]]), sp.csr_array([[1.0]])

    W = train(flat(Y), *check_pair(X, Y), settings=SolverSettings(max_iter=1))

    alpha = 1 / (2.0**2 + 1 + 1 / (2 * 1.0))
    np.testing.assert_allclose(W, [[2 * alpha, alpha]], rtol=1e-6)


def test_sample_weights_multiply_the_cost():
    X, Y = random_case(1, n_rows=100, n_features=20, n_labels=4)
    weights = np.random.default_rng(0).uniform(0.1, 5.0, size=100).astype(np.float32)

    W = train(flat(Y), X, Y, weights=weights)

    for label in range(4):
        expected = liblinear(X, Y.toarray()[:, label] > 0, weights)
        np.testing.assert_allclose(W[label], expected, atol=TOLERANCE)


def test_a_soft_label_scales_the_cost_of_its_positive_only():
    X, Y = random_case(2, n_rows=100, n_features=20, n_labels=4)
    Y.data = np.random.default_rng(0).uniform(0.1, 1.0, size=Y.nnz).astype(np.float32)
    weights = np.linspace(0.5, 2.0, 100).astype(np.float32)

    W = train(flat(Y), X, Y, weights=weights)

    for label in range(4):
        value = Y.toarray()[:, label]
        cost = weights * np.where(value > 0, value, 1.0)
        np.testing.assert_allclose(W[label], liblinear(X, value > 0, cost), atol=TOLERANCE)


def test_each_node_of_a_ragged_tree_is_trained_on_the_rows_below_it():
    X, Y = random_case(3, n_rows=150, n_features=20, n_labels=6)
    tree = nested_tree([5, [0, [1, 2]], [3, 4]], n_labels=6)

    W = train(tree, X, Y)

    for node, entries in enumerate(instances_reference(tree, Y.toarray())):
        rows = [row for row, _ in entries]
        for output in range(tree.widths[node]):
            is_positive = np.array([output in positives for _, positives in entries])
            expected = liblinear(X[rows], is_positive, np.ones(len(rows)))
            slot = tree.slot_indptr[node] + output
            np.testing.assert_allclose(W[slot], expected, atol=TOLERANCE)


@pytest.mark.parametrize("seed", range(3))
def test_default_settings_stop_near_the_optimum(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, 60)).astype(np.float32) / 8
    Y = np.eye(5, dtype=np.float32)[np.arange(30) % 5]
    defaults = SolverSettings(min_weight=0.0)

    W = train(flat(Y), sp.csr_array(X), sp.csr_array(Y), settings=defaults)

    X64, cost = X.astype(np.float64), np.ones(30)
    for label in range(5):
        y = np.where(Y[:, label] > 0, 1.0, -1.0)
        best = liblinear(sp.csr_array(X), y > 0, cost)
        reached = objective_reference(W[label], X64, y, cost)
        assert reached <= 1.005 * objective_reference(best, X64, y, cost)
        assert dual_gap_reference(W[label], X64, y, cost) <= 2 * defaults.eps
        assert dual_gap_reference(best, X64, y, cost) <= 1e-4


def test_more_sweeps_come_closer_to_the_optimum():
    X, Y = random_case(4, n_rows=120, n_features=25, n_labels=5)
    best = train(flat(Y), X, Y)

    errors = []
    for n_sweeps in (1, 10, 100):
        few = SolverSettings(max_iter=n_sweeps, eps=1e-9, min_weight=0.0)
        errors.append(np.abs(train(flat(Y), X, Y, settings=few) - best).max())

    assert errors[0] > 5 * errors[1] > 25 * errors[2]


@pytest.mark.parametrize("max_outputs", [1, 4, 128])
def test_a_node_cut_into_blocks_has_the_weights_of_an_uncut_one(max_outputs, monkeypatch):
    X, Y = random_case(5, n_rows=120, n_features=20, n_labels=10)
    expected = train(flat(Y), X, Y)

    monkeypatch.setattr(label_trees.train, "MAX_OUTPUTS", max_outputs)
    W = train(flat(Y), X, Y)

    np.testing.assert_allclose(W, expected, atol=TOLERANCE)


def test_a_node_wider_than_a_block_matches_liblinear_on_both_sides_of_the_cut():
    X, Y = random_case(6, n_rows=280, n_features=30, n_labels=140)

    W = train(flat(Y), X, Y)

    assert label_trees.train.MAX_OUTPUTS == 128
    for label in (0, 127, 128, 139):
        expected = liblinear(X, Y.toarray()[:, label] > 0, np.ones(280))
        np.testing.assert_allclose(W[label], expected, atol=TOLERANCE)


def test_pruning_drops_small_weights_and_keeps_the_bias_whole():
    X, Y = random_case(7)
    full = train(flat(Y), X, Y, settings=SolverSettings(min_weight=0.0))

    pruned = train(flat(Y), X, Y, settings=SolverSettings(min_weight=0.9))

    expected = np.where(np.abs(full) >= np.float32(0.9), full, 0.0)
    expected[:, -1] = full[:, -1]
    np.testing.assert_array_equal(pruned, expected)
    assert 0 < (pruned[:, :-1] != 0).sum() < (full[:, :-1] != 0).sum()
    assert (np.abs(full[:, -1]) < 0.9).any()


@pytest.mark.parametrize("n_threads", [2, 3])
def test_weights_do_not_depend_on_the_number_of_threads(n_threads):
    X, Y = random_case(8)
    tree = nested_tree([[0, 1, 2], [3, [4, 5]], list(range(6, 30))], n_labels=30)

    np.testing.assert_array_equal(
        train(tree, X, Y, n_threads=n_threads, settings=SolverSettings()),
        train(tree, X, Y, n_threads=1, settings=SolverSettings()),
    )


def test_a_label_without_rows_is_all_negative_and_a_node_without_rows_has_no_weights():
    X, Y = random_case(9, n_labels=4)
    Y = sp.csr_array(np.pad(Y.toarray(), ((0, 0), (0, 3))))
    tree = nested_tree([0, 1, 2, 3, 4, [5, 6]], n_labels=7)

    W = train(tree, X, Y)

    margins = X @ W[:, :-1].T + W[:, -1]
    assert margins[:, 4].max() < -0.9
    assert margins[:, 5].max() < -0.9
    np.testing.assert_array_equal(W[tree.label_slot[[5, 6]]], 0.0)


@pytest.mark.parametrize("value", [1e-40, 1e-30, 1e-10])
def test_tiny_soft_labels_weights_and_costs_do_not_overflow(value):
    X, Y = random_case(10, n_rows=60, n_labels=4)
    tiny = np.full(60, value, dtype=np.float32)

    for W in (
        train(flat(Y), X, Y, weights=tiny),
        train(flat(Y), X, Y, settings=SolverSettings(C=value)),
        train(flat(Y), X, Y, weights=tiny, settings=SolverSettings(C=value)),
    ):
        np.testing.assert_allclose(W, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("C", 0.0),
        ("C", -1.0),
        ("C", float("nan")),
        ("eps", 0.0),
        ("eps", float("nan")),
        ("max_iter", 0),
        ("min_weight", -0.1),
        ("min_weight", float("nan")),
    ],
)
def test_solver_settings_out_of_range_are_refused(setting, value):
    with pytest.raises(ValueError, match=rf"{setting}.*{value:g}"):
        SolverSettings(**{setting: value})
