from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from label_trees import LabelTreeClassifier
from tests.label_trees.cases import (
    block_case,
    forest_bytes,
    nested_tree,
    random_case,
    random_nested,
    ranking_bytes,
)

LOSSES = ("squared_hinge", "logistic")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_trees", [1, 3])
@pytest.mark.parametrize("n_labels", [1, 40, 230])
def test_labels_without_common_features_are_all_found(n_labels, n_trees, loss):
    X, Y = block_case(0, n_labels=n_labels)
    X_new, Y_new = block_case(1, n_labels=n_labels)

    fitted = LabelTreeClassifier(n_trees=n_trees, max_flat=100, loss=loss).fit(X, Y)

    labels, _ = fitted.predict(X_new, k=1)
    np.testing.assert_array_equal(labels[:, 0], Y_new.indices)
    is_flat = n_labels <= 100
    assert len(fitted.forest_.trees) == (1 if is_flat else n_trees)
    assert (fitted.forest_.trees[0].tree.n_nodes == 1) == is_flat


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_trees", [1, 3])
def test_labels_of_topics_are_all_found_in_a_kmeans_tree(n_trees, loss):
    X, Y = block_case(0, n_labels=90)
    X_new, Y_new = block_case(1, n_labels=90)
    topics = np.eye(9)[np.repeat(np.arange(9), 40)]

    fitted = LabelTreeClassifier(
        tree="kmeans", n_trees=n_trees, max_flat=0, max_leaf=20, loss=loss
    ).fit(sp.hstack([X, topics]), Y)

    labels, _ = fitted.predict(sp.hstack([X_new, topics]), k=1)
    np.testing.assert_array_equal(labels[:, 0], Y_new.indices)
    assert len(fitted.forest_.trees) == n_trees
    assert min(trained.tree.n_nodes for trained in fitted.forest_.trees) > 3


@pytest.mark.parametrize("loss", LOSSES)
def test_a_flat_tree_has_one_level_however_many_labels_there_are(loss):
    X, Y = block_case(0, n_labels=230)
    X_new, Y_new = block_case(1, n_labels=230)

    fitted = LabelTreeClassifier(tree="flat", n_trees=3, max_flat=100, loss=loss).fit(X, Y)

    np.testing.assert_array_equal(fitted.predict(X_new, k=1)[0][:, 0], Y_new.indices)
    assert [trained.tree.n_nodes for trained in fitted.forest_.trees] == [1]


RAGGED = [8, [0, [1, 2, [3]]], [4, [5, 6]], [7]]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("beam", [2, 1_000])
def test_a_given_tree_with_labels_on_inner_nodes_finds_all_labels(beam, loss):
    X, Y = block_case(0, n_labels=9)
    X_new, Y_new = block_case(1, n_labels=9)
    tree = nested_tree(RAGGED, n_labels=9)

    fitted = LabelTreeClassifier(tree=tree, n_trees=3, beam=beam, loss=loss).fit(X, Y)

    np.testing.assert_array_equal(fitted.predict(X_new, k=1)[0][:, 0], Y_new.indices)
    assert [trained.tree for trained in fitted.forest_.trees] == [tree]


def test_a_given_tree_may_hold_labels_without_rows_and_nodes_without_slots():
    X, Y = block_case(0, n_labels=9)
    tree = nested_tree([[11], [], *RAGGED, [[], [9]]], n_labels=12)
    Y = sp.csr_array(np.pad(Y.toarray(), ((0, 0), (0, 3))))

    fitted = LabelTreeClassifier(tree=tree, beam=4).fit(X, Y)

    labels, scores = fitted.predict(X, k=12)
    np.testing.assert_array_equal(labels[:, 0], Y.indices)
    assert (labels[:, 11] == -1).all()
    assert not (labels == 10).any()
    assert (scores[labels == 9] < 0.1).all()


def test_a_given_tree_without_a_label_that_has_rows_is_refused():
    X, Y = block_case(0, n_labels=9)

    with pytest.raises(ValueError, match=r"2 labels with rows are not in the given tree.* is 4"):
        LabelTreeClassifier(tree=nested_tree([0, 1, 2, 3, [5, 6, 7]], n_labels=9)).fit(X, Y)


def test_a_given_tree_over_other_labels_is_refused():
    X, Y = block_case(0, n_labels=9)

    with pytest.raises(ValueError, match="the given tree is over 10 labels, Y has 9"):
        LabelTreeClassifier(tree=nested_tree(RAGGED, n_labels=10)).fit(X, Y)


