import logging
import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import label_trees.train
from label_trees.build import build_flat
from label_trees.checks import check_pair
from label_trees.instances import assign_instances
from label_trees.train import SolverSettings, plan_jobs, train_trees
from label_trees.weights import TrainedTree
from tests.label_trees.cases import nested_tree, random_case, random_nested
from tests.oracles.label_trees import dense_weights, instances_reference, objective_reference

LOSSES = ("squared_hinge", "logistic")

TOLERANCE = 1e-4
"""Of a weight, against scikit-learn's at a tolerance of 1e-9; weights are of order 1."""


def exact(**settings):
    """Return settings that solve to the last bit that float32 can hold."""
    return SolverSettings(**({"eps": 1e-9, "max_iter": 2000, "min_weight": 0.0} | settings))


def train(tree, X, Y, *, settings=None, weights=None, n_threads=1, seed=0):
    """Return the dense weights (n_slots, n_features + 1)."""
    weights = np.ones(X.shape[0], dtype=np.float32) if weights is None else weights
    settings = exact() if settings is None else settings
    (trained,) = train_trees(
        [tree], X, Y, weights, settings=settings, seeds=[seed], n_threads=n_threads
    )
    return dense_weights(TrainedTree(tree, trained), X.shape[1])


def flat(Y):
    return build_flat(np.arange(Y.shape[1], dtype=np.int32), Y.shape[1])


def best_weights(X, is_positive, cost, loss="squared_hinge"):
    """Return what scikit-learn finds with the bias as one more feature of value 1."""
    X1 = np.column_stack([X.toarray().astype(np.float64), np.ones(X.shape[0])])
    if loss == "logistic":
        model = LogisticRegression(
            solver="liblinear", dual=True, fit_intercept=False, tol=1e-9, max_iter=200_000
        )
    else:
        model = LinearSVC(dual=True, fit_intercept=False, tol=1e-9, max_iter=200_000)
    model.fit(X1, is_positive, sample_weight=cost)
    return model.coef_[0] if model.classes_[1] else -model.coef_[0]


def word_pairs(seed, *, n_rows=60, n_labels=4):
    """Return rows of which most features are in no other row, as word pairs of short texts are."""
    rng = np.random.default_rng(seed)
    shared = rng.random((n_rows, 10)) * (rng.random((n_rows, 10)) < 0.3)
    own = np.zeros((n_rows, 8 * n_rows))
    for row in range(n_rows):
        own[row, 8 * row : 8 * row + int(rng.integers(0, 9))] = 0.5
    mixed = rng.permutation(10 + 8 * n_rows)
    X = np.hstack([shared, own])[:, mixed]
    Y = np.eye(n_labels)[rng.integers(0, n_labels, size=n_rows)]
    return check_pair(X, Y)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(1, 8), n_labels=st.integers(1, 9))
def test_instances_are_assigned_to_nodes_as_defined(seed, n_rows, n_labels):
    rng = np.random.default_rng(seed)
    tree = nested_tree(random_nested(rng, rng.permutation(n_labels)), n_labels=n_labels + 1)
    Y = rng.integers(0, 5, size=(n_rows, n_labels + 1)) / 4
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


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("C", [0.3, 1.0, 10.0])
def test_every_output_of_a_node_matches_scikit_learn(C, loss):
    X, Y = random_case(0, n_rows=120, n_features=25, n_labels=6)

    W = train(flat(Y), X, Y, settings=exact(C=C, loss=loss))

    for label in range(6):
        expected = best_weights(X, Y.toarray()[:, label] > 0, np.full(120, C), loss)
        np.testing.assert_allclose(W[label], expected, atol=TOLERANCE * max(C, 1.0))