def test_a_classifier_with_a_given_tree_can_be_cloned():
    X, Y = random_case(16)
    tree = nested_tree(random_nested(np.random.default_rng(0), np.arange(30)), n_labels=30)
    classifier = LabelTreeClassifier(tree=tree)

    again = clone(classifier).fit(X, Y)

    assert forest_bytes(again.forest_) == forest_bytes(classifier.fit(X, Y).forest_)
    assert "LabelTree" in repr(again)


def test_labels_without_common_features_are_all_found_in_a_deep_tree_of_a_narrow_beam():
    X, Y = block_case(2, n_labels=64)
    X_new, Y_new = block_case(3, n_labels=64)

    fitted = LabelTreeClassifier(max_flat=0, max_leaf=2, arity=2, beam=1).fit(X, Y)

    np.testing.assert_array_equal(fitted.predict(X_new, k=1)[0][:, 0], Y_new.indices)


def test_both_labels_of_a_row_come_before_all_others():
    X, Y = block_case(4, n_labels=120)
    both_X, both_Y = X[:-4] + X[4:], Y[:-4] + Y[4:]

    fitted = LabelTreeClassifier().fit(both_X, both_Y)

    labels, _ = fitted.predict(both_X, k=2)
    np.testing.assert_array_equal(np.sort(labels, axis=1).ravel(), both_Y.indices)


@pytest.mark.parametrize("tree", ["balanced", "kmeans"])
@pytest.mark.parametrize("n_threads", [2, 3])
def test_same_seed_same_bytes_for_any_number_of_threads(n_threads, tree):
    X, Y = random_case(0, n_rows=360, n_labels=120)
    settings = {"tree": tree, "n_trees": 2, "max_flat": 100, "max_leaf": 20, "random_state": 7}
    reference = LabelTreeClassifier(**settings, n_threads=1).fit(X, Y)
    assert min(trained.tree.n_nodes for trained in reference.forest_.trees) > 3

    again = LabelTreeClassifier(**settings, n_threads=n_threads).fit(X, Y)

    assert forest_bytes(again.forest_) == forest_bytes(reference.forest_)
    assert ranking_bytes(again.predict(X)) == ranking_bytes(reference.predict(X))


@pytest.mark.parametrize("loss", LOSSES)
def test_same_bytes_however_little_memory_there_is(loss):
    X, Y = random_case(14, n_rows=360, n_labels=120)
    reference = LabelTreeClassifier(loss=loss).fit(X, Y)

    again = LabelTreeClassifier(loss=loss, memory_limit=1).fit(X, Y)

    assert forest_bytes(again.forest_) == forest_bytes(reference.forest_)


@pytest.mark.parametrize("loss", LOSSES)
def test_settings_reach_the_solver(loss):
    X, Y = random_case(15)
    reference = forest_bytes(LabelTreeClassifier(loss=loss).fit(X, Y).forest_)
    others = {"C": 0.5, "eps": 0.2, "max_iter": 1, "min_weight": 0.3}

    for name, value in others.items():
        other = LabelTreeClassifier(loss=loss, **{name: value}).fit(X, Y)
        assert forest_bytes(other.forest_) != reference, name


def in_other_forms(X):
    """Yield ``X`` as other types, unsorted, with duplicates, and with wider indices."""
    yield X.toarray()
    yield X.astype(np.float64).tocsc()
    yield sp.csr_matrix(X)
    yield sp.csr_matrix(X.astype(np.float64))
    wide = X.copy()
    wide.indices, wide.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    yield wide
    reversed_rows = X.copy()
    for lo, hi in zip(X.indptr, X.indptr[1:], strict=False):
        reversed_rows.indices[lo:hi] = X.indices[lo:hi][::-1]
        reversed_rows.data[lo:hi] = X.data[lo:hi][::-1]
    reversed_rows.has_sorted_indices = False
    yield reversed_rows
    halves = np.repeat(X.data, 2) / np.float32(2)
    yield sp.csr_array((halves, np.repeat(X.indices, 2), 2 * X.indptr), shape=X.shape)
    frozen = X.copy()
    for array in (frozen.data, frozen.indices, frozen.indptr):
        array.setflags(write=False)
    yield frozen


def test_input_of_any_form_gives_the_same_bytes():
    X, Y = random_case(1)
    fitted = LabelTreeClassifier(max_flat=0, max_leaf=5).fit(X, Y)
    reference, ranking = forest_bytes(fitted.forest_), ranking_bytes(fitted.predict(X, k=7))
    pairs = fitted.score_pairs(X, Y).data.tobytes()

    for other in in_other_forms(X):
        again = LabelTreeClassifier(max_flat=0, max_leaf=5).fit(other, Y.tocoo())
        assert forest_bytes(again.forest_) == reference
        assert ranking_bytes(fitted.predict(other, k=7)) == ranking
        assert fitted.score_pairs(other, Y).data.tobytes() == pairs


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_by_fit_and_predict(value):
    X, Y = random_case(1)
    fitted = LabelTreeClassifier().fit(X, Y)
    X.data[X.indptr[7]] = value

    for call in (LabelTreeClassifier().fit, fitted.score_pairs):
        with pytest.raises(ValueError, match="X has a NaN or infinite value in row 7"):
            call(X, Y)
    with pytest.raises(ValueError, match="X has a NaN or infinite value in row 7"):
        fitted.predict(X)


@pytest.mark.parametrize("index", [-1, 40, 2**31 - 1])
def test_a_feature_out_of_range_is_refused_by_fit_and_predict(index):
    X, Y = random_case(1)
    fitted = LabelTreeClassifier().fit(X, Y)
    X.indices[X.indptr[1] - 1] = index

    with pytest.raises(ValueError, match="X is not a valid sparse matrix"):
        LabelTreeClassifier().fit(X, Y)
    with pytest.raises(ValueError, match="X is not a valid sparse matrix"):
        fitted.predict(X)


def test_another_seed_and_another_number_give_other_trees():
    X, Y = random_case(2, n_rows=360, n_labels=120)

    fitted = LabelTreeClassifier(n_trees=2, max_flat=100, max_leaf=20, random_state=0).fit(X, Y)
    other = LabelTreeClassifier(n_trees=2, max_flat=100, max_leaf=20, random_state=1).fit(X, Y)

    trees = [*fitted.forest_.trees, *other.forest_.trees]
    assert len({trained.tree.slot_label.tobytes() for trained in trees}) == 4


def test_the_first_trees_of_an_ensemble_are_those_of_a_smaller_one():
    X, Y = random_case(3, n_rows=360, n_labels=120)

    one = LabelTreeClassifier(n_trees=1, max_flat=100, max_leaf=20).fit(X, Y).forest_
    two = LabelTreeClassifier(n_trees=2, max_flat=100, max_leaf=20).fit(X, Y).forest_

    assert forest_bytes(two).startswith(forest_bytes(one))


def test_uniform_weights_of_one_and_no_weights_are_the_same():
    X, Y = random_case(4)

    weighted = LabelTreeClassifier().fit(X, Y, sample_weight=np.ones(X.shape[0]))

    assert forest_bytes(weighted.forest_) == forest_bytes(LabelTreeClassifier().fit(X, Y).forest_)


def test_labels_without_rows_are_never_ranked_nor_scored():
    X, Y = random_case(5, n_labels=8)
    Y = sp.csr_array(np.insert(Y.toarray(), [0, 4, 8], 0.0, axis=1))

    fitted = LabelTreeClassifier().fit(X, Y)

    labels, scores = fitted.predict(X, k=11)
    assert np.isin([0, 5, 10], labels).sum() == 0
    assert (labels[:, 8:] == -1).all()
    assert (scores[:, 8:] == -np.inf).all()
    everything = sp.csr_array(np.ones(Y.shape))
    assert set(fitted.score_pairs(X, everything).indices) == {1, 2, 3, 4, 6, 7, 8, 9}


@pytest.mark.parametrize(
    ("X", "Y"),
    [
        pytest.param(np.ones((1, 3)), np.ones((1, 1)), id="one row of one label"),
        pytest.param(np.eye(5), np.ones((5, 1)), id="all rows of the same label"),
        pytest.param(np.zeros((4, 3)), np.ones((4, 1)), id="rows without features"),
        pytest.param(np.zeros((4, 0)), np.ones((4, 1)), id="no features at all"),
    ],
)
def test_one_label_is_always_the_answer(X, Y):
    labels, scores = LabelTreeClassifier().fit(X, Y).predict(X, k=3)

    assert (labels == [0, -1, -1]).all()
    assert (scores[:, 0] > 0.3).all()