@pytest.mark.parametrize("loss", LOSSES)
def test_features_of_one_row_only_get_the_weights_of_the_whole_problem(loss):
    X, Y = word_pairs(0)
    n_rows_with = np.bincount(X.indices, minlength=X.shape[1])

    W = train(flat(Y), X, Y, settings=exact(loss=loss))

    assert (n_rows_with == 1).sum() > 10 * (n_rows_with > 1).sum() > 0
    for label in range(4):
        expected = best_weights(X, Y.toarray()[:, label] > 0, np.ones(60), loss)
        assert np.abs(expected[:-1][n_rows_with == 1]).max() > 0.1
        np.testing.assert_allclose(W[label], expected, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("loss", "alpha"),
    [("squared_hinge", 1 / (2.0**2 + 1 + 1 / (2 * 1.0))), ("logistic", 0.5 / (0.25 + 2.0**2 + 1))],
)
def test_one_step_on_one_row_is_the_closed_form(loss, alpha):
    X, Y = sp.csr_array([[2.0]]), sp.csr_array([[1.0]])

    W = train(flat(Y), *check_pair(X, Y), settings=SolverSettings(loss=loss, max_iter=1))

    np.testing.assert_allclose(W, [[2 * alpha, alpha]], rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_sample_weights_multiply_the_cost(loss):
    X, Y = random_case(1, n_rows=100, n_features=20, n_labels=4)
    weights = np.random.default_rng(0).uniform(0.1, 5.0, size=100).astype(np.float32)

    W = train(flat(Y), X, Y, weights=weights, settings=exact(loss=loss))

    for label in range(4):
        expected = best_weights(X, Y.toarray()[:, label] > 0, weights, loss)
        np.testing.assert_allclose(W[label], expected, atol=TOLERANCE)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_soft_label_scales_the_cost_of_its_positive_only(loss):
    X, Y = random_case(2, n_rows=100, n_features=20, n_labels=4)
    Y.data = np.random.default_rng(0).uniform(0.1, 1.0, size=Y.nnz).astype(np.float32)
    weights = np.linspace(0.5, 2.0, 100).astype(np.float32)

    W = train(flat(Y), X, Y, weights=weights, settings=exact(loss=loss))

    for label in range(4):
        value = Y.toarray()[:, label]
        cost = weights * np.where(value > 0, value, 1.0)
        expected = best_weights(X, value > 0, cost, loss)
        np.testing.assert_allclose(W[label], expected, atol=TOLERANCE)


def test_each_node_of_a_ragged_tree_is_trained_on_the_rows_below_it():
    X, Y = random_case(3, n_rows=150, n_features=20, n_labels=6)
    tree = nested_tree([5, [0, [1, 2]], [3, 4]], n_labels=6)

    W = train(tree, X, Y)

    for node, entries in enumerate(instances_reference(tree, Y.toarray())):
        rows = [row for row, _ in entries]
        for output in range(tree.widths[node]):
            is_positive = np.array([output in positives for _, positives in entries])
            expected = best_weights(X[rows], is_positive, np.ones(len(rows)))
            slot = tree.slot_indptr[node] + output
            np.testing.assert_allclose(W[slot], expected, atol=TOLERANCE)


def misses(X, Y, *, C, loss):
    """Return how far training to the default ``eps`` stops from the optimum, by output.

    In units of what ``eps`` allows: the objective, and half the squared distance of the weights.
    """
    eps = SolverSettings().eps
    W = train(flat(Y), X, Y, settings=SolverSettings(C=C, loss=loss, max_iter=1000, min_weight=0.0))
    dense, cost = X.toarray().astype(np.float64), np.full(X.shape[0], C)
    too_high, apart = [], []
    for label in range(Y.shape[1]):
        y = np.where(Y.toarray()[:, label] > 0, 1.0, -1.0)
        best = best_weights(X, y > 0, cost, loss)
        objectives = [
            objective_reference(w, dense, y, cost, loss == "logistic") for w in (W[label], best)
        ]
        allowed = eps * 4 * C * min((y > 0).sum(), (y < 0).sum())
        too_high.append((objectives[0] - objectives[1]) / allowed)
        apart.append(0.5 * ((W[label] - best) ** 2).sum() / allowed)
    return np.array(too_high), np.array(apart)


@pytest.mark.parametrize("C", [1.0, 10.0])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(2))
def test_training_stops_as_near_to_the_optimum_as_eps_allows(seed, loss, C):
    cases = [
        random_case(seed, n_rows=200, n_features=40, n_labels=20),
        random_case(seed, n_rows=60, n_features=200, n_labels=8),
        word_pairs(seed),
    ]

    found = [misses(X, Y, C=C, loss=loss) for X, Y in cases]

    too_high, apart = (np.concatenate(parts) for parts in zip(*found, strict=True))
    assert apart.max() < 1.0
    assert too_high.min() > 0.0
    assert np.median(too_high) < 1.0
    assert too_high.max() < (1.0 if loss == "logistic" else 10.0)  # a late step can overshoot
    assert too_high.max() > 0.1  # it stops because it may


def test_more_sweeps_come_closer_to_the_optimum():
    X, Y = random_case(4, n_rows=120, n_features=25, n_labels=5)
    best = train(flat(Y), X, Y)

    errors = []
    for n_sweeps in (1, 10, 100):
        few = exact(max_iter=n_sweeps)
        errors.append(np.abs(train(flat(Y), X, Y, settings=few) - best).max())

    assert errors[0] > 5 * errors[1] > 25 * errors[2]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("memory_limit", "n_outputs"), [(1, 8), (110_000, 16)])
def test_weights_do_not_depend_on_how_little_memory_there_is(memory_limit, n_outputs, loss):
    X, Y = random_case(5, n_rows=240, n_labels=64)
    enough = SolverSettings(loss=loss, min_weight=0.0)
    little = SolverSettings(loss=loss, min_weight=0.0, memory_limit=memory_limit)
    for limits, expected in ((enough, 32), (little, n_outputs)):
        jobs = plan_jobs(flat(Y), assign_instances(flat(Y), Y), X, limits.memory_limit, 1)
        assert {job.stop - job.start for job in jobs} == {expected}

    np.testing.assert_array_equal(
        train(flat(Y), X, Y, settings=little), train(flat(Y), X, Y, settings=enough)
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_an_output_is_solved_alike_whatever_others_are_beside_it(loss):
    X, Y = random_case(6)
    Y = sp.csr_array(sp.hstack([Y, np.ones((300, 1), dtype=np.float32)]))
    few = sp.csr_array(Y.toarray() * np.isin(np.arange(31), [3, 7, 11, 30]))
    defaults = SolverSettings(loss=loss, min_weight=0.0)

    alone = train(flat(Y), *check_pair(X, few), settings=defaults)

    together = train(flat(Y), X, Y, settings=defaults)
    np.testing.assert_array_equal(alone[[3, 7, 11, 30]], together[[3, 7, 11, 30]])


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n_labels=st.integers(1, 300),
    memory_limit=st.sampled_from([1, 10**5, 10**6, 2**31]),
    n_threads=st.integers(1, 4),
)
def test_jobs_cover_every_output_once_and_in_order(seed, n_labels, memory_limit, n_threads):
    rng = np.random.default_rng(seed)
    tree = nested_tree(
        [list(range(n_labels // 2)), *range(n_labels // 2, n_labels)], n_labels=n_labels
    )
    X, Y = check_pair(rng.random((20, 5)), rng.random((20, n_labels)) < 0.3)

    jobs = plan_jobs(tree, assign_instances(tree, Y), X, memory_limit, n_threads)

    covered = [(job.node, output) for job in jobs for output in range(job.start, job.stop)]
    assert covered == [(node, output) for node in range(2) for output in range(tree.widths[node])]
    assert max(job.stop - job.start for job in jobs) <= 128
    assert all(job.start % 8 == 0 for job in jobs)


def test_a_node_wider_than_a_block_matches_scikit_learn_on_both_sides_of_the_cut():
    X, Y = random_case(6, n_rows=280, n_features=30, n_labels=140)

    W = train(flat(Y), X, Y)

    for label in (0, 7, 8, 31, 32, 127, 128, 139):
        expected = best_weights(X, Y.toarray()[:, label] > 0, np.ones(280))
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


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_weights_do_not_depend_on_the_number_of_threads(n_threads, loss):
    X, Y = random_case(8, n_labels=60)
    tree = nested_tree([[0, 1, 2], [3, [4, 5]], list(range(6, 60))], n_labels=60)
    defaults = SolverSettings(loss=loss)

    np.testing.assert_array_equal(
        train(tree, X, Y, n_threads=n_threads, settings=defaults),
        train(tree, X, Y, n_threads=1, settings=defaults),
    )


def test_progress_is_said_with_the_share_done_and_the_seconds_left(monkeypatch, caplog):
    X, Y = random_case(11)
    tree = nested_tree([[0, 1, 2], [3, [4, 5]], list(range(6, 30))], n_labels=30)
    monkeypatch.setattr(label_trees.train, "PROGRESS_S", 0.0)
    caplog.set_level(logging.INFO, logger="label_trees")

    train(tree, X, Y)

    pattern = r"classifiers: (\d+) % trained, about (\d+) s left"
    said = [re.fullmatch(pattern, message).groups() for message in caplog.messages]
    shares = [int(share) for share, _ in said]
    assert len(shares) == tree.n_nodes
    assert shares == sorted(shares)
    assert shares[0] < 100
    assert said[-1] == ("100", "0")


def test_a_short_training_says_nothing(caplog):
    X, Y = random_case(11)
    caplog.set_level(logging.INFO, logger="label_trees")

    train(flat(Y), X, Y, settings=SolverSettings())

    assert caplog.messages == []


def test_a_label_without_rows_is_all_negative_and_a_node_without_rows_has_no_weights():
    X, Y = random_case(9, n_labels=4)
    Y = sp.csr_array(np.pad(Y.toarray(), ((0, 0), (0, 3))))
    tree = nested_tree([0, 1, 2, 3, 4, [5, 6]], n_labels=7)

    W = train(tree, X, Y)

    margins = X @ W[:, :-1].T + W[:, -1]
    assert margins[:, 4].max() < -0.9
    assert margins[:, 5].max() < -0.9
    np.testing.assert_array_equal(W[tree.label_slot[[5, 6]]], 0.0)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("value", [1e-40, 1e-30, 1e-10])
def test_tiny_soft_labels_weights_and_costs_do_not_overflow(value, loss):
    X, Y = random_case(10, n_rows=60, n_labels=4)
    tiny = np.full(60, value, dtype=np.float32)

    for W in (
        train(flat(Y), X, Y, weights=tiny, settings=SolverSettings(loss=loss)),
        train(flat(Y), X, Y, settings=SolverSettings(loss=loss, C=value)),
        train(flat(Y), X, Y, weights=tiny, settings=SolverSettings(loss=loss, C=value)),
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
        ("memory_limit", 0),
    ],
)
def test_solver_settings_out_of_range_are_refused(setting, value):
    with pytest.raises(ValueError, match=rf"{setting}.*{value:g}"):
        SolverSettings(**{setting: value})


def test_an_unknown_loss_is_refused():
    with pytest.raises(
        ValueError, match="loss must be one of squared_hinge, logistic, got 'hinge'"
    ):
        SolverSettings(loss="hinge")