def test_more_labels_than_a_leaf_holds_without_any_feature_still_rank():
    X, Y = sp.csr_array((12, 0)), np.eye(12)

    labels, scores = (
        LabelTreeClassifier(max_flat=0, max_leaf=2, arity=2, beam=12).fit(X, Y).predict(X[:1], k=12)
    )

    assert sorted(labels[0]) == list(range(12))
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_row_without_features_ranks_by_the_biases(loss):
    X, Y = random_case(6)
    fitted = LabelTreeClassifier(loss=loss).fit(X, Y)

    labels, scores = fitted.predict(sp.csr_array((1, 40)), k=30)

    bias = fitted.forest_.trees[0].weights.bias.astype(np.float64)
    hinge, sigmoid = np.exp(-(np.maximum(0, 1 - bias) ** 3)), 1 / (1 + np.exp(-bias))
    expected = sigmoid if loss == "logistic" else hinge
    np.testing.assert_array_equal(labels[0], np.lexsort((np.arange(30), -expected)))
    np.testing.assert_allclose(scores[0], np.sort(expected)[::-1], rtol=1e-5)


def test_rows_without_features_can_be_trained_on():
    X, Y = block_case(3, n_labels=9)
    X = sp.csr_array(X.toarray() * (np.arange(36)[:, None] % 4 > 0))  # not the first of a label

    fitted = LabelTreeClassifier(max_flat=0, max_leaf=2, arity=2).fit(X, Y)

    has_features = np.diff(X.indptr) > 0
    labels, scores = fitted.predict(X, k=1)
    assert has_features.sum() == 27
    np.testing.assert_array_equal(labels[has_features, 0], Y.indices[has_features])
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_logistic_scores_are_nearer_to_shares_than_those_of_the_squared_hinge(loss):
    rng = np.random.default_rng(0)
    chance = np.repeat([0.1, 0.4, 0.8], 400)
    X = np.repeat(np.eye(3), 400, axis=0)
    positive = rng.random(1200) < chance
    Y = np.column_stack([positive, ~positive]).astype(np.float32)

    pairs = LabelTreeClassifier(loss=loss, C=10.0, eps=1e-4, max_iter=500).fit(X, Y)

    scores = pairs.score_pairs(np.eye(3), np.ones((3, 2))).toarray()[:, 0]
    shares = positive.reshape(3, 400).mean(axis=1)
    error = np.abs(scores - shares).max()
    assert error < 0.01 if loss == "logistic" else error > 0.05


def test_rows_without_labels_change_nothing():
    X, Y = random_case(7)
    X_more = sp.vstack([X, X[:9]]).tocsr()
    Y_more = sp.vstack([Y, sp.csr_array((9, 30))]).tocsr()

    fitted = LabelTreeClassifier().fit(X_more, Y_more)

    assert forest_bytes(fitted.forest_) == forest_bytes(LabelTreeClassifier().fit(X, Y).forest_)


def test_no_rows_give_an_empty_ranking():
    X, Y = random_case(8)

    labels, scores = LabelTreeClassifier().fit(X, Y).predict(sp.csr_array((0, 40)), k=4)

    assert labels.shape == scores.shape == (0, 4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_trees": 0}, "n_trees must be at least 1, got 0"),
        ({"max_leaf": 1}, "max_leaf must be at least 2, got 1"),
        ({"beam": 0}, "beam must be at least 1, got 0"),
        ({"arity": 1}, "arity must be at least 2, got 1"),
        ({"arity": 1, "tree": "kmeans"}, "arity must be at least 2, got 1"),
        ({"arity": 12}, "arity must be a power of 2, got 12"),
        ({"max_flat": -1}, "max_flat must be at least 0, got -1"),
        ({"tree": "learned"}, "tree must be balanced, kmeans, flat or a LabelTree, got 'learned'"),
        ({"tree": None}, "tree must be balanced, kmeans, flat or a LabelTree, got None"),
        ({"loss": "log"}, "loss must be one of squared_hinge, logistic, got 'log'"),
        ({"score_power": 1}, "score_power must be 2 or 3, got 1"),
        ({"memory_limit": 0}, "memory_limit must be at least 1 byte, got 0"),
        ({"C": -1.0}, "C and eps must be above 0, got C=-1"),
        ({"n_threads": 0}, "n_threads must be at least 1, got 0"),
        ({"random_state": -1}, "non-negative"),
    ],
)
def test_settings_out_of_range_are_refused_by_fit(settings, message):
    X, Y = random_case(9)

    with pytest.raises(ValueError, match=message):
        LabelTreeClassifier(**settings).fit(X, Y)


@pytest.mark.parametrize("tree", ["kmeans", "flat", nested_tree(list(range(30)), n_labels=30)])
def test_only_a_balanced_tree_needs_a_power_of_2(tree):
    X, Y = random_case(9)

    fitted = LabelTreeClassifier(tree=tree, arity=3, max_flat=0, max_leaf=4).fit(X, Y)

    assert fitted.forest_.trees[0].tree.widths[0] in (3, 30)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k must be at least 1, got 0"),
        ({"allowed": np.ones(3, dtype=bool)}, r"allowed has shape \(3,\), expected \(30,\)"),
        ({"allowed": np.ones((1, 30), dtype=bool)}, r"expected \(30,\)"),
    ],
)
def test_arguments_out_of_range_are_refused_by_predict(arguments, message):
    X, Y = random_case(9)
    fitted = LabelTreeClassifier().fit(X, Y)

    with pytest.raises(ValueError, match=message):
        fitted.predict(X, **arguments)


def test_a_beam_set_to_nothing_after_fitting_is_refused():
    X, Y = random_case(9)
    fitted = LabelTreeClassifier().fit(X, Y).set_params(beam=0)

    with pytest.raises(ValueError, match="beam must be at least 1, got 0"):
        fitted.predict(X)


@pytest.mark.parametrize(
    ("X_shape", "candidates_shape", "message"),
    [
        ((4, 39), (4, 30), "X has 39 columns, expected 40"),
        ((4, 40), (4, 29), "candidates has 29 columns, expected 30"),
        ((4, 40), (5, 30), "candidates has 5 rows and X has 4"),
    ],
)
def test_pairs_of_other_shapes_are_refused(X_shape, candidates_shape, message):
    X, Y = random_case(9)
    fitted = LabelTreeClassifier().fit(X, Y)

    with pytest.raises(ValueError, match=message):
        fitted.score_pairs(sp.csr_array(X_shape), sp.csr_array(candidates_shape))


def test_callers_arrays_are_never_written_to():
    X, Y = random_case(10)
    arrays = [getattr(S, name) for S in (X, Y) for name in ("data", "indices", "indptr")]
    allowed, weights = np.ones(30, dtype=bool), np.ones(X.shape[0], dtype=np.float32)
    for array in (*arrays, allowed, weights):
        array.setflags(write=False)

    fitted = LabelTreeClassifier(max_flat=0, max_leaf=4).fit(X, Y, sample_weight=weights)

    labels, _ = fitted.predict(X, allowed=allowed)
    assert (labels >= 0).all()
    assert fitted.score_pairs(X, Y).nnz == Y.nnz


def test_four_threads_predicting_at_once_get_the_result_of_one():
    X, Y = random_case(11, n_rows=600, n_labels=120)
    fitted = LabelTreeClassifier(n_trees=2, n_threads=2, max_flat=0, max_leaf=20).fit(X, Y)
    expected = ranking_bytes(fitted.predict(X))
    pairs = fitted.score_pairs(X, Y).data.tobytes()

    with ThreadPoolExecutor(4) as pool:
        rankings = [pool.submit(fitted.predict, X) for _ in range(8)]
        scored = [pool.submit(fitted.score_pairs, X, Y) for _ in range(8)]

    assert {ranking_bytes(future.result()) for future in rankings} == {expected}
    assert {future.result().data.tobytes() for future in scored} == {pairs}


def test_parameters_are_stored_untouched_and_survive_cloning():
    classifier = LabelTreeClassifier(n_trees=3, C=2.0, beam=20)

    copy = clone(classifier).set_params(beam=5)

    assert classifier.get_params()["beam"] == 20
    assert copy.get_params() == classifier.get_params() | {"beam": 5}
    assert not hasattr(copy, "forest_")


def test_a_classifier_that_is_not_fitted_says_so():
    X, Y = random_case(12)

    with pytest.raises(NotFittedError):
        LabelTreeClassifier().predict(X)
    with pytest.raises(NotFittedError):
        LabelTreeClassifier().score_pairs(X, Y)


def test_fitting_again_forgets_the_first_fit():
    X, Y = random_case(13)
    classifier = LabelTreeClassifier().fit(*block_case(0, n_labels=120))

    classifier.fit(X, Y)

    assert forest_bytes(classifier.forest_) == forest_bytes(LabelTreeClassifier().fit(X, Y).forest_)
    assert (classifier.n_features_in_, classifier.n_labels_) == (40, 30)


@pytest.mark.parametrize(("n_labels_a_row", "power"), [(1, 3), (10, 3), (11, 2)])
def test_slack_is_squared_by_default_where_rows_have_many_labels(n_labels_a_row, power):
    X, _ = random_case(3)
    Y = np.zeros((X.shape[0], 30), dtype=np.float32)
    Y[:, :n_labels_a_row] = 1

    fitted, told = (LabelTreeClassifier(score_power=p).fit(X, Y) for p in (None, 3))

    assert fitted.forest_.score_power == power
    assert told.forest_.score_power == 3
